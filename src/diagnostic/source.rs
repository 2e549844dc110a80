//! Source files and places in them.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Names a file in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A place in a source file, in bytes from its start; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

/// The texts of all source files read so far, for showing places in them.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
    by_name: HashMap<String, FileId>,
}

#[derive(Clone, Debug)]
struct Source {
    name: String,
    text: Arc<str>,
    /// Where each line starts; made for the first place that is shown.
    lines: OnceLock<Vec<usize>>,
}

impl Source {
    fn lines(&self) -> &[usize] {
        let ends = || self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        self.lines.get_or_init(|| std::iter::once(0).chain(ends().map(|(at, _)| at + 1)).collect())
    }
}

impl Sources {
    /// Adds a file; `name` is what messages call it. The same name with the same text keeps its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let (name, text) = (name.into(), text.into());
        if let Some(&id) = self.by_name.get(&name)
            && *self.text(id) == text
        {
            return id;
        }
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.by_name.insert(name.clone(), id);
        self.files.push(Source { name, text, lines: OnceLock::new() });
        id
    }

    /// Finds the file added last under a name.
    pub fn find(&self, name: &str) -> Option<FileId> {
        self.by_name.get(name).copied()
    }

    /// Returns what messages call a file.
    pub fn name(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |source| &source.name)
    }

    /// Returns the text of a file.
    pub fn text(&self, file: FileId) -> &Arc<str> {
        &self.files[file.0 as usize].text
    }

    /// Returns the text a span covers; empty where the span is not one of these files.
    pub fn slice(&self, span: Span) -> &str {
        self.files
            .get(span.file.0 as usize)
            .and_then(|source| source.text.get(span.start as usize..span.end as usize))
            .unwrap_or("")
    }

    /// Returns line and column (both from 1, columns in characters) of a span's start.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let source = &self.files[span.file.0 as usize];
        let start = (span.start as usize).min(source.text.len());
        let line = source.lines().partition_point(|&line_start| line_start <= start);
        let line_start = source.lines()[line - 1];
        let column = String::from_utf8_lossy(&source.text.as_bytes()[line_start..start]).chars().count() + 1;
        (line, column)
    }

    /// Returns `file:line:column` of a span's start.
    pub fn place(&self, span: Span) -> String {
        let (line, column) = self.line_column(span);
        format!("{}:{line}:{column}", self.name(span.file))
    }
}
