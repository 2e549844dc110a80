//! Restarts and reloads that are owed.

use super::sha256;

/// What a service is owed after something it reads has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OwedAction {
    Reload,
    Restart,
}

impl OwedAction {
    /// Returns the word for it in the host's records and in output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::Restart => "restart",
        }
    }
}

/// A restart or reload owed to a resource; recorded on the host before the change that owes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// `kind:name` on its host.
    pub resource: String,
    pub action: OwedAction,
}

impl Owed {
    /// Names its record on the host: readable, and different for different resources, so that a record tells what it is
    /// about even where nothing is left in it.
    pub fn record(&self) -> String {
        let plain = |one: char| if one.is_ascii_alphanumeric() { one } else { '_' };
        let readable: String = self.resource.chars().take(80).map(plain).collect();
        let hash = &sha256(self.resource.as_bytes())[..16];
        format!("{}-{readable}-{hash}", self.action.word())
    }
}
