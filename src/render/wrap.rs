//! Text of the documentation for a terminal.

use unicode_width::UnicodeWidthStr;

/// Breaks the lines of a Markdown page at blanks, where they are wider than this. Items go on below their first word; code, tables
/// and headings stay as they are.
pub fn wrap(page: &str, columns: usize) -> String {
    let mut text = String::with_capacity(page.len());
    let mut is_code = false;
    for line in page.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        if is_code || is_fence || line.starts_with(['|', '#']) {
            text.push_str(line);
        } else {
            fill(&mut text, line, columns);
        }
        text.push('\n');
    }
    text
}

fn fill(text: &mut String, line: &str, columns: usize) {
    let words = line.trim_start();
    let mut hang = line.len() - words.len();
    text.push_str(&line[..hang]);
    let mut at = hang;
    if words.starts_with("- ") {
        hang += 2;
    }
    for (number, word) in words.split(' ').enumerate() {
        let width = word.width();
        if number > 0 && at > hang && at + 1 + width > columns {
            text.push('\n');
            text.push_str(&" ".repeat(hang));
            at = hang;
        } else if number > 0 {
            text.push(' ');
            at += 1;
        }
        text.push_str(word);
        at += width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_words_and_code_stays() {
        let page = "# A heading that is wide\n\none two three four\n  - `a`: five six seven\nlonger-than-any-line x\n```yaml\na: very wide line of code\n```\n| a | table row |\n";
        assert_eq!(
            wrap(page, 13),
            "# A heading that is wide\n\none two three\nfour\n  - `a`: five\n    six seven\nlonger-than-any-line\nx\n```yaml\na: very wide line of code\n```\n| a | table row |\n"
        );
        assert_eq!(wrap(page, 200), page);
    }
}
