//! Files with a key on a line: `[section]` and `key = value`, `KEY=value`, `key value`.

use crate::model::Value;

use super::format::{BLOCKS, Format, Path, ssh_value, text_of};
use super::text::{Line, Lines};

#[derive(Clone, PartialEq)]
pub struct LineDocument {
    format: Format,
    lines: Lines,
}

impl LineDocument {
    pub fn parse(format: Format, text: &str) -> Self {
        Self { format, lines: Lines::parse(text) }
    }

    pub fn text(&self) -> String {
        self.lines.text()
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
                Format::Ini if !line.contains(" = ") && line.contains('=') => "=",
                format => format.separator(),
            };
            let line = format!("{lead}{}", self.line(key, separator, value));
            self.lines.splice(at..at + 1, [line]);
            return;
        }
        let line = self.line(key, self.format.separator(), value);
        match path.0.as_slice() {
            [section, _] => match self.sections(section).pop() {
                Some((heading, end)) => {
                    let last = (heading..end).rev().find(|&at| !self.lines[at].trim().is_empty()).unwrap_or(heading);
                    self.lines.insert(last + 1, line);
                }
                None => {
                    let is_apart = self.lines.last().is_none_or(|line| line.trim().is_empty());
                    let blank = (!is_apart).then(String::new);
                    let end = self.lines.len();
                    self.lines.splice(end..end, blank.into_iter().chain([format!("[{section}]"), line]));
                }
            },
            _ => self.lines.insert(self.end_of_own(), line),
        }
    }

    pub fn remove(&mut self, path: &Path) {
        while let Some(at) = self.find(path) {
            self.lines.splice(at..at + 1, []);
        }
    }

    fn line(&self, key: &str, separator: &str, value: &Value) -> String {
        match value {
            Value::Null => key.to_string(),
            value if self.format == Format::Env => format!("{key}{separator}{}", quoted(&text_of(value))),
            value => format!("{key}{separator}{}", text_of(value)),
        }
    }

    /// Returns where a new key of the file's own goes: before what begins a part that is not.
    fn end_of_own(&self) -> usize {
        let begins_part = |line: &Line| match self.format {
            // At the top level of an ini file: before its first section.
            Format::Ini => section_name(line).is_some(),
            Format::Ssh => self.begins_block(line),
            _ => false,
        };
        let Some(part) = self.lines.iter().position(begins_part) else { return self.lines.len() };
        if self.format == Format::Ini {
            return part;
        }
        // Comments right above a block belong to it, and so do the blank lines before them.
        let above = |part: usize, is_passed: fn(&str) -> bool| {
            (0..part).rev().find(|&at| !is_passed(&self.lines[at])).map_or(0, |at| at + 1)
        };
        above(above(part, |line| line.trim().starts_with('#')), |line| line.trim().is_empty())
    }

    /// Returns the heading and the end of all sections of a name.
    fn sections(&self, name: &str) -> Vec<(usize, usize)> {
        let headings: Vec<usize> =
            (0..self.lines.len()).filter(|&at| section_name(&self.lines[at]).is_some()).collect();
        let ends = headings.iter().skip(1).copied().chain([self.lines.len()]);
        let all = headings.iter().copied().zip(ends);
        all.filter(|&(heading, _)| section_name(&self.lines[heading]) == Some(name)).collect()
    }

    /// Returns the line of a key: the one that counts where there are several.
    fn find(&self, path: &Path) -> Option<usize> {
        let key = path.0.last()?;
        let is_it = |at: &usize| {
            let found = self.key_and_value(&self.lines[*at]).map(|(found, _)| found);
            found.is_some_and(
                |found| if self.format == Format::Ssh { found.eq_ignore_ascii_case(key) } else { found == key },
            )
        };
        match path.0.as_slice() {
            // The last counts, in the last of several sections of one name.
            [section, _] => {
                self.sections(section).into_iter().rev().find_map(|(heading, end)| (heading + 1..end).rev().find(is_it))
            }
            // Programs that read words take the first, all others the last.
            [_] if matches!(self.format, Format::Words | Format::Ssh) => self.own().into_iter().find(is_it),
            [_] => self.own().into_iter().rev().find(is_it),
            _ => None,
        }
    }

    /// Returns the lines that are in no section, block or group.
    fn own(&self) -> Vec<usize> {
        let lines = 0..self.lines.len();
        match self.format {
            Format::Ini => lines.take_while(|&at| section_name(&self.lines[at]).is_none()).collect(),
            Format::Ssh => lines.take_while(|&at| !self.begins_block(&self.lines[at])).collect(),
            Format::Words => {
                let mut depth = 0_usize;
                let mut is_own = |at: &usize| {
                    let line = self.lines[*at].trim();
                    let ends = line.starts_with("</") || line.starts_with('}');
                    depth = if ends { depth.saturating_sub(1) } else { depth };
                    let is_own = depth == 0 && !ends;
                    let begins = line.starts_with('<') && !ends || line.ends_with('{') && !line.starts_with('#');
                    depth += usize::from(begins);
                    is_own
                };
                lines.filter(|at| is_own(at)).collect()
            }
            _ => lines.collect(),
        }
    }

    /// Returns whether what follows holds for some connections only (sshd_config(5) and ssh_config(5)).
    fn begins_block(&self, line: &str) -> bool {
        let key = self.key_and_value(line).map(|(key, _)| key);
        key.is_some_and(|key| BLOCKS.iter().any(|block| key.eq_ignore_ascii_case(block)))
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
            Format::Ssh => {
                let (key, value) = line.split_at(line.find([' ', '\t', '=']).unwrap_or(line.len()));
                Some((key, Some(ssh_value(value).to_string())))
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

/// Quotes what a shell, systemd and dotenv readers would take apart. Those do not agree on escapes (docs/env-files.md), so
/// what needs some in double quotes is in single ones where it can be.
fn quoted(text: &str) -> String {
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c)) {
        return text.to_string();
    }
    if text.contains(['"', '\\', '$', '`']) && !text.contains('\'') {
        return format!("'{text}'");
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
