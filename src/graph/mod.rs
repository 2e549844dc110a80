//! One directed acyclic graph over all hosts: what must be in place before what, and why.
//!
//! Built in small steps, in this order because each needs the one before: claims of all resources are indexed
//! ([`index`]), hard edges follow from them and from `depends_on` ([`build`]), then edges of habit between two resources
//! wherever they close no cycle ([`habit`]), cycles among the hard ones are errors ([`cycle`]), and last come the phases, which by
//! construction never close a cycle ([`phase`]).

mod build;
mod cycle;
mod edges;
mod habit;
mod index;
mod input;
mod phase;

use std::collections::HashSet;
use std::sync::Arc;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::model::OwedAction;
use crate::resource::{Claim, Phase};

pub use build::build;
pub use input::{Input, Node, Reason};

/// What must be in place before what.
#[derive(Debug)]
pub struct Graph {
    hard: DiGraph<(), Reason>,
    /// The phase by habit, lowered where a real edge asks for it.
    phases: Vec<Phase>,
    /// For each resource: what depends on it and is of an earlier phase, so that it is too.
    moved_by: Vec<Option<Node>>,
    hosts: Vec<Arc<str>>,
    order: Vec<Node>,
    /// For each resource that restarts or reloads: whose change does it.
    triggers: Vec<Vec<(Node, OwedAction)>>,
    /// The same the other way round: whom a change of it restarts or reloads.
    triggered: Vec<Vec<(Node, OwedAction)>>,
    /// For each resource: what provides what its observation reads.
    reads: Vec<Vec<Node>>,
    /// Whether it requires something that no resource is known to provide, so that any package may bring it.
    relies_on_packages: Vec<bool>,
    /// Claims with their providers.
    index: index::ClaimIndex,
}

impl Graph {
    /// Returns all resources, each after what it depends on; equal inputs give equal orders.
    pub fn order(&self) -> &[Node] {
        &self.order
    }

    /// Returns what must be in place before a resource, with the reasons.
    pub fn dependencies(&self, node: Node) -> impl Iterator<Item = (Node, &Reason)> {
        self.hard
            .edges_directed(NodeIndex::new(node), Direction::Incoming)
            .map(|edge| (edge.source().index(), edge.weight()))
    }

    /// Returns what depends on a resource, with the reasons.
    pub fn dependants(&self, node: Node) -> impl Iterator<Item = (Node, &Reason)> {
        self.hard
            .edges_directed(NodeIndex::new(node), Direction::Outgoing)
            .map(|edge| (edge.target().index(), edge.weight()))
    }

    /// Returns all that depends on a resource, near or far.
    pub fn after(&self, node: Node) -> HashSet<Node> {
        let mut after = HashSet::new();
        let mut work = vec![node];
        while let Some(node) = work.pop() {
            work.extend(self.dependants(node).map(|(other, _)| other).filter(|&other| after.insert(other)));
        }
        after
    }

    /// Returns where a resource stands by habit: on one host, every phase comes before the next.
    pub fn phase(&self, node: Node) -> Phase {
        self.phases[node]
    }

    /// Returns which resource that depends on this one moved it into an earlier phase than its own.
    pub fn moved_by(&self, node: Node) -> Option<Node> {
        self.moved_by[node]
    }

    /// Returns whose changes restart or reload a resource.
    pub fn triggers(&self, node: Node) -> &[(Node, OwedAction)] {
        &self.triggers[node]
    }

    /// Returns whom a change of a resource restarts or reloads.
    pub fn triggered_by(&self, node: Node) -> &[(Node, OwedAction)] {
        &self.triggered[node]
    }

    /// Returns what provides what a resource's observation reads.
    pub fn reads(&self, node: Node) -> &[Node] {
        &self.reads[node]
    }

    /// Returns whether a resource requires something that any package of its host may bring.
    pub fn relies_on_packages(&self, node: Node) -> bool {
        self.relies_on_packages[node]
    }

    /// Returns what provides a claim on a host.
    pub fn providers(&self, host: &str, claim: &Claim) -> Vec<Node> {
        self.index.of_host(host).into_iter().flat_map(|of_host| of_host.find(claim)).collect()
    }

    /// Returns whether another resource of its host provides exactly this for a resource.
    pub fn is_provided_for(&self, node: Node, claim: &Claim) -> bool {
        self.index.of_host(&self.hosts[node]).is_some_and(|of_host| of_host.is_provided_for(node, claim))
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Returns the host a resource is on.
    pub fn host(&self, node: Node) -> &str {
        &self.hosts[node]
    }
}

#[cfg(test)]
mod tests;
