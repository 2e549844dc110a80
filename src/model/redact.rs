//! Finding known secrets in texts that are about to be shown.

use std::borrow::Cow;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::{Secret, Value};

/// Shorter secrets are not searched for: they would be found in ordinary words.
const SHORTEST: usize = 4;

/// What is shown instead of a secret.
const HIDDEN: &str = "(sensitive)";

/// Knows the secrets of a run and hides them wherever they turn up: in old contents, in what commands print.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
    /// Places in `secrets` by the first bytes, so that a text is walked once however many secrets there are.
    by_start: FxHashMap<[u8; SHORTEST], Vec<usize>>,
}

impl Redactor {
    /// Takes the secrets known so far. A secret of several lines is also looked for line by line.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut known = Self::default();
        for line in secrets.into_iter().flat_map(|secret| secret.expose().lines()).map(str::trim) {
            let Some(start) = line.as_bytes().first_chunk() else { continue };
            let alike = known.by_start.entry(*start).or_default();
            if !alike.iter().any(|&at| known.secrets[at].expose() == line) {
                alike.push(known.secrets.len());
                known.secrets.push(Secret::new(line));
            }
        }
        for alike in known.by_start.values_mut() {
            // Longest first, so that a secret which contains another is hidden whole.
            alike.sort_by_key(|&at| std::cmp::Reverse(known.secrets[at].expose().len()));
        }
        known
    }

    /// Replaces every known secret by `(sensitive)`.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut places = self.places(text).peekable();
        if places.peek().is_none() {
            return Cow::Borrowed(text);
        }
        let mut shown = String::with_capacity(text.len());
        let mut end = 0;
        for place in places {
            // What begins inside of another goes with it.
            if place.start >= end {
                shown.push_str(&text[end..place.start]);
                shown.push_str(HIDDEN);
            }
            end = end.max(place.end);
        }
        shown.push_str(&text[end..]);
        Cow::Owned(shown)
    }

    /// Returns where secrets stand in a text, in order; they may overlap. Of several that begin at one place, the longest.
    fn places(&self, text: &str) -> impl Iterator<Item = Range<usize>> {
        // Nearly always there is no secret, and then nothing is to be looked for.
        let windows = if self.secrets.is_empty() { &[] } else { text.as_bytes() }.windows(SHORTEST);
        windows.enumerate().filter_map(move |(start, window)| {
            let alike = self.by_start.get(window.first_chunk::<SHORTEST>()?)?;
            let mut secrets = alike.iter().map(|&at| self.secrets[at].expose());
            let found = secrets.find(|secret| text.as_bytes()[start..].starts_with(secret.as_bytes()))?;
            Some(start..start + found.len())
        })
    }

    /// Returns whether a value holds a known secret anywhere.
    pub fn is_in(&self, value: &Value) -> bool {
        if self.secrets.is_empty() {
            return false;
        }
        match value {
            Value::Text(text) => self.is_in_text(text),
            Value::List(items) => items.iter().any(|item| self.is_in(item)),
            Value::Map(entries) => entries.values().any(|value| self.is_in(value)),
            Value::Content(content) => {
                content.bytes().is_some_and(|bytes| self.is_in_text(&String::from_utf8_lossy(bytes)))
            }
            _ => false,
        }
    }

    fn is_in_text(&self, text: &str) -> bool {
        self.places(text).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_the_longest_first_and_each_line() {
        let (short, long) = (Secret::new("abcd"), Secret::new("abcdefgh\nline two"));
        let redactor = Redactor::new([&short, &long]);
        assert_eq!(redactor.redact("x abcdefgh y abcd, line two"), "x (sensitive) y (sensitive), (sensitive)");
        assert_eq!(redactor.redact("abcdabcdefgh"), "(sensitive)(sensitive)");
        assert!(redactor.is_in(&Value::List(vec![Value::text("_abcd_")])));
        assert!(!redactor.is_in(&Value::text("abc")));
    }

    #[test]
    fn what_overlaps_is_hidden_whole() {
        let secrets = ["abcd", "cdef", "héllo"].map(Secret::new);
        let redactor = Redactor::new(&secrets);
        assert_eq!(redactor.redact("xabcdefx cdefx hhéllo"), "x(sensitive)x (sensitive)x h(sensitive)");
        assert_eq!(redactor.redact("(sensitive)"), "(sensitive)");
    }
}
