//! Kinds as a simulated host knows them: their claims, triggers, steps and what they compare are their own, what a host tells
//! of them is one word and a fingerprint.

use std::any::Any;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use crate::diagnostic::Diagnostic;
use crate::model::{Action, Change, Changes, Expect, Probe, ProbeOutput, Secret, Step, Value, YamlNode};
use crate::resource::{
    AnyObserved, AnyResource, Capabilities, Claim, Claims, Common, Deferral, ErasedPlanned, KindInfo, KindObject,
    MakesValueObject, Mode, Refusal, Space, Trigger,
};

/// What a program is that only a simulated host runs.
const PROGRAM: &str = "simulated";

/// A kind whose answers are simulated.
struct Disguise {
    real: &'static dyn KindObject,
    info: &'static KindInfo,
    forgets: Option<Forgets>,
}

/// What kinds forget to say, to see that a world finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Forgets {
    /// What they require in a space.
    Requires(Space),
    /// What they provide in a space.
    Provides(Space),
    /// Whose change restarts them.
    Triggers,
}

/// What a simulated host tells of a resource that is there.
#[derive(Debug, PartialEq)]
struct Seen {
    fingerprint: String,
    value: String,
}

/// Returns a kind in its disguise.
pub fn disguise(real: &'static dyn KindObject) -> &'static dyn KindObject {
    disguised(real, None)
}

/// Returns what disguises kinds that forget something.
pub fn forgetful(forgets: Forgets) -> fn(&'static dyn KindObject) -> &'static dyn KindObject {
    match forgets {
        Forgets::Requires(Space::USER) => |real| disguised(real, Some(Forgets::Requires(Space::USER))),
        Forgets::Requires(_) => |real| disguised(real, Some(Forgets::Requires(Space::PATH))),
        Forgets::Provides(_) => |real| disguised(real, Some(Forgets::Provides(Space::PATH))),
        Forgets::Triggers => |real| disguised(real, Some(Forgets::Triggers)),
    }
}

/// Returns a kind in a disguise, the same each time.
pub fn disguised(real: &'static dyn KindObject, forgets: Option<Forgets>) -> &'static dyn KindObject {
    type Known = HashMap<(&'static str, Option<Forgets>), &'static Disguise>;
    static KNOWN: Mutex<Option<Known>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    *known.get_or_insert_default().entry((real.name(), forgets)).or_insert_with(|| {
        let KindInfo { name, section, mode, attributes, common, documentation, .. } = *real.info();
        let KindInfo { variants, observed_without, in_order, lane, shown_as, stays, holds_data, capabilities, .. } =
            *real.info();
        let makes_value = capabilities.makes_value.map(|_| &Makes as &dyn MakesValueObject);
        let capabilities = Capabilities { makes_value, ..capabilities };
        let info = KindInfo {
            name,
            section,
            mode,
            attributes,
            common,
            documentation,
            variants,
            observed_without,
            in_order,
            lane,
            shown_as,
            stays,
            holds_data,
            capabilities,
        };
        Box::leak(Box::new(Disguise { real, info: Box::leak(Box::new(info)), forgets }))
    })
}

/// Returns what a resource is on its host, where it is as its spec has it; nothing where there is nothing to be.
pub fn fingerprint(resource: &AnyResource) -> Option<String> {
    let kind = resource.kind;
    match kind.mode() {
        Mode::Check | Mode::Requirement => return Some("good".into()),
        Mode::Converge | Mode::Run if kind.is_absent(resource) => return None,
        Mode::Converge | Mode::Run => {}
    }
    let changes = kind.diff(resource, &AnyObserved::Absent(None)).into_vec();
    let mut hasher = DefaultHasher::new();
    changes.iter().for_each(|change| (&change.attribute, text(&change.after)).hash(&mut hasher));
    (!changes.is_empty()).then(|| format!("{:x}", hasher.finish()))
}

/// Writes a value with the secrets in it.
fn text(value: &Value) -> String {
    match value {
        Value::Secret(secret) => secret.expose().to_string(),
        Value::Content(content) => content.hash().to_string(),
        Value::List(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Map(entries) => entries.iter().map(|(key, value)| format!("{key}:{}", text(value))).collect(),
        value => format!("{value:?}"),
    }
}

fn seen(observed: &AnyObserved) -> Option<&Seen> {
    match observed {
        AnyObserved::Present(seen) => seen.downcast_ref(),
        _ => None,
    }
}

impl Disguise {
    /// Makes a row that names a resource, what it is to be, and what is done about it.
    fn row(&self, resource: &AnyResource, verb: &str) -> Vec<crate::model::Arg> {
        let wanted = fingerprint(resource).unwrap_or_default();
        crate::row![self.real.common(resource).address.local(), wanted, verb]
    }
}

impl KindObject for Disguise {
    fn info(&self) -> &'static KindInfo {
        self.info
    }

    fn decode(
        &self,
        common: Common,
        node: &YamlNode,
        diagnostics: &mut Vec<Diagnostic>,
        deferrals: &mut Vec<Deferral>,
    ) -> AnyResource {
        let mut resource = self.real.decode(common, node, diagnostics, deferrals);
        resource.kind = disguised(self.real, self.forgets);
        resource
    }

    fn common(&self, resource: &AnyResource) -> Common {
        self.real.common(resource)
    }

    fn claims(&self, resource: &AnyResource) -> Claims {
        let mut claims = self.real.claims(resource);
        match self.forgets {
            Some(Forgets::Requires(space)) => claims.requires.retain(|claim| claim.space != space),
            Some(Forgets::Provides(space)) => claims.provides.retain(|claim| claim.space != space),
            Some(Forgets::Triggers) | None => {}
        }
        claims
    }

    fn triggers(&self, resource: &AnyResource) -> Vec<Trigger> {
        if self.forgets == Some(Forgets::Triggers) { Vec::new() } else { self.real.triggers(resource) }
    }

    fn owed_applies(&self, resource: &AnyResource, observed: &AnyObserved) -> bool {
        match observed {
            // It runs.
            AnyObserved::Present(_) => !self.real.triggers(resource).is_empty(),
            other => self.real.owed_applies(resource, other),
        }
    }

    fn brought(&self, _resource: &AnyResource) -> Option<AnyObserved> {
        None
    }

    fn probe(&self, all: &[&AnyResource]) -> Probe {
        Probe::new(PROGRAM, all.iter().map(|resource| self.row(resource, "look")).collect())
    }

    fn parse(&self, all: &[&AnyResource], output: &ProbeOutput) -> Vec<AnyObserved> {
        let read = |(resource, record): (&&AnyResource, Option<&crate::model::Record>)| match record {
            None => AnyObserved::Failed(output.explain()),
            Some(record) => match record.field(0) {
                "absent" => AnyObserved::Absent(None),
                "later" => {
                    let claims = self.real.claims(resource).requires;
                    let words = |claim: &&Claim| claim.space.0 == record.field(1) && claim.name == record.field(2);
                    let needs = claims.iter().find(words).expect("it waits for what it requires").clone();
                    AnyObserved::Later { reason: format!("there is no {} {}", needs.space.0, needs.name), needs }
                }
                _ => {
                    let seen = Seen { fingerprint: record.field(1).into(), value: record.field(2).into() };
                    AnyObserved::Present(Arc::new(seen) as Arc<dyn Any + Send + Sync>)
                }
            },
        };
        all.iter().zip(output.first_records(all.len())).map(read).collect()
    }

    fn is_same(&self, one: &AnyObserved, other: &AnyObserved) -> bool {
        match (one, other) {
            (AnyObserved::Present(_), AnyObserved::Present(_)) => seen(one) == seen(other),
            (AnyObserved::Present(_), _) | (_, AnyObserved::Present(_)) => false,
            _ => self.real.is_same(one, other),
        }
    }

    fn observed_attributes(&self, observed: &AnyObserved) -> Vec<(&'static str, Value)> {
        seen(observed).map(|seen| ("there", seen.fingerprint.as_str().into())).into_iter().collect()
    }

    fn diff(&self, resource: &AnyResource, observed: &AnyObserved) -> Changes {
        if self.info.mode != Mode::Converge && self.is_absent(resource) {
            return Changes::new();
        }
        let Some(seen) = seen(observed) else {
            return match self.info.mode {
                Mode::Check => {
                    let mut changes = Changes::new();
                    changes.push("answer", "bad", "good");
                    changes
                }
                _ => self.real.diff(resource, &AnyObserved::Absent(None)),
            };
        };
        let mut changes = Changes::new();
        match fingerprint(resource) {
            Some(wanted) => _ = changes.compare("there", seen.fingerprint.as_str(), wanted.as_str()),
            None => changes.push("there", seen.fingerprint.as_str(), Value::Null),
        }
        changes
    }

    fn remarks(&self, _: &AnyResource, _: &AnyObserved, _: &[Change]) -> Vec<String> {
        Vec::new()
    }

    fn refusal(&self, _: &AnyResource, _: &AnyObserved) -> Option<Refusal> {
        None
    }

    fn expected(&self, resource: &AnyResource) -> Option<Vec<Expect>> {
        let real = self.real.expected(resource)?;
        let proves = self.info.mode != Mode::Run || real.iter().any(|field| *field != Expect::Any);
        Some(match fingerprint(resource) {
            _ if !proves => vec![Expect::Any],
            Some(wanted) => vec!["there".into(), wanted.into()],
            None => vec!["absent".into()],
        })
    }

    /// What is made has the steps that its kind makes, what is changed, restarted or taken away has one with its like.
    fn steps(&self, batch: &[ErasedPlanned<'_>]) -> Vec<Step> {
        let (there, fresh): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|&at| matches!(batch[at].observed, AnyObserved::Present(_)));
        let planned = |&at: &usize| {
            let ErasedPlanned { resource, observed, changes, action, owed } = batch[at];
            ErasedPlanned { resource, observed, changes, action, owed }
        };
        let fresh_batch: Vec<ErasedPlanned<'_>> = fresh.iter().map(planned).collect();
        let mut steps = if fresh.is_empty() { Vec::new() } else { self.real.steps(&fresh_batch) };
        for step in &mut steps {
            step.covers.iter_mut().for_each(|at| *at = fresh[*at]);
        }
        for verb in ["make", "restart", "take away"] {
            let is_meant = |at: &usize| verb_of(&batch[*at]) == verb;
            let covers: Vec<usize> = there.iter().copied().filter(is_meant).collect();
            if !covers.is_empty() {
                let purpose = format!("{verb} {} {}", covers.len(), self.info.name);
                steps.push(Step::new(PROGRAM, covers, purpose));
            }
        }
        for step in &mut steps {
            step.script = PROGRAM;
            step.input.clear();
            step.rows = step.covers.iter().map(|&at| self.row(batch[at].resource, verb_of(&batch[at]))).collect();
        }
        steps
    }

    fn is_absent(&self, resource: &AnyResource) -> bool {
        self.real.is_absent(resource)
    }
}

fn verb_of(planned: &ErasedPlanned<'_>) -> &'static str {
    match planned.action {
        Action::Restart | Action::Reload => "restart",
        _ if fingerprint(planned.resource).is_none() => "take away",
        _ => "make",
    }
}

/// Makes secrets, whose values a simulated host makes up.
struct Makes;

impl MakesValueObject for Makes {
    fn value(&self, observed: &AnyObserved) -> Option<Value> {
        seen(observed).map(|seen| Value::Secret(Secret::new(seen.value.as_str())))
    }

    fn with_rotation(&self, _: &AnyResource) -> AnyResource {
        unimplemented!("nothing is rotated")
    }

    fn conclude(&self, _: &[ErasedPlanned<'_>]) -> Vec<Step> {
        unimplemented!("nothing is rotated")
    }
}
