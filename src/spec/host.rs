//! Hosts of a spec.

use indexmap::IndexMap;

use crate::diagnostic::Span;
use crate::model::{SshOptions, YamlNode};

/// A host as the spec and the inventory describe it.
#[derive(Clone, Debug)]
pub struct HostSpec {
    pub name: String,
    /// Where its name is written.
    pub span: Span,
    /// Whatever ssh accepts; the host's name where the spec gives none.
    pub address: String,
    pub user: Option<String>,
    /// Steps run as root through sudo.
    pub r#become: bool,
    /// Evaluated with [`crate::spec::Spec::become_password`].
    pub(super) become_password: Option<YamlNode>,
    pub labels: IndexMap<String, String>,
    pub transport: Transport,
    pub role: HostRole,
}

/// How a host is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    Ssh(SshOptions),
    /// This machine.
    Local,
}

/// What a run may do with a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostRole {
    /// It is observed and changed.
    Selected,
    /// `--host` names others: it may be read for facts and secrets, never changed.
    ReadOnly,
    /// The inventory lacks it: it is not contacted.
    NeverContacted,
}
