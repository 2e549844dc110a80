//! Reads what a host's shell writes: records, what it tells of itself, and all else.

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::diagnostic::is_unseen;
use crate::model::{LONGEST_LINE, Record};

use super::frame::{SEPARATOR, decode_field};

/// Longest line kept of what an account's start files print.
const MOST_MESSAGE: usize = 4 * 1024;
/// How many lines are read before whoever listens gets a turn: a program that prints for ever must not be read faster than it is
/// listened to.
const LINES_AT_ONCE: u64 = 64;
/// Longest record; content that is fetched is far smaller.
const MOST_RECORD: usize = 64 * 1024 * 1024;
/// What a field takes besides its text, about.
pub(super) const BYTES_A_FIELD: usize = 40;

/// One line of a host's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Record(Record),
    /// What the session's shell says of itself: a word and its fields.
    Control(String, Vec<String>),
    /// Anything else, without what acts on a terminal. Secrets are not hidden yet, so nothing else is left out: it may be long,
    /// and hold carriage returns.
    Message(String),
}

/// Why reading ended.
#[derive(Debug)]
pub(super) enum End {
    /// Nothing more comes.
    Closed,
    /// A record longer than any real one.
    TooLong,
}

/// Splits an answer into lines, with bounded memory whatever the host writes.
pub(super) struct LineReader<R> {
    from: R,
    mark: Vec<u8>,
    /// What steps mark their lines with: they may tell of their own rows, and of nothing else.
    step_mark: Vec<u8>,
    chunk: Vec<u8>,
    at: usize,
    line: Vec<u8>,
    /// The rest of the line is dropped.
    dropping: bool,
    /// An empty line is held back: one before something told belongs to it.
    held: bool,
    next: Option<Line>,
    lines: u64,
    pub received: u64,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub fn new(from: R, mark: &str, step_mark: &str) -> Self {
        Self {
            from,
            mark: mark.as_bytes().to_vec(),
            step_mark: step_mark.as_bytes().to_vec(),
            chunk: Vec::new(),
            at: 0,
            line: Vec::new(),
            dropping: false,
            held: false,
            next: None,
            lines: 0,
            received: 0,
        }
    }

    /// Skips everything up to and with these bytes; returns what was skipped, as much as is worth showing. Whatever an
    /// account's start files print comes before.
    pub async fn skip_past(&mut self, hello: &[u8]) -> Result<(), String> {
        let mut seen: Vec<u8> = Vec::new();
        loop {
            while self.at < self.chunk.len() {
                seen.push(self.chunk[self.at]);
                self.at += 1;
                if seen.ends_with(hello) {
                    return Ok(());
                }
            }
            // The end of it may be the start of what is looked for.
            if seen.len() > 2 * MOST_MESSAGE {
                seen.drain(..MOST_MESSAGE);
            }
            if self.fill().await.is_err() {
                return Err(visible(&seen));
            }
        }
    }

    /// Returns the bytes up to a newline.
    pub async fn plain_line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        loop {
            while self.at < self.chunk.len() {
                let byte = self.chunk[self.at];
                self.at += 1;
                if byte == b'\n' {
                    return Some(visible(&line));
                }
                if line.len() < MOST_MESSAGE {
                    line.push(byte);
                }
            }
            self.fill().await.ok()?;
        }
    }

    /// Returns the next line. It may be dropped while it waits, and asked again.
    pub async fn next(&mut self) -> Result<Line, End> {
        self.lines += 1;
        if self.lines.is_multiple_of(LINES_AT_ONCE) {
            tokio::task::yield_now().await;
        }
        loop {
            if let Some(line) = self.next.take() {
                return Ok(line);
            }
            while self.at < self.chunk.len() {
                let rest = &self.chunk[self.at..];
                let newline = rest.iter().position(|&byte| byte == b'\n');
                let part = &rest[..newline.unwrap_or(rest.len())];
                self.at += part.len() + usize::from(newline.is_some());
                if !self.dropping {
                    self.line.extend_from_slice(part);
                }
                if newline.is_some() {
                    self.dropping = false;
                    if self.fields_take_too_much() {
                        return Err(End::TooLong);
                    }
                    let line = self.classify();
                    self.line.clear();
                    if let Some(line) = line {
                        return Ok(line);
                    }
                } else if self.line.len() > LONGEST_LINE && !self.line.starts_with(&self.mark) {
                    self.line.truncate(LONGEST_LINE);
                    self.dropping = true;
                } else if self.line.len() > MOST_RECORD {
                    return Err(End::TooLong);
                }
            }
            if self.fill().await.is_err() {
                if self.line.is_empty() {
                    return Err(End::Closed);
                }
                // A last line without a newline; what is told always has one.
                let line = without_control(&self.line);
                self.line.clear();
                return Ok(Line::Message(line));
            }
        }
    }

    /// Returns whether a line that is told has more fields than fit into the longest record: empty ones take memory too.
    fn fields_take_too_much(&self) -> bool {
        let most = MOST_RECORD / BYTES_A_FIELD;
        let told = self.line.starts_with(&self.mark) || self.line.starts_with(&self.step_mark);
        told && self.line.len() > most && self.line.iter().filter(|&&byte| byte == SEPARATOR as u8).count() > most
    }

    async fn fill(&mut self) -> Result<(), End> {
        self.chunk.resize(64 * 1024, 0);
        self.at = self.chunk.len();
        // `read` may be dropped while it waits without losing anything.
        let got = self.from.read(&mut self.chunk).await.unwrap_or(0);
        self.chunk.truncate(got);
        self.at = 0;
        self.received += got as u64;
        if got == 0 { Err(End::Closed) } else { Ok(()) }
    }

    fn classify(&mut self) -> Option<Line> {
        let held = std::mem::take(&mut self.held);
        if let Some(rest) = self.line.strip_prefix(self.step_mark.as_slice()) {
            let (word, fields) = control(&String::from_utf8_lossy(rest)).unwrap_or_default();
            // Anything else is dropped: a step has no records to write, and nothing more to tell.
            return (word == "item" || word == "same").then_some(Line::Control(word, fields));
        }
        let line = match self.line.strip_prefix(self.mark.as_slice()) {
            Some(rest) => {
                let text = String::from_utf8_lossy(rest);
                if let Some((word, fields)) = control(&text) {
                    return Some(Line::Control(word, fields));
                }
                match record(&text) {
                    Some(record) => Line::Record(record),
                    None => Line::Message(without_control(&self.line)),
                }
            }
            None if self.line.is_empty() => {
                self.held = true;
                return held.then(|| Line::Message(String::new()));
            }
            None => Line::Message(without_control(&self.line)),
        };
        if held {
            self.next = Some(line);
            return Some(Line::Message(String::new()));
        }
        Some(line)
    }
}

/// Reads a word and its fields from what follows the mark.
fn control(text: &str) -> Option<(String, Vec<String>)> {
    let mut fields = text.strip_prefix('!')?.split(SEPARATOR).map(decode_field);
    Some((fields.next().unwrap_or_default(), fields.collect()))
}

fn record(text: &str) -> Option<Record> {
    let mut fields = text.strip_prefix(SEPARATOR)?.split(SEPARATOR);
    let index = fields.next()?.parse().ok()?;
    Some(Record { index, fields: fields.map(decode_field).collect() })
}

/// Makes what a host wrote fit to be shown: of a line that overwrote itself the last state.
pub(super) fn visible(bytes: &[u8]) -> String {
    let shown = without_control(bytes);
    shown.rsplit('\r').next().unwrap_or_default().to_string()
}

/// Leaves out the escape sequences that move cursors and set colours, and other characters that are not seen themselves.
fn without_control(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\r', '\n']);
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\t' | '\r' => shown.push(character),
            // ECMA-48: CSI parameters end with a byte from @ to ~; OSC text ends with BEL or ESC.
            '\u{1b}' => match characters.next() {
                Some('[') => while characters.next().is_some_and(|one| !('@'..='~').contains(&one)) {},
                Some(']') => while characters.next().is_some_and(|one| one != '\u{7}' && one != '\u{1b}') {},
                _ => {}
            },
            character if is_unseen(character) => {}
            character => shown.push(character),
        }
    }
    shown
}
