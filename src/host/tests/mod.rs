//! The protocol on this machine, under every shell it claims to work with.

#![allow(clippy::disallowed_macros, reason = "tests may print")]

mod end;
mod kept;
mod kinds;
mod lock;
mod observe;
mod prelude;
mod ssh;
mod sshd;
mod steps;
mod support;
