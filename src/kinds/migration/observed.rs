//! What the database says of its migrations.

use crate::resource::Refusal;

use super::history::Waiting;
use super::record::Pending;

/// What the database says of its migrations.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// How many are applied.
    pub(super) applied: usize,
    pub(super) state: State,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    Files(Vec<Pending>),
    Tool(Vec<Waiting>),
    /// The record and the files do not fit together.
    Conflict(Refusal),
}
