//! Frames of small runs, and of random ones.

use proptest::prelude::*;

use crate::diagnostic::{FileId, Span};
use crate::graph::{Input, build};
use crate::model::{Address, OwedAction};
use crate::resource::{Claims, Trigger, TriggerSource};

use super::*;

/// A resource of a small run: its address, what it depends on, its status.
struct Sketch {
    inputs: Vec<Input>,
    tasks: Vec<Task>,
    status: Vec<Status>,
}

impl Sketch {
    fn new() -> Self {
        Self { inputs: Vec::new(), tasks: Vec::new(), status: Vec::new() }
    }

    fn add(mut self, address: &str, depends_on: &[&str], status: Status) -> Self {
        let address: Address = address.parse().unwrap();
        let span = Span { file: FileId(0), start: 0, end: 0 };
        let known = crate::resource::by_name(&address.kind);
        let (kind, in_order) = known.map_or(("thing", false), |kind| (kind.name(), kind.goes_in_order()));
        self.tasks.push(Task { host: address.host.clone(), kind, decidable: true, in_order, uncertain: false });
        self.inputs.push(Input {
            address,
            span,
            claims: Claims::new(),
            triggers: Vec::new(),
            depends_on: depends_on.iter().map(|text| ((*text).to_string(), span)).collect(),
            waits_for: Vec::new(),
            absent: false,
            left_alone: false,
        });
        self.status.push(status);
        self
    }

    fn phase(mut self, phase: Phase) -> Self {
        self.inputs.last_mut().unwrap().claims.phase = phase;
        self
    }

    fn undecidable(mut self) -> Self {
        self.tasks.last_mut().unwrap().decidable = false;
        self
    }

    fn uncertain(mut self) -> Self {
        self.tasks.last_mut().unwrap().uncertain = true;
        self
    }

    fn restart_on(mut self, selector: &str) -> Self {
        let source = TriggerSource::Selector(selector.into());
        self.inputs.last_mut().unwrap().triggers.push(Trigger { source, action: OwedAction::Restart });
        self
    }

    fn schedule(self) -> Schedule {
        let (graph, diagnostics) = build(&self.inputs);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        Schedule::new(Arc::new(graph), self.tasks, self.status)
    }
}

fn frame(batches: &[(&'static str, &[Node])]) -> Frame {
    Frame::Run(batches.iter().map(|(kind, nodes)| Batch { kind, nodes: nodes.to_vec() }).collect())
}

#[test]
fn puts_resources_of_a_kind_that_are_ready_together_into_one_batch() {
    let mut schedule = Sketch::new()
        .add("a/package:x", &[], Status::Ready)
        .phase(Phase::Package)
        .add("a/package:y", &[], Status::Ready)
        .phase(Phase::Package)
        .add("a/directory:/x", &[], Status::Ready)
        .add("a/directory:/x/y", &["directory:/x"], Status::Ready)
        .add("a/file:/x/f", &["directory:/x"], Status::Ready)
        .add("a/file:/x/y/f", &["directory:/x/y"], Status::Ready)
        .schedule();
    let expected = frame(&[("package", &[0, 1]), ("directory", &[2, 3]), ("file", &[4, 5])]);
    assert_eq!(schedule.next("a"), expected);
    assert_eq!(schedule.gates(&[5], &(0..6).collect()), [3]);
    (0..6).for_each(|node| schedule.set(node, Status::Done));
    assert_eq!(schedule.next("a"), Frame::Finished);
}

#[test]
fn puts_what_depends_on_each_other_into_one_batch_only_where_its_steps_go_in_order() {
    let chain = |kind: &str| {
        Sketch::new()
            .add(&format!("a/{kind}:/1"), &[], Status::Ready)
            .add(&format!("a/{kind}:/1/2"), &[&format!("{kind}:/1")], Status::Ready)
            .add(&format!("a/{kind}:/3"), &[], Status::Ready)
    };
    assert_eq!(chain("file").schedule().next("a"), frame(&[("file", &[0, 2]), ("file", &[1])]));
    assert_eq!(chain("directory").schedule().next("a"), frame(&[("directory", &[0, 1, 2])]));
}

#[test]
fn ends_a_frame_where_the_host_cannot_tell() {
    let mut schedule = Sketch::new()
        .add("a/user:x", &[], Status::Ready)
        .undecidable()
        .add("a/file:/x", &["user:x"], Status::Ready)
        .add("a/file:/y", &[], Status::Ready)
        .schedule();
    assert_eq!(schedule.next("a"), frame(&[("user", &[0]), ("file", &[2])]));
    [0, 2].into_iter().for_each(|node| schedule.set(node, Status::Done));
    assert_eq!(schedule.next("a"), frame(&[("file", &[1])]));
}

#[test]
fn observes_deferred_resources_once_all_before_them_is_in_place() {
    let mut schedule = Sketch::new()
        .add("a/package:x", &[], Status::Ready)
        .phase(Phase::Package)
        .add("a/service:x", &[], Status::Deferred)
        .add("a/check:x", &[], Status::Ready)
        .phase(Phase::Check)
        .schedule();
    assert_eq!(schedule.next("a"), frame(&[("package", &[0])]));
    schedule.set(0, Status::Done);
    assert_eq!(schedule.next("a"), Frame::Observe(vec![1]));
    schedule.set(1, Status::Ready);
    assert_eq!(schedule.next("a"), frame(&[("service", &[1]), ("check", &[2])]));
}

#[test]
fn holds_what_waits_for_one_more_until_that_has_come_to_its_end() {
    for end in [Status::Done, Status::Failed] {
        let mut schedule =
            Sketch::new().add("a/file:/x", &[], Status::Deferred).add("b/secret:y", &[], Status::Ready).schedule();
        assert_eq!(schedule.next("a"), Frame::Observe(vec![0]));
        schedule.hold(0, 1);
        assert_eq!(schedule.next("a"), Frame::Wait);
        assert_eq!(schedule.next("b"), frame(&[("secret", &[1])]));
        schedule.set(1, end);
        assert_eq!(schedule.next("a"), Frame::Observe(vec![0]));
    }
}

#[test]
fn waits_for_other_hosts() {
    let mut schedule =
        Sketch::new().add("a/file:/x", &["b/file:/y"], Status::Ready).add("b/file:/y", &[], Status::Ready).schedule();
    assert_eq!(schedule.next("a"), Frame::Wait);
    assert_eq!(schedule.next("b"), frame(&[("file", &[1])]));
    assert_eq!(schedule.next("a"), Frame::Wait);
    schedule.set(1, Status::Done);
    assert_eq!(schedule.next("a"), frame(&[("file", &[0])]));
}

#[test]
fn keeps_a_restart_out_of_the_frame_of_what_may_not_change() {
    for depends_on in [&[][..], &["command:x"][..]] {
        let mut schedule = Sketch::new()
            .add("a/command:x", &[], Status::Ready)
            .uncertain()
            .add("a/service:x", depends_on, Status::Ready)
            .restart_on("command:x")
            .schedule();
        assert_eq!(schedule.next("a"), frame(&[("command", &[0])]), "depends on {depends_on:?}");
        schedule.set(0, Status::Done);
        assert_eq!(schedule.next("a"), frame(&[("service", &[1])]));
    }
}

#[test]
fn orders_across_what_has_nothing_to_do() {
    let mut schedule = Sketch::new()
        .add("a/user:x", &[], Status::Ready)
        .undecidable()
        .add("a/group:y", &["user:x"], Status::Settled)
        .add("b/group:z", &["a/group:y"], Status::Settled)
        .add("a/file:/x", &["b/group:z"], Status::Ready)
        .schedule();
    assert_eq!(schedule.next("a"), frame(&[("user", &[0])]));
    schedule.set(0, Status::Failed);
    assert_eq!(schedule.skip(), [(3, 0)]);
    assert_eq!(schedule.next("a"), Frame::Finished);
}

#[test]
fn gates_across_what_has_nothing_to_do() {
    let mut schedule = Sketch::new()
        .add("a/user:x", &[], Status::Ready)
        .add("a/group:y", &["user:x"], Status::Settled)
        .add("a/file:/x", &["group:y"], Status::Ready)
        .schedule();
    assert_eq!(schedule.next("a"), frame(&[("user", &[0]), ("file", &[2])]));
    assert_eq!(schedule.gates(&[2], &BTreeSet::from([0, 2])), [0]);
}

#[test]
fn skips_dependants_and_the_checks_of_the_host_but_nothing_else() {
    let mut schedule = Sketch::new()
        .add("a/directory:/x", &[], Status::Failed)
        .add("a/file:/x/f", &["directory:/x"], Status::Ready)
        .add("a/service:x", &["file:/x/f"], Status::Deferred)
        .add("a/file:/y", &[], Status::Ready)
        .add("a/check:x", &[], Status::Ready)
        .phase(Phase::Check)
        .add("b/check:x", &[], Status::Ready)
        .phase(Phase::Check)
        .schedule();
    assert_eq!(schedule.skip(), [(1, 0), (2, 1), (4, 0)]);
    assert_eq!(schedule.next("a"), frame(&[("file", &[3])]));
    assert_eq!(schedule.next("b"), frame(&[("check", &[5])]));
}

#[test]
fn cuts_a_frame_that_grows_too_large() {
    let sketch = (0..3_000).fold(Sketch::new(), |sketch, at| sketch.add(&format!("a/file:/{at}"), &[], Status::Ready));
    let mut schedule = sketch.schedule();
    let Frame::Run(batches) = schedule.next("a") else { panic!("something runs") };
    assert_eq!(batches.iter().map(|batch| batch.nodes.len()).sum::<usize>(), 2_000);
}

const KINDS: [&str; 4] = ["directory", "file", "service", "user"];
const PHASES: [Phase; 3] = [Phase::Package, Phase::Normal, Phase::Check];

/// One resource of a random run.
#[derive(Clone, Debug)]
struct Random {
    host: usize,
    kind: usize,
    phase: usize,
    status: usize,
    decidable: bool,
    uncertain: bool,
    fails: bool,
    /// Taken modulo the resources before it.
    depends_on: Vec<usize>,
    triggers: Vec<usize>,
}

fn random() -> impl Strategy<Value = Random> {
    let traits = (0..3usize, 0..KINDS.len(), 0..PHASES.len(), 0..4usize);
    let edges = || prop::collection::vec(0..1_000usize, 0..3);
    let flags = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.1));
    (traits, flags, edges(), edges()).prop_map(|((host, kind, phase, status), flags, depends_on, triggers)| Random {
        host,
        kind,
        phase,
        status,
        decidable: flags.0,
        uncertain: flags.1,
        fails: flags.2,
        depends_on,
        triggers,
    })
}

fn sketch(run: &[Random]) -> Sketch {
    let names: Vec<String> =
        run.iter().enumerate().map(|(at, random)| format!("h{}/{}:/{at}", random.host, KINDS[random.kind])).collect();
    let mut sketch = Sketch::new();
    for (at, random) in run.iter().enumerate() {
        let before = |edges: &[usize]| -> Vec<&str> {
            if at == 0 { Vec::new() } else { edges.iter().map(|edge| names[edge % at].as_str()).collect() }
        };
        let status = [Status::Ready, Status::Ready, Status::Deferred, Status::Settled][random.status];
        sketch = sketch.add(&names[at], &before(&random.depends_on), status).phase(PHASES[random.phase]);
        for trigger in before(&random.triggers) {
            sketch = sketch.restart_on(trigger);
        }
        let task = sketch.tasks.last_mut().unwrap();
        (task.decidable, task.uncertain) = (random.decidable, random.uncertain);
    }
    sketch
}

/// All that comes before a resource, near and far.
fn ancestors(graph: &Graph) -> Vec<HashSet<Node>> {
    let mut all = vec![HashSet::new(); graph.len()];
    for &node in graph.order() {
        let before: HashSet<Node> =
            graph.dependencies(node).flat_map(|(before, _)| all[before].iter().copied().chain([before])).collect();
        all[node] = before;
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever fails, and whichever host answers first: every run ends, each resource is settled once, and nothing
    /// starts before all that it depends on, near or far, is in place or gates it in the same frame.
    #[test]
    fn every_run_ends_and_keeps_the_order(
        run in prop::collection::vec(random(), 1..40),
        answers in prop::collection::vec(0..3usize, 1..60),
    ) {
        let mut schedule = sketch(&run).schedule();
        schedule.most = 7;
        let graph = schedule.graph.clone();
        let ancestors = ancestors(&graph);
        let hosts = ["h0", "h1", "h2"];
        // What each host is working on.
        let mut working: Vec<Option<Frame>> = vec![None; hosts.len()];
        let mut started = vec![0; run.len()];
        let mut answer = answers.iter().cycle();
        for _ in 0..10 * run.len() + 10 {
            schedule.skip();
            for (at, host) in hosts.iter().enumerate().filter(|(at, _)| working[*at].is_none()).collect::<Vec<_>>() {
                let frame = schedule.next(host);
                match &frame {
                    Frame::Run(batches) => {
                        let mut here: Vec<Node> = Vec::new();
                        let running: BTreeSet<Node> = batches.iter().flat_map(|batch| batch.nodes.clone()).collect();
                        for &node in batches.iter().flat_map(|batch| &batch.nodes) {
                            started[node] += 1;
                            for &before in ancestors[node].iter().filter(|&&before| !schedule.status(before).is_final()) {
                                prop_assert!(here.contains(&before), "{node} starts before {before}");
                                prop_assert!(schedule.tasks[before].decidable || !schedule.gates(&[node], &running).contains(&before));
                            }
                            for (source, _) in graph.triggers(node) {
                                prop_assert!(!(here.contains(source) && run[*source].uncertain), "{node} reacts to {source}");
                            }
                            let phase = graph.phase(node);
                            let earlier = |other: &Node| graph.host(*other) == *host && graph.phase(*other) < phase;
                            let waits = (0..run.len()).filter(earlier).all(|other| schedule.status(other).is_final() || here.contains(&other));
                            prop_assert!(waits, "{node} starts before an earlier phase is over");
                            here.push(node);
                        }
                    }
                    Frame::Observe(nodes) => {
                        for &node in nodes {
                            prop_assert!(ancestors[node].iter().all(|&before| schedule.status(before).is_final()));
                            schedule.set(node, Status::Running);
                        }
                    }
                    Frame::Wait | Frame::Finished => continue,
                }
                working[at] = Some(frame);
            }
            let busy: Vec<usize> = (0..hosts.len()).filter(|&at| working[at].is_some()).collect();
            let Some(&at) = busy.get(answer.next().unwrap() % busy.len().max(1)) else { break };
            match working[at].take().unwrap() {
                Frame::Run(batches) => {
                    for node in batches.into_iter().flat_map(|batch| batch.nodes) {
                        let is_held_back = ancestors[node]
                            .iter()
                            .any(|&before| matches!(schedule.status(before), Status::Failed | Status::Skipped));
                        schedule.set(node, match () {
                            // As the host does: what its gates hold back is not started.
                            () if is_held_back => Status::Ready,
                            () if run[node].fails => Status::Failed,
                            () => Status::Done,
                        });
                    }
                }
                Frame::Observe(nodes) => {
                    for node in nodes {
                        schedule.set(node, if run[node].uncertain { Status::Ready } else { Status::Settled });
                    }
                }
                Frame::Wait | Frame::Finished => unreachable!("only work is kept"),
            }
        }
        for node in 0..run.len() {
            prop_assert!(schedule.status(node).is_final(), "{node} is left {:?}", schedule.status(node));
            let fails = |before: &Node| matches!(schedule.status(*before), Status::Failed | Status::Skipped);
            if schedule.status(node) == Status::Done {
                prop_assert!(!ancestors[node].iter().any(fails), "{node} was done after a failure before it");
                prop_assert_eq!(started[node], 1);
            }
        }
    }
}
