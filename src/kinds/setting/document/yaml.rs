//! YAML, edited line by line and read again to see that nothing else changed.

use serde_json::Value as Json;

use crate::model::Value;

use super::format::Path;
use super::json::{from_json, look, put, take, to_json};
use super::text::{Line, Lines};

#[derive(Clone, PartialEq)]
pub struct YamlDocument {
    lines: Lines,
    value: Json,
}

/// An entry of a block mapping: the line of its key, and the line behind its last.
struct Entry {
    line: usize,
    end: usize,
}

impl YamlDocument {
    pub fn empty() -> Self {
        Self { lines: Lines::parse(""), value: Json::Null }
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        let value = read(text)?;
        if !value.is_object() && !value.is_null() {
            return Err("it is no mapping at its top".into());
        }
        Ok(Self { lines: Lines::parse(text), value })
    }

    pub fn text(&self) -> String {
        self.lines.text()
    }

    pub fn get(&self, path: &Path) -> Option<Value> {
        look(&self.value, path).map(from_json)
    }

    pub fn set(&mut self, path: &Path, value: &Value) -> Result<(), String> {
        let value = to_json(value);
        let mut wanted = self.value.clone();
        put(&mut wanted, path, value.clone())?;
        let mut edited = self.lines.clone();
        write(&mut edited, path, &flow(&value))?;
        self.take_over(edited, wanted, path)
    }

    pub fn remove(&mut self, path: &Path) -> Result<(), String> {
        if look(&self.value, path).is_none() {
            return Ok(());
        }
        let mut wanted = self.value.clone();
        take(&mut wanted, path);
        let mut edited = self.lines.clone();
        let (mut range, mut found) = ((0, edited.len()), None);
        for key in &path.0 {
            let entry = find(&edited, range, key).ok_or_else(|| cannot(path))?;
            range = (entry.line + 1, entry.end);
            found = Some(entry);
        }
        if let Some(entry) = found {
            edited.splice(entry.line..entry.end, []);
        }
        // A mapping that lost its last key reads as null.
        let is_empty = |value: &Json| value.as_object().is_some_and(serde_json::Map::is_empty);
        let above = Path(path.0[..path.0.len() - 1].to_vec());
        if look(&wanted, &above).is_some_and(is_empty) {
            put(&mut wanted, &above, Json::Null)?;
        }
        self.take_over(edited, wanted, path)
    }

    /// Keeps what was edited if it reads as it should.
    fn take_over(&mut self, lines: Lines, wanted: Json, path: &Path) -> Result<(), String> {
        let edited = Self { lines, value: wanted };
        if read(&edited.text()).as_ref() != Ok(&edited.value) {
            return Err(cannot(path));
        }
        *self = edited;
        Ok(())
    }
}

fn cannot(path: &Path) -> String {
    format!("`{path}` cannot be edited safely: what is around it is no plain block mapping")
}

fn read(text: &str) -> Result<Json, String> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Json::Null);
    }
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let place = error.location().map(|place| format!("line {}, column {}: ", place.line(), place.column()));
        // Its own words may quote the file.
        format!("{}it does not parse", place.unwrap_or_default())
    })
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// Returns the indentation of the first key in a range.
fn indent_in(lines: &[Line], (first, end): (usize, usize)) -> Option<usize> {
    let is_key = |line: &&Line| !is_blank(line) && line.trim() != "---" && !line.starts_with('%');
    lines[first..end].iter().find(is_key).map(|line| indent_of(line))
}

/// Finds the entry of a key in a block mapping that lies in a range of lines.
fn find(lines: &[Line], range: (usize, usize), key: &str) -> Option<Entry> {
    let indent = indent_in(lines, range)?;
    let is_it = |line: &Line| {
        let rest = &line[indent.min(line.len())..];
        let names = [key.to_string(), format!("\"{key}\""), format!("'{key}'")];
        indent_of(line) == indent
            && names.iter().any(|name| {
                let rest = rest.strip_prefix(name.as_str()).and_then(|rest| rest.trim_start().strip_prefix(':'));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
    };
    let line = (range.0..range.1).find(|&at| is_it(&lines[at]))?;
    // Items of a list may stand as far to the left as the key they belong to.
    let is_inside = |line: &Line| {
        is_blank(line) || indent_of(line) > indent || (indent_of(line) == indent && line.trim_start().starts_with("- "))
    };
    let mut end = (line + 1..range.1).find(|&at| !is_inside(&lines[at])).unwrap_or(range.1);
    // Blank lines and comments at its end belong to what follows.
    while end > line + 1 && is_blank(&lines[end - 1]) {
        end -= 1;
    }
    Some(Entry { line, end })
}

/// Sets a value: replaces that of the entry, or adds one with the mappings above it that are missing.
fn write(lines: &mut Lines, path: &Path, value: &str) -> Result<(), String> {
    let mut range = (0, lines.len());
    let mut indent = indent_in(lines, range).unwrap_or(0);
    for (depth, key) in path.0.iter().enumerate() {
        let is_last = depth + 1 == path.0.len();
        match find(lines, range, key) {
            Some(entry) if is_last => {
                let old = &lines[entry.line];
                let (name, rest) = old.split_once(':').ok_or_else(|| cannot(path))?;
                let is_plain = entry.end == entry.line + 1 && !rest.contains(['"', '\'', '|', '>']);
                let comment = rest.find(" #").filter(|_| is_plain).map_or("", |at| &rest[at..]);
                let new = format!("{name}: {value}{comment}");
                lines.splice(entry.line..entry.end, [new]);
                return Ok(());
            }
            Some(entry) => {
                range = (entry.line + 1, entry.end);
                indent = indent_in(lines, range).unwrap_or(indent + 2);
            }
            None => {
                let is_content = |at: &usize| !is_blank(&lines[*at]);
                let last = (range.0..range.1).rev().find(is_content).map_or(range.0, |at| at + 1);
                let missing = path.0[depth..].iter().enumerate().map(|(below, key)| {
                    let is_last = depth + below + 1 == path.0.len();
                    let key = key_text(key);
                    let lead = " ".repeat(indent + 2 * below);
                    if is_last { format!("{lead}{key}: {value}") } else { format!("{lead}{key}:") }
                });
                lines.splice(last..last, missing);
                return Ok(());
            }
        }
    }
    Err(cannot(path))
}

fn key_text(key: &str) -> String {
    let is_plain = key.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
        && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&key.to_ascii_lowercase().as_str());
    if is_plain { key.to_string() } else { Json::from(key).to_string() }
}

/// Writes a value on one line. JSON is YAML; a plain text needs no quotes.
fn flow(value: &Json) -> String {
    match value {
        Json::String(text) if key_text(text) == *text => text.clone(),
        value => value.to_string(),
    }
}
