//! What a package manager makes of a repository.

use super::repository::{Desired, Files};
use crate::{records, rows};

rows! {
    _ => pub(super) struct Asked { name, ending, wanted_sources, wanted_pin }
}

rows! {
    _ => pub(super) struct Wanted { name, ending, sources_size, key_size, pin_size }
}

rows! {
    _ => pub(super) struct Going { name }
}

records! {
    _ =>
    /// What the programs of all managers say.
    pub(super) enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "present" => Present { sources, key, pin, key_size, access },
        "content" => Content { which, base64 },
        _ => Other { state },
    }
}

/// What a package manager makes of a repository.
pub trait Manager: Sync {
    /// Returns the program that observes; all of them take the same rows and write the same records.
    fn probe(&self) -> &'static str;
    /// Returns the program that puts the files of repositories in place and reads their lists.
    fn apply(&self) -> &'static str;
    /// Returns the program that takes the files of repositories away.
    fn remove(&self) -> &'static str;
    /// Writes the files of a repository.
    fn files(&self, name: &str, desired: &Desired) -> Files;
    /// Returns the paths of the files, that of the sources first.
    fn paths(&self, name: &str, desired: &Desired) -> Vec<String>;
}
