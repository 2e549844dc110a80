//! A host: what the engine asks of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::model::{Blob, Holder, Observed, Probe, ProbeOutput};

use super::asking::Asking;
use super::frame::Own;
use super::lock::{self, Wanted};
use super::marks::Marks;
use super::observed::{Sections, Start};
use super::options::Options;
use super::shells::{Asked, Lease, Shells};
use super::stats::Stats;
use super::steps::{FrameReport, FrameStep, Progress, StepEvent, StepFrame};
use super::target::Target;
use super::wire::Line;
use super::{HostError, Problem, facts};

/// A connection to a host. Clones share it.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    way: Way,
    state: Mutex<State>,
    since: Instant,
}

enum Way {
    Shells(Box<Shells>),
    #[cfg(test)]
    Simulated(super::Simulated),
}

#[derive(Default)]
struct State {
    stats: Stats,
    /// Debts have been told.
    is_known: bool,
    /// Facts have been told, which do not change within a run.
    knows_facts: bool,
    /// What stood in the host's lock when it was observed.
    lock: Vec<String>,
}

impl Host {
    /// Connects and starts the first shell. Nothing has been asked yet: the first observation is the first request, and
    /// tells what is wrong with the account or its shell.
    pub async fn connect(target: Target, options: Options) -> Result<Self, HostError> {
        let since = Instant::now();
        let name = target.name.clone();
        let _connecting = options.trace.span(&name, "connect");
        #[cfg(test)]
        if let Some(simulated) = options.simulated {
            simulated.0.connect(&name).map_err(|problem| problem.at(&name))?;
            let way = Way::Simulated(simulated);
            return Ok(Self { inner: Arc::new(Inner { name, way, state: Mutex::default(), since }) });
        }
        let way = Way::Shells(Box::new(Shells::open(target, options).await?));
        Ok(Self { inner: Arc::new(Inner { name, way, state: Mutex::default(), since }) })
    }

    /// Returns what the spec calls it.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Looks at the host: one request, whatever it asks. The first one also tells what is owed, and facts where they are
    /// wanted.
    pub async fn observe(&self, sections: Vec<(String, Probe)>) -> Result<Observed, HostError> {
        #[allow(clippy::infallible_destructuring_match, reason = "tests know another way")]
        let shells = match &self.inner.way {
            Way::Shells(shells) => shells,
            #[cfg(test)]
            Way::Simulated(simulated) => {
                let is_first = !std::mem::replace(&mut self.inner.state().is_known, true);
                return simulated.0.observe(self.name(), is_first, sections).await;
            }
        };
        let mut lease = shells.take().await?;
        let is_first = !self.inner.state().is_known;
        let knows_facts = self.inner.state().knows_facts;
        let own: &[Own] = match (is_first, shells.options.facts && !knows_facts) {
            (true, true) => &[Own::Start, Own::Facts],
            (true, false) => &[Own::Start],
            (false, _) => &[],
        };
        let asking = Asking::new(own, &sections, shells.options.side_by_side);
        let (told, mut outputs) = self.request(shells, &mut lease, &asking).await?;
        let at = |problem: Problem| problem.at(self.name());
        let mut observed = Observed::default();
        for (own, output) in own.iter().zip(told) {
            match own {
                Own::Start => {
                    let start = Start::read(&output).map_err(at)?;
                    (observed.owed, observed.damaged) = (start.owed, start.damaged);
                    observed.ledger = start.ledger;
                    self.inner.state().lock = start.lock;
                }
                Own::Facts => observed.facts = Some(facts::read(&output).map_err(at)?),
            }
        }
        {
            let mut state = self.inner.state();
            state.is_known = true;
            state.knows_facts |= observed.facts.is_some();
        }
        // What one of them hangs on must not blind the others.
        let again: Vec<usize> = (0..sections.len()).filter(|&section| outputs[section].is_none()).collect();
        if !again.is_empty() {
            let apart: Vec<(String, Probe)> = again.iter().map(|&section| sections[section].clone()).collect();
            let (_, answers) = self.request(shells, &mut lease, &Asking::apart(&apart)).await?;
            for (section, answer) in again.into_iter().zip(answers) {
                outputs[section] = answer;
            }
        }
        lease.give_back();
        let names = sections.into_iter().map(|(name, _)| name);
        observed.sections = names.zip(outputs.into_iter().flatten()).collect();
        Ok(observed)
    }

    /// Sends one request, and returns what came of what the session asks itself, and of each probe: `None` where it
    /// shared a section that broke.
    async fn request(
        &self,
        shells: &Shells,
        lease: &mut Lease<'_>,
        asking: &Asking<'_>,
    ) -> Result<(Vec<ProbeOutput>, Vec<Option<ProbeOutput>>), HostError> {
        let at = |problem: Problem| problem.at(self.name());
        let mut frame = lease.shell.frame(&shells.options)?;
        asking.write(&mut frame).map_err(at)?;
        let mut answer = Sections::new(asking.sections());
        let span = shells.options.trace.span(self.name(), format_args!("observe {} resources", asking.resources()));
        let mut marks = Marks::new(span, asking.names());
        let on_line = |line: Line| {
            marks.see(&line);
            answer.take(line)
        };
        let before = lease.traffic();
        let result = lease.shell.exchange(frame, &[], asking.longest(), on_line).await;
        drop(marks);
        let after = lease.traffic();
        self.inner.count((after.0 - before.0, after.1 - before.1), answer.processes);
        result?;
        Ok(asking.read(answer.finish().map_err(at)?))
    }

    /// Takes the host's lock for a run of so many changes, unless this run has it; another run that has it is waited for until
    /// then, and told about each time it was asked for. Returns whether others may have changed the host since it was observed.
    pub async fn lock(
        &self,
        of: usize,
        until: tokio::time::Instant,
        waiting: &mut (dyn FnMut(Option<&Holder>) + Send),
    ) -> Result<bool, HostError> {
        let taken = match &self.inner.way {
            Way::Shells(shells) => shells.lock(Wanted { of, until, waiting }).await?,
            #[cfg(test)]
            Way::Simulated(_) => None,
        };
        Ok(taken.is_some_and(|before| lock::is_old(&self.inner.state().lock, &before)))
    }

    /// Lets go of the host's lock; nothing has been changed yet.
    pub async fn unlock(&self) {
        match &self.inner.way {
            Way::Shells(shells) => shells.unlock().await,
            #[cfg(test)]
            Way::Simulated(_) => {}
        }
    }

    /// Tells others who want the host how many of its changes the run has made.
    pub fn progress(&self, done: usize, of: usize) {
        match &self.inner.way {
            Way::Shells(shells) => shells.progress(done, of),
            #[cfg(test)]
            Way::Simulated(_) => {}
        }
    }

    /// Has the next observation ask for what is owed once more.
    pub fn forget(&self) {
        self.inner.state().is_known = false;
    }

    /// Changes the host: one request. Events come while it runs; the report holds all of them in the end, and why it
    /// ended early where it did.
    pub async fn run(&self, frame: StepFrame, events: mpsc::UnboundedSender<StepEvent>) -> FrameReport {
        #[allow(clippy::infallible_destructuring_match, reason = "tests know another way")]
        let shells = match &self.inner.way {
            Way::Shells(shells) => shells,
            #[cfg(test)]
            Way::Simulated(simulated) => return simulated.0.run(self.name(), frame).await,
        };
        let mut progress = Progress::new(&frame, events);
        let result = self.run_steps(shells, &frame, &mut progress).await;
        self.inner.state().stats.steps += progress.started;
        progress.finish(result.err(), shells.asked() == Asked::Kill)
    }

    async fn run_steps(&self, shells: &Shells, frame: &StepFrame, progress: &mut Progress) -> Result<(), HostError> {
        let mut lease = shells.take().await?;
        if shells.asked() != Asked::GoOn {
            lease.give_back();
            progress.cancel();
            return Ok(());
        }
        let text = lease.shell.step_frame(&shells.options, frame)?;
        let inputs =
            frame.steps.iter().flat_map(|step| std::iter::repeat_n(&step.step.input, step.retries as usize + 1));
        let data: Vec<Blob> = inputs.flatten().cloned().collect();
        let longest = frame.steps.iter().map(FrameStep::longest).sum::<Duration>() + Duration::from_secs(120);
        let span = shells.options.trace.span(self.name(), format_args!("apply {} steps", frame.steps.len()));
        let mut marks = Marks::new(span, frame.steps.iter().map(|step| step.id.as_str()));
        let process = lease.shell.process().await?;
        let guard = shells.guard(process, frame.changes()).await?;
        let on_line = |line: Line| {
            marks.see(&line);
            if matches!(&line, Line::Control(word, _) if word == "frame") {
                guard.is_under_way();
            }
            progress.take(line)
        };
        let result = lease.shell.exchange(text, &data, longest, on_line).await;
        self.inner.count(lease.traffic(), progress.processes);
        result?;
        guard.done();
        lease.give_back();
        Ok(())
    }

    /// Finishes the steps that run, and starts none after them: not of their frames, nor of frames to come.
    pub fn stop(&self) {
        self.ask(Asked::Stop);
    }

    /// Kills the steps that run, with their children, and starts none after them.
    pub fn kill(&self) {
        self.ask(Asked::Kill);
    }

    fn ask(&self, asked: Asked) {
        match &self.inner.way {
            Way::Shells(shells) => shells.ask(asked),
            #[cfg(test)]
            Way::Simulated(_) => {}
        }
    }

    /// Returns what the host has cost so far.
    pub fn stats(&self) -> Stats {
        let stats = Stats { time: self.inner.since.elapsed(), ..self.inner.state().stats };
        match &self.inner.way {
            Way::Shells(shells) => Stats { logins: u64::from(shells.is_login()), ..stats },
            #[cfg(test)]
            Way::Simulated(_) => stats,
        }
    }

    /// Ends the connection.
    pub async fn close(self) {
        if let Ok(Inner { way: Way::Shells(shells), .. }) = Arc::try_unwrap(self.inner) {
            shells.close().await;
        }
    }
}

impl Inner {
    fn count(&self, (sent, received): (u64, u64), processes: Option<(u64, u64)>) {
        let mut state = self.state();
        state.stats.frames += 1;
        state.stats.bytes_sent += sent;
        state.stats.bytes_received += received;
        // Process ids start anew some day; that frame is not counted.
        if let Some((first, last)) = processes
            && last > first
        {
            *state.stats.processes.get_or_insert(0) += last - first - 1;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
