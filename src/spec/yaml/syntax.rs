//! What is wrong with a text that is no YAML.

use serde_saphyr::granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::{Diagnostic, FileId, Span};

/// How deep lists and mappings may lie in each other.
pub(super) const MAX_DEPTH: usize = 100;

/// Makes the message for an error of the parser.
pub(super) fn mistake(text: &str, file: FileId, error: &ScanError) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or_default().min(text.len());
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let span = Span { file, start: narrow(at), end: narrow((at + 1).min(text.len())) };
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => too_deep(span),
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
            Diagnostic::error(span, "a tab cannot indent YAML").help("use spaces")
        }
        kind => {
            let before = text.get(..at).unwrap_or_default();
            let rest = text.get(at..).unwrap_or_default();
            let is_expression = before.trim_end().ends_with("{{")
                || rest.starts_with("{{")
                || before.ends_with('{') && rest.starts_with('{');
            if is_expression {
                return Diagnostic::error(span, format!("this is not YAML: {kind}"))
                    .help("a value that starts with an expression needs quotes: \"{{ vars.name }}\"");
            }
            let line = before.rfind('\n').map_or(0, |end| end + 1);
            match indentation(text, line) {
                Some(Indentation { message, help }) => {
                    let shown = text[line..].lines().next().unwrap_or_default().trim();
                    let start = line + depth(&text[line..]);
                    let span = Span { file, start: narrow(start), end: narrow(start + shown.len()) };
                    Diagnostic::error(span, message).help(help)
                }
                None => {
                    let is_value = rest.starts_with(':');
                    let help = is_value.then(|| "a text with a colon and a blank in it needs quotes".to_string());
                    Diagnostic::error(span, format!("this is not YAML: {kind}")).help_if(help)
                }
            }
        }
    }
}

struct Indentation {
    message: &'static str,
    help: String,
}

/// Says what is wrong with the indentation of the line that begins at a place, if that is what is wrong: the parser stumbles
/// over what it makes of such a line, and its words are about that.
fn indentation(text: &str, at: usize) -> Option<Indentation> {
    let own = depth(&text[at..]);
    let above: Vec<&str> = text[..at].lines().filter(|line| !is_blank(line)).collect();
    let last = above.last()?;
    let opens = |line: &str| without_comment(line).ends_with(':');
    let begins_text = |line: &str| {
        let line = without_comment(line).trim_end_matches(|c: char| c.is_ascii_digit() || "+-".contains(c));
        line.ends_with(['|', '>']) && line[..line.len() - 1].ends_with([' ', ':'])
    };
    if begins_text(last) && own <= depth(last) {
        let help = format!("indent it, and what follows of the text, by {}", blanks(depth(last) + 2));
        return Some(Indentation { message: "a text after `|` or `>` is indented deeper than its key", help });
    }
    // The depths that something above stands at and that are open here, deepest first.
    let mut open: Vec<usize> = Vec::new();
    for line in above.iter().rev() {
        if open.last().is_none_or(|least| depth(line) < *least) {
            open.push(depth(line));
        }
    }
    if own > depth(last) && !opens(last) {
        let indent = match depth(last) {
            0 => "do not indent it".to_string(),
            depth => format!("indent it by {}", blanks(depth)),
        };
        let help = format!("{indent}, as the line above, or end that line in `:` if this belongs to it");
        return Some(Indentation {
            message: "this is indented deeper than the line above, which it cannot belong to",
            help,
        });
    }
    if own < depth(last) && !open.contains(&own) {
        open.sort_by_key(|depth| depth.abs_diff(own));
        let near: Vec<String> = open.iter().take(2).map(|depth| depth.to_string()).collect();
        let help = format!("indent it by {} blanks, as what it belongs beside", near.join(" or "));
        return Some(Indentation { message: "this is indented as nothing above it is", help });
    }
    None
}

fn blanks(count: usize) -> String {
    format!("{count} {}", if count == 1 { "blank" } else { "blanks" })
}

fn depth(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

fn without_comment(line: &str) -> &str {
    line.find(" #").map_or(line, |at| &line[..at]).trim_end()
}

pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(span, format!("lists and mappings lie in each other more than {MAX_DEPTH} deep"))
}
