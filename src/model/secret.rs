//! Values that must not be seen.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::OpenLines;

/// A secret text. It prints as `(sensitive)`, whatever formats it, and is wiped from memory when dropped.
///
/// While a secret is being rotated, it also knows the text it replaces: what still has that one is not done yet. Two
/// secrets are equal if their texts are, whatever they replace.
///
/// A text that was put together from secrets and other things knows which of its lines no secret had part in.
#[derive(Clone)]
pub struct Secret {
    text: Arc<Zeroizing<String>>,
    previous: Option<Arc<Zeroizing<String>>>,
    open: OpenLines,
}

impl Secret {
    /// Takes a text in; it cannot be printed from here on.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: Arc::new(Zeroizing::new(text.into())), previous: None, open: OpenLines::default() }
    }

    /// Says which of its lines are none of a secret.
    pub fn with_open(self, open: OpenLines) -> Self {
        Self { open, ..self }
    }

    /// Returns the lines that are none of a secret.
    pub fn open(&self) -> &OpenLines {
        &self.open
    }

    /// Lends the text to code that delivers it to a host. Every call of this is a place to review.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Says what it replaces in a rotation under way.
    pub fn replacing(self, previous: &Self) -> Self {
        Self { previous: Some(previous.text.clone()), ..self }
    }

    /// Returns what it replaces, while it is being rotated: a server may still know only that one.
    pub fn previous(&self) -> Option<Self> {
        self.previous.clone().map(|text| Self { text, previous: None, open: OpenLines::default() })
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Secret {}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive)")
    }
}
