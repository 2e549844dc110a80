//! Restarts and reloads that changes owe: recorded on hosts before the change, taken back where it was not needed.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;

use crate::graph::Node;
use crate::host::{FrameStep, StepFrame};
use crate::model::{Owed, OwedAction, Step};
use crate::resource::AnyObserved;
use crate::schedule::{Schedule, Status};

use super::super::drive::Hosts;
use super::Execution;

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
        let changed = sources.filter(|(source, _)| self.is_unpaid(*source, node) || running.contains(source));
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

    /// Returns whether a restart means anything to a service as it was seen; one that was not looked at may run.
    fn can_be_owed(&self, service: Node) -> bool {
        let resource = self.survey.resource(service);
        self.survey.observed(service).is_none_or(|observed| resource.kind.owed_applies(resource, observed))
    }

    /// Records, before anything changes, what changes on one host owe on another.
    pub(super) async fn record_debts_elsewhere(&mut self, acting: &[Node], hosts: &Hosts) {
        let mut debts: BTreeMap<String, Vec<Owed>> = BTreeMap::new();
        for &node in acting {
            let own = &self.survey.resolved(node).address.host;
            for &(service, action) in self.survey.graph().triggered_by(node) {
                let address = &self.survey.resolved(service).address;
                if address.host != *own {
                    let owed = Owed { resource: address.local(), action };
                    debts.entry(address.host.to_string()).or_default().push(owed);
                }
            }
        }
        for (name, owes) in debts {
            let Some(host) = hosts.get(&name) else { continue };
            let nothing = Step::new(":", Vec::new(), "record what changes on other hosts owe");
            let step = FrameStep { owes, ..FrameStep::new(nothing.purpose.clone(), nothing) };
            let (sender, _) = mpsc::unbounded_channel();
            let report = host.run(StepFrame { steps: vec![step], forget: Vec::new() }, sender).await;
            if let Some(error) = report.failure {
                self.lose(&name, error);
            }
        }
    }

    /// Takes back what was recorded before a change that then turned out not to be needed.
    pub(super) async fn forget_needless_debts(&mut self, schedule: &Schedule, hosts: &Hosts) {
        let mut debts: BTreeMap<String, Vec<Owed>> = BTreeMap::new();
        for service in 0..self.survey.len() {
            let sources = self.survey.graph().triggers(service);
            let is_owed = |source: &Node| {
                self.is_unpaid(*source, service) || matches!(schedule.status(*source), Status::Failed | Status::Running)
            };
            let is_needless = sources.iter().any(|(source, _)| self.needless.contains(source))
                && !sources.iter().any(|(source, _)| is_owed(source))
                && self.survey.owed(service).is_none();
            if is_needless {
                let address = &self.survey.resolved(service).address;
                let owed = [OwedAction::Reload, OwedAction::Restart];
                let owed = owed.map(|action| Owed { resource: address.local(), action });
                debts.entry(address.host.to_string()).or_default().extend(owed);
            }
        }
        for (name, forget) in debts {
            let Some(host) = hosts.get(&name).filter(|_| !self.lost.contains(&name)) else { continue };
            let (sender, _) = mpsc::unbounded_channel();
            let report = host.run(StepFrame { steps: Vec::new(), forget }, sender).await;
            if let Some(error) = report.failure {
                self.lose(&name, error);
            }
        }
    }
}
