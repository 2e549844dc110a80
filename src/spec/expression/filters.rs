//! Filters and tests that Jinja or Ansible have and minijinja has not, as far as specs and templates use them every day;
//! and the words of ours for others.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use minijinja::value::{Kwargs, Rest, Value as Template, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State};
use regex::{Regex, RegexBuilder};
use sha2::Digest;

use super::bounded::{MOST, pay, too_large};
use super::output::write;

/// How large a regular expression may get, in bytes.
const MAX_REGEX: usize = 256 << 10;
/// How large one is whose search takes little more than going through a text.
const SMALL_REGEX: usize = 16 << 10;

/// Adds them to an environment.
pub fn add(environment: &mut Environment<'_>) {
    environment.add_filter("b64decode", b64decode);
    environment.add_filter("b64encode", b64encode);
    environment.add_filter("basename", basename);
    environment.add_filter("combine", combine);
    environment.add_filter("dirname", dirname);
    environment.add_filter("hash", hash);
    environment.add_filter("quote", quote);
    environment.add_filter("regex_replace", regex_replace);
    environment.add_test("match", is_match);
    environment.add_test("search", is_search);
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// Returns a value as it would stand in a text.
fn text(value: &Template) -> Result<String, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let mut text = String::new();
    write(value, &mut text)?;
    Ok(text)
}

fn b64encode(value: &Template) -> Result<String, Error> {
    Ok(STANDARD.encode(text(value)?))
}

fn b64decode(value: &Template) -> Result<String, Error> {
    let bytes = STANDARD.decode(text(value)?).map_err(|error| refused(format!("it is no base64: {error}")))?;
    String::from_utf8(bytes).map_err(|_| refused("what it encodes is not UTF-8"))
}

/// Returns what follows the last `/`, as os.path.basename of Python does.
fn basename(path: &Template) -> Result<String, Error> {
    let path = text(path)?;
    Ok(path.rsplit('/').next().unwrap_or_default().to_string())
}

/// Returns what is before the last `/`, as os.path.dirname of Python does.
fn dirname(path: &Template) -> Result<String, Error> {
    let path = text(path)?;
    let before = &path[..path.rfind('/').map_or(0, |at| at + 1)];
    let folder = before.trim_end_matches('/');
    // The root has nothing else to be called by.
    Ok(if folder.is_empty() { before } else { folder }.to_string())
}

/// Merges mappings, the later over the earlier; with `recursive=true` those inside too.
fn combine(first: &Template, others: Rest<Template>, kwargs: Kwargs) -> Result<Template, Error> {
    let recursive: Option<bool> = kwargs.get("recursive")?;
    kwargs.assert_all_used()?;
    others.iter().try_fold(first.clone(), |merged, other| merge(&merged, other, recursive.unwrap_or_default()))
}

fn merge(base: &Template, over: &Template, recursive: bool) -> Result<Template, Error> {
    if base.kind() != ValueKind::Map || over.kind() != ValueKind::Map {
        return Err(refused("`combine` joins mappings"));
    }
    let mut merged: IndexMap<Template, Template> = IndexMap::new();
    for key in base.try_iter()?.checked() {
        let key = key?;
        merged.insert(key.clone(), base.get_item(&key)?);
    }
    for key in over.try_iter()?.checked() {
        let key = key?;
        let value = over.get_item(&key)?;
        let inside = merged.get(&key).filter(|inside| recursive && inside.kind() == ValueKind::Map);
        let value = match inside {
            Some(inside) if value.kind() == ValueKind::Map => merge(inside, &value, true)?,
            _ => value,
        };
        merged.insert(key, value);
    }
    Ok(Template::from_pairs(merged))
}

/// Returns the digest of a text in hexadecimal digits; SHA-1 where no algorithm is named, as in Ansible.
fn hash(value: &Template, algorithm: Option<&str>) -> Result<String, Error> {
    fn digits<D: Digest>(text: &str) -> String {
        D::digest(text).iter().fold(String::new(), |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        })
    }
    let text = text(value)?;
    Ok(match algorithm.unwrap_or("sha1") {
        "md5" => digits::<md5::Md5>(&text),
        "sha1" => digits::<sha1::Sha1>(&text),
        "sha224" => digits::<sha2::Sha224>(&text),
        "sha256" => digits::<sha2::Sha256>(&text),
        "sha384" => digits::<sha2::Sha384>(&text),
        "sha512" => digits::<sha2::Sha512>(&text),
        _ => return Err(refused("it knows md5, sha1, sha224, sha256, sha384 and sha512")),
    })
}

/// Makes one word of a text for a shell, as shlex.quote of Python does.
fn quote(state: &State<'_, '_>, value: &Template) -> Result<String, Error> {
    let text = text(value)?;
    pay(state, text.len(), 5)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return Ok(text);
    }
    Ok(format!("'{}'", text.replace('\'', "'\"'\"'")))
}

/// Replaces all matches; `\1` and `\g<name>` in the replacement are groups, as in Python.
fn regex_replace(
    state: &State<'_, '_>,
    value: &Template,
    pattern: &str,
    replacement: Option<&str>,
    kwargs: Kwargs,
) -> Result<String, Error> {
    let text = text(value)?;
    let regex = regex(state, &text, pattern, &kwargs)?;
    kwargs.assert_all_used()?;
    let replacement = groups(replacement.unwrap_or_default());
    let uses = replacement.matches("${").count();
    let mut replaced = String::new();
    let mut end = 0;
    for captures in regex.captures_iter(&text) {
        let found = captures.get_match();
        replaced.push_str(&text[end..found.start()]);
        let most = found.len().saturating_mul(uses).saturating_add(replacement.len());
        if replaced.len().saturating_add(most) > MOST {
            return Err(too_large());
        }
        captures.expand(&replacement, &mut replaced);
        end = found.end();
    }
    replaced.push_str(&text[end..]);
    Ok(replaced)
}

fn is_match(state: &State<'_, '_>, value: &Template, pattern: &str, kwargs: Kwargs) -> Result<bool, Error> {
    let text = text(value)?;
    let regex = regex(state, &text, &format!("\\A(?:{pattern})"), &kwargs)?;
    kwargs.assert_all_used()?;
    Ok(regex.is_match(&text))
}

fn is_search(state: &State<'_, '_>, value: &Template, pattern: &str, kwargs: Kwargs) -> Result<bool, Error> {
    let text = text(value)?;
    let regex = regex(state, &text, pattern, &kwargs)?;
    kwargs.assert_all_used()?;
    Ok(regex.is_match(&text))
}

/// Makes a regular expression that is to be looked for in a text, and pays for that: a large one takes longer for each byte.
fn regex(state: &State<'_, '_>, text: &str, pattern: &str, kwargs: &Kwargs) -> Result<Regex, Error> {
    let flag = |name| kwargs.get::<Option<bool>>(name).map(Option::unwrap_or_default);
    let (ignore_case, multi_line) = (flag("ignorecase")?, flag("multiline")?);
    let build =
        |size| RegexBuilder::new(pattern).case_insensitive(ignore_case).multi_line(multi_line).size_limit(size).build();
    pay(state, pattern.len(), 16)?;
    if let Ok(regex) = build(SMALL_REGEX) {
        pay(state, text.len(), 4)?;
        return Ok(regex);
    }
    pay(state, text.len(), 64)?;
    build(MAX_REGEX).map_err(|error| {
        // The whole report draws the pattern; its last line says what is wrong.
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
        refused(format!("the pattern is no regular expression: {why}"))
    })
}

/// Writes a replacement of Python's `re` as the regex crate's: `\1` is `${1}`, `\g<name>` is `${name}`.
fn groups(replacement: &str) -> String {
    let mut written = String::with_capacity(replacement.len());
    let mut rest = replacement;
    while let Some(at) = rest.find(['\\', '$']) {
        written.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let number = &after[..after.len().min(2)].bytes().take_while(u8::is_ascii_digit).count();
        let name = after.strip_prefix("g<").and_then(|name| name.split_once('>'));
        rest = match (&rest[at..=at], name) {
            ("$", _) => {
                written.push_str("$$");
                after
            }
            (_, Some((name, rest))) => {
                let _ = write!(written, "${{{name}}}");
                rest
            }
            (_, None) if *number > 0 => {
                let _ = write!(written, "${{{}}}", &after[..*number]);
                &after[*number..]
            }
            (_, None) => {
                let (letter, rest) = after.split_at(after.chars().next().map_or(0, char::len_utf8));
                match letter {
                    "n" => written.push('\n'),
                    "t" => written.push('\t'),
                    "\\" => written.push('\\'),
                    other => {
                        written.push('\\');
                        written.push_str(if other == "$" { "$$" } else { other });
                    }
                }
                rest
            }
        };
    }
    written.push_str(rest);
    written
}
