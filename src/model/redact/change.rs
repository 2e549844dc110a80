//! Hiding what a change would show of secrets.

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::{Change, Content, Value};
use super::redactor::Redactor;

impl Redactor {
    /// Hides a change of which either side holds a known secret; of a file only the lines that may hold one.
    pub fn hide_change(&self, change: Change) -> Change {
        let leaks = |value: &Value| !value.is_sensitive() && self.is_in(value);
        match (&change.before, &change.after) {
            (Value::Content(before), Value::Content(after)) if !leaks(&change.after) => {
                let after = self.without_known(after);
                let before = match before.is_sensitive() || after.is_sensitive() || leaks(&change.before) {
                    true => self.beside(before, &after),
                    false => before.clone(),
                };
                Change { before: Value::Content(before), after: Value::Content(after), ..change }
            }
            (Value::Null, Value::Content(after)) if after.is_sensitive() => {
                Change { after: Value::Content(self.without_known(after)), ..change }
            }
            (before, after) if leaks(before) || leaks(after) => {
                Change { before: change.before.masked(), after: change.after.masked(), ..change }
            }
            _ => change,
        }
    }

    /// Shows nothing of a secret content whose plain lines hold a known secret.
    fn without_known(&self, content: &Content) -> Content {
        let mut lines = content.text().unwrap_or_default().lines().filter(|line| content.shows(line));
        match content.is_sensitive() && lines.any(|line| self.is_in_text(line)) {
            true => content.clone().show_lines([]),
            false => content.clone(),
        }
    }

    /// Shows of what a host has only what is no secret for sure, whatever was a secret when it was written: lines that the
    /// new content shows too, and those of which it shows the one line that begins with the same key.
    fn beside(&self, before: &Content, after: &Content) -> Content {
        let (Some(old), Some(new)) = (before.text(), after.text()) else {
            return before.clone().mark_sensitive(true).show_lines([]);
        };
        let (old_keys, new_keys) = (keys(old), keys(new));
        let new_lines: FxHashSet<&str> = new.lines().filter(|line| after.shows(line)).collect();
        let is_new_value = |line: &str| {
            let Some(key) = key(line) else { return false };
            let only = |keys: &FxHashMap<&str, Option<_>>| keys.get(key).copied().flatten();
            only(&old_keys).is_some() && only(&new_keys).is_some_and(|line| after.shows(line))
        };
        let shown = |line: &&str| new_lines.contains(line) || is_new_value(line) && !self.is_in_text(line);
        before.clone().mark_sensitive(true).show_lines(old.lines().filter(shown))
    }
}

/// Returns the lines of a text by what they begin with; `None` where several begin so.
fn keys(text: &str) -> FxHashMap<&str, Option<&str>> {
    let mut keys = FxHashMap::default();
    for line in text.lines() {
        if let Some(key) = key(line) {
            keys.entry(key).and_modify(|only| *only = None).or_insert(Some(line));
        }
    }
    keys
}

/// Returns what a line sets, in most languages of configuration: what stands before its first `=`, `:` or blank.
fn key(line: &str) -> Option<&str> {
    let (key, value) = line.trim().split_once(|c: char| matches!(c, '=' | ':') || c.is_whitespace())?;
    (!key.is_empty() && !value.is_empty()).then_some(key)
}
