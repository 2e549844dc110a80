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
    /// What OpenSSH reads: words, whose letters may be large or small, with blocks that hold for some connections only.
    Ssh,
}

/// The keys that begin a block of [`Format::Ssh`].
pub const BLOCKS: &[&str] = &["Match", "Host"];

impl Format {
    const ALL: [Self; 6] = [Self::Json, Self::Yaml, Self::Ini, Self::Env, Self::Words, Self::Ssh];
    pub const WORDS: &'static [&'static str] = &["json", "yaml", "ini", "env", "words", "ssh"];

    pub fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Ini => "ini",
            Self::Env => "env",
            Self::Words => "words",
            Self::Ssh => "ssh",
        }
    }

    pub fn by_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// Tells it by a file's name, mostly by its end.
    pub fn by_name(name: &str) -> Option<Self> {
        let (folder, file) = name.rsplit_once('/')?;
        let is_ssh = |name: &str| name.ends_with("/sshd_config") || name.ends_with("/ssh_config");
        if is_ssh(name) || folder.strip_suffix(".d").is_some_and(is_ssh) || name.ends_with("/.ssh/config") {
            return Some(Self::Ssh);
        }
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
            Self::Env | Self::Words | Self::Ssh => 1,
        }
    }

    /// Says what is wrong with a key or its value.
    pub fn check(self, path: &Path, value: &Value) -> Result<(), String> {
        if matches!(self, Self::Json | Self::Yaml) || value.unknown().is_some() {
            return Ok(());
        }
        let has_section = self == Self::Ini && path.0.len() > 1;
        for (depth, key) in path.0.iter().enumerate() {
            if let Some(why) = self.not_a_key(key, has_section && depth == 0) {
                return Err(format!("`{key}` is not a key of {}: it {why}", self.word()));
            }
        }
        match value {
            Value::Null if self == Self::Ini => Ok(()),
            Value::Null | Value::List(_) | Value::Map(_) | Value::Content(_) => {
                Err(format!("`{path}` is {}, which {} has no place for", value.type_name(), self.word()))
            }
            value => match text_of(value) {
                text if text.contains(['\n', '\r', '\0']) => {
                    Err(format!("`{path}` has several lines, which {} has no place for", self.word()))
                }
                text if self == Self::Words && text.trim_end().ends_with('{') => {
                    Err(format!("`{path}` ends in `{{`, which begins a group in such a file"))
                }
                _ => Ok(()),
            },
        }
    }

    /// Says what keeps a text from being a key, or the name of a section.
    fn not_a_key(self, key: &str, is_section: bool) -> Option<&'static str> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match self {
            _ if key.is_empty() => Some("is empty"),
            _ if key.contains(['\n', '\r', '\0']) => Some("has several lines"),
            Self::Env if !key.chars().all(is_name) => Some("holds other characters than letters, digits and `_`"),
            Self::Env if key.starts_with(|c: char| c.is_ascii_digit()) => Some("begins with a digit"),
            Self::Env => None,
            Self::Ini if key.trim() != key => Some("begins or ends with a blank"),
            Self::Ini if is_section => key.contains(']').then_some("holds `]`, which ends the name of a section"),
            Self::Ini if key.contains('=') => Some("holds `=`"),
            Self::Ini => key.starts_with(['#', ';', '[']).then_some("begins with `#`, `;` or `[`"),
            Self::Ssh if BLOCKS.iter().any(|block| key.eq_ignore_ascii_case(block)) => Some("begins a block"),
            _ if key.contains(char::is_whitespace) => Some("holds a blank"),
            _ => key.starts_with('#').then_some("begins with `#`"),
        }
    }

    /// Returns what stands between a key and its value.
    pub fn separator(self) -> &'static str {
        match self {
            Self::Env => "=",
            Self::Words | Self::Ssh => " ",
            _ => " = ",
        }
    }

    /// Returns a value as it is read from such a file.
    pub fn as_read(self, value: &Value) -> Value {
        match (self, value) {
            (Self::Json | Self::Yaml, value) => value.clone(),
            (_, Value::Null | Value::Secret(_) | Value::Unknown(_)) => value.clone(),
            (Self::Env, value) => Value::Text(text_of(value)),
            (Self::Ssh, value) => Value::text(ssh_value(&text_of(value))),
            // Nobody who reads these takes blanks around a value for part of it.
            (_, value) => Value::Text(text_of(value).trim().to_string()),
        }
    }
}

/// Reads what stands behind a key of OpenSSH: blanks, or blanks and one `=`; what holds blanks may be in double quotes
/// (sshd_config(5)).
pub(super) fn ssh_value(text: &str) -> &str {
    let value = text.trim_start();
    let value = value.strip_prefix('=').unwrap_or(value).trim();
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(value)
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
