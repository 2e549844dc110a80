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
        let known = crate::kinds::by_name(&address.kind);
        let (kind, in_order) = known.map_or(("thing", false), |kind| (kind.name(), kind.info().in_order));
        let lane = known.map_or(Lane::Main, |kind| kind.info().lane);
        self.tasks.push(Task {
            host: address.host.clone(),
            kind,
            decidable: true,
            in_order,
            uncertain: false,
            lane,
            touches: Arc::default(),
        });
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

fn run(place: Place, batches: &[(&'static str, &[Node])]) -> Frame {
    Frame::Run(place, batches.iter().map(|(kind, nodes)| Batch { kind, nodes: nodes.to_vec() }).collect())
}

fn frame(batches: &[(&'static str, &[Node])]) -> Frame {
    run(Place::Main, batches)
}

fn beside(batches: &[(&'static str, &[Node])]) -> Frame {
    run(Place::Beside, batches)
}

fn observe(nodes: &[Node]) -> Frame {
    Frame::Observe(Place::Main, nodes.to_vec())
}

/// Ends a frame of a host, and with it these resources.
fn end(schedule: &mut Schedule, host: &str, place: Place, nodes: &[Node], status: Status) {
    schedule.free(host, place);
    nodes.iter().for_each(|&node| schedule.set(node, status));
}

/// Ends the frame in the main lane of host `a` well.
fn done(schedule: &mut Schedule, nodes: &[Node]) {
    end(schedule, "a", Place::Main, nodes, Status::Done);
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
    done(&mut schedule, &[0, 1, 2, 3, 4, 5]);
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
    done(&mut schedule, &[0, 2]);
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
    done(&mut schedule, &[0]);
    assert_eq!(schedule.next("a"), observe(&[1]));
    end(&mut schedule, "a", Place::Main, &[1], Status::Ready);
    assert_eq!(schedule.next("a"), frame(&[("service", &[1]), ("check", &[2])]));
}

#[test]
fn holds_what_waits_for_one_more_until_that_has_come_to_its_end() {
    for end in [Status::Done, Status::Failed] {
        let mut schedule =
            Sketch::new().add("a/file:/x", &[], Status::Deferred).add("b/secret:y", &[], Status::Ready).schedule();
        assert_eq!(schedule.next("a"), observe(&[0]));
        schedule.free("a", Place::Main);
        schedule.hold(0, vec![1]);
        assert_eq!(schedule.next("a"), Frame::Wait);
        assert_eq!(schedule.next("b"), frame(&[("secret", &[1])]));
        schedule.set(1, end);
        assert_eq!(schedule.next("a"), observe(&[0]));
    }
}

#[test]
fn looks_at_what_waits_for_packages_before_anything_later() {
    for met in [true, false] {
        let mut schedule = Sketch::new()
            .add("a/requirement:jq", &[], Status::Deferred)
            .phase(Phase::Requirement)
            .add("a/package:jq", &[], Status::Ready)
            .phase(Phase::Package)
            .add("a/file:/x", &[], Status::Ready)
            .add("a/package:gone", &[], Status::Ready)
            .phase(Phase::Removal)
            .add("b/file:/y", &[], Status::Ready)
            .add("b/file:/z", &["a/file:/x"], Status::Ready)
            .schedule();
        schedule.postpone(0, vec![1]);
        assert_eq!(schedule.next("a"), frame(&[("package", &[1])]));
        assert_eq!(schedule.next("a"), Frame::Wait);
        assert_eq!(schedule.next("b"), frame(&[("file", &[4])]), "other hosts go on");
        done(&mut schedule, &[1]);
        assert_eq!(schedule.next("a"), observe(&[0]));
        end(&mut schedule, "a", Place::Main, &[0], if met { Status::Settled } else { Status::Failed });
        if met {
            assert_eq!(schedule.skip(), []);
            assert_eq!(schedule.next("a"), frame(&[("file", &[2]), ("package", &[3])]));
        } else {
            assert_eq!(schedule.skip(), [(2, 0), (5, 2), (3, 0)]);
        }
    }
}

#[test]
fn looks_at_a_requirement_between_the_packages_that_may_meet_it_and_those_that_need_it() {
    let mut schedule = Sketch::new()
        .add("a/requirement:jq", &[], Status::Deferred)
        .phase(Phase::Requirement)
        .add("a/package:jq", &[], Status::Ready)
        .phase(Phase::Package)
        .add("a/package:needs", &["requirement:jq"], Status::Ready)
        .phase(Phase::Package)
        .schedule();
    schedule.postpone(0, vec![1]);
    assert_eq!(schedule.next("a"), frame(&[("package", &[1])]));
    done(&mut schedule, &[1]);
    assert_eq!(schedule.next("a"), observe(&[0]));
    end(&mut schedule, "a", Place::Main, &[0], Status::Settled);
    assert_eq!(schedule.next("a"), frame(&[("package", &[2])]));
}

#[test]
fn looks_right_after_packages_at_what_they_may_bring_that_is_to_be_off() {
    let mut schedule = Sketch::new()
        .add("a/package:p", &[], Status::Ready)
        .phase(Phase::Package)
        .add("a/service:off", &[], Status::Deferred)
        .add("a/file:/x", &[], Status::Ready)
        .add("a/service:late", &["file:/x"], Status::Deferred)
        .schedule();
    schedule.look_after(1, vec![0]);
    schedule.look_after(3, vec![0]);
    assert_eq!(schedule.next("a"), frame(&[("package", &[0])]));
    done(&mut schedule, &[0]);
    assert_eq!(schedule.next("a"), observe(&[1]));
    end(&mut schedule, "a", Place::Main, &[1], Status::Ready);
    assert_eq!(schedule.next("a"), frame(&[("service", &[1]), ("file", &[2])]));
    end(&mut schedule, "a", Place::Main, &[1], Status::Failed);
    assert_eq!(schedule.skip(), [], "nothing waits for it but what depends on it");
    done(&mut schedule, &[2]);
    assert_eq!(schedule.next("a"), observe(&[3]));
}

#[test]
fn names_what_waits_for_each_other() {
    // The graph does not know that the file needs the second secret, so that one stays in a later phase.
    let mut schedule = Sketch::new()
        .add("a/file:/x", &["secret:one"], Status::Deferred)
        .add("a/secret:one", &[], Status::Ready)
        .add("a/secret:two", &[], Status::Ready)
        .add("a/package:p", &["file:/x"], Status::Ready)
        .phase(Phase::Package)
        .add("b/file:/y", &["a/package:p"], Status::Ready)
        .schedule();
    assert_eq!(schedule.next("a"), frame(&[("secret", &[1])]));
    done(&mut schedule, &[1]);
    assert_eq!(schedule.next("a"), observe(&[0]));
    schedule.free("a", Place::Main);
    schedule.hold(0, vec![2]);
    assert_eq!((schedule.next("a"), schedule.next("b")), (Frame::Wait, Frame::Wait));
    let value = (0, "a value of it comes from there");
    let phase = (2, "that belongs to an earlier phase of the host");
    let place = "that has to be in place first";
    assert_eq!(schedule.waits(4), (vec![(4, place), (3, place), value, phase], Some(2)));
    assert_eq!(schedule.waits(2), (vec![phase, value], Some(0)));
    schedule.set(2, Status::Failed);
    assert_eq!(schedule.waits(0), (vec![(0, "")], None), "nothing holds it any more");
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
        done(&mut schedule, &[0]);
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
    end(&mut schedule, "a", Place::Main, &[0], Status::Failed);
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
fn skips_what_needs_a_withheld_resource_and_not_what_reacts_to_it() {
    let mut schedule = Sketch::new()
        .add("a/python_env:x", &[], Status::Withheld)
        .add("a/directory:same", &["python_env:x"], Status::Settled)
        .add("a/file:needs", &["directory:same"], Status::Ready)
        .add("a/service:reacts", &[], Status::Ready)
        .restart_on("python_env:x")
        .add("a/check:x", &[], Status::Ready)
        .schedule();
    assert_eq!(schedule.skip(), [(2, 0)]);
    assert_eq!(schedule.status(0), Status::Withheld);
    assert_eq!(schedule.next("a"), frame(&[("check", &[4]), ("service", &[3])]));
}

#[test]
fn cuts_a_frame_that_grows_too_large() {
    let sketch = (0..3_000).fold(Sketch::new(), |sketch, at| sketch.add(&format!("a/file:/{at}"), &[], Status::Ready));
    let mut schedule = sketch.schedule();
    let Frame::Run(Place::Main, batches) = schedule.next("a") else { panic!("something runs") };
    assert_eq!(batches.iter().map(|batch| batch.nodes.len()).sum::<usize>(), 2_000);
}

#[test]
fn runs_what_takes_long_beside_the_main_lane() {
    let mut schedule = Sketch::new()
        .add("a/user:app", &[], Status::Ready)
        .add("a/git_checkout:/opt/app", &["user:app"], Status::Ready)
        .add("a/python_env:/opt/app/env", &["git_checkout:/opt/app"], Status::Ready)
        .add("a/download:/usr/local/bin/x", &[], Status::Ready)
        .add("a/file:/etc/x", &[], Status::Ready)
        .add("a/service:x", &["file:/etc/x", "download:/usr/local/bin/x"], Status::Ready)
        .add("a/service:app", &["python_env:/opt/app/env"], Status::Ready)
        .add("a/check:x", &[], Status::Ready)
        .phase(Phase::Check)
        .schedule();
    // What they need goes first, what needs nothing does so meanwhile.
    assert_eq!(schedule.next("a"), frame(&[("user", &[0])]));
    assert_eq!(schedule.next("a"), beside(&[("download", &[3])]));
    assert_eq!(schedule.next("a"), Frame::Wait);
    done(&mut schedule, &[0]);
    assert_eq!(schedule.next("a"), beside(&[("git_checkout", &[1]), ("python_env", &[2])]));
    assert_eq!(schedule.next("a"), frame(&[("file", &[4])]));
    assert_eq!(schedule.next("a"), Frame::Wait);
    done(&mut schedule, &[4]);
    assert_eq!(schedule.next("a"), Frame::Wait);
    end(&mut schedule, "a", Place::Beside, &[3], Status::Done);
    assert_eq!(schedule.next("a"), frame(&[("service", &[5])]));
    assert_eq!(schedule.next("a"), Frame::Wait);
    done(&mut schedule, &[5]);
    end(&mut schedule, "a", Place::Beside, &[1, 2], Status::Done);
    assert_eq!(schedule.next("a"), frame(&[("service", &[6]), ("check", &[7])]));
}

#[test]
fn keeps_one_frame_where_nothing_could_run_side_by_side() {
    let mut schedule = Sketch::new()
        .add("a/user:app", &[], Status::Ready)
        .add("a/git_checkout:/opt/app", &["user:app"], Status::Ready)
        .add("a/file:/opt/app/conf", &["git_checkout:/opt/app"], Status::Ready)
        .add("a/check:x", &[], Status::Ready)
        .phase(Phase::Check)
        .schedule();
    assert_eq!(schedule.next("a"), frame(&[("user", &[0]), ("git_checkout", &[1]), ("file", &[2]), ("check", &[3])]));
}

#[test]
fn goes_on_beside_a_lane_that_failed() {
    let mut schedule = Sketch::new()
        .add("a/download:/x", &[], Status::Ready)
        .add("a/download:/y", &[], Status::Ready)
        .add("a/file:/x.conf", &["download:/x"], Status::Ready)
        .add("a/file:/y.conf", &["download:/y"], Status::Ready)
        .schedule();
    assert_eq!(schedule.next("a"), beside(&[("download", &[0])]));
    assert_eq!(schedule.next("a"), beside(&[("download", &[1])]));
    assert_eq!(schedule.next("a"), Frame::Wait);
    end(&mut schedule, "a", Place::Beside, &[0], Status::Failed);
    assert_eq!(schedule.skip(), [(2, 0)]);
    assert_eq!(schedule.next("a"), Frame::Wait);
    end(&mut schedule, "a", Place::Beside, &[1], Status::Done);
    assert_eq!(schedule.next("a"), frame(&[("file", &[3])]));
}

#[test]
fn shares_a_lane_among_what_shares_a_lock() {
    let mut schedule = Sketch::new()
        .add("a/npm_package:pm2", &[], Status::Ready)
        .add("a/npm_project:/opt/a", &[], Status::Ready)
        .add("a/npm_project:/opt/b", &[], Status::Deferred)
        .add("a/python_env:/opt/env", &[], Status::Ready)
        .schedule();
    assert_eq!(schedule.next("a"), beside(&[("npm_package", &[0]), ("npm_project", &[1])]));
    assert_eq!(schedule.next("a"), beside(&[("python_env", &[3])]));
    // The main lane is free, so what is deferred is looked at; its lane is not.
    assert_eq!(schedule.next("a"), observe(&[2]));
    end(&mut schedule, "a", Place::Main, &[2], Status::Ready);
    assert_eq!(schedule.next("a"), Frame::Wait);
    end(&mut schedule, "a", Place::Beside, &[0, 1], Status::Done);
    assert_eq!(schedule.next("a"), beside(&[("npm_project", &[2])]));
}

#[test]
fn has_a_few_lanes_and_lets_many_share_them() {
    let add = |sketch: Sketch, at| sketch.add(&format!("a/download:/{at:02}"), &[], Status::Ready);
    let mut schedule = (0..20).fold(Sketch::new(), add).schedule();
    let mut sizes = Vec::new();
    while let Frame::Run(Place::Beside, batches) = schedule.next("a") {
        sizes.push(batches.iter().map(|batch| batch.nodes.len()).sum::<usize>());
    }
    assert_eq!(sizes, [4, 3, 3]);
}

#[test]
fn keeps_to_the_main_lane_where_there_is_no_other() {
    let mut schedule = Sketch::new()
        .add("a/download:/x", &[], Status::Ready)
        .add("a/download:/y", &[], Status::Ready)
        .add("a/file:/z", &[], Status::Ready)
        .schedule();
    assert_eq!(schedule.next("a"), beside(&[("download", &[0])]));
    schedule.keep_to_main("a");
    assert_eq!(schedule.next("a"), frame(&[("download", &[1]), ("file", &[2])]));
    // The host did not let it run.
    end(&mut schedule, "a", Place::Beside, &[0], Status::Ready);
    assert_eq!(schedule.next("a"), Frame::Wait);
    done(&mut schedule, &[1, 2]);
    assert_eq!(schedule.next("a"), frame(&[("download", &[0])]));
}

#[test]
fn observes_beside_a_busy_main_lane_only_what_may_leave_it() {
    let mut schedule = Sketch::new()
        .add("a/git_checkout:/opt/app", &[], Status::Ready)
        .add("a/python_env:/opt/app/env", &["git_checkout:/opt/app"], Status::Deferred)
        .add("a/setting:/opt/app/conf", &["git_checkout:/opt/app"], Status::Deferred)
        .add("a/file:/etc/x", &[], Status::Ready)
        .schedule();
    assert_eq!(schedule.next("a"), beside(&[("git_checkout", &[0])]));
    assert_eq!(schedule.next("a"), frame(&[("file", &[3])]));
    end(&mut schedule, "a", Place::Beside, &[0], Status::Done);
    assert_eq!(schedule.next("a"), Frame::Observe(Place::Beside, vec![1]));
    done(&mut schedule, &[3]);
    assert_eq!(schedule.next("a"), observe(&[2]));
}

const KINDS: [&str; 6] = ["directory", "file", "service", "user", "download", "npm_project"];
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
    /// A change of it may change anything on its host.
    touches: bool,
    /// Taken modulo the resources before it.
    depends_on: Vec<usize>,
    triggers: Vec<usize>,
}

fn random() -> impl Strategy<Value = Random> {
    let traits = (0..3usize, 0..KINDS.len(), 0..PHASES.len(), 0..4usize);
    let edges = || prop::collection::vec(0..1_000usize, 0..3);
    let flags = (any::<bool>(), any::<bool>(), prop::bool::weighted(0.1), prop::bool::weighted(0.2));
    (traits, flags, edges(), edges()).prop_map(|((host, kind, phase, status), flags, depends_on, triggers)| Random {
        host,
        kind,
        phase,
        status,
        decidable: flags.0,
        uncertain: flags.1,
        fails: flags.2,
        touches: flags.3,
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
        if random.touches {
            task.touches = (0..run.len()).filter(|&other| run[other].host == random.host).collect();
        }
    }
    sketch
}

/// What has to come before a resource and has not come to its end. What is done counts, whatever is observed again
/// before it by now.
fn unfinished(schedule: &Schedule, node: Node) -> Vec<Node> {
    needed(schedule, node).into_iter().filter(|&before| !schedule.status(before).is_final()).collect()
}

/// What has to come before a resource, as far as that is not done.
fn needed(schedule: &Schedule, node: Node) -> Vec<Node> {
    let mut needed = Vec::new();
    let mut seen = BTreeSet::new();
    let mut work = vec![node];
    while let Some(node) = work.pop() {
        for (before, _) in schedule.graph.dependencies(node).filter(|(before, _)| seen.insert(*before)) {
            if schedule.status(before) != Status::Done {
                needed.push(before);
                work.push(before);
            }
        }
    }
    needed
}

fn place(frame: &Frame) -> Option<Place> {
    match frame {
        Frame::Run(place, _) | Frame::Observe(place, _) => Some(*place),
        Frame::Wait | Frame::Finished => None,
    }
}

/// The resources whose steps run in a frame.
fn runs(frame: &Frame) -> impl Iterator<Item = Node> {
    let batches = if let Frame::Run(_, batches) = frame { batches.as_slice() } else { &[] };
    batches.iter().flat_map(|batch| batch.nodes.iter().copied())
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
        shuffle in prop::option::of(any::<u64>()),
    ) {
        let mut schedule = sketch(&run).schedule();
        schedule.most = 7;
        if let Some(seed) = shuffle {
            schedule.shuffle(seed);
        }
        let graph = schedule.graph.clone();
        let ancestors = ancestors(&graph);
        let hosts = ["h0", "h1", "h2"];
        // What each host is working on.
        let mut working: Vec<(&str, Frame)> = Vec::new();
        let mut started = vec![0; run.len()];
        let mut answer = answers.iter().cycle();
        for _ in 0..10 * run.len() + 10 {
            schedule.skip();
            for host in hosts {
                loop {
                    let frame = schedule.next(host);
                    match &frame {
                        Frame::Run(_, batches) => {
                            let mut here: Vec<Node> = Vec::new();
                            let running: BTreeSet<Node> = batches.iter().flat_map(|batch| batch.nodes.clone()).collect();
                            for &node in batches.iter().flat_map(|batch| &batch.nodes) {
                                started[node] += 1;
                                for before in unfinished(&schedule, node) {
                                    prop_assert!(here.contains(&before), "{node} starts before {before}");
                                    prop_assert!(schedule.tasks[before].decidable || !schedule.gates(&[node], &running).contains(&before));
                                }
                                for (source, _) in graph.triggers(node) {
                                    prop_assert!(!(here.contains(source) && run[*source].uncertain), "{node} reacts to {source}");
                                }
                                let phase = graph.phase(node);
                                let earlier = |other: &Node| graph.host(*other) == host && graph.phase(*other) < phase;
                                let waits = (0..run.len()).filter(earlier).all(|other| schedule.status(other).is_final() || here.contains(&other));
                                prop_assert!(waits, "{node} starts before an earlier phase is over");
                                here.push(node);
                            }
                        }
                        Frame::Observe(_, nodes) => {
                            for &node in nodes {
                                prop_assert!(unfinished(&schedule, node).is_empty());
                            }
                        }
                        Frame::Wait | Frame::Finished => break,
                    }
                    working.push((host, frame));
                }
                let of_host = working.iter().filter(|(of, _)| *of == host);
                let places: Vec<Place> = of_host.clone().filter_map(|(_, frame)| place(frame)).collect();
                prop_assert!(places.iter().filter(|place| **place == Place::Main).count() <= 1);
                prop_assert!(places.len() <= 1 + MOST_BESIDE);
                let takes = |lane: Lane| of_host.clone().filter(|(_, frame)| runs(frame).any(|node| schedule.tasks[node].lane == lane)).count();
                prop_assert!(takes(Lane::Shared(crate::model::Lock::NPM)) <= 1);
                let off_main = of_host.clone().filter(|(_, frame)| place(frame) == Some(Place::Beside));
                prop_assert!(off_main.flat_map(|(_, frame)| runs(frame)).all(|node| schedule.tasks[node].lane != Lane::Main));
            }
            if working.is_empty() {
                break;
            }
            let (host, frame) = working.remove(answer.next().unwrap() % working.len());
            if let Some(place) = place(&frame) {
                schedule.free(host, place);
            }
            match frame {
                Frame::Run(_, batches) => {
                    for node in batches.into_iter().flat_map(|batch| batch.nodes) {
                        let is_held_back = needed(&schedule, node)
                            .iter()
                            .any(|&before| matches!(schedule.status(before), Status::Failed | Status::Skipped));
                        schedule.set(node, match () {
                            // As the host does: what its gates hold back is not started.
                            () if is_held_back => Status::Ready,
                            () if run[node].fails => Status::Failed,
                            () => Status::Done,
                        });
                        if schedule.status(node) == Status::Done {
                            schedule.touch(node);
                        }
                    }
                }
                Frame::Observe(_, nodes) => {
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
                // What was touched after it was done may fail when it is observed again.
                let is_touched = run.iter().any(|random| random.touches);
                let has_failed = ancestors[node].iter().any(fails);
                prop_assert!(is_touched || !has_failed, "{node} was done after a failure before it");
                prop_assert_eq!(started[node], 1);
            }
        }
    }
}

impl Sketch {
    /// What a change of the last one may change too.
    fn touches(mut self, nodes: &[Node]) -> Self {
        self.tasks.last_mut().unwrap().touches = nodes.into();
        self
    }
}

#[test]
fn what_a_frame_may_change_itself_is_stale_in_it() {
    let mut schedule = Sketch::new()
        .add("a/package:x", &[], Status::Ready)
        .phase(Phase::Package)
        .touches(&[1, 2])
        .add("a/file:/etc/x", &[], Status::Ready)
        .add("a/file:/etc/y", &[], Status::Ready)
        .add("a/file:/home/z", &[], Status::Ready)
        .schedule();
    assert_eq!(schedule.next("a"), frame(&[("package", &[0]), ("file", &[1, 2, 3])]));
    assert_eq!([0, 1, 2, 3].map(|node| schedule.touched_by(node)), [None, Some(0), Some(0), None]);
    // What was looked at is fresh, until something touches it again.
    schedule.seen(1);
    schedule.set(1, Status::Ready);
    schedule.set(0, Status::Done);
    schedule.touch(0);
    assert_eq!([1, 2].map(|node| schedule.touched_by(node)), [Some(0), Some(0)]);
}

#[test]
fn what_rests_on_something_unchanged_waits_until_that_is_observed_anew() {
    let mut schedule = Sketch::new()
        .add("a/command:x", &["file:/first"], Status::Ready)
        .touches(&[1, 2, 4, 5])
        .add("a/file:/first", &[], Status::Settled)
        .add("a/symlink:/default", &[], Status::Settled)
        .add("a/directory:/between", &["symlink:/default"], Status::Settled)
        .add("a/service:x", &["directory:/between"], Status::Ready)
        .add("a/file:/alone", &[], Status::Settled)
        .add("a/service:y", &["command:x"], Status::Ready)
        .schedule();
    // Neither what comes before it nor what nothing rests on is observed again.
    assert_eq!(schedule.next("a"), frame(&[("command", &[0]), ("service", &[6])]));
    done(&mut schedule, &[0, 6]);
    schedule.touch(0);
    assert_eq!(schedule.next("a"), observe(&[2]));
    end(&mut schedule, "a", Place::Main, &[2], Status::Ready);
    assert_eq!(schedule.next("a"), frame(&[("symlink", &[2]), ("service", &[4])]));
    assert_eq!(schedule.gates(&[4], &[2, 4].into()), [2]);
    done(&mut schedule, &[2, 4]);
    assert_eq!(schedule.next("a"), Frame::Finished);
}

#[test]
fn checks_are_kept_back_until_they_are_let_go() {
    let mut schedule = Sketch::new()
        .add("a/file:/x", &[], Status::Ready)
        .add("a/check:x", &[], Status::Ready)
        .phase(Phase::Check)
        .schedule();
    schedule.hold_checks(true);
    assert_eq!(schedule.next("a"), frame(&[("file", &[0])]));
    done(&mut schedule, &[0]);
    assert_eq!(schedule.next("a"), Frame::Wait);
    schedule.begin_again(&[0].into());
    assert_eq!(schedule.next("a"), frame(&[("file", &[0])]));
    done(&mut schedule, &[0]);
    schedule.hold_checks(false);
    assert_eq!(schedule.next("a"), frame(&[("check", &[1])]));
}
