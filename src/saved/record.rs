//! A plan without loss, as data: what every renderer makes of it is the same before and after. Of a secret it holds only that it
//! is one.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::model::{Action, Address, Change, Content, OwedAction, Secret, Until, Value};
use crate::plan::{Certainty, Finding, HostFailure, Plan, PlannedResource, Problem};
use crate::survey::{Cause, Released};

/// A plan that is written resource by resource, of which only one at a time is there as a record.
#[derive(Clone, Copy, Debug)]
pub struct PlanRecord<'a>(pub &'a Plan);

impl Serialize for PlanRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Resources<'a>(&'a [PlannedResource]);
        impl Serialize for Resources<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.0.iter().map(ResourceRecord::of))
            }
        }
        let plan = self.0;
        let mut whole = serializer.serialize_map(None)?;
        whole.serialize_entry("spec", &plan.spec)?;
        whole.serialize_entry("hosts", &plan.hosts)?;
        whole.serialize_entry("partial", &plan.is_partial)?;
        whole.serialize_entry("resources", &Resources(&plan.resources))?;
        let said = |address: &Address, message: &str| (address.to_string(), message.to_string());
        let findings: Vec<_> = plan.findings.iter().map(|finding| said(&finding.address, &finding.message)).collect();
        whole.serialize_entry("findings", &findings)?;
        let problems: Vec<_> = plan
            .problems
            .iter()
            .map(|problem| {
                let Problem { address, message, place, help } = problem;
                (address.to_string(), message, place, help)
            })
            .collect();
        whole.serialize_entry("problems", &problems)?;
        let failure = |failure: &HostFailure| (failure.host.clone(), failure.message.clone(), failure.help.clone());
        whole.serialize_entry("unreachable", &plan.unreachable.iter().map(failure).collect::<Vec<_>>())?;
        let released: Vec<_> = plan.released.iter().map(|released| said(&released.address, &released.why)).collect();
        whole.serialize_entry("released", &released)?;
        whole.serialize_entry("notes", &plan.notes)?;
        whole.end()
    }
}

/// A plan as it was read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    spec: String,
    hosts: Vec<String>,
    partial: bool,
    resources: Vec<ResourceRecord>,
    findings: Vec<(String, String)>,
    problems: Vec<(String, String, String, String)>,
    unreachable: Vec<(String, String, Option<String>)>,
    released: Vec<(String, String)>,
    notes: Vec<String>,
}

/// Why a record is none.
#[derive(Debug, thiserror::Error)]
pub enum NotARecord {
    #[error(transparent)]
    Address(#[from] crate::model::NotAnAddress),
    #[error("there is no action `{0}`")]
    Action(String),
    #[error("there is no cause `{0}`")]
    Cause(String),
    #[error("`{0}` is no number")]
    Number(String),
}

impl Parts {
    /// Makes a plan of it, for readers: no resource of it has a place in a run.
    pub(super) fn plan(self) -> Result<Plan, NotARecord> {
        let finding = |(address, message): (String, String)| Ok(Finding { address: address.parse()?, message });
        let problem = |(address, message, place, help): (String, String, String, String)| {
            Ok(Problem { address: address.parse()?, message, place, help })
        };
        let failure = |(host, message, help)| HostFailure { host, message, help };
        Ok(Plan {
            spec: self.spec,
            hosts: self.hosts,
            resources: self.resources.into_iter().map(ResourceRecord::planned).collect::<Result<_, _>>()?,
            findings: self.findings.into_iter().map(finding).collect::<Result<_, NotARecord>>()?,
            problems: self.problems.into_iter().map(problem).collect::<Result<_, NotARecord>>()?,
            is_partial: self.partial,
            unreachable: self.unreachable.into_iter().map(failure).collect(),
            withheld: Vec::new(),
            released: self
                .released
                .into_iter()
                .map(|(address, why)| Ok(Released { address: address.parse()?, why, heir: None }))
                .collect::<Result<_, NotARecord>>()?,
            notes: self.notes,
        })
    }
}

/// One resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceRecord {
    pub address: String,
    pub action: String,
    pub certainty: CertaintyRecord,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<(String, Stored)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owes: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finishes: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// How sure it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum CertaintyRecord {
    Ready,
    Maybe,
    Deferred { until: Vec<String>, reason: String },
}

/// One attribute that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeRecord {
    pub attribute: String,
    pub before: Stored,
    pub after: Stored,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forces_replacement: bool,
}

/// A value: as JSON has it, where that is all of it, or with a word for what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Stored {
    Null,
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<Stored>),
    Tagged(Tagged),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tagged {
    /// As text: JSON has no infinity.
    Float(String),
    Map(Vec<(String, Stored)>),
    /// A file's content that is text.
    Content(String),
    /// Any other content: its SHA-256 and its size.
    Bytes(String, u64),
    Hidden(Hidden),
    /// What is known only after these, or after the facts of a host.
    After(Vec<String>),
    AfterFacts(String),
}

/// What is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Hidden {
    Text,
    Content,
}

impl ResourceRecord {
    pub(super) fn of(planned: &PlannedResource) -> Self {
        let words = |addresses: &[Address]| addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
        let change = |change: &Change| ChangeRecord {
            attribute: change.attribute.clone(),
            before: Stored::of(&change.before),
            after: Stored::of(&change.after),
            forces_replacement: change.forces_replacement,
        };
        Self {
            address: planned.address.to_string(),
            action: planned.action.word().into(),
            certainty: match &planned.certainty {
                Certainty::Ready => CertaintyRecord::Ready,
                Certainty::Maybe => CertaintyRecord::Maybe,
                Certainty::Deferred { until, reason } => {
                    CertaintyRecord::Deferred { until: words(until), reason: reason.clone() }
                }
            },
            changes: planned.changes.iter().map(change).collect(),
            before: planned.before.iter().map(|(name, value)| (name.to_string(), Stored::of(value))).collect(),
            reasons: planned.reasons.clone(),
            owed: planned.owed.map(|owed| owed.word().into()),
            owes: planned.owes.iter().map(|(to, owed)| (to.to_string(), owed.word().into())).collect(),
            finishes: planned.finishes,
            depends_on: words(&planned.depends_on),
            cause: planned.cause.map(|cause| cause.word().into()),
        }
    }

    fn planned(self) -> Result<PlannedResource, NotARecord> {
        let addresses = |all: Vec<String>| -> Result<Vec<Address>, NotARecord> {
            all.into_iter().map(|address| Ok(address.parse()?)).collect()
        };
        let change = |change: ChangeRecord| -> Result<Change, NotARecord> {
            let ChangeRecord { attribute, before, after, forces_replacement } = change;
            Ok(Change { attribute, before: before.value()?, after: after.value()?, forces_replacement })
        };
        Ok(PlannedResource {
            address: self.address.parse()?,
            node: 0,
            action: Action::from_word(&self.action).ok_or(NotARecord::Action(self.action))?,
            certainty: match self.certainty {
                CertaintyRecord::Ready => Certainty::Ready,
                CertaintyRecord::Maybe => Certainty::Maybe,
                CertaintyRecord::Deferred { until, reason } => Certainty::Deferred { until: addresses(until)?, reason },
            },
            changes: self.changes.into_iter().map(change).collect::<Result<_, _>>()?,
            before: self
                .before
                .into_iter()
                .map(|(name, value)| Ok((Cow::Owned(name), value.value()?)))
                .collect::<Result<_, NotARecord>>()?,
            reasons: self.reasons,
            owed: self.owed.map(|word| owed(&word)).transpose()?,
            owes: self
                .owes
                .into_iter()
                .map(|(to, word)| Ok((to.parse()?, owed(&word)?)))
                .collect::<Result<_, NotARecord>>()?,
            finishes: self.finishes,
            depends_on: addresses(self.depends_on)?,
            cause: self.cause.map(|word| cause(&word)).transpose()?,
        })
    }
}

fn owed(word: &str) -> Result<OwedAction, NotARecord> {
    let known = [OwedAction::Reload, OwedAction::Restart].into_iter().find(|action| action.word() == word);
    known.ok_or_else(|| NotARecord::Action(word.into()))
}

fn cause(word: &str) -> Result<Cause, NotARecord> {
    let known = [Cause::Drift, Cause::Spec, Cause::Both, Cause::Left].into_iter().find(|cause| cause.word() == word);
    known.ok_or_else(|| NotARecord::Cause(word.into()))
}

impl Stored {
    pub(super) fn of(value: &Value) -> Self {
        let tagged = match value {
            Value::Null => return Self::Null,
            Value::Bool(value) => return Self::Bool(*value),
            Value::Integer(value) => return Self::Integer(*value),
            Value::Text(text) => return Self::Text(text.clone()),
            Value::List(items) => return Self::List(items.iter().map(Self::of).collect()),
            Value::Float(value) => Tagged::Float(value.to_string()),
            Value::Map(entries) => {
                Tagged::Map(entries.iter().map(|(key, value)| (key.clone(), Self::of(value))).collect())
            }
            Value::Secret(_) => Tagged::Hidden(Hidden::Text),
            Value::Content(content) if content.is_sensitive() => Tagged::Hidden(Hidden::Content),
            Value::Content(content) => match content.text() {
                Some(text) => Tagged::Content(text.into()),
                None => Tagged::Bytes(content.hash().into(), content.size()),
            },
            Value::Unknown(Until::Facts(host)) => Tagged::AfterFacts(host.clone()),
            Value::Unknown(until) => Tagged::After(until.addresses().iter().map(ToString::to_string).collect()),
        };
        Self::Tagged(tagged)
    }

    pub(super) fn value(self) -> Result<Value, NotARecord> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Integer(value) => Value::Integer(value),
            Self::Text(text) => Value::Text(text),
            Self::List(items) => Value::List(items.into_iter().map(Self::value).collect::<Result<_, _>>()?),
            Self::Tagged(tagged) => match tagged {
                Tagged::Float(text) => Value::Float(text.parse().map_err(|_| NotARecord::Number(text))?),
                Tagged::Map(entries) => {
                    Value::Map(entries.into_iter().map(|(key, value)| Ok((key, value.value()?))).collect::<Result<
                        _,
                        NotARecord,
                    >>(
                    )?)
                }
                Tagged::Content(text) => Value::Content(Content::new(text.into_bytes())),
                Tagged::Bytes(hash, size) => Value::Content(Content::summary(hash, size)),
                Tagged::Hidden(Hidden::Text) => Value::Secret(Secret::new("")),
                Tagged::Hidden(Hidden::Content) => Value::Content(Content::unknown()),
                Tagged::After(addresses) => Value::Unknown(Until::Applied(
                    addresses.into_iter().map(|address| Ok(address.parse()?)).collect::<Result<_, NotARecord>>()?,
                )),
                Tagged::AfterFacts(host) => Value::Unknown(Until::Facts(host)),
            },
        })
    }
}
