//! A plan in a file: what it was made of, what it would do, and what it holds true of the hosts.
//!
//! [`file`] is the form on disk, [`about`] says what a plan is bound to, [`record`] holds a plan without loss for a
//! reader, and [`stale`] compares a saved plan with what a run has found now.

mod about;
mod file;
mod record;
mod stale;
#[cfg(test)]
mod tests;
mod touched;

pub use about::{About, Base, Given, HostBound, Input, Made, Touched};
pub use file::{HEADER, NotAPlan, SavedPlan, header, is_saved_plan, payload, read, write_payload};
pub use record::PlanRecord;
pub use stale::{Stale, of_hosts, of_resources};
pub use touched::{bound, scope, touched};
