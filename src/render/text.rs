//! A plan for people.

use std::fmt::Write;

use crate::model::{Action, Change, OwedAction, Value};
use crate::plan::{Certainty, Plan, PlannedResource};

use super::paint::{Paint, Role};
use super::value::line;
use super::{diff, visible};

/// Renders a plan: changes by host, findings, problems, legend, and the summary as last line.
pub fn plan(plan: &Plan, paint: Paint, columns: usize) -> String {
    let mut text = String::new();
    for host in &plan.hosts {
        let acting: Vec<&PlannedResource> =
            plan.resources.iter().filter(|resource| *resource.address.host == **host && resource.acts()).collect();
        if acting.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{}\n", paint.paint(Role::Heading, host));
        for planned in acting {
            resource(&mut text, planned, paint, columns);
        }
        text.push('\n');
    }
    for finding in &plan.findings {
        let head = paint.paint(Role::Warning, "finding:");
        let _ = writeln!(text, "{head} {} fails now: {}", finding.address, visible(&finding.message));
    }
    for note in &plan.notes {
        let _ = writeln!(text, "note: {note}");
    }
    for problem in &plan.problems {
        let head = paint.paint(Role::Error, "error:");
        let _ = writeln!(text, "{head} {}: {}", problem.address, visible(&problem.message));
        let _ = writeln!(text, "  help: {}", problem.help);
    }
    if !plan.findings.is_empty() || !plan.notes.is_empty() || !plan.problems.is_empty() {
        text.push('\n');
    }
    legend(&mut text, plan);
    let _ = writeln!(text, "{}", paint.paint(Role::Heading, &summary(plan)));
    text
}

/// Returns the last line of a plan.
pub fn summary(plan: &Plan) -> String {
    let counts = plan.counts();
    let hosts = if plan.hosts.len() == 1 { "1 host".to_string() } else { format!("{} hosts", plan.hosts.len()) };
    let run = if counts.run > 0 { format!("{} to run, ", counts.run) } else { String::new() };
    format!(
        "Plan: {} to create, {} to change, {} to delete, {run}{} unchanged on {hosts}.",
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
    let mut head = format!("  {symbol} {}", visible(&planned.address.local()));
    match (&planned.action, planned.owed) {
        (Action::Run, _) => head.push_str("  run"),
        (_, Some(OwedAction::Restart)) => head.push_str("  restart"),
        (_, Some(OwedAction::Reload)) => head.push_str("  reload"),
        _ => {}
    }
    let mut because = planned.reasons.clone();
    match &planned.certainty {
        Certainty::Ready => {}
        Certainty::Maybe => head.push_str(" (perhaps)"),
        Certainty::Deferred { until, reason } => {
            let until: Vec<String> = until.iter().map(ToString::to_string).collect();
            because.insert(0, format!("deferred until {}: {reason}", until.join(", ")));
        }
    }
    let _ = writeln!(text, "{head}");
    for reason in because {
        let _ = writeln!(text, "      {}", paint.paint(Role::Faint, &format!("({})", visible(&reason))));
    }
    if planned.action == Action::Delete {
        return;
    }
    let width = planned.changes.iter().map(|change| change.attribute.len()).max().unwrap_or(0);
    for change in &planned.changes {
        attribute(text, change, width, paint, columns);
    }
}

fn attribute(text: &mut String, change: &Change, width: usize, paint: Paint, columns: usize) {
    let name = format!("      {:width$}  ", change.attribute);
    let replaces = if change.forces_replacement { "  (forces replacement)" } else { "" };
    if matches!((&change.before, &change.after), (Value::Content(_), Value::Content(_))) {
        let lines = diff::content(&change.before, &change.after, paint);
        if let [only] = lines.as_slice() {
            let _ = writeln!(text, "{name}{only}{replaces}");
        } else {
            let _ = writeln!(text, "{}{replaces}", name.trim_end());
            for line in lines {
                let _ = writeln!(text, "        {line}");
            }
        }
        return;
    }
    let shown = match (&change.before, &change.after) {
        (Value::Null, after) => line(after),
        (before, after) => format!("{} -> {}", line(before), line(after)),
    };
    let room = columns.saturating_sub(name.len()).max(20);
    let _ = writeln!(text, "{name}{}{replaces}", shorten(&shown, room));
}

/// Cuts a line to a number of characters, saying so with an ellipsis.
fn shorten(line: &str, room: usize) -> String {
    if line.chars().count() <= room {
        return line.to_string();
    }
    let mut cut: String = line.chars().take(room.saturating_sub(1)).collect();
    cut.push('…');
    cut
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
    ] {
        if plan.resources.iter().any(|resource| resource.acts() && resource.action.symbol() == action.symbol()) {
            words.push(format!("{} {word}", action.symbol()));
        }
    }
    if !words.is_empty() {
        let _ = writeln!(text, "{}", words.join("   "));
    }
}
