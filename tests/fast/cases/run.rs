//! Runs one case.

use base64::Engine;
use indexmap::IndexMap;
use infra::model::{Action, Change, Content, Expect, OwedAction, ProbeOutput, ProbeStatus, Record, Value};
use infra::resource::{AnyObserved, AnyResource, Choice, ErasedPlanned, KindObject, Mode};
use serde_json::{Value as Json, json};

use super::case::{Case, Step};
use super::spec;

type Changed = IndexMap<String, IndexMap<String, [Json; 2]>>;

/// Returns what is not as the case says.
pub fn run(kind: &'static dyn KindObject, case: &Case) -> Vec<String> {
    let mut mistakes = Vec::new();
    let resources = match spec::resources(kind, case) {
        Ok(resources) if case.errors.is_empty() => resources,
        Ok(_) => return vec![format!("errors: expected {:?}, but there are none", case.errors)],
        Err(diagnostics) => {
            let messages: Vec<&str> = diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
            let is_same = messages.len() == case.errors.len()
                && messages.iter().zip(&case.errors).all(|(message, words)| message.contains(words));
            if !is_same {
                mistakes.push(format!("errors: expected {:?}\n        but there are {messages:?}", case.errors));
            }
            return mistakes;
        }
    };
    if resources.len() != case.resources.len() {
        return vec![format!("{} resources came of the spec, not {}", resources.len(), case.resources.len())];
    }
    let knows_others = kind.knows_others_below();
    let told = |(resource, name): (&AnyResource, &String)| match case.others_below.get(name) {
        Some(others) => knows_others.expect("the kind asks for them").with_others_below(resource, others.clone()),
        None => resource.clone(),
    };
    let resources: Vec<AnyResource> = resources.iter().zip(case.resources.keys()).map(told).collect();
    let names: Vec<&str> = case.resources.keys().map(String::as_str).collect();
    let all: Vec<&AnyResource> = resources.iter().collect();
    claims(kind, case, &all, &mut mistakes);
    let probe = kind.probe(&all);
    if probe.rows.len() != all.len() {
        mistakes.push(format!("the probe has {} rows for {} resources", probe.rows.len(), all.len()));
    }
    if let Some(expected) = &case.probe {
        same_rows("the probe's rows", expected, &probe.rows, &mut mistakes);
    }

    let seen = kind.parse(&all, &output(kind, case, &case.records));
    if seen.len() != all.len() {
        mistakes.push(format!("parse returned {} observations for {} resources", seen.len(), all.len()));
        return mistakes;
    }
    observed(case, &seen, &mut mistakes);
    refused(kind, case, &all, &seen, &mut mistakes);
    let changes: Vec<Vec<Change>> =
        all.iter().zip(&seen).map(|(resource, seen)| differences(kind, resource, seen)).collect();
    if let Some(expected) = &case.changes {
        let mut expected = expected.clone();
        expected.retain(|_, attributes| !attributes.is_empty());
        // Compared as texts: the order of attributes is what a reader sees, and counts.
        let (expected, shown) = (json!(expected).to_string(), json!(shown(&names, &changes)).to_string());
        if expected != shown {
            mistakes.push(format!("changes: expected {expected}\n        but there are {shown}"));
        }
    }

    let owed: Vec<Option<OwedAction>> = names
        .iter()
        .map(|name| match case.owed.get(*name).map(String::as_str) {
            None => None,
            Some("restart") => Some(OwedAction::Restart),
            Some("reload") => Some(OwedAction::Reload),
            Some(other) => panic!("{}: `{other}` is neither restart nor reload", case.name),
        })
        .collect();
    let planned: Vec<(usize, ErasedPlanned<'_>)> = (0..all.len())
        .filter(|&at| !changes[at].is_empty() || owed[at].is_some())
        .map(|at| {
            let action = action(kind, all[at], &seen[at], &changes[at]);
            (
                at,
                ErasedPlanned { resource: all[at], observed: &seen[at], changes: &changes[at], action, owed: owed[at] },
            )
        })
        .collect();
    kept(kind, &all, &seen, &mut mistakes);
    let made = made_steps(kind, &planned, &names, &mut mistakes);
    if let Some(expected) = &case.steps {
        steps(expected, &made, &mut mistakes);
    }
    match &case.after {
        Some(after) => settled(kind, case, &all, &names, after, &mut mistakes),
        None if !made.is_empty() && case.refused.is_empty() && must_settle(kind, &seen, &owed) => {
            mistakes.push("`after` is missing: say what the probe writes once the steps have run".into());
        }
        None => {}
    }
    mistakes
}

/// What a plan shows for several attributes and may stay as the host has it is not written where it is not among the changes.
fn kept(kind: &dyn KindObject, all: &[&AnyResource], seen: &[AnyObserved], mistakes: &mut Vec<String>) {
    let is_of_several = |name: &&str| kind.info().shown_as.iter().any(|(_, shown)| shown == name);
    if !kind.info().stays.iter().any(is_of_several) {
        return;
    }
    let other =
        [Change { attribute: "mode".into(), before: Value::Null, after: Value::Null, forces_replacement: false }];
    for (resource, observed) in all.iter().zip(seen) {
        if !matches!(observed, AnyObserved::Present(_)) || kind.is_absent(resource) {
            continue;
        }
        let planned = ErasedPlanned { resource, observed, changes: &other, action: Action::Update, owed: None };
        for step in kind.steps(&[planned]).iter().filter(|step| !texts(&step.input).is_empty()) {
            let (address, purpose) = (resource.address(), &step.purpose);
            mistakes.push(format!("`{purpose}` writes {:?} of {address}, which may stay", texts(&step.input)));
        }
    }
}

fn claims(kind: &dyn KindObject, case: &Case, all: &[&AnyResource], mistakes: &mut Vec<String>) {
    for (name, expected) in &case.claims {
        let Some(at) = case.resources.get_index_of(name) else {
            mistakes.push(format!("claims: there is no resource {name}"));
            continue;
        };
        let claims = kind.claims(all[at]);
        let parts = [
            ("provides", &claims.provides),
            ("shares", &claims.shares),
            ("reads", &claims.reads),
            ("requires", &claims.requires),
            ("follows", &claims.follows),
        ];
        let words: Vec<String> = parts
            .iter()
            .flat_map(|(verb, claims)| claims.iter().map(move |claim| (verb, claim)))
            .chain(claims.settles.iter().map(|settled| (&"settles", &settled.claim)))
            .map(|(verb, claim)| format!("{verb} {} {}", claim.space.0, claim.name))
            .chain(claims.needs.iter().map(|need| format!("needs {} {}", need.form(), need.name())))
            .collect();
        for line in expected.iter().filter(|line| !words.contains(line)) {
            mistakes.push(format!("claims of {name}: `{line}` is not among {words:?}"));
        }
    }
}

/// Returns what a probe of the case writes.
pub fn output(kind: &dyn KindObject, case: &Case, records: &[Vec<Json>]) -> ProbeOutput {
    let status = match &case.status {
        None => ProbeStatus::Done,
        Some(Json::String(word)) if word == "timeout" => ProbeStatus::TimedOut,
        Some(number) => match number.as_i64().and_then(|status| i32::try_from(status).ok()) {
            Some(0) => ProbeStatus::Done,
            Some(status) => ProbeStatus::Failed(status),
            None => panic!("{}: `status` is an exit status or `timeout`", case.name),
        },
    };
    let records: Vec<Record> = records
        .iter()
        .map(|record| Record {
            index: record[0].as_u64().unwrap_or_else(|| panic!("{}: a record starts with its index", case.name))
                as usize,
            fields: record[1..].iter().map(field).collect(),
        })
        .collect();
    let reported = report(kind, case).filter(|_| status == ProbeStatus::Done);
    ProbeOutput { status, records: records.into_iter().chain(reported).collect(), messages: case.messages.clone() }
}

/// Returns what the probe says about the host's variant of the kind, where the host picks one.
fn report(kind: &dyn KindObject, case: &Case) -> Option<Record> {
    let variants = kind.variants().filter(|variants| matches!(variants.choice, Choice::Host { .. }))?;
    let name = case.variant.as_deref().unwrap_or(variants.names[0]);
    let (word, name) = match name.split_once(' ') {
        Some((word, name)) => (word, name),
        None if variants.names.contains(&name) => ("variant", name),
        None => ("unsupported", name),
    };
    Some(Record { index: 0, fields: vec![word.to_string(), name.to_string()] })
}

/// Compares why resources may not be changed.
fn refused(kind: &dyn KindObject, case: &Case, all: &[&AnyResource], seen: &[AnyObserved], mistakes: &mut Vec<String>) {
    for ((name, resource), seen) in case.resources.keys().zip(all).zip(seen) {
        let refusal = match seen {
            AnyObserved::Absent(_) | AnyObserved::Present(_) => kind.refusal(resource, seen),
            _ => None,
        };
        let text = refusal.map(|refusal| format!("{}; {}", refusal.message, refusal.help));
        match (case.refused.get(name), text) {
            (None, None) => {}
            (Some(words), Some(text)) if text.contains(words.as_str()) => {}
            (expected, text) => {
                mistakes.push(format!("{name}: expected to be refused with {expected:?}, and is with {text:?}"))
            }
        }
    }
}

fn observed(case: &Case, seen: &[AnyObserved], mistakes: &mut Vec<String>) {
    let words: Vec<String> = seen
        .iter()
        .map(|seen| match seen {
            AnyObserved::Absent(_) => "absent".to_string(),
            AnyObserved::Present(_) => "present".to_string(),
            AnyObserved::Later { needs, reason } => format!("later {} {}: {reason}", needs.space.0, needs.name),
            AnyObserved::Failed(reason) => format!("failed {reason}"),
            AnyObserved::NotYet => "not yet".to_string(),
        })
        .collect();
    let Some(expected) = &case.observed else { return };
    let is_same = |(expected, seen): (&String, &String)| match expected.split_once(' ') {
        Some(("failed", words)) => seen.starts_with("failed ") && seen.contains(words),
        Some(_) => seen.starts_with(expected.as_str()),
        None => seen.split(' ').next() == Some(expected),
    };
    if expected.len() != words.len() || !expected.iter().zip(&words).all(is_same) {
        mistakes.push(format!("observed: expected {expected:?}\n        but there is {words:?}"));
    }
}

/// Returns whether a case must tell what the probe writes afterwards: one that is about failures or restarts need not.
fn must_settle(kind: &dyn KindObject, seen: &[AnyObserved], owed: &[Option<OwedAction>]) -> bool {
    kind.mode() == Mode::Converge
        && owed.iter().all(Option::is_none)
        && seen.iter().all(|seen| matches!(seen, AnyObserved::Absent(_) | AnyObserved::Present(_)))
}

/// Returns what the plan would show; nothing where it cannot be told yet.
fn differences(kind: &dyn KindObject, resource: &AnyResource, seen: &AnyObserved) -> Vec<Change> {
    match seen {
        AnyObserved::Absent(_) | AnyObserved::Present(_) => kind.diff(resource, seen).into_vec(),
        _ => Vec::new(),
    }
}

fn shown(names: &[&str], changes: &[Vec<Change>]) -> Changed {
    names
        .iter()
        .zip(changes)
        .filter(|(_, changes)| !changes.is_empty())
        .map(|(name, changes)| {
            let attributes = changes
                .iter()
                .map(|change| (change.attribute.clone(), [show(&change.before), show(&change.after)]))
                .collect();
            (name.to_string(), attributes)
        })
        .collect()
}

fn show(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::Float(value) => json!(value),
        Value::Text(text) => json!(text),
        Value::List(items) => items.iter().map(show).collect(),
        Value::Map(entries) => Json::Object(entries.iter().map(|(key, value)| (key.clone(), show(value))).collect()),
        Value::Content(content) if content.is_sensitive() => json!("(sensitive)"),
        Value::Content(content) => match content.text() {
            Some(text) => json!(text),
            None => json!(format!("({} bytes)", content.size())),
        },
        Value::Secret(_) => json!("(sensitive)"),
        Value::Unknown(_) => json!("(known after apply)"),
    }
}

fn action(kind: &dyn KindObject, resource: &AnyResource, seen: &AnyObserved, changes: &[Change]) -> Action {
    match (kind.mode(), seen) {
        (Mode::Check | Mode::Requirement, _) => Action::Read,
        (Mode::Run, _) => Action::Run,
        _ if changes.is_empty() => Action::Restart,
        _ if kind.is_absent(resource) => Action::Delete,
        (_, AnyObserved::Present(_)) if changes.iter().any(|change| change.forces_replacement) => Action::Replace,
        (_, AnyObserved::Present(_)) => Action::Update,
        _ => Action::Create,
    }
}

fn made_steps(
    kind: &dyn KindObject,
    planned: &[(usize, ErasedPlanned<'_>)],
    names: &[&str],
    mistakes: &mut Vec<String>,
) -> Vec<infra::model::Step> {
    if planned.is_empty() || kind.mode() == Mode::Requirement {
        return Vec::new();
    }
    let batch: Vec<ErasedPlanned<'_>> = planned
        .iter()
        .map(|(_, planned)| ErasedPlanned {
            resource: planned.resource,
            observed: planned.observed,
            changes: planned.changes,
            action: planned.action,
            owed: planned.owed,
        })
        .collect();
    let made = kind.steps(&batch);
    for (at, (name, _)) in planned.iter().enumerate() {
        if !made.iter().any(|step| step.covers.contains(&at)) {
            mistakes.push(format!("no step covers {}", names[*name]));
        }
    }
    made
}

fn steps(expected: &[Step], made: &[infra::model::Step], mistakes: &mut Vec<String>) {
    let purposes: Vec<&str> = made.iter().map(|step| step.purpose.as_str()).collect();
    let wanted: Vec<&str> = expected.iter().map(|step| step.purpose.as_str()).collect();
    if purposes != wanted {
        mistakes.push(format!("steps: expected {wanted:?}\n        but there are {purposes:?}"));
        return;
    }
    for (expected, made) in expected.iter().zip(made) {
        if let Some(rows) = &expected.rows {
            same_rows(&format!("rows of `{}`", made.purpose), rows, &made.rows, mistakes);
        }
        if let Some(input) = &expected.input {
            let texts = texts(&made.input);
            if *input != texts {
                let purpose = &made.purpose;
                mistakes.push(format!("input of `{purpose}`: expected {input:?}\n        but it is {texts:?}"));
            }
        }
        if expected.run_as.is_some() && expected.run_as != made.run_as {
            mistakes.push(format!("`{}` runs as {:?}, not {:?}", made.purpose, made.run_as, expected.run_as));
        }
    }
}

/// Returns the texts on a step's standard input: the files of an archive, or each blob.
fn texts(input: &[infra::model::Blob]) -> Vec<String> {
    let bytes = input.iter().flat_map(|blob| blob.0.iter().copied()).collect::<Vec<u8>>();
    if bytes.get(257..262) != Some(b"ustar") {
        return input.iter().map(|blob| String::from_utf8_lossy(&blob.0).into_owned()).collect();
    }
    let mut archive = tar::Archive::new(&bytes[..]);
    let entries = archive.entries().expect("an archive");
    let text = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut entry.expect("an entry"), &mut text).expect("a text");
        text
    };
    entries.map(text).collect()
}

/// After the steps nothing may be left to do, and the host must have been able to tell.
fn settled(
    kind: &dyn KindObject,
    case: &Case,
    all: &[&AnyResource],
    names: &[&str],
    after: &[Vec<Json>],
    mistakes: &mut Vec<String>,
) {
    let output = output(kind, case, after);
    let seen = kind.parse(all, &output);
    for (at, seen) in seen.iter().enumerate() {
        let left = differences(kind, all[at], seen);
        if matches!(seen, AnyObserved::Later { .. } | AnyObserved::Failed(_)) {
            mistakes.push(format!("after: {} is {seen:?}", names[at]));
        } else if !left.is_empty() {
            let left = json!(shown(&names[at..=at], &[left]));
            mistakes.push(format!("after: something is left to do: {left}"));
        }
        let Some(expected) = kind.expected(all[at]) else { continue };
        let Some(record) = output.records.iter().find(|record| record.index == at) else {
            mistakes.push(format!("after: {} has no record", names[at]));
            continue;
        };
        for (field, expect) in expected.iter().enumerate() {
            if let Expect::Is(text) = expect
                && record.field(field) != text
            {
                let name = names[at];
                let found = record.field(field);
                mistakes.push(format!("after: field {field} of {name} is `{found}`, and `expected` says `{text}`"));
            }
        }
    }
}

fn same_rows(what: &str, expected: &[Vec<Json>], rows: &[Vec<infra::model::Arg>], mistakes: &mut Vec<String>) {
    let expected: Vec<Vec<String>> = expected.iter().map(|row| row.iter().map(field).collect()).collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(infra::model::Arg::expose).collect()).collect();
    if expected != rows {
        mistakes.push(format!("{what}: expected {expected:?}\n        but there are {rows:?}"));
    }
}

/// A field as the host writes it; `{ $sha256: text }` and `{ $base64: text }` save computing them by hand.
fn field(json: &Json) -> String {
    let made_from = |name: &str| json.get(name).and_then(Json::as_str).map(str::as_bytes);
    if let Some(bytes) = made_from("$sha256") {
        return Content::new(bytes).hash().to_string();
    }
    if let Some(bytes) = made_from("$base64") {
        return base64::engine::general_purpose::STANDARD.encode(bytes);
    }
    match json {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
