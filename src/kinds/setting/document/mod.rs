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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FORMATS: [Format; 6] = [Format::Json, Format::Yaml, Format::Ini, Format::Env, Format::Words, Format::Ssh];

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            "[ -~é数\\\\'\"#;=:$`\t\n]{0,12}".prop_map(Value::Text),
            prop::sample::select(vec![
                "no", "null", "0x1", "1e3", "~", "- a", "{a", "a: b", "a #b", " a", "'", "\"", "\\"
            ])
            .prop_map(Value::text),
            any::<i32>().prop_map(|number| Value::Integer(number.into())),
            any::<bool>().prop_map(Value::Bool),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_set_is_read_back_and_others_stay(one in value(), two in value(), is_edited in any::<bool>()) {
            for format in FORMATS {
                let (first, second) = (Path(vec!["one".into()]), Path(vec!["two".into()]));
                if format.check(&first, &one).is_err() || format.check(&second, &two).is_err() {
                    continue;
                }
                let mut document = Document::empty(format);
                if is_edited {
                    document.set(&first, &two).unwrap();
                }
                document.set(&second, &two).unwrap();
                document.set(&first, &one).unwrap();
                let read = Document::parse(format, &document.text()).unwrap();
                prop_assert_eq!(read.get(&first), Some(format.as_read(&one)), "{:?} {:?}", format, document.text());
                prop_assert_eq!(read.get(&second), Some(format.as_read(&two)), "{:?} {:?}", format, document.text());
                let mut again = read.clone();
                again.set(&first, &one).unwrap();
                prop_assert_eq!(again.text(), read.text(), "{:?}", format);
            }
        }
    }
}
