//! Values of attributes: known, secret, or known only later.

use std::fmt;

use indexmap::IndexMap;

use super::{Address, Content, Secret};

/// What has to happen before a value is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// The host of this name has been observed once.
    Facts(String),
    /// All of these resources have been applied.
    Applied(Vec<Address>),
}

impl Until {
    /// Waits for one resource.
    pub fn applied(address: Address) -> Self {
        Self::Applied(vec![address])
    }

    pub fn is_facts(&self) -> bool {
        matches!(self, Self::Facts(_))
    }

    /// Returns the resources it waits for.
    pub fn addresses(&self) -> &[Address] {
        match self {
            Self::Facts(_) => &[],
            Self::Applied(addresses) => addresses,
        }
    }

    /// Returns what has to happen before both are over. Facts come first: what else is waited for is looked at again once
    /// they are known.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Facts(host), _) | (_, Self::Facts(host)) => Self::Facts(host),
            (Self::Applied(mut all), Self::Applied(more)) => {
                all.extend(more);
                all.sort();
                all.dedup();
                Self::Applied(all)
            }
        }
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Facts(host) => write!(f, "the facts of {host}"),
            Self::Applied(addresses) => {
                let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                f.write_str(&all.join(", "))
            }
        }
    }
}

/// A value of a spec or of a resource's attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Map(IndexMap<String, Value>),
    /// The bytes of a file, shown as a diff or a summary.
    Content(Content),
    /// A text that must not be seen.
    Secret(Secret),
    /// `(known after apply)`.
    Unknown(Until),
}

impl Value {
    /// Makes a text value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Returns whether any part of it is a secret.
    pub fn is_sensitive(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::Content(content) => content.is_sensitive(),
            Self::List(items) => items.iter().any(Self::is_sensitive),
            Self::Map(entries) => entries.values().any(Self::is_sensitive),
            _ => false,
        }
    }

    /// Hides it, whatever it is; nothing stays nothing, and what is not known yet stays unknown.
    pub fn masked(self) -> Self {
        match self {
            Self::Null | Self::Unknown(_) | Self::Secret(_) => self,
            Self::Content(content) => Self::Content(content.mark_sensitive(true)),
            _ => Self::Secret(Secret::new("")),
        }
    }

    /// Returns what has to happen before all of it is known, if something has to.
    pub fn unknown(&self) -> Option<Until> {
        match self {
            Self::Unknown(until) => Some(until.clone()),
            Self::List(items) => items.iter().filter_map(Self::unknown).reduce(Until::and),
            Self::Map(entries) => entries.values().filter_map(Self::unknown).reduce(Until::and),
            _ => None,
        }
    }

    /// Returns the word for its type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Text(_) | Self::Secret(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
            Self::Content(_) => "a file's content",
            Self::Unknown(_) => "a value known after apply",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_string())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Secret> for Value {
    fn from(secret: Secret) -> Self {
        Self::Secret(secret)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}
