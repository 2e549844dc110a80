//! Rows as the spec wants them, and how they compare with a table.

use indexmap::IndexMap;

use crate::kinds::shared::database_engine::Server;
use crate::model::Value;

use super::cell::Cell;
use super::tables::Tables;

/// Rows that a table has.
pub struct Seed;

/// The rows as the spec wants them.
#[derive(Clone, Debug)]
pub struct Desired {
    pub(super) server: Server,
    /// What its engine does.
    pub(super) tables: &'static dyn Tables,
    pub(super) database: String,
    pub(super) table: String,
    pub(super) key: Vec<String>,
    /// Whether a row that is there stays as it is.
    pub(super) keep: bool,
    pub(super) prune: bool,
    /// All columns that rows name, the key first.
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// A row by column.
pub(super) type Row = IndexMap<String, Cell>;

/// How the rows compare with the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// One for each row of the spec.
    pub(super) rows: Vec<State>,
    /// The keys of rows that the spec does not list; only looked for to prune them.
    pub(super) extra: Vec<Key>,
}

/// The key of a row as the table has it.
pub(super) type Key = Vec<Cell>;

/// How a row compares.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    Missing,
    There {
        key: Key,
        /// The columns that differ, with what they hold.
        differs: Vec<(String, Value)>,
    },
}

impl State {
    pub(super) fn is_there(&self) -> bool {
        *self != Self::Missing
    }
}

impl Desired {
    /// Returns the columns that count, the key first: where the rows are to go, only the key.
    pub(super) fn looked_at(&self, is_absent: bool) -> &[String] {
        if is_absent { &self.key } else { &self.columns }
    }
}

/// Names a row by its key: `rows[name=retention_days]`.
pub(super) fn row_name<'a>(desired: &Desired, cells: impl Iterator<Item = (&'a str, String)>) -> String {
    let key: Vec<String> = cells
        .filter(|(column, _)| desired.key.iter().any(|key| key == column))
        .map(|(column, text)| format!("{column}={text}"))
        .collect();
    format!("rows[{}]", key.join(","))
}

/// Writes a value of a key.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        _ => String::new(),
    }
}
