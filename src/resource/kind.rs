//! The trait a resource kind implements.

use crate::model::{Action, Change, Changes, Expect, OwedAction, Probe, ProbeOutput, Step, Value};

use super::{
    Attribute, Capabilities, Claims, Documentation, Fields, Lane, Mode, Observation, Refusal, Resource, Trigger,
    Variants,
};

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
    /// Returns whether there is nothing of it yet.
    pub fn is_new(&self) -> bool {
        self.observed.found().is_none()
    }

    /// Returns whether the attribute differs.
    pub fn changes(&self, attribute: &str) -> bool {
        self.changes.iter().any(|change| change.attribute == attribute)
    }

    /// Returns whether the attribute is to be set: it differs, or there is nothing of the resource yet.
    pub fn sets(&self, attribute: &str) -> bool {
        self.is_new() || self.changes(attribute)
    }
}

/// A resource kind. Everything here is pure.
pub trait Kind: Send + Sync + 'static {
    /// The singular noun of addresses: `user`.
    const KIND: &'static str;
    /// The section of a spec: `users`.
    const SECTION: &'static str;
    const KIND_MODE: Mode = Mode::Converge;
    const ATTRIBUTES: &'static [Attribute];
    /// What it takes of the attributes that resources have in common.
    const COMMON: &'static [Attribute] = super::COMMON;
    const DOCUMENTATION: Documentation;
    /// The ways in which it does its work, where there are several.
    const VARIANTS: Option<&'static Variants> = None;

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

    /// Attributes that observing does without, so that it need not wait until they are known (a file's content).
    const OBSERVED_WITHOUT: &'static [&'static str] = &[];
    /// Its steps go through resources in the order they are given, so that one may be in a batch with another that it
    /// depends on (a folder and the one it is in). Otherwise a batch holds only what does not depend on each other.
    const IN_ORDER: bool = false;
    /// Where its steps run. Leaving the main lane is only for what does not depend on the order that others happen to
    /// run in: edges, phases and locks hold in every lane.
    const LANE: Lane = Lane::Main;
    /// Attributes whose value a plan shows under another name: `("template", "content")`.
    const SHOWN_AS: &'static [(&'static str, &'static str)] = &[];
    /// What `ignore_changes` may name: attributes, or names under which a plan shows some, that stay as the host has them.
    /// Its steps set each only where the spec gives it or, where it is shown for several, where it is among the changes.
    const STAYS: &'static [&'static str] = &[];
    /// What is deleted with it cannot be made again: nothing of it is deleted because it has left the spec, but by name.
    const HOLDS_DATA: bool = false;
    /// What it can beyond what all kinds can, named as [`Erased::MAKES_VALUE`](super::Erased::MAKES_VALUE) and its like.
    const CAPABILITIES: Capabilities = Capabilities::NONE;

    /// Says what it provides and requires.
    fn claims(resource: &Resource<Self::Desired>) -> Claims;

    /// Says whose changes restart or reload it.
    fn triggers(_resource: &Resource<Self::Desired>) -> Vec<Trigger> {
        Vec::new()
    }

    /// Returns whether a restart or reload means anything to it as it is now (a stopped service is owed none).
    fn owed_applies(_resource: &Resource<Self::Desired>, _observed: &Observation<Self::Observed>) -> bool {
        true
    }

    /// Returns as what a package brings it, where one may: nothing where no package does, or it is not known how.
    fn brought(_resource: &Resource<Self::Desired>) -> Option<Self::Observed> {
        None
    }

    /// Makes the one program that observes all these resources of a host; row `n` is about `all[n]`.
    fn probe(all: &[&Resource<Self::Desired>]) -> Probe;

    /// Reads what the probe wrote; returns one observation for each of `all`. A row without a record is `Failed`,
    /// never `Absent`: absence must have been seen.
    fn parse(all: &[&Resource<Self::Desired>], output: &ProbeOutput) -> Vec<Observation<Self::Observed>>;

    /// Returns the attributes of what was observed, for `before` in the plan.
    fn attributes(observed: &Self::Observed) -> Vec<(&'static str, Value)>;

    /// Compares; called only with `Absent` and `Present`. No changes mean nothing to do. For a creation, every
    /// attribute that will be set, in the order a reader wants; for a deletion, `deleted` does.
    fn diff(resource: &Resource<Self::Desired>, observed: &Observation<Self::Observed>) -> Changes;

    /// Says what a reader of the plan should know of changes beyond what differs: what they leave as it is, what goes with
    /// them. Called where there are changes, and with none where it is restarted or reloaded.
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
