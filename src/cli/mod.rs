//! The commands, one file each. This is the edge: it reads the environment and the machine's files and hands both on.

mod accepted;
mod apply;
mod approve;
mod backup;
mod completions;
mod connections;
mod context;
mod environment;
mod executes;
mod exit;
mod explain;
mod files;
mod graph;
pub mod lab;
mod options;
mod plan;
mod run;
mod saved;
mod schema;
mod secret_sources;
mod secrets;
mod show;
mod state;
mod timeline;
mod validate;
mod watchdog;
mod who;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::lab::Settings;
use crate::ui::{Color, Terminal};

pub use exit::Exit;
pub use files::DiskFiles;

/// Makes servers be what committed YAML says they are.
#[derive(Debug, Parser)]
#[command(
    name = "infra",
    version,
    propagate_version = false,
    max_term_width = 100,
    after_help = "Exit status: 0 done, 1 error or a host left out because it could not be observed, 2 changes and 3 none, but failing checks (plan --detailed-exitcode), 4 drift (plan --drift-only), 64 wrong usage, 75 nothing was changed because another run changes a host."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// When output has colour; auto: on a terminal, where `NO_COLOR` is not set.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks everything about a spec that can be checked without a host.
    Validate(validate::Arguments),
    /// Observes the hosts and shows what an apply would do.
    Plan(plan::Arguments),
    /// Plans, asks, applies and verifies.
    Apply(saved::apply::ApplyArguments),
    /// Deletes what the spec owns on its hosts: what an apply of it created.
    Destroy(apply::Arguments),
    /// Shows a saved plan, without its spec and without any host.
    Show(show::Arguments),
    /// Signs a saved plan with an SSH key, for `apply --require-approval`.
    Approve(approve::Arguments),
    /// Makes a backup now, as its schedule would.
    Backup(backup::BackupArguments),
    /// Lists the backups of a resource, or brings one back.
    Restore(backup::RestoreArguments),
    /// Prints the dependency graph.
    Graph(graph::GraphArguments),
    /// Says what a resource depends on, and why.
    Why(graph::WhyArguments),
    /// Says which secrets a spec has.
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// Says what a spec owns on its hosts.
    #[command(subcommand)]
    State(state::StateCommand),
    /// Lists the runs that changed a host.
    History(state::HistoryArguments),
    /// Explains a resource kind.
    Explain(explain::Arguments),
    /// Prints the JSON Schema of a spec's files, for editors.
    Schema(schema::Arguments),
    /// Boots throwaway Debian hosts on this machine, to try and test specs on.
    #[command(subcommand)]
    Lab(lab::LabCommand),
    /// Prints the completion script of a shell.
    Completions(completions::Arguments),
}

/// Returns the definition of all commands, for their reference.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the command that the arguments ask for.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_usage = error.use_stderr();
            let _ = error.print();
            return if is_usage { ExitCode::from(exit::USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let plain = environment::variable("NO_COLOR").is_some_and(|value| !value.is_empty())
        || environment::variable("TERM").is_some_and(|term| term == "dumb");
    let terminal = Terminal::new(arguments.color, plain);
    let result = match arguments.command {
        Command::Validate(arguments) => validate::run(&arguments, &terminal),
        Command::Plan(arguments) => plan::run(&arguments, &terminal),
        Command::Apply(arguments) => saved::apply::run(&arguments, &terminal),
        Command::Destroy(arguments) => apply::destroy(&arguments, &terminal),
        Command::Show(arguments) => show::run(&arguments, &terminal),
        Command::Approve(arguments) => approve::run(&arguments, &terminal),
        Command::Backup(arguments) => backup::backup(&arguments, &terminal),
        Command::Restore(arguments) => backup::restore(&arguments, &terminal),
        Command::Graph(arguments) => graph::graph(&arguments, &terminal),
        Command::Why(arguments) => graph::why(&arguments, &terminal),
        Command::Secrets(command) => secrets::run(&command, &terminal),
        Command::State(command) => state::run(&command, &terminal),
        Command::History(arguments) => state::history(&arguments, &terminal),
        Command::Explain(arguments) => explain::run(&arguments, &terminal),
        Command::Schema(arguments) => schema::run(&arguments, &terminal),
        Command::Lab(command) => {
            let settings = Settings::from_variables(|name| environment::variable(name).map(Into::into));
            let (out, status) = terminal.writers();
            return match lab::run(command, &settings, &mut { out }, &mut { status }) {
                Ok(code) => code,
                Err(error) => {
                    context::report(&terminal, &error);
                    ExitCode::FAILURE
                }
            };
        }
        Command::Completions(arguments) => completions::run(&arguments, &mut command(), &terminal),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            context::report(&terminal, &error);
            if error.is::<exit::Usage>() { ExitCode::from(exit::USAGE) } else { ExitCode::FAILURE }
        }
    }
}
