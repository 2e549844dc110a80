//! Rows of SQLite.

use crate::kinds::shared::database_engine::{Engine, SQLITE};
use crate::resource::Variant;

use super::class::GENERATED;
use super::rows::Desired;
use super::sql;
use super::statements::Statements;
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
        format!(
            "SELECT {at},'column',{name},CASE WHEN hidden IN (2,3) THEN '{GENERATED}' ELSE '' END,'' FROM pragma_table_xinfo({table}) WHERE hidden<>1;"
        )
    }

    /// Each value has a class of its own.
    fn value(&self, column: &str) -> String {
        format!(
            "CASE typeof({column}) WHEN 'null' THEN '-' WHEN 'real' THEN 'r'||lower(hex(printf('%!.17g',{column}))) ELSE \
             substr(typeof({column}),1,1)||lower(hex({column})) END"
        )
    }

    fn has_mixed_lists(&self) -> bool {
        true
    }

    fn list(&self) -> &'static str {
        "VALUES "
    }

    fn begin(&self) -> &'static str {
        "BEGIN IMMEDIATE;"
    }
}

impl Statements for Sqlite {
    /// A comparison with a column makes of a value what the column would hold; its collation would take other texts for the same.
    fn look(&self, at: usize, desired: &Desired, columns: &[String]) -> Vec<String> {
        let names: Vec<String> = (0..columns.len()).map(|place| format!("c{place}")).collect();
        let same = |place, name: &str| format!("t.{name} IS w.c{place} COLLATE BINARY");
        let select = sql::select(at, desired, columns, "w.n", same);
        let on = sql::on(desired, |place, name| format!("t.{name}=w.c{place}"));
        let look = |list| {
            format!(
                "WITH w(n,{}) AS (VALUES {list}) {select} FROM w CROSS JOIN {} AS t WHERE {on};",
                names.join(","),
                sql::table(desired)
            )
        };
        sql::values(desired, columns).into_iter().map(look).collect()
    }
}
