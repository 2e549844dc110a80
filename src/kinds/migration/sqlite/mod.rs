//! Migrations of SQLite.

use crate::kinds::shared::database_engine::{Engine, SQLITE};
use crate::resource::Variant;

use super::migrations::Migrations;
use super::statements::{Dialect, Statement};

pub const VARIANT: Variant = SQLITE;

/// What SQLite does.
#[derive(Debug)]
pub struct Sqlite;

impl Migrations for Sqlite {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn is_outside_transaction(&self, statement: &Statement) -> bool {
        const REFUSED: &[&[&str]] = &[&["VACUUM"], &["PRAGMA", "FOREIGN_KEYS"], &["PRAGMA", "JOURNAL_MODE"]];
        REFUSED.iter().any(|words| statement.begins(words))
    }

    fn session(&self) -> &'static str {
        include_str!("session.sh")
    }

    fn opening(&self, wait: u64) -> Option<String> {
        Some(format!(".timeout {}", wait * 1000))
    }

    fn place<'a>(&self, _database: &'a str, table: &'a str) -> (&'a str, &'a str) {
        ("main", table)
    }

    fn create(&self, table: &str) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {table} (name TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, statements INTEGER NOT NULL, done \
             INTEGER NOT NULL, started INTEGER NOT NULL, applied_at TEXT)"
        )
    }

    fn lock(&self, _key: &str, _seconds: u64) -> Option<String> {
        None
    }

    fn begin(&self) -> &'static str {
        "BEGIN IMMEDIATE"
    }

    fn now(&self) -> &'static str {
        "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
    }
}
