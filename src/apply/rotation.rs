//! Ends rotations: what a secret replaced is forgotten once everything that held it holds the new one.

use std::collections::BTreeMap;

use tokio::sync::mpsc;

use crate::graph::Node;
use crate::host::{FrameStep, Host, HostError, StepFrame, StepStatus, Verify, VerifyItem};
use crate::model::{Action, Step};
use crate::plan::{Failure, HostFailure, NotDone, Outcome, Plan, Report};
use crate::resource::{AnyObserved, ErasedPlanned};
use crate::survey::{Rotation, Scope, Survey};

use super::drive::Hosts;
use super::event::{Event, Events};

/// Ends all rotations where the run has succeeded as a whole; otherwise they stay for the next one.
pub(super) async fn finish(
    survey: &mut Survey<'_>,
    scope: &Scope,
    plan: &Plan,
    hosts: &Hosts,
    events: &Events,
    report: &mut Report,
) {
    let all: Vec<Node> =
        (0..survey.len()).filter(|&node| survey.rotation(node) == Some(Rotation::Unfinished)).collect();
    if all.is_empty() || scope.is_partial() {
        return;
    }
    // Those that the plan listed for nothing else end here; the others have had their outcome.
    let is_listed = |node: Node| plan.resources.iter().any(|planned| planned.node == node && planned.finishes);
    let mut ends: Vec<(Node, Outcome)> = Vec::new();
    if report.is_success() {
        let mut by_host: BTreeMap<String, Vec<Node>> = BTreeMap::new();
        for node in all {
            by_host.entry(survey.resolved(node).address.host.to_string()).or_default().push(node);
        }
        for (name, nodes) in by_host {
            let Some(host) = hosts.get(&name) else { continue };
            events.send(Event::StepStarted { host: name.clone(), purpose: "finish rotations".into() });
            let result = forget(survey, &nodes, host).await;
            events.send(Event::StepEnded { host: name, purpose: "finish rotations".into() });
            if let Err(error) = result {
                report.hosts.push(HostFailure::from(error));
            }
            for node in nodes {
                let is_left = survey.rotation(node).is_some();
                let outcome = match (is_left, is_listed(node)) {
                    (true, _) => Outcome::Failed(
                        Failure::new("its rotation could not be finished: what it replaced is still noted on the host")
                            .help("run the same apply again"),
                    ),
                    (false, true) => Outcome::Applied { action: Action::Update },
                    (false, false) => continue,
                };
                ends.push((node, outcome));
            }
        }
    } else {
        ends.extend(
            all.into_iter().filter(|&node| is_listed(node)).map(|node| (node, Outcome::NotDone(NotDone::RestFailed))),
        );
    }
    for (node, outcome) in ends {
        let address = survey.resolved(node).address.clone();
        events.send(Event::Settled { address: address.clone(), outcome: outcome.clone() });
        report.outcomes.push((address, outcome));
    }
}

/// Removes the notes of what secrets of a host replaced, and looks at them again.
async fn forget(survey: &mut Survey<'_>, nodes: &[Node], host: &Host) -> Result<(), HostError> {
    let absent = AnyObserved::Absent(None);
    let planned: Vec<ErasedPlanned<'_>> = nodes
        .iter()
        .map(|&node| ErasedPlanned {
            resource: survey.resource(node),
            observed: survey.observed(node).unwrap_or(&absent),
            changes: &[],
            action: Action::Update,
            owed: None,
        })
        .collect();
    let resources: Vec<_> = nodes.iter().map(|&node| survey.resource(node)).collect();
    let kind = resources[0].kind;
    let Some(values) = kind.makes_value() else { return Ok(()) };
    let framed = |step: Step| FrameStep { kind: kind.name(), ..FrameStep::new(step.purpose.clone(), step) };
    let mut steps: Vec<FrameStep> = values.conclude(&planned).into_iter().map(framed).collect();
    if let Some(last) = steps.last_mut() {
        let items = nodes.iter().map(|&node| VerifyItem { item: node, expected: None }).collect();
        last.verify = Some(Verify { probe: kind.probe(&resources), items });
    }
    let (sender, _) = mpsc::unbounded_channel();
    let mut report = host.run(StepFrame { steps, ..StepFrame::default() }, sender).await;
    let verified = report.steps.last_mut().and_then(|step| step.verified.take());
    let is_done = report.steps.iter().all(|step| step.status == StepStatus::Exited(0));
    survey.end_rotation();
    // What was not seen again stays as it was seen last: unfinished.
    if let Some(output) = verified.filter(|_| is_done) {
        survey.take_verified(nodes, output);
    }
    report.failure.map_or(Ok(()), Err)
}
