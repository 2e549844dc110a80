//! Hosts: reaching them, observing them, changing them.
//!
//! A [`Host`] is one connection, over SSH or to this machine, with one framed `sh` for observing and up to four for
//! steps. What goes over the wire and what a program finds on the host is in `docs/host-protocol.md`.

#![allow(clippy::disallowed_methods, reason = "this is where hosts are reached")]

mod asking;
mod clock;
mod error;
mod facts;
mod frame;
mod hello;
mod ledger;
mod lock;
mod marks;
mod observed;
mod options;
mod random;
mod session;
mod shell;
mod shells;
#[cfg(test)]
mod simulation;
mod stats;
mod steps;
mod target;
mod transport;
mod watchdog;
mod wire;

pub use clock::now;
pub use error::{HostError, Problem};
pub use ledger::{history_probe, ledger_step};
pub use options::Options;
pub use random::random_key;
pub use session::Host;
#[cfg(test)]
pub use simulation::{Answer, Simulated, Simulation};
pub use stats::Stats;
pub use steps::{
    FrameReport, FrameStep, Intended, LookAgain, StepEvent, StepFrame, StepReport, StepStatus, Verify, VerifyItem,
};
pub use target::{Target, Transport};
pub use transport::{Keep, KeepError};

#[cfg(test)]
mod tests;
