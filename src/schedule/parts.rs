//! What of a frame may run side by side.
//!
//! The resources of a frame that may leave the main lane fall into groups: those that depend on each other, near or far,
//! are of one group and go one after another. What the main lane does is before all groups, after some, or neither.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Node;
use crate::model::Lock;
use crate::resource::Lane;

use super::{Batch, MOST_BESIDE, Schedule};

/// A frame taken apart.
pub(super) struct Parts {
    /// All of the frame, in its order.
    nodes: Vec<Part>,
    /// The groups that could start now, each with those of its resources that need nothing else first.
    groups: Vec<Vec<Node>>,
    /// How many groups there are, those that cannot start yet too.
    count: usize,
}

/// A resource of the frame.
struct Part {
    node: Node,
    is_main: bool,
    /// What of the frame has to be in place before it.
    gates: Vec<Node>,
    /// It waits for what may leave the main lane.
    is_after: bool,
    /// What may leave the main lane waits for it.
    is_before: bool,
}

impl Parts {
    /// Takes a frame apart.
    pub fn of<'b>(schedule: &Schedule, batches: impl Iterator<Item = &'b Batch>) -> Self {
        let in_order: Vec<Node> = batches.flat_map(|batch| batch.nodes.iter().copied()).collect();
        let all: BTreeSet<Node> = in_order.iter().copied().collect();
        let mut nodes: Vec<Part> = Vec::new();
        // By resource: where it is in `nodes`, and the groups it belongs to or waits for.
        let mut places: BTreeMap<Node, usize> = BTreeMap::new();
        let mut marks: Vec<BTreeSet<usize>> = Vec::new();
        let mut groups = Groups::default();
        let mut shared: BTreeMap<Lock, usize> = BTreeMap::new();
        for node in in_order {
            let task = &schedule.tasks[node];
            let gates = schedule.gates(&[node], &all);
            let mut marked: BTreeSet<usize> =
                gates.iter().filter_map(|gate| places.get(gate)).flat_map(|&at| marks[at].iter().copied()).collect();
            let is_after = !marked.is_empty();
            if task.lane != Lane::Main {
                let group = groups.add();
                marked.iter().for_each(|&other| groups.join(group, other));
                if let Lane::Shared(lock) = task.lane {
                    let other = *shared.entry(lock).or_insert(group);
                    groups.join(group, other);
                }
                marked = BTreeSet::from([group]);
            }
            places.insert(node, nodes.len());
            marks.push(marked);
            nodes.push(Part { node, is_main: task.lane == Lane::Main, gates, is_after, is_before: false });
        }
        for at in (0..nodes.len()).rev() {
            if !nodes[at].is_main || nodes[at].is_before {
                for gate in nodes[at].gates.clone() {
                    nodes[places[&gate]].is_before = true;
                }
            }
        }
        let mut free: BTreeMap<usize, BTreeSet<Node>> = BTreeMap::new();
        let mut ready: BTreeMap<usize, Vec<Node>> = BTreeMap::new();
        let mut roots = BTreeSet::new();
        for (part, marked) in nodes.iter().zip(&marks).filter(|(part, _)| !part.is_main) {
            // Made above: one group for each.
            let Some(group) = marked.first().map(|&group| groups.root(group)) else { continue };
            roots.insert(group);
            let free = free.entry(group).or_default();
            if part.gates.iter().all(|gate| free.contains(gate)) && !schedule.is_lane_taken(part.node) {
                free.insert(part.node);
                ready.entry(group).or_default().push(part.node);
            }
        }
        Self { nodes, groups: ready.into_values().collect(), count: roots.len() }
    }

    /// Returns whether anything of it could run side by side.
    pub fn are_worth_it(&self) -> bool {
        self.count > 1 || self.nodes.iter().any(|part| part.is_main && !part.is_before && !part.is_after)
    }

    /// Returns what goes first in the main lane: what is needed by that which may leave it.
    pub fn first(&self) -> BTreeSet<Node> {
        self.main().filter(|part| part.is_before).map(|part| part.node).collect()
    }

    /// Returns what goes into the main lane meanwhile.
    pub fn rest(&self) -> BTreeSet<Node> {
        self.main().map(|part| part.node).collect()
    }

    /// Returns what goes into one lane beside it, where this many are free. Where there are many groups, several of them
    /// share a frame: a round trip for each would take longer than it saves.
    pub fn beside(&self, room: usize) -> BTreeSet<Node> {
        if room == 0 {
            return BTreeSet::new();
        }
        let share = self.groups.len().div_ceil(2 * MOST_BESIDE);
        self.groups.iter().take(share).flatten().copied().collect()
    }

    /// What of the main lane waits for nothing outside it.
    fn main(&self) -> impl Iterator<Item = &Part> {
        self.nodes.iter().filter(|part| part.is_main && !part.is_after)
    }
}

/// Sets of groups that turned out to be one.
#[derive(Default)]
struct Groups(Vec<usize>);

impl Groups {
    fn add(&mut self) -> usize {
        self.0.push(self.0.len());
        self.0.len() - 1
    }

    fn root(&self, mut group: usize) -> usize {
        while self.0[group] != group {
            group = self.0[group];
        }
        group
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        // The earlier one stands for both.
        self.0[one.max(other)] = one.min(other);
    }
}
