//! What a run makes, for the ledger: what was not there before it.

use std::collections::BTreeSet;

use crate::graph::Node;
use crate::model::Action;

use super::{Execution, Turn};

impl Execution<'_, '_> {
    /// Takes note of what is changed and was as if it were not there.
    pub(super) fn note_as_if_absent(&mut self, node: Node, action: Action) {
        if action == Action::Update && self.survey.is_as_if_absent(node) {
            self.as_if_absent.insert(node);
        }
    }

    /// Returns the resources that steps of the run were to create.
    pub(super) fn created(&self) -> BTreeSet<Node> {
        let is_created = |node: &Node, turn: &Turn| match turn.action {
            Action::Create | Action::Replace => true,
            _ => self.as_if_absent.contains(node),
        };
        self.turns.iter().filter(|(node, turn)| is_created(node, turn)).map(|(&node, _)| node).collect()
    }
}
