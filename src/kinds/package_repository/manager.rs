//! What a package manager makes of a repository.

use super::repository::{Desired, Files};

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
