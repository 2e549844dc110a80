//! Unified diffs of file contents.

use std::collections::HashSet;

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
        let head = match before {
            Value::Null => line(after),
            before => format!("{} -> {}", line(before), line(after)),
        };
        return std::iter::once(head).chain(open(before, after, paint)).collect();
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
            let value_of_line = value.strip_suffix('\n').unwrap_or(value);
            let text = match change.tag() {
                ChangeTag::Equal => format!("{sign}{}", shorten(&visible(value_of_line), WIDEST)),
                ChangeTag::Delete | ChangeTag::Insert => format!("{sign}{}", shown(value_of_line)),
            };
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

/// Returns the lines of a secret content that no secret has part in, and that were not there before. Nothing is shown of what
/// was there: what is in the place of a secret may be an old one.
fn open(before: &Value, after: &Value, paint: Paint) -> Vec<String> {
    let Value::Content(after) = after else { return Vec::new() };
    let old = match before {
        Value::Content(before) => before.text().unwrap_or_default(),
        _ => "",
    };
    let old: HashSet<&str> = old.lines().collect();
    let new: Vec<&str> =
        after.open_lines().filter(|line| !line.is_empty() && !old.contains(line.trim_end_matches('\r'))).collect();
    block(&new.join("\n"), "+").into_iter().map(|line| paint.paint(Role::Create, &line)).collect()
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

/// Shows a line; blanks at its end are written as numbers, for nobody would see them.
fn shown(line: &str) -> String {
    let (rest, end) = match line.strip_suffix('\r') {
        Some(rest) => (rest, "\r"),
        None => (line, ""),
    };
    let seen = rest.trim_end_matches([' ', '\t']);
    let blanks: String = rest[seen.len()..].chars().map(|c| format!("\\u{{{:x}}}", c as u32)).collect();
    let mut text = visible(seen);
    // A blank that is none to most programs.
    for c in ['\u{a0}', '\u{2007}', '\u{202f}'] {
        if text.contains(c) {
            text = text.replace(c, &format!("\\u{{{:x}}}", c as u32));
        }
    }
    shorten(&format!("{text}{blanks}{}", visible(end)), WIDEST)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OpenLinesFinder, Secret};

    fn lines(before: &str, after: &str) -> Vec<String> {
        let value = |text: &str| Value::Content(Content::new(text.as_bytes()));
        content(&value(before), &value(after), Paint::default())
    }

    #[test]
    fn of_a_secret_content_new_lines_without_a_secret_are_shown_and_nothing_that_was_there() {
        let mut finder = OpenLinesFinder::default();
        for (part, is_of_secret) in [("# mine\nPASSWORD=", false), ("new", true), ("\nPORT=2\n\n", false)] {
            finder.push(part, is_of_secret);
        }
        let text = Secret::new("# mine\nPASSWORD=new\nPORT=2\n\n").with_open(finder.finish());
        let after = || Value::Content(Content::secret(&text));
        let before = |text: &str| Value::Content(Content::new(text.as_bytes()).mark_sensitive(true));
        let shown = |before: Value| content(&before, &after(), Paint::default());
        assert_eq!(shown(before("# mine\nPASSWORD=old\nPORT=1\n")), ["(sensitive) -> (sensitive)", "+PORT=2"]);
        assert_eq!(shown(before("# mine\r\nPASSWORD=old\r\nPORT=2\r\n")), ["(sensitive) -> (sensitive)"]);
        assert_eq!(shown(Value::Null), ["(sensitive)", "+# mine", "+PORT=2"]);
        let hidden = Value::Content(Content::secret(&text).keep_open(|line| !line.contains('2')));
        assert_eq!(content(&before(""), &hidden, Paint::default())[1..], ["+# mine"]);
    }

    #[test]
    fn what_nobody_sees_is_written_as_numbers() {
        let shown = lines("same \na\nb\nc\n", "same \na  \nb\t\r\nc\u{a0}d\u{200b}\n");
        assert_eq!(
            shown[1..],
            [" same ", "-a", "-b", "-c", "+a\\u{20}\\u{20}", "+b\\u{9}\\u{d}", "+c\\u{a0}d\\u{200b}"]
        );
        let created = content(&Value::Null, &Value::Content(Content::new(&b"x \ny\r\n"[..])), Paint::default());
        assert_eq!(created[1..], ["+x\\u{20}", "+y\\u{d}"]);
    }
}
