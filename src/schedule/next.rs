//! What a host does next.

use std::collections::BTreeSet;

use crate::graph::Node;
use crate::resource::Lane;

use super::parts::Parts;
use super::placing::{Placed, Placing};
use super::{Batch, Frame, MOST_BESIDE, Occupied, Place, Schedule, Status};

impl Schedule {
    /// Decides what a host does next, marks it, and takes the lane it runs in. A host may be asked again while it works.
    pub fn next(&mut self, host: &str) -> Frame {
        let mut left = self.left(host);
        if left.is_empty() {
            return Frame::Finished;
        }
        left.retain(|&node| !self.is_held_check(node));
        let lanes = self.lanes.get(host).copied().unwrap_or_default();
        let waits_beside = |&node: &Node| {
            self.tasks[node].lane != Lane::Main && matches!(self.status[node], Status::Ready | Status::Deferred)
        };
        if lanes.main && (lanes.is_single || !left.iter().any(waits_beside)) {
            return Frame::Wait;
        }
        let mut shuffle = self.shuffle.take();
        let Placed { batches, touched } = Placing::new(self, &left).fill(self.most, shuffle.as_mut());
        self.shuffle = shuffle;
        let picked = self.pick(batches, lanes);
        let frame = match picked {
            Some((place, batches)) => Frame::Run(place, batches),
            None => match self.observable(left, lanes) {
                (place, nodes) if !nodes.is_empty() => Frame::Observe(place, nodes),
                _ => return Frame::Wait,
            },
        };
        let (place, nodes): (Place, Vec<Node>) = match &frame {
            Frame::Run(place, batches) => {
                (*place, batches.iter().flat_map(|batch| batch.nodes.iter().copied()).collect())
            }
            Frame::Observe(place, nodes) => (*place, nodes.clone()),
            Frame::Wait | Frame::Finished => return frame,
        };
        for &node in &nodes {
            self.status[node] = Status::Running;
        }
        for node in nodes {
            if let Some(&by) = touched.get(&node).filter(|&&by| self.status[by] == Status::Running) {
                self.stale.entry(node).or_insert(by);
            }
        }
        let lanes = self.lanes.entry(host.into()).or_default();
        match place {
            Place::Main => lanes.main = true,
            Place::Beside => lanes.beside += 1,
        }
        frame
    }

    /// Picks what of all that could go in one frame goes now, and where. What may run beside others does where there are
    /// such others; then what it waits for goes first, and the rest meanwhile.
    fn pick(&self, whole: Vec<Batch>, lanes: Occupied) -> Option<(Place, Vec<Batch>)> {
        let goes_beside = |&node: &Node| self.tasks[node].lane != Lane::Main;
        if lanes.is_single || !whole.iter().flat_map(|batch| &batch.nodes).any(goes_beside) {
            return (!lanes.main && !whole.is_empty()).then_some((Place::Main, whole));
        }
        // What comes in a later phase waits for all of an earlier one, wherever that runs.
        let first = whole.first().map(|batch| self.phase(batch.nodes[0]));
        let of_phase = whole.iter().take_while(|batch| Some(self.phase(batch.nodes[0])) == first);
        let parts = Parts::of(self, of_phase);
        if lanes.is_idle() && !parts.are_worth_it() {
            return Some((Place::Main, whole));
        }
        let only = |nodes: BTreeSet<Node>| -> Option<Vec<Batch>> {
            let batches = whole.iter().map(|batch| Batch {
                kind: batch.kind,
                nodes: batch.nodes.iter().copied().filter(|node| nodes.contains(node)).collect(),
            });
            let batches: Vec<Batch> = batches.filter(|batch| !batch.nodes.is_empty()).collect();
            (!batches.is_empty()).then_some(batches)
        };
        let main = |nodes| only(nodes).filter(|_| !lanes.main).map(|batches| (Place::Main, batches));
        let beside = || {
            let room = MOST_BESIDE.saturating_sub(lanes.beside);
            let batches = only(parts.beside(room))?;
            Some((Place::Beside, batches))
        };
        main(parts.first()).or_else(beside).or_else(|| main(parts.rest()))
    }

    /// Returns the deferred resources that can be observed now; beside the main lane only what may run there.
    fn observable(&self, left: Vec<Node>, lanes: Occupied) -> (Place, Vec<Node>) {
        let place = if lanes.main { Place::Beside } else { Place::Main };
        if lanes.main && lanes.beside >= MOST_BESIDE {
            return (place, Vec::new());
        }
        let lowest = left.iter().map(|&node| self.phase(node)).min();
        let ready = left.into_iter().filter(|&node| {
            self.status[node] == Status::Deferred
                && self.open[node] == 0
                && self.held_by(node).is_none()
                && Some(self.phase(node)) == lowest
                && (place == Place::Main || self.tasks[node].lane != Lane::Main)
        });
        (place, ready.collect())
    }
}
