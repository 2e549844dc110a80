//! Which resources of a host go into its next frame.
//!
//! A frame holds as much as needs no decision here: a resource may follow another in the same frame if the host itself
//! can tell that the other is in place. Resources of one kind that are ready together form a batch, so that they can
//! share steps.

use std::collections::HashMap;
use std::sync::Arc;

use crate::graph::{Graph, Node};
use crate::resource::Phase;

/// How far a resource has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not part of the run, or nothing to do for it.
    Settled,
    /// Its steps are known and wait for their turn.
    Ready,
    /// It has to be observed once everything it depends on is settled.
    Deferred,
    /// Its steps are on their way.
    Running,
    Done,
    Failed,
    /// Something it depends on failed or was skipped.
    Skipped,
}

impl Status {
    /// Says whether nothing more happens to it in this run.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Settled | Self::Done | Self::Failed | Self::Skipped)
    }

    fn is_in_place(self) -> bool {
        matches!(self, Self::Settled | Self::Done)
    }
}

/// What the schedule needs to know of a resource.
#[derive(Clone, Debug)]
pub struct Task {
    pub host: Arc<str>,
    pub kind: &'static str,
    /// The host can tell by itself whether it is in place after its steps.
    pub decidable: bool,
    /// Whether it does anything is known only afterwards, so nothing that reacts to it may share its frame.
    pub uncertain: bool,
}

/// Resources of one kind that are ready together, in graph order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub kind: &'static str,
    pub nodes: Vec<Node>,
}

/// What a host does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Observe these: everything they depend on is settled.
    Observe(Vec<Node>),
    /// Run these batches, one after another.
    Run(Vec<Batch>),
    /// Something on another host has to come first.
    Wait,
    /// Nothing is left on this host.
    Finished,
}

/// The state of a run: one status for each resource.
#[derive(Debug)]
pub struct Schedule {
    graph: Arc<Graph>,
    tasks: Vec<Task>,
    status: Vec<Status>,
    /// The resources of each host that are part of the run, in graph order.
    hosts: HashMap<Arc<str>, Vec<Node>>,
    /// Longest way from a resource without dependencies; kinds whose deepest resource is shallow go first.
    depth: Vec<usize>,
    /// The most resources in one frame.
    most: usize,
}

impl Schedule {
    pub fn new(graph: Arc<Graph>, tasks: Vec<Task>, status: Vec<Status>) -> Self {
        let mut hosts: HashMap<Arc<str>, Vec<Node>> = HashMap::new();
        let mut depth = vec![0; tasks.len()];
        for &node in graph.order() {
            depth[node] = graph.dependencies(node).map(|(before, _)| depth[before] + 1).max().unwrap_or(0);
            if status[node] != Status::Settled {
                hosts.entry(tasks[node].host.clone()).or_default().push(node);
            }
        }
        Self { graph, tasks, status, hosts, depth, most: 2_000 }
    }

    pub fn status(&self, node: Node) -> Status {
        self.status[node]
    }

    pub fn set(&mut self, node: Node, status: Status) {
        self.status[node] = status;
    }

    /// Returns what is left of a host.
    pub fn left(&self, host: &str) -> Vec<Node> {
        self.hosts.get(host).into_iter().flatten().copied().filter(|&node| !self.status[node].is_final()).collect()
    }

    /// Marks what can never be reached because something it depends on failed; returns it with that something.
    pub fn skip(&mut self) -> Vec<(Node, Node)> {
        let mut skipped = Vec::new();
        let graph = self.graph.clone();
        for &node in graph.order() {
            if !matches!(self.status[node], Status::Ready | Status::Deferred) {
                continue;
            }
            let culprit = self
                .graph
                .dependencies(node)
                .map(|(before, _)| before)
                .find(|&before| matches!(self.status[before], Status::Failed | Status::Skipped))
                .or_else(|| self.broken_host(node));
            if let Some(culprit) = culprit {
                self.status[node] = Status::Skipped;
                skipped.push((node, culprit));
            }
        }
        skipped
    }

    /// A check that comes after everything says nothing new once something on its host has failed.
    fn broken_host(&self, node: Node) -> Option<Node> {
        if self.graph.phase(node) != Phase::Check {
            return None;
        }
        let of_host = self.hosts.get(&self.tasks[node].host)?;
        of_host.iter().copied().find(|&other| {
            self.graph.phase(other) != Phase::Check && matches!(self.status[other], Status::Failed | Status::Skipped)
        })
    }

    /// Decides what a host does next, and marks what it runs.
    pub fn next(&mut self, host: &str) -> Frame {
        let left = self.left(host);
        if left.is_empty() {
            return Frame::Finished;
        }
        let mut placing = Placing::default();
        while let Some(batch) = self.next_batch(&left, &placing) {
            for &node in &batch.nodes {
                placing.placed.insert(node, batch.kind);
            }
            placing.batches.push(batch);
            if placing.placed.len() >= self.most {
                break;
            }
        }
        if !placing.batches.is_empty() {
            for &node in placing.placed.keys() {
                self.status[node] = Status::Running;
            }
            return Frame::Run(placing.batches);
        }
        let ready: Vec<Node> = left
            .iter()
            .copied()
            .filter(|&node| self.status[node] == Status::Deferred && self.is_reachable(node, &left))
            .collect();
        if ready.is_empty() { Frame::Wait } else { Frame::Observe(ready) }
    }

    /// Says whether all that a deferred resource waits for is in place.
    fn is_reachable(&self, node: Node, left: &[Node]) -> bool {
        let phase = self.graph.phase(node);
        self.graph.dependencies(node).all(|(before, _)| self.status[before].is_in_place())
            && left.iter().all(|&other| self.graph.phase(other) >= phase)
    }

    /// Picks the next kind and all of its resources that can go now.
    fn next_batch(&self, left: &[Node], placing: &Placing) -> Option<Batch> {
        // What is left of the lowest phase holds the others back.
        let phase =
            left.iter().filter(|node| !placing.placed.contains_key(node)).map(|&node| self.graph.phase(node)).min()?;
        let mut deepest: HashMap<&'static str, (usize, bool)> = HashMap::new();
        for &node in left.iter().filter(|node| !placing.placed.contains_key(node)) {
            if self.graph.phase(node) != phase || self.status[node] != Status::Ready {
                continue;
            }
            let entry = deepest.entry(self.tasks[node].kind).or_default();
            entry.0 = entry.0.max(self.depth[node]);
            entry.1 |= self.can_go(node, placing, &[]);
        }
        let mut kinds: Vec<(usize, &'static str)> =
            deepest.into_iter().filter(|(_, (_, can_go))| *can_go).map(|(kind, (depth, _))| (depth, kind)).collect();
        kinds.sort_unstable();
        let (_, kind) = *kinds.first()?;
        let mut nodes = Vec::new();
        for &node in left {
            let is_candidate = self.tasks[node].kind == kind
                && self.graph.phase(node) == phase
                && self.status[node] == Status::Ready
                && !placing.placed.contains_key(&node);
            if is_candidate && self.can_go(node, placing, &nodes) {
                nodes.push(node);
            }
        }
        Some(Batch { kind, nodes })
    }

    /// Says whether everything a resource depends on is in place, or will be by its turn in this frame.
    fn can_go(&self, node: Node, placing: &Placing, batch: &[Node]) -> bool {
        // An edge may have another reason as well, such as `depends_on`.
        let reacts = |before: Node| self.graph.triggers(node).iter().any(|(source, _)| *source == before);
        self.graph.dependencies(node).all(|(before, _)| {
            if self.status[before].is_in_place() {
                return true;
            }
            let is_here = placing.placed.contains_key(&before) || batch.contains(&before);
            let task = &self.tasks[before];
            is_here && task.decidable && !(task.uncertain && reacts(before))
        })
    }
}

#[derive(Default)]
struct Placing {
    placed: HashMap<Node, &'static str>,
    batches: Vec<Batch>,
}
