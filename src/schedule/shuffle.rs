//! Another order than the usual one. Any order that the graph allows must work, and the usual one tries only one of them: a
//! missing edge shows where what should come first comes last.

use std::collections::BTreeMap;

use crate::graph::Node;
use crate::resource::Phase;

/// The most resources in one of its frames.
const MOST: usize = 6;

/// Chooses among what the graph allows; equal seeds choose alike.
#[derive(Clone, Debug)]
pub(super) struct Shuffle(fastrand::Rng);

impl Shuffle {
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Chooses how many resources a frame holds: few, so that others come between.
    pub fn room(&mut self) -> usize {
        self.0.usize(1..=MOST)
    }

    /// Chooses a kind among those that can go.
    pub fn group<'k>(&mut self, groups: impl Iterator<Item = (Phase, &'k str)>) -> Option<(Phase, &'k str)> {
        self.0.choice(groups.collect::<Vec<_>>())
    }

    /// Takes one of the resources that can go.
    pub fn take(&mut self, free: &mut BTreeMap<usize, Node>) -> Option<Node> {
        let places: Vec<usize> = free.keys().copied().collect();
        free.remove(&self.0.choice(places)?)
    }
}
