//! Restarts and reloads that changes owe: recorded on hosts before the change, taken back where it was not needed.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;

use crate::graph::Node;
use crate::host::{FrameStep, StepFrame, StepReport, StepStatus};
use crate::model::{Owed, OwedAction, Step};
use crate::plan::{Failure, Plan};
use crate::resource::AnyObserved;
use crate::schedule::{Schedule, Task};

use super::super::drive::Hosts;
use super::Execution;
use super::work::Sent;

impl Execution<'_, '_> {
    /// Returns the restart or reload that changes made, or about to be made in the same frame, ask for.
    pub(super) fn owed(&self, node: Node, running: &BTreeSet<Node>) -> Option<OwedAction> {
        let turn = &self.turns[&node];
        self.owed_as_seen(node, &turn.observed, turn.owed_before, running)
    }

    /// The same for a resource as it was seen, whatever is about to happen to it.
    pub(super) fn owed_as_seen(
        &self,
        node: Node,
        observed: &AnyObserved,
        owed_before: Option<OwedAction>,
        running: &BTreeSet<Node>,
    ) -> Option<OwedAction> {
        let resource = self.survey.resource(node);
        if !resource.kind.owed_applies(resource, observed) {
            return None;
        }
        let sources = self.survey.graph().triggers(node).iter();
        let changed = sources.filter(|(source, _)| self.dues.is_unpaid(*source, node) || running.contains(source));
        changed.map(|(_, action)| *action).max().max(owed_before)
    }

    /// Returns the debts that a resource's steps pay.
    pub(super) fn settled_debts(&self, node: Node, running: &BTreeSet<Node>) -> Vec<Owed> {
        if self.owed(node, running).is_none()
            && self.survey.owed(node).is_none()
            && self.survey.graph().triggers(node).is_empty()
        {
            return Vec::new();
        }
        let resource = self.survey.resolved(node).address.local();
        [OwedAction::Reload, OwedAction::Restart].map(|action| Owed { resource: resource.clone(), action }).to_vec()
    }

    /// Returns the restarts and reloads that changes of resources owe on their own host, each once.
    pub(super) fn debts(&self, nodes: &[Node]) -> Vec<Owed> {
        let mut debts: Vec<Owed> = Vec::new();
        for &node in nodes {
            let host = &self.survey.resolved(node).address.host;
            for &(service, action) in self.survey.graph().triggered_by(node) {
                let address = &self.survey.resolved(service).address;
                let owed = Owed { resource: address.local(), action };
                if address.host == *host && self.can_be_owed(service) && !debts.contains(&owed) {
                    debts.push(owed);
                }
            }
        }
        debts
    }

    /// Returns whether a service may run by the time a change is made.
    fn can_be_owed(&self, service: Node) -> bool {
        let resource = self.survey.resource(service);
        let runs = |observed: &AnyObserved| match observed {
            AnyObserved::Present(_) => resource.kind.owed_applies(resource, observed),
            // A unit, or what tells of it, may come with something else of the run.
            _ => true,
        };
        self.may_run.contains(&service) || self.survey.observed(service).is_none_or(runs)
    }

    /// Notes what may run by the end, though it was seen stopped: what the run itself starts, and what something of it may
    /// start, such as packages.
    pub(super) fn set_may_run(&mut self, plan: &Plan, tasks: &[Task]) {
        for planned in plan.resources.iter().filter(|planned| planned.acts()) {
            self.may_run.insert(planned.node);
            self.may_run.extend(tasks[planned.node].touches.iter());
        }
        for service in 0..self.survey.len() {
            if self.survey.owed(service).is_none() {
                continue;
            }
            // Of earlier runs. What does not run is owed nothing, whatever starts it later.
            self.dues.record(service);
            let resource = self.survey.resource(service);
            let is_down = self.survey.observed(service).is_some_and(|observed| match observed {
                AnyObserved::Present(_) | AnyObserved::Absent(_) => !resource.kind.owed_applies(resource, observed),
                _ => false,
            });
            if is_down {
                self.survey.paid(service);
            }
        }
    }

    /// Takes note of what a step has recorded, may have changed, and has struck.
    pub(super) fn note_debts(&mut self, sent: &Sent, step: &StepReport) {
        let has_begun =
            matches!(step.status, StepStatus::Exited(_) | StepStatus::TimedOut | StepStatus::Killed | StepStatus::Lost);
        if !has_begun {
            return;
        }
        for &node in &sent.covers {
            self.dues.begin(node);
            for &(service, _) in self.survey.graph().triggered_by(node) {
                let is_here = self.survey.resolved(service).address.host == self.survey.resolved(node).address.host;
                if is_here && self.can_be_owed(service) {
                    self.dues.record(service);
                }
            }
        }
        // Of a step that ended well for some rows only, the host has struck nothing.
        if step.status == StepStatus::Exited(0) && step.failed_rows.is_empty() {
            sent.verifies.iter().for_each(|&node| self.dues.strike(node));
        }
    }

    /// Records, before anything changes, what changes on one host owe on another. What cannot be recorded is not changed.
    pub(super) async fn record_debts_elsewhere(&mut self, schedule: &mut Schedule, acting: &[Node], hosts: &Hosts) {
        let mut debts: BTreeMap<String, (Vec<Owed>, BTreeSet<Node>)> = BTreeMap::new();
        for &node in acting {
            let own = &self.survey.resolved(node).address.host;
            for &(service, action) in self.survey.graph().triggered_by(node) {
                let address = &self.survey.resolved(service).address;
                if address.host != *own {
                    let (owes, sources) = debts.entry(address.host.to_string()).or_default();
                    owes.push(Owed { resource: address.local(), action });
                    sources.insert(node);
                    self.dues.record(service);
                }
            }
        }
        for (name, (owes, sources)) in debts {
            let Err(error) = self.record_on(&name, owes, hosts).await else { continue };
            for node in sources {
                let message = format!("it would owe a restart on {name}, and that could not be recorded: {error}");
                let help = "make that host reachable, or take the restart out of the spec";
                self.fail(schedule, node, Failure::new(message).help(help));
            }
        }
    }

    /// Writes records on a host; one that is not part of the run is connected to for that.
    async fn record_on(&mut self, name: &str, owes: Vec<Owed>, hosts: &Hosts) -> Result<(), String> {
        let connected = match hosts.get(name) {
            Some(_) => None,
            None => Some(hosts.connect(self.survey, name, self.events).await.map_err(|failure| failure.message)?),
        };
        let Some(host) = hosts.get(name).or(connected.as_ref()) else { return Err("it is not connected".into()) };
        let nothing = Step::new(":", Vec::new(), "record what changes on other hosts owe");
        let step = FrameStep { owes, ..FrameStep::new(nothing.purpose.clone(), nothing) };
        let (sender, _) = mpsc::unbounded_channel();
        let report = host.run(StepFrame { steps: vec![step], ..StepFrame::default() }, sender).await;
        let is_recorded = report.steps.iter().all(|step| step.status == StepStatus::Exited(0));
        if let Some(connected) = connected {
            connected.close().await;
        }
        match report.failure {
            Some(error) => {
                let message = error.problem.to_string();
                if hosts.get(name).is_some() {
                    self.lose(name, error);
                }
                Err(message)
            }
            None if is_recorded => Ok(()),
            None => Err("is the disk with /var/lib/infra full or read-only?".into()),
        }
    }

    /// Takes back what was recorded and has no reason any more.
    pub(super) async fn forget_needless_debts(&mut self, hosts: &Hosts) {
        let graph = self.survey.graph();
        let sources = |service: Node| graph.triggers(service).iter().map(|(source, _)| *source).collect();
        let is_down = |service: Node| {
            let resource = self.survey.resource(service);
            let observed = self.survey.observed(service).filter(|_| self.looked_at.contains(&service));
            observed.is_some_and(|observed| {
                let is_seen = matches!(observed, AnyObserved::Present(_) | AnyObserved::Absent(_));
                is_seen && !resource.kind.owed_applies(resource, observed)
            })
        };
        let needless = self.dues.needless(sources, |service| self.survey.owed(service).is_some(), is_down);
        let mut debts: BTreeMap<String, Vec<Owed>> = BTreeMap::new();
        for service in needless {
            let address = &self.survey.resolved(service).address;
            let owed = Owed { resource: address.local(), action: OwedAction::Restart };
            debts.entry(address.host.to_string()).or_default().push(owed);
        }
        for (name, forget) in debts {
            if self.lost.contains(&name) {
                continue;
            }
            let (sender, _) = mpsc::unbounded_channel();
            let frame = StepFrame { forget, ..StepFrame::default() };
            let report = match hosts.get(&name) {
                Some(host) => host.run(frame, sender).await,
                // What cannot be taken back leads to a restart too many.
                None => match hosts.connect(self.survey, &name, self.events).await {
                    Ok(host) => {
                        let report = host.run(frame, sender).await;
                        host.close().await;
                        report
                    }
                    Err(_) => continue,
                },
            };
            if let Some(error) = report.failure {
                self.lose(&name, error);
            }
        }
    }
}
