//! What a spec owns on a host: its ledger and its journal, as texts and as values.
//!
//! The ledger is written whole at the end of each run that changed the host or found something new ([`Ledger::write`]). In between, the
//! host notes in the journal what it is about to do and what became of it ([`Journal`]): what a run that was killed has
//! made is told from that. Both are read in the first request of a run. The formats are in `docs/host-protocol.md`.

mod history;
mod identity;
mod journal;
mod text;

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::{Secret, sha256};

pub use history::Past;
pub use identity::Identity;
pub use journal::{Intent, Interrupted, Journal};
pub use text::LedgerError;

/// What one spec owns on one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Keys the hashes; never leaves the host but for the memory of a run.
    pub key: Secret,
    /// How many runs have written it.
    pub serial: u64,
    /// By `kind:name`.
    pub entries: BTreeMap<String, Entry>,
    /// Saved plans that were applied, the last ones.
    pub used: Vec<UsedPlan>,
}

/// A resource that a spec owns on a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub origin: Origin,
    /// A plan that would delete it is refused, whether or not the spec still has it.
    pub prevent_destroy: bool,
    /// What becomes of it once it has left the spec.
    pub prune: Prune,
    /// What the spec wanted, hashed with the ledger's key; empty where that was not known.
    pub desired: String,
    /// What was observed after the last apply, hashed with the ledger's key; empty where a run was cut off before it looked.
    pub observed: String,
    /// Which run wrote this.
    pub serial: u64,
    /// When, in UTC: `2026-11-30T14:05:10Z`.
    pub when: String,
    /// What is needed to find it again once the spec does not say it any more.
    pub identity: Option<Identity>,
}

/// How a resource came to be a spec's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A run made it: it is deleted once it leaves the spec.
    Created,
    /// It was there before: it is let go, and stays.
    Found,
}

/// What becomes of a resource that has left the spec, where a run created it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prune {
    #[default]
    Delete,
    /// It is deleted once somebody has named it.
    Confirm,
    /// It is let go, and stays.
    Keep,
}

impl Prune {
    /// The words for it in specs.
    pub const WORDS: &'static [&'static str] = &["delete", "confirm", "keep"];

    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Confirm => "confirm",
            Self::Keep => "keep",
        }
    }

    /// Reads the word for it.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Delete, Self::Confirm, Self::Keep]
            .into_iter()
            .zip(Self::WORDS)
            .find(|(_, own)| **own == word)
            .map(|(prune, _)| prune)
    }
}

impl Origin {
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Found => "found",
        }
    }
}

/// A saved plan that was applied, and is not applied again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedPlan {
    /// Of the plan, in hexadecimal digits.
    pub digest: String,
    pub when: String,
    pub who: String,
}

impl Ledger {
    /// How many saved plans are remembered.
    const MOST_USED: usize = 100;

    /// Starts a ledger with a key that nobody else knows.
    pub fn new(key: Secret) -> Self {
        Self { key, serial: 0, entries: BTreeMap::new(), used: Vec::new() }
    }

    /// Remembers that a saved plan was applied.
    pub fn note_used(&mut self, used: UsedPlan) {
        self.used.push(used);
        let excess = self.used.len().saturating_sub(Self::MOST_USED);
        self.used.drain(..excess);
    }
}

/// Returns the name of the file that a spec's ledger on a host has there; the same for its journal, in another folder.
pub fn file_name(spec: &str, host: &str) -> String {
    format!("{}@{}", plain(spec), plain(host))
}

/// Writes a name with nothing but letters, digits, `-`, `_` and dots that are not the first; what is very long is cut, and ends in a
/// hash of all of it.
fn plain(name: &str) -> String {
    const MOST: usize = 100;
    let mut plain = String::new();
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => plain.push(byte.into()),
            b'.' if at > 0 => plain.push('.'),
            _ => {
                let _ = write!(plain, "%{byte:02x}");
            }
        }
    }
    if plain.len() > MOST {
        plain.truncate(MOST);
        plain.push('%');
        plain.push_str(&sha256(name.as_bytes())[..16]);
    }
    plain
}

#[cfg(test)]
mod tests;
