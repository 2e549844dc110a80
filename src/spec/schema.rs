//! The JSON Schema of the files of a spec, for editors.
//!
//! It comes from the tables that specs are checked against. What a schema can say of a value that may also be an
//! expression is little, so that it holds less than `infra validate` does: whatever it refuses is a mistake, but for sections
//! and entries that are left empty, and not every mistake is refused.

use serde_json::{Map, Value, json};

use crate::kinds::{self, by_section};
use crate::model;
use crate::resource::{Attribute, COMMON, Shape};

use super::draft::Role;
use super::load::CALL;
use super::load::secrets::SOURCES;
use super::{hosts, input, yaml};

/// A text with an expression: it may become a value of any type.
const EXPRESSION: &str = r"\{\{|\{%";

/// Returns the schema of a file, in the draft that most editors read.
pub fn schema(role: Role) -> Value {
    let writer = Writer { is_whole: !role.merges() };
    let sections = role.sections().into_iter().map(|section| (section.to_string(), writer.section(section)));
    let shared = COMMON.iter().map(|one| (shared_name(one), writer.attribute(one)));
    let bodies = kinds::all().iter().filter(|kind| kind.has_own_section() && kind.section() != "secrets").map(|kind| {
        let mut body = writer.mapping(&[kind.attributes()]);
        for one in kind.common_attributes() {
            body["properties"][one.name] = json!({ "$ref": format!("#/definitions/{}", shared_name(one)) });
        }
        body["description"] = kind.documentation().summary.into();
        (kind.name().to_string(), body)
    });
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": role.noun(),
        "type": "object",
        "properties": sections.collect::<Map<_, _>>(),
        "additionalProperties": false,
        "definitions": shared.chain(bodies).collect::<Map<_, _>>(),
    })
}

/// The definition of what all resources have; no kind is called so.
fn shared_name(attribute: &Attribute) -> String {
    format!("every.{}", attribute.name)
}

struct Writer {
    /// What is required has to stand here; in what is merged over something else it may stand there.
    is_whole: bool,
}

impl Writer {
    fn section(&self, name: &str) -> Value {
        let named = |of: Value| json!({ "type": "object", "additionalProperties": self.entry(of) });
        match name {
            "infra" => json!({ "const": 1, "description": "The version of this language." }),
            "name" => json!({ "type": "string", "description": "Whose resources they are." }),
            "root" => json!({ "type": "string", "description": "A folder above, whose files the spec may read." }),
            "include" => json!({ "type": "array", "items": { "type": "string" }, "description": "Further files." }),
            "moved" => json!({
                "type": "object", "additionalProperties": { "type": "string" },
                "description": "New names of resources, by the names they had.",
            }),
            "vars" => described(named(json!({})), "Names for values."),
            "outputs" => described(named(json!({})), "What those who use the module may read."),
            "inputs" => described(
                named(json!({ "anyOf": [{ "enum": input::TYPES }, self.mapping(&[input::INPUT])] })),
                "What is handed to the module.",
            ),
            "hosts" => described(named(self.mapping(&[hosts::HOST])), "Machines."),
            "modules" => described(named(self.mapping(&[CALL])), "Uses of modules."),
            "secrets" => {
                // It comes from one of them, so that none is required.
                let (kept, common) = (kinds::SECRET.attributes(), kinds::SECRET.common_attributes());
                let source = Self { is_whole: false }.mapping(&[SOURCES, kept, common]);
                let several = json!({ "type": "array", "items": source });
                described(named(json!({ "anyOf": [source, several] })), "Values that must not be seen.")
            }
            section => match by_section(section) {
                Some(kind) => {
                    let of = json!({ "$ref": format!("#/definitions/{}", kind.name()) });
                    described(self.named_or_listed(of), kind.documentation().summary)
                }
                None => json!({}),
            },
        }
    }

    /// Returns the schema of an entry: an overlay may take it away with `null`.
    fn entry(&self, of: Value) -> Value {
        if self.is_whole { of } else { json!({ "anyOf": [of, { "type": "null" }] }) }
    }

    /// Returns the schema of a section that may be a list of names.
    fn named_or_listed(&self, of: Value) -> Value {
        json!({ "anyOf": [
            { "type": "object", "additionalProperties": self.entry(of) },
            { "type": "array", "items": { "type": "string" } },
        ] })
    }

    fn mapping(&self, tables: &[&[Attribute]]) -> Value {
        let all = || tables.iter().copied().flatten();
        let properties: Map<_, _> = all().map(|one| (one.name.to_string(), self.attribute(one))).collect();
        let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        let required: Vec<_> = all().filter(|one| one.required).map(|one| one.name).collect();
        if self.is_whole && !required.is_empty() {
            let absent = json!({ "properties": { "state": { "const": "absent" } }, "required": ["state"] });
            schema["if"] = absent;
            schema["else"] = json!({ "required": required });
        }
        schema
    }

    fn attribute(&self, attribute: &Attribute) -> Value {
        // What is `null` counts as left out.
        let mut schema = match self.shape(&attribute.shape) {
            Value::Object(schema) if schema.is_empty() => json!({}),
            shape => json!({ "anyOf": [shape, { "type": "null" }] }),
        };
        schema["description"] = attribute.summary.into();
        match attribute.default.map(yaml::scalar) {
            Some(model::Value::Bool(value)) => schema["default"] = value.into(),
            Some(model::Value::Integer(value)) => schema["default"] = value.into(),
            Some(model::Value::Text(value)) if !value.starts_with(['[', '{']) => schema["default"] = value.into(),
            _ => {}
        }
        schema
    }

    fn shape(&self, shape: &Shape) -> Value {
        let or_expression = |schema: Value| json!({ "anyOf": [schema, { "type": "string", "pattern": EXPRESSION }] });
        let text = |pattern: &str| json!({ "type": "string", "pattern": format!("{pattern}|{EXPRESSION}") });
        match shape {
            Shape::Any => json!({}),
            Shape::Text | Shape::Account | Shape::Source | Shape::Template | Shape::Folder => {
                json!({ "type": "string" })
            }
            Shape::Scalar => json!({ "type": ["string", "number", "boolean"] }),
            Shape::Bool => or_expression(json!({ "type": "boolean" })),
            Shape::Integer { min, max } => {
                let mut integer = json!({ "type": "integer" });
                if *min != i64::MIN {
                    integer["minimum"] = (*min).into();
                }
                if *max != i64::MAX {
                    integer["maximum"] = (*max).into();
                }
                or_expression(integer)
            }
            // An editor may take `0640` for a number, which here is a text.
            Shape::Mode => json!({ "anyOf": [text("^(0o)?[0-7]{3,4}$"), { "type": "integer" }] }),
            Shape::Path => text("^/"),
            Shape::Duration => text("^[0-9]+(ms|s|m|h|d)$"),
            Shape::Size => json!({ "anyOf": [text("^[0-9]+([kKMGT]i?)?B?$"), { "type": "integer", "minimum": 0 }] }),
            Shape::OneOf(words) => or_expression(json!({ "enum": words })),
            Shape::List(item) => or_expression(json!({ "type": "array", "items": self.shape(item) })),
            Shape::Map(value) => or_expression(json!({ "type": "object", "additionalProperties": self.shape(value) })),
            Shape::Object(attributes) => or_expression(self.mapping(&[attributes])),
            Shape::Either(shapes) => {
                json!({ "anyOf": shapes.iter().map(|shape| self.shape(shape)).collect::<Vec<_>>() })
            }
            Shape::Selectors => {
                json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
            }
        }
    }
}

fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}
