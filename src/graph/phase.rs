//! The order of habit: requirements, sources of packages, packages, everything else, packages that go, checks.
//!
//! A phase is no edge. On each host, a resource waits for all resources of lower phases; that this never closes a cycle
//! is by construction: a resource that something of an earlier phase really depends on is moved into that phase.

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};

use crate::resource::Phase;

use super::{Input, Node, Reason};

/// Returns the phase of every resource: its own, or the lowest of those that depend on it; and which one that is.
pub fn settle(inputs: &[Input], hard: &DiGraph<(), Reason>) -> (Vec<Phase>, Vec<Option<Node>>) {
    let mut phases: Vec<Phase> = inputs
        .iter()
        .map(|input| match input.claims.phase {
            Phase::PackageSource | Phase::Package if input.absent => Phase::Removal,
            phase => phase,
        })
        .collect();
    let mut moved_by = vec![None; inputs.len()];
    let mut work: Vec<usize> = (0..inputs.len()).collect();
    while let Some(node) = work.pop() {
        for before in hard.neighbors_directed(NodeIndex::new(node), Direction::Incoming).map(NodeIndex::index) {
            if phases[before] > phases[node] {
                phases[before] = phases[node];
                moved_by[before] = Some(node);
                work.push(before);
            }
        }
    }
    (phases, moved_by)
}
