//! What holds for every plan, whatever is in it.

use proptest::prelude::*;

use crate::diagnostic::is_unseen;
use crate::model::{Action, Address, Change, Content, OwedAction, Secret, Until, Value};
use crate::plan::{Certainty, Plan, PlannedResource, Problem};
use crate::survey::Cause;

use super::*;

/// Stands in every secret.
pub(crate) const POISON: &str = "hunter2-poison";

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Float),
        "\\PC{0,12}|[\u{0}-\u{9f}]{0,8}|[a\u{61c}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{2060}-\u{2069}\u{feff}]{0,8}"
            .prop_map(Value::Text),
        Just(Value::Secret(Secret::new(POISON))),
        Just(Value::Unknown(Until::applied("app1/secret:s".parse().unwrap()))),
        any::<Vec<u8>>().prop_map(|bytes| Value::Content(Content::new(bytes))),
        Just(Value::Content(Content::new(POISON.as_bytes().to_vec()).mark_sensitive(true))),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec(("[a-z]{1,5}", inner), 0..4).prop_map(|all| Value::Map(all.into_iter().collect())),
        ]
    })
}

fn certainty() -> impl Strategy<Value = Certainty> {
    let until = vec!["app1/secret:s".parse().unwrap()];
    let deferred = Certainty::Deferred { until, reason: "a value of it is not known before".into() };
    prop_oneof![Just(Certainty::Ready), Just(Certainty::Maybe), Just(deferred)]
}

pub(crate) fn resource() -> impl Strategy<Value = PlannedResource> {
    let changes = prop::collection::btree_map("[a-c]", (value(), value(), any::<bool>()), 0..4);
    let before = prop::collection::btree_map(prop::sample::select(vec!["a", "b", "d"]), value(), 0..3);
    (prop::sample::select(Action::ALL.to_vec()), certainty(), changes, before, any::<bool>()).prop_map(
        |(action, certainty, changes, before, is_owed)| PlannedResource {
            certainty,
            changes: changes
                .into_iter()
                .map(|(attribute, (before, after, forces_replacement))| Change {
                    attribute,
                    before,
                    after,
                    forces_replacement,
                })
                .collect(),
            before: before.into_iter().map(|(name, value)| (name.into(), value)).collect(),
            reasons: vec!["file:/y changes".into()],
            owed: is_owed.then_some(OwedAction::Restart),
            owes: vec![("app1/service:s".parse().unwrap(), OwedAction::Reload)],
            depends_on: vec!["app1/directory:/".parse().unwrap()],
            cause: is_owed.then_some(Cause::Drift),
            ..PlannedResource::bare("app1/file:/x".parse().unwrap(), action)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_renders(resources in prop::collection::vec(resource(), 0..5), columns in 20..200usize) {
        let plan = Plan { spec: "test".into(), hosts: vec!["app1".into()], resources, ..Plan::default() };
        let json = serde_json::to_string(&PlanJson(&plan)).unwrap();
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        for planned in read["resources"].as_array().unwrap() {
            for name in planned["after_unknown"].as_array().unwrap() {
                prop_assert!(planned["after"].get(name.as_str().unwrap()).is_none(), "{planned}");
            }
            for key in ["address", "host", "kind", "name", "action", "before", "after", "sensitive", "reasons", "depends_on"] {
                prop_assert!(planned.get(key).is_some(), "{key}");
            }
        }
        let text = plan_text(&plan, Paint::default(), columns);
        prop_assert!(text.chars().all(|c| matches!(c, '\n' | '\t') || !is_unseen(c)), "{text:?}");
        for shown in [json, text, plan_text(&plan, Paint { color: true }, columns)] {
            prop_assert!(!shown.contains(POISON), "{shown}");
        }
    }
}

fn one(change: Change) -> Plan {
    let resource = PlannedResource {
        changes: vec![
            change,
            Change {
                attribute: "所有者".into(),
                before: Value::Null,
                after: Value::text("服务账号".repeat(20)),
                forces_replacement: true,
            },
        ],
        ..PlannedResource::bare("app1/file:/x".parse().unwrap(), Action::Update)
    };
    Plan { spec: "test".into(), hosts: vec!["app1".into()], resources: vec![resource], ..Plan::default() }
}

fn content(text: &str) -> Value {
    Value::Content(Content::new(text.as_bytes().to_vec()))
}

#[test]
fn values_read_well() {
    let numbers = |count: usize| (1..=count).map(|at| format!("line {at}\n")).collect::<String>();
    let cases = [
        ("content", Value::Null, content(&numbers(23))),
        ("content", content(&numbers(9)), content(&numbers(9).replace("line 5", "第五行 \u{1b}[31m"))),
        ("content", Value::Null, Value::Content(Content::new(vec![0, 159, 146, 150]))),
        ("content", content("a\n"), Value::Content(Content::summary("ab".repeat(32), 5 << 20))),
        ("content", content("a"), content("b\n")),
        ("content", Value::Null, content("#!/bin/sh\r\necho\u{200b}\r\n")),
        ("run", Value::Null, Value::text("set -e\nmake\nmake install\n")),
        ("run", Value::text("make\ninstall"), Value::text("make\nmake install")),
        ("groups", Value::List(vec![Value::text("adm")]), Value::List(vec![Value::text("adm"), Value::text("sudo")])),
        ("password", Value::Secret(Secret::new(POISON)), Value::Secret(Secret::new(POISON))),
    ];
    let shown: Vec<String> = cases
        .into_iter()
        .flat_map(|(attribute, before, after)| {
            let change = Change { attribute: attribute.into(), before, after, forces_replacement: false };
            [80, 160].map(|columns| plan_text(&one(change.clone()), Paint::default(), columns))
        })
        .collect();
    insta::assert_snapshot!(shown.join("================\n"));
}

#[test]
fn what_is_said_in_several_lines_is_shown_in_as_many() {
    let problem = Problem {
        address: "app1/file:/x".parse().unwrap(),
        message: "sudo refuses it:\n/x:1: \u{1b}[31m\n".into(),
        place: "infra.yaml:3:5".into(),
        help: "mend it".into(),
    };
    let plan = Plan { problems: vec![problem], ..Plan::default() };
    let shown = plan_text(&plan, Paint::default(), 80);
    let wanted =
        "error: app1/file:/x: sudo refuses it:\n    /x:1: \\u{1b}[31m\n  --> infra.yaml:3:5\n  help: mend it\n";
    assert!(shown.starts_with(wanted), "{shown}");
    let json = serde_json::to_value(PlanJson(&plan)).unwrap();
    assert_eq!(json["problems"][0]["place"], "infra.yaml:3:5");
}

#[test]
fn nothing_gets_out_of_its_place_in_markdown() {
    let after = content("```\nx\n````\n");
    let mut plan = one(Change { attribute: "content".into(), before: Value::Null, after, forces_replacement: false });
    plan.hosts = vec!["a|b`c".into()];
    plan.resources[0].address = Address::new("a|b`c", "file", "/x|`<b>`");
    plan.notes = vec!["one\n```\n# two".into()];
    let text = plan_markdown(&plan, &["`said`".into()]);
    assert!(text.starts_with("**Plan: 0 to create, 1 to change, 0 to delete, 0 unchanged on 1 host.**\n"), "{text}");
    assert!(text.contains("\n| ``a\\|b`c`` | 0 | 1 | 0 | 0 |\n"), "{text}");
    assert!(text.contains("\n- note: ````one ``` # two````\n"), "{text}");
    assert!(text.ends_with("\n- `` `said` ``\n"), "{text}");
    let fences: Vec<&str> = text.lines().filter(|line| line.starts_with("`````")).collect();
    assert_eq!(fences, ["`````diff", "`````"], "{text}");
    assert!(text.contains("\n! file:/x|`<b>`\n"), "{text}");
    assert!(text.contains("\n+````\n"), "{text}");
}
