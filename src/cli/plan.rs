//! `infra plan`: observe and show.

use clap::Args;

use crate::render::PlanJson;
use crate::trace::{MACHINE, Trace};
use crate::ui::Terminal;

use super::exit::Exit;
use super::options::{Format, RunOptions};
use super::run::Run;
use super::timeline::traced;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    run: RunOptions,

    /// The form of the plan.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

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
    let (plan, stats) = run.plan()?;
    let _rendering = trace.span(MACHINE, "render");
    match arguments.format {
        Format::Text => terminal.plan(&plan)?,
        Format::Json => terminal.json(&PlanJson(&plan))?,
    }
    run.show_stats(&stats);
    Ok(match () {
        () if !plan.problems.is_empty() || !plan.unreachable.is_empty() => Exit::Failure,
        () if arguments.detailed_exitcode && plan.has_changes() => Exit::Changes,
        () if arguments.detailed_exitcode && !plan.findings.is_empty() => Exit::ChecksFail,
        () => Exit::Success,
    })
}
