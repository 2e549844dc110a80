//! Which host, and how to reach it.

use crate::model::{Secret, SshOptions};

/// A host and how to reach it.
#[derive(Clone, Debug)]
pub struct Target {
    /// What the spec calls it.
    pub name: String,
    /// Whatever `ssh` accepts, an alias of its configuration too.
    pub address: String,
    /// The account; `None` leaves it to ssh.
    pub user: Option<String>,
    /// Work as root through sudo. It changes nothing where the account is root.
    pub become_root: bool,
    /// What sudo is told if it asks.
    pub password: Option<Secret>,
    pub transport: Transport,
}

/// The way to a host.
#[derive(Clone, Debug)]
pub enum Transport {
    Ssh(SshOptions),
    /// This machine.
    Local,
}
