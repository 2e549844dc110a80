//! JSON in which nothing acts on whoever looks at it: characters that are not seen are written as their numbers.

use std::io::{self, Write};

use serde_json::ser::{Formatter, PrettyFormatter};

use crate::diagnostic::is_unseen;

/// Writes JSON for people and programs, without a new line at its end.
pub fn write(out: &mut dyn Write, data: &impl serde::Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Visible(PrettyFormatter::new()));
    Ok(data.serialize(&mut serializer)?)
}

/// Lays JSON out as usual, and escapes in its strings what is not seen; for a program, they are the same.
struct Visible(PrettyFormatter<'static>);

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, unseen)) = rest.char_indices().find(|(_, c)| is_unseen(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in unseen.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + unseen.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn written(data: &serde_json::Value) -> String {
        let mut out = Vec::new();
        write(&mut out, data).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_seen_is_laid_out_as_usual() {
        let data = json!({ "a": [1, "é \" \\ \n 名"], "b": {}, "c": [], "d": { "e": null } });
        assert_eq!(written(&data), serde_json::to_string_pretty(&data).unwrap());
    }

    proptest! {
        #[test]
        fn nothing_unseen_is_written_and_programs_read_the_same(
            text in "[\u{0}-\u{a0}\u{61c}\u{200b}-\u{2070}\u{feff}\u{e0000}-\u{e01ff}a-z\"\\\\]{0,40}",
        ) {
            let data = json!({ text.clone(): [text] });
            let written = written(&data);
            prop_assert!(written.chars().all(|c| c == '\n' || !is_unseen(c)), "{written:?}");
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), data);
        }
    }
}
