//! A resource as it is wanted.

use std::time::Duration;

use crate::model::Address;

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
