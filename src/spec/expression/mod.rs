//! Expressions: `{{ … }}` in the strings of a spec, and template files.
//!
//! minijinja parses and runs them; what is around it is ours: which names a text uses (`analysis`), where in the source
//! they stand (`place`), values that know whether they are secret or not known yet (`scoped`), and the engine that
//! renders a text and says whether a secret or something unknown was touched on the way (`engine`).

mod analysis;
mod bounded;
mod context;
mod engine;
mod failure;
mod filters;
mod output;
mod place;
mod scoped;
mod template_key;
mod vocabulary;

pub(super) use analysis::{Analysis, Reference, Step};
pub(super) use context::Context;
pub(super) use engine::{Engine, Environments};
pub(super) use failure::Failure;
pub(super) use place::Places;
pub(super) use scoped::{Progressive, Scoped};
pub(super) use template_key::template_key;

use crate::model::{Value, YamlNode, YamlValue};

/// Returns whether a string of a spec holds an expression at all.
pub(super) fn has_expression(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// Returns whether a node holds no expression, so that it is the same everywhere.
pub(super) fn is_constant(node: &YamlNode) -> bool {
    match &node.value {
        YamlValue::Scalar(Value::Text(text)) => !has_expression(text),
        YamlValue::Scalar(_) => true,
        YamlValue::List(items) => items.iter().all(is_constant),
        YamlValue::Map(entries) => entries.iter().all(|entry| !has_expression(&entry.key) && is_constant(&entry.value)),
    }
}
