//! `infra` makes servers be what committed YAML says they are.
//!
//! The modules below are the map of the crate, in the order data flows through them. The upper part is **pure**:
//! no I/O, clock, environment or randomness; it takes values and returns values, and each module may import only
//! those above it. The lower part does I/O and may use the pure part, never the reverse.
//! `tests/architecture.rs` enforces both rules.

// Pure.
pub mod diagnostic;
pub mod graph;
pub mod model;
pub mod plan;
pub mod render;
pub mod resource;
pub mod spec;

// I/O.
pub mod apply;
pub mod cli;
pub mod host;
pub mod lab;
pub mod ui;
