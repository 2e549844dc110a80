//! What must be seen, as data for the program that looks.

use crate::model::{Row, Value};
use crate::resource::Fields;
use crate::{row, rows};

/// One thing that must be seen.
#[derive(Clone, Debug)]
pub(super) struct Expectation {
    /// What messages call it.
    pub label: String,
    /// What must be seen, for people.
    pub shown: Value,
    wanted: Wanted,
}

/// What must be seen, for the host.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    Status(Vec<i64>),
    Contains(String),
    Json {
        path: String,
        token: String,
    },
    /// A connection.
    Open,
    /// Exit status 0.
    Success,
}

rows! {
    include_str!("look.sh") => struct Expected { what, number, subject, token; more }
}

impl Expectation {
    pub fn new(label: impl Into<String>, shown: impl Into<Value>, wanted: Wanted) -> Self {
        Self { label: label.into(), shown: shown.into(), wanted }
    }

    /// Says what is expected where nothing answered.
    pub fn words(&self) -> String {
        match &self.wanted {
            Wanted::Status(statuses) => {
                let statuses: Vec<String> = statuses.iter().map(i64::to_string).collect();
                format!("status {}", statuses.join(" or "))
            }
            _ => "one".into(),
        }
    }

    /// Returns what was seen as a value.
    pub fn seen(&self, text: &str) -> Value {
        match (&self.wanted, text.parse()) {
            (Wanted::Status(_), Ok(number)) => Value::Integer(number),
            (Wanted::Contains(_), _) => Value::text(format!("a body that begins with {text:?}")),
            _ => Value::text(text),
        }
    }

    /// Returns the statuses, where it is about them, with a blank between.
    pub fn statuses(&self) -> Option<String> {
        match &self.wanted {
            Wanted::Status(statuses) => Some(statuses.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")),
            _ => None,
        }
    }

    /// Returns its fields in the row of an `http` check; none of what is about the status.
    pub fn fields(&self, number: usize) -> Row {
        match &self.wanted {
            Wanted::Contains(text) => {
                row![Expected { what: "contains", number: number.to_string(), subject: text, token: "" }]
            }
            Wanted::Json { path, token } => {
                row![Expected { what: "json", number: number.to_string(), subject: path, token }]
            }
            Wanted::Status(_) | Wanted::Open | Wanted::Success => Vec::new(),
        }
    }
}

/// Reads what must be seen of an answer; the status is the first.
pub(super) fn of_http(fields: &mut Fields<'_>) -> Vec<Expectation> {
    let statuses = match fields.value("status") {
        Some(Value::Integer(status)) => vec![status],
        Some(Value::List(items)) => items
            .iter()
            .filter_map(|item| if let Value::Integer(status) = item { Some(*status) } else { None })
            .collect(),
        _ => vec![200],
    };
    let shown = match statuses.as_slice() {
        [status] => Value::Integer(*status),
        several => Value::List(several.iter().copied().map(Value::Integer).collect()),
    };
    let mut expectations = vec![Expectation::new("status", shown, Wanted::Status(statuses))];
    for text in fields.texts("contains") {
        expectations.push(Expectation::new("body", format!("one that contains {text:?}"), Wanted::Contains(text)));
    }
    let json = fields.value("json");
    if json.as_ref().is_some_and(Value::is_sensitive) {
        fields.error("json", "`json` may not hold a secret", "what a check sees is shown");
    }
    if let Some(Value::Map(entries)) = &json {
        for (path, value) in entries {
            flatten(path.strip_prefix("$.").unwrap_or(path), value, &mut expectations);
        }
    }
    expectations
}

/// Takes a value apart: one expectation for each scalar, and one for the length of each list.
fn flatten(path: &str, value: &Value, into: &mut Vec<Expectation>) {
    let below = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
    let token = match value {
        Value::Map(entries) if !entries.is_empty() => {
            return entries.iter().for_each(|(key, value)| flatten(&below(key), value, into));
        }
        Value::Map(_) => "m:0".to_string(),
        Value::List(items) => format!("l:{}", items.len()),
        Value::Null => "b:null".into(),
        Value::Bool(value) => format!("b:{value}"),
        Value::Integer(number) => format!("n:{number}"),
        Value::Float(number) => format!("n:{number}"),
        Value::Text(text) => format!("s:{text}"),
        Value::Content(_) | Value::Secret(_) | Value::Unknown(_) => return,
    };
    let shown = match value {
        Value::List(items) => Value::text(format!("a list of {}", items.len())),
        Value::Map(_) => Value::text("a mapping of 0"),
        Value::Null => Value::text("null"),
        value => value.clone(),
    };
    let wanted = Wanted::Json { path: path.to_string(), token };
    into.push(Expectation::new(format!("json.{path}"), shown, wanted));
    if let Value::List(items) = value {
        for (at, item) in items.iter().enumerate() {
            flatten(&below(&at.to_string()), item, into);
        }
    }
}
