//! Plan and apply reach the same decision about the same observation: for the data cases of all kinds, each with what a
//! run may change about it. The plan is `plan::build`'s; the apply is told that all of it had to wait, and then gets the
//! observation as a host would send it.
#![allow(clippy::disallowed_methods, reason = "the cases are files")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::{Value as Json, json};

use super::work::Answer;
use super::*;
use crate::model::{Observed, Owed, ProbeOutput, Record, Value};
use crate::plan::PlannedResource;
use crate::resource::KindObject;
use crate::schedule::Place;
use case::Case;

#[allow(dead_code, reason = "the harness of the cases uses the rest")]
#[path = "../../../tests/fast/cases/case.rs"]
mod case;
#[allow(dead_code, reason = "the harness of the cases uses the rest")]
#[path = "../../../tests/fast/cases/run.rs"]
mod run;
#[path = "../../../tests/fast/cases/spec.rs"]
mod spec;

/// What is decided about a resource, in the words that both sides have.
#[derive(Clone, Debug, PartialEq)]
enum Reached {
    Nothing,
    /// The action, and the attributes that change.
    Acts(Action, Vec<String>),
    /// For a value.
    Waits,
    Withheld(Action),
    Refused(String, Option<String>),
    /// The plan leaves it to the apply.
    Open,
}

/// A case with what a run changes about it.
struct Variant {
    name: String,
    case: Case,
    is_partial: bool,
    rotates: bool,
    owed: Option<OwedAction>,
}

/// Returns a case in the ways in which a run may meet it.
fn variants(kind: &'static dyn KindObject, case: &Case) -> Vec<Variant> {
    let edited = |edits: &[(&str, Json)]| {
        let mut case = case.clone();
        for body in case.resources.values_mut() {
            if body.is_null() {
                *body = json!({});
            }
            let Json::Object(body) = body else { continue };
            body.extend(edits.iter().map(|(name, value)| ((*name).to_string(), value.clone())));
        }
        case
    };
    let mut all = Vec::new();
    let mut add = |name: String, edits: &[(&str, Json)], change: fn(&mut Variant)| {
        let mut variant = Variant { name, case: edited(edits), is_partial: false, rotates: false, owed: None };
        change(&mut variant);
        all.push(variant);
    };
    let ignored = kind.info().stays;
    let gone = ("state", json!("absent"));
    let kept = ("lifecycle", json!({ "prevent_destroy": true }));
    let ignoring = ("lifecycle", json!({ "ignore_changes": ignored }));
    for (name, edits) in [
        ("as written", vec![]),
        ("kept", vec![kept.clone()]),
        ("ignored", vec![ignoring]),
        ("gone", vec![gone.clone()]),
        ("gone and kept", vec![gone.clone(), kept]),
    ] {
        add(name.into(), &edits, |_| ());
        add(format!("{name}, in part"), &edits, |variant| variant.is_partial = true);
    }
    add("owed a restart".into(), &[], |variant| variant.owed = Some(OwedAction::Restart));
    add("owed a reload".into(), &[], |variant| variant.owed = Some(OwedAction::Reload));
    if kind.name() == "secret" {
        add("rotated".into(), &[], |variant| variant.rotates = true);
    }
    let has = |name: &str| case.resources.values().any(|body| body.get(name).is_some());
    for attribute in kind.attributes().iter().map(|attribute| attribute.name).filter(|name| has(name)) {
        let never = (attribute, json!({ "$unknown": "app1/secret:never" }));
        let comes = (attribute, json!({ "$kept": "to_come" }));
        add(format!("{attribute} never comes"), &[never], |_| ());
        add(format!("{attribute} is to come"), std::slice::from_ref(&comes), |_| ());
        add(format!("gone, {attribute} is to come"), &[comes, gone.clone()], |_| ());
    }
    all
}

/// How often what was reached.
#[derive(Default)]
struct Counts(BTreeMap<&'static str, usize>);

impl Counts {
    fn add(&mut self, reached: &Reached) {
        let word = match reached {
            Reached::Nothing => "nothing",
            Reached::Acts(..) => "acts",
            Reached::Waits => "waits",
            Reached::Withheld(_) => "withheld",
            Reached::Refused(..) => "refused",
            Reached::Open => "open",
        };
        *self.0.entry(word).or_default() += 1;
    }
}

/// Returns what of a case plan and apply disagree about; nothing where its spec is refused.
fn disagreements(kind: &'static dyn KindObject, variant: &Variant, counts: &mut Counts) -> Option<String> {
    let loaded = spec::load(kind, &variant.case).ok()?;
    let hosts: Vec<String> = if variant.is_partial { vec!["app1".into()] } else { Vec::new() };
    let scope = Scope::new(&[], &hosts, &[]).unwrap();
    let mut survey = Survey::new(&loaded.spec, &loaded.files, loaded.sources, loaded.known, &scope).ok()?;
    let nodes: Vec<Node> =
        (0..survey.len()).filter(|&node| *survey.resolved(node).address.kind == *kind.name()).collect();
    if nodes.len() != variant.case.resources.len() {
        return None;
    }
    observe(&mut survey, &scope, kind, &nodes, variant);
    if variant.rotates {
        let names = nodes.iter().map(|&node| survey.resolved(node).address.name.to_string()).collect();
        survey.rotate(&names, &scope).ok()?;
    }
    let plan = plan::build(&survey);
    let planned: Vec<Reached> = nodes.iter().map(|&node| planned(&survey, &plan, node)).collect();
    let applied = applied(&mut survey, &scope, kind, &plan, &nodes, variant);
    let mut words = String::new();
    for ((&node, planned), applied) in nodes.iter().zip(&planned).zip(&applied) {
        counts.add(planned);
        if planned != applied && *planned != Reached::Open {
            let address = &survey.resolved(node).address;
            let _ = writeln!(words, "  {address}\n    plan:  {planned:?}\n    apply: {applied:?}");
        }
    }
    (!words.is_empty()).then_some(words)
}

/// Tells a survey what the case says, and that nothing else is there.
fn observe(survey: &mut Survey<'_>, scope: &Scope, kind: &dyn KindObject, nodes: &[Node], variant: &Variant) {
    let owed = |action| {
        let owed = |&node: &Node| Owed { resource: survey.resolved(node).address.local(), action };
        nodes.iter().map(owed).collect()
    };
    let mut owed: Vec<Owed> = variant.owed.map(owed).unwrap_or_default();
    loop {
        let seen: Vec<usize> = (0..nodes.len())
            .filter(|&at| survey.is_observable(nodes[at]) && survey.observed(nodes[at]).is_none())
            .collect();
        let mut sections: BTreeMap<String, ProbeOutput> = BTreeMap::new();
        for (name, probe) in survey.wanted().remove("app1").unwrap_or_default() {
            let mut output = run::output(kind, &variant.case, &variant.case.records);
            if name == kind.name() {
                output.records.retain_mut(|record| {
                    // What the host's variant is stands in the first row, whatever that is about.
                    if matches!(record.field(0), "variant" | "unsupported") {
                        return true;
                    }
                    let row = seen.iter().position(|&at| at == record.index);
                    record.index = row.unwrap_or_default();
                    row.is_some()
                });
            } else {
                let absent = |index| Record { index, fields: vec!["absent".into()] };
                output = ProbeOutput { records: (0..probe.rows.len()).map(absent).collect(), ..output };
            }
            sections.insert(name, output);
        }
        let is_last = sections.is_empty();
        let facts = Some(Value::Map([("hostname".to_string(), Value::text("app1"))].into_iter().collect()));
        survey.take("app1", Observed { facts, owed: std::mem::take(&mut owed), sections, ..Observed::default() });
        if is_last || survey.resolve(scope).is_err() {
            return;
        }
    }
}

/// Returns what the plan says of a resource.
fn planned(survey: &Survey<'_>, plan: &Plan, node: Node) -> Reached {
    let address = &survey.resolved(node).address;
    if let Some(problem) = plan.problems.iter().find(|problem| problem.address == *address) {
        return Reached::Refused(problem.message.clone(), Some(problem.help.clone()));
    }
    match plan.withheld.iter().find(|left| left.node == node).map(|left| &left.why) {
        Some(Withheld::Destroys(action)) => return Reached::Withheld(*action),
        Some(Withheld::Needs(_) | Withheld::Wants(_)) => return Reached::Open,
        None => {}
    }
    let Some(planned) = plan.resources.iter().find(|planned| planned.node == node) else { return Reached::Open };
    match &planned.certainty {
        Certainty::Ready if planned.finishes || planned.action == Action::None => Reached::Nothing,
        Certainty::Ready => Reached::Acts(planned.action, names(&planned.changes)),
        Certainty::Deferred { until, .. } if *until == survey.item(node).sources() => Reached::Waits,
        Certainty::Maybe | Certainty::Deferred { .. } => Reached::Open,
    }
}

/// Lets an apply find out about resources on the way, and returns what it decides.
fn applied(
    survey: &mut Survey<'_>,
    scope: &Scope,
    kind: &'static dyn KindObject,
    plan: &Plan,
    nodes: &[Node],
    variant: &Variant,
) -> Vec<Reached> {
    let mut waiting = plan.clone();
    waiting.withheld.clear();
    waiting.resources.retain(|planned| !nodes.contains(&planned.node));
    waiting.resources.extend(nodes.iter().map(|&node| deferred(survey, node)));
    let events = Events::none();
    let mut execution = Execution::new(survey, scope, &events);
    let (graph, tasks, status) = execution.prepare(&waiting);
    let mut schedule = Schedule::new(graph, tasks, status);
    nodes.iter().for_each(|&node| schedule.set(node, Status::Running));
    // By then, what stands before them has changed.
    let acting = plan.resources.iter().filter(|planned| planned.acts()).map(|planned| planned.node);
    acting.filter(|node| !nodes.contains(node)).for_each(|node| execution.dues.change(node));
    let output = run::output(kind, &variant.case, &variant.case.records);
    let sections = [(kind.name().to_string(), output)].into_iter().collect();
    let answer = Answer::Observed {
        nodes: vec![(nodes.to_vec(), kind.name())],
        result: Ok(Observed { sections, ..Observed::default() }),
    };
    execution.take(&mut schedule, "app1", Place::Main, answer);
    nodes.iter().map(|&node| decided(&execution, &schedule, node)).collect()
}

/// Makes a plan that only says that a resource has to wait.
fn deferred(survey: &Survey<'_>, node: Node) -> PlannedResource {
    PlannedResource {
        node,
        certainty: Certainty::Deferred { until: Vec::new(), reason: String::new() },
        ..PlannedResource::bare(survey.resolved(node).address.clone(), Action::Update)
    }
}

/// Returns what an apply has decided about a resource.
fn decided(execution: &Execution<'_, '_>, schedule: &Schedule, node: Node) -> Reached {
    let address = &execution.survey.resolved(node).address;
    let outcome = execution.report.outcomes.iter().find(|(of, _)| of == address).map(|(_, outcome)| outcome);
    match (schedule.status(node), outcome) {
        (Status::Settled, Some(Outcome::NotNeeded)) => Reached::Nothing,
        (Status::Ready, None) => {
            let turn = &execution.turns[&node];
            Reached::Acts(turn.action, names(&turn.changes))
        }
        (Status::Deferred, None) => Reached::Waits,
        (Status::Withheld, Some(Outcome::Withheld { action })) => Reached::Withheld(*action),
        (Status::Failed, Some(Outcome::Failed(failure))) => {
            Reached::Refused(failure.message.clone(), failure.help.clone())
        }
        other => panic!("{address} is {other:?}"),
    }
}

fn names(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| change.attribute.clone()).collect()
}

#[test]
fn plan_and_apply_reach_the_same_decision() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds");
    let mut counts = Counts::default();
    let mut wrong = Vec::new();
    let changes = |mode| matches!(mode, Mode::Converge | Mode::Run);
    for kind in crate::kinds::all().iter().copied().filter(|kind| changes(kind.mode())) {
        for entry in std::fs::read_dir(root.join(kind.name()).join("cases")).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let cases: Vec<Case> = serde_saphyr::from_str_with_options(&text, case::yaml_options()).unwrap();
            // Paths below are told by the engine, from the whole spec.
            for case in cases.iter().filter(|case| case.errors.is_empty() && case.others_below.is_empty()) {
                for variant in variants(kind, case) {
                    // Which case a kind panics at is worth more than where.
                    let looked = catch_unwind(AssertUnwindSafe(|| disagreements(kind, &variant, &mut counts)));
                    if let Some(words) = looked.unwrap_or_else(|_| Some("  it panics\n".into())) {
                        wrong.push(format!("{}, {}: {}\n{words}", kind.name(), variant.case.name, variant.name));
                    }
                }
            }
        }
    }
    let told: Vec<&str> = wrong.iter().take(40).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} disagreements:\n{}", wrong.len(), told.join("\n"));
    let all: usize = counts.0.values().sum();
    for (word, least) in [("nothing", 1000), ("acts", 1500), ("waits", 500), ("withheld", 200), ("refused", 1500)] {
        let count = counts.0.get(word).copied().unwrap_or_default();
        assert!(count >= least, "`{word}` was reached {count} times of {all}: {:?}", counts.0);
    }
    let open = counts.0.get("open").copied().unwrap_or_default();
    assert!(open * 20 <= all, "a plan left {open} of {all} open");
}
