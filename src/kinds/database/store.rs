//! Databases as the spec wants them and as they were found, and what an engine does with them.

use crate::kinds::shared::database_engine::{Engine, Server, hex};
use crate::model::{Expect, Record, Row, Step};
use crate::resource::{Claims, Fields, Observation, Planned, Resource};

/// What an engine does with databases.
pub trait Store: Sync {
    fn check_name(&self, fields: &mut Fields<'_>);
    /// Reads the character set and the collation.
    fn charset(&self, _fields: &mut Fields<'_>) -> (Option<String>, Option<String>) {
        (None, None)
    }
    /// Adds what a database of its provides and requires beyond its name.
    fn claims(&self, resource: &Resource<Desired>, claims: Claims) -> Claims;
    /// Makes the row of the probe. The index is part of the SQL, so that what is selected says which row it is about.
    fn row(&self, at: usize, resource: &Resource<Desired>) -> Row;
    /// Returns the attributes that are compared, in the order they are shown and observed.
    fn wanted<'a>(&self, desired: &'a Desired) -> Vec<(&'static str, Option<&'a str>)>;
    /// Reads the records of one, or says why they cannot be read.
    fn observation(&self, resource: &Resource<Desired>, records: &[&Record]) -> Result<Observation<Observed>, String>;
    /// Says what the first record must be.
    fn expected(&self, resource: &Resource<Desired>) -> Vec<Expect>;
    /// Writes the SQL that makes or changes one.
    fn change(&self, _planned: &Planned<'_, Database>) -> String {
        String::new()
    }
    /// Makes the steps for those of its own in a batch that no SQL changes.
    fn steps(&self, _batch: &[Planned<'_, Database>], _own: &[usize]) -> Vec<Step> {
        Vec::new()
    }
}

/// A database of a server, or a file of SQLite.
pub struct Database;

/// A database as the spec wants it; what is `None` is left alone.
#[derive(Clone, Debug)]
pub struct Desired {
    pub(super) server: Server,
    pub(super) charset: Option<String>,
    pub(super) collation: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) group: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) encoding: Option<String>,
    pub(super) lc_collate: Option<String>,
    pub(super) lc_ctype: Option<String>,
    pub(super) template: Option<String>,
    pub(super) extensions: Vec<String>,
}

/// A database as it was found: its attributes in the order they are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    pub(super) attributes: Vec<(&'static str, String)>,
    /// Those of the extensions wanted that are there.
    pub(super) extensions: Vec<String>,
    /// How much goes with it: "12 tables"; asked only of one that goes.
    pub(super) holds: String,
}

impl Observed {
    pub(super) fn get(&self, attribute: &str) -> &str {
        self.attributes.iter().find(|(name, _)| *name == attribute).map_or("", |(_, value)| value)
    }
}

/// Makes a row of the probe: each resource has a connection to the server, not to its database, which may not be there.
pub(super) fn query(resource: &Resource<Desired>, sql: String) -> Row {
    resource.desired.server.query(resource, "", sql)
}

/// Writes an attribute as a server answers it.
pub(super) fn answered(value: &Option<String>) -> Option<String> {
    value.as_ref().map(|value| hex(value.as_bytes()))
}

/// Reports a name that the server cannot have, or has itself.
pub(super) fn check_name(fields: &mut Fields<'_>, engine: Engine, system: &[&str]) {
    let name = fields.name().to_string();
    if let Some(wrong) = engine.refuse_name(&name) {
        fields.error("name", format!("the name of a database {wrong}"), "choose another name");
    }
    if system.contains(&name.as_str()) {
        fields.error("name", format!("`{name}` belongs to the server itself"), "choose another name");
    }
}
