//! `infra validate`: everything that can be checked without a host.

use clap::Args;

use crate::ui::Terminal;

use super::context::Loaded;
use super::exit::Exit;
use super::options::SpecOptions;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    spec: SpecOptions,
}

/// Loads and resolves the spec, builds the graph, and says what is wrong.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let loaded = Loaded::new(&arguments.spec, terminal)?;
    let survey = loaded.survey(terminal)?;
    let resources = survey.len();
    let hosts = survey.hosts().len();
    let word = |count: usize, word: &str| if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") };
    terminal.data(&format!(
        "{} is valid: {} on {}.\n",
        loaded.spec.name,
        word(resources, "resource"),
        word(hosts, "host")
    ))?;
    Ok(Exit::Success)
}
