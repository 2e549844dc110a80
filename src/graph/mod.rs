//! One directed acyclic graph over all hosts: what must be in place before what, and why.
//!
//! Built in small steps, in this order because each needs the one before: claims of all resources are indexed
//! ([`index`]), hard edges follow from them and from `depends_on` ([`build`]), then edges of habit between two resources
//! wherever they close no cycle ([`habit`]), cycles among the hard ones are errors ([`cycle`]), and last come the phases, which by
//! construction never close a cycle ([`phase`]).

mod build;
mod cycle;
mod habit;
mod index;
mod phase;

use std::sync::Arc;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::diagnostic::Span;
use crate::model::{Address, OwedAction, Until};
use crate::resource::{Claim, Claims, Phase, Trigger};

pub use build::build;

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

/// What must be in place before what.
#[derive(Debug)]
pub struct Graph {
    hard: DiGraph<(), Reason>,
    /// The phase by habit, lowered where a real edge asks for it.
    phases: Vec<Phase>,
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

    /// Returns where a resource stands by habit: on one host, every phase comes before the next.
    pub fn phase(&self, node: Node) -> Phase {
        self.phases[node]
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

    /// Says whether a resource requires something that any package of its host may bring.
    pub fn relies_on_packages(&self, node: Node) -> bool {
        self.relies_on_packages[node]
    }

    /// Returns what provides a claim on a host.
    pub fn providers(&self, host: &str, claim: &Claim) -> Vec<Node> {
        self.index.of_host(host).into_iter().flat_map(|of_host| of_host.find(claim)).collect()
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
