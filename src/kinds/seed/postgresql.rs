//! Rows of PostgreSQL.

use crate::kinds::shared::database_engine::{Engine, POSTGRESQL, unhex};
use crate::resource::Variant;

use super::class::Class;
use super::tables::Tables;

pub const VARIANT: Variant = POSTGRESQL;

const ENGINE: Engine = Engine::Postgresql;

/// What PostgreSQL does.
#[derive(Debug)]
pub struct Postgresql;

impl Tables for Postgresql {
    fn engine(&self) -> Engine {
        ENGINE
    }

    fn split<'a>(&self, table: &'a str) -> (Option<&'a str>, &'a str) {
        table.split_once('.').map_or((None, table), |(schema, table)| (Some(schema), table))
    }

    fn columns(&self, at: usize, _database: &str, table: &str) -> String {
        let (schema, table) = self.split(table);
        format!(
            "SELECT {at},'column',{},udt_name,coalesce(numeric_scale::text,'') FROM information_schema.columns WHERE table_schema={} AND table_name={};",
            ENGINE.as_hex("column_name"),
            schema.map_or("current_schema()".to_string(), |schema| ENGINE.text(schema)),
            ENGINE.text(table)
        )
    }

    fn value(&self, column: &str) -> String {
        format!("coalesce('='||encode(convert_to({column}::text,'UTF8'),'hex'),'-')")
    }

    /// They are written as a text.
    fn bytes(&self, class: Class, found: &[u8]) -> Option<Vec<u8>> {
        match class {
            Class::Binary => unhex(std::str::from_utf8(found).ok()?.strip_prefix("\\x")?),
            _ => Some(found.to_vec()),
        }
    }

    fn truth(&self, value: bool) -> String {
        format!("'{value}'")
    }

    /// A quoted text takes the type of its column.
    fn number(&self, number: String) -> String {
        format!("'{number}'")
    }

    fn begin(&self) -> &'static str {
        "BEGIN;"
    }
}
