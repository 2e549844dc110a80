//! A survey in, a plan out.
//!
//! Resources are visited in graph order; [`decide`] says what is to be done about each, [`upstream`] what it has to know
//! of those before it, and this file writes down what came of it, for readers.

mod lacks;
mod ledgers;
mod upstream;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::graph::Graph;
use crate::model::{Action, Address, Change, Changes, OwedAction, Redactor, Secret, Value};
use crate::resource::{AnyObserved, Mode, Phase, Refusal};
use crate::survey::{Item, Rotation, Survey, Wants};

use super::decide::{Act, Decision, Doubt, decide};
use super::{Certainty, Finding, LeftAsIs, Plan, PlannedResource, Problem, Withheld};

/// Builds the plan for what is known now. Resources are visited in graph order, so that each knows what happens to what
/// it depends on. Whatever holds a known secret is hidden. A partial run deletes nothing.
pub fn build(survey: &Survey<'_>) -> Plan {
    let items: Vec<Item<'_>> = (0..survey.len()).map(|node| survey.item(node)).collect();
    let graph = survey.graph();
    let mut builder = Builder {
        survey,
        items: &items,
        graph,
        secrets: &survey.redactor(),
        is_partial: survey.is_partial(),
        wants: (0..survey.len()).map(|node| survey.wants(node)).collect(),
        places: OnceCell::new(),
        installs: OnceCell::new(),
        acting: vec![Acting::No; items.len()],
        upstream: vec![Acting::No; items.len()],
        hosts: BTreeMap::new(),
        early: HashMap::new(),
        packages: HashMap::new(),
        packages_to_come: HashMap::new(),
        withheld: vec![None; items.len()],
        owed_elsewhere: BTreeMap::new(),
        plan: Plan {
            spec: survey.spec().name.clone(),
            hosts: survey.hosts(),
            is_partial: survey.is_partial(),
            ..Plan::default()
        },
    };
    for &node in graph.order() {
        builder.upstream[node] = graph
            .dependencies(node)
            .map(|(before, _)| builder.acting[before].max(builder.upstream[before]))
            .max()
            .unwrap_or(Acting::No);
        builder.withheld[node] = builder.withheld_before(node);
        builder.visit(node);
    }
    for (name, wants) in survey.unknown_without() {
        builder.plan.notes.push(format!("{name} is left out, because {}", wants.why()));
    }
    builder.plan.released = survey.released().to_vec();
    builder.note_withheld();
    builder.note_owed_elsewhere();
    builder.note_ledgers();
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
    survey: &'a Survey<'a>,
    items: &'a [Item<'a>],
    graph: &'a Graph,
    secrets: &'a Redactor,
    is_partial: bool,
    /// What each resource needs of hosts that the run goes on without.
    wants: Vec<Option<Wants>>,
    /// Made where a value waits for a resource.
    places: OnceCell<HashMap<&'a Address, usize>>,
    acting: Vec<Acting>,
    /// Whether anything a resource really depends on, near or far, is going to change.
    upstream: Vec<Acting>,
    /// The hosts on which anything changes, with the phase of the first that does.
    hosts: BTreeMap<Arc<str>, Phase>,
    /// What acts in the phases up to the packages, of each host.
    early: HashMap<Arc<str>, Vec<usize>>,
    /// The packages of each host that change.
    packages: HashMap<Arc<str>, Vec<Address>>,
    /// The packages of each host, made where a host is asked for them.
    installs: OnceCell<HashMap<&'a str, Vec<usize>>>,
    /// The packages of a host that are about to be installed, as far as it was asked.
    packages_to_come: HashMap<Arc<str>, Vec<Address>>,
    /// For each resource: what it needs, near or far, or is itself, and is left as it is.
    withheld: Vec<Option<usize>>,
    /// Resources out of scope that stay owed a restart or reload, with the first whose change owes it and how many do.
    owed_elsewhere: BTreeMap<&'a Address, (OwedAction, &'a Address, usize)>,
    plan: Plan,
}

impl Builder<'_> {
    fn visit(&mut self, node: usize) {
        let item = &self.items[node];
        if item.left_alone || !item.in_scope {
            return;
        }
        let Some(observed) = item.observed else { return };
        let (upstream, why_owed) = self.upstream(node, observed);
        let decision = decide(item, observed, &upstream);
        let planned = match item.resource.kind.mode() {
            Mode::Requirement => self.requirement(node, decision),
            Mode::Check => self.check(node, decision),
            Mode::Converge | Mode::Run => {
                let Some(mut planned) = self.change(node, observed, decision, why_owed) else { return };
                planned.owed = upstream.owed.map(|owing| owing.action());
                planned
            }
        };
        self.plan.resources.push(planned);
    }

    fn requirement(&mut self, node: usize, decision: Decision) -> PlannedResource {
        let item = &self.items[node];
        let mut planned = self.planned(node, Action::Read, Vec::new());
        let unmet = match decision {
            Decision::Waive(unmet) => format!(": {unmet}"),
            Decision::Defer { until, reason, .. } => {
                planned.reasons.push("looked at again after the packages".into());
                planned.certainty = Certainty::Deferred { until, reason };
                String::new()
            }
            Decision::Refuse(refusal) => {
                self.refuse(node, refusal);
                return planned;
            }
            Decision::Withhold(why) => {
                self.plan.withheld.push(LeftAsIs { address: item.address.clone(), node, why });
                return planned;
            }
            _ => String::new(),
        };
        if item.overridden {
            planned.reasons.push("overridden by the inventory".into());
            self.plan.notes.push(format!("{}: the inventory overrides the requirement{unmet}", item.address));
        }
        planned
    }

    fn check(&mut self, node: usize, decision: Decision) -> PlannedResource {
        let item = &self.items[node];
        let mut planned = self.planned(node, Action::Read, Vec::new());
        match decision {
            Decision::Refuse(refusal) => self.refuse(node, refusal),
            Decision::Withhold(why) => {
                self.plan.withheld.push(LeftAsIs { address: item.address.clone(), node, why });
            }
            Decision::Miss(message) => {
                planned.reasons.push("fails now".into());
                if self.hosts.contains_key(&item.address.host) {
                    planned.reasons.push("looked at again after the changes".into());
                } else {
                    let message = self.secrets.shown(&message);
                    self.plan.findings.push(Finding { address: item.address.clone(), message });
                }
            }
            _ => {}
        }
        planned
    }

    /// Writes down what is done to a resource; nothing where it is refused or left as it is.
    fn change(
        &mut self,
        node: usize,
        observed: &AnyObserved,
        decision: Decision,
        why_owed: Vec<String>,
    ) -> Option<PlannedResource> {
        let item = &self.items[node];
        let mut reasons = Vec::new();
        let finishes = decision == Decision::Finish;
        let (act, certainty) = match decision {
            Decision::Refuse(refusal) => {
                self.refuse(node, refusal);
                return None;
            }
            Decision::Withhold(why) => {
                self.withheld[node] = Some(node);
                self.plan.withheld.push(LeftAsIs { address: item.address.clone(), node, why });
                return None;
            }
            Decision::Act(act) => (act, Certainty::Ready),
            Decision::Perhaps(act, doubt) => {
                reasons.extend(why_perhaps(doubt));
                (act, Certainty::Maybe)
            }
            Decision::Defer { until, reason, likely } => {
                let reason = self.secrets.shown(&reason);
                (likely, Certainty::Deferred { until, reason })
            }
            Decision::Finish => (end_of_rotation(), Certainty::Ready),
            // The last two are for what only looks.
            Decision::Nothing | Decision::Waive(_) | Decision::Miss(_) => (Act::NOTHING, Certainty::Ready),
        };
        let Act { action, changes } = act;
        if (!changes.is_empty() || matches!(action, Action::Restart | Action::Reload)) && !finishes {
            reasons.extend(item.resource.kind.remarks(item.resource, observed, &changes));
        }
        if action != Action::None {
            reasons.extend(self.awaited(node));
        }
        let cause = match action {
            Action::Create | Action::Update | Action::Delete | Action::Replace => self.survey.cause(node, observed),
            _ => None,
        };
        reasons.extend(cause.and_then(|cause| self.why_it_differs(node, cause)));
        reasons.extend(why_owed);
        reasons.extend(self.why_rotated(node, action));
        let mut planned = self.planned(node, action, changes.into_iter().map(|change| self.hide(change)).collect());
        planned.reasons = reasons.iter().map(|reason| self.secrets.shown(reason)).collect();
        planned.before = self.before(&planned.changes, item.resource.kind.observed_attributes(observed));
        planned.finishes = finishes;
        planned.cause = cause.filter(|_| !finishes);
        // Nobody else needs to care about the end of a rotation.
        if planned.acts() && !finishes {
            self.acts(node, if certainty == Certainty::Ready { Acting::Yes } else { Acting::Maybe });
            planned.owes = self.owes(node);
        }
        planned.certainty = certainty;
        Some(planned)
    }

    /// Says what a reader should know of a secret that is being rotated.
    fn why_rotated(&mut self, node: usize, action: Action) -> Option<String> {
        let item = &self.items[node];
        match item.rotation? {
            Rotation::Asked => (action != Action::None).then(|| "it is rotated, as asked".into()),
            Rotation::Unfinished if self.is_partial => {
                let note = "its rotation stays unfinished, because the run leaves something out";
                self.plan.notes.push(format!("{}: {note}", item.address));
                None
            }
            Rotation::Unfinished => Some("its rotation is finished once all the rest has succeeded".into()),
        }
    }

    /// Remembers that a resource changes, for those that come after it.
    fn acts(&mut self, node: usize, acting: Acting) {
        self.acting[node] = acting;
        let address = self.items[node].address;
        let phase = self.graph.phase(node);
        self.hosts.entry(address.host.clone()).and_modify(|first| *first = phase.min(*first)).or_insert(phase);
        if phase <= Phase::Package {
            self.early.entry(address.host.clone()).or_default().push(node);
        }
        if phase == Phase::Package {
            self.packages.entry(address.host.clone()).or_default().push(address.clone());
        }
    }

    /// Returns the restarts and reloads that a change of a resource owes to others, and notes those out of scope.
    fn owes(&mut self, node: usize) -> Vec<(Address, OwedAction)> {
        let mut owes = Vec::new();
        for &(service, action) in self.graph.triggered_by(node) {
            let target = &self.items[service];
            owes.push((target.address.clone(), action));
            if !target.in_scope {
                let owed = self.owed_elsewhere.entry(target.address).or_insert((action, self.items[node].address, 0));
                owed.0 = owed.0.max(action);
                owed.2 += 1;
            }
        }
        owes
    }

    /// Says what is left as it is, and once for each of those what needs it.
    fn note_withheld(&mut self) {
        let mut needed: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
        for left in &self.plan.withheld {
            match &left.why {
                Withheld::Destroys(action) => {
                    let (address, word) = (&left.address, action.word());
                    let note = format!("{address} would be {word}d; a partial run deletes nothing");
                    self.plan.notes.push(note);
                }
                Withheld::Wants(wants) => {
                    let note = format!("{} is left as it is, because {}", left.address, wants.why());
                    self.plan.notes.push(note);
                }
                Withheld::Needs(other) => needed.entry(other).or_default().push(&left.address),
            }
        }
        for (other, needing) in needed {
            let first = needing[0];
            let note = match needing.len() {
                1 => format!("{first} is left as it is too, because it needs {other}"),
                count => format!("{first} and {} more are left as they are too, because they need {other}", count - 1),
            };
            self.plan.notes.push(note);
        }
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

    /// Hides a change of which either side holds a known secret.
    fn hide(&self, change: Change) -> Change {
        let leaks = |value: &Value| !value.is_sensitive() && self.secrets.is_in(value);
        let change = Change { after: self.hide_lines(change.after), ..change };
        if !leaks(&change.before) && !leaks(&change.after) {
            return change;
        }
        Change { before: change.before.masked(), after: change.after.masked(), ..change }
    }

    /// Hides the lines with a known secret of what is shown of a secret content, though no secret had part in them.
    fn hide_lines(&self, value: Value) -> Value {
        match value {
            Value::Content(content) if content.is_sensitive() => {
                Value::Content(content.keep_open(|line| !self.secrets.is_in(&Value::text(line))))
            }
            value => value,
        }
    }

    /// Hides what must be of the attributes observed: known secrets, and what a hidden change replaces.
    fn before(&self, changes: &[Change], observed: Vec<(&'static str, Value)>) -> Vec<(Cow<'static, str>, Value)> {
        observed
            .into_iter()
            .map(|(name, value)| {
                let is_hidden = changes.iter().any(|change| change.attribute == name && change.before.is_sensitive());
                let hide = is_hidden || self.secrets.is_in(&value);
                (name.into(), if hide { value.masked() } else { value })
            })
            .collect()
    }

    fn planned(&self, node: usize, action: Action, changes: Vec<Change>) -> PlannedResource {
        let mut depends_on: Vec<(usize, Address)> =
            self.graph.dependencies(node).map(|(before, _)| (before, self.items[before].address.clone())).collect();
        depends_on.sort();
        depends_on.dedup();
        PlannedResource {
            node,
            changes,
            depends_on: depends_on.into_iter().map(|(_, address)| address).collect(),
            ..PlannedResource::bare(self.items[node].address.clone(), action)
        }
    }

    fn refuse(&mut self, node: usize, mut refusal: Refusal) {
        let address = self.items[node].address.clone();
        if self.survey.has_left(node) && !refusal.help.contains("state forget") {
            refusal.help.push_str(&format!("; or let it go: `infra state forget {address}`"));
        }
        let message = self.secrets.shown(&refusal.message);
        let place = self.survey.sources().place(self.survey.resolved(node).span);
        self.plan.problems.push(Problem { address, message, place, help: refusal.help });
    }
}

/// Says why a command may turn out not to run; a restart has its reasons already.
fn why_perhaps(doubt: Doubt) -> Option<String> {
    match doubt {
        Doubt::GuardMayHold => Some("unless its guard holds after the changes it depends on".into()),
        Doubt::GuardMayAsk => Some("only if its guard asks for it after the changes it depends on".into()),
        Doubt::MayNotChange => None,
    }
}

/// Shows that what a secret replaced is forgotten.
fn end_of_rotation() -> Act {
    let mut changes = Changes::new();
    changes.push("previous value", Value::Secret(Secret::new("")), Value::Null);
    Act { action: Action::Update, changes: changes.into_vec() }
}
