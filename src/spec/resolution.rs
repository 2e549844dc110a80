//! What a spec comes to, given what is known.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Span};
use crate::kinds::SECRET;
use crate::ledger::Prune;
use crate::model::{Address, Secret, Until, Value, YamlNode};
use crate::resource::{AnyResource, Deferral};

use super::Spec;

/// What is known of the world when a spec is resolved.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// By host name; each a mapping. A host that is not in here has not been observed yet.
    pub facts: BTreeMap<String, Value>,
    /// By name, what comes from outside the hosts. One that is not in here is looked for among those kept on hosts.
    pub secrets: BTreeMap<String, SecretState>,
    /// By name, what is kept on hosts, as far as those were observed.
    pub kept: BTreeMap<String, SecretState>,
}

impl Knowledge {
    /// Returns what is known before anything is read or contacted: no facts, and secrets only by name.
    pub fn nothing(spec: &Spec) -> Self {
        let elsewhere = spec.secrets.iter().filter(|secret| !secret.is_kept());
        Self::unread(elsewhere.map(|secret| secret.name.as_str()))
    }

    /// Knows secrets only by name.
    pub(super) fn unread<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let later = |name: &str| SecretState::Later(Until::applied(Address::new("", SECRET.name(), name)));
        Self { secrets: names.map(|name| (name.to_string(), later(name))).collect(), ..Self::default() }
    }

    /// Returns what is known of a secret: from outside the hosts, or else from the host that keeps it.
    pub fn secret(&self, name: &str) -> Option<&SecretState> {
        self.secrets.get(name).or_else(|| self.kept.get(name))
    }
}

/// What is known of a secret.
#[derive(Clone, Debug, PartialEq)]
pub enum SecretState {
    Known(Secret),
    Later(Until),
}

/// All resources of a spec, on all its hosts.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    /// By host in the order of the spec, then by kind, then as written.
    pub resources: Vec<Resolved>,
    /// What may become resources once more is known.
    pub pending: Vec<Pending>,
    pub diagnostics: Vec<Diagnostic>,
    /// What expressions made of secrets: parts of texts, which are to be hidden as the secrets are.
    pub derived: Vec<Secret>,
}

/// One resource, evaluated.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub resource: AnyResource,
    pub address: Address,
    /// Where its name is written.
    pub span: Span,
    /// Its attributes, defaults filled in, without those all kinds have; parts may be `Secret`, `Unknown`, `Content`.
    pub node: YamlNode,
    /// Selectors as written by the user, each with its place; [`crate::spec::Selector`] reads them.
    pub depends_on: Vec<(String, Span)>,
    pub deferrals: Vec<Deferral>,
    /// `when:` is false: not planned, not deleted; its edges pass through it.
    pub left_alone: bool,
    pub retries: u32,
    pub prevent_destroy: bool,
    pub prune: Prune,
    pub ignore_changes: Vec<String>,
    /// The inventory says something else than the spec; where it is `left_alone` too, the inventory takes it away.
    pub overridden: bool,
}

/// A part of the spec that cannot be told before something is known: whether a resource is there, or its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    pub host: String,
    /// The kind's name, or `module`.
    pub kind: String,
    /// As written.
    pub name: String,
    pub span: Span,
    pub until: Until,
}
