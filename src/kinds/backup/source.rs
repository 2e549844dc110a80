//! What a backup is of.

use std::fmt::Debug;

use crate::resource::Claims;

/// What a backup is of.
pub(super) trait Source: Debug + Sync {
    /// Returns the shell functions that `program.sh` needs of it; `mysql/source.sh` says which.
    fn functions(&self) -> String;
    /// Returns why a text cannot be the database, which stands in quotes of SQL in the program, and the way out.
    fn refuse_database(&self, database: &str) -> Option<[String; 2]> {
        let is_plain = !database.is_empty() && database.chars().all(|c| c.is_alphanumeric() || "_-.$".contains(c));
        (!is_plain).then(|| {
            let help = "letters, digits, `_`, `-`, `.` and `$` are taken";
            [format!("`{database}` is not taken as the name of a database"), help.into()]
        })
    }
    /// Adds what else a backup of this database requires.
    fn required_by(&self, claims: Claims, _database: &str) -> Claims {
        claims
    }
}
