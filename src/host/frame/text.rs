//! Text that may hold secrets, with the one quote function, and how fields are written in it.

use zeroize::Zeroizing;

use crate::model::Arg;

use super::super::Problem;

/// Turns a newline, a unit separator, and itself into two characters within a field.
const ESCAPE: char = '\u{1c}';
/// Separates the fields of a row or record.
pub(in crate::host) const SEPARATOR: char = '\u{1f}';

/// Shell text that grows; wiped from memory when dropped.
pub(crate) struct Text(Zeroizing<String>);

impl Text {
    pub fn new() -> Self {
        Self(Zeroizing::new(String::with_capacity(4096)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Adds constant text.
    pub fn raw(&mut self, text: &str) -> &mut Self {
        self.reserve(text.len());
        self.0.push_str(text);
        self
    }

    /// Adds data as one word: in single quotes, each single quote in it as `'\''`.
    pub fn quoted(&mut self, data: &str, what: &str) -> Result<&mut Self, Problem> {
        if data.contains('\0') {
            return Err(Problem::NulByte(what.to_string()));
        }
        self.raw("'").within_quotes(data);
        Ok(self.raw("'"))
    }

    /// Adds rows as one word: a line each, every field ended by a separator, so that none is lost at the end.
    pub fn rows<'r>(&mut self, rows: impl Iterator<Item = &'r [Arg]> + Clone) -> Result<&mut Self, Problem> {
        check(rows.clone())?;
        self.raw("'");
        for (at, row) in rows.enumerate() {
            if at > 0 {
                self.raw("\n");
            }
            for field in row {
                for part in field.expose().split_inclusive(['\n', SEPARATOR, ESCAPE]) {
                    self.escaped(part, Self::within_quotes);
                }
                self.raw("\u{1f}");
            }
            if row.is_empty() {
                self.raw("\u{1f}");
            }
        }
        Ok(self.raw("'"))
    }

    /// Adds a field as a row holds it, unquoted.
    pub fn field(&mut self, field: &str) -> &mut Self {
        for part in field.split_inclusive(['\n', SEPARATOR, ESCAPE]) {
            self.escaped(part, |text, part| {
                text.raw(part);
            });
        }
        self
    }

    /// Adds a part of a field of which only the last character may need escaping.
    fn escaped(&mut self, part: &str, write: fn(&mut Self, &str)) {
        let code = match part.chars().next_back() {
            Some('\n') => "\u{1c}n",
            Some(SEPARATOR) => "\u{1c}u",
            Some(ESCAPE) => "\u{1c}f",
            _ => return write(self, part),
        };
        write(self, &part[..part.len() - 1]);
        self.raw(code);
    }

    fn within_quotes(&mut self, data: &str) {
        for (at, part) in data.split('\'').enumerate() {
            if at > 0 {
                self.raw("'\\''");
            }
            self.raw(part);
        }
    }

    /// Growing by hand: a `String` that grows by itself leaves its old bytes behind in memory.
    fn reserve(&mut self, more: usize) {
        let needed = self.0.len() + more;
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(String::with_capacity(needed.max(self.0.capacity() * 2)));
            larger.push_str(&self.0);
            self.0 = larger;
        }
    }
}

/// Reads a field as a record holds it.
pub(in crate::host) fn decode_field(field: &str) -> String {
    if !field.contains(ESCAPE) {
        return field.to_string();
    }
    let mut plain = String::with_capacity(field.len());
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        if character != ESCAPE {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => plain.push('\n'),
            Some('u') => plain.push(SEPARATOR),
            Some('f') => plain.push(ESCAPE),
            // Written by a tool and not by `emit`.
            Some(other) => plain.extend([ESCAPE, other]),
            None => plain.push(ESCAPE),
        }
    }
    plain
}

/// Returns whether a row can be sent at all.
fn check<'r>(mut rows: impl Iterator<Item = &'r [Arg]>) -> Result<(), Problem> {
    match rows.find(|row| row.iter().any(|field| field.expose().contains('\0'))) {
        Some(row) => Err(Problem::NulByte(row.first().map_or_else(String::new, |name| format!("{name:?}")))),
        None => Ok(()),
    }
}
