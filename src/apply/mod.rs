//! Walks a plan: observes hosts, sends steps in frames, verifies, and reports what was done and what was not.
//!
//! [`survey`] holds all that is known and does no I/O; [`drive`] feeds it from hosts. [`schedule`] decides what goes into
//! a host's next frame and does no I/O either; [`execute`] sends frames and takes what comes back.

mod drive;
mod event;
mod execute;
mod rotation;
mod schedule;
mod survey;

pub use drive::{Hosts, ObserveError, Reach, connect, observe};
pub use event::{Event, Events};
pub use execute::{Stop, apply};
pub use survey::{Survey, SurveyError};
