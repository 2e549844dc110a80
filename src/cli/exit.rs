//! How a command ends.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Success,
    Failure,
    /// `plan --detailed-exitcode` found changes.
    Changes,
    /// `plan --detailed-exitcode` found none, but checks that fail.
    ChecksFail,
    /// `plan --drift-only` found drift.
    Drift,
    /// Another run changes a host: nothing was changed.
    Locked,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Failure => Self::FAILURE,
            Exit::Changes => Self::from(2),
            Exit::ChecksFail => Self::from(3),
            Exit::Drift => Self::from(4),
            Exit::Locked => Self::from(LOCKED),
        }
    }
}

/// Wrong usage, as in sysexits(3).
pub const USAGE: u8 = 64;
/// Try again later, as in sysexits(3).
const LOCKED: u8 = 75;

/// Wrong usage that only shows once the command runs.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);
