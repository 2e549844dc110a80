//! Dumps of SQLite.

use crate::kinds::shared::database_engine::{Engine, SQLITE};
use crate::resource::{Claims, Confine, Feature, Space, Variant};

use super::source::Source;

pub const VARIANT: Variant = Variant {
    features: &[Feature { name: "databases one by one", attributes: &["database"] }],
    confine: &[Confine::Program("sqlite3")],
    ..SQLITE
};

/// What SQLite needs.
#[derive(Debug)]
pub struct Sqlite;

impl Source for Sqlite {
    fn functions(&self) -> String {
        format!("{}{}", Engine::Sqlite.dump(), include_str!("source.sh"))
    }

    fn refuse_database(&self, database: &str) -> Option<[String; 2]> {
        let is_path = database.starts_with('/') && !database.chars().any(char::is_control);
        (!is_path).then(|| {
            let help = "write `database: /var/lib/app/app.sqlite`";
            [format!("`{database}` is not the absolute path of a file"), help.into()]
        })
    }

    fn required_by(&self, claims: Claims, database: &str) -> Claims {
        claims.requires(Space::PATH, database)
    }
}
