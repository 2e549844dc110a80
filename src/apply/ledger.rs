//! What a run leaves in the ledgers of its hosts, once all its steps have ended.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;

use crate::graph::Node;
use crate::host::{Host, HostError, Problem, StepFrame, StepStatus, ledger_step, now, random_key};
use crate::ledger::{Entry, Interrupted, Ledger, Origin, Past, UsedPlan, file_name};
use crate::model::{Action, Address, Secret, Who, utc};
use crate::plan::{HostFailure, Outcome, Report};
use crate::resource::AnyObserved;
use crate::survey::{Released, Survey};

use super::drive::Hosts;

/// What became of the run on one host, for its history.
#[derive(Default)]
struct Tally {
    created: u64,
    changed: u64,
    deleted: u64,
    run: u64,
    failed: u64,
}

/// Writes the ledger of each host on which it is not what it should be after the run. `created` are the resources that a step of the
/// run was to create.
pub(super) async fn keep(
    survey: &Survey<'_>,
    created: &BTreeSet<Node>,
    hosts: &Hosts,
    since: u64,
    report: &mut Report,
) {
    let outcomes: BTreeMap<&Address, &Outcome> =
        report.outcomes.iter().map(|(address, outcome)| (address, outcome)).collect();
    let mut failures = Vec::new();
    for name in hosts.names() {
        let (Some(host), Some(of_host)) = (hosts.get(&name), survey.ledger(&name)) else { continue };
        let is_lost = report.hosts.iter().any(|failure| failure.host == name);
        let Ok(old) = &of_host.ledger else { continue };
        if is_lost || !survey.is_kept(&name) {
            continue;
        }
        let key = match key_of(old.as_ref()) {
            Ok(key) => key,
            Err(problem) => {
                failures.push(failure(&name, format!("no key can be made for its ledger: {problem}")));
                continue;
            }
        };
        let tally = tally(&outcomes, &name);
        let next = Next { survey, created, outcomes: &outcomes, host: &name, now: now() };
        let (ledger, differs) = next.ledger(old.as_ref(), key, hosts.who());
        if !differs && tally.is_nothing() {
            continue;
        }
        let story = story(survey, hosts, &name, since, &tally, ledger.serial);
        match write_ledger(host, &survey.spec().name, &ledger, story).await {
            Ok(()) => {}
            // Who has the host writes its own; this run has changed nothing on it, else it would have the lock.
            Err(NotWritten::Host(HostError { problem: Problem::Locked(_), .. })) => {}
            Err(why) => failures.push(failure(&name, why.to_string())),
        }
    }
    report.hosts.extend(failures);
}

fn failure(host: &str, message: String) -> HostFailure {
    let help = "nothing else is lost by that; run the same apply again once it can be written";
    HostFailure { host: host.into(), message, help: Some(help.into()) }
}

impl Tally {
    fn is_nothing(&self) -> bool {
        self.created + self.changed + self.deleted + self.run + self.failed == 0
    }
}

fn tally(outcomes: &BTreeMap<&Address, &Outcome>, host: &str) -> Tally {
    let mut tally = Tally::default();
    for (_, outcome) in outcomes.iter().filter(|(address, _)| &*address.host == host) {
        match outcome {
            Outcome::Applied { action } => match action {
                Action::Create | Action::Replace => tally.created += 1,
                Action::Update => tally.changed += 1,
                Action::Delete => tally.deleted += 1,
                Action::Run | Action::Restart | Action::Reload => tally.run += 1,
                Action::None | Action::Read => {}
            },
            Outcome::Failed(_) => tally.failed += 1,
            _ => {}
        }
    }
    tally
}

/// Makes the ledger that a host is to have.
struct Next<'a, 's> {
    survey: &'a Survey<'s>,
    created: &'a BTreeSet<Node>,
    outcomes: &'a BTreeMap<&'a Address, &'a Outcome>,
    host: &'a str,
    now: u64,
}

impl Next<'_, '_> {
    /// Returns the ledger, and whether it differs from the one there is.
    fn ledger(&self, old: Option<&Ledger>, key: Secret, who: &Who) -> (Ledger, bool) {
        let is_first = old.is_none_or(|ledger| ledger.serial == 0);
        let mut ledger = old.cloned().unwrap_or_else(|| Ledger::new(key.clone()));
        ledger.key = key;
        ledger.serial += 1;
        let mut differs = self.survey.ledger(self.host).is_some_and(|of_host| of_host.is_to_write);
        // The hashes of a first ledger are made with its own key.
        let keyed = is_first.then(|| ledger.key.clone());
        for node in 0..self.survey.len() {
            let resolved = self.survey.resolved(node);
            if &*resolved.address.host != self.host || !self.survey.is_owned(node) {
                continue;
            }
            let local = resolved.address.local();
            let before = ledger.entries.get(&local);
            let after = self.entry(node, before, ledger.serial, keyed.as_ref());
            if after.as_ref() != before {
                differs = true;
                match after {
                    Some(entry) => _ = ledger.entries.insert(local, entry),
                    None => _ = ledger.entries.remove(&local),
                }
            }
        }
        for released in self.survey.released().iter().filter(|released| &*released.address.host == self.host) {
            differs |= ledger.entries.remove(&released.address.local()).is_some();
        }
        let journal = self.survey.ledger(self.host).map(|of_host| &of_host.journal);
        for used in journal.into_iter().flat_map(|journal| &journal.runs).filter_map(Interrupted::used) {
            ledger.note_used(used);
            differs = true;
        }
        if let Some((digest, approved_by)) = self.survey.plan_in_use(self.host) {
            let mut user = who.named();
            if !approved_by.is_empty() {
                user.push_str(&format!(", approved by {}", approved_by.join(", ")));
            }
            ledger.note_used(UsedPlan { digest: digest.into(), when: utc(self.now), who: user });
            differs = true;
        }
        (ledger, differs)
    }

    /// Returns what the ledger has of a resource after the run.
    fn entry(&self, node: Node, before: Option<&Entry>, serial: u64, key: Option<&Secret>) -> Option<Entry> {
        let resolved = self.survey.resolved(node);
        let is_absent = resolved.resource.kind.is_absent(&resolved.resource);
        let observed = match self.survey.observed(node) {
            Some(observed @ AnyObserved::Present(_)) if !is_absent => observed,
            // What is gone is nobody's any more; of what should be there and is not, the run that made it is remembered.
            Some(AnyObserved::Absent(_)) if is_absent => return None,
            _ => return before.cloned(),
        };
        let origin = before.map(|entry| entry.origin).unwrap_or_else(|| self.origin(node));
        let is_well = !matches!(
            self.outcomes.get(&resolved.address),
            Some(Outcome::Failed(_) | Outcome::Skipped { .. } | Outcome::NotDone(_) | Outcome::Withheld { .. })
        ) && self.survey.compare(node).is_empty();
        let hashes = |key: Option<&Secret>| {
            Some((self.survey.desired_hash(node, key)?, self.survey.observed_hash(node, observed, key)?))
        };
        let (desired, seen) = match (hashes(key).filter(|_| is_well), before) {
            (Some(hashes), _) => hashes,
            (None, Some(before)) => (before.desired.clone(), before.observed.clone()),
            (None, None) if origin == Origin::Created => (String::new(), String::new()),
            (None, None) => return None,
        };
        let entry = Entry {
            origin,
            prevent_destroy: resolved.prevent_destroy,
            prune: resolved.prune,
            desired,
            observed: seen,
            serial,
            when: utc(self.now),
            identity: None,
        };
        if let Some(before) = before
            && *before == (Entry { serial: before.serial, when: before.when.clone(), ..entry.clone() })
        {
            return Some(before.clone());
        }
        // Of what this run has made, the host knows it by the journal.
        let is_noted = self.created.contains(&node)
            && matches!(self.outcomes.get(&resolved.address), Some(Outcome::Applied { .. }));
        Some(Entry { identity: (!is_noted).then(|| self.survey.identity(node)), ..entry })
    }

    /// Tells whether a run has made what is there.
    fn origin(&self, node: Node) -> Origin {
        // What another resource had created under another name is this one's by now.
        let is_heir = |released: &Released| released.heir.as_ref() == Some(&self.survey.resolved(node).address);
        // What came with a package was not made by its own step.
        let address = &self.survey.resolved(node).address;
        let is_made = self.created.contains(&node) && self.outcomes.get(address) != Some(&&Outcome::NotNeeded);
        match is_made || self.survey.released().iter().any(is_heir) {
            true => Origin::Created,
            false => Origin::Found,
        }
    }
}

/// Returns the lines that the host's history gets: of runs that were cut off before, and of this one, where it has done anything.
fn story(survey: &Survey<'_>, hosts: &Hosts, name: &str, since: u64, tally: &Tally, serial: u64) -> String {
    let spec = &survey.spec().name;
    let journal = survey.ledger(name).map(|ledger| ledger.journal.runs.as_slice()).unwrap_or_default();
    let cut_off = journal.iter().map(|run| Past::interrupted(run, spec, name));
    let this = || Past {
        when: utc(since),
        spec: spec.clone(),
        host: name.into(),
        who: hosts.who().clone(),
        outcome: if tally.failed == 0 { "done" } else { "failed" }.into(),
        created: Some(tally.created),
        changed: Some(tally.changed),
        deleted: Some(tally.deleted),
        run: Some(tally.run),
        failed: Some(tally.failed),
        seconds: Some(now().saturating_sub(since)),
        serial: Some(serial),
    };
    cut_off.chain((!tally.is_nothing()).then(this)).map(|past| past.write()).collect()
}

/// Why a ledger was not written.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    #[error("its ledger could not be written: {}", .0.problem)]
    Host(HostError),
    #[error("its ledger could not be written: {0}")]
    Said(String),
}

/// Writes the ledger of a spec on a host over the one before it, and lines of the host's history.
pub async fn write_ledger(host: &Host, spec: &str, ledger: &Ledger, story: String) -> Result<(), NotWritten> {
    let step = ledger_step(&file_name(spec, host.name()), ledger.serial - 1, ledger.write(), story);
    let (sender, _) = mpsc::unbounded_channel();
    let report = host.run(StepFrame { steps: vec![step], ..StepFrame::default() }, sender).await;
    if let Some(error) = report.failure {
        return Err(NotWritten::Host(error));
    }
    let said = report.steps.first().and_then(|step| match (step.failed_rows.first(), &step.status) {
        (Some((_, message)), _) => Some(message.clone()),
        (None, StepStatus::Exited(0)) => None,
        (None, _) => Some(step.output.join("; ")),
    });
    said.map_or(Ok(()), |said| Err(NotWritten::Said(said)))
}

/// Returns the key of a ledger; a new one, where it has not been written yet.
pub fn key_of(ledger: Option<&Ledger>) -> Result<Secret, Problem> {
    match ledger {
        Some(ledger) if ledger.serial > 0 => Ok(ledger.key.clone()),
        _ => random_key(),
    }
}
