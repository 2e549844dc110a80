//! Values in a JSON text: looked up and set without touching the rest of it, its order and its layout.

use std::ops::Range;

/// Why a key leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError(pub String);

/// Returns the text at a key; a number or boolean as it is written. Nothing where it is missing, null or empty.
///
/// A key is a path with dots (`a.b`), or a JSON pointer (RFC 6901) where it starts with a slash (`/a/b`).
pub fn json_scalar(text: &str, key: &str) -> Result<Option<String>, JsonError> {
    validate(text)?;
    let mut range = whole(text);
    for step in steps(key) {
        let Some((_, next)) = members(text, &range)?.into_iter().find(|(name, _)| *name == step) else {
            return Ok(None);
        };
        range = next;
    }
    let raw = &text[range];
    match raw.as_bytes().first() {
        Some(b'"') => Ok(Some(string(raw)?).filter(|text| !text.is_empty())),
        Some(b'{' | b'[') => Err(JsonError(format!("`{key}` is not a text in it"))),
        _ => Ok(Some(raw.to_string()).filter(|raw| raw != "null")),
    }
}

/// Returns the text with a string at a key; mappings on the way to it are made.
pub fn set_json_string(text: &str, key: &str, string: &str) -> Result<String, JsonError> {
    let text = if text.trim().is_empty() { "{}\n" } else { text };
    validate(text)?;
    let mut range = whole(text);
    let steps = steps(key);
    for (at, step) in steps.iter().enumerate() {
        if !text[range.clone()].starts_with('{') {
            let what = if at == 0 { "it".to_string() } else { format!("`{}` in it", steps[..at].join(".")) };
            return Err(JsonError(format!("{what} is not a mapping")));
        }
        let members = members(text, &range)?;
        match members.iter().find(|(name, _)| name == step) {
            Some((_, next)) => range = next.clone(),
            None => return Ok(insert(text, &range, members.last().map(|(_, value)| value.end), &steps[at..], string)),
        }
    }
    if text[range.clone()].starts_with(['{', '[']) {
        return Err(JsonError(format!("`{key}` is not a text in it")));
    }
    Ok(format!("{}{}{}", &text[..range.start], quoted(string), &text[range.end..]))
}

/// Returns the text without the value at a key; as it is where there is none.
pub fn remove_json(text: &str, key: &str) -> Result<String, JsonError> {
    validate(text)?;
    let mut range = whole(text);
    let steps = steps(key);
    for (at, step) in steps.iter().enumerate() {
        let members = members(text, &range)?;
        let Some(place) = members.iter().position(|(name, _)| name == step) else { return Ok(text.to_string()) };
        let found = members[place].1.clone();
        if at + 1 < steps.len() {
            range = found;
            continue;
        }
        // Up to the one before, with the comma between them; for the first, up to the next one.
        let cut = match (place.checked_sub(1).map(|before| members[before].1.end), members.get(place + 1)) {
            (Some(before), _) => before..found.end,
            (None, Some(_)) => {
                let first = skip(text.as_bytes(), range.start + 1, b" \t\r\n");
                first..skip(text.as_bytes(), found.end, b" \t\r\n,")
            }
            (None, None) => range.start + 1..range.end - 1,
        };
        return Ok(format!("{}{}", &text[..cut.start], &text[cut.end..]));
    }
    Ok(text.to_string())
}

/// Adds a member behind the last one of an object, laid out as the object is.
fn insert(text: &str, object: &Range<usize>, last: Option<usize>, steps: &[String], string: &str) -> String {
    let line = text[..object.start].rfind('\n').map_or(0, |newline| newline + 1);
    let base: String = text[line..].chars().take_while(|c| [' ', '\t'].contains(c)).collect();
    let inside = &text[object.start + 1..object.end - 1];
    let lead = match last {
        Some(_) => inside[..inside.len() - inside.trim_start().len()].to_string(),
        None => format!("\n{base}  "),
    };
    let member = nested(steps, string, &lead);
    match last {
        Some(end) => format!("{},{lead}{member}{}", &text[..end], &text[end..]),
        None => format!("{}{lead}{member}\n{base}{}", &text[..=object.start], &text[object.end - 1..]),
    }
}

/// Writes a member, and those in it; `lead` is the white space before it.
fn nested(steps: &[String], string: &str, lead: &str) -> String {
    let colon = if lead.is_empty() { ":" } else { ": " };
    match steps {
        [] => quoted(string),
        [only] => format!("{}{colon}{}", quoted(only), quoted(string)),
        [first, rest @ ..] => {
            let inner = if lead.contains('\n') { format!("{lead}  ") } else { lead.to_string() };
            format!("{}{colon}{{{inner}{}{lead}}}", quoted(first), nested(rest, string, &inner))
        }
    }
}

fn steps(key: &str) -> Vec<String> {
    match key.strip_prefix('/') {
        Some(pointer) => pointer.split('/').map(|step| step.replace("~1", "/").replace("~0", "~")).collect(),
        None => key.split('.').map(String::from).collect(),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn string(raw: &str) -> Result<String, JsonError> {
    serde_json::from_str(raw).map_err(|_| not_json())
}

fn not_json() -> JsonError {
    JsonError("it is not JSON".into())
}

/// What follows relies on the text being JSON.
fn validate(text: &str) -> Result<(), JsonError> {
    // The error's words are left out: they may quote the text.
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map(drop)
        .map_err(|error| JsonError(format!("it is not JSON (line {}, column {})", error.line(), error.column())))
}

fn whole(text: &str) -> Range<usize> {
    let start = text.len() - text.trim_start().len();
    start..text.trim_end().len()
}

/// Returns the members of an object, or the items of a list under their numbers; none for a scalar.
fn members(text: &str, range: &Range<usize>) -> Result<Vec<(String, Range<usize>)>, JsonError> {
    let bytes = text.as_bytes();
    let is_object = match bytes.get(range.start) {
        Some(b'{') => true,
        Some(b'[') => false,
        _ => return Ok(Vec::new()),
    };
    let mut members = Vec::new();
    let mut at = skip(bytes, range.start + 1, b" \t\r\n,");
    while at + 1 < range.end {
        let name = match is_object {
            true => {
                let key = at..end_of(bytes, at);
                at = skip(bytes, key.end, b" \t\r\n:");
                string(&text[key])?
            }
            false => members.len().to_string(),
        };
        let value = at..end_of(bytes, at);
        at = skip(bytes, value.end, b" \t\r\n,");
        members.push((name, value));
    }
    Ok(members)
}

fn skip(bytes: &[u8], at: usize, what: &[u8]) -> usize {
    at + bytes[at..].iter().take_while(|byte| what.contains(byte)).count()
}

/// Returns where the value that starts here ends.
fn end_of(bytes: &[u8], start: usize) -> usize {
    let (mut depth, mut at, mut in_string) = (0_usize, start, false);
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if in_string => at += 1,
            b'"' => {
                in_string = !in_string;
                if !in_string && depth == 0 {
                    return at + 1;
                }
            }
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            b',' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_value_by_dots_and_by_pointer() {
        let text =
            "{ \"a\": {\"b.c\": \"x\\ny\", \"n\": 42, \"e\": \"\", \"z\": null}, \"list\": [true, {\"k\": \"v\"}] }\n";
        let found = |key: &str| json_scalar(text, key).map_err(|error| error.0);
        assert_eq!(found("/a/b.c"), Ok(Some("x\ny".into())));
        assert_eq!(found("a.n"), Ok(Some("42".into())));
        assert_eq!(found("list.0"), Ok(Some("true".into())));
        assert_eq!(found("list.1.k"), Ok(Some("v".into())));
        for nothing in ["a.e", "a.z", "a.b.c", "b", "a.n.x"] {
            assert_eq!(found(nothing), Ok(None), "{nothing}");
        }
        assert_eq!(found("a"), Err("`a` is not a text in it".into()));
        assert_eq!(json_scalar("{\"a\": hunter2}", "a").unwrap_err().0, "it is not JSON (line 1, column 7)");
    }

    #[test]
    fn sets_a_string_and_keeps_the_rest_as_it_is() {
        let text = "{\n    \"z\": 1,\n    \"db\": {\"user\":\"app\"},\n    \"old\": \"x\"\n}\n";
        let set = |key: &str| set_json_string(text, key, "s\"1").unwrap();
        assert_eq!(set("old"), text.replace("\"x\"", "\"s\\\"1\""));
        assert_eq!(set("db.password"), text.replace("\"app\"}", "\"app\",\"password\":\"s\\\"1\"}"));
        assert_eq!(set("new"), text.replace("\"x\"\n", "\"x\",\n    \"new\": \"s\\\"1\"\n"));
        assert_eq!(set("a.b"), text.replace("\"x\"\n", "\"x\",\n    \"a\": {\n      \"b\": \"s\\\"1\"\n    }\n"));
        assert_eq!(set_json_string("", "a.b", "x").unwrap(), "{\n  \"a\": {\n    \"b\": \"x\"\n  }\n}\n");
        assert_eq!(set_json_string("{\"a\": {}}", "a.b", "x").unwrap(), "{\"a\": {\n  \"b\": \"x\"\n}}");
        assert_eq!(set_json_string("{\"a\":1}", "b.c", "x").unwrap(), "{\"a\":1,\"b\":{\"c\":\"x\"}}");
        for (text, key) in [("[]", "a"), ("{\"a\": 1}", "a.b"), ("{\"a\": {}}", "a"), ("{", "a")] {
            assert!(set_json_string(text, key, "x").is_err(), "{text}");
        }
    }

    #[test]
    fn removes_a_member_with_its_comma() {
        let text = "{\n  \"a\": 1,\n  \"b\": {\"c\": \"x\"},\n  \"d\": 3\n}\n";
        let removed = |key: &str| remove_json(text, key).unwrap();
        assert_eq!(removed("a"), text.replace("\"a\": 1,\n  ", ""));
        assert_eq!(removed("b"), text.replace(",\n  \"b\": {\"c\": \"x\"}", ""));
        assert_eq!(removed("d"), text.replace(",\n  \"d\": 3", ""));
        assert_eq!(removed("b.c"), text.replace("\"c\": \"x\"", ""));
        assert_eq!(removed("x.y"), text);
    }

    #[test]
    fn what_is_set_is_found() {
        for key in ["a", "a.b.c", "/x.y/~1~0", "ключ.密"] {
            let text = set_json_string("{ \"b\": [1, {\"c\": \"}\"}] }", key, "wert\\\" 🦀").unwrap();
            assert_eq!(json_scalar(&text, key).unwrap().as_deref(), Some("wert\\\" 🦀"), "{text}");
        }
    }
}
