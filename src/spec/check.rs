//! Checking evaluated values against a table of attributes.

use std::borrow::Cow;

use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::model::{Entry, Secret, Until, Value, YamlNode, YamlValue};
use crate::resource::{Attribute, Shape, not_a_path, parse_duration, parse_size};

use super::{other_words, yaml};

/// What is beside the spec, by shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asset {
    Source,
    Template,
    Folder,
}

/// What checking needs from around the value.
pub(super) trait Surroundings {
    /// Returns what the source holds at a place.
    fn written(&self, span: Span) -> &str;
    /// Loads a file or folder; reports why it cannot.
    fn load(&mut self, asset: Asset, path: &str, span: Span) -> Option<Value>;
    /// Says why a text is no selector.
    fn not_a_selector(&mut self, text: &str) -> Option<String> {
        super::Selector::parse(text).err().map(|error| error.to_string())
    }
    /// Takes a mistake.
    fn report(&mut self, diagnostic: Diagnostic);
}

/// Checks a mapping against a table and fills in the defaults. `what` names the thing in messages; where it is `absent`,
/// nothing is required. Returns it checked, without what was wrong, and whether all was right.
pub(super) fn object(
    node: &YamlNode,
    attributes: &[Attribute],
    what: &str,
    absent: bool,
    around: &mut dyn Surroundings,
) -> (YamlNode, bool) {
    let mut checker = Checker { around, right: true };
    let checked = checker.object(node, attributes, what, "", absent);
    (checked, checker.right)
}

/// Reports the keys of a mapping that no table has, whatever their values are.
pub(super) fn unknown_keys(node: &YamlNode, tables: &[&[Attribute]], what: &str, around: &mut dyn Surroundings) {
    let known = || tables.iter().flat_map(|table| table.iter().map(|attribute| attribute.name));
    for entry in node.entries() {
        if !known().any(|name| name == entry.key) {
            let diagnostic = Diagnostic::error(entry.key_span, format!("{what} has no `{}`", entry.key));
            let help = other_words::key(&entry.key).or_else(|| did_you_mean(&entry.key, known()));
            around.report(diagnostic.help_if(help));
        }
    }
}

/// Parses the default of an attribute.
fn default(attribute: &Attribute, span: Span) -> Option<YamlNode> {
    let text = attribute.default?;
    // Nearly all are scalars, and this is done for every resource.
    let value = match text.starts_with(['[', '{', '|', '>']) {
        true => yaml::parse(text, span.file, &mut Vec::new())?.to_value(),
        false => yaml::scalar(text),
    };
    Some(YamlNode::from_value(value, span))
}

struct Checker<'c> {
    around: &'c mut dyn Surroundings,
    right: bool,
}

/// A value that does not have its shape.
struct Wrong;

impl Checker<'_> {
    fn object(&mut self, node: &YamlNode, attributes: &[Attribute], what: &str, path: &str, absent: bool) -> YamlNode {
        let mut checked = Vec::with_capacity(attributes.len());
        for entry in node.entries() {
            if !attributes.iter().any(|attribute| attribute.name == entry.key) {
                let diagnostic = Diagnostic::error(entry.key_span, format!("{what} has no `{}`", entry.key));
                let help = did_you_mean(&entry.key, attributes.iter().map(|attribute| attribute.name));
                self.report(diagnostic.help_if(help));
            }
        }
        for attribute in attributes {
            let full = match path {
                "" => Cow::Borrowed(attribute.name),
                path => Cow::Owned(format!("{path}{}", attribute.name)),
            };
            match node.entry(attribute.name).filter(|entry| !entry.value.is_null()) {
                Some(entry) => {
                    if let Ok(value) = self.value(&entry.value, &attribute.shape, &full) {
                        checked.push(Entry { key: entry.key.clone(), key_span: entry.key_span, value });
                    }
                }
                None if attribute.required && !absent => {
                    let diagnostic = Diagnostic::error(node.span, format!("{what} needs `{full}`"));
                    self.report(diagnostic.help(format!("`{}`: {}", attribute.name, attribute.summary)));
                }
                None => {
                    if let Some(value) = default(attribute, node.span) {
                        checked.push(Entry { key: attribute.name.into(), key_span: node.span, value });
                    }
                }
            }
        }
        YamlNode { value: YamlValue::Map(checked), span: node.span }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.right = false;
        self.around.report(diagnostic);
    }

    fn wrong(&mut self, node: &YamlNode, shape: &Shape, name: &str, help: Option<&str>) -> Wrong {
        let what = match &node.value {
            YamlValue::Scalar(Value::Secret(_)) => "a secret".to_string(),
            YamlValue::Scalar(Value::Text(text)) if text.chars().count() <= 40 => format!("the text `{text}`"),
            _ => node.type_name().to_string(),
        };
        let message = format!("`{name}` is {}; this is {what}", shape.describe());
        let diagnostic = Diagnostic::error(node.span, message);
        self.report(diagnostic.help_if(help.map(str::to_string)));
        Wrong
    }

    fn value(&mut self, node: &YamlNode, shape: &Shape, name: &str) -> Result<YamlNode, Wrong> {
        match &node.value {
            // It comes from a secret, and will not become anything else.
            YamlValue::Scalar(Value::Unknown(Until::Applied(_))) if !takes_secrets(shape) => {
                let secret = YamlNode::scalar(Secret::new(""), node.span);
                return Err(self.wrong(&secret, shape, name, None));
            }
            // What is not known yet is checked when it is.
            YamlValue::Scalar(Value::Unknown(_)) => return Ok(node.clone()),
            _ => {}
        }
        match shape {
            Shape::Any => Ok(node.clone()),
            Shape::Text | Shape::Scalar => self.text(node, shape, name),
            Shape::Bool => self.boolean(node, shape, name),
            Shape::Integer { min, max } => match node.value {
                YamlValue::Scalar(Value::Integer(number)) if (*min..=*max).contains(&number) => Ok(node.clone()),
                YamlValue::Scalar(Value::Integer(number)) => {
                    let message = format!("`{name}` is {}; this is {number}", shape.describe());
                    self.report(Diagnostic::error(node.span, message));
                    Err(Wrong)
                }
                _ => Err(self.wrong(node, shape, name, None)),
            },
            Shape::Mode => match &node.value {
                YamlValue::Scalar(Value::Text(text)) if is_mode(text) => Ok(node.clone()),
                YamlValue::Scalar(Value::Integer(_)) => {
                    Err(self.wrong(node, shape, name, Some("put it in quotes, so that it is not a decimal number")))
                }
                _ => Err(self.wrong(node, shape, name, None)),
            },
            Shape::Path => self.path(node, shape, name),
            Shape::Account => match &node.value {
                YamlValue::Scalar(Value::Text(text)) if is_account(text) => Ok(node.clone()),
                _ => Err(self.wrong(node, shape, name, None)),
            },
            Shape::Duration => match &node.value {
                YamlValue::Scalar(Value::Text(text)) if parse_duration(text).is_some() => Ok(node.clone()),
                YamlValue::Scalar(Value::Integer(number)) => {
                    let help = format!("say the unit: {number}s");
                    Err(self.wrong(node, shape, name, Some(&help)))
                }
                _ => Err(self.wrong(node, shape, name, None)),
            },
            Shape::Size => match &node.value {
                YamlValue::Scalar(Value::Text(text)) if parse_size(text).is_some() => Ok(node.clone()),
                YamlValue::Scalar(Value::Integer(number)) if *number >= 0 => {
                    Ok(YamlNode::scalar(number.to_string(), node.span))
                }
                _ => Err(self.wrong(node, shape, name, None)),
            },
            Shape::OneOf(words) => self.one_of(node, shape, words, name),
            Shape::List(item) => self.list(node, shape, item, name),
            Shape::Map(value) => self.map(node, shape, value, name),
            Shape::Object(attributes) => match &node.value {
                YamlValue::Map(_) => {
                    let right = std::mem::replace(&mut self.right, true);
                    let checked = self.object(node, attributes, &format!("`{name}`"), &format!("{name}."), false);
                    let this = std::mem::replace(&mut self.right, right);
                    self.right &= this;
                    if this { Ok(checked) } else { Err(Wrong) }
                }
                _ => Err(self.wrong(node, shape, name, None)),
            },
            Shape::Either(shapes) => self.either(node, shape, shapes, name),
            Shape::Selectors => self.selectors(node, shape, name),
            Shape::Source => self.asset(node, Asset::Source, shape, name),
            Shape::Template => self.asset(node, Asset::Template, shape, name),
            Shape::Folder => self.asset(node, Asset::Folder, shape, name),
        }
    }

    fn boolean(&mut self, node: &YamlNode, shape: &Shape, name: &str) -> Result<YamlNode, Wrong> {
        match &node.value {
            YamlValue::Scalar(Value::Bool(_)) => Ok(node.clone()),
            YamlValue::Scalar(Value::Text(text)) => {
                let help = match text.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "y" | "true" => Some("write true"),
                    "no" | "off" | "n" | "false" => Some("write false"),
                    _ => None,
                };
                Err(self.wrong(node, shape, name, help))
            }
            _ => Err(self.wrong(node, shape, name, None)),
        }
    }

    fn path(&mut self, node: &YamlNode, shape: &Shape, name: &str) -> Result<YamlNode, Wrong> {
        match &node.value {
            YamlValue::Scalar(Value::Text(text)) => match not_a_path(text) {
                None => Ok(node.clone()),
                Some(why) => {
                    let message = format!("`{name}` is an absolute path; `{}` {why}", shorten(text));
                    self.report(Diagnostic::error(node.span, message));
                    Err(Wrong)
                }
            },
            _ => Err(self.wrong(node, shape, name, None)),
        }
    }

    fn one_of(&mut self, node: &YamlNode, shape: &Shape, words: &[&str], name: &str) -> Result<YamlNode, Wrong> {
        match &node.value {
            YamlValue::Scalar(Value::Text(text)) if words.contains(&text.as_str()) => Ok(node.clone()),
            YamlValue::Scalar(Value::Text(text)) => {
                let near = || did_you_mean(text, words.iter().copied()).filter(|help| help.starts_with("did"));
                let other = (name == "state").then(|| other_words::state(text)).flatten();
                Err(self.wrong(node, shape, name, other.or_else(near).as_deref()))
            }
            _ => Err(self.wrong(node, shape, name, None)),
        }
    }

    fn list(&mut self, node: &YamlNode, shape: &Shape, item: &Shape, name: &str) -> Result<YamlNode, Wrong> {
        match &node.value {
            YamlValue::List(items) => {
                let mut checked = Vec::with_capacity(items.len());
                for (at, node) in items.iter().enumerate() {
                    checked.push(self.value(node, item, &format!("{name}[{at}]")));
                }
                // All are looked at before any ends it.
                let items = checked.into_iter().collect::<Result<_, _>>()?;
                Ok(YamlNode { value: YamlValue::List(items), span: node.span })
            }
            _ => {
                let help = (!node.is_structure()).then_some("put it in brackets: [ … ]");
                Err(self.wrong(node, shape, name, help))
            }
        }
    }

    fn map(&mut self, node: &YamlNode, shape: &Shape, value: &Shape, name: &str) -> Result<YamlNode, Wrong> {
        match &node.value {
            YamlValue::Map(entries) => {
                let mut checked = Vec::with_capacity(entries.len());
                for entry in entries {
                    let value = self.value(&entry.value, value, &format!("{name}.{}", entry.key));
                    checked.push(value.map(|value| Entry { value, ..entry.clone() }));
                }
                let entries = checked.into_iter().collect::<Result<_, _>>()?;
                Ok(YamlNode { value: YamlValue::Map(entries), span: node.span })
            }
            _ => Err(self.wrong(node, shape, name, None)),
        }
    }

    fn text(&mut self, node: &YamlNode, shape: &Shape, name: &str) -> Result<YamlNode, Wrong> {
        let YamlValue::Scalar(value) = &node.value else { return Err(self.wrong(node, shape, name, None)) };
        let written = self.around.written(node.span);
        let evaluated = written.contains("{{");
        let text = match value {
            Value::Text(_) | Value::Secret(_) => return Ok(node.clone()),
            Value::Bool(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            // 1.10 is written so because it means 1.10.
            Value::Float(value) if yaml::scalar(written) == Value::Float(*value) => written.to_string(),
            Value::Float(value) => value.to_string(),
            _ => return Err(self.wrong(node, shape, name, None)),
        };
        // An expression has the type of what it names; there are no quotes to put around it.
        if matches!(shape, Shape::Scalar) || evaluated {
            return Ok(YamlNode::scalar(text, node.span));
        }
        let help = format!("put it in quotes: \"{text}\"");
        Err(self.wrong(node, shape, name, Some(&help)))
    }

    fn either(&mut self, node: &YamlNode, shape: &Shape, shapes: &[Shape], name: &str) -> Result<YamlNode, Wrong> {
        for alternative in shapes {
            let mut trial = Trial { around: self.around, reports: Vec::new() };
            let mut checker = Checker { around: &mut trial, right: true };
            if let Ok(checked) = checker.value(node, alternative, name)
                && checker.right
            {
                return Ok(checked);
            }
        }
        // Where one alternative alone has the form of the value, its own messages say more.
        let mut fitting = shapes.iter().filter(|alternative| has_form(node, alternative));
        match (fitting.next(), fitting.next()) {
            (Some(alternative), None) => self.value(node, alternative, name),
            _ => Err(self.wrong(node, shape, name, None)),
        }
    }

    fn selectors(&mut self, node: &YamlNode, shape: &Shape, name: &str) -> Result<YamlNode, Wrong> {
        let items = match &node.value {
            YamlValue::List(items) => items.clone(),
            YamlValue::Scalar(_) => vec![node.clone()],
            YamlValue::Map(_) => return Err(self.wrong(node, shape, name, None)),
        };
        let mut right = true;
        for item in &items {
            let problem = match &item.value {
                YamlValue::Scalar(Value::Text(text)) => self.around.not_a_selector(text),
                // Nobody's facts: an expression that is not evaluated here.
                YamlValue::Scalar(Value::Unknown(Until::Facts(host))) if host.is_empty() => None,
                YamlValue::Scalar(Value::Unknown(_)) => {
                    Some("what it depends on must be known before hosts are contacted".to_string())
                }
                YamlValue::Scalar(Value::Secret(_)) => Some(format!("a secret may not decide `{name}`")),
                _ => Some(format!("`{name}` holds addresses; this is {}", item.type_name())),
            };
            if let Some(problem) = problem {
                self.report(Diagnostic::error(item.span, problem));
                right = false;
            }
        }
        if right { Ok(YamlNode { value: YamlValue::List(items), span: node.span }) } else { Err(Wrong) }
    }

    fn asset(&mut self, node: &YamlNode, asset: Asset, shape: &Shape, name: &str) -> Result<YamlNode, Wrong> {
        match &node.value {
            // Loaded already: a default, or handed on from a checked value.
            YamlValue::Scalar(Value::Content(_)) => Ok(node.clone()),
            YamlValue::Scalar(Value::Secret(_)) => {
                self.report(Diagnostic::error(node.span, format!("a secret may not decide `{name}`")));
                Err(Wrong)
            }
            YamlValue::Scalar(Value::Text(path)) => match self.around.load(asset, path, node.span) {
                Some(value) => Ok(with_paths(YamlNode::from_value(value, node.span), path)),
                None => {
                    self.right = false;
                    Err(Wrong)
                }
            },
            _ => Err(self.wrong(node, shape, name, None)),
        }
    }
}

/// Says of each file in a folder how its path reads in the spec: `written`, beside its `content`.
fn with_paths(mut node: YamlNode, folder: &str) -> YamlNode {
    let YamlValue::Map(files) = &mut node.value else { return node };
    for file in files {
        let YamlValue::Map(parts) = &mut file.value.value else { continue };
        if parts.iter().any(|part| part.key == "content") {
            let path = format!("{}/{}", folder.trim_end_matches('/'), file.key);
            let value = YamlNode::scalar(path, file.key_span);
            parts.push(Entry { key: "written".into(), key_span: file.key_span, value });
        }
    }
    node
}

/// Keeps the messages of an alternative that may not be the one meant.
struct Trial<'t> {
    around: &'t mut dyn Surroundings,
    reports: Vec<Diagnostic>,
}

impl Surroundings for Trial<'_> {
    fn written(&self, span: Span) -> &str {
        self.around.written(span)
    }

    fn load(&mut self, asset: Asset, path: &str, span: Span) -> Option<Value> {
        self.around.load(asset, path, span)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.reports.push(diagnostic);
    }
}

fn has_form(node: &YamlNode, shape: &Shape) -> bool {
    match (&node.value, shape) {
        (YamlValue::Map(_), Shape::Object(_) | Shape::Map(_)) => true,
        (YamlValue::List(_), Shape::List(_) | Shape::Selectors) => true,
        (YamlValue::Scalar(Value::Text(_)), shape) => {
            !matches!(shape, Shape::Object(_) | Shape::Map(_) | Shape::List(_) | Shape::Bool | Shape::Integer { .. })
        }
        (YamlValue::Scalar(Value::Integer(_)), Shape::Integer { .. }) => true,
        _ => false,
    }
}

/// Returns whether a value of this shape may be, or hold, a secret.
fn takes_secrets(shape: &Shape) -> bool {
    match shape {
        Shape::Any | Shape::Text | Shape::Scalar | Shape::Object(_) => true,
        Shape::List(shape) | Shape::Map(shape) => takes_secrets(shape),
        Shape::Either(shapes) => shapes.iter().any(takes_secrets),
        _ => false,
    }
}

fn is_mode(text: &str) -> bool {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    (3..=4).contains(&digits.len()) && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte))
}

/// Names as useradd(8) takes them, and what directory services bring (`name@domain`).
fn is_account(text: &str) -> bool {
    let body = text.strip_suffix('$').unwrap_or(text);
    text.len() <= 256
        && body.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && body.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-@+\\".contains(letter))
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_string(),
    }
}
