//! What the kinds about databases share: the engines, how a server is reached, how names and values are written in SQL,
//! and the shell programs around each engine's own client. It is no kind.
//!
//! SQL is made here as data. It reaches the client on standard input, a password on a file descriptor or in the
//! environment of the client alone; neither is in an argument list, in a file, or in a client's history.

mod answer;
mod observe;
mod quote;
mod server;

pub(crate) use answer::Answers;
pub(crate) use answer::Failure;
pub(crate) use observe::{change, observe};
pub(crate) use quote::{hex, unhex};
pub(crate) use server::Server;

use crate::resource::{Attribute, Fields, Shape, Space};

/// A database, as `ENGINE/NAME`.
pub(crate) const DATABASE: Space = Space("database");
/// A user of a database server, as `ENGINE/NAME`.
pub(crate) const DATABASE_USER: Space = Space("database user");
/// The name that an account logs in with, as `ENGINE/NAME`.
pub(crate) const LOGIN: Space = Space("database login");
/// The accounts with grants on a database as a whole, as `ENGINE/NAME`; of all databases, as `ENGINE/*`.
pub(crate) const ACCOUNTS: Space = Space("accounts of database");
/// The tables of a database as migrations make them, as `ENGINE/NAME`.
pub(crate) const SCHEMA: Space = Space("tables of database");

/// Observes: answers the SQL of every row, with one client for each connection. Rows are made by [`Server::query`],
/// records are read by [`Answers`].
pub(crate) const QUERY: &str = concat!(include_str!("client.sh"), include_str!("query.sh"));
/// Changes: runs the SQL of every row, with a client for each row, up to its first error. Rows are made by
/// [`Server::query`] as well.
pub(crate) const RUN: &str = concat!(include_str!("client.sh"), include_str!("run.sh"));

/// Functions for shell programs that dump a database.
pub(crate) const DUMP: &str = include_str!("dump.sh");

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

    /// Reports attributes that are for other engines only.
    pub(crate) fn refuse_others(self, fields: &mut Fields<'_>, known_to: &[(&str, &[Self])]) {
        for (attribute, engines) in known_to {
            if fields.has(attribute) && !engines.contains(&self) {
                let known: Vec<&str> = engines.iter().map(|engine| engine.title()).collect();
                let message = format!("`{attribute}` is not for {}, but for {}", self.title(), known.join(" and "));
                fields.error(attribute, message, format!("leave `{attribute}` out"));
            }
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
