//! Dumps of MySQL and MariaDB.

use crate::kinds::shared::database_engine::{Engine, MYSQL};
use crate::resource::{Confine, Feature, Variant};

use super::source::{Source, refuse_name};

pub const VARIANT: Variant = Variant {
    features: &[
        Feature { name: "databases one by one", attributes: &["database"] },
        Feature { name: "logins by a file", attributes: &["credentials"] },
    ],
    confine: &[Confine::Program("mysqldump")],
    ..MYSQL
};

/// What MySQL and MariaDB need.
#[derive(Debug)]
pub struct Mysql;

impl Source for Mysql {
    fn functions(&self) -> String {
        format!("{}{}", Engine::Mysql.dump(), include_str!("source.sh"))
    }

    fn refuse_database(&self, database: &str) -> Option<[String; 2]> {
        refuse_name(Engine::Mysql, database)
    }
}
