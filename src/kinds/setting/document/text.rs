//! The lines of a text, each with the end it has.

use std::ops::{Deref, Range};

/// A line without its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    text: String,
    /// A newline, a carriage return and a newline, or nothing where the text ends within it.
    end: &'static str,
}

impl Deref for Line {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// The lines of a text. What is edited keeps its end; a new line gets the one that the text's first line has.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    lines: Vec<Line>,
    end: &'static str,
}

impl Deref for Lines {
    type Target = [Line];

    fn deref(&self) -> &[Line] {
        &self.lines
    }
}

impl Lines {
    pub fn parse(text: &str) -> Self {
        let lines: Vec<Line> = text.split_inclusive('\n').map(line).collect();
        let end = lines.first().map(|line| line.end).filter(|end| !end.is_empty());
        Self { lines, end: end.unwrap_or("\n") }
    }

    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.text.as_str(), line.end]).collect()
    }

    /// Puts other lines in the place of some.
    pub fn splice(&mut self, range: Range<usize>, lines: impl IntoIterator<Item = String>) {
        let end = self.end;
        let ends = self.lines[range.clone()].last().map(|last| last.end);
        let new = lines.into_iter().map(|text| Line { text, end });
        let before = self.lines.len() - range.len();
        self.lines.splice(range.clone(), new);
        let added = self.lines.len() - before;
        match (ends, added.checked_sub(1)) {
            // What takes the place of a last line ends as it did.
            (Some(ends), Some(last)) => self.lines[range.start + last].end = ends,
            // What comes after a last line gives it an end.
            (None, Some(_)) if range.start > 0 && self.lines[range.start - 1].end.is_empty() => {
                self.lines[range.start - 1].end = end;
            }
            _ => {}
        }
    }

    /// Adds a line before another, or at the end.
    pub fn insert(&mut self, at: usize, text: String) {
        self.splice(at..at, [text]);
    }
}

fn line(text: &str) -> Line {
    let (text, end) = match (text.strip_suffix("\r\n"), text.strip_suffix('\n')) {
        (Some(text), _) => (text, "\r\n"),
        (None, Some(text)) => (text, "\n"),
        (None, None) => (text, ""),
    };
    Line { text: text.to_string(), end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, edit: impl FnOnce(&mut Lines)) -> String {
        let mut lines = Lines::parse(text);
        edit(&mut lines);
        lines.text()
    }

    #[test]
    fn a_text_keeps_its_line_ends() {
        for text in ["", "a", "a\n", "a\r\nb\r\n", "a\nb\r\n\nc\r", "\n", "\r\n"] {
            assert_eq!(edited(text, |_| ()), text);
        }
        let put = |text, at: usize| edited(text, |lines| lines.splice(at..at + 1, ["x".to_string()]));
        assert_eq!(put("a\r\nb\nc", 0), "x\r\nb\nc");
        assert_eq!(put("a\r\nb\nc", 1), "a\r\nx\nc");
        assert_eq!(put("a\r\nb\nc", 2), "a\r\nb\nx");
        let add = |text, at| edited(text, |lines| lines.insert(at, "x".into()));
        assert_eq!(add("a\r\nb", 2), "a\r\nb\r\nx\r\n");
        assert_eq!(add("a\nb\r\n", 1), "a\nx\nb\r\n");
        assert_eq!(add("a", 0), "x\na");
        assert_eq!(add("", 0), "x\n");
        assert_eq!(edited("a\r\nb\r\n", |lines| lines.splice(1..2, [])), "a\r\n");
    }
}
