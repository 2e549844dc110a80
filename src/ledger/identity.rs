//! What is kept of a resource's attributes, so that it can be found again once the spec does not say it any more.

use std::fmt;

use indexmap::IndexMap;
use serde_json::{Map, Number, Value as Json};

use crate::diagnostic::Span;
use crate::model::{Entry, Value, YamlNode, YamlValue};

/// Attributes of a resource, without those that are or hold a secret, a content, or what is not known yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity(Map<String, Json>);

impl Identity {
    /// The largest attribute that is kept, as JSON in bytes.
    const MOST: usize = 16 * 1024;

    /// Takes from evaluated attributes what may be kept.
    pub fn of(node: &YamlNode) -> Self {
        let mut kept = Map::new();
        // A hash of a password is no secret of the spec, and still nobody's business.
        let is_kept = |entry: &&Entry| !entry.value.is_null() && entry.key != "password";
        for entry in node.entries().iter().filter(is_kept) {
            if let Some(json) = json(&entry.value.to_value()).filter(|json| json.to_string().len() <= Self::MOST) {
                kept.insert(entry.key.clone(), json);
            }
        }
        Self(kept)
    }

    /// Reads it as it is written.
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// Returns the attributes, all written at one place.
    pub fn node(&self, span: Span) -> YamlNode {
        let entry = |(key, json): (&String, &Json)| Entry {
            key: key.clone(),
            key_span: span,
            value: YamlNode::from_value(value(json), span),
        };
        YamlNode { value: YamlValue::Map(self.0.iter().map(entry).collect()), span }
    }

    /// Leaves out attributes.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|key, _| keep(key));
    }

    /// Returns the names of attributes that take more bytes, as JSON.
    pub fn long(&self, most: usize) -> Vec<String> {
        self.0.iter().filter(|(_, json)| json.to_string().len() > most).map(|(name, _)| name.clone()).collect()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(&self.0).map_err(|_| fmt::Error)?;
        // What JSON allows and a reader of lines may take for an end.
        f.write_str(&text.replace('\u{7f}', "\\u007f"))
    }
}

fn json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => Json::Number(Number::from_f64(*value)?),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => Json::Array(items.iter().map(json).collect::<Option<_>>()?),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(key, item)| Some((key.clone(), json(item)?))).collect::<Option<_>>()?)
        }
        Value::Content(_) | Value::Secret(_) | Value::Unknown(_) => return None,
    })
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap_or_default()), Value::Integer)
        }
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::List(items.iter().map(value).collect()),
        Json::Object(entries) => {
            Value::Map(entries.iter().map(|(key, item)| (key.clone(), value(item))).collect::<IndexMap<_, _>>())
        }
    }
}
