//! A host: one connection, and the shells on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};

use crate::model::{Blob, Probe};

use super::frame::Own;
use super::observed::{Observed, Sections, owed};
use super::shell::Shell;
use super::stats::Stats;
use super::steps::{FrameReport, FrameStep, Progress, StepEvent, StepFrame};
use super::target::{Options, Target};
use super::transport::Link;
use super::{HostError, Problem, facts};

/// A connection to a host. Clones share it.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    target: Target,
    options: Options,
    link: Link,
    /// As many as may run a frame at once.
    lanes: Semaphore,
    idle: Mutex<Vec<Shell>>,
    state: Mutex<State>,
    since: Instant,
}

#[derive(Default)]
struct State {
    stats: Stats,
    is_known: bool,
}

impl Host {
    /// Connects and starts the first shell. Nothing has been asked yet: the first observation is the first request.
    pub async fn connect(target: Target, options: Options) -> Result<Self, HostError> {
        let since = Instant::now();
        let link = Link::open(&target, &options).await?;
        let shell = Shell::open(&link, &target, &options).await?;
        let lanes = Semaphore::new(options.lanes.max(1));
        let inner =
            Inner { target, options, link, lanes, idle: Mutex::new(vec![shell]), state: Mutex::default(), since };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Returns what the spec calls it.
    pub fn name(&self) -> &str {
        &self.inner.target.name
    }

    /// Looks at the host: one request, whatever it asks. The first one also tells facts and what is owed.
    pub async fn observe(&self, sections: Vec<(String, Probe)>) -> Result<Observed, HostError> {
        let inner = &*self.inner;
        let at = |problem: Problem| problem.at(&inner.target.name);
        let _lane = inner.lane().await?;
        let mut shell = inner.shell().await?;
        let is_first = !inner.state().is_known;
        let own: &[Own] = if is_first { &[Own::Facts, Own::Owed] } else { &[] };
        let mut frame = shell.frame(&inner.options)?;
        for (number, &own) in own.iter().enumerate() {
            frame.observe_own(number, own).map_err(at)?;
        }
        let mut longest = Duration::from_secs(120);
        for (number, (_, probe)) in sections.iter().enumerate() {
            frame.observe(own.len() + number, probe).map_err(at)?;
            longest += probe.timeout + Duration::from_secs(2);
        }
        let mut answer = Sections::new(own.len() + sections.len());
        let (sent, received) = (shell.sent, shell.received());
        let result = shell.exchange(frame, &[], longest, |line| answer.take(line)).await;
        inner.count(shell.sent - sent, shell.received() - received, answer.processes);
        result?;
        inner.give_back(shell);
        let mut outputs = answer.finish().map_err(at)?.into_iter();
        let mut observed = Observed { facts: None, owed: Vec::new(), sections: BTreeMap::new() };
        for own in own {
            let output = outputs.next().expect("every section that was asked for is there");
            match own {
                Own::Facts => observed.facts = Some(facts::read(&output).map_err(at)?),
                Own::Owed => observed.owed = owed(&output),
            }
        }
        inner.state().is_known = true;
        observed.sections = sections.into_iter().map(|(name, _)| name).zip(outputs).collect();
        Ok(observed)
    }

    /// Changes the host: one request. Events come while it runs; the report holds all of them in the end, and why it
    /// ended early where it did.
    pub async fn run(&self, frame: StepFrame, events: mpsc::UnboundedSender<StepEvent>) -> FrameReport {
        let mut progress = Progress::new(&frame, events);
        let result = self.run_steps(&frame, &mut progress).await;
        self.inner.state().stats.steps += progress.started;
        progress.finish(result.err(), false)
    }

    async fn run_steps(&self, frame: &StepFrame, progress: &mut Progress) -> Result<(), HostError> {
        let inner = &*self.inner;
        let _lane = inner.lane().await?;
        let mut shell = inner.shell().await?;
        let text = shell.step_frame(&inner.options, frame)?;
        let tries =
            frame.steps.iter().flat_map(|step| std::iter::repeat_n(&step.step.input, step.retries as usize + 1));
        let data: Vec<Blob> = tries.flatten().cloned().collect();
        let longest = frame.steps.iter().map(FrameStep::longest).sum::<Duration>() + Duration::from_secs(120);
        let (sent, received) = (shell.sent, shell.received());
        let result = shell.exchange(text, &data, longest, |line| progress.take(line)).await;
        inner.count(shell.sent - sent, shell.received() - received, progress.processes);
        result?;
        inner.give_back(shell);
        Ok(())
    }

    /// Returns what the host has cost so far.
    pub fn stats(&self) -> Stats {
        Stats { time: self.inner.since.elapsed(), ..self.inner.state().stats }
    }

    /// Ends the connection.
    pub async fn close(self) {
        self.inner.idle().clear();
        if let Ok(inner) = Arc::try_unwrap(self.inner) {
            inner.link.close().await;
        }
    }
}

impl Inner {
    async fn lane(&self) -> Result<tokio::sync::SemaphorePermit<'_>, HostError> {
        let closed = |_| Problem::ConnectionLost { step: None, said: String::new() }.at(&self.target.name);
        self.lanes.acquire().await.map_err(closed)
    }

    /// Takes an idle shell, or starts another.
    async fn shell(&self) -> Result<Shell, HostError> {
        let idle = self.idle().pop();
        match idle {
            Some(shell) => Ok(shell),
            None => Shell::open(&self.link, &self.target, &self.options).await,
        }
    }

    fn give_back(&self, shell: Shell) {
        self.idle().push(shell);
    }

    fn count(&self, sent: u64, received: u64, processes: Option<(u64, u64)>) {
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

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Shell>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
