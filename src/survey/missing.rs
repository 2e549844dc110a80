//! Hosts that a run goes on without: they could not be reached, or `--exclude` names them.

/// Why a run goes on without a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// It could not be observed.
    Unreachable,
    /// `--exclude` names it.
    Excluded,
}

/// What a resource needs and does not get, because the run goes on without its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wants {
    /// What it needs: a resource, or the facts of the host.
    pub what: String,
    pub host: String,
    pub why: Missing,
}

impl Wants {
    /// Says why it is left as it is, after "because".
    pub fn why(&self) -> String {
        match self.why {
            Missing::Unreachable => format!("it needs {}, and {} cannot be reached", self.what, self.host),
            Missing::Excluded => format!("it needs {}, and --exclude leaves {} out", self.what, self.host),
        }
    }
}
