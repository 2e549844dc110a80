//! What a saved plan is bound to. None of it is a secret, and nothing of it can be guessed by who does not have the key of a
//! host: whatever may come from a secret is hashed with that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All that a saved plan says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Which infra made it.
    pub infra: String,
    /// The name of the spec.
    pub spec: String,
    pub made: Made,
    /// When it was made, and from when on it is not applied any more: `2026-12-01T13:05:00Z`.
    pub created: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Who made it: user and machine.
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
    /// What the spec read, by path from the spec's folder. Where secrets come from is not among it.
    pub inputs: Vec<Input>,
    /// The hosts of the run that could be observed.
    pub hosts: Vec<HostBound>,
    /// What is looked at again before the plan is applied: the resources that it changes, and those that these restart.
    pub touched: Vec<Touched>,
}

/// How it was made: what the run is that it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The spec's folder or main file, from the folder that the saved plan is in.
    pub spec: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// From the spec's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<String>,
    /// The variables that were given from outside; their values are hashed for each host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vars: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotate: Vec<String>,
}

/// The commit that the spec's checkout was at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    pub commit: String,
    /// Something that the spec read was not as that commit has it; unknown where git could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
}

/// A file that the spec read, or a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub path: String,
    pub sha256: String,
}

/// What was given from outside: a variable or a secret, with the hash of its value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    pub vars: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, String>,
}

/// Which host it was, and in which state of its ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostBound {
    pub name: String,
    pub address: String,
    /// A hash of its machine-id; empty where it has none.
    pub machine: String,
    pub serial: u64,
    /// What the host's key makes of nothing: other hashes are worth comparing only while this one is the same.
    pub key: String,
    /// Hashed with the host's key.
    pub given: Given,
}

/// What a resource was like, hashed with its host's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Touched {
    pub address: String,
    /// `present`, `absent`, or `unseen` where it could not be looked at yet.
    pub state: String,
    /// Of each observed attribute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<(String, String)>,
    /// Of what each changed attribute is to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wanted: Vec<(String, String)>,
}
