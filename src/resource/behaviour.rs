//! How a kind behaves in a run: what its changes mean, where its steps run, and whose changes it answers.

use crate::model::{Lock, OwedAction};

use super::Claim;

/// How a kind behaves in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Desired and observed are compared; an unchanged resource has no changes.
    Converge,
    /// A command: a change means it runs. Whether it must is asked again after anything it depends on has changed.
    Run,
    /// Changes nothing. A plan looks once and reports a failure as a finding; an apply looks until `within` is over.
    Check,
    /// Changes nothing. A host that does not meet it refuses the plan.
    Requirement,
}

/// Where a kind's steps run on a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lane {
    /// In the host's main lane, one step after another.
    #[default]
    Main,
    /// Beside the main lane and beside each other: they take long, wait for a network or a build, and touch nothing but
    /// what they are about.
    Beside,
    /// Beside the main lane, one after another with all that share this.
    Shared(Lock),
}

/// Asks for a restart or reload of a resource when others change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    pub source: TriggerSource,
    pub action: OwedAction,
}

/// Whose change it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerSource {
    /// What provides this on the same host.
    Provider(Claim),
    /// Addresses or globs as written in the spec (`file:/etc/app/**`, `app1/secret:x`).
    Selector(String),
}
