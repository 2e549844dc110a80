//! The inputs of a module: what may be handed to it.

use indexmap::IndexMap;
use regex::Regex;

use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::model::{Entry, Value, YamlNode, YamlValue};
use crate::resource::{Attribute, Shape};

use super::expression::{has_expression, is_constant};

/// The keys of an input's definition.
pub(super) const INPUT: &[Attribute] = &[
    Attribute::default("type", Shape::OneOf(TYPES), "any", "What kind of value it is."),
    Attribute::optional("default", Shape::Any, "What it is where the caller hands none over."),
    Attribute::optional("required", Shape::Bool, "Whether it must be given; true where there is no default."),
    Attribute::optional("enum", Shape::List(&Shape::Any), "The values it may have."),
    Attribute::optional(
        "items",
        Shape::Any,
        "What each item of a list is, or each value of a mapping; defined like an input.",
    ),
    Attribute::optional("keys", Shape::Map(&Shape::Any), "The keys a mapping may have, each defined like an input."),
    Attribute::optional("pattern", Shape::Text, "A regular expression that the whole text must match."),
    Attribute::default("sensitive", Shape::Bool, "false", "Whether it is treated as a secret."),
    Attribute::optional("description", Shape::Text, "What it is for."),
];

pub(super) const TYPES: &[&str] = &["any", "text", "integer", "number", "boolean", "list", "mapping"];

/// One input of a module.
#[derive(Debug)]
pub(super) struct InputSpec {
    pub span: Span,
    kind: String,
    pub default: Option<YamlNode>,
    pub required: bool,
    allowed: Option<Vec<Value>>,
    pattern: Option<(String, Regex)>,
    items: Option<Box<InputSpec>>,
    keys: Option<IndexMap<String, InputSpec>>,
    pub sensitive: bool,
}

/// What is inside an input that is a list or a mapping.
#[derive(Debug, Default)]
pub(super) struct Inside {
    pub items: Option<Box<InputSpec>>,
    pub keys: Option<IndexMap<String, InputSpec>>,
}

impl InputSpec {
    /// Reads a definition whose shapes have been checked.
    pub(super) fn new(entry: &Entry, checked: &YamlNode, inside: Inside, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let text = |key: &str| checked.get(key).and_then(YamlNode::as_text).map(String::from);
        let flag = |key: &str| match checked.get(key).map(YamlNode::to_value) {
            Some(Value::Bool(value)) => Some(value),
            _ => None,
        };
        for (part, what) in [("default", "a default"), ("enum", "a value of `enum`")] {
            if let Some(node) = entry.value.get(part) {
                refuse_expressions(node, what, diagnostics);
            }
        }
        let default = entry.value.get("default").cloned();
        let pattern = text("pattern").and_then(|pattern| match Regex::new(&format!(r"\A(?:{pattern})\z")) {
            Ok(regex) => Some((pattern, regex)),
            Err(error) => {
                let span = checked.get("pattern").map_or(entry.key_span, |node| node.span);
                let why = error.to_string();
                // The whole report draws the pattern; its last line says what is wrong.
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_string();
                diagnostics.push(Diagnostic::error(span, format!("this pattern is no regular expression: {why}")));
                None
            }
        });
        let input = Self {
            span: entry.key_span,
            kind: text("type").unwrap_or_else(|| "any".into()),
            required: flag("required").unwrap_or(default.is_none()),
            allowed: checked.get("enum").map(|list| list.items().iter().map(YamlNode::to_value).collect()),
            pattern,
            items: inside.items,
            keys: inside.keys,
            sensitive: flag("sensitive").unwrap_or(false),
            default,
        };
        // One with an expression is reported as such.
        if let Some(default) = input.default.as_ref().filter(|default| !default.is_null() && is_constant(default))
            && let Err(problem) = input.check(&default.to_value())
        {
            let message = format!("the default of `{}` does not fit: {}", entry.key, problem.message);
            diagnostics.push(Diagnostic::error(default.span, message).help_if(problem.help));
        }
        input
    }

    /// Checks a value handed over. What is not known yet fits.
    pub(super) fn check(&self, value: &Value) -> Result<(), Misfit> {
        let fits = matches!(
            (self.kind.as_str(), value),
            (_, Value::Unknown(_))
                | ("any", _)
                | ("text", Value::Text(_) | Value::Secret(_))
                | ("integer", Value::Integer(_))
                | ("number", Value::Integer(_) | Value::Float(_))
                | ("boolean", Value::Bool(_))
                | ("list", Value::List(_))
                | ("mapping", Value::Map(_))
        );
        if !fits {
            let expected = match self.kind.as_str() {
                "integer" => "an integer".to_string(),
                kind => format!("a {kind}"),
            };
            let help = match (self.kind.as_str(), value) {
                ("text", Value::Integer(_) | Value::Float(_) | Value::Bool(_)) => Some("put it in quotes".to_string()),
                _ => None,
            };
            return Err(Misfit::new(format!("it is {expected}, this is {}", value.type_name()), help));
        }
        if let Some(allowed) = &self.allowed
            && value.unknown().is_none()
            && !allowed.contains(value)
        {
            let words: Vec<String> = allowed.iter().map(shown).collect();
            let help = match value {
                Value::Text(text) => did_you_mean(text, words.iter().map(String::as_str)),
                _ => None,
            };
            return Err(Misfit::new(format!("it is one of {}", words.join(", ")), help));
        }
        if let (Some((pattern, regex)), Value::Text(text)) = (&self.pattern, value)
            && !regex.is_match(text)
        {
            return Err(Misfit::new(format!("`{text}` does not match `{pattern}`"), None));
        }
        if let (Some((pattern, regex)), Value::Secret(secret)) = (&self.pattern, value)
            && !regex.is_match(secret.expose())
        {
            return Err(Misfit::new(format!("its value does not match `{pattern}`"), None));
        }
        self.check_inside(value)
    }

    fn check_inside(&self, value: &Value) -> Result<(), Misfit> {
        match value {
            Value::List(values) => {
                for (at, value) in values.iter().enumerate() {
                    if let Some(items) = &self.items {
                        items.check_value(value).map_err(|misfit| misfit.at(Place::Item(at)))?;
                    }
                }
            }
            Value::Map(entries) => {
                for (key, value) in entries {
                    let spec = match &self.keys {
                        None => self.items.as_deref(),
                        Some(keys) => match keys.get(key) {
                            Some(spec) => Some(spec),
                            None => {
                                let help = did_you_mean(key, keys.keys().map(String::as_str));
                                return Err(
                                    Misfit::new(format!("it has no key `{key}`"), help).at(Place::Name(key.clone()))
                                );
                            }
                        },
                    };
                    if let Some(spec) = spec {
                        spec.check_value(value).map_err(|misfit| misfit.at(Place::Key(key.clone())))?;
                    }
                }
                let is_given = |name: &str| entries.iter().any(|(key, value)| key == name && *value != Value::Null);
                let missing = self.keys.iter().flatten().find(|(name, spec)| spec.required && !is_given(name));
                if let Some((name, _)) = missing {
                    return Err(Misfit::new(format!("it needs the key `{name}`"), Some(format!("add `{name}:`"))));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A null inside stands for what is left out.
    fn check_value(&self, value: &Value) -> Result<(), Misfit> {
        if *value == Value::Null { Ok(()) } else { self.check(value) }
    }
}

/// Why a value does not fit an input.
#[derive(Debug)]
pub(super) struct Misfit {
    pub message: String,
    pub help: Option<String>,
    /// Where inside the value, the innermost place first.
    places: Vec<Place>,
}

#[derive(Debug)]
enum Place {
    Item(usize),
    Key(String),
    /// A key's name rather than its value.
    Name(String),
}

impl Misfit {
    fn new(message: String, help: Option<String>) -> Self {
        Self { message, help, places: Vec::new() }
    }

    fn at(mut self, place: Place) -> Self {
        self.places.push(place);
        self
    }

    /// Returns the words for the value that does not fit: `locations[0].path`.
    pub fn name(&self, input: &str) -> String {
        self.places.iter().rev().fold(input.to_string(), |name, place| match place {
            Place::Item(at) => format!("{name}[{at}]"),
            Place::Key(key) => format!("{name}.{key}"),
            Place::Name(_) => name,
        })
    }

    /// Returns where it stands in the input's value.
    pub fn span(&self, value: &YamlNode) -> Span {
        let mut node = value;
        for place in self.places.iter().rev() {
            let inner = match place {
                Place::Item(at) => node.items().get(*at),
                Place::Key(key) => node.get(key),
                Place::Name(key) => {
                    let entry = node.entries().iter().find(|entry| entry.key == *key);
                    return entry.map_or(node.span, |entry| entry.key_span);
                }
            };
            let Some(inner) = inner else { break };
            node = inner;
        }
        node.span
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        other => other.type_name().to_string(),
    }
}

/// Reports the word another language has for a type.
pub(super) fn other_word(node: &YamlNode) -> Option<Diagnostic> {
    let node = node.get("type")?;
    let word = match node.as_text()? {
        "string" | "str" => "text",
        "int" => "integer",
        "float" => "number",
        "bool" => "boolean",
        "array" | "sequence" => "list",
        "map" | "dict" | "object" => "mapping",
        _ => return None,
    };
    let message = format!("there is no type `{}`", node.as_text()?);
    Some(Diagnostic::error(node.span, message).help(format!("write `{word}`")))
}

/// Reports expressions, in keys too: what an input may be is the same wherever the module is used.
fn refuse_expressions(node: &YamlNode, what: &str, diagnostics: &mut Vec<Diagnostic>) {
    let mut refuse = |text: &str, span: Span| {
        if has_expression(text) {
            diagnostics.push(Diagnostic::error(span, format!("{what} may not hold an expression")));
        }
    };
    refuse(node.as_text().unwrap_or_default(), node.span);
    node.entries().iter().for_each(|entry| refuse(&entry.key, entry.key_span));
    let inside = node.items().iter().chain(node.entries().iter().map(|entry| &entry.value));
    inside.for_each(|inner| refuse_expressions(inner, what, diagnostics));
}

/// Takes a definition that is a type's name alone as `{type: NAME}`.
pub(super) fn long_form(node: &YamlNode) -> YamlNode {
    match &node.value {
        YamlValue::Scalar(Value::Text(_)) => {
            let entry = Entry { key: "type".into(), key_span: node.span, value: node.clone() };
            YamlNode { value: YamlValue::Map(vec![entry]), span: node.span }
        }
        YamlValue::Scalar(Value::Null) => YamlNode { value: YamlValue::Map(Vec::new()), span: node.span },
        _ => node.clone(),
    }
}
