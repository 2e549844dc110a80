//! The last look: each host that was changed is observed once more, whole. What is not as the spec has it is applied
//! again, a few times; what then still differs has failed. So an apply that succeeds has proven that the next plan is empty.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::graph::Node;
use crate::model::{Action, ProbeOutput};
use crate::plan::{self, Act, Decision, Failure, HostFailure, Owing, Upstream, Withheld};
use crate::resource::{AnyObserved, Mode};
use crate::schedule::{Schedule, Status};

use super::super::drive::Hosts;
use super::{Event, Execution, Stop, Turn};

/// How often what differs in the end is applied again.
const MOST_ROUNDS: usize = 2;

impl Execution<'_, '_> {
    /// Observes all hosts that were changed since the last time. Returns whether anything has to be applied again.
    pub(super) async fn look_at_the_end(
        &mut self,
        schedule: &mut Schedule,
        hosts: &Hosts,
        parallel: usize,
        round: usize,
        stop: &mut watch::Receiver<Stop>,
    ) -> bool {
        let looked_at = self.to_look_at(schedule, hosts);
        if looked_at.is_empty() {
            return false;
        }
        self.looked_after = self.dues.now();
        let kept = self.survey.knowledge().kept.clone();
        self.observe_again(&looked_at, hosts, parallel, stop).await;
        if *stop.borrow() != Stop::No {
            return false;
        }
        if kept != self.survey.knowledge().kept {
            self.resolve_again();
        }
        let mut acting: BTreeSet<Node> = BTreeSet::new();
        let graph = self.survey.graph().clone();
        let seen: BTreeSet<Node> = looked_at.into_values().flatten().collect();
        self.looked_at.extend(&seen);
        for &node in graph.order().iter().filter(|node| seen.contains(node)) {
            let sources = graph.triggers(node).iter();
            let sources = sources.filter(|(source, _)| acting.contains(source) || self.dues.is_unpaid(*source, node));
            let owed = sources.map(|(_, action)| *action).max();
            match self.decide_at_the_end(node, owed.map(Owing::Perhaps)) {
                Decision::Act(act) | Decision::Perhaps(act, _) if round < MOST_ROUNDS => {
                    let address = &self.survey.resolved(node).address;
                    let is_restart = matches!(act.action, Action::Restart | Action::Reload);
                    if !is_restart && !self.report.mended.contains(address) {
                        self.report.mended.push(address.clone());
                    }
                    self.act_again(node, act);
                    acting.insert(node);
                }
                Decision::Act(act) | Decision::Perhaps(act, _) => {
                    let attributes = self.differences(&act.changes, ", wanted");
                    let words =
                        format!("once all was applied, and applied again, it is not as it should be: {attributes}");
                    let help = "look at what else changes it, then plan again";
                    self.fail(schedule, node, Failure::new(words).help(help));
                }
                Decision::Refuse(refusal) => self.refuse(schedule, node, refusal),
                Decision::Withhold(Withheld::Destroys(action)) => self.withhold(schedule, node, action),
                _ => {}
            }
        }
        if acting.is_empty() {
            return false;
        }
        let elsewhere: Vec<Node> = acting.iter().copied().collect();
        schedule.begin_again(&acting);
        self.record_debts_elsewhere(schedule, &elsewhere, hosts).await;
        true
    }

    /// Observes, once somebody has read the plan, all that the run is about. What is otherwise than the plan has it was
    /// changed by somebody else: it is left as it is, and fails.
    pub(super) async fn look_after_reading(
        &mut self,
        schedule: &mut Schedule,
        hosts: &Hosts,
        parallel: usize,
        stop: &mut watch::Receiver<Stop>,
    ) {
        let mut of_hosts: BTreeMap<String, Vec<Node>> = BTreeMap::new();
        let mut before = Vec::new();
        for node in 0..self.survey.len() {
            let is_seen = matches!(self.survey.observed(node), Some(AnyObserved::Present(_) | AnyObserved::Absent(_)));
            let is_settled = matches!(schedule.status(node), Status::Ready | Status::Settled);
            if is_seen && is_settled && self.is_looked_at_again(node) && self.survey.is_observable(node) {
                of_hosts.entry(self.survey.resolved(node).address.host.to_string()).or_default().push(node);
                before.push((node, self.survey.observed(node).cloned(), self.survey.compare(node)));
            }
        }
        self.observe_again(&of_hosts, hosts, parallel, stop).await;
        if *stop.borrow() != Stop::No {
            return;
        }
        for (node, seen, changes) in before {
            let Some((seen, now)) = seen.zip(self.survey.observed(node).cloned()) else { continue };
            self.fresh.insert(node);
            let left = self.survey.compare(node);
            if self.survey.resource(node).kind.is_same(&seen, &now) || left == changes || left.is_empty() {
                if let Some(turn) = self.turns.get_mut(&node) {
                    turn.observed = now;
                }
                continue;
            }
            let help = "plan again, and look at what was changed";
            let failure = Failure::new(self.changed_meanwhile(node)).help(help);
            self.fail(schedule, node, failure);
        }
    }

    /// Returns what is looked at of each host that was changed: all that is compared and has come to a good end; on other
    /// hosts, what a change there restarts.
    fn to_look_at(&self, schedule: &Schedule, hosts: &Hosts) -> BTreeMap<String, Vec<Node>> {
        let host = |node: Node| self.survey.resolved(node).address.host.clone();
        let changed: BTreeSet<_> = self.dues.changed_since(self.looked_after).map(host).collect();
        let graph = self.survey.graph();
        let is_restarted = |node: Node| graph.triggers(node).iter().any(|(source, _)| changed.contains(&host(*source)));
        let mut of_hosts: BTreeMap<String, Vec<Node>> = BTreeMap::new();
        for node in 0..self.survey.len() {
            let name = host(node);
            let is_looked_at = changed.contains(&name) || is_restarted(node);
            if !is_looked_at || hosts.get(&name).is_none() || self.lost.contains(&*name) {
                continue;
            }
            // What failed or was skipped is said anyway, and the next plan starts from there.
            let is_well = matches!(schedule.status(node), Status::Done | Status::Settled);
            if is_well && self.is_proven_in_the_end(node) {
                of_hosts.entry(name.to_string()).or_default().push(node);
            }
        }
        of_hosts
    }

    /// A command that has run proves itself where its guard can tell; one that has not is asked in the next plan.
    fn is_proven_in_the_end(&self, node: Node) -> bool {
        let item = self.survey.item(node);
        let is_of_run = item.in_scope && !item.left_alone && self.survey.is_observable(node);
        is_of_run
            && match item.resource.kind.mode() {
                Mode::Converge => true,
                Mode::Run => self.proves_itself(node),
                Mode::Check | Mode::Requirement => false,
            }
    }

    /// Observes resources of several hosts, one frame for each host; a second request to stop ends it.
    async fn observe_again(
        &mut self,
        looked_at: &BTreeMap<String, Vec<Node>>,
        hosts: &Hosts,
        parallel: usize,
        stop: &mut watch::Receiver<Stop>,
    ) {
        let mut work = JoinSet::new();
        let places = Arc::new(Semaphore::new(parallel));
        let mut asked = HashMap::new();
        for (name, nodes) in looked_at {
            let Some(host) = hosts.get(name).cloned() else { continue };
            let (by_kind, sections) = self.sections(nodes);
            asked.insert(name.clone(), by_kind);
            self.events.send(Event::Observing { host: name.clone(), resources: nodes.len() });
            let (name, places) = (name.clone(), places.clone());
            work.spawn(async move {
                // The semaphore is never closed.
                let _place = places.acquire().await;
                (name, host.observe(sections).await)
            });
        }
        loop {
            let answer = tokio::select! {
                answer = work.join_next() => answer,
                Ok(()) = stop.changed() => {
                    self.events.send(Event::Stopping);
                    if *stop.borrow() == Stop::Now {
                        // A look changes nothing that would have to be ended well.
                        return;
                    }
                    continue;
                }
            };
            let Some(answer) = answer else { return };
            // A task that panicked is a bug; its panic message has been printed.
            let Ok((name, result)) = answer else { continue };
            self.events.send(Event::Observed { host: name.clone() });
            match result {
                Ok(mut observed) => {
                    for (kind, nodes) in asked.remove(&name).unwrap_or_default() {
                        let output = observed.sections.remove(kind).unwrap_or_else(ProbeOutput::missing);
                        self.survey.take_verified(&nodes, output);
                    }
                }
                Err(error) => self.lose(&name, error),
            }
        }
    }

    /// Resolves the spec once more, where a secret that a host keeps is another one now.
    fn resolve_again(&mut self) {
        if let Err(error) = self.survey.resolve(self.scope) {
            let message = format!("the spec cannot be resolved with the secrets that are kept: {error}");
            self.report.hosts.push(HostFailure { host: "spec".into(), message, help: None });
        }
    }

    fn decide_at_the_end(&self, node: Node, owed: Option<Owing>) -> Decision {
        let observed = self.survey.observed(node).cloned().unwrap_or(AnyObserved::NotYet);
        let item = self.survey.item(node);
        let owed = owed.filter(|_| item.resource.kind.owed_applies(item.resource, &observed));
        let upstream = Upstream {
            is_partial: self.survey.is_partial(),
            wants: self.survey.wants(node),
            owed,
            ..Upstream::default()
        };
        plan::decide(&item, &observed, &upstream)
    }

    fn act_again(&mut self, node: Node, act: Act) {
        let observed = self.survey.observed(node).cloned().unwrap_or(AnyObserved::NotYet);
        let Act { action, changes } = act;
        self.turns.insert(node, Turn { action, changes, observed, owed_before: None });
        self.fresh.insert(node);
    }
}
