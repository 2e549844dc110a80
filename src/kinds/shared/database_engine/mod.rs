//! What the kinds about databases share: the engines, how a server is reached, how names and values are written in SQL,
//! and the shell programs around each engine's own client. It is no kind.
//!
//! SQL is made here as data. It reaches the client on standard input, a password on a file descriptor or in the
//! environment of the client alone; neither is in an argument list, in a file, or in a client's history.

mod answer;
mod failure;
mod hex;
mod observe;
mod quote;
mod server;
mod way;

pub(crate) use answer::Answers;
pub(crate) use failure::Failure;
pub(crate) use hex::{hex, unhex};
pub(crate) use observe::{change, observe};
pub(crate) use server::{Connection, Server};
pub(crate) use way::Way;

use std::sync::LazyLock;

use crate::model::PART;
use crate::resource::{Attribute, Choice, Confine, Fields, Shape, Space, Variant};
use crate::variants;

variants! {
    /// The engines, in the order of [`Engine`].
    const ENGINES: dyn Way = (NOUN, CHOICE) {
        mysql::Mysql,
        postgresql::Postgresql,
        sqlite::Sqlite,
    }
}

/// What the variants of the kinds about databases are, and what picks one.
pub(crate) const NOUN: &str = "database engine";
pub(crate) const CHOICE: Choice = Choice::Spec { attribute: "engine" };

pub(crate) use mysql::VARIANT as MYSQL;
pub(crate) use postgresql::{VARIANT as POSTGRESQL, connect};
pub(crate) use sqlite::VARIANT as SQLITE;

/// A database, as `ENGINE/NAME`.
pub(crate) const DATABASE: Space = Space("database");
/// A user of a database server, as `ENGINE/NAME`.
pub(crate) const DATABASE_USER: Space = Space("database user");
/// Users of database servers that go: all of an engine share this.
pub(crate) const GOING_USER: Space = Space("database users that go");
/// The name that an account logs in with, as `ENGINE/NAME`.
pub(crate) const LOGIN: Space = Space("database login");
/// The accounts with grants on a database as a whole, as `ENGINE/NAME`; of all databases, as `ENGINE/*`.
pub(crate) const ACCOUNTS: Space = Space("accounts of database");
/// The tables of a database as migrations make them, as `ENGINE/NAME`.
pub(crate) const SCHEMA: Space = Space("tables of database");

/// Runs the clients of all engines. Put before programs that talk to servers of several.
pub(crate) static CLIENTS: LazyLock<String> = LazyLock::new(|| {
    let clients: String = ENGINES.iter().map(|(_, way)| way.client()).collect();
    format!("{PART}{}{clients}{PART}", include_str!("client.sh"))
});
/// Observes: answers the SQL of every row, with one client for each connection. Rows are made by [`Server::query`],
/// records are read by [`Answers`].
pub(crate) static QUERY: LazyLock<String> = LazyLock::new(|| format!("{}{}", *CLIENTS, include_str!("query.sh")));
/// Changes: runs the SQL of every row, with a client for each row, up to its first error. Rows are made by
/// [`Server::query`] as well.
pub(crate) static RUN: Programs = LazyLock::new(|| programs(|_, client| format!("{client}{}", include_str!("run.sh"))));

/// A program for each engine, in the order of [`Engine`]; each holds its own client alone.
pub(crate) type Programs = LazyLock<Vec<String>>;

/// Makes a program for each engine from the functions that run its client.
pub(crate) fn programs(make: impl Fn(Engine, &str) -> String) -> Vec<String> {
    let program = |engine: Engine| {
        make(engine, &format!("{PART}{}{PART}{}{PART}", include_str!("client.sh"), engine.way().client()))
    };
    Engine::ALL.into_iter().map(program).collect()
}

/// Which program holds the data: the variants of [`ENGINES`], in the same order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Engine {
    /// MySQL and MariaDB.
    #[default]
    Mysql,
    Postgresql,
    Sqlite,
}

const _: () = assert!(ENGINES.variants.all.len() == Engine::ALL.len(), "an engine is in the table and in the enum");

impl Engine {
    pub(crate) const ALL: [Self; 3] = [Self::Mysql, Self::Postgresql, Self::Sqlite];

    /// The attribute of kinds that know all engines.
    pub(crate) const ATTRIBUTE: Attribute = Self::attribute(ENGINES.variants.names);

    /// Returns the attribute of a kind that knows these engines.
    pub(crate) const fn attribute(known: &'static [&'static str]) -> Attribute {
        Attribute::required("engine", Shape::OneOf(known), "What holds the data; `mysql` stands for MariaDB too.")
    }

    /// Reads the attribute; one that is missing or wrong has been reported.
    pub(crate) fn decode(fields: &mut Fields<'_>) -> Self {
        let name = fields.text("engine");
        Self::ALL.into_iter().find(|engine| Some(engine.word()) == name.as_deref()).unwrap_or_default()
    }

    /// Returns it as a variant of kinds.
    pub(crate) fn variant(self) -> &'static Variant {
        ENGINES.variants.all[self as usize]
    }

    /// Returns whether a server holds its databases, which have names; where none does they are files, which have paths.
    pub(crate) fn has_server(self) -> bool {
        self.way().has_server()
    }

    /// Returns functions for shell programs that dump a database of its: what a dump is made of, and how one can be told from a
    /// part of one.
    pub(crate) fn dump(self) -> &'static str {
        self.way().dump()
    }

    fn way(self) -> &'static dyn Way {
        ENGINES.ways[self as usize]
    }

    /// Returns the one of these that is for it.
    pub(crate) fn program_of(self, programs: &'static Programs) -> &'static str {
        &programs[self as usize]
    }

    /// Returns the word for it in specs and claims.
    pub(crate) fn word(self) -> &'static str {
        self.variant().name
    }

    /// Returns its name as its makers write it.
    pub(crate) fn title(self) -> &'static str {
        self.variant().title
    }

    /// Returns the program that is its client, as packages are known to provide it.
    pub(crate) fn program(self) -> &'static str {
        let program = |confine: &Confine| match confine {
            Confine::Program(program) => Some(*program),
            _ => None,
        };
        self.variant().confine.iter().find_map(program).unwrap_or_default()
    }

    /// Returns the unit of its server; there is none for SQLite.
    pub(crate) fn unit(self) -> Option<&'static str> {
        self.variant().confine.iter().find_map(|confine| match confine {
            Confine::Service(unit) => Some(*unit),
            _ => None,
        })
    }

    /// Returns the name of a claim about something of this engine.
    pub(crate) fn claim(self, name: &str) -> String {
        format!("{}/{name}", self.word())
    }
}
