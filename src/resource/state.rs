//! A resource as it is wanted, as it was seen, and why what was seen may have to stay.

use std::time::Duration;

use crate::model::Address;

use super::{Claim, Variant};

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
}

/// Why what was seen must not be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub message: String,
    /// The way out.
    pub help: String,
}
