//! How files hold keys and values.

use std::fmt;

use crate::model::Value;

/// The way from the top of a file to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub Vec<String>);

impl Path {
    /// Reads it as it is written: keys with dots between.
    pub fn parse(text: &str) -> Self {
        Self(text.split('.').map(String::from).collect())
    }

    fn with(&self, key: &str) -> Self {
        let mut keys = self.0.clone();
        keys.push(key.to_string());
        Self(keys)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Yaml,
    Ini,
    Env,
    Words,
}

impl Format {
    pub const WORDS: &'static [&'static str] = &["json", "yaml", "ini", "env", "words"];

    pub fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Ini => "ini",
            Self::Env => "env",
            Self::Words => "words",
        }
    }

    pub fn by_word(word: &str) -> Option<Self> {
        [Self::Json, Self::Yaml, Self::Ini, Self::Env, Self::Words].into_iter().find(|format| format.word() == word)
    }

    /// Tells it by the end of a file's name.
    pub fn by_name(name: &str) -> Option<Self> {
        let file = name.rsplit('/').next()?;
        Some(match file.rsplit_once('.')?.1 {
            "json" => Self::Json,
            "yaml" | "yml" => Self::Yaml,
            "ini" | "cnf" => Self::Ini,
            "env" => Self::Env,
            _ => return None,
        })
    }

    /// How deep its mappings may lie in each other.
    fn depth(self) -> usize {
        match self {
            Self::Json | Self::Yaml => usize::MAX,
            Self::Ini => 2,
            Self::Env | Self::Words => 1,
        }
    }

    /// Says what is wrong with a key or its value.
    pub fn check(self, path: &Path, value: &Value) -> Result<(), String> {
        if matches!(self, Self::Json | Self::Yaml) || value.unknown().is_some() {
            return Ok(());
        }
        let is_key = |key: &String| match self {
            Self::Env => {
                !key.starts_with(|c: char| c.is_ascii_digit())
                    && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            }
            Self::Ini => !key.contains(['=', '[', ']', '\n']) && !key.starts_with(['#', ';']) && key.trim() == key,
            _ => !key.contains(char::is_whitespace) && !key.starts_with('#'),
        };
        if let Some(wrong) = path.0.iter().find(|key| key.is_empty() || !is_key(key)) {
            return Err(format!("`{wrong}` is not a key of {}", self.word()));
        }
        match value {
            Value::Null if self == Self::Ini => Ok(()),
            Value::Null | Value::List(_) | Value::Map(_) | Value::Content(_) => {
                Err(format!("`{path}` is {}, which {} has no place for", value.type_name(), self.word()))
            }
            value => match text_of(value).contains(['\n', '\r', '\0']) {
                true => Err(format!("`{path}` has several lines, which {} has no place for", self.word())),
                false => Ok(()),
            },
        }
    }

    /// Returns a value as it is read from such a file.
    pub fn as_read(self, value: &Value) -> Value {
        match (self, value) {
            (Self::Json | Self::Yaml, value) => value.clone(),
            (_, Value::Null | Value::Secret(_) | Value::Unknown(_)) => value.clone(),
            (_, value) => Value::Text(text_of(value)),
        }
    }
}

/// Takes mappings apart as deep as the format has them.
pub fn flatten(path: &Path, value: Value, format: Format, keys: &mut Vec<(Path, Value)>) {
    match value {
        Value::Map(entries) if path.0.len() < format.depth() && (path.0.is_empty() || !entries.is_empty()) => {
            for (key, value) in entries {
                flatten(&path.with(&key), value, format, keys);
            }
        }
        // What is known only later has no keys yet.
        Value::Unknown(_) if path.0.is_empty() => {}
        value => keys.push((path.clone(), value)),
    }
}

/// Returns a scalar as a file of lines holds it.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Secret(secret) => secret.expose().to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        _ => String::new(),
    }
}
