//! How a run ended, resource by resource.

use std::time::Duration;

use crate::model::{Action, Address};
use crate::survey::Wants;

/// How one resource ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was changed, and is now what was planned.
    Applied {
        action: Action,
    },
    /// What was perhaps to be done turned out not to be needed.
    NotNeeded,
    /// It would have been deleted or replaced; a partial run left it as it is.
    Withheld {
        action: Action,
    },
    /// A check that held.
    Passed,
    Failed(Failure),
    /// Something it depends on failed, was skipped, or is needed by it and was left as it is.
    Skipped {
        because: Address,
    },
    /// Its turn never came.
    NotDone(NotDone),
}

/// Why a resource's turn never came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDone {
    /// The run was stopped before.
    Stopped,
    /// This host was lost before: its own, or that of something it waits for.
    Lost(String),
    /// It needs something of a host that the run goes on without.
    Wants(Wants),
    /// A rotation ends only once all the rest has succeeded.
    RestFailed,
    /// It waits for something that waits for it: a fault of the engine.
    Deadlock,
}

impl NotDone {
    /// Says why, after "because".
    pub fn why(&self) -> String {
        match self {
            Self::Stopped => "the run was stopped".into(),
            Self::Lost(host) => format!("{host} was lost"),
            Self::Wants(wants) => wants.why(),
            Self::RestFailed => "not all the rest has succeeded".into(),
            Self::Deadlock => "it waits for what waits for it".into(),
        }
    }
}

/// Why one resource failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong, in a sentence.
    pub message: String,
    /// What the step was for.
    pub step: Option<String>,
    /// How its program ended.
    pub status: Option<String>,
    /// The last lines it printed.
    pub output: Vec<String>,
    /// What to do next.
    pub help: Option<String>,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order the resources ended.
    pub outcomes: Vec<(Address, Outcome)>,
    /// Hosts that could not be observed for the plan.
    pub unreachable: Vec<HostFailure>,
    /// What went wrong with whole hosts on the way.
    pub hosts: Vec<HostFailure>,
    /// What turned out otherwise than it was seen for the plan, because of the run itself.
    pub found: Vec<Found>,
    /// What was not as it should be after all had been applied, and was applied again.
    pub mended: Vec<Address>,
    pub was_stopped: bool,
    /// It was stopped because it had taken as long as it may.
    pub deadline: Option<Duration>,
    /// Resources that wait for each other in a ring, each with why it waits for the next: a fault of the engine.
    pub deadlock: Vec<(Address, &'static str)>,
}

/// A resource that another one of the run brought or changed, before its own turn came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub address: Address,
    pub by: Address,
}

/// A host that could not be observed, or was lost on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFailure {
    pub host: String,
    pub message: String,
    pub help: Option<String>,
}

impl Report {
    /// Returns whether everything that was to be done was done.
    pub fn is_success(&self) -> bool {
        self.hosts.is_empty()
            && self.unreachable.is_empty()
            && !self.was_stopped
            && self.outcomes.iter().all(|(_, outcome)| {
                !matches!(outcome, Outcome::Failed(_) | Outcome::Skipped { .. } | Outcome::NotDone(_))
            })
    }

    /// Counts outcomes of a sort.
    pub fn count(&self, matches: impl Fn(&Outcome) -> bool) -> usize {
        self.outcomes.iter().filter(|(_, outcome)| matches(outcome)).count()
    }
}
