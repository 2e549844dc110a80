//! Values for readers.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::diagnostic::is_unseen;
use crate::model::{Content, Value};

/// Returns a text with every character that is not seen written as its number, so that what a host says cannot drive a
/// terminal, and what differs looks different.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push('\t'),
            c if is_unseen(c) => {
                let _ = write!(shown, "\\u{{{:x}}}", c as u32);
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Returns a text of several lines as [`visible`] lines, those after the first further in.
pub fn visible_lines(text: &str, indentation: &str) -> String {
    let lines: Vec<String> = text.trim_end_matches('\n').split('\n').map(visible).collect();
    lines.join(&format!("\n{indentation}"))
}

/// Cuts a line to a number of columns, saying so with an ellipsis; some characters are two columns wide, some none.
pub fn shorten(line: &str, room: usize) -> String {
    if line.width() <= room {
        return line.to_string();
    }
    let mut left = room.saturating_sub(1);
    let mut cut: String = line
        .chars()
        .take_while(|c| {
            let width = c.width().unwrap_or(0);
            let fits = width <= left;
            left = left.saturating_sub(width);
            fits
        })
        .collect();
    cut.push('…');
    cut
}

/// Shows a value on one line.
pub fn line(value: &Value) -> String {
    match value {
        Value::Null => "(none)".into(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) => {
            format!("\"{}\"", visible(&text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")))
        }
        Value::List(items) => format!("[{}]", items.iter().map(line).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", visible(key), line(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Content(content) => summary(content),
        Value::Secret(_) => "(sensitive)".into(),
        Value::Unknown(_) => "(known after apply)".into(),
    }
}

/// Shows a file's content in a few words.
pub fn summary(content: &Content) -> String {
    if content.is_sensitive() {
        return "(sensitive)".into();
    }
    let size = size(content.size());
    match content.text() {
        Some(text) if content.bytes().is_some() => {
            let lines = text.lines().count();
            format!("({lines} {}, {size})", if lines == 1 { "line" } else { "lines" })
        }
        _ => format!("({size}, sha256 {})", &content.hash().get(..12).unwrap_or(content.hash())),
    }
}

/// Shows a size in bytes.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
