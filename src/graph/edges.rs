//! Hard edges while they are gathered.

use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashSet;

use crate::diagnostic::Span;

use super::{Input, Node, Reason};

/// The hard edges there are.
pub(super) struct Edges<'a> {
    inputs: &'a [Input],
    pub hard: DiGraph<(), Reason>,
    /// The edges there are; looking for one at a folder of many files would walk all of them.
    known: FxHashSet<(Node, Node)>,
}

impl<'a> Edges<'a> {
    pub fn new(inputs: &'a [Input]) -> Self {
        let mut hard = DiGraph::with_capacity(inputs.len(), inputs.len() * 2);
        for _ in inputs {
            hard.add_node(());
        }
        Self { inputs, hard, known: FxHashSet::default() }
    }

    /// An edge that follows from claims: what is needed goes only after what needed it.
    pub fn inferred(&mut self, before: Node, after: Node, reason: impl FnOnce() -> Reason) {
        if self.inputs[before].absent {
            self.add(after, before, reason);
        } else {
            self.add(before, after, reason);
        }
    }

    /// An edge the spec asks for: once that is done, whether it comes or goes. Where both go, they go in the order opposite
    /// to that in which they came.
    pub fn explicit(&mut self, before: Node, after: Node, span: Span) {
        if self.inputs[before].absent && self.inputs[after].absent {
            self.insert(after, before, || Reason::DependsOn(span));
        } else {
            self.insert(before, after, || Reason::DependsOn(span));
        }
    }

    pub fn add(&mut self, before: Node, after: Node, reason: impl FnOnce() -> Reason) {
        // A claim a resource provides for itself is no edge.
        if before != after {
            self.insert(before, after, reason);
        }
    }

    fn insert(&mut self, before: Node, after: Node, reason: impl FnOnce() -> Reason) {
        // Of several reasons for one edge the first is enough.
        if self.known.insert((before, after)) {
            self.hard.add_edge(NodeIndex::new(before), NodeIndex::new(after), reason());
        }
    }
}
