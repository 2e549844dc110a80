//! What one request tells of a host.

use std::collections::BTreeMap;

use super::{Owed, ProbeOutput, Value};

/// Lines that a host keeps of what a spec owns there, each as its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerLines {
    /// Without what identifies resources that are not in the spec any more; none where there is no ledger.
    pub ledger: Vec<Vec<String>>,
    /// Of runs that did not come to their end.
    pub journal: Vec<Vec<String>>,
    /// The host's machine-id; empty where it has none.
    pub machine: String,
}

/// What one request told of a host.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Comes with the first request, where facts are wanted.
    pub facts: Option<Value>,
    /// Restarts and reloads owed from earlier runs; comes with the first request. A restart covers a reload.
    pub owed: Vec<Owed>,
    /// Names of records of such debts that do not hold any more what they are about.
    pub damaged: Vec<String>,
    /// What the spec's ledger and journal hold there; comes with the first request.
    pub ledger: LedgerLines,
    /// What each probe wrote, under the name it was asked for with.
    pub sections: BTreeMap<String, ProbeOutput>,
}
