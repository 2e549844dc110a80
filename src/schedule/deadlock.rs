//! What never comes: resources that wait for each other, though nothing is on its way. The graph allows no such thing, and
//! phases none by construction; what only turns out on the way could bring it about.

use crate::graph::Node;

use super::{Schedule, Status};

impl Schedule {
    /// Returns what a deferred resource is held back by, beyond what the graph knows of.
    pub(super) fn held_by(&self, node: Node) -> Option<Node> {
        self.held.get(&node)?.iter().copied().find(|&before| !self.status[before].is_final())
    }

    /// Returns what a resource that is left waits for next, and why.
    fn waits_for(&self, node: Node) -> Option<(Node, &'static str)> {
        if let Some(before) = self.open_dependency(node) {
            return Some((before, "that has to be in place first"));
        }
        if let Some(before) = self.held_by(node) {
            return Some((before, "a value of it comes from there"));
        }
        let phase = self.phase(node);
        let mut left = self.left(&self.tasks[node].host).into_iter();
        let earlier = left.find(|&other| self.phase(other) < phase)?;
        Some((earlier, "that belongs to an earlier phase of the host"))
    }

    /// Returns what a resource depends on that is left, near or, past what has nothing to do, far.
    fn open_dependency(&self, node: Node) -> Option<Node> {
        let mut work = vec![node];
        let mut seen = vec![node];
        while let Some(node) = work.pop() {
            for (before, _) in self.graph.dependencies(node) {
                if self.in_place[before] || seen.contains(&before) {
                    continue;
                }
                seen.push(before);
                match self.status[before] {
                    Status::Settled | Status::Withheld => work.push(before),
                    _ => return Some(before),
                }
            }
        }
        None
    }

    /// Follows what a resource that is left waits for. Returns the resources on the way, each with why it waits for the
    /// next, and where the way enters a ring: then they wait for each other.
    pub fn waits(&self, node: Node) -> (Vec<(Node, &'static str)>, Option<usize>) {
        let mut way: Vec<(Node, &'static str)> = Vec::new();
        let mut node = node;
        loop {
            if let Some(at) = way.iter().position(|(other, _)| *other == node) {
                return (way, Some(at));
            }
            let Some((next, why)) = self.waits_for(node) else {
                way.push((node, ""));
                return (way, None);
            };
            way.push((node, why));
            node = next;
        }
    }
}
