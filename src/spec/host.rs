//! Hosts of a spec.

use std::path::PathBuf;

use indexmap::IndexMap;

use crate::diagnostic::Span;
use crate::model::Node;

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
    pub(super) become_password: Option<Node>,
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

/// What differs from the user's own ssh configuration. Paths are as written, relative ones to the spec's folder joined
/// already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshOptions {
    pub port: Option<u16>,
    pub identity_file: Option<PathBuf>,
    /// `user@host:port`, or several with commas.
    pub jump: Option<String>,
    pub config_file: Option<PathBuf>,
    pub known_hosts: Option<PathBuf>,
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
