//! Walks a plan: observes hosts, sends steps in frames, verifies, and reports what was done and what was not.

mod schedule;

pub use schedule::{Batch, Frame, Schedule, Status};
