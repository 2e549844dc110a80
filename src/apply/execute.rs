//! Applies a plan: frames to hosts, side by side across them and, where the schedule says so, on each.
//!
//! [`send`] makes what goes to a host, [`judge`] takes what comes back, [`debts`] follows the restarts that changes owe.
//! [`last_look`] proves in the end that all is as planned.

mod debts;
mod dues;
mod folders;
mod judge;
mod last_look;
mod made;
mod reach;
mod send;
mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::graph::{Graph, Node};
use crate::host::{HostError, now};
use crate::model::{Action, Change, Lock, OwedAction};
use crate::plan::{
    self, Certainty, Decision, Failure, HostFailure, NotDone, Outcome, Plan, Report, Upstream, Withheld,
};
use crate::resource::{AnyObserved, Mode};
use crate::schedule::{Schedule, Status, Task};
use crate::survey::{Scope, Survey};

use super::drive::Hosts;
use super::event::{Event, Events};
use super::ledger;
use super::rotation;

use dues::Dues;
use work::Done;

/// How much a run is asked to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    #[default]
    No,
    /// The running steps are finished, nothing new is started.
    AfterStep,
    /// The running steps are killed.
    Now,
}

/// What is about to happen to a resource: planned, or found out on the way.
#[derive(Clone, Debug)]
struct Turn {
    action: Action,
    changes: Vec<Change>,
    observed: AnyObserved,
    /// A restart or reload that is owed whatever else happens: from an earlier run.
    owed_before: Option<OwedAction>,
}

impl Turn {
    /// Returns whether there is nothing to do as long as the resource is not there.
    fn is_needless(&self) -> bool {
        self.changes.is_empty() && matches!(self.observed, AnyObserved::Absent(_))
    }
}

/// A run of a plan.
struct Execution<'r, 's> {
    survey: &'r mut Survey<'s>,
    scope: &'r Scope,
    events: &'r Events,
    /// What is about to happen to each resource of the run.
    turns: HashMap<Node, Turn>,
    /// What is changed and was as if it were not there: a service that was stopped and disabled.
    as_if_absent: BTreeSet<Node>,
    /// What was really changed, and what that owes.
    dues: Dues,
    /// The moment of the last look, and what was looked at.
    looked_after: u64,
    looked_at: BTreeSet<Node>,
    /// What may run by the end of the run, whatever was seen before: something of the run may start it.
    may_run: BTreeSet<Node>,
    report: Report,
    lost: BTreeSet<String>,
    /// Hosts that refused a channel for their main lane, which lanes beside it may have taken.
    refused: BTreeSet<String>,
    /// What the steps on their way to each host have locked.
    locks: BTreeMap<String, Vec<Lock>>,
    /// Where the outcome of each resource is in the report.
    settled: HashMap<Node, usize>,
    started: Instant,
    /// What was looked at since.
    fresh: BTreeSet<Node>,
}

/// How long what was seen for a plan holds good, if nobody is asked meanwhile.
const HOLDS_GOOD: Duration = Duration::from_secs(5);

/// How a plan is applied.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How many hosts are worked on at once.
    pub parallel: usize,
    /// Somebody has read the plan since hosts were observed: what is to be changed is looked at again first.
    pub plan_was_read: bool,
    /// Goes in another order that the graph allows, which this chooses.
    pub shuffle: Option<u64>,
}

/// Applies a plan. The survey is the one the plan was made from. In the end, hosts that were changed are observed once
/// more: an apply that succeeds leaves nothing to do.
pub async fn apply(
    survey: &mut Survey<'_>,
    scope: &Scope,
    plan: &Plan,
    hosts: &Hosts,
    terms: Terms,
    events: &Events,
    mut stop: watch::Receiver<Stop>,
) -> Report {
    let since = now();
    let mut execution = Execution::new(survey, scope, events);
    execution.report.unreachable.clone_from(&plan.unreachable);
    let (graph, tasks, status) = execution.prepare(plan);
    let mut schedule = Schedule::new(graph, tasks, status);
    schedule.hold_checks(true);
    execution.postpone(&mut schedule, plan);
    if let Some(seed) = terms.shuffle {
        schedule.shuffle(seed);
    }
    if terms.plan_was_read {
        execution.look_after_reading(&mut schedule, hosts, terms.parallel, &mut stop).await;
    }
    // What has failed in that look is left as it is.
    let acting = plan.resources.iter().filter(|planned| planned.acts()).map(|planned| planned.node);
    let acting: Vec<Node> = acting.filter(|&node| !schedule.status(node).is_final()).collect();
    execution.record_debts_elsewhere(&mut schedule, &acting, hosts).await;
    let mut stopping = execution.run_all(&mut schedule, hosts, terms, &mut stop).await;
    for round in 0.. {
        if stopping != Stop::No
            || !execution.look_at_the_end(&mut schedule, hosts, terms.parallel, round, &mut stop).await
        {
            break;
        }
        stopping = execution.run_all(&mut schedule, hosts, terms, &mut stop).await;
    }
    schedule.hold_checks(false);
    if stopping == Stop::No {
        stopping = execution.run_all(&mut schedule, hosts, terms, &mut stop).await;
    }
    execution.forget_needless_debts(hosts).await;
    execution.finish(&mut schedule, stopping);
    let created = execution.created();
    let mut report = execution.report;
    rotation::finish(survey, scope, plan, hosts, events, &mut report).await;
    ledger::keep(survey, &created, hosts, since, &mut report).await;
    report
}

impl Execution<'_, '_> {
    /// Sends frames until nothing is left that could be sent.
    async fn run_all(
        &mut self,
        schedule: &mut Schedule,
        hosts: &Hosts,
        terms: Terms,
        stop: &mut watch::Receiver<Stop>,
    ) -> Stop {
        // The hosts to ask for more work.
        let mut asked: BTreeSet<String> = hosts.names().collect();
        // How many frames are on their way to each host.
        let mut busy: BTreeMap<String, usize> = BTreeMap::new();
        let mut work: JoinSet<Done> = JoinSet::new();
        let mut stopping = *stop.borrow();
        loop {
            self.skip(schedule);
            for name in asked.clone() {
                if stopping != Stop::No || (busy.len() >= terms.parallel && !busy.contains_key(&name)) {
                    continue;
                }
                let Some(host) = hosts.get(&name).filter(|_| !self.lost.contains(&name)) else { continue };
                while let Some(job) = self.next_job(schedule, &name, host) {
                    *busy.entry(name.clone()).or_default() += 1;
                    work.spawn(job);
                }
                // One whose main lane is free may wait for another host.
                if !schedule.is_main_free(&name) {
                    asked.remove(&name);
                }
            }
            if work.is_empty() {
                return stopping;
            }
            tokio::select! {
                Some(done) = work.join_next() => {
                    // A task that panicked is a bug; its panic message has been printed.
                    let Ok(Done { host, place, answer }) = done else { continue };
                    schedule.free(&host, place);
                    self.take(schedule, &host, place, answer);
                    if let Some(changed) = hosts.get(&host) {
                        let (done, of) = self.progress(schedule, &host);
                        changed.progress(done, of);
                    }
                    match busy.get_mut(&host) {
                        Some(frames @ 2..) => *frames -= 1,
                        _ => _ = busy.remove(&host),
                    }
                    asked.insert(host);
                }
                Ok(()) = stop.changed() => {
                    let how = *stop.borrow();
                    if how > stopping {
                        stopping = how;
                        self.events.send(Event::Stopping);
                        for host in busy.keys().filter_map(|name| hosts.get(name)) {
                            match how {
                                Stop::Now => host.kill(),
                                Stop::AfterStep | Stop::No => host.stop(),
                            }
                        }
                    }
                }
            }
        }
    }
}

impl<'r, 's> Execution<'r, 's> {
    fn new(survey: &'r mut Survey<'s>, scope: &'r Scope, events: &'r Events) -> Self {
        Self {
            survey,
            scope,
            events,
            turns: HashMap::new(),
            as_if_absent: BTreeSet::new(),
            dues: Dues::default(),
            looked_after: 0,
            looked_at: BTreeSet::new(),
            may_run: BTreeSet::new(),
            report: Report::default(),
            lost: BTreeSet::new(),
            refused: BTreeSet::new(),
            locks: BTreeMap::new(),
            settled: HashMap::new(),
            started: Instant::now(),
            fresh: BTreeSet::new(),
        }
    }

    /// Returns whether what was seen of a resource was seen so long ago that somebody may have changed it.
    fn is_old(&self, node: Node) -> bool {
        self.started.elapsed() > HOLDS_GOOD && !self.fresh.contains(&node)
    }

    /// Turns the plan into tasks for the schedule.
    fn prepare(&mut self, plan: &Plan) -> (Arc<Graph>, Vec<Task>, Vec<Status>) {
        let mut status = vec![Status::Settled; self.survey.len()];
        let tasks = (0..self.survey.len())
            .map(|node| {
                let resolved = self.survey.resolved(node);
                Task {
                    host: resolved.address.host.clone(),
                    kind: resolved.resource.kind.name(),
                    decidable: self.survey.expected(node).is_some(),
                    in_order: resolved.resource.kind.info().in_order,
                    uncertain: false,
                    lane: resolved.resource.kind.info().lane,
                    touches: Arc::default(),
                }
            })
            .collect::<Vec<_>>();
        let mut tasks = tasks;
        self.set_reach(plan, &mut tasks);
        self.set_may_run(plan, &tasks);
        let changes: BTreeSet<&str> =
            plan.resources.iter().filter(|planned| planned.acts()).map(|planned| &*planned.address.host).collect();
        for planned in &plan.resources {
            let node = planned.node;
            if planned.finishes {
                continue;
            }
            if !planned.acts() {
                match &planned.certainty {
                    _ if self.is_check(node) => {
                        status[node] = self.prepare_check(node, changes.contains(&*planned.address.host));
                    }
                    Certainty::Deferred { .. } => status[node] = Status::Deferred,
                    Certainty::Ready | Certainty::Maybe => {}
                }
                continue;
            }
            let observed = self.survey.observed(node).cloned().unwrap_or(AnyObserved::NotYet);
            let is_restart = matches!(planned.action, Action::Restart | Action::Reload);
            self.note_as_if_absent(node, planned.action);
            self.turns.insert(
                node,
                Turn {
                    action: planned.action,
                    changes: self.survey.compare(node),
                    observed,
                    owed_before: self.survey.owed(node),
                },
            );
            tasks[node].uncertain = planned.certainty != Certainty::Ready && !is_restart;
            status[node] = match planned.certainty {
                Certainty::Deferred { .. } => Status::Deferred,
                Certainty::Ready | Certainty::Maybe => Status::Ready,
            };
        }
        for left in &plan.withheld {
            let (as_is, outcome) = match &left.why {
                Withheld::Destroys(action) => (Status::Withheld, Outcome::Withheld { action: *action }),
                Withheld::Wants(wants) => (Status::Skipped, Outcome::NotDone(NotDone::Wants(wants.clone()))),
                Withheld::Needs(other) => (Status::Skipped, Outcome::Skipped { because: other.clone() }),
            };
            status[left.node] = as_is;
            self.settle(left.node, outcome);
        }
        (self.survey.graph().clone(), tasks, status)
    }

    /// Has looked at once packages are there: requirements that those may meet, and what they may bring that is to be off.
    fn postpone(&self, schedule: &mut Schedule, plan: &Plan) {
        for planned in &plan.resources {
            let Certainty::Deferred { until, .. } = &planned.certainty else { continue };
            let packages = || until.iter().filter_map(|address| self.survey.find(address)).collect();
            if planned.action == Action::Read {
                if !self.is_check(planned.node) {
                    schedule.postpone(planned.node, packages());
                }
            } else if self.turns.get(&planned.node).is_some_and(Turn::is_needless) {
                schedule.look_after(planned.node, packages());
            }
        }
    }

    /// Returns how many changes of a host have come to an end, and how many there are.
    fn progress(&self, schedule: &Schedule, name: &str) -> (usize, usize) {
        let is_change = |(&node, turn): (&Node, &Turn)| {
            (turn.action != Action::Read && &*self.survey.resolved(node).address.host == name).then_some(node)
        };
        let changes: Vec<Node> = self.turns.iter().filter_map(is_change).collect();
        let done = changes.iter().filter(|&&node| schedule.status(node).is_final()).count();
        (done, changes.len())
    }

    fn is_check(&self, node: Node) -> bool {
        self.survey.resolved(node).resource.kind.mode() == Mode::Check
    }

    /// Every apply runs every check: the observation just made counts where nothing changes and it held.
    fn prepare_check(&mut self, node: Node, host_changes: bool) -> Status {
        let observed = self.survey.observed(node).cloned().unwrap_or(AnyObserved::NotYet);
        let upstream =
            Upstream { is_partial: self.survey.is_partial(), wants: self.survey.wants(node), ..Upstream::default() };
        let held = plan::decide(&self.survey.item(node), &observed, &upstream) == Decision::Nothing;
        if held && !host_changes {
            self.settle(node, Outcome::Passed);
            return Status::Settled;
        }
        let turn = Turn { action: Action::Read, changes: Vec::new(), observed, owed_before: None };
        self.turns.insert(node, turn);
        Status::Ready
    }

    /// Marks what cannot be reached any more.
    fn skip(&mut self, schedule: &mut Schedule) {
        for (node, culprit) in schedule.skip() {
            let because = self.survey.resolved(culprit).address.clone();
            self.settle(node, Outcome::Skipped { because });
        }
    }

    fn fail(&mut self, schedule: &mut Schedule, node: Node, failure: Failure) {
        schedule.set(node, Status::Failed);
        self.settle(node, Outcome::Failed(failure));
    }

    fn settle(&mut self, node: Node, outcome: Outcome) {
        let address = self.survey.resolved(node).address.clone();
        let outcomes = &mut self.report.outcomes;
        let before = self.settled.get(&node).map(|&at| &mut outcomes[at].1);
        // Nothing more is to be said of what was applied and turns out to need nothing more.
        if outcome == Outcome::NotNeeded && matches!(before, Some(Outcome::Applied { .. })) {
            return;
        }
        self.events.send(Event::Settled { address: address.clone(), outcome: outcome.clone() });
        match before {
            None => {
                self.settled.insert(node, outcomes.len());
                outcomes.push((address, outcome));
            }
            // What was applied and had to be mended was applied.
            Some(Outcome::Applied { .. }) if matches!(outcome, Outcome::Applied { .. }) => {}
            Some(before) => *before = outcome,
        }
    }

    /// Takes note that a resource was really changed. What was owed to it is paid.
    fn note_changed(&mut self, node: Node) {
        self.dues.change(node);
        self.survey.paid(node);
    }

    fn lose(&mut self, name: &str, error: HostError) {
        if self.lost.insert(name.to_string()) {
            self.report.hosts.push(HostFailure::from(error));
        }
    }

    /// Says why a resource's turn never came.
    fn why_not_done(&mut self, schedule: &Schedule, node: Node, stopping: Stop) -> NotDone {
        let (way, ring) = schedule.waits(node);
        let hosts = way.iter().map(|(other, _)| &self.survey.resolved(*other).address.host);
        if let Some(lost) = hosts.map(ToString::to_string).find(|host| self.lost.contains(host)) {
            return NotDone::Lost(lost);
        }
        if stopping != Stop::No {
            return NotDone::Stopped;
        }
        if self.report.deadlock.is_empty() {
            let ring = way[ring.unwrap_or(0)..].iter();
            self.report.deadlock =
                ring.map(|(node, why)| (self.survey.resolved(*node).address.clone(), *why)).collect();
        }
        NotDone::Deadlock
    }

    /// Says what was not done.
    fn finish(&mut self, schedule: &mut Schedule, stopping: Stop) {
        self.skip(schedule);
        self.report.was_stopped = stopping != Stop::No;
        let left: Vec<Node> = (0..self.survey.len()).filter(|&node| !schedule.status(node).is_final()).collect();
        let why: Vec<NotDone> = left.iter().map(|&node| self.why_not_done(schedule, node, stopping)).collect();
        for (node, why) in left.into_iter().zip(why) {
            schedule.set(node, Status::Skipped);
            self.settle(node, Outcome::NotDone(why));
        }
    }
}

#[cfg(test)]
mod tests;
