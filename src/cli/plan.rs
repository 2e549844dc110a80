//! `infra plan`: observe and show.

use std::path::PathBuf;

use clap::Args;

use crate::render::PlanJson;
use crate::trace::{MACHINE, Trace};
use crate::ui::Terminal;

use super::accepted::Accepted;
use super::exit::Exit;
use super::options::{Format, PruneOptions, RunOptions};
use super::run::Run;
use super::timeline::traced;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,

    #[command(flatten)]
    prune: PruneOptions,

    /// The form of the plan.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Shows only what was changed on the hosts since the last apply, and ends with status 4 where there is any.
    #[arg(long, conflicts_with = "detailed_exitcode")]
    drift_only: bool,

    /// Leaves out the drift that this file accepts, each with a reason and the day until which.
    #[arg(long, value_name = "FILE", requires = "drift_only")]
    accepted_drift: Option<PathBuf>,

    /// Ends with status 2 where there are changes, with 3 where there are none but checks fail.
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Observes the hosts and prints the plan.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    traced(arguments.run.trace.as_deref(), |trace| show(arguments, terminal, trace))
}

fn show(arguments: &Arguments, terminal: &Terminal, trace: &Trace) -> anyhow::Result<Exit> {
    let run = Run::new(&arguments.run, terminal, trace)?;
    let accepted = match &arguments.accepted_drift {
        Some(file) => Accepted::read(file)?,
        None => Accepted::default(),
    };
    let (mut plan, stats) = run.plan(&arguments.prune.brakes(false))?;
    if arguments.drift_only {
        accepted.take_from(&mut plan);
    }
    let _rendering = trace.span(MACHINE, "render");
    match arguments.format {
        Format::Text => terminal.plan(&plan)?,
        Format::Json => terminal.json(&PlanJson(&plan))?,
    }
    run.show_stats(&stats);
    Ok(match () {
        // What refuses an apply says nothing against what is seen of drift.
        () if arguments.drift_only && plan.unreachable.is_empty() && !plan.resources.is_empty() => Exit::Drift,
        () if !plan.problems.is_empty() || !plan.unreachable.is_empty() => Exit::Failure,
        () if arguments.detailed_exitcode && plan.has_changes() => Exit::Changes,
        () if arguments.detailed_exitcode && !plan.findings.is_empty() => Exit::ChecksFail,
        () => Exit::Success,
    })
}
