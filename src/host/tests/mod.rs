//! The protocol on this machine, under every shell it claims to work with.

mod observe;
mod prelude;
mod steps;
mod support;
