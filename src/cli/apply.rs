//! `infra apply`: plan, ask, apply, verify.

use std::time::{Duration, Instant};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::apply::{self, Hosts, Locking, Stop, Terms};
use crate::host::{HostError, Problem};
use crate::plan::Plan;
use crate::render::{PlanJson, lock_json, report_json, report_text};
use crate::saved::Stale;
use crate::survey::Survey;
use crate::trace::{MACHINE, Trace};
use crate::ui::Terminal;

use super::exit::{Exit, Usage};
use super::options::{Format, LockOptions, PruneOptions, RunOptions, duration};
use super::run::Run;
use super::timeline::traced;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub run: RunOptions,

    /// Applies without asking.
    #[arg(short = 'y', long)]
    auto_approve: bool,

    /// Starts no new step once the run has taken so long, such as 20m; what runs then is finished.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    deadline: Option<Duration>,

    /// Goes in another order that the graph allows, and in small steps, to find what lacks an edge; the number chooses which
    #[arg(long, value_name = "SEED")]
    shuffle: Option<u64>,

    #[command(flatten)]
    pub prune: PruneOptions,

    #[command(flatten)]
    lock: LockOptions,

    /// The form of plan and report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// When the command began.
    #[arg(skip = Instant::now())]
    started: Instant,
}

/// What an apply prints for programs.
#[derive(serde::Serialize)]
pub struct Whole<'a> {
    pub plan: PlanJson<'a>,
    pub report: Option<serde_json::Value>,
    /// The hosts that another run changes, because of which nothing was changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locked: Vec<serde_json::Value>,
    /// What is otherwise than a saved plan has it, because of which nothing was changed.
    #[serde(skip_serializing_if = "<[Stale]>::is_empty")]
    pub stale: &'a [Stale],
}

impl Arguments {
    /// Returns how long the locks of hosts may be waited for.
    pub fn lock_wait(&self) -> Duration {
        let left = self.deadline.map(|deadline| deadline.saturating_sub(self.started.elapsed()));
        left.map_or(self.lock.wait(), |left| left.min(self.lock.wait()))
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| self.started.elapsed() >= deadline)
    }
}

/// Observes, shows the plan, asks, applies, and reports.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    may_ask(arguments, "apply", terminal)?;
    traced(arguments.run.trace.as_deref(), |trace| plan_and_apply(arguments, false, terminal, trace))
}

/// The same for a spec from which all has gone: what it owns on its hosts is deleted, what was there before is let go.
pub fn destroy(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    may_ask(arguments, "destroy", terminal)?;
    traced(arguments.run.trace.as_deref(), |trace| plan_and_apply(arguments, true, terminal, trace))
}

/// Refuses what would have to ask where there is no terminal.
fn may_ask(arguments: &Arguments, command: &str, terminal: &Terminal) -> anyhow::Result<()> {
    if !arguments.auto_approve && !terminal.is_interactive() {
        let words = format!(
            "{command} asks before it changes anything, and there is no terminal to ask at; use --auto-approve (-y)"
        );
        return Err(Usage(words).into());
    }
    Ok(())
}

fn plan_and_apply(arguments: &Arguments, destroys: bool, terminal: &Terminal, trace: &Trace) -> anyhow::Result<Exit> {
    let mut run = Run::new(&arguments.run, terminal, trace)?;
    run.destroys = destroys;
    if destroys && run.scope.is_partial() {
        let words = "destroy is about all that a spec owns; take out of the spec what is to go, and apply it";
        return Err(Usage(words.into()).into());
    }
    let run = run;
    let (mut survey, mut hosts) = run.observe()?;
    let is_text = arguments.format == Format::Text;
    let brakes = arguments.prune.brakes(destroys);
    let plan = loop {
        let plan = run.plan_of(&survey, &hosts, &brakes);
        if is_text {
            let _rendering = trace.span(MACHINE, "render");
            terminal.plan(&plan)?;
        }
        let mut locked = Vec::new();
        let stop_here = if !plan.problems.is_empty() {
            Some(Exit::Failure)
        } else if plan.has_changes() && !arguments.auto_approve && !terminal.confirm(&question(&plan))? {
            terminal.status("Nothing was changed.");
            Some(Exit::Failure)
        } else {
            match run.lock(&survey, &plan, &hosts, arguments.lock_wait()) {
                Locking::Refused(errors) => {
                    locked = errors;
                    Some(Exit::Locked)
                }
                // What somebody has read is compared with what is there by the apply itself.
                Locking::Taken { changed } if changed.is_empty() || !arguments.auto_approve => None,
                Locking::Taken { changed } => {
                    terminal.status(&format!(
                        "Another run was at work on {} meanwhile; planning again.",
                        changed.join(", ")
                    ));
                    run.observe_again(&mut survey, &mut hosts, &changed)?;
                    continue;
                }
            }
        };
        let Some(exit) = stop_here else { break plan };
        if !is_text {
            terminal.json(&Whole { plan: PlanJson(&plan), report: None, locked: locks_json(&locked), stale: &[] })?;
        }
        locked.into_iter().for_each(|error| run.show_host_failure(&error.into()));
        let stats = run.close(hosts);
        run.show_stats(&stats);
        return Ok(exit);
    };
    carry_out(&run, arguments, survey, hosts, &plan, None)
}

/// Applies a plan and reports; one that was saved is the one that is shown.
pub fn carry_out(
    run: &Run<'_>,
    arguments: &Arguments,
    mut survey: Survey<'_>,
    hosts: Hosts,
    plan: &Plan,
    saved: Option<&Plan>,
) -> anyhow::Result<Exit> {
    let (terminal, trace) = (run.terminal, run.trace());
    let plan_was_read = saved.is_none() && !arguments.auto_approve;
    let (sender, stop) = watch::channel(if arguments.is_over() { Stop::AfterStep } else { Stop::No });
    let applying = trace.span(MACHINE, "apply");
    let mut report = run.with_progress(terminal.progress(), |events| {
        let (survey, hosts) = (&mut survey, &hosts);
        async move {
            let terms = Terms { parallel: run.parallel(), plan_was_read, shuffle: arguments.shuffle };
            let over = arguments.deadline.map(|deadline| arguments.started + deadline);
            let applying = apply::apply(survey, &run.scope, plan, hosts, terms, &events, stop);
            tokio::pin!(applying);
            tokio::select! {
                report = &mut applying => report,
                never = watch_signals(sender, over) => match never {},
            }
        }
    });
    applying.end();
    report.deadline = arguments.deadline.filter(|_| report.was_stopped && arguments.is_over());
    let stats = run.close(hosts);
    if arguments.format == Format::Text {
        terminal.data(&report_text(&report, plan, terminal.data_paint()))?;
    } else {
        let plan = PlanJson(saved.unwrap_or(plan));
        terminal.json(&Whole { plan, report: Some(report_json(&report)), locked: Vec::new(), stale: &[] })?;
    }
    run.show_stats(&stats);
    Ok(if report.is_success() { Exit::Success } else { Exit::Failure })
}

/// Says for programs which hosts another run changes.
pub fn locks_json(locked: &[HostError]) -> Vec<serde_json::Value> {
    let one = |error: &HostError| {
        let holder = match &error.problem {
            Problem::Locked(holder) => holder.as_deref(),
            _ => None,
        };
        lock_json(&error.host, &error.problem.to_string(), holder)
    };
    locked.iter().map(one).collect()
}

/// Asks; of a plan that goes on without a host, nobody may think that it is all.
fn question(plan: &Plan) -> String {
    let without: Vec<&str> = plan.unreachable.iter().map(|failure| failure.host.as_str()).collect();
    match without.as_slice() {
        [] => "Apply this plan? Only `yes` is taken as yes:".into(),
        hosts => format!("Apply this plan without {}? Only `yes` is taken as yes:", hosts.join(", ")),
    }
}

/// Turns Ctrl-C and SIGTERM into a request to stop: the first lets the running step finish, the second kills it. Once its time
/// is over, the running step is finished, too.
async fn watch_signals(stop: watch::Sender<Stop>, over: Option<Instant>) -> std::convert::Infallible {
    let mut over = over.map(tokio::time::Instant::from_std);
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        // Without handlers the signals do what they do by themselves.
        at(over).await;
        let _ = stop.send(Stop::AfterStep);
        return std::future::pending().await;
    };
    let mut asked = Stop::No;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = at(over) => {
                over = None;
                if asked == Stop::No {
                    asked = Stop::AfterStep;
                    let _ = stop.send(asked);
                }
                continue;
            }
        }
        asked = if asked == Stop::No { Stop::AfterStep } else { Stop::Now };
        let _ = stop.send(asked);
    }
}

/// Waits until a moment, or for ever.
async fn at(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
