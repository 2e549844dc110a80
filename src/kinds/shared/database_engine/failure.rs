//! Why a server did not answer.

/// Why a row has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The host has no client.
    NoClient,
    /// No server listens.
    NoServer(String),
    /// The server does not let the account in.
    Refused(String),
    NoDatabase(String),
    NoTable(String),
    Other(String),
}
