//! What one request tells of a host.

use std::collections::BTreeMap;

use super::{Owed, ProbeOutput, Value};

/// What one request told of a host.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Comes with the first request, where facts are wanted.
    pub facts: Option<Value>,
    /// Restarts and reloads owed from earlier runs; comes with the first request. A restart covers a reload.
    pub owed: Vec<Owed>,
    /// Names of records of such debts that do not hold any more what they are about.
    pub damaged: Vec<String>,
    /// What each probe wrote, under the name it was asked for with.
    pub sections: BTreeMap<String, ProbeOutput>,
}
