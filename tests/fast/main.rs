//! All tests of the whole that need no host, in one binary: each binary links the whole crate, which takes longer than
//! most of them run.

#![allow(clippy::disallowed_methods, reason = "tests have files, programs and a clock")]

mod adding_a_resource;
mod architecture;
mod blocks;
#[cfg(target_os = "linux")]
mod bombs;
mod cases;
mod cli;
mod docs;
mod guard;
mod kinds;
mod lanes;
mod needs;
mod order;
mod peers_way;
mod programs;
mod saved;
mod schema;
mod specs;
#[path = "../support/mod.rs"]
mod support;
mod tools;
mod uses;
