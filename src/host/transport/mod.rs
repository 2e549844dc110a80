//! Ways to a host: each gives streams to a command that runs there.

mod local;

use tokio::io::{AsyncRead, AsyncWrite};

use super::HostError;
use super::target::{Options, Target, Transport};

/// A connection over which commands are started.
pub(super) enum Link {
    Local,
}

/// The streams of a command that runs on a host.
pub(super) struct Channel {
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    pub output: Box<dyn AsyncRead + Send + Unpin>,
    pub errors: Box<dyn AsyncRead + Send + Unpin>,
    /// Kept as long as the streams are used.
    pub keep: Box<dyn std::any::Any + Send>,
}

impl Link {
    /// Connects.
    pub async fn open(target: &Target, _options: &Options) -> Result<Self, HostError> {
        match &target.transport {
            Transport::Local | Transport::Ssh(_) => Ok(Self::Local),
        }
    }

    /// Starts a command; the account's login shell splits it.
    pub async fn start(&self, target: &Target, command: &str) -> Result<Channel, HostError> {
        match self {
            Self::Local => local::start(command).map_err(|problem| problem.at(&target.name)),
        }
    }

    /// Ends the connection.
    pub async fn close(self) {
        match self {
            Self::Local => {}
        }
    }
}
