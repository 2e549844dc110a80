//! How SSH leads to a host.

use std::path::PathBuf;

/// What differs from the user's own ssh configuration. Paths are as written, relative ones to the spec's folder joined
/// already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshOptions {
    pub port: Option<u16>,
    pub identity_file: Option<PathBuf>,
    /// Hosts to jump over (`user@host:port`), nearest first.
    pub jump: Vec<String>,
    pub config_file: Option<PathBuf>,
    pub known_hosts: Option<PathBuf>,
}
