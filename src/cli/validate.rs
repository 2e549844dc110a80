//! `infra validate`: everything that can be checked without a host.

use clap::Args;

use crate::render::visible;
use crate::ui::Terminal;

use super::context::Loaded;
use super::exit::Exit;
use super::options::{Format, SpecOptions};
use super::{DiskFiles, executes};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    spec: SpecOptions,

    /// Lists what the spec has run on this machine: for secrets, by ssh, and as a host of its own.
    #[arg(long)]
    executes: bool,

    /// The form of that list.
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "executes")]
    format: Format,
}

/// Loads and resolves the spec, builds the graph, and says what is wrong.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let loaded = Loaded::new(&arguments.spec, terminal)?;
    let survey = loaded.survey(terminal)?;
    if arguments.executes {
        let found = loaded.spec.executes(&DiskFiles);
        terminal.data(&match arguments.format {
            Format::Text => executes::text(&loaded.spec.name, &found, &survey),
            Format::Json => format!("{:#}\n", executes::json(&found, &survey)),
        })?;
        return Ok(Exit::Success);
    }
    let resources = survey.len();
    let hosts = survey.hosts().len();
    let word = |count: usize, word: &str| if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") };
    terminal.data(&format!(
        "{} is valid: {} on {}.\n",
        visible(&loaded.spec.name),
        word(resources, "resource"),
        word(hosts, "host")
    ))?;
    Ok(Exit::Success)
}
