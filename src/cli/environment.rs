//! The environment.
#![allow(clippy::disallowed_methods, reason = "this is the edge: the environment enters here")]

/// Returns a variable of the environment; `None` where it is not set or not UTF-8.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
