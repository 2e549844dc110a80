//! Unified diffs of file contents.

use similar::{ChangeTag, TextDiff};

use crate::model::{Content, Value};

use super::paint::{Paint, Role};
use super::value::{line, shorten, visible};

/// Above this many lines a content is summarised instead of compared line by line.
const MOST_LINES: usize = 20_000;
/// Lines of a diff shown before the rest is summarised.
const MOST_SHOWN: usize = 200;
/// Lines of a new content shown before the rest is summarised.
const MOST_NEW: usize = 20;
/// Columns of a line shown; a file may be one line of a megabyte.
const WIDEST: usize = 400;

/// Returns the lines of a unified diff; one summarising line where either side is binary, secret, huge or not here.
pub fn content(before: &Value, after: &Value, paint: Paint) -> Vec<String> {
    let (Some(old), Some(new)) = (text(before), text(after)) else {
        if matches!(before, Value::Null) {
            return vec![line(after)];
        }
        return vec![format!("{} -> {}", line(before), line(after))];
    };
    if matches!(before, Value::Null) {
        return created(after, new, paint);
    }
    if old.lines().count().max(new.lines().count()) > MOST_LINES {
        return vec![format!("{} -> {}", line(before), line(after))];
    }
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        lines.push(paint.paint(Role::Faint, &hunk.header().to_string()));
        for change in hunk.iter_changes() {
            let (sign, role) = match change.tag() {
                ChangeTag::Delete => ("-", Some(Role::Delete)),
                ChangeTag::Insert => ("+", Some(Role::Create)),
                ChangeTag::Equal => (" ", None),
            };
            let value = change.value();
            let text = format!("{sign}{}", shown(value.strip_suffix('\n').unwrap_or(value)));
            lines.push(role.map_or_else(|| text.clone(), |role| paint.paint(role, &text)));
            if !value.ends_with('\n') {
                lines.push("\\ no newline at the end".into());
            }
        }
    }
    if lines.len() > MOST_SHOWN {
        let more = lines.len() - MOST_SHOWN;
        lines.truncate(MOST_SHOWN);
        lines.push(format!("… {more} more lines"));
    }
    lines
}

/// Returns a summary of a new content, and its first lines.
fn created(content: &Value, text: &str, paint: Paint) -> Vec<String> {
    let mut lines = vec![line(content)];
    lines.extend(block(text, "+").into_iter().map(|line| paint.paint(Role::Create, &line)));
    lines
}

/// Returns the first lines of a text, each after a sign.
pub fn block(text: &str, sign: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.split_terminator('\n').take(MOST_NEW).map(|line| format!("{sign}{}", shown(line))).collect();
    let more = text.split_terminator('\n').count().saturating_sub(MOST_NEW);
    if more > 0 {
        lines.push(format!("… {more} more {}", if more == 1 { "line" } else { "lines" }));
    }
    lines
}

fn shown(line: &str) -> String {
    shorten(&visible(line), WIDEST)
}

/// Returns the text of a content that may be shown; the empty text for nothing.
fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Null => Some(""),
        Value::Content(content) if !Content::is_sensitive(content) => content.text(),
        Value::Text(text) => Some(text),
        _ => None,
    }
}
