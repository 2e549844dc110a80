//! The forms in which programs print a character that they were given: shells (`set -x`), JSON, URLs, Python's and C's escapes,
//! HTML, SQL, quoted-printable. One character at a time, so that forms may be mixed and nested as programs mix them.

/// Bytes that begin such a form.
pub(super) fn begins_a_form(byte: u8) -> bool {
    matches!(byte, b'\\' | b'%' | b'&' | b'\'' | b'"' | b'+' | b'=')
}

/// Returns the first bytes that a text may have whose first character stands here in some form.
pub(super) fn first_bytes(text: &[u8], at: usize) -> impl Iterator<Item = u8> {
    let rest = &text[at..];
    let first = rest[0];
    // As first_bytes are only to narrow what is looked for, pairs of UTF-16 may be any character that takes four bytes.
    let begins =
        |character: Option<char>| character.map_or(0xf0, |character| character.encode_utf8(&mut [0; 4]).as_bytes()[0]);
    let number = |digits: Option<&[u8]>, radix| u32::from_str_radix(std::str::from_utf8(digits?).ok()?, radix).ok();
    let byte = |digits: Option<&[u8]>, radix| number(digits, radix).and_then(|number| u8::try_from(number).ok());
    let other = match first {
        b'%' | b'=' => byte(rest.get(1..3), 16),
        b'+' => Some(b' '),
        b'&' => {
            let end = rest.iter().take(12).position(|&byte| byte == b';');
            end.and_then(|end| named(&rest[1..end])).map(|character| begins(Some(character)))
        }
        b'\\' => {
            let after = &rest[rest.iter().take(8).take_while(|&&byte| byte == b'\\').count()..];
            match after {
                [b'x', ..] => byte(after.get(1..3), 16),
                [b'u', b'{', digits @ ..] => {
                    let end = digits.iter().take(9).position(|&byte| byte == b'}').unwrap_or(0);
                    number(Some(&digits[..end]), 16).map(|number| begins(char::from_u32(number)))
                }
                [b'u', ..] => number(after.get(1..5), 16).map(|number| begins(char::from_u32(number))),
                [b'U', ..] => number(after.get(1..9), 16).map(|number| begins(char::from_u32(number))),
                [b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..] => byte(after.get(..3), 8),
                [letter, ..] => {
                    LETTERS.iter().find(|(_, one)| one == letter).map(|(control, _)| *control as u8).or(Some(*letter))
                }
                [] => None,
            }
        }
        _ => None,
    };
    // \0101 is what echo takes, \101 what everybody takes.
    let longer = match rest {
        [b'\\', b'0', b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..] => byte(rest.get(2..5), 8),
        _ => None,
    };
    [Some(first), other.filter(|&byte| byte != first), longer].into_iter().flatten()
}

/// Control characters that have a letter after a backslash.
const LETTERS: [(char, u8); 6] =
    [('\t', b't'), ('\u{1b}', b'e'), ('\u{8}', b'b'), ('\u{c}', b'f'), ('\u{b}', b'v'), ('\u{7}', b'a')];

/// Appends where a character ends that stands here in some form.
pub(super) fn ends(character: char, text: &[u8], at: usize, found: &mut Vec<usize>) {
    let mut buffer = [0; 4];
    let plain = character.encode_utf8(&mut buffer).as_bytes();
    let rest = &text[at.min(text.len())..];
    let Some(&first) = rest.first() else { return };
    if rest.starts_with(plain) {
        found.push(at + plain.len());
    }
    if !begins_a_form(first) {
        return;
    }
    match first {
        b'\\' => escaped(character, plain, rest, at, found),
        b'%' => found.extend(bytes_as(plain, rest, "%", 16).map(|length| at + length)),
        b'=' => found.extend(bytes_as(plain, rest, "=", 16).map(|length| at + length)),
        b'+' if character == ' ' => found.push(at + 1),
        b'&' => found.extend(entity(character, rest).map(|length| at + length)),
        _ => {}
    }
    // A quote inside quotes: 'it'\''s', 'it'"'"'s', 'it''s', "say ""so""".
    let quoted: &[&str] = match character {
        '\'' => &["'\\''", "'\"'\"'", "''"],
        '"' => &["\"\\\"\"", "\"'\"'\"", "\"\""],
        _ => &[],
    };
    let quoted = quoted.iter().filter(|form| rest.starts_with(form.as_bytes()));
    found.extend(quoted.map(|form| at + form.len()));
}

/// Backslashes, one or more, for what was escaped may be escaped again.
fn escaped(character: char, plain: &[u8], rest: &[u8], at: usize, found: &mut Vec<usize>) {
    let backslashes = rest.iter().take(8).take_while(|&&byte| byte == b'\\').count();
    if character == '\\' {
        found.extend((2..=backslashes).map(|count| at + count));
    }
    let after = &rest[backslashes..];
    let start = at + backslashes;
    // A line that goes on after its end has one before a letter, too.
    if after.starts_with(plain) {
        found.push(start + plain.len());
    }
    if let Some((_, letter)) = LETTERS.iter().find(|(control, _)| *control == character)
        && after.first() == Some(letter)
    {
        found.push(start + 1);
    }
    let slashes = "\\".repeat(backslashes);
    let by_byte = [("x", 16), ("", 8), ("0", 8)];
    let by_byte = by_byte.iter().filter_map(|(mark, radix)| bytes_as(plain, rest, &format!("{slashes}{mark}"), *radix));
    found.extend(by_byte.map(|length| at + length));
    let number = |digits: &[u8]| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    match after {
        [b'u', b'{', digits @ ..] => {
            if let Some(end) = digits.iter().take(9).position(|&byte| byte == b'}')
                && number(&digits[..end]) == Some(character.into())
            {
                found.push(start + end + 3);
            }
        }
        [b'U', digits @ ..] if digits.len() >= 8 && number(&digits[..8]) == Some(character.into()) => {
            found.push(start + 9);
        }
        _ => {
            let mut units = [0; 2];
            let forms = character.encode_utf16(&mut units).iter().map(|unit| format!("{slashes}u{unit:04x}"));
            let form: String = forms.collect();
            if rest.get(..form.len()).is_some_and(|there| there.eq_ignore_ascii_case(form.as_bytes())) {
                found.push(at + form.len());
            }
        }
    }
}

/// Returns how long it is if each byte is here as a number after a mark: two hexadecimal digits or three octal ones.
fn bytes_as(plain: &[u8], rest: &[u8], mark: &str, radix: u32) -> Option<usize> {
    let mut length = 0;
    let digits = if radix == 16 { 2 } else { 3 };
    for &byte in plain {
        let there = rest.get(length..)?.strip_prefix(mark.as_bytes())?.get(..digits)?;
        let number = u32::from_str_radix(std::str::from_utf8(there).ok()?, radix).ok()?;
        if number != u32::from(byte) {
            return None;
        }
        length += mark.len() + digits;
    }
    Some(length)
}

/// Returns how long the entity of HTML or XML is that stands for the character.
fn entity(character: char, rest: &[u8]) -> Option<usize> {
    let end = rest.iter().take(12).position(|&byte| byte == b';')?;
    (named(&rest[1..end]) == Some(character)).then_some(end + 1)
}

/// Returns the character that an entity stands for, by its name.
fn named(name: &[u8]) -> Option<char> {
    match std::str::from_utf8(name).ok()? {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        name => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            number.ok().and_then(char::from_u32)
        }
    }
}
