//! What a run looks at again before a saved plan is applied, and what it is hashed with.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::model::{Action, Address, HostMark, Keyed, Value};
use crate::plan::{Plan, PlannedResource};
use crate::resource::AnyObserved;
use crate::spec::SecretState;
use crate::survey::{Scope, Survey};

use super::about::{Given, HostBound, Touched};
use super::file::SavedPlan;

/// Hashes what each resource was like that a plan touches: what it changes, and what that restarts or reloads.
pub fn touched(survey: &Survey<'_>, plan: &Plan) -> Vec<Touched> {
    let keys = keys(survey, plan);
    let touches = touches(plan);
    plan.resources
        .iter()
        .filter(|planned| touches.contains(&planned.address))
        .filter_map(|planned| Some(of(survey, planned, keys.get(&*planned.address.host)?)))
        .collect()
}

/// Returns the addresses of what a plan touches.
fn touches(plan: &Plan) -> BTreeSet<&Address> {
    let acting = || plan.resources.iter().filter(|planned| planned.acts());
    let restarted = acting().flat_map(|planned| planned.owes.iter().map(|(to, _)| to));
    acting().map(|planned| &planned.address).chain(restarted).collect()
}

/// Returns the key of each host of a plan.
pub(super) fn keys(survey: &Survey<'_>, plan: &Plan) -> BTreeMap<String, Keyed> {
    let key = |host: &String| Some((host.clone(), Keyed::new(&survey.host_mark(host)?.key)));
    plan.hosts.iter().filter_map(key).collect()
}

/// Hashes what one resource was like, and what is to become of it.
pub(super) fn of(survey: &Survey<'_>, planned: &PlannedResource, key: &Keyed) -> Touched {
    let kind = survey.resource(planned.node).kind;
    let (state, observed) = match survey.observed(planned.node) {
        Some(observed @ AnyObserved::Present(_)) => ("present", kind.observed_attributes(observed)),
        Some(AnyObserved::Absent(_)) => ("absent", Vec::new()),
        _ => ("unseen", Vec::new()),
    };
    let observed = observed.iter().map(|(name, value)| ((*name).to_string(), key.hash([(*name, value)])));
    let changes = survey.compare(planned.node);
    let wanted = changes.iter().map(|change| {
        let name = change.attribute.as_str();
        (name.to_string(), key.hash([(name, &change.after)]))
    });
    Touched {
        address: planned.address.to_string(),
        state: state.into(),
        observed: observed.collect(),
        wanted: wanted.collect(),
    }
}

/// Says which hosts a plan is for, and hashes what was given from outside with the key of each.
pub fn bound(survey: &Survey<'_>, plan: &Plan, vars: &[(String, String)]) -> Vec<HostBound> {
    let bind = |host: &String| {
        let mark = survey.host_mark(host)?;
        let spec = survey.spec().hosts.iter().find(|spec| spec.name == *host)?;
        Some(HostBound {
            name: host.clone(),
            address: spec.address.clone(),
            machine: mark.machine.clone(),
            serial: mark.serial,
            key: of_nothing(mark),
            given: given(survey, vars, mark),
        })
    };
    plan.hosts.iter().filter_map(bind).collect()
}

/// Returns what a host's key makes of nothing.
pub(super) fn of_nothing(mark: &HostMark) -> String {
    Keyed::new(&mark.key).hash([("saved plan", &Value::Null)])
}

/// Hashes variables and known secrets with the key of a host.
pub(super) fn given(survey: &Survey<'_>, vars: &[(String, String)], mark: &HostMark) -> Given {
    let key = Keyed::new(&mark.key);
    let vars = vars.iter().map(|(name, value)| (name.clone(), key.hash([(name.as_str(), &Value::text(value))])));
    let knowledge = survey.knowledge();
    let secrets = knowledge.secrets.iter().chain(&knowledge.kept).filter_map(|(name, state)| match state {
        SecretState::Known(secret) => Some((name.clone(), key.hash([(name.as_str(), &Value::Secret(secret.clone()))]))),
        SecretState::Later(_) => None,
    });
    Given { vars: vars.collect(), secrets: secrets.collect() }
}

/// Returns the scope of the run that applies a saved plan: what it touches, and the checks and requirements of those hosts.
pub fn scope(saved: &SavedPlan) -> Scope {
    let touches = touches(&saved.plan);
    let hosts: BTreeSet<&str> = touches.iter().map(|address| &*address.host).collect();
    let is_of_run = |planned: &&PlannedResource| {
        let looks = planned.action == Action::Read && hosts.contains(&*planned.address.host);
        looks || touches.contains(&planned.address)
    };
    let addresses: HashSet<Address> =
        saved.plan.resources.iter().filter(is_of_run).map(|planned| planned.address.clone()).collect();
    let unreachable = saved.plan.unreachable.iter().map(|failure| failure.host.clone());
    let excluded = saved.about.made.excluded.iter().cloned().chain(unreachable).collect();
    Scope::exactly(addresses, saved.plan.is_partial, excluded)
}
