//! The tree a spec is read into: values that know their place.

use crate::diagnostic::Span;

use super::{Content, Value};

/// A value of a spec with the place it was written at.
#[derive(Clone, Debug, PartialEq)]
pub struct YamlNode {
    pub value: YamlValue,
    pub span: Span,
}

/// The shape of a [`YamlNode`].
#[derive(Clone, Debug, PartialEq)]
pub enum YamlValue {
    /// Anything but a list or a mapping.
    Scalar(Value),
    List(Vec<YamlNode>),
    Map(Vec<Entry>),
}

/// A key of a mapping with its place, and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub value: YamlNode,
}

impl YamlNode {
    /// Makes a scalar.
    pub fn scalar(value: impl Into<Value>, span: Span) -> Self {
        Self { value: YamlValue::Scalar(value.into()), span }
    }

    /// Returns the entry of a mapping with this key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// Returns the value of a mapping's key.
    pub fn get(&self, key: &str) -> Option<&YamlNode> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Returns the entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            YamlValue::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the items of a list; none for anything else.
    pub fn items(&self) -> &[YamlNode] {
        match &self.value {
            YamlValue::List(items) => items,
            _ => &[],
        }
    }

    /// Returns the text of a text scalar that is not secret.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            YamlValue::Scalar(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, YamlValue::Scalar(Value::Null))
    }

    /// Drops the places and returns the bare value.
    pub fn to_value(&self) -> Value {
        match &self.value {
            YamlValue::Scalar(value) => value.clone(),
            YamlValue::List(items) => Value::List(items.iter().map(YamlNode::to_value).collect()),
            YamlValue::Map(entries) => {
                Value::Map(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect())
            }
        }
    }

    /// Gives a bare value one place for all its parts.
    pub fn from_value(value: Value, span: Span) -> Self {
        let value = match value {
            Value::List(items) => YamlValue::List(items.into_iter().map(|item| Self::from_value(item, span)).collect()),
            Value::Map(entries) => YamlValue::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| Entry { key, key_span: span, value: Self::from_value(value, span) })
                    .collect(),
            ),
            scalar => YamlValue::Scalar(scalar),
        };
        Self { value, span }
    }

    /// Returns the word for its type, for messages.
    pub fn type_name(&self) -> &'static str {
        match &self.value {
            YamlValue::Scalar(value) => value.type_name(),
            YamlValue::List(_) => "a list",
            YamlValue::Map(_) => "a mapping",
        }
    }
}

impl From<Content> for Value {
    fn from(content: Content) -> Self {
        Self::Content(content)
    }
}
