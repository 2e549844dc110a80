//! What a survey keeps of what it was told.

use indexmap::IndexSet;

use crate::model::{Address, ProbeOutput, Secret};

/// What was asked of a host about one kind, and what it said.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    /// Row `n` of the probe was about `asked[n]`.
    pub asked: Vec<Address>,
    pub output: ProbeOutput,
}

/// All secrets seen in a run, those that were replaced too.
#[derive(Debug, Default)]
pub(super) struct Hidden(pub IndexSet<Secret>);

impl Hidden {
    pub(super) fn insert(&mut self, secret: &Secret) {
        self.0.extend([Some(secret.clone()), secret.previous()].into_iter().flatten());
    }
}
