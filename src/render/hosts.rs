//! What went wrong with whole hosts.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::plan::HostFailure;

use super::paint::{Paint, Role};
use super::value::visible_lines;

/// Adds a line about a host, and the way out.
pub(super) fn text(text: &mut String, head: &str, failure: &HostFailure, paint: Paint) {
    let _ = writeln!(
        text,
        "{} {}: {}",
        paint.paint(Role::Error, head),
        failure.host,
        visible_lines(&failure.message, "    ")
    );
    if let Some(help) = &failure.help {
        let _ = writeln!(text, "  help: {help}");
    }
}

/// Renders them for programs.
pub(super) fn json(failures: &[HostFailure]) -> Json {
    let failure =
        |failure: &HostFailure| json!({ "host": failure.host, "message": failure.message, "help": failure.help });
    failures.iter().map(failure).collect()
}
