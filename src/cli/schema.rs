//! `infra schema`: the JSON Schema of a spec's files, for editors.

use clap::{Args, ValueEnum};

use crate::spec::{FileRole, schema};
use crate::ui::Terminal;

use super::Exit;

#[derive(Debug, Args)]
pub struct Arguments {
    /// What the file is; a spec's own schema is also that of the files it includes.
    #[arg(value_enum, default_value_t = File::Spec)]
    file: File,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum File {
    Spec,
    Environment,
    Inventory,
    Module,
}

/// Prints the schema.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let role = match arguments.file {
        File::Spec => FileRole::Spec,
        File::Environment => FileRole::Environment,
        File::Inventory => FileRole::Inventory,
        File::Module => FileRole::Module,
    };
    terminal.data(&format!("{:#}\n", schema(role)))?;
    Ok(Exit::Success)
}
