//! A plan as Markdown, for a comment on a change. Whatever comes from a spec or a host stands in a code span or a fence.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::{Action, Change};
use crate::plan::{Counts, Plan, PlannedResource};

use super::paint::Paint;
use super::text::{attributes, head, is_shown, reasons, summary};
use super::value::visible_lines;

/// How wide a line may become.
const COLUMNS: usize = 120;

/// Renders a plan: its counts first, a table of hosts, then what changes; `said` are lines about where it comes from.
pub fn plan(plan: &Plan, said: &[String]) -> String {
    let mut text = format!("**{}**\n\n", escaped(&summary(plan)));
    table(&mut text, plan);
    for failure in &plan.unreachable {
        let _ = writeln!(text, "- unreachable: {}: {}", span(&failure.host), span(&one_line(&failure.message)));
    }
    for finding in &plan.findings {
        let address = span(&finding.address.to_string());
        let _ = writeln!(text, "- finding: {address} fails now: {}", span(&one_line(&finding.message)));
    }
    for note in &plan.notes {
        let _ = writeln!(text, "- note: {}", span(&one_line(note)));
    }
    text.push('\n');
    for host in &plan.hosts {
        let mut of_host = plan.resources.iter().filter(|planned| *planned.address.host == **host && is_shown(planned));
        let Some(first) = of_host.next() else { continue };
        let _ = writeln!(text, "#### {}\n", span(host));
        let mut body = String::new();
        std::iter::once(first).chain(of_host).for_each(|planned| resource(&mut body, planned));
        fence(&mut text, &body);
    }
    for line in said {
        let _ = writeln!(text, "- {}", span(line));
    }
    text
}

/// Counts what happens on each host that anything happens on.
fn table(text: &mut String, plan: &Plan) {
    let mut of_hosts: BTreeMap<&str, Plan> = BTreeMap::new();
    for planned in plan.resources.iter().filter(|planned| is_shown(planned)) {
        let of_host = of_hosts.entry(&planned.address.host).or_default();
        of_host.resources.push(PlannedResource { changes: Vec::new(), before: Vec::new(), ..planned.clone() });
    }
    if of_hosts.is_empty() {
        return;
    }
    text.push_str("| host | create | change | delete | run |\n|---|---:|---:|---:|---:|\n");
    for host in plan.hosts.iter().filter_map(|host| of_hosts.get_key_value(host.as_str())) {
        let Counts { create, change, delete, run, .. } = host.1.counts();
        let _ = writeln!(text, "| {} | {create} | {change} | {delete} | {run} |", span(host.0).replace('|', "\\|"));
    }
    text.push('\n');
}

/// Adds what happens to a resource, in such a way that a diff's colours say it.
fn resource(text: &mut String, planned: &PlannedResource) {
    let sign = match planned.action {
        Action::Create => '+',
        Action::Delete => '-',
        _ => '!',
    };
    let _ = writeln!(text, "{sign} {}", head(planned));
    for reason in reasons(planned) {
        let _ = writeln!(text, "  {reason}");
    }
    if planned.action == Action::Delete {
        return;
    }
    let changes: &[Change] = &planned.changes;
    let mut lines = String::new();
    attributes(&mut lines, changes, Paint::default(), COLUMNS);
    for line in lines.lines() {
        // Lines of a diff begin with their sign; attributes are two columns further in.
        let _ =
            writeln!(text, "{}", line.strip_prefix("        ").or_else(|| line.strip_prefix("    ")).unwrap_or(line));
    }
}

/// Puts a text between fences that are longer than any run of backticks in it.
fn fence(text: &mut String, body: &str) {
    let fence = "`".repeat(longest_run(body).max(2) + 1);
    let _ = write!(text, "{fence}diff\n{body}{fence}\n\n");
}

/// Puts a text of one line into a code span.
fn span(text: &str) -> String {
    let text = visible_lines(text, "").replace('\n', " ");
    let ticks = "`".repeat(longest_run(&text) + 1);
    // A backtick at an end needs a blank beside it, and such blanks are taken away again.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) || text.is_empty() { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Escapes what Markdown may take for its own in a text of ours.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible_lines(text, "").replace('\n', " ").chars() {
        if c.is_ascii_punctuation() && !matches!(c, ',' | '.' | ':' | ' ') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
