//! Options that several commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::plan::Brakes;
use crate::resource::parse_duration;
use crate::spec::{LoadOptions, Selector};

/// Which spec, and with what.
#[derive(Clone, Debug, Default, Args)]
pub struct SpecOptions {
    /// The spec's folder, or its main file.
    #[arg(default_value = ".")]
    pub spec: PathBuf,

    /// Merges env/NAME.yaml over the spec.
    #[arg(short = 'e', long = "env", value_name = "NAME")]
    pub environment: Option<String>,

    /// Takes the hosts from this file; only hosts it lists are contacted.
    #[arg(short = 'i', long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,

    /// Sets a variable, its value read as a YAML scalar (repeatable).
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub vars: Vec<(String, String)>,

    /// Leaves all hosts but this one alone (repeatable).
    #[arg(long = "host", value_name = "NAME")]
    pub hosts: Vec<String>,

    /// Leaves this host alone, and what needs a value of it (repeatable).
    #[arg(long = "exclude", value_name = "NAME")]
    pub excluded: Vec<String>,

    /// Lets the spec read this file or folder outside of its own folder (repeatable).
    #[arg(long = "allow-path", value_name = "PATH")]
    pub allowed: Vec<PathBuf>,

    /// Refuses a spec that has anything run on this machine; `infra validate --executes` lists it.
    #[arg(long)]
    pub no_exec: bool,
}

impl SpecOptions {
    /// Returns what loading needs; `environment_vars` are the `INFRA_VAR_name` variables.
    pub fn load_options(&self, environment_vars: Vec<(String, String)>) -> LoadOptions {
        LoadOptions {
            spec: self.spec.clone(),
            environment: self.environment.clone(),
            inventory: self.inventory.clone(),
            vars: self.vars.clone(),
            environment_vars,
            hosts: self.hosts.clone(),
            excluded: self.excluded.clone(),
            allowed: self.allowed.clone(),
            ..LoadOptions::default()
        }
    }
}

/// How hosts are reached and what of them may change.
#[derive(Clone, Debug, Args)]
pub struct RunOptions {
    #[command(flatten)]
    pub spec: SpecOptions,

    /// Changes only this resource and, on its host, what it depends on; an address or a glob (repeatable).
    #[arg(long = "target", value_name = "ADDRESS")]
    pub targets: Vec<String>,

    /// Makes a new value for this secret and takes it to all that uses it (repeatable).
    #[arg(long, value_name = "NAME", conflicts_with_all = ["targets", "hosts", "excluded"])]
    pub rotate: Vec<String>,

    /// How many hosts are worked on at once.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub parallel: u16,

    /// The longest a connection may take to come up, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub connect_timeout: u64,

    /// Writes a timeline of the run in the Chrome trace event format, which Perfetto and others open.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,

    /// How long an unused SSH connection stays open for the next run, in seconds; with 0 none is kept or used again.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u16).range(0..=600))]
    pub control_persist: u16,

    /// Prints what the run cost on each host: logins, frames, bytes, steps, processes, seconds.
    #[arg(long)]
    pub stats: bool,
}

/// What may be deleted because it has left the spec.
#[derive(Debug, Args)]
pub struct PruneOptions {
    /// Refuses a plan that deletes more resources that have left the spec [default: 10, and of a host not most of them].
    #[arg(long, value_name = "N")]
    max_delete: Option<usize>,

    /// Lets what holds data be deleted once it has left the spec; an address or a glob (repeatable).
    #[arg(long, value_name = "ADDRESS", value_parser = Selector::parse)]
    allow_data_loss: Vec<Selector>,

    /// Confirms that this is deleted, where its `lifecycle` has `prune: confirm`; an address or a glob (repeatable).
    #[arg(long, value_name = "ADDRESS", value_parser = Selector::parse)]
    confirm: Vec<Selector>,
}

impl PruneOptions {
    /// Returns whether anything was said.
    pub fn is_given(&self) -> bool {
        self.max_delete.is_some() || !self.allow_data_loss.is_empty() || !self.confirm.is_empty()
    }

    pub fn brakes(&self, destroys: bool) -> Brakes {
        Brakes {
            max_delete: self.max_delete,
            allow_data_loss: self.allow_data_loss.clone(),
            confirmed: self.confirm.clone(),
            destroys,
        }
    }
}

/// What becomes of a run where another one changes the same host.
#[derive(Debug, Args)]
pub struct LockOptions {
    /// Waits so long, such as 10m, for another run that changes one of the hosts; without it, nothing is changed then.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    lock_wait: Option<Duration>,
}

impl LockOptions {
    /// Returns how long another run is waited for.
    pub fn wait(&self) -> Duration {
        self.lock_wait.unwrap_or_default()
    }
}

/// The form of what is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
}

/// Reads a duration as specs write it, no longer than a day.
pub fn duration(text: &str) -> Result<Duration, String> {
    let longest = Duration::from_secs(24 * 60 * 60);
    parse_duration(text)
        .filter(|duration| *duration <= longest)
        .ok_or_else(|| "write a number with a unit, up to a day: 30s, 10m, 2h".to_string())
}

/// Reads a duration of up to a month.
pub fn long_duration(text: &str) -> Result<Duration, String> {
    let longest = Duration::from_secs(31 * 24 * 60 * 60);
    parse_duration(text)
        .filter(|duration| *duration <= longest && !duration.is_zero())
        .ok_or_else(|| "write a number with a unit, up to 31 days: 30m, 2h, 7d".to_string())
}

/// Reads `NAME=VALUE`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_string(), value.to_string())),
        _ => Err("write NAME=VALUE".to_string()),
    }
}
