//! What a command that runs on a host is reached by.

use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

/// The streams of a command that runs on a host.
pub(in crate::host) struct Channel {
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    pub output: Box<dyn AsyncRead + Send + Unpin>,
    pub errors: Box<dyn AsyncRead + Send + Unpin>,
    /// Ends when the command does. Kept as long as the streams are used.
    pub ended: Pin<Box<dyn Future<Output = ()> + Send>>,
}
