//! Reading evaluated attributes into a kind's own type.

use std::time::Duration;

use crate::diagnostic::{Diagnostic, Span};
use crate::model::{Arg, Content, Secret, Until, Value, YamlNode, YamlValue};

use super::State;

/// An attribute whose value is known only later.
#[derive(Clone, Debug, PartialEq)]
pub struct Deferral {
    pub attribute: String,
    pub until: Until,
}

/// The evaluated attributes of one resource.
///
/// Every reader returns `None` where the spec leaves the attribute out (defaults of the table are filled in before).
/// A value known only later reads as `Some(T::default())` and is remembered: the planner then defers the resource.
pub struct Fields<'a> {
    name: &'a str,
    state: State,
    node: &'a YamlNode,
    diagnostics: &'a mut Vec<Diagnostic>,
    deferrals: &'a mut Vec<Deferral>,
}

impl<'a> Fields<'a> {
    pub fn new(
        name: &'a str,
        state: State,
        node: &'a YamlNode,
        diagnostics: &'a mut Vec<Diagnostic>,
        deferrals: &'a mut Vec<Deferral>,
    ) -> Self {
        Self { name, state, node, diagnostics, deferrals }
    }

    /// Returns the resource's name.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Returns whether the resource should go; then attributes other than the name need not be there.
    pub fn is_absent(&self) -> bool {
        self.state == State::Absent
    }

    /// Returns whether the spec sets the attribute (to anything but null).
    pub fn has(&self, attribute: &str) -> bool {
        self.node.get(attribute).is_some_and(|node| !node.is_null())
    }

    /// Returns which of these attributes is set, and reports where several are; `what` is the thing that has one of them.
    pub fn one_of(&mut self, what: &str, attributes: &[&'static str]) -> Option<&'static str> {
        let given: Vec<&str> = attributes.iter().copied().filter(|attribute| self.has(attribute)).collect();
        if let ([_, second, ..], [others @ .., last]) = (given.as_slice(), attributes) {
            let message = format!("{what} has one of {} and {last}", others.join(", "));
            self.error(second, message, "keep one of them");
        }
        given.first().copied()
    }

    /// Returns the place of an attribute, or of the resource where it is left out.
    pub fn span(&self, attribute: &str) -> Span {
        self.node.get(attribute).map_or(self.node.span, |node| node.span)
    }

    /// Returns whether any part of an attribute's value is known only later.
    pub fn is_unknown(&self, attribute: &str) -> bool {
        self.node.get(attribute).is_some_and(|node| node.to_value().unknown().is_some())
    }

    /// Reports a mistake at an attribute; a value known only later cannot be mistaken yet.
    pub fn error(&mut self, attribute: &str, message: impl Into<String>, help: impl Into<String>) {
        if self.is_unknown(attribute) {
            return;
        }
        let span = self.span(attribute);
        self.diagnostics.push(Diagnostic::error(span, message).help(help));
    }

    /// Reports a resource whose name should be an absolute path and is none.
    pub(crate) fn check_path_name(&mut self) {
        let name = self.name;
        if let Some(why) = not_a_path(name) {
            self.error("name", format!("the name is an absolute path; `{name}` {why}"), "write it as `/folder/name`");
        }
    }

    /// Reports a mistake at a place inside an attribute, found in its [`Fields::node`].
    pub fn error_at(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(span, message).help(help));
    }

    /// Returns the evaluated node.
    pub fn node(&self, attribute: &str) -> Option<&'a YamlNode> {
        self.node.get(attribute).filter(|node| !node.is_null())
    }

    /// Returns the bare value; `None` where it is left out. A value of which any part is known only later is remembered.
    pub fn value(&mut self, attribute: &str) -> Option<Value> {
        let value = self.node(attribute)?.to_value();
        if let Some(until) = value.unknown() {
            self.defer(attribute, until);
        }
        Some(value)
    }

    /// Returns a text; numbers and booleans as they are written. A secret is an error here: use [`Fields::arg`].
    pub fn text(&mut self, attribute: &str) -> Option<String> {
        match self.value(attribute)? {
            Value::Unknown(_) => Some(String::new()),
            Value::Secret(_) => {
                self.error(
                    attribute,
                    format!("`{attribute}` may not be a secret"),
                    "secrets are allowed only where the reference says so",
                );
                Some(String::new())
            }
            value => Some(scalar_text(&value).unwrap_or_default()),
        }
    }

    /// Returns a text that may be secret, for a program's data.
    pub fn arg(&mut self, attribute: &str) -> Option<Arg> {
        match self.value(attribute)? {
            Value::Unknown(_) => Some(Arg::Plain(String::new())),
            Value::Secret(secret) => Some(Arg::Secret(secret)),
            value => Some(Arg::Plain(scalar_text(&value).unwrap_or_default())),
        }
    }

    /// Returns a text as a secret, wherever it came from.
    pub fn secret(&mut self, attribute: &str) -> Option<Secret> {
        self.arg(attribute).map(|arg| match arg {
            Arg::Plain(text) => Secret::new(text),
            Arg::Secret(secret) => secret,
        })
    }

    pub fn bool(&mut self, attribute: &str) -> Option<bool> {
        match self.value(attribute)? {
            Value::Bool(value) => Some(value),
            _ => Some(false),
        }
    }

    pub fn integer(&mut self, attribute: &str) -> Option<i64> {
        match self.value(attribute)? {
            Value::Integer(value) => Some(value),
            _ => Some(0),
        }
    }

    /// Returns an octal mode with four digits: `0640`.
    pub fn mode(&mut self, attribute: &str) -> Option<String> {
        let text = self.text(attribute)?;
        Some(if text.is_empty() { "0000".into() } else { format!("{:0>4}", text.trim_start_matches("0o")) })
    }

    pub fn duration(&mut self, attribute: &str) -> Option<Duration> {
        let text = self.text(attribute)?;
        Some(parse_duration(&text).unwrap_or_default())
    }

    /// Returns a size in bytes.
    pub fn size(&mut self, attribute: &str) -> Option<u64> {
        let text = self.text(attribute)?;
        Some(parse_size(&text).unwrap_or_default())
    }

    /// Returns a list of texts; empty where it is left out. A secret among them is an error.
    pub fn texts(&mut self, attribute: &str) -> Vec<String> {
        let value = self.value(attribute);
        if value.as_ref().is_some_and(Value::is_sensitive) {
            self.error(
                attribute,
                format!("`{attribute}` may not hold a secret"),
                "secrets are allowed only where the reference says so",
            );
            return Vec::new();
        }
        match value {
            Some(Value::List(items)) => items.iter().filter_map(scalar_text).collect(),
            Some(value) => scalar_text(&value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// Returns a mapping of texts, each perhaps secret; empty where it is left out.
    pub fn args(&mut self, attribute: &str) -> Vec<(String, Arg)> {
        match self.value(attribute) {
            Some(Value::Map(entries)) => entries
                .into_iter()
                .map(|(key, value)| match value {
                    Value::Secret(secret) => (key, Arg::Secret(secret)),
                    value => (key, Arg::Plain(scalar_text(&value).unwrap_or_default())),
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Returns environment variables, each perhaps secret, and reports what cannot be the name of one.
    pub fn environment(&mut self, attribute: &str) -> Vec<(String, Arg)> {
        let variables = self.args(attribute);
        let is_name = |name: &str| {
            !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if let Some((name, _)) = variables.iter().find(|(name, _)| !is_name(name)) {
            let help = "use letters, digits and underscores, and no digit first";
            self.error(attribute, format!("`{name}` is not a name of an environment variable"), help);
        }
        variables
    }

    /// Returns the bytes of a `Source` or `Template` attribute, or of a text given in place.
    pub fn content(&mut self, attribute: &str) -> Option<Content> {
        Some(match self.value(attribute)? {
            Value::Content(content) => content,
            Value::Unknown(_) => Content::unknown(),
            Value::Secret(secret) => Content::secret(&secret),
            value => Content::new(scalar_text(&value).unwrap_or_default().as_bytes()),
        })
    }

    fn defer(&mut self, attribute: &str, until: Until) {
        self.deferrals.push(Deferral { attribute: attribute.to_string(), until });
    }
}

/// Returns a scalar as the text a file would hold; `None` for lists, mappings, null and what is known only later.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Integer(value) => Some(value.to_string()),
        Value::Float(value) => Some(value.to_string()),
        Value::Secret(secret) => Some(secret.expose().to_string()),
        _ => None,
    }
}

/// Says what keeps a text from being a path of a host.
pub(crate) fn not_a_path(text: &str) -> Option<&'static str> {
    if !text.starts_with('/') {
        Some("does not start with `/`")
    } else if text.chars().any(char::is_control) {
        Some("holds a control character")
    } else if text.len() > 1 && text.ends_with('/') {
        Some("ends in `/`")
    } else if text.contains("//") {
        Some("holds `//`")
    } else if text.split('/').any(|part| part == ".." || part == ".") {
        Some("holds `.` or `..`")
    } else if text.len() > 4095 || text.split('/').any(|part| part.len() > 255) {
        Some("is longer than Linux allows")
    } else {
        None
    }
}

/// Reads `30s`, `500ms`, `5m`, `2h`, `1d`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..split].parse().ok()?;
    let milliseconds = match &text[split..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(milliseconds).map(Duration::from_millis)
}

/// Reads `512MiB`, `2GB`, `4096`; units are IEC (KiB, MiB, GiB, TiB) and SI (kB, MB, GB, TB).
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..split].parse().ok()?;
    let unit: u64 = match &text[split..] {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(unit)
}

impl YamlNode {
    /// Returns whether this is a list or a mapping.
    pub fn is_structure(&self) -> bool {
        !matches!(self.value, YamlValue::Scalar(_))
    }
}
