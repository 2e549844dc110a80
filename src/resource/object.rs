//! Kinds and their resources as objects: what the engine holds in one list and asks, whatever the kind.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::model::{Action, Address, Change, Changes, Expect, OwedAction, Probe, ProbeOutput, Step, Value, YamlNode};

use super::{
    Attribute, Claim, Claims, Deferral, Documentation, Lane, Mode, Refusal, State, Trigger, Variant, Variants,
};

/// A resource of some kind.
#[derive(Clone)]
pub struct AnyResource {
    pub kind: &'static dyn KindObject,
    pub(super) inner: Arc<dyn Any + Send + Sync>,
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
    /// With the variant that the host has, for kinds that ask for it.
    Absent(Option<&'static Variant>),
    /// Holds the kind's whole [`Observation`](super::Observation).
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
            Self::Absent(_) => f.write_str("Absent"),
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

/// What a kind says of itself: the constants of [`Kind`](super::Kind), where each is explained.
pub struct KindInfo {
    pub name: &'static str,
    pub section: &'static str,
    pub mode: Mode,
    pub attributes: &'static [Attribute],
    pub common: &'static [Attribute],
    pub documentation: Documentation,
    pub variants: Option<&'static Variants>,
    pub observed_without: &'static [&'static str],
    pub in_order: bool,
    pub lane: Lane,
    pub shown_as: &'static [(&'static str, &'static str)],
    pub stays: &'static [&'static str],
    pub holds_data: bool,
    pub capabilities: Capabilities,
}

/// What a kind can beyond what all kinds can.
#[derive(Clone, Copy)]
pub struct Capabilities {
    pub companion: Option<&'static dyn CompanionObject>,
    pub knows_others_below: Option<&'static dyn KnowsOthersBelowObject>,
    pub knows_going: Option<&'static dyn KnowsGoingObject>,
    pub makes_value: Option<&'static dyn MakesValueObject>,
}

impl Capabilities {
    pub const NONE: Self = Self { companion: None, knows_others_below: None, knows_going: None, makes_value: None };
}

/// A [`Companion`](super::Companion) as an object.
pub trait CompanionObject: Send + Sync {
    /// Returns the name of the kind whose entries make its resources.
    fn of(&self) -> &'static str;
    fn is_wanted(&self, resource: &AnyResource) -> bool;
}

/// A kind that [`KnowsOthersBelow`](super::KnowsOthersBelow) as an object.
pub trait KnowsOthersBelowObject: Send + Sync {
    /// Returns the resource with the paths below its own that others provide.
    fn with_others_below(&self, resource: &AnyResource, others: Vec<String>) -> AnyResource;
}

/// A kind that [`KnowsGoing`](super::KnowsGoing) as an object.
pub trait KnowsGoingObject: Send + Sync {
    /// Returns the resource with the names of others that go.
    fn with_going(&self, resource: &AnyResource, names: Vec<String>) -> AnyResource;
}

/// A kind that [`MakesValue`](super::MakesValue) as an object.
pub trait MakesValueObject: Send + Sync {
    fn value(&self, observed: &AnyObserved) -> Option<Value>;
    /// Returns the resource with a new value wanted.
    fn with_rotation(&self, resource: &AnyResource) -> AnyResource;
    fn conclude(&self, batch: &[ErasedPlanned<'_>]) -> Vec<Step>;
}

/// A [`Kind`](super::Kind) as an object.
pub trait KindObject: Send + Sync {
    fn info(&self) -> &'static KindInfo;
    fn decode(
        &self,
        common: Common,
        node: &YamlNode,
        diagnostics: &mut Vec<Diagnostic>,
        deferrals: &mut Vec<Deferral>,
    ) -> AnyResource;
    /// Returns what it has in common with all resources.
    fn common(&self, resource: &AnyResource) -> Common;
    fn claims(&self, resource: &AnyResource) -> Claims;
    fn triggers(&self, resource: &AnyResource) -> Vec<Trigger>;
    fn owed_applies(&self, resource: &AnyResource, observed: &AnyObserved) -> bool;
    fn brought(&self, resource: &AnyResource) -> Option<AnyObserved>;
    fn probe(&self, all: &[&AnyResource]) -> Probe;
    fn parse(&self, all: &[&AnyResource], output: &ProbeOutput) -> Vec<AnyObserved>;
    /// Returns whether two observations of a resource found the same.
    fn is_same(&self, one: &AnyObserved, other: &AnyObserved) -> bool;
    fn observed_attributes(&self, observed: &AnyObserved) -> Vec<(&'static str, Value)>;
    /// Compares; a resource that should go and is there is `deleted`.
    fn diff(&self, resource: &AnyResource, observed: &AnyObserved) -> Changes;
    fn remarks(&self, resource: &AnyResource, observed: &AnyObserved, changes: &[Change]) -> Vec<String>;
    fn refusal(&self, resource: &AnyResource, observed: &AnyObserved) -> Option<Refusal>;
    fn expected(&self, resource: &AnyResource) -> Option<Vec<Expect>>;
    fn steps(&self, batch: &[ErasedPlanned<'_>]) -> Vec<Step>;
    fn is_absent(&self, resource: &AnyResource) -> bool;
}

/// What is asked of [`KindInfo`] at every turn.
impl dyn KindObject + '_ {
    pub fn name(&self) -> &'static str {
        self.info().name
    }

    pub fn section(&self) -> &'static str {
        self.info().section
    }

    /// Returns whether entries of its section are its own, not another kind's whose companion it is.
    pub fn has_own_section(&self) -> bool {
        self.info().capabilities.companion.is_none()
    }

    pub fn mode(&self) -> Mode {
        self.info().mode
    }

    pub fn attributes(&self) -> &'static [Attribute] {
        self.info().attributes
    }

    /// Returns what it takes of the attributes that resources have in common.
    pub fn common_attributes(&self) -> &'static [Attribute] {
        self.info().common
    }

    pub fn documentation(&self) -> &'static Documentation {
        &self.info().documentation
    }

    pub fn variants(&self) -> Option<&'static Variants> {
        self.info().variants
    }

    /// Returns the name under which a plan shows the attribute.
    pub fn shown_as<'a>(&self, attribute: &'a str) -> &'a str {
        self.info().shown_as.iter().find(|(name, _)| *name == attribute).map_or(attribute, |(_, shown)| *shown)
    }

    pub fn knows_others_below(&self) -> Option<&'static dyn KnowsOthersBelowObject> {
        self.info().capabilities.knows_others_below
    }

    pub fn knows_going(&self) -> Option<&'static dyn KnowsGoingObject> {
        self.info().capabilities.knows_going
    }

    pub fn makes_value(&self) -> Option<&'static dyn MakesValueObject> {
        self.info().capabilities.makes_value
    }
}
