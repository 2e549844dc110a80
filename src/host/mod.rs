//! Hosts: reaching them, observing them, changing them.
//!
//! A [`Host`] is one connection, over SSH or to this machine, with one framed `sh` for observing and up to four for
//! steps. What goes over the wire and what a program finds on the host is in `docs/host-protocol.md`.

#![allow(clippy::disallowed_methods, reason = "this is where hosts are reached")]

mod asking;
mod error;
mod facts;
mod frame;
mod hello;
mod marks;
mod observed;
mod options;
mod random;
mod replay;
mod script;
mod session;
mod shell;
mod shells;
mod stats;
mod steps;
mod target;
mod transport;
mod watchdog;
mod wire;

pub use error::{HostError, Problem};
pub use options::Options;
pub use script::{NotAScript, Script};
pub use session::Host;
pub use stats::Stats;
pub use steps::{FrameReport, FrameStep, LookAgain, StepEvent, StepFrame, StepReport, StepStatus, Verify, VerifyItem};
pub use target::{Target, Transport};
pub use transport::{Keep, KeepError};

#[cfg(test)]
mod tests;
