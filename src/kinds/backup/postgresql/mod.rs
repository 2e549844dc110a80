//! Dumps of PostgreSQL.

use crate::kinds::shared::database_engine::{Engine, POSTGRESQL};
use crate::resource::{Confine, Feature, Variant};

use super::source::{Source, refuse_name};

pub const VARIANT: Variant = Variant {
    features: &[
        Feature { name: "databases one by one", attributes: &["database"] },
        Feature { name: "logins by a file", attributes: &["credentials"] },
    ],
    confine: &[Confine::Program("pg_dump")],
    ..POSTGRESQL
};

/// What PostgreSQL needs.
#[derive(Debug)]
pub struct Postgresql;

impl Source for Postgresql {
    fn functions(&self) -> String {
        format!("{}{}", Engine::Postgresql.dump(), include_str!("source.sh"))
    }

    fn refuse_database(&self, database: &str) -> Option<[String; 2]> {
        refuse_name(Engine::Postgresql, database)
    }
}
