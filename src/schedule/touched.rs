//! What a change may have changed besides what it is about, and was seen before.

use std::collections::HashSet;

use crate::graph::Node;

use super::{Schedule, Status};

impl Schedule {
    /// Returns what may have changed a resource since it was seen.
    pub fn touched_by(&self, node: Node) -> Option<Node> {
        self.stale.get(&node).copied()
    }

    /// Takes note that a resource was looked at just now.
    pub fn seen(&mut self, node: Node) {
        self.stale.remove(&node);
    }

    /// Takes note of a change. What it may have changed too is stale where its steps are still to come; where nothing was
    /// to be done but something to come rests on it, it is observed again.
    pub fn touch(&mut self, by: Node) {
        let touches = self.tasks[by].touches.clone();
        for &node in touches.iter().filter(|&&node| self.status[node] == Status::Ready) {
            self.stale.insert(node, by);
        }
        let observed_again: Vec<Node> = self.watched(by).collect();
        for node in observed_again {
            self.reopen(node);
            self.stale.insert(node, by);
        }
    }

    /// Returns what rests, near or far, on resources that a change may change and that nothing is to be done for.
    pub(super) fn rest_on_touched(&self, by: Node) -> HashSet<Node> {
        self.watched(by).flat_map(|node| self.rest_on(node)).filter(|&node| node != by).collect()
    }

    /// Returns the resources without anything to do that a change may change, and on which something to come rests. What
    /// comes before the change is looked at in the end only.
    fn watched(&self, by: Node) -> impl Iterator<Item = Node> {
        let before = self.before(by);
        let touches = self.tasks[by].touches.iter().copied();
        touches.filter(move |node| {
            self.status[*node] == Status::Settled
                && *node != by
                && !before.contains(node)
                && self.rest_on(*node).iter().any(|&after| after != by)
        })
    }

    /// Returns what is to come and depends on a resource, with nothing but resources without anything to do between.
    fn rest_on(&self, node: Node) -> HashSet<Node> {
        let mut found = HashSet::new();
        let mut seen = HashSet::from([node]);
        let mut work = vec![node];
        while let Some(node) = work.pop() {
            for (after, _) in self.graph.dependants(node) {
                if !seen.insert(after) {
                    continue;
                }
                match self.status[after] {
                    Status::Settled | Status::Withheld => work.push(after),
                    Status::Ready | Status::Deferred if !self.is_held_check(after) => _ = found.insert(after),
                    _ => {}
                }
            }
        }
        found
    }

    /// Returns all that a resource depends on, near or far.
    pub fn before(&self, node: Node) -> HashSet<Node> {
        let mut before = HashSet::new();
        let mut work = vec![node];
        while let Some(node) = work.pop() {
            work.extend(self.graph.dependencies(node).map(|(other, _)| other).filter(|&other| before.insert(other)));
        }
        before
    }

    /// Has a resource observed again that nothing was to be done for; what depends on it waits.
    fn reopen(&mut self, node: Node) {
        self.status[node] = Status::Deferred;
        let of_host = self.hosts.entry(self.tasks[node].host.clone()).or_default();
        let at = of_host.partition_point(|&other| self.place[other] < self.place[node]);
        if of_host.get(at) != Some(&node) {
            of_host.insert(at, node);
        }
        let graph = self.graph.clone();
        let mut work = vec![node];
        while let Some(node) = work.pop() {
            if !std::mem::take(&mut self.in_place[node]) {
                continue;
            }
            for (after, _) in graph.dependants(node) {
                self.open[after] += 1;
                if matches!(self.status[after], Status::Settled | Status::Withheld) {
                    work.push(after);
                }
            }
        }
    }
}
