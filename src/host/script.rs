//! What a host answers that is not there.
//!
//! ```yaml
//! facts: { hostname: app1, os: { id: debian } }      # over those of a small Debian 12 host
//! owed: [restart service:nginx]
//! now:                                               # kind: name: records of fields
//!   directory:
//!     /srv: [[directory, root, root, "0755"]]
//! later:                                             # the same, once a step has changed the resource
//!   directory:
//!     /opt/app: [[directory, app, app, "0750"]]
//! absent: [absent]                                   # the record of what is not listed
//! steps:                                             # by a part of their purpose; all others end with 0
//!   - step: install
//!     status: 100
//!     output: ["E: Unable to locate package"]
//!     failed_rows: { 0: no such package }
//!     lost: true                                     # the connection goes while it runs
//!     brings:                                        # what else it changes, as in `now`
//!       file:
//!         /etc/app.conf: [[file, root, root, "0644", "3", …]]
//! ```
//!
//! Where a kind tells what it expects after its steps, that is what it sees then, unless `later` says otherwise.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a host answers that is not there.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    pub(super) facts: serde_json::Map<String, serde_json::Value>,
    pub(super) owed: Vec<String>,
    pub(super) now: Answers,
    pub(super) later: Answers,
    pub(super) absent: Vec<String>,
    pub(super) steps: Vec<ScriptedStep>,
    /// Why it cannot be reached at all.
    pub(super) unreachable: Option<String>,
}

/// Records by kind and name.
pub(super) type Answers = BTreeMap<String, BTreeMap<String, Vec<Vec<String>>>>;

impl Default for Script {
    fn default() -> Self {
        Self {
            facts: serde_json::Map::new(),
            owed: Vec::new(),
            now: Answers::new(),
            later: Answers::new(),
            absent: vec!["absent".into()],
            steps: Vec::new(),
            unreachable: None,
        }
    }
}

/// How a step goes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ScriptedStep {
    pub step: String,
    pub status: i32,
    pub output: Vec<String>,
    pub failed_rows: BTreeMap<usize, String>,
    pub lost: bool,
    pub brings: Answers,
}

/// Why a text is not a script.
#[derive(Debug, thiserror::Error)]
#[error("not a replayed host: {0}")]
pub struct NotAScript(String);

impl Script {
    /// Reads a script.
    pub fn read(text: &str) -> Result<Self, NotAScript> {
        serde_saphyr::from_str(text).map_err(|error| NotAScript(error.to_string()))
    }
}
