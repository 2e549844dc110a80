//! A value that is made and kept: as the spec wants it, and as it was found.

use crate::model::Secret as Hidden;
use crate::resource::{Planned, Resource};

/// A value made once on a host and kept there.
pub struct Secret;

/// How a value is made and where it is kept.
#[derive(Clone, Debug)]
pub struct Desired {
    pub(super) recipe: Recipe,
    pub(super) path: String,
    pub(super) key: String,
    pub(super) format: Format,
    /// A new value is wanted in the place of the one there is.
    pub(super) rotate: bool,
}

/// How a value is made; it never leaves the host but to be used.
#[derive(Clone, Debug)]
pub(super) enum Recipe {
    Characters { length: i64, alphabet: String },
    Hex { bytes: i64 },
    Base64 { bytes: i64 },
}

/// How the file it is kept in is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Env,
    Json,
}

/// A value as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Nothing where a JSON file is there without it.
    pub(super) value: Option<Hidden>,
    /// The whole of a JSON file.
    pub(super) text: Option<Hidden>,
    /// Where to note what it replaces.
    pub(super) note: String,
}

impl Recipe {
    /// Returns the form, size and alphabet for the program that makes it.
    pub(super) fn fields(&self) -> (&'static str, String, &str) {
        match self {
            Self::Characters { length, alphabet } => ("characters", length.to_string(), alphabet),
            Self::Hex { bytes } => ("hex", bytes.to_string(), ""),
            Self::Base64 { bytes } => ("base64", bytes.to_string(), ""),
        }
    }
}

/// Returns whether a new value is wanted and not made yet: then nothing is noted, or what is still there.
pub(super) fn is_to_rotate(resource: &Resource<Desired>, value: &Hidden) -> bool {
    resource.desired.rotate && value.previous().is_none_or(|previous| previous == *value)
}

/// Returns the value that is going to be replaced, and where to note it.
pub(super) fn replaced<'a>(planned: &'a Planned<'_, Secret>) -> Option<(&'a Hidden, &'a str)> {
    let observed = planned.observed.found()?;
    let value = observed.value.as_ref()?;
    is_to_rotate(planned.resource, value).then_some((value, observed.note.as_str()))
}

pub(super) fn count(secrets: usize) -> String {
    if secrets == 1 { "1 secret".into() } else { format!("{secrets} secrets") }
}
