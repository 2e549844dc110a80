//! Rows of SQLite.

use crate::kinds::shared::database_engine::{Engine, SQLITE};
use crate::resource::Variant;

use super::tables::Tables;

pub const VARIANT: Variant = SQLITE;

const ENGINE: Engine = Engine::Sqlite;

/// What SQLite does.
#[derive(Debug)]
pub struct Sqlite;

impl Tables for Sqlite {
    fn engine(&self) -> Engine {
        ENGINE
    }

    fn columns(&self, at: usize, _database: &str, table: &str) -> String {
        let (name, table) = (ENGINE.as_hex("name"), ENGINE.text(table));
        format!("SELECT {at},'column',{name},'','' FROM pragma_table_info({table});")
    }

    /// Each value has a class of its own.
    fn value(&self, column: &str) -> String {
        format!(
            "CASE typeof({column}) WHEN 'null' THEN '-' WHEN 'real' THEN 'r'||lower(hex(printf('%!.17g',{column}))) ELSE \
             substr(typeof({column}),1,1)||lower(hex({column})) END"
        )
    }

    fn list(&self) -> &'static str {
        "VALUES "
    }

    fn begin(&self) -> &'static str {
        "BEGIN IMMEDIATE;"
    }
}
