//! Rows as the spec wants them, and how they compare with a table.

use indexmap::IndexMap;

use crate::kinds::shared::database_engine::Server;
use crate::model::Value;

use super::cell::Cell;
use super::class::Found;
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
    pub(super) extra: Vec<Vec<Found>>,
}

/// How a row compares.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    Missing,
    Same,
    /// The columns that differ, with what they hold.
    Differs(Vec<(String, Value)>),
}
