//! Accounts as the spec wants them and as they were found, and what an engine does with them.

use std::collections::BTreeSet;

use crate::kinds::shared::database_engine::Server;
use crate::model::{Record, Secret};
use crate::resource::{Fields, Observation, Planned, Resource};

use super::grants::Grants;
use super::privileges::Privileges;

/// What an engine does with its users.
pub(super) trait Users: Privileges {
    /// Reads the user and the host from the name, which is the user alone where the engine knows no hosts.
    fn read_name(&self, fields: &mut Fields<'_>) -> (String, String);
    /// Returns why it cannot have a password, and what to do.
    fn refuse_password(&self, _password: &str) -> Option<[&'static str; 2]> {
        None
    }
    /// Reports what a name that stands for something else cannot have.
    fn check(&self, _fields: &mut Fields<'_>) {}
    /// Writes the SQL that looks at a user; each answer starts with the index.
    fn look(&self, at: usize, resource: &Resource<Desired>) -> String;
    /// Reads the records of one, or says why they cannot be read.
    fn observation(&self, resource: &Resource<Desired>, records: &[&Record]) -> Result<Observation<Observed>, String>;
    /// Writes the SQL that makes, changes or drops one.
    fn change(&self, planned: &Planned<'_, DatabaseUser>) -> String;
}

/// An account of a database server, and what it may do.
pub struct DatabaseUser;

/// An account as the spec wants it; what is `None` is left alone.
#[derive(Clone, Debug)]
pub struct Desired {
    pub(super) server: Server,
    /// The part of the name before `@`; for PostgreSQL all of it.
    pub(super) user: String,
    /// Empty for PostgreSQL.
    pub(super) host: String,
    pub(super) password: Option<Secret>,
    /// MySQL: whether the unix user of its name may log in by the local socket.
    pub(super) socket: Option<bool>,
    /// MySQL: `required` or `optional`.
    pub(super) tls: Option<String>,
    /// PostgreSQL: attributes of a role, such as `login`.
    pub(super) role: Vec<(&'static str, bool)>,
    /// PostgreSQL: the roles it is a member of.
    pub(super) member_of: Option<BTreeSet<String>>,
    pub(super) grants: Option<Grants>,
}

/// An account as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    pub(super) password: Password,
    pub(super) socket: bool,
    pub(super) tls: String,
    pub(super) role: Vec<(&'static str, bool)>,
    /// Not looked at where the spec says nothing of it.
    pub(super) member_of: BTreeSet<String>,
    pub(super) grants: Grants,
}

/// How the password of an account compares with the one wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Password {
    /// None is wanted.
    Ignored,
    Same,
    Differs,
    /// There is none.
    Missing,
}

/// Attributes of a role of PostgreSQL, and what `CREATE ROLE` calls them.
pub(super) const ROLE: &[(&str, &str)] =
    &[("login", "LOGIN"), ("superuser", "SUPERUSER"), ("createdb", "CREATEDB"), ("createrole", "CREATEROLE")];
