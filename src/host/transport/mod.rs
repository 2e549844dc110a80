//! Ways to a host: each gives streams to a command that runs there.

mod host_key;
mod local;
mod said;
mod ssh;

use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};

use super::target::{Options, Target, Transport};
use super::{HostError, Problem};

/// A connection over which commands are started.
pub(super) enum Link {
    Ssh(Arc<openssh::Session>),
    Local,
}

/// The streams of a command that runs on a host.
pub(super) struct Channel {
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    pub output: Box<dyn AsyncRead + Send + Unpin>,
    pub errors: Box<dyn AsyncRead + Send + Unpin>,
    /// Ends when the command does. Kept as long as the streams are used.
    pub ended: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Link {
    /// Connects.
    pub async fn open(target: &Target, options: &Options) -> Result<Self, HostError> {
        match &target.transport {
            // A replayed host has no commands; it never comes here.
            Transport::Local | Transport::Replay(_) => Ok(Self::Local),
            Transport::Ssh(ssh) => {
                let session = ssh::connect(target, ssh, options).await.map_err(|problem| problem.at(&target.name))?;
                Ok(Self::Ssh(Arc::new(session)))
            }
        }
    }

    /// Starts a command; the account's login shell splits it.
    pub async fn start(&self, command: &str) -> Result<Channel, Problem> {
        match self {
            Self::Local => local::start(command),
            Self::Ssh(session) => ssh::start(session, command).await,
        }
    }

    /// Ends the connection.
    pub async fn close(self) {
        if let Self::Ssh(session) = self
            && let Ok(session) = Arc::try_unwrap(session)
        {
            // What cannot be ended properly has ended already.
            let _ = session.close().await;
        }
    }
}
