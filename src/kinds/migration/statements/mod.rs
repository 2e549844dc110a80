//! Cuts files of SQL into statements, as the client programs of MySQL, PostgreSQL and SQLite do.
//!
//! MySQL: "mysql Client Commands" and "Comments" of its manual. PostgreSQL: "Lexical Structure" of its manual, and
//! psqlscan.l for what psql adds. SQLite: sqlite3_complete().

mod scan;
mod statement;
mod token;

#[cfg(test)]
mod tests;

use scan::Scan;
pub use statement::{Dialect, Mistake, Statement};

/// Cuts a file into its statements.
pub fn split(source: &str, dialect: Dialect) -> Result<Vec<Statement>, Mistake> {
    Scan::new(source, dialect).statements()
}
