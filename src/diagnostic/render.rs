//! Diagnostics as text: message, place, source line, underlined label, related places, way out.

use std::collections::HashSet;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Severity, Sources, Span, is_unseen};

/// How many messages are written out; more than that nobody reads at once.
const SHOWN: usize = 100;
/// How many characters of a line are shown.
const WIDTH: usize = 160;
/// How many characters before the underlined place are kept of a longer line.
const BEFORE: usize = 60;

/// Renders one diagnostic. Ends with a newline.
pub fn render(diagnostic: &Diagnostic, sources: &Sources, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = printable(&diagnostic.message);
    let mut groups = Vec::new();
    match diagnostic.span {
        Some(span) => {
            let excerpt = Excerpt::new(sources, span);
            let label = diagnostic.label.as_deref().map(printable);
            let kind = AnnotationKind::Primary;
            groups.push(excerpt.elements(level.primary_title(title), kind, label));
        }
        None => groups.push(Group::with_title(level.primary_title(title))),
    }
    for (span, words) in &diagnostic.related {
        let excerpt = Excerpt::new(sources, *span);
        groups.push(excerpt.elements(Level::NOTE.secondary_title(printable(words)), AnnotationKind::Context, None));
    }
    let help = diagnostic.help.as_ref().map(|help| Group::with_title(Level::HELP.secondary_title(printable(help))));
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(WIDTH + 40);
    let mut text = match (diagnostic.span, help) {
        // Together they would be joined by the margin of a source line that is not there.
        (None, Some(help)) => format!("{}\n{}", renderer.render(&groups), renderer.render(&[help])),
        (_, help) => {
            groups.extend(help);
            renderer.render(&groups)
        }
    };
    // Source lines that end in blanks would end so here too.
    if !color {
        text = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    }
    text.push('\n');
    text
}

/// Renders diagnostics sorted by place, each once, and a last line that counts them.
pub fn render_all(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let sorted = sort(diagnostics);
    let mut text = String::new();
    for diagnostic in sorted.iter().take(SHOWN) {
        text.push_str(&render(diagnostic, sources, color));
        text.push('\n');
    }
    if sorted.len() > SHOWN {
        text.push_str(&format!("… and {} more\n\n", sorted.len() - SHOWN));
    }
    let errors = sorted.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let warnings = sorted.len() - errors;
    let count = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        number => format!("{number} {word}s"),
    };
    text.push_str(&match (errors, warnings) {
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    });
    text.push('\n');
    text
}

/// Sorts by place and drops what is said twice. What has no place comes first.
pub fn sort(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut seen = HashSet::new();
    let mut sorted: Vec<&Diagnostic> = diagnostics
        .iter()
        .filter(|diagnostic| seen.insert((diagnostic.span, diagnostic.severity, diagnostic.message.as_str())))
        .collect();
    sorted.sort_by_key(|diagnostic| {
        let place = diagnostic.span.map(|span| (span.file, span.start, span.end));
        (place, diagnostic.severity)
    });
    sorted
}

/// The first line of a span, shortened around it.
struct Excerpt<'a> {
    path: &'a str,
    line: usize,
    column: usize,
    text: String,
    /// The line's start is not shown.
    shortened: bool,
    span: std::ops::Range<usize>,
}

impl<'a> Excerpt<'a> {
    fn new(sources: &'a Sources, span: Span) -> Self {
        let text: &str = sources.text(span.file);
        let (line, column) = sources.line_column(span);
        let start = boundary(text, span.start as usize);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let end = boundary(text, (span.end as usize).clamp(start, line_end));
        let mut excerpt = String::new();
        let from = if text[line_start..line_end].chars().count() > WIDTH {
            text[line_start..start].char_indices().rev().nth(BEFORE - 1).map_or(line_start, |(at, _)| line_start + at)
        } else {
            line_start
        };
        if from > line_start {
            excerpt.push('…');
        }
        let mut shown = 0..0;
        for (count, (at, letter)) in text[from..line_end].char_indices().enumerate() {
            if from + at == start {
                shown = excerpt.len()..excerpt.len();
            }
            if count == WIDTH {
                excerpt.push('…');
                break;
            }
            excerpt.push(visible(letter));
            if from + at < end {
                shown.end = excerpt.len();
            }
        }
        if start == line_end {
            shown = excerpt.len()..excerpt.len();
        }
        Self {
            path: sources.name(span.file),
            line,
            column,
            text: excerpt,
            shortened: from > line_start,
            span: shown.start..shown.end.max(shown.start),
        }
    }

    fn elements(self, title: annotate_snippets::Title<'a>, kind: AnnotationKind, label: Option<String>) -> Group<'a> {
        let mut annotation: Annotation<'a> = kind.span(self.span.clone());
        if let Some(label) = label {
            annotation = annotation.label(label);
        }
        let snippet = Snippet::source(self.text).line_start(self.line).annotation(annotation);
        if self.shortened {
            // Its column would be counted in what is left of the line.
            title.element(Origin::path(self.path).line(self.line).char_column(self.column)).element(snippet)
        } else {
            title.element(snippet.path(self.path))
        }
    }
}

/// Moves an offset back to where a character starts.
fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Puts one visible letter in the place of one that is not seen, so that places in a line stay where they are.
fn visible(letter: char) -> char {
    match letter {
        '\t' => ' ',
        letter if is_unseen(letter) => '\u{fffd}',
        letter => letter,
    }
}

fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter == '\n' { letter } else { visible(letter) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{FileId, Sources};

    fn span(start: u32, end: u32) -> Span {
        Span { file: FileId(0), start, end }
    }

    fn sources(text: &str) -> Sources {
        let mut sources = Sources::default();
        sources.add("infra.yaml", text);
        sources
    }

    #[test]
    fn a_message_shows_place_line_label_related_and_help() {
        let sources = sources("名字: 一\nvars:\n  端口: prot\n");
        let start = "名字: 一\nvars:\n  端口: ".len() as u32;
        let diagnostic = Diagnostic::error(span(start, start + 4), "unknown name `prot`")
            .label("not a var")
            .related(span(0, 6), "the file starts here")
            .help("did you mean `port`?");
        insta::assert_snapshot!(render(&diagnostic, &sources, false), @r"
error: unknown name `prot`
 --> infra.yaml:3:7
  |
3 |   端口: prot
  |         ^^^^ not a var
  |
note: the file starts here
 --> infra.yaml:1:1
  |
1 | 名字: 一
  | ----
help: did you mean `port`?
");
    }

    #[test]
    fn long_lines_are_shortened_and_control_characters_do_not_reach_the_terminal() {
        let text = format!("{}bad\x1b[31m{}\n", "é".repeat(10_000), "y".repeat(10_000));
        let at = "é".repeat(10_000).len() as u32;
        let rendered =
            render(&Diagnostic::error(span(at, at + 3), "it is\x1b[0m \u{61c}b\u{200b}ad"), &sources(&text), false);
        insta::assert_snapshot!(rendered, @r"
error: it is�[0m �b�ad
 --> infra.yaml:1:10001
  |
 :::
1 | …éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééébad�[31myyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…
  |                                                              ^^^
");
    }

    #[test]
    fn places_at_the_end_of_a_file_and_in_an_empty_one() {
        let rendered = render(&Diagnostic::error(span(4, 4), "more is expected"), &sources("a: b"), false);
        insta::assert_snapshot!(rendered, @r"
error: more is expected
 --> infra.yaml:1:5
  |
1 | a: b
  |     ^
");
        let rendered = render(&Diagnostic::error(span(0, 0), "it is empty"), &sources(""), false);
        insta::assert_snapshot!(rendered, @r"
error: it is empty
 --> infra.yaml:1:1
  |
1 |
  | ^
");
    }

    #[test]
    fn all_are_sorted_deduplicated_and_counted() {
        let sources = sources("a: 1\nb: 2\n");
        let all = [
            Diagnostic::error(span(5, 6), "second"),
            Diagnostic::warning(span(0, 1), "first"),
            Diagnostic::error(span(5, 6), "second"),
            Diagnostic::error(None, "without a place").help("but with a way out"),
        ];
        insta::assert_snapshot!(render_all(&all, &sources, false), @r"
error: without a place
help: but with a way out

warning: first
 --> infra.yaml:1:1
  |
1 | a: 1
  | ^

error: second
 --> infra.yaml:2:1
  |
2 | b: 2
  | ^

2 errors, 1 warning
");
    }
}
