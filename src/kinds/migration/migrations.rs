//! What an engine does with migrations.

use std::fmt::Debug;

use crate::kinds::shared::database_engine::Engine;

use super::statements::{Dialect, Statement};

/// What an engine does with migrations.
pub(super) trait Migrations: Debug + Sync {
    /// Returns the engine.
    fn engine(&self) -> Engine;
    /// Returns how its client cuts files into statements.
    fn dialect(&self) -> Dialect;
    /// Returns whether a file is one transaction unless it says otherwise: what makes a table can be rolled back.
    fn has_whole_files(&self) -> bool {
        true
    }
    /// Returns whether a statement does not work in a transaction.
    fn is_outside_transaction(&self, _statement: &Statement) -> bool {
        false
    }
    /// Returns the functions of a session and of a dump; see `mysql/session.sh`.
    fn session(&self) -> &'static str;
    /// Returns what the client is told before anything else; `wait` is how long it may wait for others, in seconds.
    fn opening(&self, _wait: u64) -> Option<String> {
        None
    }
    /// Returns the database or schema that the record is in, and its name there. `table` is as the spec writes it.
    fn place<'a>(&self, database: &'a str, table: &'a str) -> (&'a str, &'a str);
    /// Joins the columns `name` and `checksum` with a blank.
    fn pair(&self) -> &'static str {
        "name || ' ' || checksum"
    }
    /// Makes the record where it is missing; `table` is its name in SQL.
    fn create(&self, table: &str) -> String;
    /// Returns what waits for the lock of this key, 64 hexadecimal digits, and answers 1 once it is held; it is the session's
    /// until the session ends. None where each transaction takes the whole database.
    fn lock(&self, key: &str, seconds: u64) -> Option<String>;
    /// Begins the one transaction of a file.
    fn begin(&self) -> &'static str {
        "BEGIN"
    }
    /// Returns the moment.
    fn now(&self) -> &'static str;
}
