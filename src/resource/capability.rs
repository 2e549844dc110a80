//! What only some kinds can. A kind that implements one of these says so in [`Kind::CAPABILITIES`]; the engine asks for
//! the capability, never for the kind.

use crate::model::{Step, Value};

use super::object::{CompanionObject, KnowsGoingObject, KnowsOthersBelowObject, MakesValueObject};
use super::{AnyObserved, AnyResource, Capabilities, Erased, ErasedPlanned, Kind, Planned, Resource};

/// A kind that has no section of its own: entries of another kind make resources of this one too, beside their own and
/// with the same name and attributes, at another place in the order. What is issued only once a web server runs that
/// needs a certificate to start is one.
pub trait Companion: Kind {
    /// The kind whose entries they are.
    const OF: &'static str;

    /// Returns whether the entry makes a resource of this kind.
    fn is_wanted(resource: &Resource<Self::Desired>) -> bool;
}

/// A kind that has to know which paths below its own other resources of the host provide, in order to leave them alone.
pub trait KnowsOthersBelow: Kind {
    /// Takes the paths, in order.
    fn set_others_below(desired: &mut Self::Desired, others: Vec<String>);
}

/// A kind that has to know which others of its own are to go from the host, or to get what the spec says instead: what comes may
/// take their place.
pub trait KnowsGoing: Kind {
    /// Takes the names of those; its own may be among them.
    fn set_going(desired: &mut Self::Desired, names: Vec<String>);
}

/// A kind whose resources hold a value that is made on the host and that others wait for.
pub trait MakesValue: Kind {
    /// Returns the value, where it is in place.
    fn value(observed: &Self::Observed) -> Option<Value>;

    /// Asks for a new value in the place of the one there is.
    fn rotate(desired: &mut Self::Desired);

    /// Makes the steps that end the rotation of resources that have their new value; run once everything else of a run
    /// has succeeded.
    fn conclude(batch: &[Planned<'_, Self>]) -> Vec<Step>;
}

impl<K: Companion> Erased<K> {
    pub const COMPANION: Capabilities = Capabilities { companion: Some(&Self::NEW), ..Capabilities::NONE };
}

impl<K: Companion> CompanionObject for Erased<K> {
    fn of(&self) -> &'static str {
        K::OF
    }

    fn is_wanted(&self, resource: &AnyResource) -> bool {
        K::is_wanted(Self::own(resource))
    }
}

impl<K: KnowsOthersBelow> Erased<K> {
    pub const KNOWS_OTHERS_BELOW: Capabilities =
        Capabilities { knows_others_below: Some(&Self::NEW), ..Capabilities::NONE };
}

impl<K: KnowsOthersBelow> KnowsOthersBelowObject for Erased<K> {
    fn with_others_below(&self, resource: &AnyResource, others: Vec<String>) -> AnyResource {
        Self::with(resource, |desired| K::set_others_below(desired, others))
    }
}

impl<K: KnowsGoing> Erased<K> {
    pub const KNOWS_GOING: Capabilities = Capabilities { knows_going: Some(&Self::NEW), ..Capabilities::NONE };
}

impl<K: KnowsGoing> KnowsGoingObject for Erased<K> {
    fn with_going(&self, resource: &AnyResource, names: Vec<String>) -> AnyResource {
        Self::with(resource, |desired| K::set_going(desired, names))
    }
}

impl<K: MakesValue> Erased<K> {
    pub const MAKES_VALUE: Capabilities = Capabilities { makes_value: Some(&Self::NEW), ..Capabilities::NONE };
}

impl<K: MakesValue> MakesValueObject for Erased<K> {
    fn value(&self, observed: &AnyObserved) -> Option<Value> {
        K::value(Self::observation(observed).found()?)
    }

    fn with_rotation(&self, resource: &AnyResource) -> AnyResource {
        Self::with(resource, K::rotate)
    }

    fn conclude(&self, batch: &[ErasedPlanned<'_>]) -> Vec<Step> {
        Self::with_typed(batch, K::conclude)
    }
}
