//! Migrations of MySQL and MariaDB.

use crate::kinds::shared::database_engine::{Engine, MYSQL};
use crate::resource::Variant;

use super::migrations::Migrations;
use super::statements::Dialect;

pub const VARIANT: Variant = MYSQL;

/// What MySQL and MariaDB do.
#[derive(Debug)]
pub struct Mysql;

impl Migrations for Mysql {
    fn engine(&self) -> Engine {
        Engine::Mysql
    }

    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn has_whole_files(&self) -> bool {
        false
    }

    fn session(&self) -> &'static str {
        include_str!("session.sh")
    }

    fn place<'a>(&self, database: &'a str, table: &'a str) -> (&'a str, &'a str) {
        (database, table)
    }

    fn pair(&self) -> &'static str {
        "CONCAT(name, ' ', checksum)"
    }

    fn create(&self, table: &str) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {table} (name VARCHAR(190) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY, checksum \
             CHAR(64) CHARACTER SET ascii NOT NULL, statements INT NOT NULL, done INT NOT NULL, started INT NOT NULL, applied_at DATETIME \
             NULL) ENGINE=InnoDB"
        )
    }

    fn lock(&self, key: &str, seconds: u64) -> Option<String> {
        Some(format!("SELECT GET_LOCK('infra-migration-{}', {seconds})", &key[..32]))
    }

    fn now(&self) -> &'static str {
        "UTC_TIMESTAMP()"
    }
}
