//! `infra approve`: sign a saved plan.

use std::path::PathBuf;

use clap::Args;

use crate::render::visible;
use crate::ui::Terminal;

use super::exit::Exit;
use super::saved::{self, approval};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The saved plan; `infra show FILE` says what it does.
    #[arg(value_name = "FILE")]
    plan: PathBuf,

    /// The key to sign with, or the public key of one that an agent holds; a key in ~/.ssh where left out.
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
}

/// Signs the plan's digest and keeps the signature beside the plan.
pub fn run(arguments: &Arguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let saved = saved::read(&arguments.plan)?;
    let key = approval::approve(&arguments.plan, &saved.digest, arguments.key.as_deref())?;
    let path = visible(&arguments.plan.display().to_string());
    terminal.status(&format!("Approved {path} ({}) with {}.", saved.digest, visible(&key)));
    Ok(Exit::Success)
}
