//! What holds for every file with a plan.

use proptest::prelude::*;

use crate::model::sha256;
use crate::plan::{Finding, HostFailure, Plan, Problem};
use crate::render::tests::{POISON, resource};
use crate::render::{Paint, PlanJson, plan_markdown, plan_text};
use crate::survey::{Cause, Released};

use super::*;

fn about() -> About {
    About {
        infra: "0.1.0".into(),
        spec: "test".into(),
        made: Made { spec: "specs/test".into(), ..Made::default() },
        created: "2026-12-01T13:05:00Z".into(),
        expires: None,
        by: "anna on laptop".into(),
        base: Some(Base { commit: "ab".repeat(20), dirty: Some(false) }),
        inputs: vec![Input { path: "infra.yaml".into(), sha256: "cd".repeat(32) }],
        hosts: Vec::new(),
        touched: Vec::new(),
    }
}

fn file(plan: &Plan) -> Vec<u8> {
    let mut content = Vec::new();
    write_payload(&about(), plan, &mut content).unwrap();
    let mut file = header(&format!("sha256:{}", sha256(&content))).into_bytes();
    assert_eq!(file.len(), HEADER);
    file.append(&mut content);
    file
}

fn plan(resources: Vec<crate::plan::PlannedResource>) -> Plan {
    let address = || "app1/check:c".parse().unwrap();
    Plan {
        spec: "test".into(),
        hosts: vec!["app1".into()],
        resources,
        findings: vec![Finding { address: address(), message: "no".into() }],
        problems: vec![Problem { address: address(), message: "a".into(), place: "b".into(), help: "c".into() }],
        is_partial: true,
        unreachable: vec![HostFailure { host: "app2".into(), message: "gone".into(), help: Some("look".into()) }],
        withheld: Vec::new(),
        released: vec![Released { address: address(), why: "it was there".into(), heir: None }],
        notes: vec!["a `note` | with ``` in it".into()],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_is_the_same_after_it_was_in_a_file(resources in prop::collection::vec(resource(), 0..5), columns in 20..200usize) {
        let plan = plan(resources);
        let file = file(&plan);
        prop_assert!(!String::from_utf8_lossy(&file).contains(POISON));
        prop_assert!(!String::from_utf8_lossy(&file).contains(&sha256(POISON.as_bytes())));
        let saved = read(&file).unwrap();
        prop_assert_eq!(&saved.about, &about());
        let text = |plan: &Plan| plan_text(plan, Paint { color: true }, columns);
        prop_assert_eq!(text(&plan), text(&saved.plan));
        let json = |plan: &Plan| serde_json::to_string(&PlanJson(plan)).unwrap();
        prop_assert_eq!(json(&plan), json(&saved.plan));
        let markdown = plan_markdown(&plan, &[]);
        prop_assert_eq!(&markdown, &plan_markdown(&saved.plan, &[]));
        prop_assert!(!markdown.contains(POISON), "{}", markdown);
        prop_assert_eq!(file, self::file(&saved.plan));
    }
}

fn one() -> Vec<u8> {
    let change = crate::model::Change {
        attribute: "content".into(),
        before: crate::model::Value::Null,
        after: crate::model::Value::Content(crate::model::Content::new(*b"a\n")),
        forces_replacement: false,
    };
    let planned = crate::plan::PlannedResource {
        changes: vec![change],
        cause: Some(Cause::Both),
        ..crate::plan::PlannedResource::bare("app1/file:/x".parse().unwrap(), crate::model::Action::Create)
    };
    file(&plan(vec![planned]))
}

#[test]
fn what_was_cut_off_or_changed_is_no_plan() {
    let file = one();
    assert!(read(&file).is_ok());
    for length in 0..file.len() {
        let cut = &file[..length];
        let why = read(cut).unwrap_err();
        assert_eq!(why, if length == 0 { NotAPlan::Empty } else { NotAPlan::Damaged }, "after {length} bytes");
        assert!(is_saved_plan(&cut[..length.min(11)]), "after {length} bytes");
    }
    for at in 0..file.len() {
        for bit in [0, 5] {
            let mut changed = file.clone();
            changed[at] ^= 1 << bit;
            assert!(read(&changed).is_err(), "bit {bit} of byte {at}");
        }
    }
    let longer = [file.as_slice(), b"\n"].concat();
    assert_eq!(read(&longer).unwrap_err(), NotAPlan::Damaged);
}

#[test]
fn what_is_no_plan_of_this_version_says_what_it_is() {
    let text = String::from_utf8(one()).unwrap();
    for (file, words) in [
        (text.replacen("infra plan 1 ", "infra plan 2 ", 1), "of version 2, and this infra reads version 1"),
        (text.replacen("infra plan 1 ", "infra plan 17 ", 1), "of version 17,"),
        (String::new(), "is empty"),
        ("infra: 1\nname: web\nhosts: {}\n".into(), "it is no saved plan; `infra plan --out FILE` makes one"),
        ("\u{7f}ELF".into(), "it is no saved plan"),
    ] {
        let why = read(file.as_bytes()).unwrap_err().to_string();
        assert!(why.contains(words), "{why}");
    }
    assert!(!is_saved_plan(b"infra: 1\nna"));
    // A newer one of the same version, with something that this infra does not know.
    let content = &text[HEADER..];
    for content in [content.replacen("\"about\":{", "\"about\":{\"more\":1,", 1), "{}".into(), "[".repeat(100_000)] {
        let file = format!("{}{content}", header(&format!("sha256:{}", sha256(content.as_bytes()))));
        let why = read(file.as_bytes()).unwrap_err();
        assert!(matches!(why, NotAPlan::Unreadable(_)), "{why}");
    }
}
