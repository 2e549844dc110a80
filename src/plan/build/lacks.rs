//! What a resource needs and its host lacks: whether what comes before it may bring it.

use std::cell::OnceCell;
use std::collections::HashSet;

use crate::graph::Reason;
use crate::resource::{Claim, Lack, Need, Space};

use super::{Acting, Builder};

impl Builder<'_> {
    /// Returns what a resource needs, its host lacks, and nothing that acts before it may bring.
    pub(super) fn lacks(&self, node: usize) -> Vec<Lack> {
        let lacks = &self.items[node].lacks;
        if lacks.is_empty() || self.is_brought_by_name(node) {
            return Vec::new();
        }
        let before = OnceCell::new();
        let comes = |need: &Need| {
            self.comes_early(node, need) || {
                let before: &Vec<usize> = before.get_or_init(|| self.acting_before(node));
                before.iter().any(|&other| self.may_bring(other, need))
            }
        };
        let stays = |lack: &&Lack| match &lack.other {
            Some(other) if !lack.need.is_of_folders() => !self.may_be_freed(node, &lack.need, other),
            _ => !comes(&lack.need) && !self.is_made_by_path(node, &lack.need),
        };
        lacks.iter().filter(stays).cloned().collect()
    }

    /// Says which accounts a resource needs that only packages may bring: which of them do, nobody knows before.
    pub(super) fn awaited(&self, node: usize) -> Vec<String> {
        let lacks = &self.items[node].lacks;
        if lacks.is_empty() || self.is_brought_by_name(node) {
            return Vec::new();
        }
        let early = self.early.get(&self.items[node].address.host).into_iter().flatten().copied();
        let acting: Vec<usize> = early.chain(self.acting_before(node)).collect();
        let awaited =
            lacks.iter().filter(|lack| matches!(lack.need, Need::User(_) | Need::Group(_))).filter_map(|lack| {
                let bringer = acting.iter().find(|&&other| self.may_bring(other, &lack.need))?;
                let (form, name, by) = (lack.need.form(), lack.need.name(), &self.items[*bringer].address);
                Some(format!("the host has no {form} {name}; only something like {by} can bring it"))
            });
        awaited.collect()
    }

    /// Returns whether the spec decides about who has what is needed: that may be there no longer, or change.
    fn may_be_freed(&self, node: usize, need: &Need, other: &str) -> bool {
        let space = match need {
            Need::Uid { .. } | Need::Unused(_) => Space::USER,
            Need::Gid { .. } => Space::GROUP,
            _ => return false,
        };
        self.graph.is_provided_for(node, &Claim::new(space, other))
    }

    /// Returns whether a resource of the host makes a file that is what is needed, though no edge says so.
    fn is_made_by_path(&self, node: usize, need: &Need) -> bool {
        let host = &self.items[node].address.host;
        let mut others = self.items.iter().filter(|item| item.address.host == *host);
        need.is_known_by_path()
            && others.any(|item| {
                let kind = item.resource.kind;
                !kind.is_absent(item.resource) && kind.claims(item.resource).makes_file_of(need)
            })
    }

    /// Returns whether something in an earlier phase may bring it: packages bring folders and accounts.
    fn comes_early(&self, node: usize, need: &Need) -> bool {
        let phase = self.graph.phase(node);
        let early = self.early.get(&self.items[node].address.host).into_iter().flatten();
        early.copied().filter(|&other| self.graph.phase(other) < phase).any(|other| self.may_bring(other, need))
    }

    /// Returns whether a resource names in `depends_on`, `restart_on` or `reload_on` what acts: who does that knows what it
    /// brings.
    fn is_brought_by_name(&self, node: usize) -> bool {
        let is_named = |reason: &Reason| matches!(reason, Reason::DependsOn(_) | Reason::Triggers(_));
        let mut named = self.graph.dependencies(node).filter(|(_, reason)| is_named(reason));
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
        kind.claims(resource).may_bring(need)
    }
}
