//! Reads Rust source as far as these tests need it: its tokens, without comments, texts and tests.

/// A token, and the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

impl Token {
    pub fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// Returns the tokens of a file: names, `::`, and all other signs one by one. Comments are left out; a text becomes `""`.
pub fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let (token, end) = next(&chars, at);
        if let Some(text) = token {
            tokens.push(Token { text, line });
        }
        line += chars[at..end].iter().filter(|c| **c == '\n').count();
        at = end;
    }
    tokens
}

/// Returns the token that begins at a place, if one does, and where it ends.
fn next(chars: &[char], at: usize) -> (Option<String>, usize) {
    let find = |from: usize, wanted: &str| {
        let wanted: Vec<char> = wanted.chars().collect();
        let found = (from..chars.len()).find(|at| chars[*at..].starts_with(&wanted));
        found.map_or(chars.len(), |at| at + wanted.len())
    };
    let is_word = |at: usize| chars.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_');
    match chars[at] {
        '/' if chars.get(at + 1) == Some(&'/') => (None, find(at, "\n")),
        '/' if chars.get(at + 1) == Some(&'*') => (None, find(at + 2, "*/")),
        '"' => (Some("\"\"".into()), quoted(chars, at + 1)),
        // A character, or the name of a lifetime.
        '\'' if chars.get(at + 1) == Some(&'\\') => (None, find(at + 3, "'")),
        '\'' if chars.get(at + 2) == Some(&'\'') => (None, at + 3),
        '\'' => (None, at + 1),
        ':' if chars.get(at + 1) == Some(&':') => (Some("::".into()), at + 2),
        c if c.is_whitespace() => (None, at + 1),
        _ if is_word(at) => {
            let end = (at..).find(|at| !is_word(*at)).unwrap_or(chars.len());
            let word: String = chars[at..end].iter().collect();
            let hashes = chars[end..].iter().take_while(|c| **c == '#').count();
            match chars.get(end + hashes) {
                Some('"') if matches!(word.as_str(), "r" | "br") => {
                    (Some("\"\"".into()), find(end + hashes + 1, &format!("\"{}", "#".repeat(hashes))))
                }
                _ => (Some(word), end),
            }
        }
        c => (Some(c.to_string()), at + 1),
    }
}

/// Returns where a text ends whose contents begin at a place.
fn quoted(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

/// Returns where the item ends that begins at a token: after its `;`, or after the block that closes it.
pub fn item_end(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" => depth -= 1,
            "}" => {
                depth -= 1;
                // A `use` goes on until its semicolon.
                if depth == 0 && tokens.get(at + 1).is_none_or(|next| next.text != ";") {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Leaves out what is compiled for tests only.
pub fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut at = 0;
    let is_at = |at: usize, words: &[&str]| {
        words.iter().enumerate().all(|(n, word)| tokens.get(at + n).is_some_and(|token| token.text == **word))
    };
    while at < tokens.len() {
        if is_at(at, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            at += 7;
            while is_at(at, &["#", "["]) {
                at = item_end_of_attribute(tokens, at);
            }
            at = item_end(tokens, at);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

fn item_end_of_attribute(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.text.as_str() {
            "[" => depth += 1,
            "]" if depth == 1 => return at + 1,
            "]" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}
