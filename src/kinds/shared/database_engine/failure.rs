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

/// What to do about a server that does not encrypt, where that is asked for.
pub(super) const NO_TLS: &str =
    "let the server encrypt, or write `tls: { mode: plain }` in `admin` where nobody else is on the way";
