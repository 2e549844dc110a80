//! Walks over a file and finds where statements begin and end.

use super::statement::{Dialect, Mistake, Statement, mistake};
use super::token::{self, Token};

/// How many words of a statement are kept.
const WORDS_KEPT: usize = 6;

pub(super) struct Scan<'a> {
    source: &'a str,
    dialect: Dialect,
    at: usize,
    /// What the client command DELIMITER of MySQL has set.
    delimiter: Option<&'a str>,
    statements: Vec<Statement>,
    /// The byte that was counted last for line numbers, and its line.
    counted: (usize, usize),
    open: Open,
}

/// The statement that is being read.
#[derive(Default)]
struct Open {
    /// Its first byte, and the byte after its last token that is no comment.
    range: Option<(usize, usize)>,
    words: Vec<String>,
    /// The first byte of each BEGIN and CASE that has no END yet.
    blocks: Vec<usize>,
    /// The first byte of each parenthesis that is not closed.
    parentheses: Vec<usize>,
    /// The first byte of a comment of MySQL that is executed.
    executed: Option<usize>,
    last_word: String,
    /// The last token was a dot: what follows is a name.
    is_after_dot: bool,
}

impl<'a> Scan<'a> {
    pub fn new(source: &'a str, dialect: Dialect) -> Self {
        Self { source, dialect, at: 0, delimiter: None, statements: Vec::new(), counted: (0, 1), open: Open::default() }
    }

    pub fn statements(mut self) -> Result<Vec<Statement>, Mistake> {
        while self.at < self.source.len() {
            if self.open.range.is_none() && self.command()? {
                continue;
            }
            if let Some(delimiter) = self.delimiter
                && self.source[self.at..].starts_with(delimiter)
            {
                self.at += delimiter.len();
                self.end()?;
                continue;
            }
            let (token, mut next) = token::next(self.source, self.at, self.dialect, self.open.executed.is_some())?;
            if let Some(delimiter) = self.delimiter.filter(|_| token == Token::Word)
                && let Some(length) = self.source[self.at..next].find(delimiter)
            {
                // `END$$`
                next = self.at + length;
            }
            self.take(token, next)?;
        }
        let unfinished = [
            (self.open.blocks.last(), "what begins here has no END"),
            (self.open.executed.as_ref(), "the comment that begins here does not end"),
            (self.open.parentheses.last(), "the parenthesis that opens here is not closed"),
        ];
        let is_open = |(at, words): (Option<&usize>, &'static str)| at.map(|at| (*at, words));
        if let Some((at, words)) = unfinished.into_iter().find_map(is_open) {
            return Err(mistake(self.source, at, words));
        }
        self.end()?;
        Ok(self.statements)
    }

    /// Reads a command of the client program, where one begins here.
    fn command(&mut self) -> Result<bool, Mistake> {
        let rest = &self.source[self.at..];
        let end = token::line_end(self.source.as_bytes(), self.at);
        let line = self.source[self.at..end].trim_end();
        match self.dialect {
            Dialect::MySql => {
                let Some((word, delimiter)) = line.split_once([' ', '\t']) else {
                    if line.eq_ignore_ascii_case("delimiter") {
                        return Err(mistake(self.source, self.at, "DELIMITER names none"));
                    }
                    return Ok(false);
                };
                if !word.eq_ignore_ascii_case("delimiter") {
                    return Ok(false);
                }
                let delimiter = delimiter.split_whitespace().next().unwrap_or_default();
                self.delimiter = (delimiter != ";").then_some(delimiter);
                self.at = end;
                Ok(true)
            }
            // What pg_dump writes around its output.
            Dialect::PostgreSql if line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ") => {
                self.at = end;
                Ok(true)
            }
            Dialect::Sqlite if rest.starts_with('.') => {
                Err(mistake(self.source, self.at, "a command of the sqlite3 program is no SQL"))
            }
            _ => Ok(false),
        }
    }

    /// Takes the next token in.
    fn take(&mut self, token: Token, next: usize) -> Result<(), Mistake> {
        let at = std::mem::replace(&mut self.at, next);
        match token {
            Token::Space | Token::Comment => return Ok(()),
            Token::Semicolon if self.ends_here() => return self.end(),
            Token::Backslash if self.dialect == Dialect::PostgreSql => {
                return Err(mistake(self.source, at, "a command of psql is no SQL"));
            }
            _ => {}
        }
        let first = self.open.range.map_or(at, |(first, _)| first);
        self.open.range = Some((first, next));
        match token {
            Token::Word => self.word(at, next),
            Token::ExecutedBegin => self.open.executed = Some(at),
            Token::ExecutedEnd => self.open.executed = None,
            // psql reads on to the closing one.
            Token::Open if self.dialect == Dialect::PostgreSql => self.open.parentheses.push(at),
            Token::Close => {
                self.open.parentheses.pop();
            }
            Token::Semicolon => self.open.last_word.clear(),
            _ => {}
        }
        self.open.is_after_dot = token == Token::Other && self.source.as_bytes()[at] == b'.';
        Ok(())
    }

    /// Says whether a semicolon ends the statement.
    fn ends_here(&self) -> bool {
        let Open { blocks, parentheses, executed, .. } = &self.open;
        self.delimiter.is_none() && blocks.is_empty() && parentheses.is_empty() && executed.is_none()
    }

    /// Looks for blocks: between BEGIN and END a semicolon ends nothing.
    fn word(&mut self, at: usize, next: usize) {
        let word = self.source[at..next].to_ascii_uppercase();
        if self.open.words.len() < WORDS_KEPT {
            self.open.words.push(word.clone());
        }
        if self.delimiter.is_none() && !self.open.is_after_dot {
            match word.as_str() {
                "BEGIN" if self.has_blocks(next) => self.open.blocks.push(at),
                "CASE" if !self.open.blocks.is_empty() && self.open.last_word != "END" => self.open.blocks.push(at),
                "END" if !self.ends_inner(next) => {
                    self.open.blocks.pop();
                }
                _ => {}
            }
        }
        self.open.last_word = word;
    }

    /// Says whether a BEGIN in this statement opens a block; elsewhere it begins a transaction.
    fn has_blocks(&self, next: usize) -> bool {
        if !self.open.blocks.is_empty() {
            return true;
        }
        let words = &self.open.words;
        let is_in_head = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
        let creates = words.first().is_some_and(|word| word == "CREATE" || word == "ALTER");
        match self.dialect {
            Dialect::MySql => {
                let follows = self.source[next..].split_whitespace().next().unwrap_or_default();
                (creates && self.creates_program()) || (words.len() == 1 && follows.eq_ignore_ascii_case("not"))
            }
            Dialect::PostgreSql => creates && is_in_head(&["FUNCTION", "PROCEDURE"]),
            Dialect::Sqlite => creates && is_in_head(&["TRIGGER"]),
        }
    }

    /// Says whether a stored program is created: what stands before is of any length, for `DEFINER = …`.
    fn creates_program(&self) -> bool {
        let Some((first, _)) = self.open.range else { return false };
        let has_none = ["TABLE", "TEMPORARY", "VIEW", "INDEX", "UNIQUE", "DATABASE", "SCHEMA", "USER"];
        if self.open.words.get(1).is_some_and(|word| has_none.contains(&word.as_str())) {
            return false;
        }
        let head = self.source[first..self.at].split(|c: char| !c.is_alphanumeric() && c != '_');
        head.take(24).any(|word| {
            ["TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "PACKAGE"].iter().any(|kind| word.eq_ignore_ascii_case(kind))
        })
    }

    /// Says whether an END belongs to an IF or a loop of MySQL, whose beginnings are not counted.
    fn ends_inner(&self, next: usize) -> bool {
        let rest = self.source[next..].trim_start();
        let follows = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        self.dialect == Dialect::MySql
            && ["IF", "LOOP", "WHILE", "REPEAT", "FOR"].iter().any(|word| follows.eq_ignore_ascii_case(word))
    }

    /// Ends the statement; one of nothing but comments is none.
    fn end(&mut self) -> Result<(), Mistake> {
        let open = std::mem::take(&mut self.open);
        let Some((first, last)) = open.range else { return Ok(()) };
        let rows = if self.dialect == Dialect::PostgreSql && copies(&open.words, &self.source[first..last]) {
            Some(self.rows(first)?)
        } else {
            None
        };
        let line = self.line(first);
        self.statements.push(Statement { range: first..last, rows, line, words: open.words });
        Ok(())
    }

    /// Reads the rows after `COPY … FROM stdin`, up to the line `\.`.
    fn rows(&mut self, statement: usize) -> Result<std::ops::Range<usize>, Mistake> {
        let bytes = self.source.as_bytes();
        let start = (token::line_end(bytes, self.at) + 1).min(bytes.len());
        let mut at = start;
        while at < bytes.len() {
            let end = token::line_end(bytes, at);
            if self.source[at..end].trim_end_matches('\r') == "\\." {
                self.at = end;
                return Ok(start..at);
            }
            at = end + 1;
        }
        Err(mistake(self.source, statement, "the rows of this COPY do not end with a line `\\.`"))
    }

    /// Returns the line of a byte; bytes are asked in their order.
    fn line(&mut self, at: usize) -> usize {
        let (from, line) = self.counted;
        let line = line + self.source[from..at].matches('\n').count();
        self.counted = (at, line);
        line
    }
}

/// Says whether rows follow a statement.
fn copies(words: &[String], text: &str) -> bool {
    let words_of = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        words.map(str::to_ascii_uppercase).collect()
    };
    words.first().is_some_and(|word| word == "COPY")
        && words_of(text).windows(2).any(|pair| pair[0] == "FROM" && pair[1] == "STDIN")
}
