//! The Compose file of a project that is written in the spec itself.

use std::fmt::Write;

use crate::model::Value;

/// Writes a value as YAML, in the order it has.
pub fn write(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

fn block(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                indent(text, depth);
                let _ = write!(text, "{}:", scalar(&Value::text(key.as_str())));
                after(text, value, depth);
            }
        }
        Value::List(items) if !items.is_empty() => {
            for item in items {
                indent(text, depth);
                text.push('-');
                after(text, item, depth);
            }
        }
        value => {
            let _ = writeln!(text, "{}", scalar(value));
        }
    }
}

/// Writes what stands behind a key or a dash.
fn after(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Map(entries) if !entries.is_empty() => {
            text.push('\n');
            block(text, value, depth + 1);
        }
        Value::List(items) if !items.is_empty() => {
            text.push('\n');
            block(text, value, depth + 1);
        }
        Value::Null => text.push('\n'),
        value => {
            let _ = writeln!(text, " {}", scalar(value));
        }
    }
}

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) => quoted(text),
        Value::Secret(secret) => quoted(secret.expose()),
        Value::Map(_) => "{}".into(),
        Value::List(_) => "[]".into(),
        Value::Null | Value::Unknown(_) | Value::Content(_) => "null".into(),
    }
}

/// Returns a text as it is where every reader of YAML takes it for a text, else in quotes as JSON writes it.
fn quoted(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || "/$".contains(c) || text.starts_with("./"))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./ :${}@=".contains(c))
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&text.to_lowercase().as_str());
    if is_plain { text.to_string() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;

    #[test]
    fn what_is_written_reads_the_same() {
        let web = IndexMap::from([
            ("image".to_string(), Value::text("web:1")),
            ("ports".to_string(), Value::from(vec!["127.0.0.1:80:80", "5432:5432"])),
            (
                "environment".to_string(),
                Value::Map(IndexMap::from([
                    ("A".to_string(), Value::text("no")),
                    ("B".to_string(), Value::text("two\nlines \"quoted\"")),
                    ("C".to_string(), Value::Null),
                    ("D".to_string(), Value::text("${D}")),
                    ("8080".to_string(), Value::Integer(1)),
                ])),
            ),
            ("init".to_string(), Value::Bool(true)),
            ("tmpfs".to_string(), Value::List(Vec::new())),
            (
                "volumes".to_string(),
                Value::List(vec![Value::Map(IndexMap::from([
                    ("type".to_string(), Value::text("bind")),
                    ("source".to_string(), Value::text("./a b")),
                ]))]),
            ),
        ]);
        let services = IndexMap::from([("web".to_string(), Value::Map(web))]);
        let text = write(&Value::Map(IndexMap::from([("services".to_string(), Value::Map(services))])));
        let read: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        let wanted = serde_json::json!({ "services": { "web": {
            "image": "web:1",
            "ports": ["127.0.0.1:80:80", "5432:5432"],
            "environment": { "A": "no", "B": "two\nlines \"quoted\"", "C": null, "D": "${D}", "8080": 1 },
            "init": true,
            "tmpfs": [],
            "volumes": [{ "type": "bind", "source": "./a b" }],
        } } });
        assert_eq!(read, wanted, "{text}");
    }

    fn value() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            "[ -~é数\\\\'\"#;=:$`\t\n-]{0,12}".prop_map(Value::Text),
            prop::sample::select(vec![
                "no",
                "null",
                "0x1",
                "1e3",
                "~",
                "- a",
                "1:30",
                "a: b",
                "a #b",
                "",
                "2024-01-01"
            ])
            .prop_map(Value::text),
            any::<i32>().prop_map(|number| Value::Integer(number.into())),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
                prop::collection::vec(("[a-z0-9 :#-]{1,5}", inner), 0..3)
                    .prop_map(|all| Value::Map(all.into_iter().collect())),
            ]
        })
    }

    fn json(value: &Value) -> serde_json::Value {
        match value {
            Value::Bool(value) => (*value).into(),
            Value::Integer(value) => (*value).into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(json).collect(),
            Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
            _ => serde_json::Value::Null,
        }
    }

    proptest::proptest! {
        #[test]
        fn any_value_is_read_back(value in value()) {
            let text = write(&Value::Map(IndexMap::from([("x".to_string(), value.clone())])));
            let read: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
            proptest::prop_assert_eq!(&read["x"], &json(&value), "{}", text);
        }
    }
}
