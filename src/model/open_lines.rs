//! Which lines of a text no secret had part in.

use std::ops::Range;
use std::sync::Arc;

/// The lines of a secret text that no secret had part in: neither in what is in them, nor in whether they are there. Where
/// nothing is known of a text, it has none.
#[derive(Clone, Debug, Default)]
pub struct OpenLines(Option<Arc<[Range<usize>]>>);

impl OpenLines {
    /// Returns the lines of a text that these are of, without their ends.
    pub fn of<'t>(&'t self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let ranges = self.0.iter().flat_map(|ranges| ranges.iter());
        ranges.filter_map(|range| text.get(range.clone()))
    }

    /// Keeps some of them.
    pub fn retain(&self, text: &str, keeps: impl Fn(&str) -> bool) -> Self {
        let ranges = self.0.iter().flat_map(|ranges| ranges.iter());
        let kept = ranges.filter(|range| text.get((*range).clone()).is_some_and(&keeps)).cloned();
        Self(Some(kept.collect()))
    }
}

/// Finds them while a text is put together, part by part.
///
/// A line is open if all of it, with its end and that of the line before it, comes from parts that no secret had part in.
/// So a part of a secret closes the line it is in, also where it is empty, and all lines up to the next end of one that is
/// not its own.
#[derive(Debug, Default)]
pub struct OpenLinesFinder {
    found: Vec<Range<usize>>,
    /// Where the line begins that is put together.
    start: usize,
    end: usize,
    is_closed: bool,
}

impl OpenLinesFinder {
    /// Takes the next part.
    pub fn push(&mut self, part: &str, is_of_secret: bool) {
        self.is_closed |= is_of_secret;
        for (at, _) in part.match_indices('\n') {
            self.end_line(self.end + at);
            self.start = self.end + at + 1;
            self.is_closed = is_of_secret;
        }
        self.end += part.len();
    }

    fn end_line(&mut self, end: usize) {
        if !self.is_closed {
            self.found.push(self.start..end);
        }
    }

    /// Ends the last line.
    pub fn finish(mut self) -> OpenLines {
        if self.start < self.end {
            self.end_line(self.end);
        }
        OpenLines(Some(self.found.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(parts: &[(&str, bool)]) -> Vec<String> {
        let mut finder = OpenLinesFinder::default();
        parts.iter().for_each(|(part, is_of_secret)| finder.push(part, *is_of_secret));
        let text: String = parts.iter().map(|(part, _)| *part).collect();
        finder.finish().of(&text).map(String::from).collect()
    }

    #[test]
    fn a_secret_closes_its_lines_and_what_it_may_have_made() {
        assert_eq!(open(&[("a\nb=", false), ("x", true), ("\nc\n", false)]), ["a", "c"]);
        assert_eq!(open(&[("a\nb=", false), ("x\ny\n", true), ("c\nd", false)]), ["a", "d"]);
        assert_eq!(open(&[("a", false), ("", true), ("\n", false), ("", true), ("b\nc\n", false)]), ["c"]);
        assert_eq!(open(&[("a\n", false), ("", true)]), ["a"]);
        assert_eq!(open(&[("x", true)]), Vec::<String>::new());
    }
}
