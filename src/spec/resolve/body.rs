//! What a body as written holds, part by part.

use crate::model::{Entry, Until, Value, YamlNode, YamlValue};
use crate::resource::{Attribute, Shape};

use super::super::expression::has_expression;
use super::super::namespace::Body;

pub(super) fn described(body: &Body) -> String {
    format!("{} `{}`", body.kind.name(), body.entry.key)
}

/// Parts a body into the kind's own attributes and the common ones; what is neither is reported elsewhere.
pub(super) fn split(node: &YamlNode, body: &Body) -> (YamlNode, YamlNode) {
    let own = body.kind.attributes();
    let common = body.kind.common_attributes();
    let pick = |table: &'static [Attribute]| {
        // What decides whether and where it is, is read by itself.
        let decides = |key: &str| ["on", "when", "for_each"].contains(&key);
        let known =
            |entry: &&Entry| table.iter().any(|attribute| attribute.name == entry.key) && !decides(entry.key.as_str());
        let entries = node.entries().iter().filter(known).cloned().collect();
        YamlNode { value: YamlValue::Map(entries), span: body.entry.key_span }
    };
    (pick(own), pick(common))
}

pub(super) fn is_absent(node: &YamlNode) -> bool {
    node.get("state").and_then(YamlNode::as_text) == Some("absent")
}

/// Returns whether a body names a template, which renders differently on each host.
pub(super) fn has_template(body: &Body) -> bool {
    fn holds(shape: &Shape) -> bool {
        match shape {
            Shape::Template => true,
            Shape::List(shape) | Shape::Map(shape) => holds(shape),
            Shape::Object(attributes) => attributes.iter().any(|attribute| holds(&attribute.shape)),
            Shape::Either(shapes) => shapes.iter().any(holds),
            _ => false,
        }
    }
    let given = |attribute: &&Attribute| body.entry.value.get(attribute.name).is_some();
    body.kind.attributes().iter().filter(given).any(|attribute| holds(&attribute.shape))
}

/// Puts something unknown in the place of every expression, so that the rest can be checked.
pub(super) fn mask(node: &YamlNode) -> YamlNode {
    let unknown = || YamlNode::scalar(Value::Unknown(Until::Facts(String::new())), node.span);
    let value = match &node.value {
        YamlValue::Scalar(Value::Text(text)) if has_expression(text) => return unknown(),
        YamlValue::Scalar(value) => YamlValue::Scalar(value.clone()),
        YamlValue::List(items) => YamlValue::List(items.iter().map(mask).collect()),
        YamlValue::Map(entries) => {
            YamlValue::Map(entries.iter().map(|entry| Entry { value: mask(&entry.value), ..entry.clone() }).collect())
        }
    };
    YamlNode { value, span: node.span }
}
