//! The history of a host, read.

use serde_json::{Value as Json, json};

/// A run, as a host's history has it.
pub(super) struct Past {
    pub when: String,
    pub spec: String,
    pub host: String,
    pub user: String,
    pub machine: String,
    pub commit: String,
    pub outcome: String,
    pub counts: [String; 5],
    pub seconds: String,
    pub serial: String,
}

impl Past {
    pub fn read(fields: &[String]) -> Option<Self> {
        let [version, when, spec, host, user, machine, _path, commit, outcome, counts @ .., seconds, serial] = fields
        else {
            return None;
        };
        let counts: [String; 5] = counts.to_vec().try_into().ok()?;
        let [when, spec, host, user, machine, commit, outcome, seconds, serial] =
            [when, spec, host, user, machine, commit, outcome, seconds, serial].map(Clone::clone);
        (version == "1").then_some(Self { when, spec, host, user, machine, commit, outcome, counts, seconds, serial })
    }

    /// Says who it was, for a reader.
    pub fn who(&self) -> String {
        let commit = if self.commit.is_empty() { String::new() } else { format!(", commit {}", self.commit) };
        let user = if self.user.is_empty() { "somebody" } else { &self.user };
        format!("{user} on {}{commit}", self.machine)
    }

    pub fn json(&self) -> Json {
        let [created, changed, deleted, run, failed] = &self.counts;
        let number = |text: &String| text.parse::<u64>().ok();
        json!({
            "when": self.when, "spec": self.spec, "host": self.host, "user": self.user, "machine": self.machine,
            "commit": self.commit, "outcome": self.outcome, "seconds": number(&self.seconds), "serial": number(&self.serial),
            "created": number(created), "changed": number(changed), "deleted": number(deleted), "run": number(run),
            "failed": number(failed),
        })
    }
}
