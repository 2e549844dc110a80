//! `infra` makes servers be what committed YAML says they are.
//!
//! The modules are the map of the crate. The first part is **pure**: no I/O, clock, environment or randomness; it takes
//! values and returns values. Data flows through `diagnostic`, `model`, `ledger`, `resource`, `kinds`, `spec`, `graph`,
//! `survey`, `plan`, `schedule`, `render` and `saved`, and each may import only those before it. The second part does I/O and may use the
//! pure part, never the reverse.
//! `tests/fast/architecture.rs` enforces both rules.

#![forbid(unsafe_code)]

// The harness of the data cases names the crate as its users do.
#[cfg(test)]
extern crate self as infra;

// Pure.
pub mod diagnostic;
pub mod graph;
pub mod kinds;
pub mod ledger;
pub mod model;
pub mod plan;
pub mod render;
pub mod resource;
pub mod saved;
pub mod schedule;
pub mod spec;
pub mod survey;

// I/O.
pub mod apply;
pub mod cli;
pub mod host;
pub mod lab;
pub mod trace;
pub mod ui;
