//! What an account may do: privileges by object.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::diagnostic::did_you_mean;
use crate::model::Value;

use crate::kinds::shared::database_engine::Engine;
use crate::resource::Fields;

/// Privileges by object, in the words of [`normal`].
pub(super) type Grants = BTreeMap<Object, BTreeSet<String>>;

/// What a privilege is on. All of a server has nothing; a database of MySQL, and all tables of a schema, `every`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Object {
    pub(super) database: Option<String>,
    /// PostgreSQL only.
    pub(super) schema: Option<String>,
    pub(super) table: Option<String>,
    /// Everything in it, rather than itself.
    pub(super) every: bool,
    /// The sequences of a schema, rather than its tables; never written by hand.
    pub(super) sequences: bool,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.database, &self.schema, &self.table].into_iter().flatten();
        let mut parts: Vec<&str> = parts.map(String::as_str).collect();
        if parts.is_empty() {
            parts.push("*");
        }
        if self.every {
            parts.push("*");
        }
        write!(f, "{}{}", parts.join("."), if self.sequences { " sequences" } else { "" })
    }
}

impl Object {
    /// The whole server of MySQL.
    pub(super) fn server() -> Self {
        Self { every: true, ..Self::default() }
    }

    pub(super) fn database(name: impl Into<String>) -> Self {
        Self { database: Some(name.into()), ..Self::default() }
    }

    pub(super) fn every(self) -> Self {
        Self { every: true, ..self }
    }

    pub(super) fn schema(self, name: impl Into<String>) -> Self {
        Self { schema: Some(name.into()), ..self }
    }

    pub(super) fn table(self, name: impl Into<String>) -> Self {
        Self { table: Some(name.into()), ..self }
    }

    pub(super) fn sequences(self) -> Self {
        Self { sequences: true, every: true, ..self }
    }

    /// Returns the privileges that `ALL` stands for, as far as every version of a server knows them.
    pub(super) fn all(&self, engine: Engine) -> &'static [&'static str] {
        match (engine, self) {
            (Engine::Mysql, Self { table: Some(_), .. }) => MYSQL_TABLE,
            (Engine::Mysql, Self { database: Some(_), .. }) => MYSQL_DATABASE,
            (Engine::Mysql, _) => MYSQL_SERVER,
            (_, Self { sequences: true, .. }) => &["SELECT", "UPDATE", "USAGE"],
            (_, Self { table: None, every: false, schema: Some(_), .. }) => &["CREATE", "USAGE"],
            (_, Self { table: None, every: false, .. }) => &["CONNECT", "CREATE", "TEMPORARY"],
            _ => &["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"],
        }
    }
}

// https://dev.mysql.com/doc/refman/8.0/en/grant.html, https://mariadb.com/kb/en/grant/
const MYSQL_TABLE: &[&str] = &[
    "ALTER",
    "CREATE",
    "CREATE VIEW",
    "DELETE",
    "DROP",
    "INDEX",
    "INSERT",
    "REFERENCES",
    "SELECT",
    "SHOW VIEW",
    "TRIGGER",
    "UPDATE",
];
const MYSQL_DATABASE: &[&str] = &[
    "ALTER",
    "ALTER ROUTINE",
    "CREATE",
    "CREATE ROUTINE",
    "CREATE TEMPORARY TABLES",
    "CREATE VIEW",
    "DELETE",
    "DROP",
    "EVENT",
    "EXECUTE",
    "INDEX",
    "INSERT",
    "LOCK TABLES",
    "REFERENCES",
    "SELECT",
    "SHOW VIEW",
    "TRIGGER",
    "UPDATE",
];
const MYSQL_SERVER: &[&str] = &[
    "ALTER",
    "ALTER ROUTINE",
    "CREATE",
    "CREATE ROUTINE",
    "CREATE TABLESPACE",
    "CREATE TEMPORARY TABLES",
    "CREATE USER",
    "CREATE VIEW",
    "DELETE",
    "DROP",
    "EVENT",
    "EXECUTE",
    "FILE",
    "INDEX",
    "INSERT",
    "LOCK TABLES",
    "PROCESS",
    "REFERENCES",
    "RELOAD",
    "REPLICATION SLAVE",
    "SELECT",
    "SHOW DATABASES",
    "SHOW VIEW",
    "SHUTDOWN",
    "SUPER",
    "TRIGGER",
    "UPDATE",
];
/// Privileges of MySQL and MariaDB beyond those, of some versions.
const MYSQL_MORE: &[&str] = &[
    "BINLOG ADMIN",
    "BINLOG REPLAY",
    "CONNECTION ADMIN",
    "CREATE ROLE",
    "DELETE HISTORY",
    "DROP ROLE",
    "FEDERATED ADMIN",
    "READ_ONLY ADMIN",
    "REPLICATION CLIENT",
    "REPLICATION MASTER ADMIN",
    "REPLICATION SLAVE ADMIN",
    "SET USER",
    "SHOW CREATE ROUTINE",
    "SLAVE MONITOR",
];

/// Writes a privilege in one way: upper case, single spaces, columns in order.
pub(super) fn normal(privilege: &str) -> String {
    let (verb, columns) = match privilege.split_once('(') {
        Some((verb, columns)) => (verb, Some(columns.trim_end().trim_end_matches(')'))),
        None => (privilege, None),
    };
    let verb = verb.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase();
    let verb = match verb.as_str() {
        "ALL PRIVILEGES" => "ALL".to_string(),
        "WITH GRANT OPTION" => GRANT_OPTION.to_string(),
        // What MariaDB calls it since 10.5.
        "BINLOG MONITOR" => "REPLICATION CLIENT".to_string(),
        "TEMP" => "TEMPORARY".to_string(),
        _ => verb,
    };
    let Some(columns) = columns else { return verb };
    let columns: BTreeSet<&str> = columns.split(',').map(str::trim).collect();
    format!("{verb} ({})", columns.into_iter().collect::<Vec<_>>().join(", "))
}

/// The word for handing privileges on.
pub(super) const GRANT_OPTION: &str = "GRANT OPTION";

/// Splits a privilege of columns.
pub(super) fn columns(privilege: &str) -> Option<(&str, Vec<&str>)> {
    let (verb, columns) = privilege.strip_suffix(')')?.split_once(" (")?;
    Some((verb, columns.split(", ").collect()))
}

/// Reads the attribute; mistakes are reported.
pub(super) fn decode(fields: &mut Fields<'_>, engine: Engine) -> Option<Grants> {
    let Value::Map(entries) = fields.value("grants")? else { return Some(Grants::new()) };
    let mut grants = Grants::new();
    for (object, privileges) in &entries {
        let Value::List(privileges) = privileges else { continue };
        let words = privileges.iter().filter_map(|privilege| match privilege {
            Value::Text(text) => Some(normal(text)),
            _ => None,
        });
        let words: BTreeSet<String> = words.collect();
        match read_object(engine, object) {
            Ok(key) => {
                for wrong in words.iter().filter_map(|word| refuse(engine, &key, word)) {
                    fields.error("grants", format!("in `grants`, `{object}`: {}", wrong.0), wrong.1);
                }
                if words.is_empty() {
                    let message = format!("`{object}` grants nothing");
                    fields.error("grants", message, "list privileges, or leave the object out");
                }
                add(&mut grants, engine, key, words);
            }
            Err(wrong) => {
                let help = match engine {
                    Engine::Mysql => "objects are `*.*`, `db.*` and `db.table`",
                    _ => "objects are `db.*`, `db`, `db.schema`, `db.schema.*` and `db.schema.table`",
                };
                fields.error("grants", format!("in `grants`, `{object}` {wrong}"), help);
            }
        }
    }
    Some(grants)
}

/// Adds what a line of a spec means.
fn add(grants: &mut Grants, engine: Engine, object: Object, words: BTreeSet<String>) {
    let put = |grants: &mut Grants, object: Object, words: BTreeSet<String>| {
        grants.entry(object).or_default().extend(words);
    };
    let word = |word: &str| BTreeSet::from([word.to_string()]);
    if engine != Engine::Postgresql || !object.every {
        put(grants, object, words);
        return;
    }
    let database = Object::database(object.database.clone().unwrap_or_default());
    let schema = match &object.schema {
        Some(schema) => database.schema(schema),
        // What a whole database means elsewhere.
        None => {
            put(grants, database.clone(), word("CONNECT"));
            let public = database.schema("public");
            put(grants, public.clone(), word("USAGE"));
            public
        }
    };
    if words.contains("INSERT") || words.contains("ALL") {
        let sequences = ["SELECT", "USAGE"].map(String::from);
        put(grants, schema.clone().sequences(), BTreeSet::from(sequences));
    }
    put(grants, schema.every(), words);
}

fn read_object(engine: Engine, text: &str) -> Result<Object, String> {
    let parts: Vec<&str> = text.split('.').collect();
    for part in parts.iter().filter(|part| **part != "*") {
        if let Some(wrong) = engine.refuse_name(part) {
            return Err(format!("has a name that {wrong}"));
        }
    }
    match (engine, parts.as_slice()) {
        (Engine::Mysql, ["*", "*"]) => Ok(Object::server()),
        (_, [database, "*"]) if *database != "*" => Ok(Object::database(*database).every()),
        (Engine::Mysql, [database, table]) if *database != "*" => Ok(Object::database(*database).table(*table)),
        (Engine::Postgresql, [database]) if *database != "*" => Ok(Object::database(*database)),
        (Engine::Postgresql, [database, schema]) if *database != "*" => Ok(Object::database(*database).schema(*schema)),
        (Engine::Postgresql, [database, schema, "*"]) if ![database, schema].contains(&&"*") => {
            Ok(Object::database(*database).schema(*schema).every())
        }
        (Engine::Postgresql, [database, schema, table]) if ![database, schema].contains(&&"*") => {
            Ok(Object::database(*database).schema(*schema).table(*table))
        }
        _ => Err("is not an object".into()),
    }
}

/// Says why a word is no privilege on an object, and what to do.
fn refuse(engine: Engine, object: &Object, word: &str) -> Option<(String, String)> {
    let (verb, columns) = match columns(word) {
        Some((verb, columns)) => (verb, columns),
        None => (word, Vec::new()),
    };
    let on_columns = ["SELECT", "INSERT", "UPDATE", "REFERENCES"];
    if !columns.is_empty() {
        if engine != Engine::Mysql || object.table.is_none() || !on_columns.contains(&verb) {
            let help = "SELECT, INSERT, UPDATE and REFERENCES may be on columns, on a table of MySQL";
            return Some((format!("`{word}` cannot be on columns"), help.into()));
        }
        let wrong = columns.iter().find_map(|column| engine.refuse_name(column))?;
        return Some((format!("a column of `{word}` {wrong}"), "write `SELECT (name, value)`".into()));
    }
    let known: Vec<&str> = match engine {
        Engine::Mysql => MYSQL_SERVER.iter().chain(MYSQL_MORE).copied().chain(["ALL", GRANT_OPTION]).collect(),
        _ => object.all(engine).iter().copied().chain(["ALL", "MAINTAIN"]).collect(),
    };
    // Dynamic privileges of MySQL 8 have an underscore, and new ones may come with any version.
    let is_dynamic = engine == Engine::Mysql
        && word.contains('_')
        && word.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c == ' ');
    let is_usage = engine == Engine::Mysql && word == "USAGE";
    if known.contains(&word) || is_dynamic {
        return None;
    }
    let help = match is_usage {
        true => "it stands for no privileges; leave the object out".into(),
        false => did_you_mean(word, known.iter().copied()).unwrap_or_default(),
    };
    Some((format!("`{word}` is not a privilege"), help))
}

/// Writes all privileges as `ALL` where another side does.
fn folded(engine: Engine, object: &Object, privileges: &BTreeSet<String>) -> BTreeSet<String> {
    let all = object.all(engine);
    if !all.iter().all(|word| privileges.contains(*word)) {
        return privileges.clone();
    }
    let option = privileges.iter().filter(|word| *word == GRANT_OPTION || word.contains('(')).cloned();
    option.chain(["ALL".to_string()]).collect()
}

/// Folds what was found into `ALL` wherever the spec says `ALL`, or nothing of that object.
pub(super) fn as_wanted(engine: Engine, found: Grants, wanted: Option<&Grants>) -> Grants {
    let fold = |(object, privileges): (Object, BTreeSet<String>)| {
        let is_all = match wanted.and_then(|wanted| wanted.get(&object)) {
            Some(wanted) => wanted.contains("ALL"),
            None => true,
        };
        let privileges = if is_all { folded(engine, &object, &privileges) } else { privileges };
        (object, privileges)
    };
    found.into_iter().map(fold).collect()
}

/// Returns the objects on which the two differ, with both sides.
pub(super) fn compare(found: &Grants, wanted: &Grants) -> Vec<(Object, BTreeSet<String>, BTreeSet<String>)> {
    let objects: BTreeSet<&Object> = found.keys().chain(wanted.keys()).collect();
    let of = |grants: &Grants, object: &Object| grants.get(object).cloned().unwrap_or_default();
    objects
        .into_iter()
        .map(|object| (object.clone(), of(found, object), of(wanted, object)))
        .filter(|(_, before, after)| before != after)
        .collect()
}

/// Shows privileges.
pub(super) fn list(privileges: &BTreeSet<String>) -> Value {
    Value::List(privileges.iter().map(|privilege| Value::text(privilege.as_str())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn privileges_are_written_in_one_way() {
        assert_eq!(normal(" select "), "SELECT");
        assert_eq!(normal("create  temporary\ttables"), "CREATE TEMPORARY TABLES");
        assert_eq!(normal("Select(b ,a)"), "SELECT (a, b)");
        assert_eq!(normal("all privileges"), "ALL");
        assert_eq!(columns("SELECT (a, b)"), Some(("SELECT", vec!["a", "b"])));
    }

    #[test]
    fn objects_are_written_as_they_are_read() {
        for text in ["*.*", "shop.*", "shop.orders"] {
            assert_eq!(read_object(Engine::Mysql, text).unwrap().to_string(), text);
        }
        for text in ["shop", "shop.*", "shop.public", "shop.public.*", "shop.public.orders"] {
            assert_eq!(read_object(Engine::Postgresql, text).unwrap().to_string(), text);
        }
        for text in ["", "*", "*.x", "a.b.c.d"] {
            assert!(read_object(Engine::Mysql, text).is_err(), "{text}");
            assert!(read_object(Engine::Postgresql, text).is_err(), "{text}");
        }
    }
}
