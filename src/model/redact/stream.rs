//! What a program prints, line by line as it comes.

use zeroize::Zeroizing;

use super::redactor::Redactor;

/// The most that is read of a line of what programs print; of longer ones the rest is dropped.
pub const LONGEST_LINE: usize = 64 * 1024;

/// The most of a line that is shown.
const MOST_SHOWN: usize = 4 * 1024;
/// What is kept of the lines before for each byte of the longest secret: in most forms, a character takes no more.
const BYTES_A_BYTE: usize = 6;
/// The most that is kept of them.
const MOST_KEPT: usize = 32 * 1024;

/// Returns what is shown of a line in which secrets are hidden: its last state, where it overwrote itself, and no more than fits.
pub(super) fn legible(line: &str) -> &str {
    let state = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
    let end = (0..=state.len().min(MOST_SHOWN)).rev().find(|&at| state.is_char_boundary(at)).unwrap_or(0);
    &state[..end]
}

/// Hides secrets in lines that come one after the other, also one that lies across several of them.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// The end of what came before.
    before: Zeroizing<String>,
}

impl Stream {
    /// Returns what is to be shown of the next line, made legible once secrets are hidden.
    pub fn line(&mut self, redactor: &Redactor, line: &str) -> String {
        let from = self.before.len();
        self.before.push_str(line);
        let hidden = redactor.hide(&self.before, from, true);
        let shown = hidden.as_deref().unwrap_or(line);
        let shown = legible(shown).to_string();
        self.before.push('\n');
        self.forget((redactor.longest * BYTES_A_BYTE).min(MOST_KEPT));
        shown
    }

    /// Forgets all but the end.
    fn forget(&mut self, kept: usize) {
        let cut = self.before.len().saturating_sub(kept);
        let cut = (cut..=self.before.len()).find(|&at| self.before.is_char_boundary(at)).unwrap_or(0);
        let rest = Zeroizing::new(self.before[cut..].to_string());
        self.before = rest;
    }
}

impl Redactor {
    /// Returns what is to be shown of what programs have printed: known secrets are hidden, also one that lies across lines;
    /// then a line that overwrote itself is its last state, and one that is too long is cut.
    pub fn shown(&self, text: &str) -> String {
        // Who read a line that long did not read all of it: what is left of a secret at its end is hidden, too.
        if text.len() >= LONGEST_LINE && text.lines().any(|line| line.len() >= LONGEST_LINE) {
            let mut stream = Stream::default();
            return text.lines().map(|line| stream.line(self, line)).collect::<Vec<_>>().join("\n");
        }
        let hidden = self.redact(text);
        if hidden.len() <= MOST_SHOWN && !hidden.contains('\r') {
            return hidden.into_owned();
        }
        hidden.split('\n').map(legible).collect::<Vec<_>>().join("\n")
    }

    /// The same of lines, of which there may be fewer then.
    pub fn lines(&self, lines: &[String]) -> Vec<String> {
        match lines {
            [] => Vec::new(),
            lines => self.shown(&lines.join("\n")).split('\n').map(str::to_string).collect(),
        }
    }
}
