//! Statements, and mistakes in files of them.

use std::ops::Range;

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    MySql,
    PostgreSql,
    Sqlite,
}

/// One statement of a file, without what ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its bytes in the file.
    pub range: Range<usize>,
    /// The bytes of the rows that follow `COPY … FROM stdin`, without the line `\.` that ends them.
    pub rows: Option<Range<usize>>,
    /// The line it begins in, from 1.
    pub line: usize,
    /// Its first words in capitals, six at most.
    pub words: Vec<String>,
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}: {text}")]
pub struct Mistake {
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
    /// The line of the file.
    pub text: String,
}

/// Longest line of SQL that a message shows, in characters.
const LONGEST_SHOWN: usize = 100;

impl Statement {
    /// Returns its text.
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        &source[self.range.clone()]
    }

    /// Returns its first line, for messages.
    pub fn first_line(&self, source: &str) -> String {
        shown(self.text(source).lines().next().unwrap_or_default())
    }

    /// Says whether it begins with these words.
    pub fn begins(&self, words: &[&str]) -> bool {
        self.words.len() >= words.len() && self.words.iter().zip(words).all(|(own, word)| own == word)
    }
}

/// Shortens a line for a message.
fn shown(line: &str) -> String {
    let line = line.trim();
    match line.char_indices().nth(LONGEST_SHOWN) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_string(),
    }
}

/// Says where a byte of a file is, and what is wrong there.
pub(super) fn mistake(source: &str, at: usize, message: impl Into<String>) -> Mistake {
    let start = source[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = source[at..].find('\n').map_or(source.len(), |newline| at + newline);
    Mistake {
        line: source[..at].matches('\n').count() + 1,
        column: source[start..at].trim_start_matches('\u{feff}').chars().count() + 1,
        message: message.into(),
        text: shown(source[start..end].trim_start_matches('\u{feff}')),
    }
}
