//! `infra completions`: the completion script of a shell.

use clap::Args;
use clap_complete::Shell;

use crate::ui::Terminal;

use super::exit::Exit;

#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script.
pub fn run(arguments: &Arguments, command: &mut clap::Command, terminal: &Terminal) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "infra", &mut script);
    terminal.data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Success)
}
