//! Files with a key on a line: `[section]` and `key = value`, `KEY=value`, `key value`.

use crate::model::Value;

use super::format::{Format, Path, text_of};

#[derive(Clone, PartialEq)]
pub struct LineDocument {
    format: Format,
    /// Without their ends.
    lines: Vec<String>,
}

impl LineDocument {
    pub fn parse(format: Format, text: &str) -> Self {
        Self { format, lines: text.lines().map(String::from).collect() }
    }

    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    pub fn get(&self, path: &Path) -> Option<Value> {
        let at = self.find(path)?;
        let (_, value) = self.key_and_value(&self.lines[at])?;
        Some(value.map_or(Value::Null, Value::Text))
    }

    pub fn set(&mut self, path: &Path, value: &Value) {
        let key = path.0.last().map_or("", String::as_str);
        if let Some(at) = self.find(path) {
            let line = &self.lines[at];
            let lead = &line[..line.len() - line.trim_start().len()];
            let lead =
                if line.trim_start().starts_with("export ") { format!("{lead}export ") } else { lead.to_string() };
            let separator = match self.format {
                Format::Env => "=",
                Format::Words => " ",
                _ if line.contains(" = ") => " = ",
                _ if line.contains('=') => "=",
                _ => " = ",
            };
            self.lines[at] = format!("{lead}{}", self.line(key, separator, value));
            return;
        }
        let line = self.line(key, if self.format == Format::Ini { " = " } else { self.separator() }, value);
        match path.0.as_slice() {
            [section, _] => match self.section(section) {
                Some((first, end)) => {
                    let last = (first..end).rev().find(|&at| !self.lines[at].trim().is_empty()).unwrap_or(first);
                    self.lines.insert(last + 1, line);
                }
                None => {
                    if self.lines.last().is_some_and(|line| !line.trim().is_empty()) {
                        self.lines.push(String::new());
                    }
                    self.lines.extend([format!("[{section}]"), line]);
                }
            },
            // At the top level of an ini file: before its first section.
            _ if self.format == Format::Ini => {
                let end = self.lines.iter().position(|line| section_name(line).is_some()).unwrap_or(self.lines.len());
                self.lines.insert(end, line);
            }
            _ => self.lines.push(line),
        }
    }

    pub fn remove(&mut self, path: &Path) {
        while let Some(at) = self.find(path) {
            self.lines.remove(at);
        }
    }

    fn separator(&self) -> &'static str {
        if self.format == Format::Env { "=" } else { " " }
    }

    fn line(&self, key: &str, separator: &str, value: &Value) -> String {
        match value {
            Value::Null => key.to_string(),
            value if self.format == Format::Env => format!("{key}{separator}{}", quoted(&text_of(value))),
            value => format!("{key}{separator}{}", text_of(value)),
        }
    }

    /// Returns the first and the end of the lines of a section, without its heading line.
    fn section(&self, name: &str) -> Option<(usize, usize)> {
        let heading = self.lines.iter().position(|line| section_name(line) == Some(name))?;
        let rest = self.lines[heading + 1..].iter().position(|line| section_name(line).is_some());
        Some((heading, rest.map_or(self.lines.len(), |length| heading + 1 + length)))
    }

    /// Returns the line of a key: the one that counts where there are several.
    fn find(&self, path: &Path) -> Option<usize> {
        let (first, end) = match path.0.as_slice() {
            [section, _] => self.section(section).map(|(heading, end)| (heading + 1, end))?,
            [_] if self.format == Format::Ini => {
                (0, self.lines.iter().position(|line| section_name(line).is_some()).unwrap_or(self.lines.len()))
            }
            [_] => (0, self.lines.len()),
            _ => return None,
        };
        let key = path.0.last()?;
        let is_it = |at: &usize| self.key_and_value(&self.lines[*at]).is_some_and(|(found, _)| found == key);
        // Programs that read words take the first, all others the last.
        if self.format == Format::Words { (first..end).find(is_it) } else { (first..end).rev().find(is_it) }
    }

    fn key_and_value<'a>(&self, line: &'a str) -> Option<(&'a str, Option<String>)> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || (self.format == Format::Ini && line.starts_with([';', '['])) {
            return None;
        }
        match self.format {
            Format::Env => {
                let line = line.strip_prefix("export ").map_or(line, str::trim_start);
                let (key, value) = line.split_once('=')?;
                Some((key.trim_end(), Some(unquoted(value.trim()))))
            }
            Format::Words => {
                let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
                Some((key, Some(value.trim().to_string())))
            }
            _ => Some(match line.split_once('=') {
                Some((key, value)) => (key.trim_end(), Some(value.trim().to_string())),
                None => (line, None),
            }),
        }
    }
}

fn section_name(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.split_once(']').map(|(name, _)| name.trim())
}

/// Quotes what a shell, systemd and dotenv readers would take apart.
fn quoted(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c)) {
        return text.to_string();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

fn unquoted(text: &str) -> String {
    let inner = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    if let Some(inner) = inner('\'') {
        return inner.to_string();
    }
    let Some(inner) = inner('"') else { return text.to_string() };
    let mut plain = String::new();
    let mut characters = inner.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, characters.peek()) {
            ('\\', Some('"' | '\\' | '$' | '`')) => plain.extend(characters.next()),
            _ => plain.push(c),
        }
    }
    plain
}
