//! A host that is not there, for tests of what talks to hosts.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::model::{Observed, Probe};

use super::steps::{FrameReport, StepFrame};
use super::{HostError, Problem};

/// What comes once a simulated host has answered.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers in the place of hosts.
pub trait Simulation: Send + Sync {
    /// A run connects to a host.
    fn connect(&self, host: &str) -> Result<(), Problem>;

    /// Answers an observation; the first one of a connection tells facts and debts.
    fn observe<'a>(
        &'a self,
        host: &'a str,
        is_first: bool,
        sections: Vec<(String, Probe)>,
    ) -> Answer<'a, Result<Observed, HostError>>;

    /// Answers a frame of steps.
    fn run<'a>(&'a self, host: &'a str, frame: StepFrame) -> Answer<'a, FrameReport>;
}

/// What answers in the place of all hosts of a run.
#[derive(Clone)]
pub struct Simulated(pub Arc<dyn Simulation>);

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Simulated")
    }
}
