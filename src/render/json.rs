//! A plan for programs.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use crate::model::Value;
use crate::plan::{Certainty, Plan, PlannedResource};
use crate::survey::Cause;

/// The two integers of `format_version`: the first grows when a reader must change, the second when fields are added.
pub const FORMAT_VERSION: [u32; 2] = [1, 1];

/// A plan as JSON, written resource by resource. Secrets are `null` and named in `sensitive`; what is known after apply
/// is absent from `after` and named in `after_unknown`.
#[derive(Clone, Copy, Debug)]
pub struct PlanJson<'a>(pub &'a Plan);

impl Serialize for PlanJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plan = self.0;
        let counts = plan.counts();
        let mut whole = serializer.serialize_map(Some(11))?;
        whole.serialize_entry("format_version", &FORMAT_VERSION)?;
        whole.serialize_entry("spec", &plan.spec)?;
        whole.serialize_entry("hosts", &plan.hosts)?;
        whole.serialize_entry("resources", &Resources(&plan.resources))?;
        let findings = plan
            .findings
            .iter()
            .map(|finding| json!({ "address": finding.address.to_string(), "message": finding.message }));
        whole.serialize_entry("findings", &findings.collect::<Vec<_>>())?;
        let problems = plan.problems.iter().map(|problem| {
            json!({
                "address": problem.address.to_string(), "message": problem.message, "place": problem.place,
                "help": problem.help,
            })
        });
        whole.serialize_entry("problems", &problems.collect::<Vec<_>>())?;
        let released = plan
            .released
            .iter()
            .map(|released| json!({ "address": released.address.to_string(), "why": released.why }));
        whole.serialize_entry("released", &released.collect::<Vec<_>>())?;
        whole.serialize_entry("notes", &plan.notes)?;
        whole.serialize_entry("partial", &plan.is_partial)?;
        whole.serialize_entry("unreachable", &super::hosts::json(&plan.unreachable))?;
        let summary = json!({
            "create": counts.create, "change": counts.change, "delete": counts.delete,
            "run": counts.run, "unchanged": counts.unchanged,
        });
        whole.serialize_entry("summary", &summary)?;
        whole.end()
    }
}

/// Resources, of which only one at a time is there as JSON.
struct Resources<'a>(&'a [PlannedResource]);

impl Serialize for Resources<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(resource))
    }
}

fn resource(planned: &PlannedResource) -> Json {
    let mut sensitive = Vec::new();
    let mut unknown = Vec::new();
    let before: Map<String, Json> = planned
        .before
        .iter()
        .filter_map(|(name, value)| {
            note_sensitive(name, value, &mut sensitive);
            Some((name.to_string(), plain(value)?))
        })
        .collect();
    let after: Map<String, Json> = planned
        .after()
        .iter()
        .filter_map(|(name, value)| {
            note_sensitive(name, value, &mut sensitive);
            if value.unknown().is_some() {
                unknown.push(name.clone());
                return None;
            }
            Some((name.clone(), plain(value)?))
        })
        .collect();
    let (deferred_until, certain) = match &planned.certainty {
        Certainty::Ready => (Vec::new(), true),
        Certainty::Maybe => (Vec::new(), false),
        Certainty::Deferred { until, .. } => (until.iter().map(ToString::to_string).collect(), false),
    };
    let mut reasons = planned.reasons.clone();
    if let Certainty::Deferred { reason, .. } = &planned.certainty {
        reasons.insert(0, reason.clone());
    }
    json!({
        "address": planned.address.to_string(),
        "host": &*planned.address.host,
        "kind": &*planned.address.kind,
        "name": &*planned.address.name,
        "action": planned.action.word(),
        "certain": certain,
        "deferred_until": deferred_until,
        "owed": planned.owed.map(|owed| owed.word()),
        "before": if planned.before.is_empty() { Json::Null } else { Json::Object(before) },
        "after": if after.is_empty() { Json::Null } else { Json::Object(after) },
        "after_unknown": unknown,
        "sensitive": sensitive,
        "cause": planned.cause.map(Cause::word),
        "reasons": reasons,
        "depends_on": planned.depends_on.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn note_sensitive(name: &str, value: &Value, sensitive: &mut Vec<String>) {
    if value.is_sensitive() && !sensitive.iter().any(|known| known == name) {
        sensitive.push(name.to_string());
    }
}

/// Returns a value as JSON: `null` for a secret, nothing for what is not known yet.
fn plain(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Null | Value::Secret(_) => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => Json::Array(items.iter().filter_map(plain).collect()),
        Value::Map(entries) => {
            Json::Object(entries.iter().filter_map(|(key, value)| Some((key.clone(), plain(value)?))).collect())
        }
        Value::Content(content) if content.is_sensitive() => Json::Null,
        Value::Content(content) => match content.text() {
            Some(text) => json!({ "text": text, "size": content.size(), "sha256": content.hash() }),
            None => json!({ "size": content.size(), "sha256": content.hash() }),
        },
        Value::Unknown(_) => return None,
    })
}
