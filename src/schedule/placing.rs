//! Which resources share a frame: batch after batch, as long as the host can tell by itself what comes next.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::graph::Node;
use crate::resource::Phase;

use super::shuffle::Shuffle;
use super::{Batch, Schedule, Status};

/// A frame that is being filled.
pub(super) struct Placing<'s> {
    schedule: &'s Schedule,
    /// What still holds a resource back, where that is less than before the frame.
    open: HashMap<Node, usize>,
    /// How much is left of each phase; what is left of the lowest holds the others back.
    phases: BTreeMap<Phase, usize>,
    /// How many resources of a kind wait for their turn, by their depth.
    depths: HashMap<(Phase, &'static str), BTreeMap<usize, usize>>,
    /// What can go now, by its place in graph order.
    free: BTreeMap<(Phase, &'static str), BTreeMap<usize, Node>>,
    /// What the frame itself may change before its turn comes, and by what.
    touched: HashMap<Node, Node>,
    /// What rests on resources without anything to do that the frame itself may change: those are observed first.
    blocked: HashSet<Node>,
}

/// What a frame is filled with.
pub(super) struct Placed {
    pub batches: Vec<Batch>,
    /// Resources that what is placed may change, and by what.
    pub touched: HashMap<Node, Node>,
}

impl<'s> Placing<'s> {
    pub(super) fn new(schedule: &'s Schedule, left: &[Node]) -> Self {
        let mut placing = Self {
            schedule,
            open: HashMap::new(),
            phases: BTreeMap::new(),
            depths: HashMap::new(),
            free: BTreeMap::new(),
            touched: HashMap::new(),
            blocked: HashSet::new(),
        };
        for &node in left {
            *placing.phases.entry(schedule.phase(node)).or_default() += 1;
            if schedule.status[node] == Status::Ready {
                let depths = placing.depths.entry(placing.group(node)).or_default();
                *depths.entry(schedule.depth[node]).or_default() += 1;
                if schedule.open[node] == 0 {
                    placing.release(node);
                }
            }
        }
        placing
    }

    fn group(&self, node: Node) -> (Phase, &'static str) {
        (self.schedule.phase(node), self.schedule.tasks[node].kind)
    }

    fn release(&mut self, node: Node) {
        if self.blocked.contains(&node) {
            return;
        }
        self.free.entry(self.group(node)).or_default().insert(self.schedule.place[node], node);
    }

    /// Picks batch after batch: always the kind whose deepest resource is shallow, and all of it that can go.
    pub(super) fn fill(mut self, most: usize, mut shuffle: Option<&mut Shuffle>) -> Placed {
        let mut batches = Vec::new();
        let mut room = shuffle.as_mut().map_or(most, |shuffle| shuffle.room());
        while room > 0
            && let Some(group) = self.next_group(shuffle.as_deref_mut())
        {
            let mut nodes = Vec::new();
            let mut placed = 0;
            while nodes.len() < room
                && let Some(free) = self.free.get_mut(&group)
                && let Some(node) = match &mut shuffle {
                    Some(shuffle) => shuffle.take(free),
                    None => free.pop_first().map(|(_, node)| node),
                }
            {
                nodes.push(node);
                if self.schedule.tasks[node].in_order {
                    self.place(node);
                    placed += 1;
                }
            }
            for &node in &nodes[placed..] {
                self.place(node);
            }
            room -= nodes.len();
            self.touch(&nodes);
            batches.push(Batch { kind: group.1, nodes });
        }
        Placed { batches, touched: self.touched }
    }

    /// Remembers what a batch may change besides what it is about.
    fn touch(&mut self, batch: &[Node]) {
        let schedule = self.schedule;
        let mut last: Option<&Arc<[Node]>> = None;
        for &by in batch {
            let touches = &schedule.tasks[by].touches;
            // Packages of a host touch the same.
            if touches.is_empty() || last.is_some_and(|last| Arc::ptr_eq(last, touches)) {
                continue;
            }
            last = Some(touches);
            for &node in touches.iter().filter(|node| !batch.contains(node)) {
                self.touched.entry(node).or_insert(by);
            }
            for after in schedule.rest_on_touched(by) {
                self.blocked.insert(after);
                let (group, place) = (self.group(after), schedule.place[after]);
                if let Some(nodes) = self.free.get_mut(&group) {
                    nodes.remove(&place);
                }
            }
        }
    }

    fn next_group(&self, shuffle: Option<&mut Shuffle>) -> Option<(Phase, &'static str)> {
        let phase = *self.phases.keys().next()?;
        let free = self.free.range((phase, "")..).take_while(|((of, _), _)| *of == phase);
        let groups = free.filter(|(_, nodes)| !nodes.is_empty()).map(|(group, _)| *group);
        if let Some(shuffle) = shuffle {
            return shuffle.group(groups);
        }
        groups.min_by_key(|group| (self.depths[group].keys().next_back().copied(), group.1))
    }

    fn place(&mut self, node: Node) {
        let (phase, _) = self.group(node);
        take_one(&mut self.phases, &phase);
        let group = self.group(node);
        if let Some(depths) = self.depths.get_mut(&group) {
            take_one(depths, &self.schedule.depth[node]);
        }
        if !self.schedule.tasks[node].decidable {
            return;
        }
        let schedule = self.schedule;
        let mut work = vec![node];
        while let Some(before) = work.pop() {
            for (after, _) in schedule.graph.dependants(before) {
                let reacts = || schedule.graph.triggers(after).iter().any(|(source, _)| *source == before);
                let acts = !matches!(schedule.status[before], Status::Settled | Status::Withheld);
                if schedule.tasks[before].uncertain && acts && reacts() {
                    continue;
                }
                let open = self.open.entry(after).or_insert(schedule.open[after]);
                *open -= 1;
                if *open > 0 {
                    continue;
                }
                match schedule.status[after] {
                    Status::Settled | Status::Withheld => work.push(after),
                    Status::Ready if *schedule.tasks[after].host == *schedule.tasks[node].host => self.release(after),
                    _ => {}
                }
            }
        }
    }
}

/// Lowers a count, and forgets it at zero.
fn take_one<K: Ord>(counts: &mut BTreeMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
