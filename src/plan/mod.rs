//! Desired against observed: what a run is going to do, and what it cannot know yet.

mod brakes;
mod build;
mod decide;
mod report;

use std::borrow::Cow;

use crate::model::{Action, Address, Change, OwedAction, Value};
use crate::survey::{Cause, Released};

pub use brakes::Brakes;
pub use build::build;
pub use decide::{Act, Decision, Doubt, Owing, Upstream, Withheld, decide};
pub use report::{Failure, Found, HostFailure, NotDone, Outcome, Report};

/// How sure a planned action is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// Its steps are fixed.
    Ready,
    /// It happens only if what is looked at then says so: a command whose guard may hold by then, a restart that
    /// follows a deferred change.
    Maybe,
    /// It is observed and compared once these are applied.
    Deferred { until: Vec<Address>, reason: String },
}

/// What is going to happen to one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedResource {
    pub address: Address,
    /// Its index among the resources of the run.
    pub node: usize,
    pub action: Action,
    pub certainty: Certainty,
    pub changes: Vec<Change>,
    /// All attributes observed; empty where it is absent or not observed yet.
    pub before: Vec<(Cow<'static, str>, Value)>,
    /// Why, in the words of a reader, where the changes do not say it.
    pub reasons: Vec<String>,
    /// A restart or reload that happens with it.
    pub owed: Option<OwedAction>,
    /// Restarts and reloads that a change of it owes to others; recorded on their hosts before the change.
    pub owes: Vec<(Address, OwedAction)>,
    /// All there is to do is to end its rotation, once everything else has succeeded.
    pub finishes: bool,
    /// Direct dependencies, in order.
    pub depends_on: Vec<Address>,
    /// Who has made it differ, as far as the host's ledger tells.
    pub cause: Option<Cause>,
}

impl PlannedResource {
    /// Makes one that says no more than what is done to which resource.
    pub(crate) fn bare(address: Address, action: Action) -> Self {
        Self {
            address,
            node: 0,
            action,
            certainty: Certainty::Ready,
            changes: Vec::new(),
            before: Vec::new(),
            reasons: Vec::new(),
            owed: None,
            owes: Vec::new(),
            finishes: false,
            depends_on: Vec::new(),
            cause: None,
        }
    }

    /// Returns whether anything is or may be done.
    pub fn acts(&self) -> bool {
        !matches!(self.action, Action::None | Action::Read)
    }

    /// Returns the attributes as they will be, where any is known to be there.
    pub fn after(&self) -> Vec<(String, Value)> {
        if self.action == Action::Delete {
            return Vec::new();
        }
        let mut after: Vec<(String, Value)> =
            self.before.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        for change in &self.changes {
            match after.iter_mut().find(|(name, _)| *name == change.attribute) {
                Some((_, value)) => *value = change.after.clone(),
                None => after.push((change.attribute.clone(), change.after.clone())),
            }
        }
        after
    }
}

/// Something seen that a plan cannot mend: a check that fails now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub address: Address,
    pub message: String,
}

/// Something that refuses the plan: an observation that failed, a requirement not met, a protected deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub address: Address,
    pub message: String,
    /// Where the spec has the resource: `file:line:column`.
    pub place: String,
    pub help: String,
}

/// A resource that is left as it is, though it is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftAsIs {
    pub address: Address,
    /// Its index among the resources of the run.
    pub node: usize,
    pub why: Withheld,
}

/// What a run is going to do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub spec: String,
    /// All hosts of the run, in the order of the spec.
    pub hosts: Vec<String>,
    /// All resources planned, unchanged ones too, in graph order.
    pub resources: Vec<PlannedResource>,
    pub findings: Vec<Finding>,
    pub problems: Vec<Problem>,
    /// Something is left out: by `--target`, `--host` or `--exclude`, or because a host could not be observed.
    pub is_partial: bool,
    /// The hosts that could not be observed; what does not need them is planned.
    pub unreachable: Vec<HostFailure>,
    /// What a partial run leaves as it is; the notes say so too.
    pub withheld: Vec<LeftAsIs>,
    /// Resources that have left the spec and stay as they are, because no run has created them, or because of another reason.
    pub released: Vec<Released>,
    /// Things a reader should know: an overridden requirement, deletions left out by `--target`.
    pub notes: Vec<String>,
}

/// How many resources meet which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub create: usize,
    pub change: usize,
    pub delete: usize,
    /// Commands, restarts and reloads.
    pub run: usize,
    pub unchanged: usize,
}

impl Plan {
    /// Returns whether applying would do anything.
    pub fn has_changes(&self) -> bool {
        self.resources.iter().any(PlannedResource::acts)
    }

    /// Counts the resources by what happens to them; a replacement is one creation and one deletion.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for resource in &self.resources {
            match resource.action {
                Action::None => counts.unchanged += 1,
                Action::Read => {}
                Action::Create => counts.create += 1,
                Action::Update => counts.change += 1,
                Action::Delete => counts.delete += 1,
                Action::Replace => {
                    counts.create += 1;
                    counts.delete += 1;
                }
                Action::Run | Action::Restart | Action::Reload => counts.run += 1,
            }
        }
        counts
    }
}
