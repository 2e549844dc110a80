//! JSON, with the order and the indentation it had.

use serde::Serialize;
use serde_json::Value as Json;
use serde_json::ser::{CompactFormatter, PrettyFormatter, Serializer};

use crate::model::Value;

use super::format::Path;

#[derive(Clone, PartialEq)]
pub struct JsonDocument {
    value: Json,
    /// None where it is all on one line.
    indent: Option<String>,
    ends_with_newline: bool,
    /// Lines end in a carriage return too.
    has_returns: bool,
}

impl JsonDocument {
    pub fn empty() -> Self {
        Self {
            value: Json::Object(serde_json::Map::new()),
            indent: Some("  ".into()),
            ends_with_newline: true,
            has_returns: false,
        }
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Json = serde_json::from_str(text).map_err(|error| {
            format!("line {}, column {}: {:?} error", error.line(), error.column(), error.classify())
        })?;
        if !value.is_object() {
            return Err("it is no object at its top".into());
        }
        let second = text.trim_start().lines().nth(1);
        let indent = second.map(|line| line[..line.len() - line.trim_start().len()].to_string());
        Ok(Self { value, indent, ends_with_newline: text.ends_with('\n'), has_returns: text.contains("\r\n") })
    }

    pub fn get(&self, path: &Path) -> Option<Value> {
        look(&self.value, path).map(from_json)
    }

    pub fn set(&mut self, path: &Path, value: &Value) -> Result<(), String> {
        put(&mut self.value, path, to_json(value))
    }

    pub fn remove(&mut self, path: &Path) {
        take(&mut self.value, path);
    }

    pub fn text(&self) -> String {
        let mut bytes = Vec::new();
        let written = match &self.indent {
            Some(indent) => {
                let formatter = PrettyFormatter::with_indent(indent.as_bytes());
                self.value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter))
            }
            None => self.value.serialize(&mut Serializer::with_formatter(&mut bytes, CompactFormatter)),
        };
        written.expect("a value in memory can be written");
        let mut text = String::from_utf8(bytes).expect("JSON is UTF-8");
        if self.ends_with_newline {
            text.push('\n');
        }
        // In its texts, line ends are written with backslashes.
        if self.has_returns { text.replace('\n', "\r\n") } else { text }
    }
}

/// Returns the value at a path.
pub fn look<'a>(value: &'a Json, path: &Path) -> Option<&'a Json> {
    path.0.iter().try_fold(value, |value, key| value.as_object()?.get(key))
}

/// Sets the value at a path; mappings on the way are made.
pub fn put(value: &mut Json, path: &Path, new: Json) -> Result<(), String> {
    let mut place = value;
    for key in &path.0 {
        if place.is_null() {
            *place = Json::Object(serde_json::Map::new());
        }
        let Some(object) = place.as_object_mut() else {
            return Err(format!("`{path}` cannot be set: what is above `{key}` is no mapping"));
        };
        place = object.entry(key.clone()).or_insert(Json::Null);
    }
    *place = new;
    Ok(())
}

/// Takes the value at a path away.
pub fn take(value: &mut Json, path: &Path) {
    let Some((last, above)) = path.0.split_last() else { return };
    let place = above.iter().try_fold(value, |value, key| value.as_object_mut()?.get_mut(key));
    if let Some(object) = place.and_then(Json::as_object_mut) {
        object.shift_remove(last);
    }
}

pub fn from_json(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => number.as_i64().map_or_else(
            || number.as_f64().map_or_else(|| Value::Text(number.to_string()), Value::Float),
            Value::Integer,
        ),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(from_json).collect()),
        Json::Object(entries) => {
            Value::Map(entries.iter().map(|(key, value)| (key.clone(), from_json(value))).collect())
        }
    }
}

pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(value) => Json::from(*value),
        Value::Float(value) => Json::from(*value),
        Value::Text(text) => Json::String(text.clone()),
        Value::Secret(secret) => Json::String(secret.expose().to_string()),
        Value::List(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Map(entries) => Json::Object(entries.iter().map(|(key, value)| (key.clone(), to_json(value))).collect()),
        Value::Null | Value::Content(_) | Value::Unknown(_) => Json::Null,
    }
}
