//! Applies a plan: frames to hosts, one after another on each, side by side across them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::graph::{Graph, Node};
use crate::host::{
    FrameReport, FrameStep, Host, HostError, Observed, StepEvent, StepFrame, StepReport, StepStatus, Verify, VerifyItem,
};
use crate::model::{Action, Change, Expect, Owed, OwedAction, Probe, ProbeOutput, Step};
use crate::plan::{Certainty, Failure, HostFailure, Outcome, Plan, Report, Scope};
use crate::render::describe;
use crate::resource::{AnyObserved, ErasedPlanned, KindObject, Style};

use super::drive::Hosts;
use super::event::{Event, Events};
use super::rotation;
use super::schedule::{Batch, Frame, Schedule, Status, Task};
use super::survey::Survey;

/// How much a run is asked to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    #[default]
    No,
    /// The running step is finished, nothing new is started.
    AfterStep,
    /// The running step is killed.
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

/// A run of a plan.
struct Execution<'r, 's> {
    survey: &'r mut Survey<'s>,
    scope: &'r Scope,
    events: &'r Events,
    /// What is about to happen to each resource of the run.
    turns: HashMap<Node, Turn>,
    /// What was really changed.
    changed: BTreeSet<Node>,
    /// What turned out to need nothing.
    needless: BTreeSet<Node>,
    report: Report,
    lost: BTreeSet<String>,
}

/// What came back from a host.
enum Answer {
    Observed { nodes: Vec<(Vec<Node>, &'static str)>, result: Result<Observed, HostError> },
    Ran { sent: Vec<Sent>, report: FrameReport },
}

/// A step on its way.
struct Sent {
    /// The resources it covers; of those, the ones whose last step it is are verified after it.
    covers: Vec<Node>,
    verifies: Vec<Node>,
    purpose: String,
}

/// Applies a plan. The survey is the one the plan was made from.
pub async fn apply(
    survey: &mut Survey<'_>,
    scope: &Scope,
    plan: &Plan,
    hosts: &Hosts,
    parallel: usize,
    events: &Events,
    mut stop: watch::Receiver<Stop>,
) -> Report {
    let mut execution = Execution {
        survey,
        scope,
        events,
        turns: HashMap::new(),
        changed: BTreeSet::new(),
        needless: BTreeSet::new(),
        report: Report::default(),
        lost: BTreeSet::new(),
    };
    let (graph, tasks, status) = execution.prepare(plan);
    let mut schedule = Schedule::new(graph, tasks, status);
    execution.record_debts_elsewhere(plan, hosts).await;
    let mut idle: BTreeSet<String> = plan.hosts.iter().cloned().collect();
    let mut work: JoinSet<(String, Answer)> = JoinSet::new();
    let mut stopping = Stop::No;
    loop {
        execution.skip(&mut schedule);
        for name in idle.clone() {
            if work.len() >= parallel || stopping != Stop::No || execution.lost.contains(&name) {
                break;
            }
            let Some(host) = hosts.get(&name) else { continue };
            if let Some(job) = execution.next_job(&mut schedule, &name, host) {
                idle.remove(&name);
                work.spawn(job);
            }
        }
        if work.is_empty() {
            break;
        }
        tokio::select! {
            Some(answer) = work.join_next() => {
                // A task that panicked is a bug; its panic message has been printed.
                let Ok((name, answer)) = answer else { continue };
                execution.take(&mut schedule, &name, answer);
                idle.insert(name);
            }
            Ok(()) = stop.changed() => {
                let asked = *stop.borrow();
                if asked > stopping {
                    stopping = asked;
                    events.send(Event::Stopping);
                    for name in plan.hosts.iter().filter(|name| !idle.contains(*name)) {
                        if let Some(host) = hosts.get(name) {
                            match asked {
                                Stop::Now => host.kill(),
                                Stop::AfterStep | Stop::No => host.stop(),
                            }
                        }
                    }
                }
            }
        }
    }
    execution.forget_needless_debts(&schedule, hosts).await;
    execution.finish(&mut schedule, stopping);
    let mut report = execution.report;
    rotation::finish(survey, scope, plan, hosts, events, &mut report).await;
    report
}

impl Execution<'_, '_> {
    /// Turns the plan into tasks for the schedule.
    fn prepare(&mut self, plan: &Plan) -> (Arc<Graph>, Vec<Task>, Vec<Status>) {
        let mut status = vec![Status::Settled; self.survey.len()];
        let tasks = (0..self.survey.len())
            .map(|node| {
                let resolved = self.survey.resolved(node);
                Task {
                    host: resolved.address.host.clone(),
                    kind: resolved.resource.kind.name(),
                    decidable: resolved.resource.kind.expected(&resolved.resource).is_some(),
                    in_order: resolved.resource.kind.goes_in_order(),
                    uncertain: false,
                }
            })
            .collect::<Vec<_>>();
        let mut tasks = tasks;
        let changes: BTreeSet<&str> =
            plan.resources.iter().filter(|planned| planned.acts()).map(|planned| &*planned.address.host).collect();
        for planned in &plan.resources {
            let node = planned.node;
            if planned.finishes {
                continue;
            }
            if !planned.acts() {
                if self.is_check(node) {
                    status[node] = self.prepare_check(node, changes.contains(&*planned.address.host));
                }
                continue;
            }
            let observed = self.survey.observed(node).cloned().unwrap_or(AnyObserved::NotYet);
            let is_restart = matches!(planned.action, Action::Restart | Action::Reload);
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
        (self.survey.shared_graph(), tasks, status)
    }

    fn is_check(&self, node: Node) -> bool {
        self.survey.resolved(node).resource.kind.style() == Style::Check
    }

    /// Every apply runs every check: the observation just made counts where nothing changes and it held.
    fn prepare_check(&mut self, node: Node, host_changes: bool) -> Status {
        let held =
            matches!(self.survey.observed(node), Some(AnyObserved::Present(_))) && self.survey.compare(node).is_empty();
        if held && !host_changes {
            self.settle(node, Outcome::Passed);
            return Status::Settled;
        }
        let observed = self.survey.observed(node).cloned().unwrap_or(AnyObserved::NotYet);
        let turn = Turn { action: Action::Read, changes: Vec::new(), observed, owed_before: None };
        self.turns.insert(node, turn);
        Status::Ready
    }
}

/// The next piece of work for a host.
type Job = std::pin::Pin<Box<dyn Future<Output = (String, Answer)> + Send>>;

impl Execution<'_, '_> {
    /// Decides what a host does next; nothing where it has to wait or is done.
    fn next_job(&mut self, schedule: &mut Schedule, name: &str, host: &Host) -> Option<Job> {
        loop {
            match schedule.next(name) {
                Frame::Wait | Frame::Finished => return None,
                Frame::Observe(nodes) => {
                    let job = self.observe(&nodes, name, host);
                    nodes.iter().for_each(|&node| schedule.set(node, Status::Running));
                    return Some(job);
                }
                Frame::Run(batches) => {
                    let batches = self.drop_needless(schedule, batches);
                    if batches.is_empty() {
                        // What was dropped may have let others go.
                        continue;
                    }
                    return Some(self.run(schedule, batches, name, host));
                }
            }
        }
    }

    /// Observes deferred resources, now that what they waited for is in place.
    fn observe(&mut self, nodes: &[Node], name: &str, host: &Host) -> Job {
        self.survey.forget(nodes);
        let mut by_kind: BTreeMap<&'static str, Vec<Node>> = BTreeMap::new();
        for &node in nodes {
            by_kind.entry(self.survey.resolved(node).resource.kind.name()).or_default().push(node);
        }
        let sections: Vec<(String, Probe)> =
            by_kind.iter().map(|(kind, nodes)| ((*kind).to_string(), self.probe(nodes))).collect();
        let nodes = by_kind.into_iter().map(|(kind, nodes)| (nodes, kind)).collect();
        let (host, name, events) = (host.clone(), name.to_string(), self.events.clone());
        Box::pin(async move {
            events.send(Event::Observing {
                host: name.clone(),
                resources: sections.iter().map(|(_, probe)| probe.rows.len()).sum(),
            });
            let result = host.observe(sections).await;
            events.send(Event::Observed { host: name.clone() });
            (name, Answer::Observed { nodes, result })
        })
    }

    /// Makes the probe for resources of one kind.
    fn probe(&self, nodes: &[Node]) -> Probe {
        let resources: Vec<_> = nodes.iter().map(|&node| self.survey.resource(node)).collect();
        resources[0].kind.probe(&resources)
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

    /// Returns the restart or reload that changes made, or about to be made in the same frame, ask for.
    fn owed(&self, node: Node, running: &BTreeSet<Node>) -> Option<OwedAction> {
        let turn = &self.turns[&node];
        if !self.survey.resource(node).kind.owed_applies(self.survey.resource(node), &turn.observed) {
            return None;
        }
        let sources = self.survey.graph().triggers(node).iter();
        let changed = sources.filter(|(source, _)| self.changed.contains(source) || running.contains(source));
        changed.map(|(_, action)| *action).max().max(turn.owed_before)
    }

    /// Sends batches as one frame.
    fn run(&mut self, schedule: &Schedule, batches: Vec<Batch>, name: &str, host: &Host) -> Job {
        let running: BTreeSet<Node> = batches.iter().flat_map(|batch| batch.nodes.iter().copied()).collect();
        let mut steps = Vec::new();
        let mut sent = Vec::new();
        for batch in &batches {
            self.compose(schedule, batch, &running, &mut steps, &mut sent);
        }
        let (host, name, events) = (host.clone(), name.to_string(), self.events.clone());
        let redactor = self.survey.redactor();
        Box::pin(async move {
            let (sender, mut receiver) = mpsc::unbounded_channel();
            let frame = host.run(StepFrame { steps, forget: Vec::new() }, sender);
            tokio::pin!(frame);
            let show = |event: StepEvent| match event {
                StepEvent::Started { id } => events.send(Event::StepStarted { host: name.clone(), purpose: id }),
                StepEvent::Output { line, .. } => {
                    events.send(Event::Output { host: name.clone(), line: redactor.redact(&line).into_owned() });
                }
                StepEvent::Ended { .. } => events.send(Event::StepEnded { host: name.clone() }),
                StepEvent::RowFailed { .. } | StepEvent::Verified { .. } => {}
            };
            let report = loop {
                tokio::select! {
                    report = &mut frame => break report,
                    Some(event) = receiver.recv() => show(event),
                }
            };
            while let Ok(event) = receiver.try_recv() {
                show(event);
            }
            (name.clone(), Answer::Ran { sent, report })
        })
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
                    resource: self.survey.resource(*node),
                    observed: &turn.observed,
                    changes: &turn.changes,
                    action: turn.action,
                    owed: *owed,
                }
            })
            .collect();
        let kind: &'static dyn KindObject = planned[0].resource.kind;
        let made = kind.steps(&planned);
        let mut last: HashMap<Node, usize> = HashMap::new();
        for (at, step) in made.iter().enumerate() {
            for &covered in &step.covers {
                last.insert(batch.nodes[covered], at);
            }
        }
        // A further step for a resource needs the one before it: that item stands for the step, not for a resource.
        let mut before: HashMap<Node, usize> = HashMap::new();
        for (at, step) in made.into_iter().enumerate() {
            let covers: Vec<Node> = step.covers.iter().map(|&covered| batch.nodes[covered]).collect();
            let verifies: Vec<Node> = covers.iter().copied().filter(|node| last[node] == at).collect();
            let mut framed = FrameStep::new(step.purpose.clone(), step);
            framed.retries = covers.iter().map(|&node| self.survey.resolved(node).retries).max().unwrap_or(0);
            framed.needs = schedule.gates(&covers, running);
            framed.needs.extend(covers.iter().filter_map(|node| before.get(node)));
            let step_item = self.survey.len() + steps.len();
            framed.completes = vec![step_item];
            before.extend(covers.iter().map(|&node| (node, step_item)));
            framed.owes = self.debts(&covers);
            framed.settles = verifies.iter().flat_map(|&node| self.settled_debts(node, running)).collect();
            framed.verify = (!verifies.is_empty()).then(|| Verify {
                probe: self.probe(&verifies),
                items: verifies
                    .iter()
                    .map(|&node| VerifyItem {
                        item: node,
                        expected: self.survey.resource(node).kind.expected(self.survey.resource(node)),
                    })
                    .collect(),
            });
            sent.push(Sent { covers, verifies, purpose: framed.id.clone() });
            steps.push(framed);
        }
    }

    /// Returns the debts that a resource's steps pay.
    fn settled_debts(&self, node: Node, running: &BTreeSet<Node>) -> Vec<Owed> {
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
    fn debts(&self, nodes: &[Node]) -> Vec<Owed> {
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

    /// Says whether a restart means anything to a service as it was seen; one that was not looked at may run.
    fn can_be_owed(&self, service: Node) -> bool {
        let resource = self.survey.resource(service);
        self.survey.observed(service).is_none_or(|observed| resource.kind.owed_applies(resource, observed))
    }

    /// Records, before anything changes, what changes on one host owe on another.
    async fn record_debts_elsewhere(&mut self, plan: &Plan, hosts: &Hosts) {
        let mut debts: BTreeMap<&str, Vec<Owed>> = BTreeMap::new();
        for planned in plan.resources.iter().filter(|planned| planned.acts()) {
            for (address, action) in planned.owes.iter().filter(|(address, _)| address.host != planned.address.host) {
                debts.entry(&address.host).or_default().push(Owed { resource: address.local(), action: *action });
            }
        }
        for (name, owes) in debts {
            let Some(host) = hosts.get(name) else { continue };
            let nothing = Step::new(":", Vec::new(), "record what changes on other hosts owe");
            let step = FrameStep { owes, ..FrameStep::new(nothing.purpose.clone(), nothing) };
            let (sender, _) = mpsc::unbounded_channel();
            let report = host.run(StepFrame { steps: vec![step], forget: Vec::new() }, sender).await;
            if let Some(error) = report.failure {
                self.lose(name, error);
            }
        }
    }

    /// Takes back what was recorded before a change that then turned out not to be needed.
    async fn forget_needless_debts(&mut self, schedule: &Schedule, hosts: &Hosts) {
        let mut debts: BTreeMap<String, Vec<Owed>> = BTreeMap::new();
        for service in 0..self.survey.len() {
            let sources = self.survey.graph().triggers(service);
            let is_owed = |source: &Node| {
                self.changed.contains(source) || matches!(schedule.status(*source), Status::Failed | Status::Running)
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

    /// Takes what came back from a host.
    fn take(&mut self, schedule: &mut Schedule, name: &str, answer: Answer) {
        match answer {
            Answer::Observed { nodes, result: Err(error) } => {
                for node in nodes.into_iter().flat_map(|(nodes, _)| nodes) {
                    self.fail(schedule, node, Failure::new("the host was lost before it could be observed"));
                }
                self.lose(name, error);
            }
            Answer::Observed { nodes, result: Ok(mut observed) } => {
                for (nodes, kind) in &nodes {
                    let output = observed.sections.remove(*kind).unwrap_or_else(ProbeOutput::missing);
                    self.survey.take_verified(nodes, output);
                }
                for node in nodes.into_iter().flat_map(|(nodes, _)| nodes) {
                    self.decide(schedule, node);
                }
            }
            Answer::Ran { sent, report } => {
                for (sent, step) in sent.into_iter().zip(report.steps) {
                    self.take_step(schedule, &sent, &step);
                }
                if let Some(error) = report.failure {
                    self.lose(name, error);
                }
                self.resolve_if_secrets_came(schedule);
            }
        }
    }

    /// Decides about a resource that could only be observed now.
    fn decide(&mut self, schedule: &mut Schedule, node: Node) {
        let resolved = self.survey.resolved(node);
        let observed = self.survey.observed(node).cloned().unwrap_or(AnyObserved::NotYet);
        if let Some(deferral) = resolved.deferrals.first() {
            // A value that holds several secrets names the next one once the first is made.
            if let crate::model::Until::Applied(address) = &deferral.until
                && let Some(before) = self.survey.find(address)
                && !schedule.status(before).is_final()
            {
                return schedule.hold(node, before);
            }
            let words = format!("`{}` is still not known: it waits for {}", deferral.attribute, deferral.until);
            return self.fail(schedule, node, Failure::new(words));
        }
        match &observed {
            AnyObserved::Failed(reason) => {
                return self.fail(schedule, node, Failure::new(format!("it could not be observed: {reason}")));
            }
            AnyObserved::Later { reason, .. } => return self.fail(schedule, node, Failure::new(reason.clone())),
            AnyObserved::NotYet => return self.fail(schedule, node, Failure::new("it could not be observed")),
            AnyObserved::Absent | AnyObserved::Present(_) => {}
        }
        if let Some(refusal) = self.survey.resource(node).kind.refusal(self.survey.resource(node), &observed) {
            let failure = Failure { help: Some(refusal.help), ..Failure::new(refusal.message) };
            return self.fail(schedule, node, failure);
        }
        let changes = self.survey.compare(node);
        let owed_before = self.survey.owed(node);
        let action = crate::plan::action(self.survey.resource(node), &observed, &changes);
        if matches!(action, Action::Delete | Action::Replace) && (resolved.prevent_destroy || self.scope.is_partial()) {
            let what = if resolved.prevent_destroy { "`prevent_destroy`" } else { "a run with --target or --host" };
            let words = format!("it would be {}d, and {what} forbids that", action.word());
            return self.fail(schedule, node, Failure::new(words));
        }
        let turn = Turn { action, changes, observed, owed_before };
        let is_needed = action != Action::None;
        self.turns.insert(node, turn);
        if !is_needed && self.owed(node, &BTreeSet::new()).is_none() {
            schedule.set(node, Status::Settled);
            self.settle(node, Outcome::NotNeeded);
        } else {
            if !is_needed && let Some(turn) = self.turns.get_mut(&node) {
                turn.action = Action::Restart;
            }
            schedule.set(node, Status::Ready);
        }
    }

    /// Takes the end of one step, with what was seen after it.
    fn take_step(&mut self, schedule: &mut Schedule, sent: &Sent, step: &StepReport) {
        if let Some(verified) = &step.verified {
            self.survey.take_verified(&sent.verifies, verified.clone());
        }
        for (row, &node) in sent.covers.iter().enumerate() {
            // Where an earlier step for it has failed, nothing more is to be said.
            if schedule.status(node) == Status::Running {
                self.take_resource(schedule, node, row, sent, step);
            }
        }
    }

    fn take_resource(&mut self, schedule: &mut Schedule, node: Node, row: usize, sent: &Sent, step: &StepReport) {
        let words = match &step.status {
            // The step as a whole was held back by something this resource may not depend on itself.
            StepStatus::Skipped { .. } => return schedule.set(node, Status::Ready),
            StepStatus::Cancelled | StepStatus::NotReached => return schedule.set(node, Status::Ready),
            StepStatus::Lost => "the host was lost while its step ran; the host ends it".to_string(),
            StepStatus::Killed => "its step was killed, as asked".to_string(),
            StepStatus::TimedOut => "its step outlived its timeout and was killed with its children".to_string(),
            StepStatus::NotRecorded => "it would owe a restart, and that could not be recorded on the host".to_string(),
            StepStatus::Exited(status) => match step.failed_rows.iter().find(|(failed, _)| *failed == row) {
                Some((_, message)) => self.survey.redactor().redact(message).into_owned(),
                // Other rows of the step failed; this one is judged by what was seen of it.
                None if *status == 0 || !step.failed_rows.is_empty() => {
                    return self.verify(schedule, node, row, sent, step);
                }
                None => format!("its step ended with status {status}"),
            },
        };
        let failure = self.failure(sent, step, words);
        self.fail(schedule, node, failure);
    }

    /// Compares what was seen after the steps with what was planned.
    fn verify(&mut self, schedule: &mut Schedule, node: Node, row: usize, sent: &Sent, step: &StepReport) {
        if !sent.verifies.contains(&node) {
            return;
        }
        let kind = self.survey.resource(node).kind;
        let observed = self.survey.observed(node).cloned().unwrap_or(AnyObserved::NotYet);
        let wrong = match &observed {
            AnyObserved::Failed(reason) | AnyObserved::Later { reason, .. } => {
                Some(format!("it could not be observed afterwards: {reason}"))
            }
            AnyObserved::NotYet => Some("it could not be observed afterwards".to_string()),
            AnyObserved::Absent | AnyObserved::Present(_) => {
                let left = self.survey.compare(node);
                (!left.is_empty() && self.proves_itself(node)).then(|| self.inconsistent(kind.style(), &left))
            }
        };
        if let Some(words) = wrong {
            let failure = self.failure(sent, step, words);
            return self.fail(schedule, node, failure);
        }
        let outcome = match kind.style() {
            Style::Check => Outcome::Passed,
            _ if step.unchanged_rows.contains(&row) => Outcome::NotNeeded,
            _ => Outcome::Applied { action: self.turns[&node].action },
        };
        if matches!(outcome, Outcome::Applied { .. }) {
            self.changed.insert(node);
        }
        schedule.set(node, Status::Done);
        self.settle(node, outcome);
    }

    /// Says whether what is observed after a resource's steps proves them; a command with `only_if` alone does not.
    fn proves_itself(&self, node: Node) -> bool {
        let resource = self.survey.resource(node);
        let expected = resource.kind.expected(resource);
        resource.kind.style() != Style::Run
            || !expected.is_some_and(|all| all.iter().all(|field| *field == Expect::Any))
    }

    /// Says what is not as it should be after the steps.
    fn inconsistent(&self, style: Style, left: &[Change]) -> String {
        let redactor = self.survey.redactor();
        let attributes = left.iter().map(|change| {
            let (before, after) = (describe(&change.before), describe(&change.after));
            redactor.redact(&format!("{} is {before}, planned {after}", change.attribute)).into_owned()
        });
        let attributes = attributes.collect::<Vec<_>>().join("; ");
        match style {
            Style::Check => attributes.replace(", planned ", ", expected "),
            Style::Run => "it ran, but its guard still asks for it".to_string(),
            _ => format!("inconsistent result: {attributes}"),
        }
    }

    /// Describes a failure with what the step said.
    fn failure(&self, sent: &Sent, step: &StepReport, message: String) -> Failure {
        let redactor = self.survey.redactor();
        let (status, help) = match &step.status {
            StepStatus::Exited(status) => (Some(*status), None),
            StepStatus::TimedOut => (None, Some("look at what it waited for, or give it more time with `timeout:`")),
            StepStatus::NotRecorded => {
                (None, Some("look at the host's /var/lib/infra: is its disk full or read-only?"))
            }
            StepStatus::Lost | StepStatus::NotReached | StepStatus::Killed => {
                (None, Some("run the same apply again: it goes on from what is there"))
            }
            StepStatus::Skipped { .. } | StepStatus::Cancelled => (None, None),
        };
        Failure {
            message,
            step: Some(sent.purpose.clone()),
            status: status.filter(|status| *status != 0).map(|status| format!("exit status {status}")),
            output: step.output.iter().map(|line| redactor.redact(line).into_owned()).collect(),
            help: help.map(str::to_string),
        }
    }

    /// Resolves the spec again once secrets have been made, so that what waits for them is known.
    fn resolve_if_secrets_came(&mut self, schedule: &Schedule) {
        let made = self.survey.known_secrets();
        let waits = (0..self.survey.len()).any(|node| {
            !schedule.status(node).is_final()
                && self.survey.resolved(node).deferrals.iter().any(|deferral| {
                    matches!(&deferral.until, crate::model::Until::Applied(address) if made.contains(&*address.name))
                })
        });
        if waits && let Err(error) = self.survey.resolve(self.scope) {
            let message = format!("the spec cannot be resolved with the secrets made: {error}");
            self.report.hosts.push(HostFailure { host: "spec".into(), message, help: None });
        }
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
        if matches!(outcome, Outcome::NotNeeded) {
            self.needless.insert(node);
        }
        let address = self.survey.resolved(node).address.clone();
        self.events.send(Event::Settled { address: address.clone(), outcome: outcome.clone() });
        self.report.outcomes.push((address, outcome));
    }

    fn lose(&mut self, name: &str, error: HostError) {
        if self.lost.insert(name.to_string()) {
            self.report.hosts.push(HostFailure::from(error));
        }
    }

    /// Says what was not done.
    fn finish(&mut self, schedule: &mut Schedule, stopping: Stop) {
        self.skip(schedule);
        self.report.was_stopped = stopping != Stop::No;
        for node in 0..self.survey.len() {
            if !schedule.status(node).is_final() {
                schedule.set(node, Status::Skipped);
                self.settle(node, Outcome::Cancelled);
            }
        }
    }
}
