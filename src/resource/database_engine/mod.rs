//! What the kinds about databases share: the engines, how a server is reached, how names and values are written in SQL,
//! and the shell programs around each engine's own client. It is no kind.
//!
//! SQL is made here as data. It reaches the client on standard input, a password on a file descriptor or in the
//! environment of the client alone; neither is in an argument list, in a file, or in a client's history.

mod answer;
mod quote;
mod server;

pub(crate) use answer::Answers;
#[allow(unused_imports, reason = "for kinds that look at what a client says themselves")]
pub(crate) use answer::Failure;
pub(crate) use quote::{hex, unhex};
pub(crate) use server::Server;

use super::{Attribute, Fields, Shape, Space};

/// A database, as `ENGINE/NAME`.
pub(crate) const DATABASE: Space = Space("database");
/// A user of a database server, as `ENGINE/NAME`.
pub(crate) const DATABASE_USER: Space = Space("database user");
/// The tables of a database as migrations make them, as `ENGINE/NAME`.
pub(crate) const SCHEMA: Space = Space("tables of database");

/// Observes: answers the SQL of every row, with one client for each connection. Rows are made by [`Server::query`],
/// records are read by [`Answers`].
pub(crate) const QUERY: &str = concat!(include_str!("client.sh"), include_str!("query.sh"));
/// Changes: runs the SQL of every row, with a client for each row, up to its first error. Rows are made by
/// [`Server::query`] as well.
pub(crate) const RUN: &str = concat!(include_str!("client.sh"), include_str!("run.sh"));

/// Which program holds the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Engine {
    /// MySQL and MariaDB.
    #[default]
    Mysql,
    Postgresql,
    Sqlite,
}

impl Engine {
    /// The attribute of every kind about databases.
    pub(crate) const ATTRIBUTE: Attribute = Attribute::required(
        "engine",
        Shape::OneOf(&["mysql", "postgresql", "sqlite"]),
        "What holds the data; `mysql` stands for MariaDB too.",
    );

    /// Reads the attribute; one that is missing or wrong has been reported.
    pub(crate) fn decode(fields: &mut Fields<'_>) -> Self {
        match fields.text("engine").as_deref() {
            Some("postgresql") => Self::Postgresql,
            Some("sqlite") => Self::Sqlite,
            _ => Self::Mysql,
        }
    }

    /// Returns the word for it in specs and claims.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Postgresql => "postgresql",
            Self::Sqlite => "sqlite",
        }
    }

    /// Returns its name as its makers write it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Mysql => "MySQL",
            Self::Postgresql => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }

    /// Returns the program that is its client, as packages are known to provide it.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Postgresql => "psql",
            Self::Sqlite => "sqlite3",
        }
    }

    /// Returns the unit of its server; there is none for SQLite.
    pub(crate) fn unit(self) -> Option<&'static str> {
        match self {
            Self::Mysql => Some("mysql.service"),
            Self::Postgresql => Some("postgresql.service"),
            Self::Sqlite => None,
        }
    }

    /// Returns the name of a claim about something of this engine.
    pub(crate) fn claim(self, name: &str) -> String {
        format!("{}/{name}", self.word())
    }
}
