//! The Compose file of a project: beside the spec, or written in the spec itself.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::model::{Content, Value};
use crate::resource::Fields;

use super::yaml;

/// The parts of a Compose file that a spec may write itself.
const SECTIONS: [&str; 5] = ["services", "networks", "volumes", "configs", "secrets"];

/// Reads the Compose file: its text, and what is in it.
pub fn content(fields: &mut Fields<'_>) -> (Option<Content>, Option<Json>) {
    let Some(form) = fields.one_of("a project", &["file", "template", "services"]) else {
        if !fields.is_absent() {
            let message = "a project needs one of file, template and services";
            fields.error("dir", message, "add the one that says what runs");
        }
        return (None, None);
    };
    if form != "services" {
        if let Some(extra) = SECTIONS[1..].iter().find(|section| fields.has(section)) {
            fields.error(extra, format!("`{extra}` is in the file that `{form}` names"), "take it away here");
        }
        let Some(content) = fields.content(form) else { return (None, None) };
        let parsed = content.text().map(read);
        return match parsed {
            Some(Ok(json)) => (Some(content), Some(json)),
            Some(Err(why)) if !fields.is_unknown(form) => {
                fields.error(
                    form,
                    format!("the Compose file is not YAML: {why}"),
                    "mend it; `docker compose config` reads it too",
                );
                (Some(content), None)
            }
            _ => (Some(content), None),
        };
    }
    let mut sections = IndexMap::new();
    for section in SECTIONS {
        if let Some(value) = fields.value(section) {
            sections.insert(section.to_string(), value);
        }
    }
    let file = Value::Map(sections);
    let json = structure(&file);
    if file.unknown().is_some() {
        return (Some(Content::unknown()), Some(json));
    }
    let content = Content::new(yaml::write(&file).into_bytes()).mark_sensitive(file.is_sensitive());
    (Some(content), Some(json))
}

/// Returns what is known of a value's structure; what is secret, or known only later, is left out.
fn structure(value: &Value) -> Json {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(structure).collect(),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.clone(), structure(value))).collect())
        }
        _ => Json::Null,
    }
}

/// Reads YAML as Compose does.
pub fn read(text: &str) -> Result<Json, String> {
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map(|place| format!("line {}, column {}", place.line(), place.column()));
        place.unwrap_or_else(|| "it does not parse".into())
    })
}
