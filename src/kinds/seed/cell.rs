//! One value of a row: as the spec writes it, as SQL, and compared with what a column holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::model::{Secret, Value};

use crate::kinds::shared::database_engine::Engine;

use super::class::{Class, Found, bits};
use super::tables::Tables;

/// A value as the spec wants it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    /// Known after apply; the seed is read again before it is written.
    Unknown,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Secret(Secret),
    /// `{ base64: … }`.
    Bytes(Vec<u8>),
    /// A list or mapping, as JSON.
    Json(serde_json::Value),
}

impl Cell {
    /// Reads a value of a spec; says why it cannot be one.
    pub(super) fn read(engine: Engine, value: &Value) -> Result<Self, String> {
        let checked = |text: &str| match engine.refuse_text(text) {
            Some(wrong) => Err(wrong),
            None => Ok(()),
        };
        Ok(match value {
            Value::Null => Self::Null,
            Value::Unknown(_) => Self::Unknown,
            Value::Bool(value) => Self::Bool(*value),
            Value::Integer(value) => Self::Integer(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Text(text) => {
                checked(text)?;
                Self::Text(text.clone())
            }
            Value::Secret(secret) => {
                checked(secret.expose())?;
                Self::Secret(secret.clone())
            }
            Value::Map(entries) if entries.len() == 1 && entries.contains_key("base64") => match &entries["base64"] {
                Value::Text(text) => {
                    Self::Bytes(BASE64.decode(text).map_err(|error| format!("holds base64 that is none: {error}"))?)
                }
                _ => return Err("holds base64 that is no text".into()),
            },
            Value::List(_) | Value::Map(_) => Self::Json(json(value)?),
            Value::Content(_) => return Err("holds a file".into()),
        })
    }

    /// Writes it as SQL.
    pub(super) fn sql(&self, tables: &dyn Tables) -> String {
        let engine = tables.engine();
        match self {
            Self::Null | Self::Unknown => "NULL".into(),
            Self::Bool(value) => tables.truth(*value),
            Self::Integer(value) => tables.number(value.to_string()),
            Self::Float(value) => tables.number(format!("{value:?}")),
            Self::Text(text) => engine.text(text),
            Self::Secret(secret) => engine.text(secret.expose()),
            Self::Bytes(bytes) => engine.bytes(bytes),
            Self::Json(value) => engine.text(&value.to_string()),
        }
    }

    /// Returns whether it is compared on this side: a secret is not sent to be looked for, and what is unknown cannot be.
    pub(super) fn is_compared_here(&self) -> bool {
        matches!(self, Self::Secret(_) | Self::Unknown)
    }

    /// Writes it as SQL for a comparison.
    pub(super) fn compared_sql(&self, tables: &dyn Tables) -> String {
        if self.is_compared_here() { "NULL".into() } else { self.sql(tables) }
    }

    /// Returns it for a plan; a secret is not shown.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => "(known after apply)".into(),
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Float(value) => Value::Float(*value),
            Self::Text(text) => text.as_str().into(),
            Self::Secret(secret) => secret.clone().into(),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()).into(),
            Self::Json(value) => value.to_string().into(),
        }
    }

    /// Says why a column of this class cannot hold what is written, so that it would differ for ever.
    pub(super) fn refuse(&self, class: Class) -> Option<&'static str> {
        match (self, class) {
            (Self::Bool(_) | Self::Float(_), Class::Text | Class::Padded) => {
                Some("is a column of texts; put the value in quotes")
            }
            _ => None,
        }
    }

    /// Returns whether a column of this class that holds `found` has it.
    pub(super) fn is(&self, tables: &dyn Tables, class: Class, found: &Found) -> bool {
        let Some(found) = found else { return *self == Self::Null };
        match self {
            Self::Null | Self::Unknown => false,
            Self::Bytes(bytes) => tables.bytes(class, found).as_deref() == Some(bytes),
            Self::Json(value) => {
                serde_json::from_slice::<serde_json::Value>(found).is_ok_and(|found| is_same_json(value, &found))
            }
            Self::Bool(value) => {
                is_text(tables, class, if class == Class::Integer { number(*value) } else { word(*value) }, found)
            }
            Self::Integer(value) => is_text(tables, class, &value.to_string(), found),
            Self::Float(value) => is_text(tables, class, &value.to_string(), found),
            Self::Text(text) => is_text(tables, class, text, found),
            Self::Secret(secret) => is_text(tables, class, secret.expose(), found),
        }
    }
}

fn word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn number(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

fn is_text(tables: &dyn Tables, class: Class, wanted: &str, found: &[u8]) -> bool {
    if class == Class::Bits && tables.has_bits() {
        return wanted.parse() == Ok(bits(found));
    }
    if class == Class::Binary {
        return tables.bytes(class, found).as_deref() == Some(wanted.as_bytes());
    }
    let Ok(found) = std::str::from_utf8(found) else { return false };
    match class {
        Class::Integer => match (wanted.trim().parse::<i128>(), found.parse::<i128>()) {
            (Ok(wanted), Ok(found)) => wanted == found,
            _ => is_same_decimal(wanted, found, None),
        },
        Class::Decimal(scale) => is_same_decimal(wanted, found, scale),
        Class::Float64 => matches!((wanted.parse::<f64>(), found.parse::<f64>()), (Ok(a), Ok(b)) if a == b),
        Class::Float32 => match (wanted.parse::<f64>(), found.parse::<f64>()) {
            // MySQL writes six digits of one.
            (Ok(a), Ok(b)) => a as f32 == b as f32 || (a - b).abs() <= a.abs() * 5e-6,
            _ => false,
        },
        Class::Boolean => matches!(
            (wanted.to_ascii_lowercase().as_str(), found),
            ("true" | "t" | "1" | "yes" | "on", "true" | "t") | ("false" | "f" | "0" | "no" | "off", "false" | "f")
        ),
        Class::Padded => wanted.trim_end_matches(' ') == found.trim_end_matches(' '),
        Class::Json => match (serde_json::from_str(wanted), serde_json::from_str(found)) {
            (Ok(wanted), Ok(found)) => is_same_json(&wanted, &found),
            _ => wanted == found,
        },
        Class::Date | Class::Time | Class::DateTime => time(class, wanted) == time(class, found),
        Class::Uuid => wanted.eq_ignore_ascii_case(found),
        Class::Text | Class::Other | Class::Generated | Class::Binary | Class::Bits => wanted == found,
    }
}

/// Writes a moment in one way: a space between date and time, seconds, no zeros at the end of a fraction, no mark for UTC.
fn time(class: Class, text: &str) -> String {
    let mut text = text.trim().replace(['T', 't'], " ");
    for utc in ["Z", "z", "+00:00", "+00"] {
        if text.contains(':')
            && let Some(rest) = text.strip_suffix(utc)
        {
            text = rest.trim_end().to_string();
            break;
        }
    }
    if class == Class::Date {
        return text.split(' ').next().unwrap_or_default().to_string();
    }
    if class == Class::DateTime && !text.contains(' ') {
        text.push_str(" 00:00:00");
    }
    if text.matches(':').count() == 1 {
        text.push_str(":00");
    }
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    text
}

/// Compares numbers by their digits; the wanted one is rounded as the column does it.
fn is_same_decimal(wanted: &str, found: &str, scale: Option<usize>) -> bool {
    match (decimal(wanted, scale), decimal(found, None)) {
        (Some(wanted), Some(found)) => wanted == found,
        // One of them is written with an exponent.
        _ => matches!((wanted.parse::<f64>(), found.parse::<f64>()), (Ok(a), Ok(b)) if a == b),
    }
}

/// Splits a number into its sign, its digits before and after the point, without zeros that do not count.
fn decimal(text: &str, scale: Option<usize>) -> Option<(bool, Vec<u8>, Vec<u8>)> {
    let text = text.trim();
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let places = scale.unwrap_or(fraction.len()).min(fraction.len());
    let mut all: Vec<u8> = whole.bytes().chain(fraction.bytes().take(places)).map(|byte| byte - b'0').collect();
    let mut length = whole.len();
    if fraction.as_bytes().get(places).is_some_and(|next| *next >= b'5') {
        let mut at = all.len();
        loop {
            if at == 0 {
                all.insert(0, 1);
                length += 1;
                break;
            }
            at -= 1;
            if all[at] < 9 {
                all[at] += 1;
                break;
            }
            all[at] = 0;
        }
    }
    let mut fraction = all.split_off(length);
    let zeros = all.iter().take_while(|digit| **digit == 0).count();
    all.drain(..zeros);
    while fraction.last() == Some(&0) {
        fraction.pop();
    }
    let is_zero = all.is_empty() && fraction.is_empty();
    Some((is_negative && !is_zero, all, fraction))
}

fn is_same_json(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same_json(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_same_json(a, b)))
        }
        _ => a == b,
    }
}

fn json(value: &Value) -> Result<serde_json::Value, String> {
    Ok(match value {
        Value::Null | Value::Unknown(_) => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(json).collect::<Result<_, _>>()?,
        Value::Map(entries) => {
            let entries: Result<serde_json::Map<_, _>, String> =
                entries.iter().map(|(key, value)| Ok((key.clone(), json(value)?))).collect();
            entries?.into()
        }
        Value::Secret(_) => return Err("holds a secret inside a list or mapping; write the JSON as one text".into()),
        Value::Content(_) => return Err("holds a file".into()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::mysql::Mysql;
    use super::super::postgresql::Postgresql;
    use super::*;

    #[test]
    fn values_are_compared_as_their_column_has_them() {
        let same = |class, cell: Cell, found: &str| cell.is(&Mysql, class, &Some(found.as_bytes().to_vec()));
        let text = |text: &str| Cell::Text(text.into());
        assert!(same(Class::Integer, Cell::Integer(30), "30"));
        assert!(same(Class::Integer, Cell::Bool(true), "1"));
        assert!(same(Class::Integer, text("030"), "30"));
        assert!(!same(Class::Text, text("030"), "30"));
        assert!(same(Class::Text, Cell::Integer(30), "30"));
        assert!(same(Class::Decimal(Some(4)), Cell::Float(3.15), "3.1500"));
        assert!(same(Class::Decimal(Some(2)), text("2.995"), "3.00"));
        assert!(same(Class::Decimal(Some(2)), text("-0.001"), "0.00"));
        assert!(same(Class::Decimal(Some(0)), text("999.5"), "1000"));
        assert!(same(Class::Decimal(Some(4)), Cell::Float(-0.00004), "0.0000"));
        assert!(same(Class::Float64, Cell::Float(1.5e300), "1.5e300"));
        assert!(same(Class::Float32, Cell::Float(0.1), "0.1"));
        assert!(same(Class::Float64, text("1e3"), "1000"));
        assert!(same(Class::Boolean, Cell::Bool(false), "false"));
        assert!(same(Class::Padded, text("ab"), "ab  "));
        assert!(same(Class::DateTime, text("2026-01-02"), "2026-01-02 00:00:00"));
        assert!(same(Class::DateTime, text("2026-01-02T03:04Z"), "2026-01-02 03:04:00+00"));
        assert!(same(Class::DateTime, text("2026-01-02 03:04:05.5"), "2026-01-02 03:04:05.500000"));
        assert!(same(Class::Json, text(r#"{"b": 1, "a": [1.0]}"#), r#"{"a":[1],"b":1}"#));
        assert!(same(Class::Text, Cell::Json(serde_json::json!({"a": 1})), r#"{ "a": 1 }"#));
        assert!(same(Class::Binary, Cell::Bytes(vec![0x61]), "a"));
        assert!(same(Class::Bits, Cell::Integer(97), "a"));
        assert!(!same(Class::Text, text("Ä"), "ä"));
        assert!(Cell::Null.is(&Mysql, Class::Text, &None));
        assert!(!Cell::Null.is(&Mysql, Class::Text, &Some(Vec::new())));
        assert!(Cell::Bytes(vec![1, 255]).is(&Postgresql, Class::Binary, &Some(b"\\x01ff".to_vec())));
    }

    /// Writes thousandths as an engine writes a column with three places.
    fn thousandths(number: i64) -> String {
        let sign = if number < 0 { "-" } else { "" };
        format!("{sign}{}.{:03}", number.unsigned_abs() / 1000, number.unsigned_abs() % 1000)
    }

    proptest! {
        #[test]
        fn what_a_column_gives_back_is_what_was_written_and_nothing_else(number: i64, other: i64, text in ".*") {
            for tables in [&Mysql as &dyn Tables, &Postgresql] {
                let is = |class, cell: &Cell, found: &str| cell.is(tables, class, &Some(found.as_bytes().to_vec()));
                for class in [Class::Integer, Class::Text, Class::Decimal(Some(0))] {
                    prop_assert!(is(class, &Cell::Integer(number), &number.to_string()));
                    prop_assert_eq!(is(class, &Cell::Integer(number), &other.to_string()), number == other);
                }
                let exact = Class::Decimal(Some(3));
                prop_assert!(is(exact, &Cell::Text(thousandths(number)), &thousandths(number)));
                prop_assert_eq!(is(exact, &Cell::Text(thousandths(number)), &thousandths(other)), number == other);
                // Rounded by the column as it is here.
                let half_up = |number: i64| (number + if number < 0 { -500 } else { 500 }) / 1000;
                let near = number / 1000;
                let rounded = format!("{}", half_up(near));
                prop_assert!(is(Class::Decimal(Some(0)), &Cell::Text(thousandths(near)), &rounded), "{}", near);
                prop_assert!(is(Class::Text, &Cell::Text(text.clone()), &text));
                let longer = text.clone() + "x";
                prop_assert!(!is(Class::Text, &Cell::Text(text.clone()), &longer));
                let float = f64::from_bits(number.unsigned_abs());
                if float.is_finite() {
                    prop_assert!(is(Class::Float64, &Cell::Float(float), &format!("{float:e}")), "{}", float);
                }
            }
        }

        #[test]
        fn bytes_are_what_they_were(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let cell = Cell::Bytes(bytes);
            let is = |end: &str| cell.is(&Postgresql, Class::Binary, &Some(format!("\\x{hex}{end}").into_bytes()));
            prop_assert!(is("") && !is("00"));
        }
    }

    #[test]
    fn what_would_differ_for_ever_is_refused() {
        assert!(Cell::Bool(true).refuse(Class::Text).is_some());
        assert!(Cell::Bool(true).refuse(Class::Integer).is_none());
    }
}
