//! Finding known secrets in texts that are about to be shown.

use std::borrow::Cow;

use super::{Secret, Value};

/// Shorter secrets are not searched for: they would be found in ordinary words.
const SHORTEST: usize = 4;

/// Knows the secrets of a run and hides them wherever they turn up: in old contents, in what commands print.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// Takes the secrets known so far. A secret of several lines is also looked for line by line.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut known: Vec<Secret> = Vec::new();
        for secret in secrets {
            known.extend(
                secret
                    .expose()
                    .lines()
                    .filter(|line| line.trim().len() >= SHORTEST)
                    .map(|line| Secret::new(line.trim())),
            );
        }
        // Longest first, so that a secret which contains another is hidden whole.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        known.dedup();
        Self { secrets: known }
    }

    /// Replaces every known secret by `(sensitive)`.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut shown = Cow::Borrowed(text);
        for secret in &self.secrets {
            if shown.contains(secret.expose()) {
                shown = Cow::Owned(shown.replace(secret.expose(), "(sensitive)"));
            }
        }
        shown
    }

    /// Says whether a value holds a known secret anywhere.
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
        self.secrets.iter().any(|secret| text.contains(secret.expose()))
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
        assert!(redactor.is_in(&Value::List(vec![Value::text("_abcd_")])));
        assert!(!redactor.is_in(&Value::text("abc")));
    }
}
