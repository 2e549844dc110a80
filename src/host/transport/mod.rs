//! Ways to a host: each gives streams to a command that runs there.

mod channel;
mod command_line;
mod configuration;
mod failure;
mod host_key;
mod kept;
mod local;
mod ssh;

use super::Problem;
use super::options::Options;
use super::target::{Target, Transport};

pub(super) use channel::Channel;
pub use kept::{Keep, KeepError};

/// A connection over which commands are started.
pub(super) enum Link {
    Ssh(ssh::Connection),
    Local,
}

impl Link {
    /// Connects and starts a first command.
    pub async fn open(target: &Target, options: &Options, command: &str) -> Result<(Self, Channel), Problem> {
        match &target.transport {
            Transport::Local => Ok((Self::Local, local::start(command)?)),
            Transport::Ssh(ssh) => {
                let (connection, channel) = ssh::Connection::open(target, ssh, options, command).await?;
                Ok((Self::Ssh(connection), channel))
            }
        }
    }

    /// Returns whether it leads to this machine.
    pub fn is_here(&self) -> bool {
        matches!(self, Self::Local)
    }

    /// Returns whether this run has logged in for it.
    pub fn is_login(&self) -> bool {
        matches!(self, Self::Ssh(connection) if !connection.is_reused)
    }

    /// Starts a command; the account's login shell splits it.
    pub async fn start(&self, command: &str) -> Result<Channel, Problem> {
        match self {
            Self::Local => local::start(command),
            Self::Ssh(connection) => connection.start(command).await,
        }
    }

    /// Ends the connection, or lets it wait for the next run.
    pub async fn close(self, may_keep: bool) {
        if let Self::Ssh(connection) = self {
            connection.close(may_keep).await;
        }
    }
}
