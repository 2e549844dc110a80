//! From an offset in a scalar's text to the place in the file it was written at.

use crate::diagnostic::{Sources, Span};

/// Finds places inside a scalar.
///
/// A scalar's text differs from what the file holds: quotes, escapes, the indentation of a block, folded lines. The two
/// are walked side by side; blanks are skipped where they differ, so any other character is found exactly.
pub struct Places<'a> {
    text: &'a str,
    source: &'a str,
    span: Span,
    /// Where each byte of the text starts in the source; empty where the two could not be matched.
    starts: Vec<u32>,
}

impl<'a> Places<'a> {
    /// `text` is the scalar's text, `span` where it was written.
    pub fn new(text: &'a str, span: Span, sources: &'a Sources) -> Self {
        let source = sources.slice(span);
        let starts = if text == source {
            Vec::new()
        } else {
            align(text, source, false).or_else(|| align(text, source, true)).unwrap_or_default()
        };
        Self { text, source, span, starts }
    }

    /// Returns the place of a range of the text.
    pub fn span(&self, range: &std::ops::Range<usize>) -> Span {
        let at = |offset: u32| self.span.start + offset;
        if self.text == self.source {
            let narrow = |offset: usize| u32::try_from(offset.min(self.source.len())).unwrap_or(u32::MAX);
            return Span { start: at(narrow(range.start)), end: at(narrow(range.end.max(range.start))), ..self.span };
        }
        let Some(&start) = self.starts.get(range.start) else { return self.span };
        // One past the last byte, not the next one's start: between the two may be an escape or a line end.
        let end = match range.end.checked_sub(1).and_then(|last| self.starts.get(last)) {
            Some(&last) if range.end > range.start => last + 1,
            _ => start,
        };
        Span { start: at(start), end: at(end.max(start)), ..self.span }
    }
}

/// Returns for each byte of `text` where it starts in `source`; `None` where they do not match. With `escapes`, a
/// backslash in the source starts an escape and a doubled quote is one.
fn align(text: &str, source: &str, escapes: bool) -> Option<Vec<u32>> {
    let mut starts = Vec::with_capacity(text.len());
    let quote = source.chars().next().filter(|first| escapes && matches!(first, '"' | '\''));
    let mut at = usize::from(quote.is_some());
    for letter in text.chars() {
        let rest = source.get(at..)?;
        let next = rest.chars().next();
        let mut length = 0;
        if letter.is_whitespace() && !(quote == Some('"') && next == Some('\\')) {
            // The end of a block is trimmed from its span.
            if next.is_some_and(char::is_whitespace) {
                length = next.map_or(0, char::len_utf8);
            }
        } else {
            if !letter.is_whitespace() {
                at += rest.len() - rest.trim_start().len();
                // An escaped line end joins two lines.
                while quote == Some('"') && source[at..].starts_with("\\\n") {
                    let joined = &source[at + 1..];
                    at += 1 + joined.len() - joined.trim_start().len();
                }
            }
            let rest = &source[at..];
            length = match rest.chars().next()? {
                '\\' if quote == Some('"') => escape_length(rest),
                '\'' if quote == Some('\'') => 2,
                found if found == letter => found.len_utf8(),
                _ => return None,
            };
        }
        // Bytes of one character have their own places where they are the same bytes.
        for byte in 0..letter.len_utf8() {
            let offset = if length == letter.len_utf8() { at + byte } else { at };
            starts.push(u32::try_from(offset).ok()?);
        }
        at += length;
    }
    Some(starts)
}

/// Returns the length of a double-quoted escape (YAML 1.2, 5.7).
fn escape_length(text: &str) -> usize {
    let length = match text.as_bytes().get(1) {
        Some(b'x') => 4,
        Some(b'u') => 6,
        Some(b'U') => 10,
        _ => 1 + text[1..].chars().next().map_or(0, char::len_utf8),
    };
    length.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Value, YamlValue};

    /// Parses `key: scalar` and returns what the source holds where the text's `wanted` is.
    fn found(yaml: &str, wanted: &str) -> String {
        let mut sources = Sources::default();
        let file = sources.add("infra.yaml", yaml);
        let node = crate::spec::yaml::parse(yaml, file, &mut Vec::new()).unwrap();
        let scalar = &node.entries()[0].value;
        let YamlValue::Scalar(Value::Text(text)) = &scalar.value else { panic!("no text") };
        let start = text.find(wanted).unwrap();
        let span = Places::new(text, scalar.span, &sources).span(&(start..start + wanted.len()));
        sources.slice(span).to_string()
    }

    #[test]
    fn names_are_found_in_every_style_of_scalar() {
        for yaml in [
            "a: x {{ vars.prot }} y\n",
            "甲: 一 {{ vars.prot }} 二\n",
            "a: 'it''s {{ vars.prot }}'\n",
            "a: \"\\u00e9\\x41\\n\\\" {{ vars.prot }}\"\n",
            "a: \"one \\\n   two {{ vars.prot }}\"\n",
            "a: |\n  one\n\n    two {{ vars.prot }}\n  three\n",
            "a: |\n  \"{{ vars.prot }}\"\n",
            "a: |-\n  'it''s' \\n {{ vars.prot }}\n",
            "a: >\n  one\n  two\n\n  {{ vars.prot }}\n",
            "a: one\n  two\n  {{ vars.prot }}\n",
            "a: \"one\n  two\n  {{ vars.prot }}\"\n",
        ] {
            assert_eq!(found(yaml, "vars.prot"), "vars.prot", "{yaml}");
        }
    }
}
