//! What came back from a host: what became of each resource, and what is known now.

use std::collections::BTreeSet;

use crate::graph::Node;
use crate::host::{HostError, Problem, StepReport, StepStatus};
use crate::model::{Action, Address, Change, Expect, ProbeOutput};
use crate::plan::{self, Act, Decision, Failure, Found, HostFailure, NotDone, Outcome, Owing, Upstream, Withheld};
use crate::render::describe;
use crate::resource::{AnyObserved, Mode, Refusal};
use crate::schedule::{Place, Schedule, Status};
use crate::survey::Item;

use super::work::{Answer, Sent};
use super::{Execution, Turn};

impl Execution<'_, '_> {
    /// Takes what came back from a host.
    pub(super) fn take(&mut self, schedule: &mut Schedule, name: &str, place: Place, answer: Answer) {
        match answer {
            Answer::Observed { nodes, result: Err(error) } if self.is_refused(name, place, &error) => {
                schedule.keep_to_main(name);
                nodes.into_iter().flat_map(|(nodes, _)| nodes).for_each(|node| schedule.set(node, Status::Deferred));
            }
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
            Answer::Ran { sent, locks, report } => {
                if let Some(held) = self.locks.get_mut(name) {
                    held.retain(|lock| !locks.contains(lock));
                }
                for (sent, step) in sent.into_iter().zip(report.steps) {
                    self.take_step(schedule, &sent, &step);
                    if matches!(step.status, StepStatus::Exited(_) | StepStatus::TimedOut | StepStatus::Killed) {
                        self.touch(schedule, &sent.covers);
                    }
                }
                match report.failure {
                    Some(error) if self.is_refused(name, place, &error) => schedule.keep_to_main(name),
                    Some(error) => self.lose(name, error),
                    None => {}
                }
                self.resolve_if_secrets_came(schedule);
            }
        }
    }

    /// Returns whether a frame found no channel only because others had them all: a server may allow a connection few
    /// (MaxSessions, sshd_config(5)). It is tried again in the main lane.
    fn is_refused(&mut self, name: &str, place: Place, error: &HostError) -> bool {
        let has_no_channel = matches!(error.problem, Problem::NoChannel { .. });
        has_no_channel && (place == Place::Beside || self.refused.insert(name.to_string()))
    }

    /// Decides about a resource that could only be observed now.
    fn decide(&mut self, schedule: &mut Schedule, node: Node) {
        // What was asked with values that are not known yet says nothing.
        let is_seen = self.survey.is_observable(node);
        let observed = self.survey.observed(node).filter(|_| is_seen).cloned().unwrap_or(AnyObserved::NotYet);
        let item = self.survey.item(node);
        let decision = plan::decide(&item, &observed, &self.upstream(schedule, &item, &observed, node));
        let by = schedule.touched_by(node);
        schedule.seen(node);
        self.fresh.insert(node);
        match decision {
            Decision::Act(act) | Decision::Perhaps(act, _) => {
                if let Some(by) = by {
                    self.note_found(node, &observed, by);
                }
                let owed_before = self.survey.owed(node);
                let Act { action, changes } = act;
                self.note_as_if_absent(node, action);
                self.turns.insert(node, Turn { action, changes, observed, owed_before });
                schedule.set(node, Status::Ready);
            }
            Decision::Defer { until, .. } => {
                let before: Vec<Node> = until.iter().filter_map(|address| self.survey.find(address)).collect();
                match before.is_empty() {
                    // A guard by which a secret is used may tell of another one.
                    false => schedule.hold(node, before),
                    true => self.fail(schedule, node, Failure::new("it could not be observed")),
                }
            }
            Decision::Refuse(refusal) => self.refuse(schedule, node, refusal),
            Decision::Withhold(Withheld::Destroys(action)) => self.withhold(schedule, node, action),
            Decision::Withhold(Withheld::Needs(because)) => {
                schedule.set(node, Status::Skipped);
                self.settle(node, Outcome::Skipped { because });
            }
            Decision::Withhold(Withheld::Wants(wants)) => {
                schedule.set(node, Status::Skipped);
                self.settle(node, Outcome::NotDone(NotDone::Wants(wants)));
            }
            // The end of a rotation comes after everything else.
            Decision::Nothing | Decision::Finish | Decision::Waive(_) | Decision::Miss(_) => {
                schedule.set(node, Status::Settled);
                // Of what was unchanged all along nothing is to be said.
                if self.turns.contains_key(&node) {
                    self.settle(node, Outcome::NotNeeded);
                }
            }
        }
    }

    /// Fails what cannot or must not be dealt with.
    pub(super) fn refuse(&mut self, schedule: &mut Schedule, node: Node, refusal: Refusal) {
        let message = self.survey.redactor().shown(&refusal.message);
        self.fail(schedule, node, Failure::new(message).help(refusal.help));
    }

    /// Leaves as it is what a partial run does not destroy.
    pub(super) fn withhold(&mut self, schedule: &mut Schedule, node: Node, action: Action) {
        schedule.set(node, Status::Withheld);
        self.settle(node, Outcome::Withheld { action });
    }

    /// Returns what the rest of the run means for a resource whose turn has come: all before it has come to its end.
    fn upstream(&self, schedule: &Schedule, item: &Item<'_>, observed: &AnyObserved, node: Node) -> Upstream {
        let is_to_come =
            |address: &Address| self.survey.find(address).is_some_and(|node| !schedule.status(node).is_final());
        let owed = self.owed_as_seen(node, observed, self.survey.owed(node), &BTreeSet::new());
        Upstream {
            is_partial: self.survey.is_partial(),
            wants: self.survey.wants(node),
            makes: item.sources().into_iter().filter(is_to_come).collect(),
            owed: owed.map(Owing::Surely),
            ..Upstream::default()
        }
    }

    /// Takes the end of one step, with what was seen after it.
    fn take_step(&mut self, schedule: &mut Schedule, sent: &Sent, step: &StepReport) {
        if step.status == StepStatus::Stale {
            return self.take_look(schedule, sent, step);
        }
        if let Some(verified) = &step.verified {
            self.survey.take_verified(&sent.verifies, verified.clone());
        }
        self.note_debts(sent, step);
        for (row, &node) in sent.covers.iter().enumerate() {
            // Where an earlier step for it has failed, nothing more is to be said.
            if schedule.status(node) == Status::Running {
                self.take_resource(schedule, node, row, sent, step);
            }
        }
    }

    /// Notes what a resource of the run brought or changed of another one, that had been seen otherwise.
    fn note_found(&mut self, node: Node, now: &AnyObserved, by: Node) {
        let kind = self.survey.resource(node).kind;
        // A unit or an account of the run makes a service be seen otherwise: that is why they come first.
        let graph = self.survey.graph();
        if graph.dependencies(node).any(|(before, _)| before != by && self.dues.has_changed(before)) {
            return;
        }
        let before = self.turns.get(&node).map(|turn| &turn.observed);
        if before.is_none_or(|before| !kind.is_same(before, now)) {
            let address = |node| self.survey.resolved(node).address.clone();
            let found = Found { address: address(node), by: address(by) };
            self.report.found.push(found);
        }
    }

    /// Marks what steps may have changed besides what they are about.
    fn touch(&self, schedule: &mut Schedule, covers: &[Node]) {
        for &node in covers {
            if self.dues.has_changed(node) || schedule.status(node) == Status::Failed {
                schedule.touch(node);
            }
        }
    }

    /// Returns whether the run itself may have changed what is seen of a resource: something that may touch it has run, or
    /// something that it depends on has changed.
    fn may_be_our_own(&self, schedule: &Schedule, node: Node) -> bool {
        schedule.touched_by(node).is_some() || schedule.before(node).iter().any(|&other| self.dues.has_changed(other))
    }

    /// Takes what was seen right before a step that did not start, because that is not what was seen before. What the run
    /// itself may have changed is decided about anew.
    fn take_look(&mut self, schedule: &mut Schedule, sent: &Sent, step: &StepReport) {
        let turn = |node: &Node| (self.turns[node].observed.clone(), self.turns[node].changes.clone());
        let before: Vec<_> = sent.looks.iter().map(turn).collect();
        self.survey.take_verified(&sent.looks, step.looked.clone().unwrap_or_else(ProbeOutput::missing));
        for (&node, (before, changes)) in sent.looks.iter().zip(before) {
            let observed = self.survey.observed(node).cloned().unwrap_or(AnyObserved::NotYet);
            let resource = self.survey.resource(node);
            if resource.kind.is_same(&before, &observed) {
                schedule.seen(node);
                self.fresh.insert(node);
                schedule.set(node, Status::Ready);
            } else if self.may_be_our_own(schedule, node) || [Vec::new(), changes].contains(&self.survey.compare(node))
            {
                self.decide(schedule, node);
            } else {
                let words = self.changed_meanwhile(node);
                let failure = self.failure(sent, step, words);
                self.fail(schedule, node, failure);
            }
        }
    }

    fn take_resource(&mut self, schedule: &mut Schedule, node: Node, row: usize, sent: &Sent, step: &StepReport) {
        let words = match &step.status {
            // The step as a whole was held back by something this resource may not depend on itself.
            StepStatus::Skipped { .. } => return schedule.set(node, Status::Ready),
            // What was looked at is decided about already.
            StepStatus::Stale | StepStatus::Cancelled | StepStatus::NotReached => {
                return schedule.set(node, Status::Ready);
            }
            StepStatus::Lost => "the host was lost while its step ran; the host ends it".to_string(),
            StepStatus::Killed => "its step was killed, as asked".to_string(),
            StepStatus::TimedOut => "its step outlived its timeout and was killed with its children".to_string(),
            StepStatus::NotRecorded => {
                "what is done to it, and the restarts it owes, could not be noted on the host first".to_string()
            }
            StepStatus::Exited(status) => match step.failed_rows.iter().find(|(failed, _)| *failed == row) {
                Some((_, message)) => self.survey.redactor().shown(message),
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
            AnyObserved::Absent(_) | AnyObserved::Present(_) => {
                let left = self.survey.compare(node);
                (!left.is_empty() && self.proves_itself(node)).then(|| self.inconsistent(kind.mode(), &left))
            }
        };
        if let Some(words) = wrong {
            let failure = self.failure(sent, step, words);
            return self.fail(schedule, node, failure);
        }
        let outcome = match kind.mode() {
            Mode::Check => Outcome::Passed,
            _ if step.unchanged_rows.contains(&row) => Outcome::NotNeeded,
            _ => Outcome::Applied { action: self.turns[&node].action },
        };
        match outcome {
            Outcome::Applied { .. } => self.note_changed(node),
            _ => self.dues.leave(node),
        }
        schedule.set(node, Status::Done);
        self.settle(node, outcome);
    }

    /// Returns whether what is observed after a resource's steps proves them; a command with `only_if` alone does not.
    pub(super) fn proves_itself(&self, node: Node) -> bool {
        let resource = self.survey.resource(node);
        let expected = self.survey.expected(node);
        resource.kind.mode() != Mode::Run || !expected.is_some_and(|all| all.iter().all(|field| *field == Expect::Any))
    }

    /// Says what is not as the plan was made for.
    pub(super) fn changed_meanwhile(&self, node: Node) -> String {
        let attributes = self.differences(&self.survey.compare(node), " now, planned");
        format!("somebody changed it after the plan was made, and it was left as it is: {attributes}")
    }

    /// Says what is not as it should be after the steps.
    fn inconsistent(&self, mode: Mode, left: &[Change]) -> String {
        match mode {
            Mode::Check => self.differences(left, ", expected"),
            Mode::Run => "it ran, but its guard still asks for it".to_string(),
            _ => format!("inconsistent result: {}", self.differences(left, ", planned")),
        }
    }

    /// Says what each attribute is and, after these words, what it should be; known secrets are hidden.
    pub(super) fn differences(&self, changes: &[Change], should_be: &str) -> String {
        let redactor = self.survey.redactor();
        let differences = changes.iter().map(|change| {
            let (is, wanted) = (describe(&change.before), describe(&change.after));
            redactor.shown(&format!("{} is {is}{should_be} {wanted}", change.attribute))
        });
        differences.collect::<Vec<_>>().join("; ")
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
            StepStatus::Stale => (None, Some("plan again, and look at what else changes it")),
            StepStatus::Skipped { .. } | StepStatus::Cancelled => (None, None),
        };
        let said = || std::iter::once(&message).chain(&step.output);
        let host = sent.covers.first().map(|&node| &*self.survey.resolved(node).address.host);
        let is_root = host.is_none_or(|host| self.survey.is_root(host));
        let lacks_root = help.is_none() && !is_root && said().any(|line| is_about_rights(line));
        let help = if lacks_root { Some("set `become: true` of the host, so that root does it") } else { help };
        let has_left = sent.covers.iter().any(|&node| self.survey.has_left(node));
        let help = help.or(has_left.then_some("mend what keeps it, or let it go: `infra state forget ADDRESS`"));
        Failure {
            message,
            step: Some(sent.purpose.clone()),
            status: status.filter(|status| *status != 0).map(|status| format!("exit status {status}")),
            output: redactor.lines(&step.output),
            help: help.map(str::to_string),
        }
    }

    /// Resolves the spec again once secrets have been made, so that what waits for them is known.
    fn resolve_if_secrets_came(&mut self, schedule: &Schedule) {
        let made = self.survey.known_secrets();
        let waits = (0..self.survey.len()).any(|node| {
            let deferrals = &self.survey.resolved(node).deferrals;
            let mut sources = deferrals.iter().flat_map(|deferral| deferral.until.addresses());
            !schedule.status(node).is_final() && sources.any(|address| made.contains(&*address.name))
        });
        if waits && let Err(error) = self.survey.resolve(self.scope) {
            let message = format!("the spec cannot be resolved with the secrets made: {error}");
            self.report.hosts.push(HostFailure { host: "spec".into(), message, help: None });
        }
    }
}

/// Returns whether a program complains that it may not do something, in the words of most systems.
fn is_about_rights(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let words = [
        "permission denied",
        "not permitted",
        "are you root",
        "must be root",
        "be run as root",
        "authentication required",
    ];
    words.iter().any(|words| line.contains(words))
}
