//! The tokens of SQL, as far as cutting it needs them.

use super::statement::{Dialect, Mistake, mistake};

/// What a stretch of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Space,
    Comment,
    /// The beginning `/*!50001` or the end `*/` of a comment that MySQL executes.
    ExecutedBegin,
    ExecutedEnd,
    /// A keyword, name or number without quotes.
    Word,
    /// A text or name in quotes.
    Quoted,
    Open,
    Close,
    Semicolon,
    /// A backslash outside of quotes.
    Backslash,
    Other,
}

/// Reads the token at a byte; returns it with the byte after it. `executed` says that a comment of MySQL that is
/// executed has begun and not ended.
pub(super) fn next(source: &str, at: usize, dialect: Dialect, executed: bool) -> Result<(Token, usize), Mistake> {
    let bytes = source.as_bytes();
    let rest = &bytes[at..];
    let byte = rest[0];
    let second = rest.get(1).copied();
    let token = match byte {
        byte if byte.is_ascii_whitespace() || byte == 0x0b => {
            let length = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b).count();
            (Token::Space, at + length)
        }
        0xef if at == 0 && source.starts_with('\u{feff}') => (Token::Space, 3),
        b'-' if second == Some(b'-') && is_dash_comment(rest, dialect) => (Token::Comment, line_end(bytes, at)),
        b'#' if dialect == Dialect::MySql => (Token::Comment, line_end(bytes, at)),
        b'/' if second == Some(b'*') => return block_comment(source, at, dialect),
        b'*' if executed && second == Some(b'/') => (Token::ExecutedEnd, at + 2),
        b'\'' => (Token::Quoted, text(source, at, dialect, has_escapes(bytes, at, dialect))?),
        b'"' => (Token::Quoted, text(source, at, dialect, dialect == Dialect::MySql)?),
        b'`' if dialect != Dialect::PostgreSql => (Token::Quoted, text(source, at, dialect, false)?),
        b'[' if dialect == Dialect::Sqlite => match source[at..].find(']') {
            Some(length) => (Token::Quoted, at + length + 1),
            None => return Err(mistake(source, at, "the name that begins with [ does not end")),
        },
        b'$' if dialect == Dialect::PostgreSql => return dollar_quote(source, at),
        b'(' => (Token::Open, at + 1),
        b')' => (Token::Close, at + 1),
        b';' => (Token::Semicolon, at + 1),
        b'\\' => (Token::Backslash, at + 1),
        byte if is_word(byte) => {
            let length = rest.iter().take_while(|byte| is_word(**byte) || **byte == b'$').count();
            (Token::Word, at + length)
        }
        _ => (Token::Other, at + 1),
    };
    Ok(token)
}

/// Letters, digits, underscores, and whatever is not ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// MySQL wants a space or control character after the dashes.
fn is_dash_comment(rest: &[u8], dialect: Dialect) -> bool {
    dialect != Dialect::MySql || rest.get(2).is_none_or(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
}

pub(super) fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn block_comment(source: &str, at: usize, dialect: Dialect) -> Result<(Token, usize), Mistake> {
    let bytes = source.as_bytes();
    if dialect == Dialect::MySql {
        let mark = ["/*!", "/*M!"].into_iter().find(|mark| source[at..].starts_with(mark));
        if let Some(mark) = mark {
            let digits = bytes[at + mark.len()..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            return Ok((Token::ExecutedBegin, at + mark.len() + digits));
        }
    }
    let mut depth = 0;
    let mut place = at;
    while place < bytes.len() {
        match &bytes[place..] {
            [b'/', b'*', ..] if depth == 0 || dialect == Dialect::PostgreSql => {
                depth += 1;
                place += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                place += 2;
                if depth == 0 {
                    return Ok((Token::Comment, place));
                }
            }
            _ => place += 1,
        }
    }
    Err(mistake(source, at, "the comment that begins here does not end"))
}

/// MySQL has escapes in every text, PostgreSQL in those with an E before.
fn has_escapes(bytes: &[u8], at: usize, dialect: Dialect) -> bool {
    match dialect {
        Dialect::MySql => true,
        Dialect::Sqlite => false,
        Dialect::PostgreSql => {
            at > 0
                && matches!(bytes[at - 1], b'e' | b'E')
                && (at < 2 || !is_word(bytes[at - 2]) && bytes[at - 2] != b'$')
        }
    }
}

/// Returns the byte after a text or name in quotes; two quotes in it are one.
fn text(source: &str, at: usize, dialect: Dialect, escapes: bool) -> Result<usize, Mistake> {
    let bytes = source.as_bytes();
    let quote = bytes[at];
    let mut place = at + 1;
    while place < bytes.len() {
        match bytes[place] {
            b'\\' if escapes => place += 2,
            byte if byte == quote && bytes.get(place + 1) == Some(&quote) => place += 2,
            byte if byte == quote => return Ok(place + 1),
            _ => place += 1,
        }
    }
    let what = if quote == b'`' || (quote == b'"' && dialect != Dialect::MySql) { "name" } else { "text" };
    Err(mistake(source, at, format!("the {what} that begins with {} does not end", char::from(quote))))
}

/// `$$ … $$` and `$tag$ … $tag$`; a lone dollar is a parameter or nothing.
fn dollar_quote(source: &str, at: usize) -> Result<(Token, usize), Mistake> {
    let bytes = source.as_bytes();
    let length = bytes[at + 1..].iter().take_while(|byte| is_word(**byte)).count();
    let is_tag = bytes.get(at + 1 + length) == Some(&b'$') && !bytes[at + 1].is_ascii_digit();
    if !is_tag {
        return Ok((Token::Other, at + 1));
    }
    let tag = &source[at..at + length + 2];
    match source[at + tag.len()..].find(tag) {
        Some(inside) => Ok((Token::Quoted, at + inside + 2 * tag.len())),
        None => Err(mistake(source, at, format!("the text that begins with {tag} does not end"))),
    }
}
