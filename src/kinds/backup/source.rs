//! What a backup is of.

use std::fmt::Debug;

use crate::kinds::shared::database_engine::Engine;
use crate::resource::Claims;

/// What a backup is of.
pub(super) trait Source: Debug + Sync {
    /// Returns the shell functions that `program.sh` needs of it; `mysql/source.sh` says which.
    fn functions(&self) -> String;
    /// Returns why a text cannot be the database, and the way out.
    fn refuse_database(&self, _database: &str) -> Option<[String; 2]> {
        None
    }
    /// Adds what else a backup of this database requires.
    fn required_by(&self, claims: Claims, _database: &str) -> Claims {
        claims
    }
}

/// Returns why a text cannot be the name of a database of an engine with a server, and the way out.
pub(super) fn refuse_name(engine: Engine, database: &str) -> Option<[String; 2]> {
    let help = "write it as the server has it".to_string();
    engine.refuse_name(database).map(|why| [format!("the name `{database}` {why}"), help])
}
