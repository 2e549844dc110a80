//! Files that hold keys and values, edited without touching the rest.

mod format;
mod json;
mod lines;
mod text;
mod yaml;

use std::fmt;

use crate::model::Value;

pub use format::{Format, Path, flatten};
use json::JsonDocument;
use lines::LineDocument;
use yaml::YamlDocument;

/// A file that was read.
#[derive(Clone, PartialEq)]
pub enum Document {
    Json(JsonDocument),
    Yaml(YamlDocument),
    Lines(LineDocument),
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Someone else's file may hold secrets that nobody has named.
        f.write_str("(a document)")
    }
}

impl Document {
    pub fn empty(format: Format) -> Self {
        match format {
            Format::Json => Self::Json(JsonDocument::empty()),
            Format::Yaml => Self::Yaml(YamlDocument::empty()),
            format => Self::Lines(LineDocument::parse(format, "")),
        }
    }

    /// Reads a text; the error says what is wrong without quoting it.
    pub fn parse(format: Format, text: &str) -> Result<Self, String> {
        Ok(match format {
            Format::Json if text.trim().is_empty() => Self::empty(format),
            Format::Json => Self::Json(JsonDocument::parse(text)?),
            Format::Yaml => Self::Yaml(YamlDocument::parse(text)?),
            format => Self::Lines(LineDocument::parse(format, text)),
        })
    }

    pub fn get(&self, path: &Path) -> Option<Value> {
        match self {
            Self::Json(document) => document.get(path),
            Self::Yaml(document) => document.get(path),
            Self::Lines(document) => document.get(path),
        }
    }

    pub fn set(&mut self, path: &Path, value: &Value) -> Result<(), String> {
        match self {
            Self::Json(document) => document.set(path, value),
            Self::Yaml(document) => document.set(path, value),
            Self::Lines(document) => {
                document.set(path, value);
                Ok(())
            }
        }
    }

    pub fn remove(&mut self, path: &Path) -> Result<(), String> {
        match self {
            Self::Json(document) => document.remove(path),
            Self::Yaml(document) => document.remove(path)?,
            Self::Lines(document) => document.remove(path),
        }
        Ok(())
    }

    pub fn text(&self) -> String {
        match self {
            Self::Json(document) => document.text(),
            Self::Yaml(document) => document.text(),
            Self::Lines(document) => document.text(),
        }
    }
}
