//! A resource's body in a case, checked against its kind's table and turned into a node.

use infra::diagnostic::{Diagnostic, FileId, Span, nearest};
use infra::model::{Content, Node, Secret, Until, Value};
use infra::resource::{Attribute, COMMON, KindObject, Shape};
use serde_json::Value as Json;

/// All values of a case stand at one place.
pub const SPAN: Span = Span { file: FileId(0), start: 0, end: 0 };

/// Checks a body and fills in the defaults of the kind's table.
pub fn node(kind: &dyn KindObject, body: &Json, is_absent: bool, diagnostics: &mut Vec<Diagnostic>) -> Node {
    let empty = serde_json::Map::new();
    let entries = match body {
        Json::Null => &empty,
        Json::Object(entries) => entries,
        other => {
            diagnostics.push(error(format!("a resource is a mapping, not {other}")));
            &empty
        }
    };
    let value = object(kind.attributes(), COMMON, entries, "", is_absent, diagnostics);
    Node::from_value(value, SPAN)
}

fn object(
    own: &'static [Attribute],
    common: &'static [Attribute],
    entries: &serde_json::Map<String, Json>,
    within: &str,
    is_absent: bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> Value {
    let mut map = indexmap::IndexMap::new();
    for (key, json) in entries {
        let Some(attribute) = own.iter().chain(common).find(|attribute| attribute.name == key) else {
            let known = own.iter().map(|attribute| attribute.name);
            let near = nearest(key, known).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            diagnostics.push(error(format!("unknown key `{within}{key}`{near}")));
            continue;
        };
        let name = format!("{within}{key}");
        let value = shaped(&attribute.shape, json, &name, diagnostics).unwrap_or_else(|wrong| {
            let described = attribute.shape.describe();
            diagnostics.push(error(format!("`{name}` must be {described}, not {wrong}")));
            Value::Null
        });
        map.insert(key.clone(), value);
    }
    for attribute in own {
        let is_given = entries.get(attribute.name).is_some_and(|value| !value.is_null());
        if attribute.required && !is_given && !is_absent {
            diagnostics.push(error(format!("`{within}{}` is required", attribute.name)));
        }
        if let (Some(default), false) = (attribute.default, is_given) {
            let json: Json = serde_saphyr::from_str_with_options(default, super::case::yaml_options()).unwrap();
            let value = shaped(&attribute.shape, &json, attribute.name, diagnostics);
            let value = value.unwrap_or_else(|wrong| panic!("the default of {} is {wrong}", attribute.name));
            map.insert(attribute.name.to_string(), value);
        }
    }
    Value::Map(map)
}

/// Returns the value, or what it is instead.
fn shaped(shape: &'static Shape, json: &Json, name: &str, diagnostics: &mut Vec<Diagnostic>) -> Result<Value, String> {
    let wrong = || Err(json.to_string());
    if let Some(value) = special(shape, json) {
        return Ok(value);
    }
    if json.is_null() {
        return Ok(Value::Null);
    }
    let text = json.as_str();
    let matches = |fine: bool| if fine { Ok(plain(json)) } else { wrong() };
    match shape {
        Shape::Any => Ok(plain(json)),
        Shape::Text => matches(text.is_some()),
        Shape::Scalar => matches(!json.is_array() && !json.is_object()),
        Shape::Bool => matches(json.is_boolean()),
        Shape::Integer { min, max } => matches(json.as_i64().is_some_and(|value| (*min..=*max).contains(&value))),
        Shape::Mode => matches(text.is_some_and(is_mode)),
        Shape::Path => matches(text.is_some_and(is_path)),
        Shape::Account => matches(text.is_some_and(|text| !text.is_empty() && !text.contains([':', '/', ' ', '\n']))),
        Shape::Duration => matches(text.is_some_and(|text| is_measure(text, &["ms", "s", "m", "h", "d"]))),
        Shape::Size => matches(match text {
            Some(text) => is_measure(text, &["", "B", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"]),
            None => json.as_u64().is_some(),
        }),
        Shape::OneOf(words) => matches(text.is_some_and(|text| words.contains(&text))),
        Shape::List(item) => match json {
            Json::Array(items) => items
                .iter()
                .map(|json| shaped(item, json, name, diagnostics))
                .collect::<Result<_, _>>()
                .map(Value::List),
            _ => wrong(),
        },
        Shape::Map(item) => match json {
            Json::Object(entries) => entries
                .iter()
                .map(|(key, json)| Ok((key.clone(), shaped(item, json, name, diagnostics)?)))
                .collect::<Result<_, _>>()
                .map(Value::Map),
            _ => wrong(),
        },
        Shape::Object(attributes) => match json {
            Json::Object(entries) => Ok(object(attributes, &[], entries, &format!("{name}."), false, diagnostics)),
            _ => wrong(),
        },
        Shape::Either(shapes) => {
            for shape in *shapes {
                let mut own = Vec::new();
                if let Ok(value) = shaped(shape, json, name, &mut own) {
                    diagnostics.extend(own);
                    return Ok(value);
                }
            }
            wrong()
        }
        Shape::Selectors => matches(json.is_string() || json.is_array()),
        Shape::Source | Shape::Template => match text {
            Some(text) => Ok(Content::new(text.as_bytes()).into()),
            None => wrong(),
        },
        Shape::Folder => match json {
            Json::Object(files) => {
                Ok(Value::Map(files.iter().map(|(path, json)| (path.clone(), file(json))).collect()))
            }
            _ => wrong(),
        },
    }
}

/// Reads `{ $secret: text }` and `{ $unknown: address }`.
fn special(shape: &Shape, json: &Json) -> Option<Value> {
    let object = json.as_object().filter(|object| object.len() == 1)?;
    if let Some(text) = object.get("$secret").and_then(Json::as_str) {
        return Some(match shape {
            Shape::Source | Shape::Template => Content::new(text.as_bytes()).mark_sensitive(true).into(),
            _ => Secret::new(text).into(),
        });
    }
    let address = object.get("$unknown")?.as_str()?;
    Some(Value::Unknown(Until::Applied(address.parse().unwrap())))
}

/// An item of a folder: a text is a file's content; `{ content, executable }`, `{ link }`, `{ directory: true }`.
fn file(json: &Json) -> Value {
    let content = |json: &Json| match json {
        Json::String(text) => Content::new(text.as_bytes()).into(),
        other => special(&Shape::Source, other).unwrap_or_else(|| plain(other)),
    };
    match json {
        Json::Object(entries) if !entries.contains_key("$secret") => Value::Map(
            entries
                .iter()
                .map(|(key, json)| (key.clone(), if key == "content" { content(json) } else { plain(json) }))
                .collect(),
        ),
        other => Value::Map([("content".to_string(), content(other)), ("executable".into(), false.into())].into()),
    }
}

fn plain(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Float(number.as_f64().unwrap()),
        },
        Json::String(text) => Value::text(text),
        Json::Array(items) => {
            Value::List(items.iter().map(|item| special(&Shape::Any, item).unwrap_or_else(|| plain(item))).collect())
        }
        Json::Object(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, item)| (key.clone(), special(&Shape::Any, item).unwrap_or_else(|| plain(item))))
                .collect(),
        ),
    }
}

fn is_mode(text: &str) -> bool {
    (3..=4).contains(&text.len()) && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte))
}

fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && (text == "/" || !text.ends_with('/'))
        && !text.chars().any(char::is_control)
        && !text.split('/').any(|part| part == "..")
}

fn is_measure(text: &str, units: &[&str]) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && units.contains(&&text[digits..])
}

fn error(message: String) -> Diagnostic {
    Diagnostic::error(SPAN, message)
}
