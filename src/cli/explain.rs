//! `infra explain`: what a resource kind is and takes.

use clap::Args;

use crate::diagnostic::nearest;
use crate::kinds::{self, by_name, by_section};
use crate::render::{kind_page, wrap};
use crate::ui::Terminal;

use super::exit::{Exit, Usage};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The kind, such as `file`; all kinds where left out.
    kind: Option<String>,
}

/// Prints the page of a kind, or the list of kinds.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let Some(name) = &arguments.kind else {
        // Those that others make are in no spec; their pages are there all the same.
        let declared = || kinds::all().iter().filter(|kind| kind.has_own_section());
        let width = declared().map(|kind| kind.name().len()).max().unwrap_or(0);
        let lines = declared().map(|kind| format!("{:width$}  {}\n", kind.name(), kind.documentation().summary));
        terminal.data(&lines.collect::<String>())?;
        return Ok(Exit::Success);
    };
    match by_name(name).or_else(|| by_section(name)) {
        Some(kind) => {
            terminal.data(&wrap(&kind_page(kind, terminal.data_paint()), terminal.width_of_text()))?;
            Ok(Exit::Success)
        }
        None => {
            let near = nearest(name, kinds::all().iter().map(|kind| kind.name()));
            let hint =
                near.map_or_else(|| "`infra explain` lists them".into(), |near| format!("did you mean `{near}`?"));
            Err(Usage(format!("there is no kind `{name}`; {hint}")).into())
        }
    }
}
