//! What plan and apply share: from options to a survey of connected hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

use crate::apply::{self, Events, Hosts, Locking, ObserveError, Reach};
use crate::host::{Options, Stats};
use crate::plan::{self, Brakes, HostFailure, Plan};
use crate::render::{Role, visible, visible_lines};
use crate::survey::{Scope, Survey};
use crate::trace::{MACHINE, Trace};
use crate::ui::{Progress, Terminal};

use super::connections;
use super::context::{Loaded, mistakes};
use super::exit::Usage;
use super::options::RunOptions;
use super::saved::RecordedFiles;
use super::who::who;

/// What a run has cost each host.
pub type Costs = Vec<(String, Stats)>;

/// A run that is about to start.
pub struct Run<'t> {
    pub loaded: Loaded,
    pub scope: Scope,
    pub terminal: &'t Terminal,
    /// All that the spec owns is to go.
    pub destroys: bool,
    options: &'t RunOptions,
    trace: &'t Trace,
    runtime: Runtime,
}

impl<'t> Run<'t> {
    /// Loads the spec and reads the options.
    pub fn new(options: &'t RunOptions, terminal: &'t Terminal, trace: &'t Trace) -> anyhow::Result<Self> {
        Self::with(options, RecordedFiles::default(), terminal, trace)
    }

    /// Loads the spec from these files, and reads the options.
    pub fn with(
        options: &'t RunOptions,
        files: RecordedFiles,
        terminal: &'t Terminal,
        trace: &'t Trace,
    ) -> anyhow::Result<Self> {
        let loading = trace.span(MACHINE, "load");
        let loaded = Loaded::with(&options.spec, files, terminal)?;
        loading.end();
        super::secret_sources::can_rotate(&loaded.spec, &options.rotate)?;
        let scope = Scope::new(&options.targets, &options.spec.hosts, &options.spec.excluded)
            .map_err(|error| Usage(error.to_string()))?;
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Self { loaded, scope, terminal, destroys: false, options, trace, runtime })
    }

    /// Returns the same run with another scope than its options have.
    pub fn scoped(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// Returns the timeline of the run.
    pub fn trace(&self) -> &'t Trace {
        self.trace
    }

    /// Returns the options that it was made with.
    pub fn options(&self) -> &'t RunOptions {
        self.options
    }

    /// Observes the hosts and plans; what is made of survey and plan is made while both are there.
    pub fn plan<T>(
        &self,
        brakes: &Brakes,
        then: impl FnOnce(&Survey<'_>, &Plan) -> anyhow::Result<T>,
    ) -> anyhow::Result<(Plan, T, Costs)> {
        let (survey, hosts) = self.observe()?;
        let plan = self.plan_of(&survey, &hosts, brakes);
        let made = then(&survey, &plan);
        drop(survey);
        let stats = self.close(hosts);
        Ok((plan, made?, stats))
    }

    /// Plans for what was observed.
    pub fn plan_of(&self, survey: &Survey<'_>, hosts: &Hosts, brakes: &Brakes) -> Plan {
        let _planning = self.trace.span(MACHINE, "plan");
        let mut plan = plan::build(survey);
        brakes.hold(&mut plan, survey);
        plan.unreachable = hosts.unreachable().to_vec();
        plan
    }

    /// Observes the hosts.
    pub fn observe(&self) -> anyhow::Result<(Survey<'_>, Hosts)> {
        let reading = self.trace.span(MACHINE, "read secrets");
        let secrets = self.loaded.secrets(self.terminal)?;
        super::secret_sources::are_kept(&self.loaded.spec, &self.options.rotate, &secrets)?;
        reading.end();
        let resolving = self.trace.span(MACHINE, "resolve");
        let mut survey =
            Survey::new(&self.loaded.spec, &self.loaded.files, self.loaded.sources.clone(), secrets, &self.scope)
                .map_err(|error| self.loaded.explain(error, self.terminal))?;
        super::context::warn(&survey, self.terminal);
        if self.destroys {
            survey.destroy(&self.scope).map_err(|error| self.loaded.explain(error, self.terminal))?;
        }
        resolving.end();
        let reach = self.reach(&survey)?;
        let observing = self.trace.span(MACHINE, "observe");
        let hosts = self.with_progress(self.terminal.progress(), |events| async move {
            let hosts = apply::observe(&mut survey, &self.scope, &reach, &events).await;
            (survey, hosts)
        });
        observing.end();
        match hosts {
            (mut survey, Ok(hosts)) => {
                let names: BTreeSet<String> = self.options.rotate.iter().cloned().collect();
                if !names.is_empty() && !hosts.unreachable().is_empty() {
                    hosts.unreachable().iter().for_each(|failure| self.show_host_failure(failure));
                    self.close(hosts);
                    return Err(anyhow::anyhow!("nothing is rotated, because not all hosts could be observed"));
                }
                if !names.is_empty()
                    && let Err(error) = survey.rotate(&names, &self.scope)
                {
                    self.close(hosts);
                    return Err(self.loaded.explain(error, self.terminal));
                }
                Ok((survey, hosts))
            }
            (_, Err(ObserveError::Survey(error))) => Err(self.loaded.explain(error, self.terminal)),
            (_, Err(ObserveError::Hosts(failures))) => {
                for failure in &failures {
                    self.show_host_failure(failure);
                }
                let hosts = if failures.len() == 1 { "the host" } else { "none of the hosts" };
                let not = if failures.len() == 1 { " not" } else { "" };
                Err(anyhow::anyhow!("no plan, because {hosts} could{not} be observed"))
            }
        }
    }

    /// Takes the locks of the hosts that a plan changes, or says who has them.
    pub fn lock(&self, survey: &Survey<'_>, plan: &Plan, hosts: &Hosts, wait: Duration) -> Locking {
        let _locking = self.trace.span(MACHINE, "lock");
        self.with_progress(self.terminal.progress(), |events| async move {
            apply::lock(survey, plan, hosts, wait, &events).await
        })
    }

    /// Observes hosts once more that another run has changed.
    pub fn observe_again(&self, survey: &mut Survey<'_>, hosts: &mut Hosts, names: &[String]) -> anyhow::Result<()> {
        let _observing = self.trace.span(MACHINE, "observe");
        let result = self.with_progress(self.terminal.progress(), |events| {
            let scope = &self.scope;
            async move { apply::observe_again(survey, scope, hosts, names, &events).await }
        });
        result.map_err(|error| match error {
            ObserveError::Survey(error) => self.loaded.explain(error, self.terminal),
            ObserveError::Hosts(failures) => {
                failures.iter().for_each(|failure| self.show_host_failure(failure));
                anyhow::anyhow!("no plan, because no host could be observed again")
            }
        })
    }

    /// Runs something with its events shown.
    pub fn with_progress<T, F>(&self, mut progress: Progress, work: impl FnOnce(Events) -> F) -> T
    where
        F: Future<Output = T>,
    {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        self.runtime.block_on(async {
            let work = work(Events::to(sender));
            tokio::pin!(work);
            let result = loop {
                tokio::select! {
                    // Who listens goes first: what is told does not pile up.
                    biased;
                    Some(event) = receiver.recv() => progress.show(&event),
                    result = &mut work => break result,
                }
            };
            while let Ok(event) = receiver.try_recv() {
                progress.show(&event);
            }
            progress.finish();
            result
        })
    }

    /// Returns how many hosts are worked on at once.
    pub fn parallel(&self) -> usize {
        usize::from(self.options.parallel)
    }

    fn reach(&self, survey: &Survey<'_>) -> anyhow::Result<Reach> {
        let mut passwords = BTreeMap::new();
        let mut wrong = Vec::new();
        let mut sources = survey.sources().clone();
        for host in &self.loaded.spec.hosts {
            match self.loaded.spec.become_password(host, survey.knowledge(), &mut sources) {
                Ok(Some(password)) => {
                    passwords.insert(host.name.clone(), password);
                }
                Ok(None) => {}
                Err(diagnostics) => wrong.extend(diagnostics),
            }
        }
        if !wrong.is_empty() {
            return Err(mistakes(&wrong, &sources, self.terminal).into());
        }
        let options = Options {
            connect_timeout: Duration::from_secs(self.options.connect_timeout),
            count_processes: self.options.stats,
            trace: self.trace.clone(),
            who: who(&self.options.spec.spec),
            ledger: self.loaded.spec.name.clone(),
            ..connections::options(self.terminal, self.options.control_persist)
        };
        Ok(Reach { options, parallel: usize::from(self.options.parallel), passwords })
    }

    /// Says what went wrong with a host, and the way out.
    pub fn show_host_failure(&self, failure: &HostFailure) {
        let head = self.terminal.status_paint().paint(Role::Error, "error:");
        let message = visible_lines(&failure.message, "");
        self.terminal.status(&format!("{head} {}: {message}", visible(&failure.host)));
        if let Some(help) = &failure.help {
            self.terminal.status(&format!("  help: {}", visible_lines(help, "")));
        }
    }

    /// Ends the shells of the hosts and returns what the run cost.
    pub fn close(&self, hosts: Hosts) -> Vec<(String, Stats)> {
        self.runtime.block_on(hosts.close())
    }

    /// Prints what the run cost, where `--stats` asks for it.
    pub fn show_stats(&self, stats: &[(String, Stats)]) {
        if !self.options.stats {
            return;
        }
        for (host, stats) in stats {
            let processes = stats.processes.map_or_else(|| "uncounted".to_string(), |count| count.to_string());
            self.terminal.status(&format!(
                "stats {host}: {} logins, {} frames, {} bytes sent, {} bytes received, {} steps, {processes} processes, {:.2} seconds",
                stats.logins,
                stats.frames,
                stats.bytes_sent,
                stats.bytes_received,
                stats.steps,
                stats.time.as_secs_f64(),
            ));
        }
    }
}
