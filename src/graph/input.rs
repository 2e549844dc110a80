//! What a graph is built from.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::model::{Address, OwedAction, Until};
use crate::resource::{Claim, Claims, Trigger};

/// What the graph needs to know of a resource.
#[derive(Clone, Debug)]
pub struct Input {
    pub address: Address,
    /// Where the spec declares it.
    pub span: Span,
    pub claims: Claims,
    pub triggers: Vec<Trigger>,
    /// `depends_on:`, as written.
    pub depends_on: Vec<(String, Span)>,
    /// What its values wait for.
    pub waits_for: Vec<Until>,
    pub absent: bool,
    /// `when: false`: it provides nothing, and its edges pass through it.
    pub left_alone: bool,
}

/// Why one resource comes before another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// `depends_on:` says so, at this place.
    DependsOn(Span),
    /// It provides what the other requires.
    Provides(Claim),
    /// It provides what the other comes after by habit.
    Follows(Claim),
    /// It is the nearest declared folder above the other's path.
    Contains(Arc<str>),
    /// A value of the other is known only once it is applied.
    Value,
    /// The other restarts or reloads when it changes.
    Triggers(OwedAction),
}

impl Reason {
    /// Returns whether the one after cannot do without the one before: it does not only come later by habit, or react.
    pub fn is_need(&self) -> bool {
        !matches!(self, Self::Follows(_) | Self::Triggers(_))
    }
}

/// Where a resource stands in the graph: its index among the inputs.
pub type Node = usize;
