use super::*;
use crate::diagnostic::{FileId, Span};
use crate::model::{Content, Until, Value, YamlNode};

const SPAN: Span = Span { file: FileId(0), start: 0, end: 0 };

fn entry(origin: Origin) -> Entry {
    Entry {
        origin,
        prevent_destroy: origin == Origin::Found,
        prune: if origin == Origin::Found { Prune::Confirm } else { Prune::Keep },
        desired: "0123456789abcdef".repeat(2),
        observed: String::new(),
        serial: 3,
        when: "2026-11-30T14:05:10Z".into(),
        identity: None,
    }
}

fn ledger() -> Ledger {
    let mut ledger = Ledger::new(Secret::new("k".repeat(64)));
    ledger.serial = 3;
    let value = Value::Map(
        [("path", "/etc/it's"), ("text", "a\u{1f}b\nc\u{7f}\u{85}\u{2028}")]
            .map(|(key, text)| (key.to_string(), Value::text(text)))
            .into_iter()
            .collect(),
    );
    let identity = Identity::of(&YamlNode::from_value(value, SPAN));
    ledger.entries.insert("file:/etc/a b".into(), entry(Origin::Created));
    ledger.entries.insert("block:é".into(), Entry { identity: Some(identity), ..entry(Origin::Found) });
    ledger.note_used(UsedPlan { digest: "ab".repeat(32), when: "2026-11-30T14:05:10Z".into(), who: "anna".into() });
    ledger
}

#[test]
fn what_is_written_is_read() {
    let ledger = ledger();
    assert_eq!(Ledger::read(&ledger.write()), Ok(ledger));
}

#[test]
fn a_ledger_that_was_cut_anywhere_is_damaged_and_never_empty() {
    let text = ledger().write();
    for cut in (0..text.len()).filter(|&cut| text.is_char_boundary(cut)) {
        let read = Ledger::read(&text[..cut]);
        assert!(matches!(read, Err(LedgerError::Damaged(_))), "{:?}: {read:?}", &text[..cut]);
    }
    let lines: Vec<&str> = text.lines().collect();
    for left_out in 0..lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(left_out);
        let read = Ledger::read(&(fewer.join("\n") + "\n"));
        assert!(matches!(read, Err(LedgerError::Damaged(_))), "{}: {read:?}", lines[left_out]);
    }
}

#[test]
fn one_of_a_newer_infra_is_refused() {
    let text = ledger().write().replacen("\u{1f}1\u{1f}", "\u{1f}2\u{1f}", 1);
    assert_eq!(Ledger::read(&text), Err(LedgerError::Newer(2)));
}

#[test]
fn identities_hold_no_secrets_and_come_back_as_they_were() {
    let value = |pairs: Vec<(&str, Value)>| {
        Value::Map(pairs.into_iter().map(|(key, value)| (key.to_string(), value)).collect())
    };
    let kept = vec![
        ("list", Value::List(vec![Value::text("x"), Value::Integer(-3)])),
        ("map", value(vec![("a", Value::Bool(true))])),
        ("number", Value::Float(1.5)),
    ];
    let mut all = kept.clone();
    all.push(("secret", Value::Secret(Secret::new("hunter2"))));
    all.push(("within", value(vec![("a", Value::List(vec![Value::Secret(Secret::new("hunter2"))]))])));
    all.push(("content", Value::Content(Content::new(*b"hunter2"))));
    all.push(("later", Value::Unknown(Until::Facts("a".into()))));
    all.push(("nothing", Value::Null));
    let identity = Identity::of(&YamlNode::from_value(value(all), SPAN));
    assert!(!identity.to_string().contains("hunter2"));
    assert_eq!(Identity::read(&identity.to_string()).unwrap().node(SPAN).to_value(), value(kept));
}

#[test]
fn names_of_files_are_plain_and_different() {
    assert_eq!(file_name("web", "app1"), "web@app1");
    assert_eq!(file_name("a/b c", ".h"), "a%2fb%20c@%2eh");
    let long = |end: &str| file_name(&("x".repeat(300) + end), "h");
    assert!(long("a").len() < 200 && long("a") != long("b"));
    assert_ne!(file_name("a@b", "c"), file_name("a", "b@c"));
}

#[test]
fn a_journal_tells_what_was_begun_and_how_it_ended() {
    let line = |fields: &[&str]| fields.iter().map(ToString::to_string).collect::<Vec<_>>();
    let journal = Journal::from_lines(&[
        line(&["run", "r1", "2026-11-30T14:05:10Z", "anna", "laptop", "web", "abc"]),
        line(&["will", "r1", "create", "file:/a"]),
        line(&["will", "r1", "delete", "file:/b"]),
        line(&["will", "r1", "create", "file:/c", "{\"mode\":\"0600\"}"]),
        line(&["did", "r1", "done", "file:/a", "file:/b"]),
        line(&["run", "r1", "2026-11-30T14:05:10Z", "anna", "laptop", "web", "abc"]),
        line(&["did", "r1", "fai"]),
        line(&["will", "r1", "cre"]),
    ]);
    assert_eq!(journal.runs.len(), 1);
    let run = &journal.runs[0];
    assert_eq!((run.who.user.as_str(), run.intents.len()), ("anna", 3));
    assert_eq!(run.intents["file:/a"].result.as_deref(), Some("done"));
    assert_eq!(run.intents["file:/c"].result, None);
    assert_eq!(run.intents["file:/c"].identity.as_ref().unwrap().to_string(), "{\"mode\":\"0600\"}");
    let created: Vec<&str> = journal.created().map(|(_, local, _)| local.as_str()).collect();
    assert_eq!(created, ["file:/a", "file:/c"]);
    assert!(journal.mentions("file:/b") && !journal.mentions("file:/d"));
}
