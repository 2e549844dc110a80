//! What is on its way to a host, and what comes back.

use crate::graph::Node;
use crate::host::{FrameReport, HostError};
use crate::model::{Lock, Observed};
use crate::schedule::Place;

/// What came back from a host.
pub(super) enum Answer {
    Observed { nodes: Vec<(Vec<Node>, &'static str)>, result: Result<Observed, HostError> },
    Ran { sent: Vec<Sent>, locks: Vec<Lock>, report: FrameReport },
}

/// A step on its way.
pub(super) struct Sent {
    /// The resources it covers; of those, the ones whose last step it is are verified after it.
    pub covers: Vec<Node>,
    pub verifies: Vec<Node>,
    /// The resources that are looked at again right before it.
    pub looks: Vec<Node>,
    pub purpose: String,
}

/// What a host has done.
pub(super) struct Done {
    pub host: String,
    pub place: Place,
    pub answer: Answer,
}

/// The next piece of work for a host.
pub(super) type Job = std::pin::Pin<Box<dyn Future<Output = Done> + Send>>;
