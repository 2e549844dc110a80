//! What a package manager does.

use crate::rows;

rows! {
    _ =>
    /// What the programs of all managers are given.
    pub(super) struct Wanted { package, pattern, goes, recommends, replaces }
}

/// What a package manager does. Its programs are put together with `states.sh`, which says what the rows are.
pub trait Manager: Sync {
    /// Returns the shell functions of a probe: `package_list`, and `package_unknown NAME[=PATTERN]…`, which writes
    /// those that no repository has, one a line, as far as the host knows that: the name alone, or with the version that is lacking.
    fn look(&self) -> &'static str;
    /// Returns the program that installs packages in one transaction.
    fn install(&self) -> &'static str;
    /// Returns the program that marks packages which are there as wanted for themselves.
    fn mark(&self) -> &'static str;
    /// Returns the program that removes packages in one transaction.
    fn remove(&self) -> &'static str;
    /// Returns whether it is the name of a package.
    fn is_name(&self, name: &str) -> bool;
    /// Returns what a name is made of, for one that is none.
    fn name_help(&self) -> &'static str;
    /// Returns whether it is a version, or the beginning of one.
    fn is_version(&self, version: &str) -> bool;
}
