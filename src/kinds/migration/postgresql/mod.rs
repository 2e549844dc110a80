//! Migrations of PostgreSQL.

use crate::kinds::shared::database_engine::{Engine, POSTGRESQL};
use crate::resource::Variant;

use super::migrations::Migrations;
use super::statements::{Dialect, Statement};

pub const VARIANT: Variant = POSTGRESQL;

/// What PostgreSQL does.
#[derive(Debug)]
pub struct Postgresql;

impl Migrations for Postgresql {
    fn engine(&self) -> Engine {
        Engine::Postgresql
    }

    fn dialect(&self) -> Dialect {
        Dialect::PostgreSql
    }

    fn is_outside_transaction(&self, statement: &Statement) -> bool {
        const REFUSED: &[&[&str]] = &[
            &["VACUUM"],
            &["CREATE", "DATABASE"],
            &["DROP", "DATABASE"],
            &["CREATE", "TABLESPACE"],
            &["ALTER", "SYSTEM"],
        ];
        REFUSED.iter().any(|words| statement.begins(words)) || statement.words.iter().any(|word| word == "CONCURRENTLY")
    }

    fn session(&self) -> &'static str {
        include_str!("session.sh")
    }

    fn place<'a>(&self, _database: &'a str, table: &'a str) -> (&'a str, &'a str) {
        table.split_once('.').unwrap_or(("public", table))
    }

    fn create(&self, table: &str) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {table} (name text NOT NULL PRIMARY KEY, checksum text NOT NULL, statements integer NOT NULL, done \
             integer NOT NULL, started integer NOT NULL, applied_at timestamp with time zone)"
        )
    }

    fn lock(&self, key: &str, seconds: u64) -> Option<String> {
        let number = u64::from_str_radix(&key[..16], 16).unwrap_or_default() as i64;
        // Milliseconds; it counts for advisory locks too.
        let milliseconds = seconds * 1000;
        Some(format!(
            "SET lock_timeout = {milliseconds}; SELECT pg_advisory_lock({number}); SET lock_timeout = DEFAULT; SELECT 1"
        ))
    }

    fn now(&self) -> &'static str {
        "CURRENT_TIMESTAMP"
    }
}
