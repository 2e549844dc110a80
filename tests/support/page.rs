//! The blocks of code on pages of Markdown, with what their fences and the comments above them say.

use std::fs;
use std::path::{Path, PathBuf};

/// A block of code.
#[derive(Clone, Debug)]
pub struct Block {
    /// The page it stands on, from the repository's folder.
    pub page: String,
    /// The line of its opening fence, from 1.
    pub line: usize,
    /// What its fence says: its language first.
    pub words: Vec<String>,
    pub text: String,
    /// The comments right above it: the first line of each, and the lines below that.
    pub comments: Vec<(String, String)>,
}

impl Block {
    pub fn language(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Returns whether its fence has a word after the language.
    pub fn is(&self, word: &str) -> bool {
        self.words.iter().skip(1).any(|own| own == word)
    }

    /// Returns what its fence says after `key=`.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// Returns what the comments above it that begin with a word say: the rest of the first line, and what is below.
    pub fn above(&self, word: &str) -> impl Iterator<Item = (&str, &str)> {
        self.comments.iter().filter_map(move |(first, below)| {
            let rest = first.strip_prefix(word)?;
            (rest.is_empty() || rest.starts_with([' ', ':']))
                .then(|| (rest.trim_start_matches(':').trim(), below.as_str()))
        })
    }

    /// Returns where it stands, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }
}

/// Returns the repository's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the pages for people: those of the repository's folder, and all below docs, examples, modules and specs.
pub fn pages() -> Vec<PathBuf> {
    fn collect(folder: &Path, deep: bool, pages: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && deep {
                collect(&path, true, pages);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    let mut pages = Vec::new();
    collect(root(), false, &mut pages);
    for folder in ["docs", "examples", "modules", "specs"] {
        collect(&root().join(folder), true, &mut pages);
    }
    pages.sort();
    pages
}

/// Returns the blocks of all pages.
pub fn blocks() -> Vec<Block> {
    pages().iter().flat_map(|page| blocks_of(page)).collect()
}

/// Returns the blocks of one page, in their order.
pub fn blocks_of(page: &Path) -> Vec<Block> {
    let name = page.strip_prefix(root()).unwrap_or(page).to_str().unwrap().to_string();
    let text = fs::read_to_string(page).unwrap();
    let mut lines = text.lines().enumerate();
    let (mut blocks, mut comments) = (Vec::new(), Vec::new());
    while let Some((number, line)) = lines.next() {
        if let Some(words) = line.trim_start().strip_prefix("```") {
            let inside: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim_start() != "```").collect();
            blocks.push(Block {
                page: name.clone(),
                line: number + 1,
                words: words.split_whitespace().map(ToString::to_string).collect(),
                text: inside.iter().map(|line| format!("{line}\n")).collect(),
                comments: std::mem::take(&mut comments),
            });
        } else if let Some(first) = line.strip_prefix("<!--") {
            comments.push(comment(first, &mut lines));
        } else if !line.is_empty() {
            comments.clear();
        }
    }
    blocks
}

/// Reads a comment to its end.
fn comment<'a>(first: &str, lines: &mut impl Iterator<Item = (usize, &'a str)>) -> (String, String) {
    if let Some((only, _)) = first.split_once("-->") {
        return (only.trim().to_string(), String::new());
    }
    let below = lines.map(|(_, line)| line).take_while(|line| line.trim() != "-->").map(|line| format!("{line}\n"));
    (first.trim().to_string(), below.collect())
}
