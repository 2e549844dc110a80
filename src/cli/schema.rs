//! `infra schema`: the JSON Schema of a spec's files, for editors.

use clap::{Args, ValueEnum};

use crate::spec::{Role, schema};
use crate::ui::Terminal;

use super::exit::Exit;

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
        File::Spec => Role::Spec,
        File::Environment => Role::Overlay,
        File::Inventory => Role::Inventory,
        File::Module => Role::Module,
    };
    terminal.data(&format!("{:#}\n", schema(role)))?;
    Ok(Exit::Success)
}
