//! Names and values in SQL. What is written here means the same in every mode of a server, and holds no line break, so
//! that a statement is a line.

use super::Engine;
use super::hex::unhex;

impl Engine {
    /// Says why a text cannot be the name of a database, table, column or user; `None` where it can.
    pub(crate) fn refuse_name(self, name: &str) -> Option<String> {
        if name.is_empty() {
            return Some("is empty".into());
        }
        if name.chars().any(char::is_control) {
            return Some("holds a control character".into());
        }
        self.way().refuse_name(name).map(String::from)
    }

    /// Writes a name.
    pub(crate) fn name(self, name: &str) -> String {
        self.way().name(name)
    }

    /// Says why a text cannot be a value; `None` where it can.
    pub(crate) fn refuse_text(self, text: &str) -> Option<String> {
        text.contains('\0').then(|| format!("holds a NUL byte, which a text of {} cannot", self.title()))
    }

    /// Writes a text as a value.
    pub(crate) fn text(self, text: &str) -> String {
        let is_plain = !text.contains('\\') && !text.chars().any(char::is_control);
        if is_plain {
            return format!("'{}'", text.replace('\'', "''"));
        }
        self.way().text(text)
    }

    /// Writes bytes as a value.
    pub(crate) fn bytes(self, bytes: &[u8]) -> String {
        self.way().bytes(bytes)
    }

    /// Reads what [`Engine::as_hex`] answered; `None` where it is no text.
    pub(crate) fn answer(field: &str) -> Option<String> {
        String::from_utf8(unhex(field)?).ok()
    }

    /// Writes an expression for the hexadecimal of a text expression's UTF-8, empty where it is null: what clients print
    /// without change.
    pub(crate) fn as_hex(self, expression: &str) -> String {
        self.way().as_hex(expression)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::hex::hex;
    use super::*;

    const ENGINES: [Engine; 3] = [Engine::Mysql, Engine::Postgresql, Engine::Sqlite];

    /// Reads a value as the engine's lexer does; `escapes` says whether a backslash escapes in a plain text of MySQL.
    fn read(engine: Engine, sql: &str, escapes: bool) -> Option<String> {
        let body = |prefix: &str, suffix: &str| sql.strip_prefix(prefix)?.strip_suffix(suffix);
        let of_hex = |hex: &str| String::from_utf8(unhex(hex)?).ok();
        if let Some(hex) = body("_utf8mb4 X'", "'").or(body("CAST(X'", "' AS TEXT)")) {
            return of_hex(hex);
        }
        let (inner, escapes) = match body("E'", "'") {
            Some(inner) => (inner, true),
            None => (body("'", "'")?, escapes && engine == Engine::Mysql),
        };
        let mut text = String::new();
        let mut rest = inner.chars();
        while let Some(c) = rest.next() {
            match c {
                '\'' if rest.next() == Some('\'') => text.push('\''),
                '\'' => return None,
                '\\' if escapes => match rest.next()? {
                    '\\' => text.push('\\'),
                    'u' => {
                        let digits: String = rest.by_ref().take(4).collect();
                        text.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
                    }
                    _ => return None,
                },
                c => text.push(c),
            }
        }
        Some(text)
    }

    proptest! {
        #[test]
        fn a_text_is_read_back_in_every_mode(text in any::<String>()) {
            for engine in ENGINES {
                let sql = engine.text(&text);
                prop_assert!(!sql.contains(['\n', '\r', '\0']), "{sql}");
                for escapes in [true, false] {
                    let read = read(engine, &sql, escapes);
                    prop_assert_eq!(read.as_deref(), Some(text.as_str()), "{:?} {}", engine, sql);
                }
            }
        }

        #[test]
        fn a_name_ends_where_it_should(name in any::<String>()) {
            for engine in ENGINES {
                let sql = engine.name(&name);
                let quote = if engine == Engine::Mysql { '`' } else { '"' };
                let inner = sql.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)).unwrap();
                let doubled = quote.to_string().repeat(2);
                prop_assert!(!inner.replace(&doubled, "").contains(quote));
                prop_assert_eq!(inner.replace(&doubled, &quote.to_string()), name.clone());
            }
        }

        #[test]
        fn hexadecimal_is_read_back(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn writes_texts_as_one_would() {
        assert_eq!(Engine::Mysql.text("it's 数据 🐘"), "'it''s 数据 🐘'");
        assert_eq!(Engine::Mysql.text("C:\\"), "_utf8mb4 X'433a5c'");
        assert_eq!(Engine::Postgresql.text("a\nb\\'"), "E'a\\u000ab\\\\'''");
        assert_eq!(Engine::Sqlite.text("a\nb"), "CAST(X'610a62' AS TEXT)");
    }

    #[test]
    fn refuses_what_cannot_be() {
        assert!(Engine::Mysql.refuse_text("a\0").is_some());
        assert!(Engine::Mysql.refuse_name("🐘").is_some());
        assert!(Engine::Postgresql.refuse_name(&"数".repeat(22)).is_some());
        assert!(Engine::Postgresql.refuse_name("🐘").is_none());
        assert!(Engine::Mysql.refuse_name(&"a".repeat(65)).is_some());
    }
}
