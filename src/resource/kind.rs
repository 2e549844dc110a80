//! The trait a resource kind implements.

use std::time::Duration;

use crate::model::{Action, Address, Change, Changes, Expect, Lock, OwedAction, Probe, ProbeOutput, Step, Value};

use super::{Attribute, Claim, Claims, Fields};

/// Whether a resource should exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    Present,
    Absent,
}

/// A resource as the spec wants it: what all kinds have in common, and the kind's own part.
#[derive(Clone, Debug)]
pub struct Resource<D> {
    pub address: Address,
    pub state: State,
    /// `as:`, the unix user its commands run as.
    pub run_as: Option<String>,
    /// `timeout:`, for one step of it.
    pub timeout: Option<Duration>,
    /// Paths below its name that other resources of the host provide; only for kinds that ask for them.
    pub others_below: Vec<String>,
    /// A new value is wanted in the place of the one it has; only for what has an output.
    pub rotate: bool,
    pub desired: D,
}

impl<D> Resource<D> {
    /// Returns the resource's name.
    pub fn name(&self) -> &str {
        &self.address.name
    }

    pub fn is_absent(&self) -> bool {
        self.state == State::Absent
    }
}

/// What was seen of a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation<O> {
    Absent,
    Present(O),
    /// It cannot be told yet: what observes it (a tool, a user, a folder) is not there. The plan defers the resource
    /// until what provides the claim is applied; where nothing in the spec does, that is an error saying `reason`.
    Later {
        needs: Claim,
        reason: String,
    },
    /// It could not be told, and applying other resources will not help.
    Failed(String),
}

impl<O> Observation<O> {
    /// Returns what was found, of a resource that is there.
    pub fn found(&self) -> Option<&O> {
        match self {
            Self::Present(found) => Some(found),
            _ => None,
        }
    }
}

/// How a kind behaves in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Desired and observed are compared; an unchanged resource has no changes.
    Converge,
    /// A command: a change means it runs. Whether it must is asked again after anything it depends on has changed.
    Run,
    /// Changes nothing. A plan looks once and reports a failure as a finding; an apply looks until `within` is over.
    Check,
    /// Changes nothing. A host that does not meet it refuses the plan.
    Requirement,
}

/// Where a kind's steps run on a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// In the host's main lane, one step after another.
    #[default]
    Main,
    /// Beside the main lane and beside each other: they take long, wait for a network or a build, and touch nothing but
    /// what they are about.
    Beside,
    /// Beside the main lane, one after another with all that share this.
    Shared(Lock),
}

/// Asks for a restart or reload of a resource when others change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    pub source: TriggerSource,
    pub action: OwedAction,
}

/// Whose change it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerSource {
    /// What provides this on the same host.
    Provider(Claim),
    /// Addresses or globs as written in the spec (`file:/etc/app/**`, `app1/secret:x`).
    Selector(String),
}

/// A resource whose steps are wanted.
#[derive(Debug)]
pub struct Planned<'a, K: Kind + ?Sized> {
    pub resource: &'a Resource<K::Desired>,
    pub observed: &'a Observation<K::Observed>,
    /// Empty where only a restart or reload is wanted.
    pub changes: &'a [Change],
    pub action: Action,
    /// A restart or reload wanted by others' changes, or owed from an earlier run.
    pub owed: Option<OwedAction>,
}

impl<K: Kind + ?Sized> Planned<'_, K> {
    /// Says whether there is nothing of it yet.
    pub fn is_new(&self) -> bool {
        self.observed.found().is_none()
    }

    /// Says whether the attribute differs.
    pub fn changes(&self, attribute: &str) -> bool {
        self.changes.iter().any(|change| change.attribute == attribute)
    }

    /// Says whether the attribute is to be set: it differs, or there is nothing of the resource yet.
    pub fn sets(&self, attribute: &str) -> bool {
        self.is_new() || self.changes(attribute)
    }
}

/// Why what was seen must not be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub message: String,
    /// The way out.
    pub help: String,
}

/// What `infra explain` and the reference say of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Documentation {
    /// One sentence: what the resource is.
    pub summary: &'static str,
    /// What the name means: "The absolute path."
    pub name: &'static str,
    /// A section of a spec that works.
    pub example: &'static str,
    /// What a reader needs beyond the table: how it is observed, what it costs, what it does not do. Markdown.
    pub notes: &'static str,
}

/// A resource kind. Everything here is pure.
pub trait Kind: Send + Sync + 'static {
    /// The singular noun of addresses: `user`.
    const KIND: &'static str;
    /// The section of a spec: `users`.
    const SECTION: &'static str;
    const STYLE: Style = Style::Converge;
    /// The kind whose entries make resources of this one too, beside their own and with the same name and attributes, at
    /// another place in the order: what is issued only once a web server runs that needs a certificate to start. It has
    /// no section of its own; [`Kind::is_wanted`] says which entries make one.
    const COMPANION_OF: Option<&'static str> = None;
    const ATTRIBUTES: &'static [Attribute];
    const DOCUMENTATION: Documentation;

    /// The kind's own part of a resource, typed.
    type Desired: Clone + std::fmt::Debug + Send + Sync + 'static;
    /// What its probe tells of a resource that exists.
    type Observed: Clone + std::fmt::Debug + PartialEq + Send + Sync + 'static;

    /// Reads the evaluated attributes. Shapes have been checked against [`Kind::ATTRIBUTES`]; what is left to check is
    /// what a table cannot say. A value not known yet reads as the type's default and is remembered by `fields`; the
    /// planner then defers the resource, so kinds need not care.
    fn decode(fields: &mut Fields<'_>) -> Self::Desired;

    /// Its resources are named by absolute paths on the host; a name that is none is a mistake in the spec.
    const IS_NAMED_BY_PATH: bool = false;

    /// Says whether an entry of the kind that this one is a companion of makes a resource of this one.
    fn is_wanted(_resource: &Resource<Self::Desired>) -> bool {
        true
    }

    /// Attributes that observing does without, so that it need not wait until they are known (a file's content).
    const OBSERVED_WITHOUT: &'static [&'static str] = &[];
    /// It has to know which paths below its own other resources provide; see [`Resource::others_below`].
    const ASKS_FOR_OTHERS_BELOW: bool = false;
    /// Its steps go through resources in the order they are given, so that one may be in a batch with another that it
    /// depends on (a folder and the one it is in). Otherwise a batch holds only what does not depend on each other.
    const IN_ORDER: bool = false;
    /// Where its steps run. Leaving the main lane is only for what does not depend on the order that others happen to
    /// run in: edges, phases and locks hold in every lane.
    const LANE: Lane = Lane::Main;
    /// Attributes whose value a plan shows under another name: `("template", "content")`.
    const SHOWN_AS: &'static [(&'static str, &'static str)] = &[];

    /// Says what it provides and requires.
    fn claims(resource: &Resource<Self::Desired>) -> Claims;

    /// Says whose changes restart or reload it.
    fn triggers(_resource: &Resource<Self::Desired>) -> Vec<Trigger> {
        Vec::new()
    }

    /// Says whether a restart or reload means anything to it as it is now (a stopped service is owed none).
    fn owed_applies(_resource: &Resource<Self::Desired>, _observed: &Observation<Self::Observed>) -> bool {
        true
    }

    /// Makes the one program that observes all these resources of a host; row `n` is about `all[n]`.
    fn probe(all: &[&Resource<Self::Desired>]) -> Probe;

    /// Reads what the probe wrote; returns one observation for each of `all`. A row without a record is `Failed`,
    /// never `Absent`: absence must have been seen.
    fn parse(all: &[&Resource<Self::Desired>], output: &ProbeOutput) -> Vec<Observation<Self::Observed>>;

    /// Returns the attributes of what was observed, for `before` in the plan.
    fn attributes(observed: &Self::Observed) -> Vec<(&'static str, Value)>;

    /// Returns the value that waits for it elsewhere get once it is in place (a secret's).
    fn output(_observed: &Self::Observed) -> Option<Value> {
        None
    }

    /// Makes the steps that end what earlier steps began, for resources of which that is known; run once everything
    /// else of a run has succeeded.
    fn conclude(_batch: &[Planned<'_, Self>]) -> Vec<Step> {
        Vec::new()
    }

    /// Compares; called only with `Absent` and `Present`. No changes mean nothing to do. For a creation, every
    /// attribute that will be set, in the order a reader wants; for a deletion, `deleted` does.
    fn diff(resource: &Resource<Self::Desired>, observed: &Observation<Self::Observed>) -> Changes;

    /// Says what a reader of the plan should know of changes beyond what differs: what they leave as it is, what goes with
    /// them. Called where there are changes.
    fn remarks(
        _resource: &Resource<Self::Desired>,
        _observed: &Observation<Self::Observed>,
        _changes: &[Change],
    ) -> Vec<String> {
        Vec::new()
    }

    /// Says why what was seen must not be changed, though it could be observed: the plan is refused then.
    fn refusal(_resource: &Resource<Self::Desired>, _observed: &Observation<Self::Observed>) -> Option<Refusal> {
        None
    }

    /// Says what the first record of the resource's row must be after its steps, so that the host can let dependants
    /// go on in the same request. `None` where only [`Kind::parse`] can tell: the request then ends there.
    fn expected(_resource: &Resource<Self::Desired>) -> Option<Vec<Expect>> {
        None
    }

    /// Makes the steps for resources that are ready together; several may share one. Each resource is covered by at
    /// least one step.
    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step>;
}

/// The changes of a resource that goes: each attribute from its value to nothing.
pub fn deleted<K: Kind>(observed: &K::Observed) -> Changes {
    let mut changes = Changes::new();
    for (attribute, value) in K::attributes(observed) {
        changes.push(attribute, value, Value::Null);
    }
    if changes.is_empty() {
        changes.push("state", "present", "absent");
    }
    changes
}
