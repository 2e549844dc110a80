//! What goes to a host next: an observation, or a frame of steps.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio::sync::mpsc;

use crate::graph::Node;
use crate::host::{FrameStep, Host, Intended, LookAgain, StepEvent, StepFrame, Verify, VerifyItem};
use crate::ledger::Interrupted;
use crate::model::{Action, Lock, OwedAction, Probe, Step, Stream};
use crate::plan::Outcome;
use crate::resource::{AnyObserved, ErasedPlanned, KindObject, Mode};
use crate::schedule::{Batch, Frame, Place, Schedule, Status};

use super::super::event::Event;
use super::Execution;
use super::work::{Answer, Done, Job, Sent};

/// Resources by the name of their kind.
type ByKind = BTreeMap<&'static str, Vec<Node>>;

impl Execution<'_, '_> {
    /// Decides what a host does next, beside what it does; nothing where it has to wait or is done.
    pub(super) fn next_job(&mut self, schedule: &mut Schedule, name: &str, host: &Host) -> Option<Job> {
        loop {
            match schedule.next(name) {
                Frame::Wait | Frame::Finished => return None,
                Frame::Observe(place, nodes) => return Some(self.observe(place, &nodes, name, host)),
                Frame::Run(place, batches) => {
                    let batches = self.drop_needless(schedule, batches);
                    if batches.is_empty() {
                        // What was dropped may have let others go.
                        schedule.free(name, place);
                        continue;
                    }
                    return self.run(schedule, place, &batches, name, host);
                }
            }
        }
    }

    /// Observes deferred resources, now that what they waited for is in place.
    fn observe(&mut self, place: Place, nodes: &[Node], name: &str, host: &Host) -> Job {
        self.survey.forget(nodes);
        let (by_kind, sections) = self.sections(nodes);
        let nodes = by_kind.into_iter().map(|(kind, nodes)| (nodes, kind)).collect();
        let (host, name, events) = (host.clone(), name.to_string(), self.events.clone());
        Box::pin(async move {
            events.send(Event::Observing {
                host: name.clone(),
                resources: sections.iter().map(|(_, probe)| probe.rows.len()).sum(),
            });
            let result = host.observe(sections).await;
            events.send(Event::Observed { host: name.clone() });
            Done { host: name, place, answer: Answer::Observed { nodes, result } }
        })
    }

    /// Groups resources of a host by kind, and makes the probe for each.
    pub(super) fn sections(&self, nodes: &[Node]) -> (ByKind, Vec<(String, Probe)>) {
        let mut by_kind = ByKind::new();
        for &node in nodes {
            by_kind.entry(self.survey.resolved(node).resource.kind.name()).or_default().push(node);
        }
        let sections = by_kind.iter().map(|(kind, nodes)| ((*kind).to_string(), self.probe(nodes))).collect();
        (by_kind, sections)
    }

    /// Makes the probe for resources of one kind.
    pub(super) fn probe(&self, nodes: &[Node]) -> Probe {
        let resources: Vec<_> = nodes.iter().map(|&node| self.survey.resource(node)).collect();
        resources[0].kind.probe(&resources)
    }

    /// Has the host look again at resources of one kind before their steps, where what was seen of any may be so no more.
    fn look(&self, schedule: &Schedule, nodes: &[Node], item: usize) -> Option<LookAgain> {
        let is_old = |&node: &Node| schedule.touched_by(node).is_some() || self.is_old(node);
        let is_wanted = nodes.iter().any(is_old) && nodes.iter().all(|&node| self.can_look(node));
        is_wanted.then(|| LookAgain {
            probe: self.probe(nodes),
            seen: self.survey.records(nodes),
            // The host can tell from the first record of a row whether it is in place.
            firsts: nodes.iter().all(|&node| self.survey.expected(node).is_some()),
            item,
        })
    }

    /// Returns whether a look at it means anything: a command asks its own guard, a check looks by itself.
    fn can_look(&self, node: Node) -> bool {
        let resource = self.survey.resource(node);
        resource.kind.mode() == Mode::Converge
            && matches!(self.turns[&node].observed, AnyObserved::Present(_) | AnyObserved::Absent(_))
    }

    /// Takes out restarts of which no source really changed.
    fn drop_needless(&mut self, schedule: &mut Schedule, batches: Vec<Batch>) -> Vec<Batch> {
        let running: BTreeSet<Node> = batches.iter().flat_map(|batch| batch.nodes.iter().copied()).collect();
        let mut kept = Vec::new();
        for mut batch in batches {
            batch.nodes.retain(|&node| {
                let turn = &self.turns[&node];
                let is_restart = matches!(turn.action, Action::Restart | Action::Reload);
                let needed = !is_restart || self.owed(node, &running).is_some();
                if !needed {
                    schedule.set(node, Status::Settled);
                    self.settle(node, Outcome::NotNeeded);
                }
                needed
            });
            if !batch.nodes.is_empty() {
                kept.push(batch);
            }
        }
        kept
    }

    /// Sends batches as one frame; nothing where they need what steps on their way have locked.
    fn run(
        &mut self,
        schedule: &mut Schedule,
        place: Place,
        batches: &[Batch],
        name: &str,
        host: &Host,
    ) -> Option<Job> {
        let running: BTreeSet<Node> = batches.iter().flat_map(|batch| batch.nodes.iter().copied()).collect();
        let mut steps = Vec::new();
        let mut sent = Vec::new();
        for batch in batches {
            self.compose(schedule, batch, &running, &mut steps, &mut sent);
        }
        let locks: BTreeSet<Lock> = steps.iter().flat_map(|step| step.step.locks.iter().copied()).collect();
        let held = self.locks.entry(name.to_string()).or_default();
        if held.iter().any(|lock| locks.contains(lock)) {
            running.into_iter().for_each(|node| schedule.set(node, Status::Ready));
            schedule.free(name, place);
            return None;
        }
        held.extend(&locks);
        let intents = self.intents(&running);
        let locks = locks.into_iter().collect();
        let (host, name, events) = (host.clone(), name.to_string(), self.events.clone());
        let redactor = self.survey.redactor();
        let (mut done, of) = self.progress(schedule, &name);
        Some(Box::pin(async move {
            let (sender, mut receiver) = mpsc::unbounded_channel();
            let changed = host.clone();
            let frame = host.run(StepFrame { steps, intents, ..StepFrame::default() }, sender);
            tokio::pin!(frame);
            let mut stream = Stream::default();
            // Each step ends once, in their order.
            let mut ends = sent.iter().map(|sent: &Sent| sent.verifies.len());
            let mut show = |event: StepEvent| match event {
                StepEvent::Started { id } => {
                    stream = Stream::default();
                    events.send(Event::StepStarted { host: name.clone(), purpose: id });
                }
                StepEvent::Output { id, line } => {
                    let line = stream.line(&redactor, &line);
                    events.send(Event::Output { host: name.clone(), purpose: id, line });
                }
                StepEvent::Ended { id, .. } => {
                    done += ends.next().unwrap_or_default();
                    changed.progress(done.min(of), of);
                    events.send(Event::StepEnded { host: name.clone(), purpose: id });
                }
                StepEvent::RowFailed { .. } | StepEvent::Verified { .. } => {}
            };
            let report = loop {
                tokio::select! {
                    // Who listens goes first: what is told does not pile up.
                    biased;
                    Some(event) = receiver.recv() => show(event),
                    report = &mut frame => break report,
                }
            };
            while let Ok(event) = receiver.try_recv() {
                show(event);
            }
            Done { host: name.clone(), place, answer: Answer::Ran { sent, locks, report } }
        }))
    }

    /// Returns what the journal of the host says before the steps of these: checks change nothing.
    fn intents(&self, running: &BTreeSet<Node>) -> Vec<Intended> {
        let changes = running.iter().filter(|&&node| self.survey.resource(node).kind.mode() != Mode::Check);
        let intended = |&node: &Node| {
            let action = match self.as_if_absent.contains(&node) {
                true => Action::Create,
                false => self.turns[&node].action,
            };
            let is_made = matches!(action, Action::Create | Action::Replace) && self.survey.is_owned(node);
            Intended {
                action: action.word(),
                local: self.survey.resolved(node).address.local(),
                identity: is_made.then(|| self.survey.identity(node).to_string()),
            }
        };
        let mut intents: Vec<Intended> = changes.map(intended).collect();
        // So that it stays used where this run is killed.
        let plan = running.first().and_then(|&node| self.survey.plan_in_use(&self.survey.resolved(node).address.host));
        if let (Some((digest, _)), false) = (plan, intents.is_empty()) {
            intents.insert(0, Intended { action: Interrupted::PLAN, local: digest.to_string(), identity: None });
        }
        intents
    }

    /// Makes the steps of a batch, each with its gates, its verification and the debts it makes and settles.
    fn compose(
        &self,
        schedule: &Schedule,
        batch: &Batch,
        running: &BTreeSet<Node>,
        steps: &mut Vec<FrameStep>,
        sent: &mut Vec<Sent>,
    ) {
        let owed: Vec<Option<OwedAction>> = batch.nodes.iter().map(|&node| self.owed(node, running)).collect();
        let planned: Vec<ErasedPlanned<'_>> = batch
            .nodes
            .iter()
            .zip(&owed)
            .map(|(node, owed)| {
                let turn = &self.turns[node];
                ErasedPlanned {
                    resource: self.survey.resource_for_steps(*node),
                    observed: &turn.observed,
                    changes: &turn.changes,
                    action: turn.action,
                    owed: *owed,
                }
            })
            .collect();
        let kind: &'static dyn KindObject = planned[0].resource.kind;
        let made: Vec<Step> = self.make_folders(&batch.nodes).into_iter().chain(kind.steps(&planned)).collect();
        let mut last: HashMap<Node, usize> = HashMap::new();
        for (at, step) in made.iter().enumerate() {
            for &covered in &step.covers {
                last.insert(batch.nodes[covered], at);
            }
        }
        let mut look = self.look(schedule, &batch.nodes, self.survey.len() + 2 * steps.len() + 1);
        let look_item = look.as_ref().map(|look| look.item);
        // A further step for a resource needs the one before it: that item stands for the step, not for a resource.
        let mut before: HashMap<Node, usize> = HashMap::new();
        for (at, step) in made.into_iter().enumerate() {
            let covers: Vec<Node> = step.covers.iter().map(|&covered| batch.nodes[covered]).collect();
            let verifies: Vec<Node> = covers.iter().copied().filter(|node| last[node] == at).collect();
            let mut framed = FrameStep::new(step.purpose.clone(), step);
            framed.kind = kind.name();
            framed.only_looks = kind.mode() == Mode::Check;
            framed.retries = covers.iter().map(|&node| self.survey.resolved(node).retries).max().unwrap_or(0);
            framed.needs = schedule.gates(&covers, running);
            framed.needs.extend(covers.iter().filter_map(|node| before.get(node)));
            let step_item = self.survey.len() + 2 * steps.len();
            framed.completes = vec![step_item];
            before.extend(covers.iter().map(|&node| (node, step_item)));
            let looks = if look.is_some() { batch.nodes.clone() } else { Vec::new() };
            match look.take() {
                Some(look) => framed.look = Some(look),
                None => framed.needs.extend(look_item),
            }
            framed.owes = self.debts(&covers);
            framed.settles = verifies.iter().flat_map(|&node| self.settled_debts(node, running)).collect();
            let local = |node: &Node| self.survey.resolved(*node).address.local();
            if kind.mode() != Mode::Check {
                framed.ends = verifies.iter().map(local).collect();
                framed.about = covers.iter().map(local).collect();
            }
            framed.verify = (!verifies.is_empty()).then(|| Verify {
                probe: self.probe(&verifies),
                items: verifies
                    .iter()
                    .map(|&node| VerifyItem { item: node, expected: self.survey.expected(node) })
                    .collect(),
            });
            sent.push(Sent { covers, verifies, looks, purpose: framed.id.clone() });
            steps.push(framed);
        }
    }
}
