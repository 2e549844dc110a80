//! The protocol on this machine, under every shell it claims to work with.

mod observe;
mod prelude;
mod ssh;
mod sshd;
mod steps;
mod support;
