//! How a run ended, for people and for programs.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::model::{Action, Address};
use crate::plan::{Outcome, Plan, Report};

use super::hosts;
use super::json::FORMAT_VERSION;
use super::paint::{Paint, Role};
use super::value::visible_lines;
use super::visible;

/// Lines of a failed step's output that are shown.
const MOST_OUTPUT: usize = 20;

/// Renders what failed, why, and what to do; then what was not done; the summary last.
pub fn text(report: &Report, plan: &Plan, paint: Paint) -> String {
    let mut text = String::new();
    let failed = report.outcomes.iter().filter_map(|(address, outcome)| match outcome {
        Outcome::Failed(failure) => Some((address, failure)),
        _ => None,
    });
    let mut failed = failed.peekable();
    while let Some((address, failure)) = failed.next() {
        let address = visible(&address.to_string());
        let _ = writeln!(text, "{} {address}", paint.paint(Role::Error, "failed:"));
        // What failed for one reason, such as a step of many, says it once.
        if failed.peek().is_some_and(|(_, next)| *next == failure) {
            continue;
        }
        let _ = writeln!(text, "  {}", visible_lines(&failure.message, "    "));
        if let Some(step) = &failure.step {
            let status = failure.status.as_ref().map(|status| format!(" ({status})")).unwrap_or_default();
            let _ = writeln!(text, "  step: {}{status}", visible(step));
        }
        let left_out = failure.output.len().saturating_sub(MOST_OUTPUT);
        for line in failure.output.iter().skip(left_out) {
            let _ = writeln!(text, "    | {}", visible(line));
        }
        if let Some(help) = &failure.help {
            let _ = writeln!(text, "  help: {}", visible_lines(help, "    "));
        }
    }
    let lost = report.unreachable.iter().map(|failure| ("unreachable:", failure));
    for (head, failure) in lost.chain(report.hosts.iter().map(|failure| ("lost:", failure))) {
        hosts::text(&mut text, head, failure, paint);
    }
    text.push_str(&deadlock(report, paint));
    for (address, outcome) in &report.outcomes {
        let address = visible(&address.to_string());
        match outcome {
            Outcome::Skipped { because } => {
                let because = visible(&because.to_string());
                let _ = writeln!(text, "{} {address}, because of {because}", paint.paint(Role::Warning, "skipped:"));
            }
            Outcome::Withheld { action } => {
                let _ = writeln!(
                    text,
                    "{} {address}, which would be {}d; a partial run deletes nothing",
                    paint.paint(Role::Warning, "left as it is:"),
                    action.word()
                );
            }
            Outcome::NotDone(reason) => {
                let _ = writeln!(
                    text,
                    "{} {address}, because {}",
                    paint.paint(Role::Warning, "not done:"),
                    visible(&reason.why())
                );
            }
            _ => {}
        }
    }
    text.push_str(&otherwise(report));
    if report.was_stopped {
        let why = report.deadline.map(|deadline| format!(", because its {} s were over", deadline.as_secs()));
        let _ = writeln!(
            text,
            "The run was stopped{}. What is listed as not done was not started; the next apply does it.",
            why.unwrap_or_default()
        );
    }
    let _ = writeln!(text, "{}", paint.paint(Role::Heading, &summary(report, plan)));
    text
}

/// Names what waits for each other, which the engine should have kept from happening.
fn deadlock(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    if report.deadlock.is_empty() {
        return text;
    }
    let _ =
        writeln!(text, "{} the run cannot go on, though nothing failed", paint.paint(Role::Error, "internal error:"));
    let next = report.deadlock.iter().cycle().skip(1);
    for ((address, why), (other, _)) in report.deadlock.iter().zip(next) {
        let _ = writeln!(text, "  {} waits for {}: {why}", visible(&address.to_string()), visible(&other.to_string()));
    }
    let _ = writeln!(
        text,
        "  help: this is a fault of infra, please report it with the spec; another apply may get further"
    );
    text
}

/// Says what was not as it had been seen, because of the run itself, and what had to be applied again in the end.
fn otherwise(report: &Report) -> String {
    let mut text = String::new();
    let mut found: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for one in &report.found {
        found.entry(&one.by).or_default().push(&one.address);
    }
    for (by, addresses) in found {
        let (by, addresses) = (visible(&by.to_string()), first_of(&addresses));
        let _ = writeln!(text, "{by} brought or changed {addresses} before its turn");
    }
    let mended: Vec<&Address> = report.mended.iter().collect();
    if !mended.is_empty() {
        let was = if mended.len() == 1 { "was" } else { "were" };
        let _ =
            writeln!(text, "{} {was} not as planned once all was applied, and {was} applied again", first_of(&mended));
    }
    text
}

/// Names the first of several.
fn first_of(addresses: &[&Address]) -> String {
    match addresses {
        [] => String::new(),
        [one] => visible(&one.to_string()),
        [first, rest @ ..] => format!("{} and {} more", visible(&first.to_string()), rest.len()),
    }
}

/// Returns the last line of a run.
fn summary(report: &Report, plan: &Plan) -> String {
    // What was not there when the plan was made counts as created, though something of the run may have brought it before its
    // turn; a replacement is one creation and one deletion.
    let created = plan.resources.iter().filter(|planned| planned.action == Action::Create);
    let created: HashSet<&Address> = created.map(|planned| &planned.address).collect();
    let applied = |wanted: &[Action]| {
        let action = |(address, outcome): &(Address, Outcome)| match outcome {
            Outcome::Applied { action: Action::Update } if created.contains(address) => Some(Action::Create),
            Outcome::Applied { action } => Some(*action),
            _ => None,
        };
        report.outcomes.iter().filter_map(action).filter(|action| wanted.contains(action)).count()
    };
    let mut parts = vec![
        format!("{} created", applied(&[Action::Create, Action::Replace])),
        format!("{} changed", applied(&[Action::Update])),
        format!("{} deleted", applied(&[Action::Delete, Action::Replace])),
    ];
    let mut add = |count: usize, words: &str| {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    };
    add(applied(&[Action::Run, Action::Restart, Action::Reload]), "run");
    add(report.count(|outcome| *outcome == Outcome::NotNeeded), "not needed");
    add(report.count(|outcome| matches!(outcome, Outcome::Withheld { .. })), "left as it is");
    add(report.count(|outcome| matches!(outcome, Outcome::Failed(_))), "FAILED");
    add(report.count(|outcome| matches!(outcome, Outcome::Skipped { .. })), "skipped");
    add(report.count(|outcome| matches!(outcome, Outcome::NotDone(_))), "not done");
    let passed = report.count(|outcome| *outcome == Outcome::Passed);
    add(passed, if passed == 1 { "check passed" } else { "checks passed" });
    // What was unchanged when the plan was made, and had to be mended or failed, is counted there.
    let alike = plan.resources.iter().filter(|planned| planned.action == Action::None).map(|planned| &planned.address);
    let alike: HashSet<&Address> = alike.collect();
    let otherwise = report.outcomes.iter().filter(|(address, _)| alike.contains(address)).count();
    let unchanged = plan.counts().unchanged - otherwise;
    format!("Apply: {}, {unchanged} unchanged.", parts.join(", "))
}

/// Renders the report for programs.
pub fn json(report: &Report) -> Json {
    json!({
        "format_version": FORMAT_VERSION,
        "success": report.is_success(),
        "stopped": report.was_stopped,
        "deadline_seconds": report.deadline.map(|deadline| deadline.as_secs()),
        "resources": report.outcomes.iter().map(|(address, outcome)| {
            let mut entry = json!({ "address": address.to_string(), "outcome": word(outcome) });
            match outcome {
                Outcome::Applied { action } | Outcome::Withheld { action } => entry["action"] = action.word().into(),
                Outcome::Failed(failure) => {
                    entry["failure"] = json!({
                        "message": failure.message, "step": failure.step, "status": failure.status,
                        "output": failure.output, "help": failure.help,
                    });
                }
                Outcome::Skipped { because } => entry["because"] = because.to_string().into(),
                Outcome::NotDone(reason) => entry["why"] = reason.why().into(),
                _ => {}
            }
            entry
        }).collect::<Vec<_>>(),
        "found": report.found.iter().map(|found| json!({
            "address": found.address.to_string(), "by": found.by.to_string(),
        })).collect::<Vec<_>>(),
        "applied_again": report.mended.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "deadlock": report.deadlock.iter().map(|(address, why)| json!({
            "address": address.to_string(), "waits": why,
        })).collect::<Vec<_>>(),
        "hosts_lost": hosts::json(&report.hosts),
        "unreachable": hosts::json(&report.unreachable),
    })
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied { .. } => "applied",
        Outcome::NotNeeded => "not-needed",
        Outcome::Withheld { .. } => "withheld",
        Outcome::Passed => "passed",
        Outcome::Failed(_) => "failed",
        Outcome::Skipped { .. } => "skipped",
        Outcome::NotDone(_) => "not-done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Failure;

    #[test]
    fn what_was_planned_to_come_is_counted_as_created() {
        let address = |text: &str| text.parse::<Address>().unwrap();
        let outcomes =
            [("a/service:x", Action::Update), ("a/service:y", Action::Update), ("a/file:/z", Action::Replace)];
        let outcomes = outcomes.map(|(name, action)| (address(name), Outcome::Applied { action })).to_vec();
        let report = Report { outcomes, ..Report::default() };
        let planned = |name: &str, action| crate::plan::PlannedResource::bare(address(name), action);
        let resources = vec![planned("a/service:x", Action::Create), planned("a/service:y", Action::Update)];
        let plan = Plan { resources, ..Plan::default() };
        assert_eq!(summary(&report, &plan), "Apply: 2 created, 1 changed, 1 deleted, 0 unchanged.");
    }

    #[test]
    fn a_reason_of_several_lines_is_said_once() {
        let failure = || Outcome::Failed(Failure::new("ERROR: no\nDETAIL: it is: \u{1b}taken\n"));
        let address = |text: &str| text.parse().unwrap();
        let outcomes = vec![
            (address("a/package:x"), failure()),
            (address("a/package:y"), failure()),
            (address("a/file:/z"), Outcome::Failed(Failure::new("else"))),
        ];
        let report = Report { outcomes, ..Report::default() };
        let text = text(&report, &Plan::default(), Paint::default());
        let wanted = "failed: a/package:x\nfailed: a/package:y\n  ERROR: no\n    DETAIL: it is: \\u{1b}taken\n\
                      failed: a/file:/z\n  else\n";
        assert!(text.starts_with(wanted), "{text}");
    }
}
