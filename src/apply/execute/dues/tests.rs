//! A model of runs: sources that a service reads, ways in which each step ends, and every sequence of a few runs. What a run
//! does about debts is what [`Dues`] says; hosts are what they promise (a record is written before a step, and struck after one
//! that ended well).

use std::collections::HashSet;

use super::*;

const SOURCES: [Node; 2] = [0, 1];
const SERVICE: Node = 2;

/// How the step of a source ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    /// It turns out, at its turn, to be as it should be.
    Needless,
    /// It fails, before or after it has written.
    Fails {
        wrote: bool,
    },
    /// This side is killed: what the host does is done, nothing is taken back.
    Killed {
        wrote: bool,
    },
}

const ENDS: [End; 6] = [
    End::Done,
    End::Needless,
    End::Fails { wrote: false },
    End::Fails { wrote: true },
    End::Killed { wrote: false },
    End::Killed { wrote: true },
];

/// One run: what it may change, how that ends, and what happens around it.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Which sources the spec has another value for since the last run.
    edits: [bool; 2],
    ends: [End; 2],
    /// A package of the run starts the service before the first source, or between the two.
    starts: Option<usize>,
    /// `--target` leaves the service out.
    is_partial: bool,
    /// Something else that the service depends on fails.
    fails_before_service: bool,
    /// The service's own step fails, or does for another row of the same step.
    service: Service,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Works,
    Fails,
    /// It works, and another row of its step does not: the host strikes nothing.
    OtherRowFails,
}

/// A host, and what the spec wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct World {
    /// How often each source was written, and how many of that the process has read.
    written: [u8; 2],
    wanted: [u8; 2],
    runs: bool,
    read: [u8; 2],
    /// The debt that is recorded.
    is_owed: bool,
    /// A write, or what may be one, since the process last read: a reason to restart it.
    has_reason: bool,
}

impl World {
    fn start(&mut self) {
        (self.runs, self.read, self.has_reason) = (true, self.written, false);
    }

    fn write(&mut self, source: Node) {
        self.written[source] = self.wanted[source];
    }
}

/// Goes through one run. Returns whether it ended well; a restart without a reason is an error.
fn go(world: &mut World, run: Run) -> Result<bool, String> {
    let mut dues = Dues::default();
    for source in SOURCES {
        world.wanted[source] += u8::from(run.edits[source]);
    }
    if world.is_owed {
        dues.record(SERVICE);
    }
    // What does not run is owed nothing: nothing of it is old.
    let was_owed = world.is_owed && world.runs;
    let mut has_begun = false;
    // The plan: the service runs in the end; one that runs is restarted for a debt, or after a source that acts.
    let acts: [bool; 2] = [0, 1].map(|source| world.written[source] != world.wanted[source]);
    let may_run = world.runs || !run.is_partial || run.starts.is_some();
    let mut is_broken = false;
    for source in SOURCES {
        if run.starts == Some(source) && !world.runs {
            world.start();
            // Nobody saw whether that was before or after what has been written in this run.
            world.has_reason = has_begun;
        }
        if !acts[source] {
            continue;
        }
        if may_run {
            world.is_owed = true;
            dues.record(SERVICE);
        }
        let end = run.ends[source];
        let wrote = matches!(end, End::Done | End::Fails { wrote: true } | End::Killed { wrote: true });
        if wrote {
            world.write(source);
        }
        // Nobody here knows whether a step that failed has written.
        has_begun |= end != End::Needless;
        world.has_reason |= world.runs && end != End::Needless;
        match end {
            End::Done => dues.change(source),
            End::Needless => {
                // Somebody else, or the run itself, has brought it so before the service was started or since.
                world.wanted[source] = world.written[source];
                dues.begin(source);
                dues.leave(source);
            }
            End::Fails { .. } => {
                dues.begin(source);
                is_broken = true;
            }
            End::Killed { .. } => return Ok(false),
        }
    }
    is_broken |= run.fails_before_service;
    let mut is_owed_before = was_owed;
    if !is_broken && !run.is_partial {
        let owes = is_owed_before || SOURCES.iter().any(|&source| dues.is_unpaid(source, SERVICE));
        if world.runs && owes && !world.has_reason {
            return Err("it is restarted without a reason".into());
        }
        if !world.runs || owes {
            dues.begin(SERVICE);
            if run.service != Service::Fails {
                world.start();
                dues.change(SERVICE);
                is_owed_before = false;
            }
            if run.service == Service::Works {
                world.is_owed = false;
                dues.strike(SERVICE);
            }
            is_broken |= run.service != Service::Works;
        }
    }
    let is_seen_down = !is_broken && !world.runs;
    let needless = dues.needless(|_| SOURCES.to_vec(), |_| is_owed_before, |_| is_seen_down);
    world.is_owed &= needless.is_empty();
    Ok(!is_broken)
}

/// Every run there is.
fn runs() -> Vec<Run> {
    let mut runs = Vec::new();
    let flags = [false, true];
    for edits in flags.iter().flat_map(|&one| flags.map(|other| [one, other])) {
        for ends in ENDS.iter().flat_map(|&one| ENDS.map(|other| [one, other])) {
            for starts in [None, Some(0), Some(1)] {
                for (is_partial, fails_before_service) in [(false, false), (false, true), (true, false)] {
                    for service in [Service::Works, Service::Fails, Service::OtherRowFails] {
                        runs.push(Run { edits, ends, starts, is_partial, fails_before_service, service });
                    }
                }
            }
        }
    }
    runs
}

/// After any sequence of runs that ends well, no process runs with a configuration older than the last write that it reads,
/// and none was restarted without a reason.
#[test]
#[allow(clippy::disallowed_macros, reason = "how much was tried is for whoever runs it")]
fn every_sequence_of_a_few_runs_keeps_what_is_owed() {
    let runs = runs();
    let mut seen: HashSet<World> = HashSet::from([World::default(), World { runs: true, ..World::default() }]);
    let mut frontier: Vec<World> = seen.iter().cloned().collect();
    let mut tried = 0_usize;
    for _ in 0..3 {
        let mut next = Vec::new();
        for before in frontier {
            for run in &runs {
                let mut world = before.clone();
                tried += 1;
                let ended_well =
                    go(&mut world, *run).unwrap_or_else(|wrong| panic!("{wrong}\n{before:?}\n{run:?}\n{world:?}"));
                let is_current = !world.runs || world.read == world.written || world.is_owed;
                assert!(is_current, "a restart is lost\n{before:?}\n{run:?}\n{world:?}");
                if ended_well && !run.is_partial {
                    assert!(
                        world.runs && world.read == world.written,
                        "it is not current\n{before:?}\n{run:?}\n{world:?}"
                    );
                    assert!(!world.is_owed, "a debt is left\n{before:?}\n{run:?}\n{world:?}");
                }
                if seen.insert(world.clone()) {
                    next.push(world);
                }
            }
        }
        frontier = next;
    }
    println!("{} states, {tried} runs", seen.len());
    assert!(seen.len() > 100, "{} states are no proof", seen.len());
}
