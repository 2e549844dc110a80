//! All tests that need throwaway hosts, in one binary. They need root on a Linux machine.
//!
//! The release is `INFRA_TEST_RELEASE` (bookworm where it is not set), but for tests that need a certain one.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests have files, programs, a clock, and counts to print"
)]

mod certs;
mod cli;
mod containers;
mod counts;
mod databases;
mod edges;
mod effects;
mod every_step;
mod faults;
mod hosts;
mod ledger;
mod leftovers;
mod lock;
mod migrations;
mod missing;
mod overlap;
mod packages;
mod pm2;
mod privileges;
mod races;
mod refused;
mod rotation;
mod saved;
mod secrets;
mod sources;
#[path = "../support/mod.rs"]
mod support;
mod systems;
mod transcripts;
mod truth;
mod validate;
