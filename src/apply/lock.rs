//! Takes the locks of the hosts that a run changes: all of them before anything changes, or none.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::host::{Host, HostError, Problem};
use crate::model::Holder;
use crate::plan::Plan;
use crate::survey::Survey;

use super::drive::Hosts;
use super::event::{Event, Events};

/// What became of asking for the locks.
#[derive(Debug)]
pub enum Locking {
    /// The run has them all. Other runs have changed these hosts since they were observed, or may have.
    Taken { changed: Vec<String> },
    /// Others have some, and so this one has none.
    Refused(Vec<HostError>),
}

/// Takes the locks of all hosts that a plan changes. Where other runs have some, they are waited for this long, and none is held
/// meanwhile: two runs never wait for each other. What goes wrong otherwise is left to the first steps, which meet it too.
pub async fn lock(survey: &Survey<'_>, plan: &Plan, hosts: &Hosts, wait: Duration, events: &Events) -> Locking {
    let wanted = to_change(survey, plan);
    let until = Instant::now() + wait;
    let mut changed = BTreeSet::new();
    loop {
        let mut work = JoinSet::new();
        for (name, of) in &wanted {
            let Some(host) = hosts.get(name).cloned() else { continue };
            let of = *of;
            work.spawn(async move { (host.name().to_string(), host.lock(of, Instant::now(), &mut |_| ()).await) });
        }
        let mut refused = Vec::new();
        // A task that panicked is a bug; its panic message has been printed.
        while let Some(done) = work.join_next().await {
            match done {
                Ok((name, Ok(true))) => _ = changed.insert(name),
                Ok((_, Err(error))) if matches!(error.problem, Problem::Locked(_)) => refused.push(error),
                _ => {}
            }
        }
        refused.sort_by(|a, b| a.host.cmp(&b.host));
        let Some(first) = refused.first() else { return Locking::Taken { changed: changed.into_iter().collect() } };
        for host in wanted.keys().filter_map(|name| hosts.get(name)) {
            host.unlock().await;
        }
        let Some(host) = hosts.get(&first.host).filter(|_| Instant::now() < until) else {
            return Locking::Refused(refused);
        };
        match wait_for(host, wanted[&first.host], until, events).await {
            Ok(true) => _ = changed.insert(host.name().to_string()),
            Err(error) if matches!(error.problem, Problem::Locked(_)) => return Locking::Refused(vec![error]),
            _ => {}
        }
    }
}

/// Waits for the lock of one host, which is the only one that it takes.
async fn wait_for(host: &Host, of: usize, until: Instant, events: &Events) -> Result<bool, HostError> {
    let name = host.name().to_string();
    let mut tell = |holder: Option<&Holder>| {
        events.send(Event::Waiting { host: name.clone(), holder: holder.map(ToString::to_string) });
    };
    let result = host.lock(of, until, &mut tell).await;
    events.send(Event::Waited { host: name });
    result
}

/// Returns the hosts that a plan changes or may change, and how many changes that are. What changes on one host may
/// owe a restart on another, which is noted there.
fn to_change(survey: &Survey<'_>, plan: &Plan) -> BTreeMap<String, usize> {
    let mut hosts: BTreeMap<String, usize> = BTreeMap::new();
    for planned in &plan.resources {
        if !planned.acts() && !planned.finishes {
            continue;
        }
        *hosts.entry(planned.address.host.to_string()).or_default() += 1;
        for (service, _) in survey.graph().triggered_by(planned.node) {
            hosts.entry(survey.resolved(*service).address.host.to_string()).or_default();
        }
    }
    hosts
}
