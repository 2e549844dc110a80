//! What an account may do: privileges by object.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::model::Value;

use super::pattern;

/// Privileges by object, in the words of [`normal`].
pub(super) type Grants = BTreeMap<Object, BTreeSet<String>>;

/// What a privilege is on. All of a server has nothing; a database of MySQL, and all tables of a schema, `every`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Object {
    /// The name; for all of a database of MySQL the pattern of names that its grants have ([`pattern`]).
    pub(super) database: Option<String>,
    /// PostgreSQL only.
    pub(super) schema: Option<String>,
    pub(super) table: Option<String>,
    /// Everything in it, rather than itself.
    pub(super) every: bool,
    /// Which things of a schema.
    pub(super) of: Things,
}

/// The things in a schema of PostgreSQL that privileges are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Things {
    /// Views too.
    #[default]
    Tables,
    /// Never written by hand.
    Sequences,
    /// Functions, procedures and aggregates; one is named with the types of its arguments.
    Routines,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self { database: Some(pattern), schema: None, every: true, .. } = self {
            return match pattern::literal(pattern) {
                Some(name) => write!(f, "{name}.*"),
                None if pattern.contains('%') => write!(f, "{pattern}.*"),
                None => write!(f, "{pattern}.* with _ for any character"),
            };
        }
        let parts = [&self.database, &self.schema, &self.table].into_iter().flatten();
        let mut parts: Vec<&str> = parts.map(String::as_str).collect();
        if parts.is_empty() {
            parts.push("*");
        }
        if self.every {
            parts.push(if self.of == Things::Routines { "*()" } else { "*" });
        }
        write!(f, "{}{}", parts.join("."), if self.of == Things::Sequences { " sequences" } else { "" })
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

    /// All things of a sort in a schema.
    pub(super) fn all(self, of: Things) -> Self {
        Self { of, every: true, ..self }
    }
}

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
}
