//! Text of the documentation for a terminal.

use unicode_width::UnicodeWidthStr;

/// Fills the paragraphs and items of a Markdown page up to this width, however long the lines are that it is written in. Items go
/// on below their first word; code, tables and headings stay as they are.
pub fn wrap(page: &str, columns: usize) -> String {
    let mut text = String::with_capacity(page.len());
    let mut paragraph = String::new();
    let mut is_code = false;
    for line in page.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        let stays = is_code || is_fence || line.starts_with(['|', '#', '\u{1b}']) || line.is_empty();
        if stays || is_item(line) {
            end(&mut text, &mut paragraph, columns);
        }
        if stays {
            text.push_str(line);
            text.push('\n');
        } else if paragraph.is_empty() {
            paragraph.push_str(line);
        } else {
            paragraph.push(' ');
            paragraph.push_str(line.trim_start());
        }
    }
    end(&mut text, &mut paragraph, columns);
    text
}

fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("- ") || line.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(". ")
}

fn end(text: &mut String, paragraph: &mut String, columns: usize) {
    if !paragraph.is_empty() {
        fill(text, paragraph, columns);
        text.push('\n');
        paragraph.clear();
    }
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
    fn paragraphs_fill_lines_and_code_stays() {
        let page = "# A heading that is wide\n\none two\nthree four\n  - `a`: five\n    six seven\n\nlonger-than-any-line x\n```yaml\na: very wide line of code\n```\n| a | table row |\n";
        assert_eq!(
            wrap(page, 13),
            "# A heading that is wide\n\none two three\nfour\n  - `a`: five\n    six seven\n\nlonger-than-any-line\nx\n```yaml\na: very wide line of code\n```\n| a | table row |\n"
        );
        let wide = page.replace("two\n", "two ").replace("five\n    six", "five six");
        assert_eq!(wrap(page, 200), wide);
    }
}
