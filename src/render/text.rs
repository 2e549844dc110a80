//! A plan for people.

use std::collections::HashMap;
use std::fmt::Write;
use std::io;

use unicode_width::UnicodeWidthStr;

use crate::model::{Action, Address, Change, OwedAction, Value};
use crate::plan::{Certainty, Plan, PlannedResource};

use super::paint::{Paint, Role};
use super::value::{line, shorten, visible_lines};
use super::{diff, hosts, visible};

/// Resources named in a line before the rest is counted.
const MOST_NAMES: usize = 4;

/// Reasons of a resource shown before the rest is counted: a service may restart because of thousands of files.
const MOST_REASONS: usize = 10;

/// Renders a plan: changes by host, findings, problems, legend, and the summary as last line.
pub fn plan(plan: &Plan, paint: Paint, columns: usize) -> String {
    let mut text = String::new();
    // A string takes whatever is written.
    let _ = write(plan, paint, columns, &mut |part| {
        text.push_str(part);
        Ok(())
    });
    text
}

/// Renders a plan bit by bit, resource by resource.
pub fn write(plan: &Plan, paint: Paint, columns: usize, out: &mut dyn FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    let mut of_hosts: HashMap<&str, Vec<&PlannedResource>> = HashMap::new();
    for planned in plan.resources.iter().filter(|planned| is_shown(planned)) {
        of_hosts.entry(&planned.address.host).or_default().push(planned);
    }
    let mut text = String::new();
    for host in &plan.hosts {
        let Some(acting) = of_hosts.get(host.as_str()) else { continue };
        let _ = writeln!(text, "{}\n", paint.paint(Role::Heading, host));
        for planned in acting {
            resource(&mut text, planned, paint, columns);
            out(&text)?;
            text.clear();
        }
        text.push('\n');
    }
    if !plan.released.is_empty() {
        text.push_str("Left the spec and let go; they stay as they are:\n");
        for released in &plan.released {
            let address = visible(&released.address.to_string());
            let why = paint.paint(Role::Faint, &format!("({})", visible(&released.why)));
            let _ = writeln!(text, "  {address}  {why}");
        }
        text.push('\n');
    }
    for finding in &plan.findings {
        let head = paint.paint(Role::Warning, "finding:");
        let (address, message) = (visible(&finding.address.to_string()), visible_lines(&finding.message, "    "));
        let _ = writeln!(text, "{head} {address} fails now: {message}");
    }
    for note in &plan.notes {
        let _ = writeln!(text, "note: {}", visible_lines(note, "    "));
    }
    for failure in &plan.unreachable {
        hosts::text(&mut text, "unreachable:", failure, paint);
    }
    for problem in &plan.problems {
        let head = paint.paint(Role::Error, "error:");
        let (address, message) = (visible(&problem.address.to_string()), visible_lines(&problem.message, "    "));
        let _ = writeln!(text, "{head} {address}: {message}");
        let _ = writeln!(text, "  --> {}", visible(&problem.place));
        if !problem.help.is_empty() {
            let _ = writeln!(text, "  help: {}", visible_lines(&problem.help, "    "));
        }
    }
    if !(plan.findings.is_empty() && plan.notes.is_empty() && plan.unreachable.is_empty() && plan.problems.is_empty()) {
        text.push('\n');
    }
    legend(&mut text, plan);
    let _ = writeln!(text, "{}", paint.paint(Role::Heading, &summary(plan)));
    out(&text)
}

/// Returns whether a plan says something of it: what is done, and what waits before it can be looked at.
pub(super) fn is_shown(planned: &PlannedResource) -> bool {
    planned.acts() || matches!(planned.certainty, Certainty::Deferred { .. })
}

/// Returns the last line of a plan.
pub fn summary(plan: &Plan) -> String {
    let counts = plan.counts();
    let hosts = if plan.hosts.len() == 1 { "1 host".to_string() } else { format!("{} hosts", plan.hosts.len()) };
    let run = if counts.run > 0 { format!("{} to run, ", counts.run) } else { String::new() };
    let released = match plan.released.len() {
        0 => String::new(),
        count => format!("{count} to let go, "),
    };
    let without = match plan.unreachable.as_slice() {
        [] => String::new(),
        [one] => format!(" Partial: {} could not be observed.", one.host),
        several => format!(" Partial: {} hosts could not be observed.", several.len()),
    };
    format!(
        "Plan: {} to create, {} to change, {} to delete, {run}{released}{} unchanged on {hosts}.{without}",
        counts.create, counts.change, counts.delete, counts.unchanged
    )
}

fn resource(text: &mut String, planned: &PlannedResource, paint: Paint, columns: usize) {
    let role = match planned.action {
        Action::Create => Role::Create,
        Action::Update => Role::Change,
        Action::Delete | Action::Replace => Role::Delete,
        _ => Role::Run,
    };
    let symbol = paint.paint(role, planned.action.symbol());
    let _ = writeln!(text, "  {symbol} {}", head(planned));
    for reason in reasons(planned) {
        let _ = writeln!(text, "      {}", paint.paint(Role::Faint, &reason));
    }
    if planned.action == Action::Delete {
        return;
    }
    attributes(text, &planned.changes, paint, columns);
}

/// Names a resource, and what happens to it beside its changes.
pub(super) fn head(planned: &PlannedResource) -> String {
    let mut head = visible(&planned.address.local());
    match (&planned.action, planned.owed) {
        (Action::Run, _) => head.push_str("  run"),
        (_, Some(OwedAction::Restart)) => head.push_str("  restart"),
        (_, Some(OwedAction::Reload)) => head.push_str("  reload"),
        _ => {}
    }
    if planned.certainty == Certainty::Maybe {
        head.push_str(" (perhaps)");
    }
    head
}

/// Says why something happens to a resource, a line each.
pub(super) fn reasons(planned: &PlannedResource) -> Vec<String> {
    let mut because = planned.reasons.clone();
    if let Certainty::Deferred { until, reason } = &planned.certainty {
        because.insert(0, format!("deferred until {}: {reason}", names(until)));
    }
    let mut lines: Vec<String> =
        because.iter().take(MOST_REASONS).map(|reason| format!("({})", visible(reason))).collect();
    if because.len() > MOST_REASONS {
        lines.push(format!("(and {} more)", because.len() - MOST_REASONS));
    }
    lines
}

/// Adds what changes, attribute by attribute.
pub(super) fn attributes(text: &mut String, changes: &[Change], paint: Paint, columns: usize) {
    let width = changes.iter().map(|change| change.attribute.width()).max().unwrap_or(0);
    for change in changes {
        attribute(text, change, width, paint, columns);
    }
}

fn attribute(text: &mut String, change: &Change, width: usize, paint: Paint, columns: usize) {
    let padding = " ".repeat(width.saturating_sub(change.attribute.width()));
    let name = format!("      {}{padding}  ", visible(&change.attribute));
    let replaces = if change.forces_replacement { "  (forces replacement)" } else { "" };
    let (first, lines) = match (&change.before, &change.after) {
        (Value::Null, Value::Text(after)) if after.contains('\n') => (None, diff::block(after, "| ")),
        (before, after) if is_compared(before, after) => {
            let mut lines = diff::content(before, after, paint);
            let has_summary = lines.len() == 1 || matches!(before, Value::Null);
            (has_summary.then(|| lines.remove(0)), lines)
        }
        (Value::Null, after) => (Some(line(after)), Vec::new()),
        (before, after) => (Some(format!("{} -> {}", line(before), line(after))), Vec::new()),
    };
    match first {
        Some(first) => {
            let room = columns.saturating_sub(name.width() + replaces.len()).max(20);
            let _ = writeln!(text, "{name}{}{replaces}", shorten(&first, room));
        }
        None => {
            let _ = writeln!(text, "{}{replaces}", name.trim_end());
        }
    }
    for line in lines {
        let _ = writeln!(text, "        {line}");
    }
}

/// Returns whether two values are compared line by line: contents, and texts of several lines.
fn is_compared(before: &Value, after: &Value) -> bool {
    let is_long = |value: &Value| matches!(value, Value::Text(text) if text.contains('\n'));
    match (before, after) {
        (Value::Content(_) | Value::Null, Value::Content(_)) => true,
        (Value::Text(_), Value::Text(_)) => is_long(before) || is_long(after),
        _ => false,
    }
}

/// Names what a resource waits for; of very many, the first.
fn names(until: &[Address]) -> String {
    let mut names: Vec<String> = until.iter().take(MOST_NAMES).map(|address| visible(&address.to_string())).collect();
    if until.len() > MOST_NAMES {
        names.push(format!("{} more", until.len() - MOST_NAMES));
    }
    names.join(", ")
}

/// Explains the symbols that appear, and no others.
fn legend(text: &mut String, plan: &Plan) {
    let mut words: Vec<String> = Vec::new();
    for (action, word) in [
        (Action::Create, "create"),
        (Action::Update, "change"),
        (Action::Delete, "delete"),
        (Action::Replace, "replace"),
        (Action::Run, "run, restart or reload"),
        (Action::Read, "look at"),
    ] {
        if plan.resources.iter().any(|resource| is_shown(resource) && resource.action.symbol() == action.symbol()) {
            words.push(format!("{} {word}", action.symbol()));
        }
    }
    if !words.is_empty() {
        let _ = writeln!(text, "{}", words.join("   "));
    }
}
