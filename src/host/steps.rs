//! Steps on their way to a host, and what became of them.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::model::{Expect, Owed, Probe, ProbeOutput, Record, Step};

use super::observed::{Kept, Section, status};
use super::wire::Line;
use super::{HostError, Problem};

/// Lines of a step's output that are kept.
const MOST_OUTPUT: usize = 200;
/// The exit status that says some rows of a step failed, whatever its program returned.
const SOME_FAILED: i32 = 79;

/// Steps that a host runs in order, needing no decision from here.
#[derive(Clone, Debug, Default)]
pub struct StepFrame {
    pub steps: Vec<FrameStep>,
    /// Records that are void: what they are about is not in the spec any more.
    pub forget: Vec<Owed>,
    /// What is written into the spec's journal on the host before the first step: what is done to which `kind:name`.
    pub intents: Vec<Intended>,
}

/// Something that a frame is about to do.
#[derive(Clone, Debug)]
pub struct Intended {
    pub action: &'static str,
    /// To which `kind:name`.
    pub local: String,
    /// What finds it again, where it is made.
    pub identity: Option<String>,
}

impl StepFrame {
    /// Returns whether it changes anything on the host.
    pub(super) fn changes(&self) -> bool {
        !self.forget.is_empty() || self.steps.iter().any(|step| !step.only_looks)
    }
}

/// One step of a frame. Items are numbers of the engine's choice, known only within the frame: an item becomes fine
/// by a step that completes it or by a verification, and steps can need items.
#[derive(Clone, Debug)]
pub struct FrameStep {
    /// Names it in events, in the report, and in errors.
    pub id: String,
    pub step: Step,
    /// The kind it is of, by which its process on the host is called.
    pub kind: &'static str,
    /// It changes nothing, and so needs no lock.
    pub only_looks: bool,
    /// Items that must be fine, else the step is skipped.
    pub needs: Vec<usize>,
    /// Items that are fine once the step has ended with 0 and no row of it has failed.
    pub completes: Vec<usize>,
    /// What the host looks at again before the step starts.
    pub look: Option<LookAgain>,
    /// How the host sees what the step has done.
    pub verify: Option<Verify>,
    /// Written to the host's disk before the step starts.
    pub owes: Vec<Owed>,
    /// Removed from there once the step and its verification have gone well.
    pub settles: Vec<Owed>,
    /// Each `kind:name` that the journal calls done once the step has gone well, and those that it calls failed otherwise.
    pub ends: Vec<String>,
    pub about: Vec<String>,
    /// How often it is tried again after it failed, and the pause before. Its input is sent once for each try.
    pub retries: u32,
    pub pause: Duration,
}

/// A look at what a step is about, right before it starts: it does not start where the probe tells anything else than
/// before. The step's verification, if it has one, runs the same program.
#[derive(Clone, Debug)]
pub struct LookAgain {
    pub probe: Probe,
    /// The records that the probe wrote before, in the order of its rows.
    pub seen: Vec<Record>,
    /// Only the first record of each row counts.
    pub firsts: bool,
    /// Is fine where all is as it was; further steps that rely on the same look need it.
    pub item: usize,
}

/// A verification: a kind's own probe, and what it should tell.
#[derive(Clone, Debug)]
pub struct Verify {
    pub probe: Probe,
    /// One for each row of the probe.
    pub items: Vec<VerifyItem>,
}

/// What the first record of a row should be.
#[derive(Clone, Debug)]
pub struct VerifyItem {
    pub item: usize,
    /// The first fields of the record. `None` where the host cannot tell: the item never becomes fine by it.
    pub expected: Option<Vec<Expect>>,
}

impl FrameStep {
    /// Makes a frame's step that needs and verifies nothing.
    pub fn new(id: impl Into<String>, step: Step) -> Self {
        Self {
            id: id.into(),
            step,
            kind: "step",
            only_looks: false,
            needs: Vec::new(),
            completes: Vec::new(),
            look: None,
            verify: None,
            owes: Vec::new(),
            settles: Vec::new(),
            ends: Vec::new(),
            about: Vec::new(),
            retries: 0,
            pause: Duration::from_secs(5),
        }
    }

    /// Returns how long it may take at most, with all tries and what ends them.
    pub(super) fn longest(&self) -> Duration {
        let check = self.verify.as_ref().map_or(Duration::ZERO, |verify| verify.probe.timeout + Duration::from_secs(5));
        let look = self.look.as_ref().map_or(Duration::ZERO, |look| look.probe.timeout + Duration::from_secs(5));
        look + (self.step.timeout + Duration::from_secs(15) + check + self.pause) * (self.retries + 1)
    }
}

/// What happens while steps run; `id` is the step's.
#[derive(Clone, Debug)]
pub enum StepEvent {
    /// A try begins.
    Started {
        id: String,
    },
    /// A line of its output, fit to be shown.
    Output {
        id: String,
        line: String,
    },
    /// One of its rows failed.
    RowFailed {
        id: String,
        row: usize,
        message: String,
    },
    Ended {
        id: String,
        status: StepStatus,
    },
    /// What its verification saw, and which items are as expected.
    Verified {
        id: String,
        output: ProbeOutput,
        matched: Vec<usize>,
    },
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepStatus {
    Exited(i32),
    /// It outlived its timeout and was killed with its children.
    TimedOut,
    /// It was killed as asked.
    Killed,
    /// An item it needs is not fine.
    Skipped {
        because: usize,
    },
    /// What it is about is not as it was any more, so it was not started; [`StepReport::looked`] has what was seen.
    Stale,
    /// The run was stopped before it.
    Cancelled,
    /// What it would owe could not be recorded, so it was not started.
    NotRecorded,
    /// The connection was lost while it ran; the host ends it.
    Lost,
    /// The connection was lost before it started.
    NotReached,
}

/// What became of a frame.
#[derive(Debug)]
pub struct FrameReport {
    /// One for each step, in their order.
    pub steps: Vec<StepReport>,
    /// Why the frame ended early.
    pub failure: Option<HostError>,
}

/// What became of one step: of its last try, where there were several.
#[derive(Clone, Debug)]
pub struct StepReport {
    pub id: String,
    pub status: StepStatus,
    pub tries: u32,
    /// The rows that failed, with what the program said.
    pub failed_rows: Vec<(usize, String)>,
    /// The rows for which nothing had to be done.
    pub unchanged_rows: Vec<usize>,
    /// The last lines of its output.
    pub output: Vec<String>,
    /// What the look before it saw, where that was not what it should be.
    pub looked: Option<ProbeOutput>,
    pub verified: Option<ProbeOutput>,
    /// Items whose records are as expected. They count whatever the step's status is.
    pub matched: Vec<usize>,
}

/// Follows a frame's answer.
pub(super) struct Progress {
    reports: Vec<StepReport>,
    running: Option<usize>,
    /// The steps that are verified, and the one that has ended and is not yet.
    verifies: Vec<bool>,
    unverified: Option<usize>,
    checking: Option<Section>,
    kept: Kept,
    /// How many rows each step has.
    rows: Vec<usize>,
    events: mpsc::UnboundedSender<StepEvent>,
    pub started: u64,
    pub processes: Option<(u64, u64)>,
}

impl Progress {
    pub fn new(frame: &StepFrame, events: mpsc::UnboundedSender<StepEvent>) -> Self {
        let report = |step: &FrameStep| StepReport {
            id: step.id.clone(),
            status: StepStatus::NotReached,
            tries: 0,
            failed_rows: Vec::new(),
            unchanged_rows: Vec::new(),
            output: Vec::new(),
            looked: None,
            verified: None,
            matched: Vec::new(),
        };
        Self {
            reports: frame.steps.iter().map(report).collect(),
            running: None,
            verifies: frame.steps.iter().map(|step| step.verify.is_some()).collect(),
            unverified: None,
            checking: None,
            kept: Kept::default(),
            rows: frame.steps.iter().map(|step| step.step.rows.len().max(1)).collect(),
            events,
            started: 0,
            processes: None,
        }
    }

    /// Takes the next line of the answer in.
    pub fn take(&mut self, line: Line) -> Result<(), Problem> {
        match line {
            Line::Control(word, fields) => return self.take_control(&word, &fields),
            Line::Message(line) if self.checking.is_none() => {
                if let Some(at) = self.running {
                    let report = &mut self.reports[at];
                    if report.output.len() == MOST_OUTPUT {
                        report.output.remove(0);
                    }
                    report.output.push(line.clone());
                    let id = report.id.clone();
                    self.tell(StepEvent::Output { id, line });
                }
            }
            line => {
                if let Some(section) = &mut self.checking {
                    self.kept.count(&line)?;
                    section.take(line);
                }
            }
        }
        Ok(())
    }

    fn take_control(&mut self, word: &str, fields: &[String]) -> Result<(), Problem> {
        let nonsense = || Problem::Protocol(format!("it tells of `{word}` with {fields:?}"));
        let number = fields.first().and_then(|number| number.parse::<usize>().ok());
        let second = fields.get(1).map_or("", String::as_str);
        if word == "frame" {
            return Ok(());
        }
        if word == "processes" {
            self.processes = number.map(|first| first as u64).zip(second.parse().ok());
            return Ok(());
        }
        if word == "item" || word == "same" {
            // What a step left behind may say something after it has ended.
            if let (Some(row), Some(at)) = (number, self.running) {
                self.take_row(word, at, row, second);
            }
            return Ok(());
        }
        let at = number.filter(|&at| at < self.reports.len()).ok_or_else(nonsense)?;
        let id = self.reports[at].id.clone();
        match word {
            "step" => {
                self.started += 1;
                self.running = Some(at);
                let report = &mut self.reports[at];
                report.tries += 1;
                report.failed_rows.clear();
                report.unchanged_rows.clear();
                report.output.clear();
                report.verified = None;
                report.matched.clear();
                self.tell(StepEvent::Started { id });
            }
            "ended" => {
                let some_failed = !self.reports[at].failed_rows.is_empty();
                let status = match second.parse() {
                    Ok(SOME_FAILED) if some_failed => StepStatus::Exited(0),
                    Ok(status) => StepStatus::Exited(status),
                    Err(_) if second == "unrecorded" => StepStatus::NotRecorded,
                    Err(_) => StepStatus::TimedOut,
                };
                self.running = None;
                self.unverified = self.verifies[at].then_some(at).filter(|_| status != StepStatus::NotRecorded);
                self.end(at, status);
            }
            "skipped" => {
                let because = second.parse().map_err(|_| nonsense())?;
                self.end(at, StepStatus::Skipped { because });
            }
            "cancelled" => self.end(at, StepStatus::Cancelled),
            "look" | "check" => self.checking = Some(Section::new(at)),
            "looked" => {
                let section = self.checking.take().unwrap_or_else(|| Section::new(at));
                self.reports[at].looked = Some(section.finish(status(second)));
                self.end(at, StepStatus::Stale);
            }
            "checked" => {
                self.unverified = None;
                let output = self.checking.take().ok_or_else(nonsense)?.finish(status(second));
                let matched = fields.get(2).map_or("", String::as_str);
                let matched: Vec<usize> = matched.split(' ').filter_map(|item| item.parse().ok()).collect();
                let report = &mut self.reports[at];
                report.verified = Some(output.clone());
                report.matched.clone_from(&matched);
                self.tell(StepEvent::Verified { id, output, matched });
            }
            _ => return Err(nonsense()),
        }
        Ok(())
    }

    /// Takes in what a step tells of one of its rows: once for each at most, whatever it prints.
    fn take_row(&mut self, word: &str, at: usize, row: usize, message: &str) {
        let report = &mut self.reports[at];
        if word == "same" {
            if report.unchanged_rows.len() < self.rows[at] {
                report.unchanged_rows.push(row);
            }
        } else if report.failed_rows.len() < self.rows[at] {
            report.failed_rows.push((row, message.to_string()));
            let id = report.id.clone();
            self.tell(StepEvent::RowFailed { id, row, message: message.to_string() });
        }
    }

    fn end(&mut self, at: usize, status: StepStatus) {
        let report = &mut self.reports[at];
        report.status = status.clone();
        let id = report.id.clone();
        self.tell(StepEvent::Ended { id, status });
    }

    fn tell(&self, event: StepEvent) {
        // Nobody has to listen.
        let _ = self.events.send(event);
    }

    /// Says that no step was started, because the run was asked to stop.
    pub fn cancel(&mut self) {
        for at in 0..self.reports.len() {
            self.end(at, StepStatus::Cancelled);
        }
    }

    /// Returns what became of the steps; `failure` is why the answer ended early.
    pub fn finish(mut self, mut failure: Option<HostError>, killed: bool) -> FrameReport {
        if let Some(error) = &mut failure {
            let hit = self.running.or(self.unverified);
            let step = hit.map(|at| self.reports[at].id.clone());
            if let Some(at) = hit {
                self.end(at, if killed { StepStatus::Killed } else { StepStatus::Lost });
            }
            if let Problem::ConnectionLost { step: lost, .. } = &mut error.problem {
                if killed {
                    error.problem = Problem::Killed { step };
                } else {
                    *lost = step;
                }
            }
        }
        FrameReport { steps: self.reports, failure }
    }
}
