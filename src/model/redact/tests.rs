use proptest::prelude::*;

use super::super::{Secret, Value};
use super::redactor::{HIDDEN, SHORTEST};
use super::*;
use base64::Engine;

#[test]
fn hides_the_longest_first_and_each_line() {
    let (short, long) = (Secret::new("abcd"), Secret::new("abcdefgh\nline two"));
    let redactor = Redactor::new([&short, &long]);
    assert_eq!(redactor.redact("x abcdefgh y abcd, line two"), "x (sensitive) y (sensitive), (sensitive)");
    assert_eq!(redactor.redact("abcdabcdefgh"), "(sensitive)(sensitive)");
    assert!(redactor.is_in(&Value::List(vec![Value::text("_abcd_")])));
    assert!(!redactor.is_in(&Value::text("abc")));
}

#[test]
fn what_overlaps_is_hidden_whole() {
    let secrets = ["abcd", "cdef", "héllo"].map(Secret::new);
    let redactor = Redactor::new(&secrets);
    assert_eq!(redactor.redact("xabcdefx cdefx hhéllo"), "x(sensitive)x (sensitive)x h(sensitive)");
    assert_eq!(redactor.redact("(sensitive)"), "(sensitive)");
}

#[test]
fn ordinary_words_stay() {
    let secrets = ["production", "p@ss w0rd/+", "/srv/app"].map(Secret::new);
    let redactor = Redactor::new(&secrets);
    for text in ["prod", "product of /srv/ap", "p@ss word", "ction", "a+b=c & d%20e \\n 'x'", "cHJvZ"] {
        assert_eq!(redactor.redact(text), text);
        assert!(!redactor.is_in(&Value::text(text)));
    }
}

#[test]
fn a_long_line_is_cut_after_its_secrets_are_hidden() {
    let numbers = |end: usize| (0..end).map(|number| format!("{number:05}")).collect::<String>();
    let noise = "x".repeat(4000);
    let secret = Secret::new(numbers(1200));
    let redactor = Redactor::new([&secret]);
    assert_eq!(redactor.lines(&[format!("{noise}{}", secret.expose())]), [format!("{noise}(sensitive)")]);
    // Whoever read it did not read all of it.
    let secret = Secret::new(numbers(14_000));
    let redactor = Redactor::new([&secret]);
    let line = format!("{noise}{}", secret.expose());
    assert_eq!(redactor.lines(&[line[..LONGEST_LINE].to_string()]), [format!("{noise}(sensitive)")]);
    assert_eq!(Redactor::default().lines(&["x".repeat(5000)]), ["x".repeat(4096)]);
}

#[test]
fn of_a_line_that_overwrote_itself_the_last_state_is_shown() {
    let secret = Secret::new("correct-horse");
    let redactor = Redactor::new([&secret]);
    let lines = ["10 %\r20 %\r30 %", "correct\r-horse battery", "a correct-ho", "rseb"].map(String::from);
    assert_eq!(redactor.lines(&lines), ["30 %", "(sensitive) battery", "a (sensitive)b"]);
    let mut stream = Stream::default();
    let shown: Vec<_> = lines.iter().map(|line| stream.line(&redactor, line)).collect();
    assert_eq!(shown, ["30 %", "(sensitive) battery", "a (sensitive)", "(sensitive)b"]);
}

/// Prints a text in some form.
type Form = fn(&str) -> String;

/// How programs print what they were given.
const FORMS: &[(&str, Form)] = &[
    ("plain", |text| text.to_string()),
    ("shell, quoted", |text| format!("'{}'", text.replace('\'', "'\\''"))),
    ("shell, other quotes", |text| format!("'{}'", text.replace('\'', "'\"'\"'"))),
    ("shell, backslashes", |text| {
        let escape = |c: char| if c.is_alphanumeric() { c.to_string() } else { format!("\\{c}") };
        text.chars().map(escape).collect()
    }),
    ("shell, $'…'", |text| {
        text.bytes()
            .map(
                |byte| {
                    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("\\{byte:03o}") }
                },
            )
            .collect()
    }),
    ("JSON", |text| serde_json::to_string(text).unwrap()),
    ("JSON in JSON", |text| serde_json::to_string(&serde_json::to_string(text).unwrap()).unwrap()),
    ("JSON in ASCII", |text| {
        let unit = |unit: u16| match u8::try_from(unit).ok().filter(u8::is_ascii_alphanumeric) {
            Some(byte) => char::from(byte).to_string(),
            None => format!("\\u{unit:04x}"),
        };
        text.encode_utf16().map(unit).collect()
    }),
    ("URL", |text| {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect()
    }),
    ("form", |text| {
        let escape = |byte: u8| match byte {
            b' ' => "+".to_string(),
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02x}"),
        };
        text.bytes().map(escape).collect()
    }),
    ("repr", |text| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))),
    ("repr of bytes", |text| {
        text.bytes()
            .map(
                |byte| {
                    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("\\x{byte:02x}") }
                },
            )
            .collect()
    }),
    ("HTML", |text| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;")
    }),
    ("XML", |text| {
        text.chars()
            .map(|c| if c.is_alphanumeric() { c.to_string() } else { format!("&#x{:X};", u32::from(c)) })
            .collect()
    }),
    ("every character a number of XML", |text| text.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
    ("every character a number of JSON", |text| text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect()),
    ("every byte a number of the shell", |text| text.bytes().map(|byte| format!("\\{byte:03o}")).collect()),
    ("every byte a number of a URL", |text| text.bytes().map(|byte| format!("%{byte:02x}")).collect()),
    ("SQL", |text| format!("'{}'", text.replace('\'', "''"))),
    ("quoted-printable", |text| {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("={byte:02X}") },
            )
            .collect()
    }),
    ("hex", |text| text.bytes().map(|byte| format!("{byte:02x}")).collect()),
    ("HEX", |text| text.bytes().map(|byte| format!("{byte:02X}")).collect()),
    ("base64", |text| base64::engine::general_purpose::STANDARD.encode(text)),
    ("base64 for URLs", |text| base64::engine::general_purpose::URL_SAFE.encode(text)),
    ("base64 after others", |text| base64::engine::general_purpose::STANDARD.encode(format!("~~~~{text}~~"))),
];

/// Whatever stands around it.
const NOISE: &[char] = &['~', '\'', '"', '='];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn no_form_of_a_secret_is_shown(text in r#"[ -}é€😀]{12,40}"#, cuts in prop::collection::vec(1_usize..40, 0..8)) {
        let text = text.trim();
        prop_assume!(text.chars().count() >= 12);
        let secret = Secret::new(text);
        let redactor = Redactor::new([&secret]);
        for (name, form) in FORMS {
            let printed = format!("~~{}~~", form(text));
            let shown = redactor.redact(&printed);
            let rest = shown.replace(HIDDEN, "");
            // What was encoded beside it has characters of its own.
            let most = if *name == "base64 after others" { 8 } else { 0 };
            let left = rest.trim_matches(|c| NOISE.contains(&c) || c == '\\').chars().count();
            prop_assert!(left <= most, "{name}: {printed} is shown as {shown}");
            prop_assert!(redactor.is_in(&Value::text(&printed)));

            let mut lines = vec![String::new()];
            let mut cuts = cuts.iter().copied();
            let mut until = cuts.next().unwrap_or(usize::MAX);
            for character in printed.chars() {
                if lines.last().unwrap().chars().count() >= until {
                    lines.push(String::new());
                    until = cuts.next().unwrap_or(usize::MAX);
                }
                lines.last_mut().unwrap().push(character);
            }
            let shown = redactor.lines(&lines).concat();
            let left = shown.replace(HIDDEN, "").trim_matches(|c| NOISE.contains(&c) || c == '\\').chars().count();
            prop_assert!(left <= most, "{name}: {lines:?} is shown as {shown}");

            // As it comes.
            let mut stream = Stream::default();
            let shown: Vec<_> = lines.iter().map(|line| stream.line(&redactor, line)).collect();
            let rest: String = shown.concat().replace(HIDDEN, "");
            let left = rest.chars().filter(|c| !NOISE.contains(c)).count();
            // A line may end before it is known to hold the start of a secret.
            let start: String = text.chars().take(SHORTEST).collect();
            let most = most + form(&start).chars().count();
            // Where a secret ends with `&`, a line may end in the midst of what stands for that.
            let is_of_entities = name.contains("HTML") || name.contains("XML");
            let most =
                if is_of_entities && text.ends_with(['&', '<', '>', '"', '\'']) { most + 5 } else { most };
            prop_assert!(left <= most, "{name}: {lines:?} is shown as {shown:?}");
        }
    }
}
