//! Resources, observations and graph in; plan out.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::graph::Graph;
use crate::model::{Action, Address, Change, Changes, OwedAction, Until, Value};
use crate::resource::{AnyObserved, AnyResource, Deferral, Style};

use super::{Certainty, Finding, Plan, PlannedResource, Problem};

/// A resource of the run with all that is known about it.
#[derive(Debug)]
pub struct Item<'a> {
    pub address: &'a Address,
    pub resource: &'a AnyResource,
    /// `None` where it was not looked at: out of scope, or left alone.
    pub observed: Option<&'a AnyObserved>,
    /// Attributes whose values are known only later.
    pub deferrals: &'a [Deferral],
    /// A restart or reload the host says is still owed to it.
    pub owed: Option<OwedAction>,
    /// `when: false`.
    pub left_alone: bool,
    /// `--target` and `--host` allow changing it.
    pub in_scope: bool,
    pub prevent_destroy: bool,
    pub ignore_changes: &'a [String],
    /// A requirement that the inventory overrides.
    pub overridden: bool,
}

/// Compares one resource with what was observed; `ignore_changes` and unknown attributes are taken into account.
pub fn compare(item: &Item<'_>, observed: &AnyObserved) -> Vec<Change> {
    let kind = item.resource.kind;
    let mut changes = kind.diff(item.resource, observed);
    for deferral in item.deferrals {
        let attribute = kind.shown_as(&deferral.attribute);
        let unknown = Value::Unknown(deferral.until.clone());
        changes = replace(changes, attribute, unknown, &kind.observed_attributes(observed));
    }
    let is_update = matches!(observed, AnyObserved::Present(_)) && !kind.is_absent(item.resource);
    changes
        .into_vec()
        .into_iter()
        .filter(|change| !(is_update && item.ignore_changes.contains(&change.attribute)))
        .collect()
}

/// Sets what an attribute will be, whether or not it was among the changes.
fn replace(changes: Changes, attribute: &str, after: Value, observed: &[(&'static str, Value)]) -> Changes {
    let before = observed.iter().find(|(name, _)| *name == attribute).map_or(Value::Null, |(_, value)| value.clone());
    let mut replaced = Changes::new();
    for change in changes.into_vec().into_iter().filter(|change| change.attribute != attribute) {
        replaced.push_change(change);
    }
    replaced.push(attribute, before, after);
    replaced
}

/// Builds the plan. Resources are visited in graph order, so that each knows what happens to what it depends on.
pub fn build(items: &[Item<'_>], graph: &Graph) -> Plan {
    let mut builder = Builder {
        items,
        graph,
        acting: vec![Acting::No; items.len()],
        upstream: vec![Acting::No; items.len()],
        hosts: BTreeSet::new(),
        plan: Plan::default(),
    };
    for &node in graph.order() {
        builder.upstream[node] = graph
            .dependencies(node)
            .map(|(before, _)| builder.acting[before].max(builder.upstream[before]))
            .max()
            .unwrap_or(Acting::No);
        builder.visit(node);
    }
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
    acting: Vec<Acting>,
    /// Whether anything a resource really depends on, near or far, is going to change.
    upstream: Vec<Acting>,
    /// The hosts on which anything changes.
    hosts: BTreeSet<Arc<str>>,
    plan: Plan,
}

impl Builder<'_> {
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
            AnyObserved::Present(_) => {
                let changes = compare(item, observed);
                changes
                    .iter()
                    .map(|change| {
                        format!("{} is {}, {} is required", change.attribute, show(&change.before), show(&change.after))
                    })
                    .collect()
            }
            AnyObserved::Failed(reason) | AnyObserved::Later { reason, .. } => vec![reason.clone()],
            AnyObserved::Absent => vec!["nothing was observed".to_string()],
        };
        if item.overridden {
            self.plan.notes.push(format!("{} is overridden by the inventory", item.address));
            entry.reasons.push("overridden by the inventory".into());
        }
        if !unmet.is_empty() {
            self.plan.problems.push(Problem {
                address: item.address.clone(),
                message: format!("the host does not meet the requirement: {}", unmet.join("; ")),
                help: "use a host that meets it, or override the requirement in the inventory".into(),
            });
        }
        self.plan.resources.push(entry);
    }

    fn check(&mut self, node: usize, observed: &AnyObserved) {
        let item = &self.items[node];
        let mut entry = self.entry(node, Action::Read, Vec::new());
        let may_mend = self.hosts.contains(&item.address.host);
        let failing = match observed {
            AnyObserved::Present(_) => {
                let changes = compare(item, observed);
                (!changes.is_empty()).then(|| {
                    changes
                        .iter()
                        .map(|change| {
                            format!(
                                "{} is {}, expected {}",
                                change.attribute,
                                show(&change.before),
                                show(&change.after)
                            )
                        })
                        .collect::<Vec<_>>()
                        .join("; ")
                })
            }
            AnyObserved::Absent => None,
            AnyObserved::Later { reason, .. } | AnyObserved::Failed(reason) => Some(reason.clone()),
        };
        if let Some(message) = failing {
            if may_mend {
                entry.reasons.push("checked again after the changes".into());
            } else {
                self.plan.findings.push(Finding { address: item.address.clone(), message });
            }
        }
        self.plan.resources.push(entry);
    }

    fn converge(&mut self, node: usize, observed: &AnyObserved) {
        let item = &self.items[node];
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
                let until: Vec<Address> = self
                    .graph
                    .providers(&item.address.host, needs)
                    .into_iter()
                    .filter(|&provider| self.acting[provider] != Acting::No)
                    .map(|provider| self.items[provider].address.clone())
                    .collect();
                if until.is_empty() {
                    let help = format!(
                        "add a resource that provides the {} {}, or put it on the host",
                        needs.space.0, needs.name
                    );
                    self.problem(node, reason.clone(), help);
                    return;
                }
                let changes = if item.resource.kind.is_absent(item.resource) {
                    Vec::new()
                } else {
                    compare(item, &AnyObserved::Absent)
                };
                (changes, Certainty::Deferred { until, reason: reason.clone() })
            }
            AnyObserved::Absent | AnyObserved::Present(_) => (compare(item, observed), Certainty::Ready),
        };
        let waits: Vec<Address> = applied(item.deferrals);
        if !waits.is_empty() && !item.resource.kind.is_absent(item.resource) {
            let reason = "a value of it is not known before".to_string();
            certainty = Certainty::Deferred { until: waits, reason };
        }
        let is_deferred = matches!(certainty, Certainty::Deferred { .. });
        if item.resource.kind.style() == Style::Run && !is_deferred {
            let upstream = self.upstream[node];
            if changes.is_empty() && upstream != Acting::No && !item.resource.kind.is_absent(item.resource) {
                changes = vec![Change {
                    attribute: "run".into(),
                    before: Value::Null,
                    after: Value::Unknown(Until::Applied(item.address.clone())),
                    forces_replacement: false,
                }];
                certainty = Certainty::Maybe;
                reasons.push("its guard is asked again, because something it depends on changes".into());
            } else if !changes.is_empty() && upstream != Acting::No {
                certainty = Certainty::Maybe;
                reasons.push("unless its guard holds by then".into());
            }
        }
        let mut action = action(item, observed, &changes, is_deferred);
        let owed = self.owed(node, observed, &mut reasons, &mut certainty, action == Action::None);
        if action == Action::None
            && let Some(owed) = owed
        {
            action = match owed {
                OwedAction::Restart => Action::Restart,
                OwedAction::Reload => Action::Reload,
            };
        }
        if matches!(action, Action::Delete | Action::Replace) {
            if item.prevent_destroy {
                let help = "take `prevent_destroy` away first, or keep what forces the deletion as it is";
                self.problem(node, format!("it would be {}d, and `prevent_destroy` forbids that", action.word()), help);
                return;
            }
        }
        self.acting[node] = match (&certainty, action) {
            (_, Action::None | Action::Read) => Acting::No,
            (Certainty::Ready, _) => Acting::Yes,
            _ => Acting::Maybe,
        };
        if self.acting[node] != Acting::No {
            self.hosts.insert(item.address.host.clone());
        }
        let mut entry = self.entry(node, action, changes);
        entry.certainty = certainty;
        entry.reasons = reasons;
        entry.owed = owed;
        entry.before = item.resource.kind.observed_attributes(observed);
        self.plan.resources.push(entry);
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
            depends_on: depends_on.into_iter().map(|(_, address)| address).collect(),
        }
    }

    fn problem(&mut self, node: usize, message: impl Into<String>, help: impl Into<String>) {
        let address = self.items[node].address.clone();
        self.plan.problems.push(Problem { address, message: message.into(), help: help.into() });
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
fn action(item: &Item<'_>, observed: &AnyObserved, changes: &[Change], is_deferred: bool) -> Action {
    let kind = item.resource.kind;
    if changes.is_empty() && !is_deferred {
        return Action::None;
    }
    match (kind.style(), observed) {
        (Style::Run, _) => Action::Run,
        _ if kind.is_absent(item.resource) => Action::Delete,
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
