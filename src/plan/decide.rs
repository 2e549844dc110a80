//! The one decision: what is to be done about a resource as it was observed.
//!
//! A plan decides about all resources before anything is done; an apply decides again about those that could only be
//! observed on the way. Both ask [`decide`]. What it needs to know of the rest of the run is data ([`Upstream`]): a plan
//! takes it from the graph and from what it has decided before, an apply from what has been done so far.

use crate::model::{Action, Address, Change, OwedAction, Until, Value};
use crate::resource::{AnyObserved, AnyResource, Lack, Mode, Refusal};
use crate::survey::{Item, Rotation, Wants};

/// What is to be done about a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Nothing: it is as it should be.
    Nothing,
    /// It is changed.
    Act(Act),
    /// It is changed, unless it turns out at its turn that it need not be.
    Perhaps(Act, Doubt),
    /// It is observed and decided about again once these are applied.
    Defer {
        until: Vec<Address>,
        reason: String,
        /// What comes of it then, as far as it is known.
        likely: Act,
    },
    /// All that is left is to end its rotation, once everything else has succeeded.
    Finish,
    /// A partial run leaves it as it is, though it is not as it should be.
    Withhold(Withheld),
    /// It cannot or must not be dealt with: a plan is refused, and in an apply it fails.
    Refuse(Refusal),
    /// A requirement that is not met, and the inventory says that this does not matter.
    Waive(String),
    /// A check that does not hold.
    Miss(String),
}

/// What is done to a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    pub action: Action,
    pub changes: Vec<Change>,
}

impl Act {
    pub const NOTHING: Self = Self { action: Action::None, changes: Vec::new() };
    const LOOK: Self = Self { action: Action::Read, changes: Vec::new() };
}

/// Why a partial run leaves a resource as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// It would be deleted or replaced, which such a run does not do.
    Destroys(Action),
    /// It needs this, which is left as it is.
    Needs(Address),
    /// It needs something of a host that the run goes on without.
    Wants(Wants),
}

/// Why it may turn out that there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Its guard asks for it now, and may hold once what comes before has changed.
    GuardMayHold,
    /// Its guard holds now, and may ask for it then.
    GuardMayAsk,
    /// What restarts or reloads it may turn out not to change.
    MayNotChange,
}

/// What the rest of the run means for a resource.
#[derive(Clone, Debug, Default)]
pub struct Upstream {
    /// Something is left out of the run.
    pub is_partial: bool,
    /// What it needs of a host that the run goes on without.
    pub wants: Option<Wants>,
    /// What it needs, near or far, and is left as it is.
    pub withheld: Option<Address>,
    /// Resources still to be applied that may make it observable, where it is not yet.
    pub brings: Vec<Address>,
    /// Packages still to be applied that may bring what is not there.
    pub packages: Vec<Address>,
    /// What it needs, its host lacks, and nothing before it may bring.
    pub lacks: Vec<Lack>,
    /// Resources still to be applied that its values come from.
    pub makes: Vec<Address>,
    /// Resources still to be applied whose change it observes.
    pub changes: Vec<Address>,
    /// Whether a guard it has is asked again, after something before it has changed.
    pub asks_again: bool,
    /// The restart or reload it is owed.
    pub owed: Option<Owing>,
}

/// A restart or reload that a resource is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owing {
    Surely(OwedAction),
    /// Only if something really changes that may.
    Perhaps(OwedAction),
}

impl Owing {
    pub fn action(self) -> OwedAction {
        match self {
            Self::Surely(action) | Self::Perhaps(action) => action,
        }
    }
}

/// What a resource waits for before it can be decided about.
struct Wait {
    until: Vec<Address>,
    reason: String,
}

/// Decides what is to be done about a resource.
pub fn decide(item: &Item<'_>, observed: &AnyObserved, upstream: &Upstream) -> Decision {
    let decision = match item.resource.kind.mode() {
        Mode::Requirement => requirement(item, observed, upstream),
        Mode::Check => check(item, observed, upstream).unwrap_or_else(Decision::Refuse),
        Mode::Converge | Mode::Run => match change(item, observed, upstream) {
            Ok(decision) => behind(decision, upstream),
            Err(refusal) => Decision::Refuse(refusal),
        },
    };
    match (decision, &upstream.wants) {
        (Decision::Nothing | Decision::Finish, Some(_)) => Decision::Nothing,
        // What fails now is said, whatever else is missing.
        (decision @ (Decision::Miss(_) | Decision::Waive(_)), Some(_)) => decision,
        (_, Some(wants)) => Decision::Withhold(Withheld::Wants(wants.clone())),
        (decision, None) => decision,
    }
}

fn requirement(item: &Item<'_>, observed: &AnyObserved, upstream: &Upstream) -> Decision {
    let unmet = match observed {
        AnyObserved::Present(_) => {
            let changes = item.compare(observed);
            if changes.is_empty() {
                return Decision::Nothing;
            }
            differences(&changes, |is, wanted| format!("{is}, {wanted} is required"))
        }
        AnyObserved::Later { reason, .. } if !upstream.brings.is_empty() => {
            let until = upstream.brings.clone();
            return Decision::Defer { until, reason: reason.clone(), likely: Act::LOOK };
        }
        AnyObserved::Failed(reason) | AnyObserved::Later { reason, .. } => reason.clone(),
        AnyObserved::Absent(_) | AnyObserved::NotYet => "nothing was observed".to_string(),
    };
    if item.overridden {
        return Decision::Waive(unmet);
    }
    Decision::Refuse(Refusal {
        message: format!("the host does not meet the requirement: {unmet}"),
        help: "use a host that meets it, or override the requirement in the inventory".into(),
    })
}

fn check(item: &Item<'_>, observed: &AnyObserved, upstream: &Upstream) -> Result<Decision, Refusal> {
    Ok(match observed {
        AnyObserved::Later { reason, .. } | AnyObserved::Failed(reason) => Decision::Miss(reason.clone()),
        AnyObserved::Absent(_) | AnyObserved::Present(_) | AnyObserved::NotYet => {
            match (values(item, observed, upstream)?, item.compare(observed)) {
                // It could not look, or looked with a value that is going to be another one.
                (Some(Wait { until, reason }), _) => Decision::Defer { until, reason, likely: Act::LOOK },
                (None, changes) if changes.is_empty() => Decision::Nothing,
                (None, changes) => {
                    Decision::Miss(differences(&changes, |is, wanted| format!("{is}, expected {wanted}")))
                }
            }
        }
    })
}

/// Decides about a resource that steps change.
fn change(item: &Item<'_>, observed: &AnyObserved, upstream: &Upstream) -> Result<Decision, Refusal> {
    let kind = item.resource.kind;
    let (changes, unseen) = compared(item, observed, upstream)?;
    let wait = match values(item, observed, upstream)? {
        Some(wait) => Some(wait),
        None => unseen.or_else(|| inputs(observed, upstream)),
    };
    if kind.mode() == Mode::Run && wait.is_none() && !kind.is_absent(item.resource) && upstream.asks_again {
        return Ok(guarded(item, changes));
    }
    if wait.is_none()
        && changes.is_empty()
        && let Some(likely) = brought(item, observed, upstream)
    {
        let reason = "what a package brings may run".to_string();
        return Ok(Decision::Defer { until: upstream.packages.clone(), reason, likely });
    }
    let action = match wait {
        Some(_) => likely_action(item.resource, observed, &changes),
        None => action(item.resource, observed, &changes),
    };
    if matches!(action, Action::Delete | Action::Replace) {
        if item.prevent_destroy {
            let message = format!("it would be {}d, and `prevent_destroy` forbids that", action.word());
            let help = match item.has_left {
                true => {
                    "it has left the spec: put it back, or take `prevent_destroy` away, apply, and then take it out; `infra state forget` lets it go"
                }
                false => "take `prevent_destroy` away first, or keep what forces the deletion as it is",
            };
            return Err(Refusal { message, help: help.into() });
        }
        if upstream.is_partial {
            return Ok(Decision::Withhold(Withheld::Destroys(action)));
        }
    }
    if action != Action::None
        && let Some(refusal) = Lack::refusal(&upstream.lacks)
    {
        return Err(refusal);
    }
    let act = Act { action, changes };
    Ok(match wait {
        Some(Wait { until, reason }) => Decision::Defer { until, reason, likely: act },
        None if action != Action::None => Decision::Act(act),
        None => in_place(item, upstream),
    })
}

/// Returns what is to be done about a resource that is not there and need not be, once a package has brought it.
fn brought(item: &Item<'_>, observed: &AnyObserved, upstream: &Upstream) -> Option<Act> {
    if !matches!(observed, AnyObserved::Absent(_)) || upstream.packages.is_empty() {
        return None;
    }
    let brought = item.resource.kind.brought(item.resource)?;
    let changes = item.compare(&brought);
    let action = action(item.resource, &brought, &changes);
    (action != Action::None).then_some(Act { action, changes })
}

/// Withholds what would be done to a resource that needs another one which is withheld.
fn behind(decision: Decision, upstream: &Upstream) -> Decision {
    match (decision, &upstream.withheld) {
        (Decision::Act(_) | Decision::Perhaps(..) | Decision::Defer { .. }, Some(other)) => {
            Decision::Withhold(Withheld::Needs(other.clone()))
        }
        (decision, _) => decision,
    }
}

/// Compares a resource, as far as it was observed; says what has to come first where it was not.
fn compared(
    item: &Item<'_>,
    observed: &AnyObserved,
    upstream: &Upstream,
) -> Result<(Vec<Change>, Option<Wait>), Refusal> {
    let kind = item.resource.kind;
    let is_absent = kind.is_absent(item.resource);
    match observed {
        AnyObserved::Failed(reason) => Err(Refusal {
            message: format!("it could not be observed: {reason}"),
            help: "mend that, on the host or in the spec, then plan again".into(),
        }),
        // Without what observes it, there is nothing of it to remove.
        AnyObserved::Later { .. } if is_absent && upstream.brings.is_empty() => Ok((Vec::new(), None)),
        AnyObserved::Later { needs, reason } if upstream.brings.is_empty() => Err(Refusal {
            message: reason.clone(),
            help: format!("add a resource that provides the {} {}, or put it on the host", needs.space.0, needs.name),
        }),
        AnyObserved::Later { reason, .. } => {
            let changes = if is_absent { Vec::new() } else { item.compare(&AnyObserved::Absent(None)) };
            Ok((changes, Some(Wait { until: upstream.brings.clone(), reason: reason.clone() })))
        }
        AnyObserved::NotYet => Ok((item.compare(&AnyObserved::Absent(None)), None)),
        AnyObserved::Absent(_) | AnyObserved::Present(_) => match kind.refusal(item.resource, observed) {
            Some(refusal) => Err(refusal),
            None => Ok((item.compare(observed), None)),
        },
    }
}

/// Says what its values wait for; refuses it where one never comes. What goes needs none to be changed, but may need some
/// to be observed.
fn values(item: &Item<'_>, observed: &AnyObserved, upstream: &Upstream) -> Result<Option<Wait>, Refusal> {
    let is_unseen = matches!(observed, AnyObserved::NotYet);
    if item.resource.kind.is_absent(item.resource) && !is_unseen {
        return Ok(None);
    }
    if let Some(address) = item.beyond {
        return Err(Refusal {
            message: format!("a value of it comes from {address}, and the inventory does not list {}", address.host),
            help: format!("add {} to the inventory, or give the secret a source on this machine", address.host),
        });
    }
    let sources = item.sources();
    if let Some(address) = sources.iter().find(|address| !upstream.makes.contains(address)) {
        return Err(Refusal {
            message: format!("a value of it comes from {address}, which this run does not make"),
            help: "plan without --target and --host, or mend that resource first".into(),
        });
    }
    if let Some(facts) = item.deferrals.iter().map(|deferral| &deferral.until).find(|until| until.is_facts()) {
        return Err(Refusal {
            message: format!("a value of it comes from {facts}, which this run does not ask"),
            help: "use an inventory that lists that host".into(),
        });
    }
    if !sources.is_empty() {
        return Ok(Some(Wait { until: sources, reason: "a value of it is not known before".into() }));
    }
    // Without a value to wait for, it was asked about.
    match is_unseen {
        true => Err(Refusal {
            message: "it could not be observed: the host told nothing of it".into(),
            help: "plan again".into(),
        }),
        false => Ok(None),
    }
}

/// Returns whether what it observes is about to change.
fn inputs(observed: &AnyObserved, upstream: &Upstream) -> Option<Wait> {
    let is_there = matches!(observed, AnyObserved::Present(_));
    (is_there && !upstream.changes.is_empty())
        .then(|| Wait { until: upstream.changes.clone(), reason: "it depends on what that changes".into() })
}

/// Decides about a command whose guard is asked again.
fn guarded(item: &Item<'_>, mut changes: Vec<Change>) -> Decision {
    let doubt = if changes.is_empty() { Doubt::GuardMayAsk } else { Doubt::GuardMayHold };
    if changes.is_empty() {
        let after = Value::Unknown(Until::applied(item.address.clone()));
        changes.push(Change { attribute: "run".into(), before: Value::Null, after, forces_replacement: false });
    }
    Decision::Perhaps(Act { action: Action::Run, changes }, doubt)
}

/// Decides about a resource that differs in nothing.
fn in_place(item: &Item<'_>, upstream: &Upstream) -> Decision {
    let pay = |owed| Act { action: owed_action(owed), changes: Vec::new() };
    match upstream.owed {
        Some(Owing::Surely(owed)) => Decision::Act(pay(owed)),
        Some(Owing::Perhaps(owed)) => Decision::Perhaps(pay(owed), Doubt::MayNotChange),
        None if item.rotation == Some(Rotation::Unfinished) && !upstream.is_partial => Decision::Finish,
        None => Decision::Nothing,
    }
}

fn owed_action(owed: OwedAction) -> Action {
    match owed {
        OwedAction::Restart => Action::Restart,
        OwedAction::Reload => Action::Reload,
    }
}

/// Names what the changes amount to.
fn action(resource: &AnyResource, observed: &AnyObserved, changes: &[Change]) -> Action {
    if changes.is_empty() { Action::None } else { likely_action(resource, observed, changes) }
}

/// Names what changes that are not all known yet amount to.
fn likely_action(resource: &AnyResource, observed: &AnyObserved, changes: &[Change]) -> Action {
    let kind = resource.kind;
    match (kind.mode(), observed) {
        (Mode::Run, _) => Action::Run,
        _ if kind.is_absent(resource) => Action::Delete,
        (_, AnyObserved::Present(_)) if changes.iter().any(|change| change.forces_replacement) => Action::Replace,
        (_, AnyObserved::Present(_)) => Action::Update,
        _ => Action::Create,
    }
}

/// Says in words what differs.
fn differences(changes: &[Change], words: fn(String, String) -> String) -> String {
    let difference =
        |change: &Change| format!("{} is {}", change.attribute, words(show(&change.before), show(&change.after)));
    changes.iter().map(difference).collect::<Vec<_>>().join("; ")
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
