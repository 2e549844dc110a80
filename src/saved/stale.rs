//! Compares a saved plan with what is there now, and with what would be done now about the same resources.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::model::Value;
use crate::plan::{Plan, PlannedResource};
use crate::render::{describe, visible};
use crate::survey::Survey;

use super::about::{Given, Touched};
use super::file::SavedPlan;
use super::record::{CertaintyRecord, ResourceRecord};
use super::touched;

/// Something that is otherwise than when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Stale {
    /// A resource, a host, a file, a variable.
    pub subject: String,
    /// What of it, where that is not all of it.
    pub attribute: String,
    pub planned: String,
    pub found: String,
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: planned {}, found {}",
            visible(&self.subject),
            visible(&self.attribute),
            self.planned,
            self.found
        )
    }
}

impl Stale {
    pub fn new(subject: &str, attribute: &str, planned: impl Into<String>, found: impl Into<String>) -> Self {
        let (planned, mut found) = (planned.into(), found.into());
        if planned == found {
            // A secret, or a content of the same size.
            found = format!("another {found}");
        }
        Self { subject: subject.into(), attribute: attribute.into(), planned, found }
    }
}

/// Compares the hosts of a run with those of a saved plan, and what was given from outside.
pub fn of_hosts(saved: &SavedPlan, survey: &Survey<'_>, vars: &[(String, String)]) -> Vec<Stale> {
    let mut stale = Vec::new();
    let mut given = BTreeSet::new();
    for bound in &saved.about.hosts {
        let Some(mark) = survey.host_mark(&bound.name) else { continue };
        let spec = survey.spec().hosts.iter().find(|spec| spec.name == bound.name);
        let address = spec.map_or("", |spec| &spec.address);
        let before = stale.len();
        for (attribute, planned, found) in [
            ("address", bound.address.as_str(), address),
            ("machine", &bound.machine, &mark.machine),
            ("key of the ledger", &bound.key, &touched::of_nothing(mark)),
        ] {
            if planned != found {
                let shown = |text: &str| if text.is_empty() { "none".to_string() } else { visible(text) };
                stale.push(Stale::new(&bound.name, attribute, shown(planned), shown(found)));
            }
        }
        // With another key all hashes are others.
        if stale.len() == before {
            let now = touched::given(survey, vars, mark);
            given.extend(of_given(&bound.given, &now));
        }
    }
    stale.extend(given.into_iter().map(|(subject, planned, found)| Stale::new(&subject, "value", planned, found)));
    stale
}

/// Names the variables and secrets that are others, with what the plan has and what was found. A secret that is kept on a host may not be
/// known in both runs.
fn of_given(then: &Given, now: &Given) -> Vec<(String, &'static str, &'static str)> {
    const THEN: &str = "the one of then";
    let mut found = Vec::new();
    for (name, hash) in &then.vars {
        match now.vars.get(name) {
            Some(other) if other == hash => {}
            Some(_) => found.push((format!("var `{name}`"), THEN, "another one")),
            None => found.push((format!("var `{name}`"), THEN, "none: no values are in a saved plan, give it again")),
        }
    }
    let new = now.vars.keys().filter(|name| !then.vars.contains_key(*name));
    found.extend(new.map(|name| (format!("var `{name}`"), "none given", "one")));
    for (name, hash) in &then.secrets {
        if now.secrets.get(name).is_some_and(|other| other != hash) {
            found.push((format!("secret `{name}`"), THEN, "another one"));
        }
    }
    found
}

/// Compares what was seen of the resources that a saved plan touches, and what would be done about them now. `plan` is made of just
/// these.
pub fn of_resources(saved: &SavedPlan, survey: &Survey<'_>, plan: &Plan) -> Vec<Stale> {
    let keys = touched::keys(survey, plan);
    let planned_now: HashMap<String, &PlannedResource> =
        plan.resources.iter().map(|planned| (planned.address.to_string(), planned)).collect();
    let then: BTreeMap<&str, &Touched> =
        saved.about.touched.iter().map(|touched| (touched.address.as_str(), touched)).collect();
    let mut stale = Vec::new();
    for planned in &saved.plan.resources {
        let address = planned.address.to_string();
        let Some(touched_then) = then.get(address.as_str()) else {
            if planned.acts() {
                stale.push(Stale::new(&address, "state", "one that the file has a hash of", "no hash"));
            }
            continue;
        };
        let problem = plan.problems.iter().find(|problem| problem.address == planned.address);
        let word = planned.action.word();
        let stale_of_it = match (planned_now.get(&address), keys.get(&*planned.address.host), problem) {
            (_, _, Some(problem)) => Some(Stale::new(&address, "action", word, visible(&problem.message))),
            (Some(now), Some(key), None) => {
                let touched_now = touched::of(survey, now, key);
                of_resource((touched_then, planned), (&touched_now, now))
            }
            _ => Some(Stale::new(&address, "action", word, "nothing that could be done about it")),
        };
        stale.extend(stale_of_it);
    }
    let reported: BTreeSet<String> = stale.iter().map(|stale| stale.subject.clone()).collect();
    for problem in plan.problems.iter().filter(|problem| !reported.contains(&problem.address.to_string())) {
        stale.push(Stale::new(&problem.address.to_string(), "problem", "none", visible(&problem.message)));
    }
    stale
}

/// Returns the first thing that is otherwise with a resource.
fn of_resource(then: (&Touched, &PlannedResource), now: (&Touched, &PlannedResource)) -> Option<Stale> {
    let ((touched_then, planned), (touched_now, planned_now)) = (then, now);
    let subject = &touched_then.address;
    if touched_then.state != touched_now.state {
        return Some(Stale::new(subject, "state", &touched_then.state, &touched_now.state));
    }
    let value = |planned: &PlannedResource, name: &str| {
        let value = planned.before.iter().find(|(of, _)| of == name).map(|(_, value)| value);
        describe(value.unwrap_or(&Value::Null))
    };
    if let Some(name) = differing(&touched_then.observed, &touched_now.observed) {
        return Some(Stale::new(subject, name, value(planned, name), value(planned_now, name)));
    }
    let (record, record_now) = (ResourceRecord::of(planned), ResourceRecord::of(planned_now));
    if record.action != record_now.action {
        return Some(Stale::new(subject, "action", record.action, record_now.action));
    }
    let after = |planned: &PlannedResource, name: &str| {
        let change = planned.changes.iter().find(|change| change.attribute == name);
        change.map_or_else(|| "no change".into(), |change| describe(&change.after))
    };
    let named = |record: &ResourceRecord| -> Vec<(String, _)> {
        let change = |change: &super::record::ChangeRecord| (change.attribute.clone(), change.clone());
        record.changes.iter().map(change).collect()
    };
    let (changes, changes_now) = (named(&record), named(&record_now));
    if let Some(name) =
        differing(&changes, &changes_now).or_else(|| differing(&touched_then.wanted, &touched_now.wanted))
    {
        return Some(Stale::new(subject, name, after(planned, name), after(planned_now, name)));
    }
    let sure = |record: &ResourceRecord| match &record.certainty {
        CertaintyRecord::Ready => "certain".to_string(),
        CertaintyRecord::Maybe => "perhaps".to_string(),
        CertaintyRecord::Deferred { until, .. } => format!("deferred until {}", visible(&until.join(", "))),
    };
    let owed = |record: &ResourceRecord| record.owed.clone().unwrap_or_else(|| "none".into());
    let owes = |record: &ResourceRecord| {
        let all: Vec<String> = record.owes.iter().map(|(to, what)| format!("{what} of {}", visible(to))).collect();
        if all.is_empty() { "none".to_string() } else { all.join(", ") }
    };
    let rest = [("certainty", sure as fn(&ResourceRecord) -> String), ("restart", owed), ("restarts", owes)];
    let differs = rest.into_iter().find(|(_, of)| of(&record) != of(&record_now));
    differs.map(|(what, of)| Stale::new(subject, what, of(&record), of(&record_now)))
}

/// Returns the first name that has another value in one list than in the other, or is only in one.
fn differing<'a, T: PartialEq>(then: &'a [(String, T)], now: &'a [(String, T)]) -> Option<&'a str> {
    let differs = then
        .iter()
        .find(|(name, value)| now.iter().find(|(other, _)| other == name).is_none_or(|(_, other)| other != value));
    let is_new = || now.iter().find(|(name, _)| then.iter().all(|(other, _)| other != name));
    differs.or_else(is_new).map(|(name, _)| name.as_str())
}
