//! Rows of MySQL and MariaDB.

use crate::kinds::shared::database_engine::{Engine, MYSQL};
use crate::resource::Variant;

use super::class::Class;
use super::tables::Tables;

pub const VARIANT: Variant = MYSQL;

const ENGINE: Engine = Engine::Mysql;

/// What MySQL and MariaDB do.
#[derive(Debug)]
pub struct Mysql;

impl Tables for Mysql {
    fn engine(&self) -> Engine {
        ENGINE
    }

    fn columns(&self, at: usize, database: &str, table: &str) -> String {
        format!(
            "SELECT {at},'column',{},DATA_TYPE,IFNULL(NUMERIC_SCALE,'') FROM information_schema.COLUMNS WHERE TABLE_SCHEMA={} AND TABLE_NAME={};",
            ENGINE.as_hex("COLUMN_NAME"),
            ENGINE.text(database),
            ENGINE.text(table)
        )
    }

    fn class(&self) -> Class {
        Class::Text
    }

    /// Numbers and times are binary there, and written as texts; a text may be in another character set.
    fn value(&self, column: &str) -> String {
        format!(
            "IFNULL(CONCAT('=',LOWER(IF(CHARSET({column})='binary',HEX(CAST({column} AS BINARY)),HEX(CONVERT({column} USING utf8mb4))))),'-')"
        )
    }

    fn has_bits(&self) -> bool {
        true
    }

    fn begin(&self) -> &'static str {
        "START TRANSACTION;"
    }
}
