//! Kinds as objects, so that the engine can hold resources of all kinds in one list.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::model::{Action, Address, Change, Changes, Expect, Node, OwedAction, Probe, ProbeOutput, Step, Value};

use super::kind::deleted;
use super::{
    Attribute, Claim, Claims, Deferral, Documentation, Fields, Kind, Lane, Observation, Planned, Refusal, Resource,
    State, Style, Trigger,
};

/// A resource of some kind.
#[derive(Clone)]
pub struct AnyResource {
    pub kind: &'static dyn KindObject,
    inner: Arc<dyn Any + Send + Sync>,
}

impl AnyResource {
    /// Returns its address.
    pub fn address(&self) -> Address {
        self.kind.common(self).address
    }
}

impl fmt::Debug for AnyResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyResource({})", self.kind.name())
    }
}

/// What was observed of a resource of some kind.
#[derive(Clone)]
pub enum AnyObserved {
    Absent,
    /// Holds the kind's whole [`Observation`].
    Present(Arc<dyn Any + Send + Sync>),
    Later {
        needs: Claim,
        reason: String,
    },
    Failed(String),
    /// Not looked at yet: a value that observing needs is known only later.
    NotYet,
}

impl fmt::Debug for AnyObserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Present(_) => f.write_str("Present"),
            Self::Later { needs, reason } => write!(f, "Later({needs:?}, {reason})"),
            Self::Failed(reason) => write!(f, "Failed({reason})"),
            Self::NotYet => f.write_str("NotYet"),
        }
    }
}

/// A resource whose steps are wanted, of some kind.
pub struct ErasedPlanned<'a> {
    pub resource: &'a AnyResource,
    pub observed: &'a AnyObserved,
    pub changes: &'a [Change],
    pub action: Action,
    pub owed: Option<OwedAction>,
}

/// What all resources have in common, taken from a spec before a kind decodes its part.
pub struct Common {
    pub address: Address,
    pub state: State,
    pub run_as: Option<String>,
    pub timeout: Option<Duration>,
}

/// A [`Kind`] as an object.
pub trait KindObject: Send + Sync {
    fn name(&self) -> &'static str;
    fn section(&self) -> &'static str;
    fn style(&self) -> Style;
    fn companion_of(&self) -> Option<&'static str>;
    fn is_wanted(&self, resource: &AnyResource) -> bool;
    fn attributes(&self) -> &'static [Attribute];
    fn documentation(&self) -> &'static Documentation;
    fn decode(
        &self,
        common: Common,
        node: &Node,
        diagnostics: &mut Vec<Diagnostic>,
        deferrals: &mut Vec<Deferral>,
    ) -> AnyResource;
    /// Returns what it has in common with all resources.
    fn common(&self, resource: &AnyResource) -> Common;
    fn claims(&self, resource: &AnyResource) -> Claims;
    fn triggers(&self, resource: &AnyResource) -> Vec<Trigger>;
    fn observed_without(&self) -> &'static [&'static str];
    fn asks_for_others_below(&self) -> bool;
    fn goes_in_order(&self) -> bool;
    fn lane(&self) -> Lane;
    /// Returns the resource with the paths below its own that others provide.
    fn with_others_below(&self, resource: &AnyResource, others: Vec<String>) -> AnyResource;
    /// Returns the resource with a new value wanted.
    fn with_rotation(&self, resource: &AnyResource) -> AnyResource;
    fn output(&self, observed: &AnyObserved) -> Option<Value>;
    fn shown_as<'a>(&self, attribute: &'a str) -> &'a str;
    fn owed_applies(&self, resource: &AnyResource, observed: &AnyObserved) -> bool;
    fn probe(&self, all: &[&AnyResource]) -> Probe;
    fn parse(&self, all: &[&AnyResource], output: &ProbeOutput) -> Vec<AnyObserved>;
    fn observed_attributes(&self, observed: &AnyObserved) -> Vec<(&'static str, Value)>;
    /// Compares; a resource that should go and is there is `deleted`.
    fn diff(&self, resource: &AnyResource, observed: &AnyObserved) -> Changes;
    fn remarks(&self, resource: &AnyResource, observed: &AnyObserved, changes: &[Change]) -> Vec<String>;
    fn refusal(&self, resource: &AnyResource, observed: &AnyObserved) -> Option<Refusal>;
    fn expected(&self, resource: &AnyResource) -> Option<Vec<Expect>>;
    fn steps(&self, batch: &[ErasedPlanned<'_>]) -> Vec<Step>;
    fn conclude(&self, batch: &[ErasedPlanned<'_>]) -> Vec<Step>;
    fn is_absent(&self, resource: &AnyResource) -> bool;
}

/// Wraps a [`Kind`]; the list of kinds holds one for each.
pub struct Erased<K: Kind>(PhantomData<fn() -> K>);

impl<K: Kind> Erased<K> {
    /// The kind as an object.
    pub const OBJECT: &'static dyn KindObject = &Self(PhantomData);

    /// The registry pairs each resource with its own kind; anything else is a bug in the engine.
    fn own(resource: &AnyResource) -> &Resource<K::Desired> {
        resource.inner.downcast_ref().expect("a resource is handed to the kind that decoded it")
    }

    fn with_typed(batch: &[ErasedPlanned<'_>], make: fn(&[Planned<'_, K>]) -> Vec<Step>) -> Vec<Step> {
        let observed: Vec<Cow<'_, Observation<K::Observed>>> =
            batch.iter().map(|planned| Self::observation(planned.observed)).collect();
        let typed: Vec<Planned<'_, K>> = batch
            .iter()
            .zip(&observed)
            .map(|(planned, observed)| Planned {
                resource: Self::own(planned.resource),
                observed,
                changes: planned.changes,
                action: planned.action,
                owed: planned.owed,
            })
            .collect();
        make(&typed)
    }

    fn observation(observed: &AnyObserved) -> Cow<'_, Observation<K::Observed>> {
        Cow::Owned(match observed {
            AnyObserved::Present(present) => {
                return Cow::Borrowed(
                    present.downcast_ref().expect("an observation is handed to the kind that parsed it"),
                );
            }
            AnyObserved::Absent | AnyObserved::NotYet => Observation::Absent,
            AnyObserved::Later { needs, reason } => Observation::Later { needs: needs.clone(), reason: reason.clone() },
            AnyObserved::Failed(reason) => Observation::Failed(reason.clone()),
        })
    }
}

impl<K: Kind> KindObject for Erased<K> {
    fn name(&self) -> &'static str {
        K::KIND
    }

    fn section(&self) -> &'static str {
        K::SECTION
    }

    fn style(&self) -> Style {
        K::STYLE
    }

    fn companion_of(&self) -> Option<&'static str> {
        K::COMPANION_OF
    }

    fn is_wanted(&self, resource: &AnyResource) -> bool {
        K::is_wanted(Self::own(resource))
    }

    fn attributes(&self) -> &'static [Attribute] {
        K::ATTRIBUTES
    }

    fn documentation(&self) -> &'static Documentation {
        const { &K::DOCUMENTATION }
    }

    fn decode(
        &self,
        common: Common,
        node: &Node,
        diagnostics: &mut Vec<Diagnostic>,
        deferrals: &mut Vec<Deferral>,
    ) -> AnyResource {
        let Common { address, state, run_as, timeout } = common;
        let mut fields = Fields::new(&address.name, state, node, diagnostics, deferrals);
        if K::IS_NAMED_BY_PATH {
            fields.check_path_name();
        }
        let desired = K::decode(&mut fields);
        AnyResource {
            kind: Self::OBJECT,
            inner: Arc::new(Resource {
                address,
                state,
                run_as,
                timeout,
                others_below: Vec::new(),
                rotate: false,
                desired,
            }),
        }
    }

    fn common(&self, resource: &AnyResource) -> Common {
        let own = Self::own(resource);
        Common { address: own.address.clone(), state: own.state, run_as: own.run_as.clone(), timeout: own.timeout }
    }

    fn claims(&self, resource: &AnyResource) -> Claims {
        K::claims(Self::own(resource))
    }

    fn triggers(&self, resource: &AnyResource) -> Vec<Trigger> {
        K::triggers(Self::own(resource))
    }

    fn observed_without(&self) -> &'static [&'static str] {
        K::OBSERVED_WITHOUT
    }

    fn goes_in_order(&self) -> bool {
        K::IN_ORDER
    }

    fn lane(&self) -> Lane {
        K::LANE
    }

    fn asks_for_others_below(&self) -> bool {
        K::ASKS_FOR_OTHERS_BELOW
    }

    fn with_others_below(&self, resource: &AnyResource, others: Vec<String>) -> AnyResource {
        let own = Resource { others_below: others, ..Self::own(resource).clone() };
        AnyResource { kind: resource.kind, inner: Arc::new(own) }
    }

    fn with_rotation(&self, resource: &AnyResource) -> AnyResource {
        let own = Resource { rotate: true, ..Self::own(resource).clone() };
        AnyResource { kind: resource.kind, inner: Arc::new(own) }
    }

    fn output(&self, observed: &AnyObserved) -> Option<Value> {
        match &*Self::observation(observed) {
            Observation::Present(value) => K::output(value),
            _ => None,
        }
    }

    fn shown_as<'a>(&self, attribute: &'a str) -> &'a str {
        K::SHOWN_AS.iter().find(|(name, _)| *name == attribute).map_or(attribute, |(_, shown)| *shown)
    }

    fn owed_applies(&self, resource: &AnyResource, observed: &AnyObserved) -> bool {
        K::owed_applies(Self::own(resource), &Self::observation(observed))
    }

    fn probe(&self, all: &[&AnyResource]) -> Probe {
        K::probe(&all.iter().map(|resource| Self::own(resource)).collect::<Vec<_>>())
    }

    fn parse(&self, all: &[&AnyResource], output: &ProbeOutput) -> Vec<AnyObserved> {
        K::parse(&all.iter().map(|resource| Self::own(resource)).collect::<Vec<_>>(), output)
            .into_iter()
            .map(|observation| match observation {
                Observation::Absent => AnyObserved::Absent,
                present @ Observation::Present(_) => AnyObserved::Present(Arc::new(present)),
                Observation::Later { needs, reason } => AnyObserved::Later { needs, reason },
                Observation::Failed(reason) => AnyObserved::Failed(reason),
            })
            .collect()
    }

    fn observed_attributes(&self, observed: &AnyObserved) -> Vec<(&'static str, Value)> {
        match &*Self::observation(observed) {
            Observation::Present(value) => K::attributes(value),
            _ => Vec::new(),
        }
    }

    fn diff(&self, resource: &AnyResource, observed: &AnyObserved) -> Changes {
        let own = Self::own(resource);
        let observation = Self::observation(observed);
        match (&*observation, own.state) {
            (Observation::Absent, State::Absent) => Changes::new(),
            (Observation::Present(value), State::Absent) if K::STYLE == Style::Converge => deleted::<K>(value),
            _ => K::diff(own, &observation),
        }
    }

    fn remarks(&self, resource: &AnyResource, observed: &AnyObserved, changes: &[Change]) -> Vec<String> {
        K::remarks(Self::own(resource), &Self::observation(observed), changes)
    }

    fn refusal(&self, resource: &AnyResource, observed: &AnyObserved) -> Option<Refusal> {
        K::refusal(Self::own(resource), &Self::observation(observed))
    }

    fn expected(&self, resource: &AnyResource) -> Option<Vec<Expect>> {
        K::expected(Self::own(resource))
    }

    fn steps(&self, batch: &[ErasedPlanned<'_>]) -> Vec<Step> {
        Self::with_typed(batch, K::steps)
    }

    fn conclude(&self, batch: &[ErasedPlanned<'_>]) -> Vec<Step> {
        Self::with_typed(batch, K::conclude)
    }

    fn is_absent(&self, resource: &AnyResource) -> bool {
        Self::own(resource).is_absent()
    }
}
