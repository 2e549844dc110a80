//! A resource as it was seen.

use super::{Claim, Variant};

/// What was seen of a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation<O> {
    Absent,
    /// It is absent, and the host has this variant of the kind.
    AbsentOn(&'static Variant),
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

    /// Turns what was found into something else.
    pub fn map<P>(self, into: impl FnOnce(O) -> P) -> Observation<P> {
        match self {
            Self::Present(found) => Observation::Present(into(found)),
            Self::Absent => Observation::Absent,
            Self::AbsentOn(variant) => Observation::AbsentOn(variant),
            Self::Later { needs, reason } => Observation::Later { needs, reason },
            Self::Failed(reason) => Observation::Failed(reason),
        }
    }

    /// Returns the variant of the host: that of what was found, as `of` reads it, or that of where nothing was. Where
    /// nothing was observed yet, `guess`.
    pub fn variant_or(&self, of: impl Fn(&O) -> &'static Variant, guess: &'static Variant) -> &'static Variant {
        match self {
            Self::Present(found) => of(found),
            Self::AbsentOn(variant) => variant,
            _ => guess,
        }
    }
}
