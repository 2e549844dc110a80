//! What went wrong with whole hosts.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::model::{Holder, Who};
use crate::plan::HostFailure;

use super::paint::{Paint, Role};
use super::value::{visible, visible_lines};

/// Adds a line about a host, and the way out.
pub(super) fn text(text: &mut String, head: &str, failure: &HostFailure, paint: Paint) {
    let _ = writeln!(
        text,
        "{} {}: {}",
        paint.paint(Role::Error, head),
        visible(&failure.host),
        visible_lines(&failure.message, "    ")
    );
    if let Some(help) = &failure.help {
        let _ = writeln!(text, "  help: {}", visible_lines(help, "    "));
    }
}

/// Renders for programs that another run changes a host.
pub fn lock_json(host: &str, message: &str, holder: Option<&Holder>) -> Json {
    let holder = holder.map(|holder| {
        let Who { user, machine, spec, commit } = &holder.who;
        json!({
            "user": user, "machine": machine, "spec": spec, "commit": commit, "seconds": holder.seconds,
            "done": holder.done, "of": holder.of,
        })
    });
    json!({ "host": host, "message": message, "holder": holder })
}

/// Renders them for programs.
pub(super) fn json(failures: &[HostFailure]) -> Json {
    let failure =
        |failure: &HostFailure| json!({ "host": failure.host, "message": failure.message, "help": failure.help });
    failures.iter().map(failure).collect()
}
