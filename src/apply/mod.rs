//! Walks a plan: observes hosts, sends steps in frames, verifies, and reports what was done and what was not.
//!
//! [`crate::survey`] holds all that is known; [`drive`] feeds it from hosts. [`crate::schedule`] decides what goes into
//! a host's next frame; [`execute`] sends frames and takes what comes back.

mod drive;
mod event;
mod execute;
mod ledger;
mod lock;
mod rotation;
#[cfg(test)]
mod tests;

pub use drive::{Hosts, ObserveError, Reach, connect, observe, observe_again};
pub use event::{Event, Events};
pub use execute::{Stop, Terms, apply};
pub use ledger::{NotWritten, key_of, write_ledger};
pub use lock::{Locking, lock};
