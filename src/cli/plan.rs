//! `infra plan`: observe and show.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::host::now;
use crate::render::{PlanJson, visible};
use crate::trace::{MACHINE, Trace};
use crate::ui::Terminal;

use super::accepted::Accepted;
use super::exit::Exit;
use super::options::{Format, PruneOptions, RunOptions, long_duration};
use super::run::Run;
use super::saved::{self, RecordedFiles, Target};
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

    /// Saves the plan, so that `infra apply FILE` does just this, or refuses; no value of a secret or variable is in the file.
    #[arg(long, value_name = "FILE", conflicts_with = "drift_only")]
    out: Option<PathBuf>,

    /// Lets the saved plan be applied only so long, such as 2h.
    #[arg(long, value_name = "DURATION", requires = "out", value_parser = long_duration)]
    expires: Option<Duration>,
}

/// Observes the hosts and prints the plan.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    traced(arguments.run.trace.as_deref(), |trace| show(arguments, terminal, trace))
}

fn show(arguments: &Arguments, terminal: &Terminal, trace: &Trace) -> anyhow::Result<Exit> {
    let files = match &arguments.out {
        Some(path) => {
            saved::can_be_written(path)?;
            RecordedFiles::recording()
        }
        None => RecordedFiles::default(),
    };
    let run = Run::with(&arguments.run, files, terminal, trace)?;
    let accepted = match &arguments.accepted_drift {
        Some(file) => Accepted::read(file)?,
        None => Accepted::default(),
    };
    let (mut plan, about, stats) = run.plan(&arguments.prune.brakes(false), |survey, plan| {
        // A plan with problems is none.
        let path = arguments.out.as_deref().filter(|_| plan.problems.is_empty());
        let created = now();
        let expires = arguments.expires.map(|expires| created + expires.as_secs());
        path.map(|path| Ok((path, saved::about(&run, survey, plan, &Target { path, created, expires })?))).transpose()
    })?;
    if arguments.drift_only {
        accepted.take_from(&mut plan);
    }
    let rendering = trace.span(MACHINE, "render");
    match arguments.format {
        Format::Text => terminal.plan(&plan)?,
        Format::Json => terminal.json(&PlanJson(&plan))?,
    }
    rendering.end();
    let saving = trace.span(MACHINE, "save");
    if let Some((path, about)) = &about {
        let digest = saved::write(path, about, &plan)?;
        let path = visible(&path.display().to_string());
        terminal.status(&format!("Saved to {path} ({digest}). `infra apply {path}` does this, or refuses."));
    } else if let Some(path) = &arguments.out {
        terminal.status(&format!("Nothing was saved to {}: a plan with errors cannot be applied.", path.display()));
    }
    saving.end();
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
