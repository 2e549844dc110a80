//! A survey in, a plan out.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::graph::{Graph, Reason};
use crate::model::{Action, Address, Change, Changes, OwedAction, Redactor, Secret, Until, Value};
use crate::resource::{AnyObserved, AnyResource, Claim, Deferral, Phase, Style};
use crate::survey::{Item, Rotation, Survey};

use super::{Certainty, Finding, Plan, PlannedResource, Problem};

/// Builds the plan for what is known now. Resources are visited in graph order, so that each knows what happens to what
/// it depends on. Whatever holds a known secret is hidden. A partial run (`--target`, `--host`) deletes nothing.
pub fn build(survey: &Survey<'_>) -> Plan {
    let items: Vec<Item<'_>> = (0..survey.len()).map(|node| survey.item(node)).collect();
    let graph = survey.graph();
    let mut builder = Builder {
        items: &items,
        graph,
        secrets: &survey.redactor(),
        is_partial: survey.is_partial(),
        places: OnceCell::new(),
        installs: OnceCell::new(),
        acting: vec![Acting::No; items.len()],
        upstream: vec![Acting::No; items.len()],
        hosts: BTreeMap::new(),
        packages: HashMap::new(),
        packages_to_come: HashMap::new(),
        owed_elsewhere: BTreeMap::new(),
        plan: Plan { spec: survey.spec().name.clone(), hosts: survey.hosts(), ..Plan::default() },
    };
    for &node in graph.order() {
        builder.upstream[node] = graph
            .dependencies(node)
            .map(|(before, _)| builder.acting[before].max(builder.upstream[before]))
            .max()
            .unwrap_or(Acting::No);
        builder.visit(node);
    }
    builder.note_owed_elsewhere();
    builder.plan
}

/// What is known about a resource's change while its dependants are planned.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Acting {
    No,
    Maybe,
    Yes,
}

struct Builder<'a> {
    items: &'a [Item<'a>],
    graph: &'a Graph,
    secrets: &'a Redactor,
    is_partial: bool,
    /// Made where a value waits for a resource.
    places: OnceCell<HashMap<&'a Address, usize>>,
    acting: Vec<Acting>,
    /// Whether anything a resource really depends on, near or far, is going to change.
    upstream: Vec<Acting>,
    /// The hosts on which anything changes, with the phase of the first that does.
    hosts: BTreeMap<Arc<str>, Phase>,
    /// The packages of each host that change.
    packages: HashMap<Arc<str>, Vec<Address>>,
    /// The packages of each host, made where a host is asked for them.
    installs: OnceCell<HashMap<&'a str, Vec<usize>>>,
    /// Whether packages of a host are about to be installed, as far as it was asked.
    packages_to_come: HashMap<Arc<str>, bool>,
    /// Resources out of scope that stay owed a restart or reload, with the first whose change owes it and how many do.
    owed_elsewhere: BTreeMap<&'a Address, (OwedAction, &'a Address, usize)>,
    plan: Plan,
}

impl<'a> Builder<'a> {
    fn visit(&mut self, node: usize) {
        let item = &self.items[node];
        if item.left_alone || !item.in_scope {
            return;
        }
        let Some(observed) = item.observed else { return };
        match item.resource.kind.style() {
            Style::Requirement => self.requirement(node, observed),
            Style::Check => self.check(node, observed),
            Style::Converge | Style::Run => self.converge(node, observed),
        }
    }

    fn requirement(&mut self, node: usize, observed: &AnyObserved) {
        let item = &self.items[node];
        let mut entry = self.entry(node, Action::Read, Vec::new());
        let unmet = match observed {
            AnyObserved::Present(_) => item
                .compare(observed)
                .iter()
                .map(|change| {
                    format!("{} is {}, {} is required", change.attribute, show(&change.before), show(&change.after))
                })
                .collect(),
            AnyObserved::Later { reason, .. } if self.packages_to_come(node) => {
                entry.reasons.push(format!("{reason}; looked at again after the packages"));
                Vec::new()
            }
            AnyObserved::Failed(reason) | AnyObserved::Later { reason, .. } => vec![reason.clone()],
            AnyObserved::Absent(_) | AnyObserved::NotYet => vec!["nothing was observed".to_string()],
        };
        if !unmet.is_empty() {
            let unmet = unmet.join("; ");
            if item.overridden {
                entry.reasons.push("overridden by the inventory".into());
                self.plan.notes.push(format!("{}: the inventory overrides the requirement: {unmet}", item.address));
            } else {
                self.problem(
                    node,
                    format!("the host does not meet the requirement: {unmet}"),
                    "use a host that meets it, or override the requirement in the inventory",
                );
            }
        } else if item.overridden {
            entry.reasons.push("overridden by the inventory".into());
            self.plan.notes.push(format!("{}: the inventory overrides the requirement", item.address));
        }
        self.plan.resources.push(entry);
    }

    /// Says whether packages of the host are about to be installed; requirements stand before them in the order, so the
    /// resources themselves are asked.
    fn packages_to_come(&mut self, node: usize) -> bool {
        let host = &self.items[node].address.host;
        if let Some(known) = self.packages_to_come.get(host) {
            return *known;
        }
        let of_host = self.installs.get_or_init(|| {
            let mut of_host: HashMap<&str, Vec<usize>> = HashMap::new();
            for (other, item) in self.items.iter().enumerate() {
                if self.graph.phase(other) == Phase::Package && !item.left_alone && item.in_scope {
                    of_host.entry(&item.address.host).or_default().push(other);
                }
            }
            of_host
        });
        let come = of_host.get(&**host).into_iter().flatten().any(|&other| {
            let item = &self.items[other];
            item.observed.is_some_and(|observed| !item.compare(observed).is_empty())
        });
        self.packages_to_come.insert(host.clone(), come);
        come
    }

    fn check(&mut self, node: usize, observed: &AnyObserved) {
        let item = &self.items[node];
        let mut entry = self.entry(node, Action::Read, Vec::new());
        let failing = match observed {
            // It looked with a value that is going to be another one.
            AnyObserved::Present(_) if !item.deferrals.is_empty() => None,
            AnyObserved::Present(_) => {
                let changes = item.compare(observed);
                let words = changes.iter().map(|change| {
                    format!("{} is {}, expected {}", change.attribute, show(&change.before), show(&change.after))
                });
                (!changes.is_empty()).then(|| words.collect::<Vec<_>>().join("; "))
            }
            AnyObserved::Absent(_) | AnyObserved::NotYet => None,
            AnyObserved::Later { reason, .. } | AnyObserved::Failed(reason) => Some(reason.clone()),
        };
        if let Some(message) = failing {
            entry.reasons.push("fails now".into());
            if self.hosts.contains_key(&item.address.host) {
                entry.reasons.push("looked at again after the changes".into());
            } else {
                let message = self.secrets.redact(&message).into_owned();
                self.plan.findings.push(Finding { address: item.address.clone(), message });
            }
        }
        self.plan.resources.push(entry);
    }

    fn converge(&mut self, node: usize, observed: &AnyObserved) {
        let item = &self.items[node];
        let kind = item.resource.kind;
        let is_absent = kind.is_absent(item.resource);
        let mut reasons = Vec::new();
        let (mut changes, mut certainty) = match observed {
            AnyObserved::Failed(reason) => {
                self.problem(
                    node,
                    format!("it could not be observed: {reason}"),
                    "mend that on the host, then plan again",
                );
                return;
            }
            AnyObserved::Later { needs, reason } => {
                let until = self.unlocked_by(node, needs);
                if until.is_empty() && is_absent {
                    // Without what observes it, there is nothing of it to remove.
                    (Vec::new(), Certainty::Ready)
                } else if until.is_empty() {
                    let help = format!(
                        "add a resource that provides the {} {}, or put it on the host",
                        needs.space.0, needs.name
                    );
                    self.problem(node, reason.clone(), help);
                    return;
                } else {
                    let changes = if is_absent { Vec::new() } else { item.compare(&AnyObserved::Absent(None)) };
                    (changes, Certainty::Deferred { until, reason: self.secrets.redact(reason).into_owned() })
                }
            }
            AnyObserved::NotYet => (item.compare(&AnyObserved::Absent(None)), Certainty::Ready),
            AnyObserved::Absent(_) | AnyObserved::Present(_) => (item.compare(observed), Certainty::Ready),
        };
        if matches!(observed, AnyObserved::Absent(_) | AnyObserved::Present(_))
            && let Some(refusal) = kind.refusal(item.resource, observed)
        {
            self.problem(node, refusal.message, refusal.help);
            return;
        }
        let waits = applied(item.deferrals);
        if !waits.is_empty() && !is_absent {
            if let Some(never) = waits.iter().find(|address| !self.acts(address)) {
                let message = format!("a value of it comes from {never}, which this run does not make");
                self.problem(node, message, "plan without --target and --host, or mend that resource first");
                return;
            }
            certainty = Certainty::Deferred { until: waits, reason: "a value of it is not known before".to_string() };
        }
        let changed_inputs: Vec<Address> = self
            .graph
            .reads(node)
            .iter()
            .filter(|&&source| self.acting[source] != Acting::No)
            .map(|&source| self.items[source].address.clone())
            .collect();
        if certainty == Certainty::Ready && !changed_inputs.is_empty() && matches!(observed, AnyObserved::Present(_)) {
            certainty =
                Certainty::Deferred { until: changed_inputs, reason: "it depends on what that changes".to_string() };
        }
        let is_deferred = matches!(certainty, Certainty::Deferred { .. });
        if kind.style() == Style::Run && !is_deferred && !is_absent {
            let earlier = self.hosts.get(&item.address.host).is_some_and(|phase| *phase < self.graph.phase(node));
            if self.upstream[node] != Acting::No || earlier {
                if changes.is_empty() {
                    let after = Value::Unknown(Until::Applied(item.address.clone()));
                    changes.push(Change {
                        attribute: "run".into(),
                        before: Value::Null,
                        after,
                        forces_replacement: false,
                    });
                    reasons.push("only if its guard asks for it after the changes it depends on".into());
                } else {
                    reasons.push("unless its guard holds after the changes it depends on".into());
                }
                certainty = Certainty::Maybe;
            }
        }
        let mut action = match is_deferred {
            true => likely_action(item.resource, observed, &changes),
            false => action(item.resource, observed, &changes),
        };
        if !changes.is_empty() {
            reasons.extend(kind.remarks(item.resource, observed, &changes));
        }
        let owed = self.owed(node, observed, &mut reasons, &mut certainty, action == Action::None);
        if action == Action::None
            && let Some(owed) = owed
        {
            action = match owed {
                OwedAction::Restart => Action::Restart,
                OwedAction::Reload => Action::Reload,
            };
        }
        let finishes = item.rotation == Some(Rotation::Unfinished) && action == Action::None && !self.is_partial;
        match item.rotation {
            Some(Rotation::Asked) if action != Action::None => reasons.push("it is rotated, as asked".into()),
            Some(Rotation::Unfinished) if self.is_partial => {
                let note = "its rotation stays unfinished, because --target or --host leaves something out";
                self.plan.notes.push(format!("{}: {note}", item.address));
            }
            Some(Rotation::Unfinished) => {
                reasons.push("its rotation is finished once all the rest has succeeded".into())
            }
            _ => {}
        }
        if finishes {
            action = Action::Update;
            let mut noted = Changes::new();
            noted.push("previous value", Value::Secret(Secret::new("")), Value::Null);
            changes.extend(noted.into_vec());
        }
        if matches!(action, Action::Delete | Action::Replace) && item.prevent_destroy {
            let help = "take `prevent_destroy` away first, or keep what forces the deletion as it is";
            self.problem(node, format!("it would be {}d, and `prevent_destroy` forbids that", action.word()), help);
            return;
        }
        if matches!(action, Action::Delete | Action::Replace) && self.is_partial {
            let (address, word) = (item.address, action.word());
            self.plan.notes.push(format!("{address} would be {word}d; a run with --target or --host deletes nothing"));
            return;
        }
        self.acting[node] = match (&certainty, action) {
            (_, Action::None | Action::Read) => Acting::No,
            // Nobody else needs to care.
            _ if finishes => Acting::No,
            (Certainty::Ready, _) => Acting::Yes,
            _ => Acting::Maybe,
        };
        if self.acting[node] != Acting::No {
            let phase = self.graph.phase(node);
            self.hosts.entry(item.address.host.clone()).and_modify(|first| *first = phase.min(*first)).or_insert(phase);
            if phase == Phase::Package {
                self.packages.entry(item.address.host.clone()).or_default().push(item.address.clone());
            }
        }
        let mut entry = self.entry(node, action, changes.into_iter().map(|change| self.hide(change)).collect());
        entry.certainty = certainty;
        entry.finishes = finishes;
        entry.reasons = reasons.iter().map(|reason| self.secrets.redact(reason).into_owned()).collect();
        entry.owed = owed;
        entry.before = self.before(&entry.changes, kind.observed_attributes(observed));
        if self.acting[node] != Acting::No {
            for &(service, action) in self.graph.triggered_by(node) {
                let target = &self.items[service];
                entry.owes.push((target.address.clone(), action));
                if !target.in_scope {
                    let owed = self.owed_elsewhere.entry(target.address).or_insert((action, item.address, 0));
                    owed.0 = owed.0.max(action);
                    owed.2 += 1;
                }
            }
        }
        self.plan.resources.push(entry);
    }

    /// Returns what has to be applied before a claim holds: its providers that act; or else what the resource names in
    /// `depends_on` or comes after by habit, and acts (a command that makes tables, an account whose password is mended);
    /// or else, where nothing provides the claim, the packages that act.
    fn unlocked_by(&self, node: usize, needs: &Claim) -> Vec<Address> {
        let host = &self.items[node].address.host;
        let addresses = |nodes: &mut dyn Iterator<Item = usize>| -> Vec<Address> {
            let acting = nodes.filter(|&other| self.acting[other] != Acting::No);
            acting.map(|other| self.items[other].address.clone()).collect()
        };
        let providers = self.graph.providers(host, needs);
        let until = addresses(&mut providers.iter().copied());
        if !until.is_empty() {
            return until;
        }
        let named = self
            .graph
            .dependencies(node)
            .filter(|(_, reason)| matches!(reason, Reason::DependsOn(_) | Reason::Follows(_)));
        let named = addresses(&mut named.map(|(other, _)| other));
        if named.is_empty() && providers.is_empty() {
            return self.packages.get(host).cloned().unwrap_or_default();
        }
        named
    }

    /// Says once for each what stays owed to resources out of scope.
    fn note_owed_elsewhere(&mut self) {
        for (target, (action, first, count)) in std::mem::take(&mut self.owed_elsewhere) {
            let word = action.word();
            let changes = match count {
                1 => format!("{first} changes"),
                _ => format!("{first} and {} more change", count - 1),
            };
            self.plan.notes.push(format!("{changes}; {target} stays owed a {word}, because it is out of this run"));
        }
    }

    fn acts(&self, address: &Address) -> bool {
        let places = || self.items.iter().enumerate().map(|(node, item)| (item.address, node)).collect();
        self.places.get_or_init(places).get(address).is_some_and(|&node| self.acting[node] != Acting::No)
    }

    /// Hides a change of which either side holds a known secret.
    fn hide(&self, change: Change) -> Change {
        let leaks = |value: &Value| !value.is_sensitive() && self.secrets.is_in(value);
        if !leaks(&change.before) && !leaks(&change.after) {
            return change;
        }
        Change { before: change.before.masked(), after: change.after.masked(), ..change }
    }

    /// Hides what must be of the attributes observed: known secrets, and what a hidden change replaces.
    fn before(&self, changes: &[Change], observed: Vec<(&'static str, Value)>) -> Vec<(&'static str, Value)> {
        observed
            .into_iter()
            .map(|(name, value)| {
                let is_hidden = changes.iter().any(|change| change.attribute == name && change.before.is_sensitive());
                let hide = is_hidden || self.secrets.is_in(&value);
                (name, if hide { value.masked() } else { value })
            })
            .collect()
    }

    /// Returns the restart or reload that others' changes, or an earlier run, ask for.
    fn owed(
        &self,
        node: usize,
        observed: &AnyObserved,
        reasons: &mut Vec<String>,
        certainty: &mut Certainty,
        is_only_reason: bool,
    ) -> Option<OwedAction> {
        let item = &self.items[node];
        if !item.resource.kind.owed_applies(item.resource, observed) {
            return None;
        }
        let mut owed = item.owed;
        if owed.is_some() {
            reasons.push("owed since an earlier run".into());
        }
        let mut sure = owed.is_some();
        for &(source, action) in self.graph.triggers(node) {
            if self.acting[source] == Acting::No {
                continue;
            }
            owed = owed.max(Some(action));
            sure |= self.acting[source] == Acting::Yes;
            let verb = if self.acting[source] == Acting::Yes { "changes" } else { "may change" };
            reasons.push(format!("{} {verb}", self.items[source].address.local()));
        }
        if owed.is_some() && !sure && is_only_reason && *certainty == Certainty::Ready {
            *certainty = Certainty::Maybe;
        }
        owed
    }

    fn entry(&self, node: usize, action: Action, changes: Vec<Change>) -> PlannedResource {
        let mut depends_on: Vec<(usize, Address)> =
            self.graph.dependencies(node).map(|(before, _)| (before, self.items[before].address.clone())).collect();
        depends_on.sort();
        depends_on.dedup();
        PlannedResource {
            address: self.items[node].address.clone(),
            node,
            action,
            certainty: Certainty::Ready,
            changes,
            before: Vec::new(),
            reasons: Vec::new(),
            owed: None,
            owes: Vec::new(),
            finishes: false,
            depends_on: depends_on.into_iter().map(|(_, address)| address).collect(),
        }
    }

    fn problem(&mut self, node: usize, message: impl Into<String>, help: impl Into<String>) {
        let address = self.items[node].address.clone();
        let message = self.secrets.redact(&message.into()).into_owned();
        self.plan.problems.push(Problem { address, message, help: help.into() });
    }
}

/// Returns the resources that values wait for.
fn applied(deferrals: &[Deferral]) -> Vec<Address> {
    let mut waits: Vec<Address> = deferrals
        .iter()
        .filter_map(|deferral| match &deferral.until {
            Until::Applied(address) => Some(address.clone()),
            Until::Facts(_) => None,
        })
        .collect();
    waits.sort();
    waits.dedup();
    waits
}

/// Names what the changes amount to.
pub fn action(resource: &AnyResource, observed: &AnyObserved, changes: &[Change]) -> Action {
    if changes.is_empty() { Action::None } else { likely_action(resource, observed, changes) }
}

/// Names what changes that are not all known yet amount to.
fn likely_action(resource: &AnyResource, observed: &AnyObserved, changes: &[Change]) -> Action {
    let kind = resource.kind;
    match (kind.style(), observed) {
        (Style::Run, _) => Action::Run,
        _ if kind.is_absent(resource) => Action::Delete,
        (_, AnyObserved::Present(_)) if changes.iter().any(|change| change.forces_replacement) => Action::Replace,
        (_, AnyObserved::Present(_)) => Action::Update,
        _ => Action::Create,
    }
}

/// Shows a value in a sentence.
fn show(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(items) => items.iter().map(show).collect::<Vec<_>>().join(", "),
        Value::Map(entries) => {
            entries.iter().map(|(key, value)| format!("{key}: {}", show(value))).collect::<Vec<_>>().join(", ")
        }
        Value::Content(_) | Value::Secret(_) => "(sensitive)".into(),
        Value::Unknown(_) => "(known after apply)".into(),
    }
}
