//! What a kind's programs use on a host, as they were seen to.

use std::collections::{BTreeMap, BTreeSet};

/// What the programs of a kind used while its trials ran under a recorder, besides what every Debian system has. A kind keeps
/// it in `uses.yaml`, which `make uses` writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Uses {
    /// Programs that were started, by the package they are from; none where they are the package's own affair.
    pub programs: BTreeMap<String, BTreeSet<String>>,
    /// Paths that were opened, also those that were not there. `{name}` and the like is what a spec chooses, `~` a home, and
    /// `/**` whatever lies below.
    pub reads: BTreeSet<String>,
    /// Paths that were made, written or taken away.
    pub writes: BTreeSet<String>,
}

impl Uses {
    /// Reads the text of `uses.yaml`.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }
}
