//! What tells one host, and one state of its ledger, from another.

use super::Secret;

/// What a host has told of itself and of the spec's ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostMark {
    /// The key of the spec's ledger there; where there is none yet, one that only who can log in can know.
    pub key: Secret,
    /// How many runs have written the ledger.
    pub serial: u64,
    /// Which machine it is: a hash of its machine-id; empty where it has none.
    pub machine: String,
}
