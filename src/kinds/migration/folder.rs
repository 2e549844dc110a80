//! The files of a migration: read, ordered and checked.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::model::{Content, Value};
use crate::resource::Fields;

use super::migrations::Migrations;
use super::statements::{Statement, split};

/// A file of SQL.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub name: String,
    /// Its path as the spec writes it, for messages.
    pub place: String,
    pub text: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub checksum: String,
    pub statements: Vec<Statement>,
    /// It is applied whole or not at all; otherwise statement by statement, with the progress recorded.
    pub is_transaction: bool,
}

/// What the first line of a file is that must not run in a transaction.
const NO_TRANSACTION: &str = "-- infra: no-transaction";

/// The longest name of a file that the record takes, in characters.
const LONGEST_NAME: usize = 190;

/// Reads the folder: the files in the order they are applied. Mistakes in them are reported.
pub(super) fn files(fields: &mut Fields<'_>, migrations: &dyn Migrations) -> Vec<File> {
    let Some(Value::Map(entries)) = fields.value("dir") else { return Vec::new() };
    let mut names: Vec<(&String, &str, &Content)> = entries
        .iter()
        .filter(|(path, _)| path.ends_with(".sql") && !path.ends_with(".down.sql") && !path.contains('/'))
        .filter_map(|(path, entry)| match entry {
            Value::Map(entry) => match (entry.get("content"), entry.get("written")) {
                (Some(Value::Content(content)), Some(Value::Text(place))) => Some((path, place.as_str(), content)),
                (Some(Value::Content(content)), _) => Some((path, path.as_str(), content)),
                _ => None,
            },
            _ => None,
        })
        .collect();
    names.sort_by(|(a, ..), (b, ..)| natural(a, b));
    if names.is_empty() {
        fields.error("dir", "the folder holds no file of SQL", "add one, such as `001_first.sql`");
    }
    let mut versions: BTreeMap<Vec<u128>, &String> = BTreeMap::new();
    let mut files = Vec::new();
    for (name, place, content) in names {
        if let Some(version) = version(name)
            && let Some(other) = versions.insert(version, name)
        {
            let message = format!("{other} and {name} have the same number");
            fields.error("dir", message, "give one of them the next number: the order must be the same everywhere");
        }
        if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            let help = format!("rename it: {LONGEST_NAME} characters at most, none of them a control character");
            fields.error("dir", format!("the record does not take the name {name:?}"), help);
            continue;
        }
        match file(name, place, content, migrations) {
            Ok(file) => files.push(file),
            Err((message, help)) => fields.error("dir", format!("{place}{message}"), help),
        }
    }
    files
}

/// Reads one file; an error is what follows its path, and the way out.
fn file(name: &str, place: &str, content: &Content, migrations: &dyn Migrations) -> Result<File, (String, String)> {
    let Some(text) = content.text() else {
        return Err((": it is not UTF-8 text".into(), "save it as UTF-8".into()));
    };
    let statements = split(text, migrations.dialect()).map_err(|mistake| {
        let help = format!("mend it; it would be sent to {} like this", migrations.engine().title());
        (format!(":{mistake}"), help)
    })?;
    let first = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    let is_transaction = migrations.has_whole_files() && first.trim_end() != NO_TRANSACTION;
    let file = File {
        name: name.to_string(),
        place: place.to_string(),
        text: text.to_string(),
        checksum: content.hash().to_string(),
        statements,
        is_transaction,
    };
    let wrong = if is_transaction { outside_transaction(&file, migrations) } else { unfinished_transaction(&file) };
    match wrong {
        None => Ok(file),
        Some((statement, message, help)) => {
            let shown = statement.first_line(text);
            Err((format!(":{}:1: {message}: {shown}", statement.line), help.to_string()))
        }
    }
}

/// Finds a statement that cannot be part of the one transaction of its file.
fn outside_transaction<'a>(
    file: &'a File,
    migrations: &dyn Migrations,
) -> Option<(&'a Statement, &'static str, &'static str)> {
    const MARK: &str = "begin the file with the line `-- infra: no-transaction`, best with nothing else in it";
    file.statements.iter().find_map(|statement| {
        let first = statement.words.first().map_or("", String::as_str);
        if matches!(first, "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT")
            && !statement.begins(&["ROLLBACK", "TO"])
        {
            let help = "take it out, or begin the file with the line `-- infra: no-transaction`";
            return Some((statement, "the file runs in a transaction of its own", help));
        }
        migrations.is_outside_transaction(statement).then_some((
            statement,
            "this does not work in a transaction, and the file runs in one",
            MARK,
        ))
    })
}

/// Finds a transaction of the file's own that does not end in it.
fn unfinished_transaction(file: &File) -> Option<(&Statement, &'static str, &'static str)> {
    let mut open = None;
    for statement in &file.statements {
        match Control::of(statement) {
            Some(Control::Begin) => open = Some(statement),
            Some(Control::End) => open = None,
            None => {}
        }
    }
    open.map(|statement| {
        (statement, "what begins here does not end in the file", "end it with COMMIT or UNLOCK TABLES")
    })
}

/// A statement that begins or ends a transaction, or a lock of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Begin,
    End,
}

impl Control {
    pub fn of(statement: &Statement) -> Option<Self> {
        let begins = |words: &[&str]| statement.begins(words);
        if begins(&["START", "TRANSACTION"])
            || begins(&["LOCK", "TABLE"])
            || begins(&["LOCK", "TABLES"])
            || (begins(&["BEGIN"]) && !begins(&["BEGIN", "NOT"]))
        {
            return Some(Self::Begin);
        }
        let ends = begins(&["COMMIT"])
            || (begins(&["ROLLBACK"]) && !begins(&["ROLLBACK", "TO"]))
            || begins(&["UNLOCK", "TABLE"])
            || begins(&["UNLOCK", "TABLES"])
            || (begins(&["END"]));
        ends.then_some(Self::End)
    }
}

/// Compares names as a reader does: numbers by their value.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while !left.is_empty() && !right.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (x, y) = (digits(left), digits(right));
        let order = if x > 0 && y > 0 {
            let value = |text: &str| text.trim_start_matches('0').to_string();
            let (one, other) = (value(&left[..x]), value(&right[..y]));
            let order = one.len().cmp(&other.len()).then_with(|| one.cmp(&other));
            (left, right) = (&left[x..], &right[y..]);
            order
        } else {
            let (one, other) = (left.chars().next(), right.chars().next());
            (left, right) = (&left[one.map_or(0, char::len_utf8)..], &right[other.map_or(0, char::len_utf8)..]);
            one.cmp(&other)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// Returns the number a name begins with, as its parts: 2024 and 7 for `V2024.07__tables.sql`.
fn version(name: &str) -> Option<Vec<u128>> {
    let mut rest = name.strip_prefix(['V', 'v']).unwrap_or(name);
    let mut parts = Vec::new();
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let after = &rest[digits..];
        if digits == 0 || digits > 30 || after.starts_with(|c: char| c.is_alphanumeric()) {
            break;
        }
        parts.push(rest[..digits].parse().ok()?);
        let Some(next) = after.strip_prefix(['.', '_', '-']) else { break };
        rest = next;
    }
    (!parts.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::super::mysql::Mysql;
    use super::super::postgresql::Postgresql;
    use super::super::sqlite::Sqlite;
    use super::*;

    #[test]
    fn names_are_ordered_by_their_numbers() {
        let mut names = vec![
            "10_c.sql",
            "V2__b.sql",
            "9_b.sql",
            "1_a.sql",
            "001_b.sql",
            "V10__a.sql",
            "é.sql",
            "1_10.sql",
            "1_9.sql",
        ];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            ["1_9.sql", "1_10.sql", "1_a.sql", "001_b.sql", "9_b.sql", "10_c.sql", "V2__b.sql", "V10__a.sql", "é.sql"]
        );
    }

    #[test]
    fn versions_are_numbers_at_the_beginning() {
        assert_eq!(version("001_2fa.sql"), Some(vec![1]));
        assert_eq!(version("V2024.07__tables.sql"), Some(vec![2024, 7]));
        assert_eq!(version("2024_01_02_x.sql"), Some(vec![2024, 1, 2]));
        assert_eq!(version("20240102030405.sql"), Some(vec![20_240_102_030_405]));
        for none in ["tables.sql", "2fa.sql", "v.sql"] {
            assert_eq!(version(none), None, "{none}");
        }
    }

    #[track_caller]
    fn read(text: &str, migrations: &dyn Migrations) -> Result<File, String> {
        file("1.sql", "sql/1.sql", &Content::new(text.as_bytes()), migrations).map_err(|(message, _)| message)
    }

    #[test]
    fn what_no_transaction_takes_is_refused() {
        let cases: [(&str, &dyn Migrations); 4] = [
            ("CREATE TABLE t (x int);\nCREATE UNIQUE INDEX CONCURRENTLY i ON t (x);", &Postgresql),
            ("\nVACUUM", &Sqlite),
            ("\nPRAGMA foreign_keys = off", &Sqlite),
            ("\nBEGIN; SELECT 1; COMMIT", &Postgresql),
        ];
        for (text, migrations) in cases {
            let wrong = read(text, migrations).expect_err("refused");
            assert!(wrong.starts_with(":2:1: ") && wrong.contains("transaction"), "{wrong}");
            assert!(!read(&format!("-- infra: no-transaction\r\n{text}"), migrations).expect("taken").is_transaction);
        }
        assert!(read("SAVEPOINT a; ROLLBACK TO a;", &Postgresql).expect("taken").is_transaction);
        assert!(!read("BEGIN; SELECT 1; COMMIT;", &Mysql).expect("taken").is_transaction);
        let wrong = read("SELECT 1;\nSTART TRANSACTION;\nSELECT 2;", &Mysql).expect_err("refused");
        assert!(wrong.contains(":2:1: what begins here does not end"), "{wrong}");
    }
}
