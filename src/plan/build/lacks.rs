//! What a resource needs and its host lacks: whether what comes before it may bring it.

use std::collections::HashSet;

use crate::graph::Reason;
use crate::resource::{Lack, Need};

use super::{Acting, Builder};

impl Builder<'_> {
    /// Returns what a resource needs, its host lacks, and nothing that acts before it may bring.
    pub(super) fn lacks(&self, node: usize) -> Vec<Lack> {
        let lacks = &self.items[node].lacks;
        if lacks.is_empty() || self.is_brought_by_name(node) {
            return Vec::new();
        }
        let mut before = None;
        let mut comes = |need: &Need| {
            self.comes_early(node, need) || {
                let before = before.get_or_insert_with(|| self.acting_before(node));
                before.iter().any(|&other| self.may_bring(other, need))
            }
        };
        // What is in the place of a folder stays there.
        lacks.iter().filter(|lack| lack.is_other || !comes(&lack.need)).cloned().collect()
    }

    /// Returns whether something in an earlier phase may bring it: packages bring folders and accounts.
    fn comes_early(&self, node: usize, need: &Need) -> bool {
        let phase = self.graph.phase(node);
        let early = self.early.get(&self.items[node].address.host).into_iter().flatten();
        early.copied().filter(|&other| self.graph.phase(other) < phase).any(|other| self.may_bring(other, need))
    }

    /// Returns whether a resource names in `depends_on` what acts: who does that knows what it brings.
    fn is_brought_by_name(&self, node: usize) -> bool {
        let mut named = self.graph.dependencies(node).filter(|(_, reason)| matches!(reason, Reason::DependsOn(_)));
        named.any(|(other, _)| self.acting[other] != Acting::No)
    }

    /// Returns what acts on a resource's host and is needed by it, near or far.
    fn acting_before(&self, node: usize) -> Vec<usize> {
        let host = &self.items[node].address.host;
        let mut before = Vec::new();
        let mut seen = HashSet::new();
        let mut work = vec![node];
        while let Some(at) = work.pop() {
            for (other, _) in self.graph.dependencies(at).filter(|(other, _)| seen.insert(*other)) {
                work.push(other);
                if self.acting[other] != Acting::No && self.items[other].address.host == *host {
                    before.push(other);
                }
            }
        }
        before
    }

    /// Returns whether a resource that acts may bring this.
    fn may_bring(&self, node: usize, need: &Need) -> bool {
        let resource = self.items[node].resource;
        let kind = resource.kind;
        if kind.is_absent(resource) {
            return false;
        }
        let claims = kind.claims(resource);
        need.may_come_with(&claims.touches, claims.provided_paths())
    }
}
