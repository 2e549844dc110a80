//! Which resources of a host go into its next frame, and in which lane of the host it runs.
//!
//! A frame holds as much as needs no decision here: a resource may follow another in the same frame if the host itself
//! can tell that the other is in place. Resources of one kind that are ready together form a batch, so that they can
//! share steps. A resource with nothing to do passes on what it waits for: what depends on it waits for that too.
//!
//! What a change may touch besides what it is about ([`touched`]) was seen too early: it is looked at again by the host
//! right before its steps, or observed anew where nothing was to be done for it.
//!
//! A host has a main lane, in which frames run one after another, and a few side lanes for what waits for the network
//! or a build and touches nothing that others do ([`Lane`]). [`parts`] says what of a frame may run side by side.

mod deadlock;
mod next;
mod parts;
mod placing;
mod shuffle;
mod touched;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::graph::{Graph, Node};
use crate::resource::{Lane, Phase};

use shuffle::Shuffle;

/// The most frames that run beside the main lane of a host.
const MOST_BESIDE: usize = 3;

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
    /// Something it depends on failed or was skipped, or it needs what was withheld.
    Skipped,
    /// Left as it is, though it is not as it should be: what needs it is skipped, what only reacts to it is not.
    Withheld,
}

impl Status {
    /// Returns whether nothing more happens to it in this run.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Settled | Self::Done | Self::Failed | Self::Skipped | Self::Withheld)
    }
}

/// What the schedule needs to know of a resource.
#[derive(Clone, Debug)]
pub struct Task {
    pub host: Arc<str>,
    pub kind: &'static str,
    /// The host can tell by itself whether it is in place after its steps.
    pub decidable: bool,
    /// A batch of its kind may hold what it depends on.
    pub in_order: bool,
    /// Whether it does anything is known only afterwards, so nothing that reacts to it may share its frame.
    pub uncertain: bool,
    /// Where its steps may run.
    pub lane: Lane,
    /// The resources of its host that a change of it may change too.
    pub touches: Arc<[Node]>,
}

/// Resources of one kind that are ready together, in graph order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub kind: &'static str,
    pub nodes: Vec<Node>,
}

/// Where a frame runs; it is taken until [`Schedule::free`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the host's main lane.
    Main,
    /// Beside it.
    Beside,
}

/// What a host does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Observe these: everything they depend on is settled.
    Observe(Place, Vec<Node>),
    /// Run these batches, one after another.
    Run(Place, Vec<Batch>),
    /// Something has to come first: on another host, or what is on its way.
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
    /// The phase of each resource: the graph's, or a later one for what waits for packages.
    phases: Vec<Phase>,
    /// Where each resource stands in graph order.
    place: Vec<usize>,
    /// Longest way from a resource without dependencies; kinds whose deepest resource is shallow go first.
    depth: Vec<usize>,
    /// How many of its dependencies are not in place yet.
    open: Vec<usize>,
    /// Done; or settled, with all it depends on in place.
    in_place: Vec<bool>,
    /// Deferred resources that turned out to wait for others than the graph knows of.
    held: HashMap<Node, Vec<Node>>,
    /// Resources that something may have changed since they were seen, with that something.
    stale: HashMap<Node, Node>,
    /// Checks wait, whatever else is left.
    holds_checks: bool,
    /// What each host is at work on.
    lanes: HashMap<Arc<str>, Occupied>,
    /// The most resources in one frame.
    most: usize,
    /// Chooses another order than the usual one.
    shuffle: Option<Shuffle>,
}

/// Which lanes of a host are taken.
#[derive(Clone, Copy, Debug, Default)]
struct Occupied {
    main: bool,
    beside: usize,
    /// There is none but the main lane.
    is_single: bool,
}

impl Occupied {
    fn is_idle(self) -> bool {
        !self.main && self.beside == 0
    }
}

impl Schedule {
    pub fn new(graph: Arc<Graph>, tasks: Vec<Task>, status: Vec<Status>) -> Self {
        let mut hosts: HashMap<Arc<str>, Vec<Node>> = HashMap::new();
        let mut depth = vec![0; tasks.len()];
        let mut place = vec![0; tasks.len()];
        for (at, &node) in graph.order().iter().enumerate() {
            place[node] = at;
            depth[node] = graph.dependencies(node).map(|(before, _)| depth[before] + 1).max().unwrap_or(0);
            if status[node] != Status::Settled {
                hosts.entry(tasks[node].host.clone()).or_default().push(node);
            }
        }
        let open = (0..tasks.len()).map(|node| graph.dependencies(node).count()).collect();
        let in_place = vec![false; tasks.len()];
        let phases = (0..tasks.len()).map(|node| graph.phase(node)).collect();
        let mut schedule = Self {
            graph,
            phases,
            tasks,
            status,
            hosts,
            place,
            depth,
            open,
            in_place,
            held: HashMap::new(),
            stale: HashMap::new(),
            holds_checks: false,
            lanes: HashMap::new(),
            most: 2_000,
            shuffle: None,
        };
        for node in 0..schedule.status.len() {
            schedule.arrive(node);
        }
        schedule
    }

    pub fn status(&self, node: Node) -> Status {
        self.status[node]
    }

    pub fn set(&mut self, node: Node, status: Status) {
        self.status[node] = status;
        self.arrive(node);
    }

    /// Defers a resource once more, until others have come to their end.
    pub fn hold(&mut self, node: Node, before: Vec<Node>) {
        self.held.insert(node, before);
        self.set(node, Status::Deferred);
    }

    /// Has what is looked at before anything else looked at once packages are there; all later phases of its host come after
    /// it, and are skipped where it fails.
    pub fn postpone(&mut self, node: Node, packages: Vec<Node>) {
        self.move_to(Phase::Brought, node, packages);
    }

    /// Has what is not there looked at right after packages that may bring it; what comes before it must not be of a later
    /// phase.
    pub fn look_after(&mut self, node: Node, packages: Vec<Node>) {
        let before = |phase: Phase| self.graph.dependencies(node).all(|(before, _)| self.phases[before] <= phase);
        if before(Phase::Off) {
            self.move_to(Phase::Off, node, packages);
        }
    }

    /// Defers a resource until packages have come to their end, in a phase of its own or an earlier one where what comes
    /// after it is of that.
    fn move_to(&mut self, phase: Phase, node: Node, packages: Vec<Node>) {
        let after = self.graph.after(node);
        let on_host = after.into_iter().filter(|&other| self.tasks[other].host == self.tasks[node].host);
        let earliest = on_host.map(|other| self.phases[other]).min();
        self.phases[node] = earliest.map_or(phase, |earliest| earliest.min(phase));
        self.hold(node, packages);
    }

    fn phase(&self, node: Node) -> Phase {
        self.phases[node]
    }

    /// Marks a resource as in place if it is, and with it what it held back and has nothing to do.
    fn arrive(&mut self, node: Node) {
        let graph = self.graph.clone();
        let mut work = vec![node];
        while let Some(node) = work.pop() {
            let arrives = match self.status[node] {
                Status::Done => true,
                Status::Settled | Status::Withheld => self.open[node] == 0,
                _ => false,
            };
            if !arrives || self.in_place[node] {
                continue;
            }
            self.in_place[node] = true;
            for (after, _) in graph.dependants(node) {
                self.open[after] -= 1;
                work.push(after);
            }
        }
    }

    /// Goes in another order than the usual one, in small frames; with an odd seed all in the main lane.
    pub fn shuffle(&mut self, seed: u64) {
        self.shuffle = Some(Shuffle::new(seed));
        if seed % 2 == 1 {
            for host in self.hosts.keys() {
                self.lanes.entry(host.clone()).or_default().is_single = true;
            }
        }
    }

    /// Has these done once more, after all else has come to its end.
    pub fn begin_again(&mut self, nodes: &BTreeSet<Node>) {
        let mut status = std::mem::take(&mut self.status);
        for (node, status) in status.iter_mut().enumerate() {
            match status {
                _ if nodes.contains(&node) => *status = Status::Ready,
                Status::Done => *status = Status::Settled,
                _ => {}
            }
        }
        let tasks = std::mem::take(&mut self.tasks);
        let lanes = std::mem::take(&mut self.lanes);
        let phases = std::mem::take(&mut self.phases);
        let shuffle = self.shuffle.take();
        let begun = Self::new(self.graph.clone(), tasks, status);
        *self = Self { holds_checks: self.holds_checks, shuffle, lanes, phases, ..begun };
    }

    /// Keeps checks back, or lets them go.
    pub fn hold_checks(&mut self, hold: bool) {
        self.holds_checks = hold;
    }

    /// Returns whether a resource is a check that is kept back.
    fn is_held_check(&self, node: Node) -> bool {
        self.holds_checks && self.phase(node) == Phase::Check
    }

    /// Returns what is left of a host.
    fn left(&self, host: &str) -> Vec<Node> {
        self.hosts.get(host).into_iter().flatten().copied().filter(|&node| !self.status[node].is_final()).collect()
    }

    /// Marks what can never be reached because something it depends on failed, or it needs what was withheld; returns it with that something.
    pub fn skip(&mut self) -> Vec<(Node, Node)> {
        let mut skipped = Vec::new();
        let graph = self.graph.clone();
        let broken = self.first_broken(|phase| phase != Phase::Check);
        let unmet = self.first_broken(|phase| phase == Phase::Brought);
        // What failed before a resource with nothing to do, near or far.
        let mut passed_on: Vec<Option<Node>> = vec![None; self.status.len()];
        for &node in graph.order() {
            if matches!(self.status[node], Status::Running | Status::Done | Status::Failed | Status::Skipped) {
                continue;
            }
            let culprit = graph.dependencies(node).find_map(|(before, reason)| match self.status[before] {
                Status::Failed | Status::Skipped => Some(before),
                Status::Withheld if reason.is_need() => Some(before),
                Status::Settled | Status::Withheld => passed_on[before],
                _ => None,
            });
            if matches!(self.status[node], Status::Settled | Status::Withheld) {
                passed_on[node] = culprit;
                continue;
            }
            // A check that comes after everything says nothing new once something on its host has failed.
            let of_host = |found: &HashMap<Arc<str>, Node>| found.get(&self.tasks[node].host).copied();
            let culprit = culprit.or_else(|| match self.phase(node) {
                Phase::Check => of_host(&broken),
                phase if phase > Phase::Brought => of_host(&unmet),
                _ => None,
            });
            if let Some(culprit) = culprit {
                self.status[node] = Status::Skipped;
                skipped.push((node, culprit));
            }
        }
        skipped
    }

    /// Returns the first resource of some phases of each host that failed or was skipped.
    fn first_broken(&self, is_asked: impl Fn(Phase) -> bool) -> HashMap<Arc<str>, Node> {
        let mut broken = HashMap::new();
        for &node in self.graph.order() {
            let is_broken = matches!(self.status[node], Status::Failed | Status::Skipped);
            if is_broken && is_asked(self.phase(node)) {
                broken.entry(self.tasks[node].host.clone()).or_insert(node);
            }
        }
        broken
    }

    /// Gives back the lane of a frame that has ended.
    pub fn free(&mut self, host: &str, place: Place) {
        if let Some(lanes) = self.lanes.get_mut(host) {
            match place {
                Place::Main => lanes.main = false,
                Place::Beside => lanes.beside -= 1,
            }
        }
    }

    /// Keeps all that is still to come on a host in its main lane.
    pub fn keep_to_main(&mut self, host: &str) {
        self.lanes.entry(host.into()).or_default().is_single = true;
    }

    /// Returns whether nothing runs in a host's main lane.
    pub fn is_main_free(&self, host: &str) -> bool {
        self.lanes.get(host).is_none_or(|lanes| !lanes.main)
    }

    /// Returns whether something is on its way that a resource shares its lane with.
    fn is_lane_taken(&self, node: Node) -> bool {
        let task = &self.tasks[node];
        let is_taken = |other: Node| self.status[other] == Status::Running && self.tasks[other].lane == task.lane;
        matches!(task.lane, Lane::Shared(_))
            && self.hosts.get(&task.host).into_iter().flatten().any(|&other| is_taken(other))
    }

    /// Returns what in the same frame has to be in place before a step that covers these.
    pub fn gates(&self, covers: &[Node], running: &BTreeSet<Node>) -> Vec<Node> {
        let mut gates = BTreeSet::new();
        let mut seen: HashSet<Node> = covers.iter().copied().collect();
        let mut work = covers.to_vec();
        while let Some(node) = work.pop() {
            for (before, _) in self.graph.dependencies(node) {
                if self.in_place[before] || !seen.insert(before) {
                    continue;
                }
                if running.contains(&before) {
                    gates.insert(before);
                } else {
                    work.push(before);
                }
            }
        }
        gates.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
