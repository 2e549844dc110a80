//! What changes owe to those that read them, as far as a run knows: pure, so that a model can try all small runs on it.
//!
//! A source is what changes, a service what a change of it restarts or reloads. A debt is recorded on the service's host
//! before the source changes, and struck when the service was applied after that. In the end a run takes back what was
//! recorded and has no reason: the source turned out as it should be, or never began.

use std::collections::{BTreeSet, HashMap};

use crate::graph::Node;

/// Who changed when.
#[derive(Clone, Debug, Default)]
pub(super) struct Dues {
    /// Counts what happened.
    moment: u64,
    /// When each resource was changed last, and known to be as planned.
    changed: HashMap<Node, u64>,
    /// When the steps of each source last began that have not come to a good end: it may have changed.
    begun: HashMap<Node, u64>,
    /// Services that may have a record on their host.
    recorded: BTreeSet<Node>,
}

impl Dues {
    /// Takes note that a debt to a service is, or may be, recorded on its host.
    pub fn record(&mut self, service: Node) {
        self.recorded.insert(service);
    }

    /// Takes note that a host has struck what was owed to a service.
    pub fn strike(&mut self, service: Node) {
        self.recorded.remove(&service);
    }

    /// Takes note that a step for a resource has begun, and is not known to have come to a good end.
    pub fn begin(&mut self, node: Node) {
        self.moment += 1;
        self.begun.insert(node, self.moment);
    }

    /// Takes note that a resource was really changed, and is as planned. What was owed to it is paid.
    pub fn change(&mut self, node: Node) {
        self.moment += 1;
        self.changed.insert(node, self.moment);
        self.begun.remove(&node);
    }

    /// Takes note that the steps of a resource found nothing to do.
    pub fn leave(&mut self, node: Node) {
        self.begun.remove(&node);
    }

    /// Returns whether a resource was changed in this run.
    pub fn has_changed(&self, node: Node) -> bool {
        self.changed.contains_key(&node)
    }

    /// Returns the moment of the last change or beginning.
    pub fn now(&self) -> u64 {
        self.moment
    }

    /// Returns what was changed after a moment.
    pub fn changed_since(&self, moment: u64) -> impl Iterator<Item = Node> {
        self.changed.iter().filter(move |(_, at)| **at > moment).map(|(&node, _)| node)
    }

    /// Returns whether a source was changed after a service was last applied.
    pub fn is_unpaid(&self, source: Node, service: Node) -> bool {
        self.changed.get(&source).is_some_and(|at| self.is_after_payment(*at, service))
    }

    /// Returns the services whose records have no reason any more. `is_owed_before` tells of debts of earlier runs that are
    /// not paid, `is_down` of services that were seen, after all changes, not to run.
    pub fn needless(
        &self,
        sources: impl Fn(Node) -> Vec<Node>,
        is_owed_before: impl Fn(Node) -> bool,
        is_down: impl Fn(Node) -> bool,
    ) -> Vec<Node> {
        let may_have_changed = |source: Node, service: Node| {
            let begun = self.begun.get(&source).is_some_and(|at| self.is_after_payment(*at, service));
            begun || self.is_unpaid(source, service)
        };
        let has_reason = |service: Node| {
            is_owed_before(service) || sources(service).into_iter().any(|source| may_have_changed(source, service))
        };
        self.recorded.iter().copied().filter(|&service| is_down(service) || !has_reason(service)).collect()
    }

    fn is_after_payment(&self, at: u64, service: Node) -> bool {
        self.changed.get(&service).is_none_or(|paid| *paid < at)
    }
}

#[cfg(test)]
mod tests;
