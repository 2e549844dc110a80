//! What MySQL and MariaDB can grant.

use crate::kinds::shared::database_engine::Engine;

use super::super::grants::{GRANT_OPTION, Object};
use super::super::pattern;
use super::super::privileges::Privileges;
use super::Mysql;

impl Privileges for Mysql {
    fn engine(&self) -> Engine {
        Engine::Mysql
    }

    fn object(&self, parts: &[&str]) -> Option<Object> {
        match *parts {
            ["*", "*"] => Some(Object::server()),
            ["*", _] => None,
            [database, "*"] => Some(Object::database(pattern::of_name(database)).every()),
            [database, table] => Some(Object::database(database).table(table)),
            _ => None,
        }
    }

    fn objects(&self) -> &'static str {
        "objects are `*.*`, `db.*` and `db.table`"
    }

    fn all(&self, object: &Object) -> &'static [&'static str] {
        match object {
            Object { table: Some(_), .. } => TABLE,
            Object { database: Some(_), .. } => DATABASE,
            _ => SERVER,
        }
    }

    fn known(&self, _object: &Object) -> Vec<&'static str> {
        SERVER.iter().chain(MORE).copied().chain(["ALL", GRANT_OPTION]).collect()
    }

    /// Dynamic privileges of MySQL 8 have an underscore, and new ones may come with any version.
    fn may_know(&self, word: &str) -> bool {
        word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c == ' ')
    }

    fn is_nothing(&self, word: &str) -> Option<&'static str> {
        (word == "USAGE").then_some("it stands for no privileges; leave the object out")
    }

    fn has_columns(&self, object: &Object) -> bool {
        object.table.is_some()
    }
}

// https://dev.mysql.com/doc/refman/8.0/en/grant.html, https://mariadb.com/kb/en/grant/
const TABLE: &[&str] = &[
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
const DATABASE: &[&str] = &[
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
const SERVER: &[&str] = &[
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
const MORE: &[&str] = &[
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
