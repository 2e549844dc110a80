//! Secrets that get a new value in this run, or got one in a run that was not finished.

use std::collections::BTreeSet;

use crate::model::{Secret, Value};
use crate::spec::SecretState;

use super::{Scope, Survey, SurveyError};

/// Where the rotation of a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// A new value is asked for.
    Asked,
    /// It has its new value; what held the one before may still do so, or did until this run.
    Unfinished,
}

impl Survey<'_> {
    /// Asks for new values of kept secrets, once all has been observed with the values they have: what uses them is
    /// known again when they are made.
    pub fn rotate(&mut self, names: &BTreeSet<String>, scope: &Scope) -> Result<(), SurveyError> {
        // One that is not made yet gets its first value.
        let has_value = |name: &&String| matches!(self.knowledge.kept.get(*name), Some(SecretState::Known(_)));
        self.rotate = names.iter().filter(has_value).cloned().collect();
        // The first time tells which values are to be replaced, the second time that they are not known.
        self.resolve(scope)?;
        self.resolve(scope)
    }

    /// Asks for no new values any more, now that there are.
    pub fn end_rotation(&mut self) {
        self.rotate.clear();
    }

    /// Says where the rotation of a secret is, as it was seen last.
    pub fn rotation(&self, node: usize) -> Option<Rotation> {
        let resource = &self.resolution.resources[node].resource;
        let values = resource.kind.makes_value()?;
        let Some(Value::Secret(secret)) = values.value(self.observed[node].as_ref()?) else { return None };
        let name = &*self.resolution.resources[node].address.name;
        match secret.previous() {
            _ if self.rotate.contains(name) && !is_replaced(&secret) => Some(Rotation::Asked),
            Some(_) => Some(Rotation::Unfinished),
            None => None,
        }
    }
}

/// Returns whether a secret has its new value: what it replaces is noted before that.
pub(super) fn is_replaced(secret: &Secret) -> bool {
    secret.previous().is_some_and(|previous| previous != *secret)
}
