//! `infra` side by side with its peers: the same end state, the same machine, interleaved in one run.
//!
//! ```text
//! make bench-peers                                             everything; takes long
//! cargo bench --bench peers -- --list                          the workloads and contestants
//! cargo bench --bench peers -- --workload b                    all workloads of a letter
//! cargo bench --bench peers -- --workload a,b,f1000 --contestant infra,script,ssh-true --rounds 9
//! cargo bench --bench peers -- --workload b-cold --contestant infra,script --also old=/path/to/infra --json out.json
//! ```
//!
//! `--also NAME=BINARY` lets another build of `infra` take part, which is how a change is compared with what was before.
//! It needs what `infra lab` needs (root, systemd-nspawn), and for the peers Python with venv and PyPI. When it is stopped
//! (Ctrl-C, SIGTERM) it reports what it has, marked as incomplete, and its hosts are gone. Nothing is asserted about time; that all contestants reach the same end state is.
//!
//! | file | holds |
//! |---|---|
//! | `wanted` | the end state, and what a host in it looks like |
//! | `workloads` | what is measured |
//! | `contestants/` | who takes part, a file each, with the end state in its own language |
//! | `environment` | virtual environments of Python with the peers in them |
//! | `hosts` | throwaway hosts, made alike |
//! | `way` | a way that is long, and may be narrow, as a model |
//! | `relay` | such a way between two ends |
//! | `run` | one run: timed, bounded, ended with all it started |
//! | `measure` | rounds, in an order that rotates |
//! | `report` | the table, Markdown, JSON |
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a bench is I/O, and prints")]

mod contestants;
mod environment;
mod hosts;
mod measure;
mod relay;
mod report;
mod run;
mod wanted;
mod way;
mod workloads;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use infra::lab::Release;

use contestants::{Ansible, Contestant, Infra, Pyinfra, Script, SshTrue};
use measure::{Bench, Measured, Rounds};
use run::Watch;
use workloads::Workload;

/// Measures infra beside its peers.
#[derive(Debug, Parser)]
struct Arguments {
    /// The workloads: names, or letters for all that begin so; all of them where left out.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    workload: Vec<String>,

    /// Who takes part; everyone where left out.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    contestant: Vec<String>,

    /// The binary that is measured as infra; the release build where left out.
    #[arg(long, value_name = "BINARY")]
    infra: Option<PathBuf>,

    /// Another build of infra that takes part under this name (repeatable).
    #[arg(long, value_name = "NAME=BINARY")]
    also: Vec<String>,

    /// Rounds of those that take a second or so.
    #[arg(long, value_name = "N", default_value_t = 9)]
    rounds: usize,

    /// The most rounds of those that take long; where there are 1,000 files, they have one.
    #[arg(long, value_name = "N", default_value_t = 3)]
    slow_rounds: usize,

    /// The Debian release of the hosts.
    #[arg(long, default_value_t = Release::Bookworm)]
    release: Release,

    /// Writes everything measured to a file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Prints the table as Markdown.
    #[arg(long)]
    markdown: bool,

    /// Lists workloads and contestants.
    #[arg(long)]
    list: bool,

    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    match bench(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether every contestant got through.
fn bench(arguments: &Arguments) -> Result<bool> {
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers");
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let contestants = choose_contestants(arguments, &cache)?;
    let workloads = choose_workloads(arguments)?;
    if arguments.list {
        for workload in &workloads {
            println!("{:12} {}", workload.name, workload.title);
        }
        let names: Vec<_> = contestants.iter().map(|contestant| contestant.name()).collect();
        println!("contestants: {}", names.join(", "));
        return Ok(true);
    }
    let watch = Watch::new()?;
    // Sockets go in here, whose names must be short.
    let scratch = tempfile::Builder::new().prefix("peers").tempdir_in("/tmp").context("cannot make a folder")?;
    let machine = report::Machine::look()?;
    let rounds = Rounds { quick: arguments.rounds, slow: arguments.slow_rounds.min(arguments.rounds) };
    let mut bench = Bench::new(&watch, arguments.release, &cache, scratch.path());
    let mut measured = Vec::new();
    for workload in &workloads {
        let takes_part = |contestant: &dyn Contestant| {
            workload.contestants.is_empty() || workload.contestants.contains(&contestant.class())
        };
        let here: Vec<&dyn Contestant> =
            contestants.iter().map(AsRef::as_ref).filter(|contestant| takes_part(*contestant)).collect();
        if here.is_empty() {
            eprintln!("{}: nobody who was chosen takes part", workload.name);
            continue;
        }
        eprintln!("{}: {}", workload.name, workload.title);
        let one = bench.measure(workload, &here, rounds);
        let is_complete = one.incomplete.is_none();
        measured.push(one);
        if !is_complete {
            break;
        }
    }
    let text = if arguments.markdown { report::markdown(&measured) } else { report::text(&measured) };
    println!("{text}");
    if let Some(path) = &arguments.json {
        let json = format!("{:#}\n", report::json(&machine, &measured));
        std::fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(measured.iter().all(Measured::is_whole))
}

fn choose_contestants(arguments: &Arguments, cache: &Path) -> Result<Vec<Box<dyn Contestant>>> {
    const NAMES: [&str; 6] = ["infra", "script", "ssh-true", "pyinfra", "mitogen", "ansible"];
    if let Some(name) = arguments.contestant.iter().find(|name| !NAMES.contains(&name.as_str())) {
        bail!("there is no contestant `{name}`; there are {}", NAMES.join(", "));
    }
    let infra = |name: &str, binary: &Path| -> Result<Box<dyn Contestant>> {
        ensure!(binary.is_file(), "there is no {}", binary.display());
        Ok(Box::new(Infra { name: name.into(), binary: std::path::absolute(binary)? }))
    };
    let measured = arguments.infra.as_deref().unwrap_or(Path::new(env!("CARGO_BIN_EXE_infra")));
    let environment = |name: &str, requirements: &str| {
        if arguments.list { Ok(PathBuf::new()) } else { environment::ensure(cache, name, requirements) }
    };
    let mut all: Vec<Box<dyn Contestant>> = Vec::new();
    for name in NAMES {
        if !arguments.contestant.is_empty() && !arguments.contestant.iter().any(|chosen| chosen == name) {
            continue;
        }
        all.push(match name {
            "infra" => infra(name, measured)?,
            "script" => Box::new(Script),
            "ssh-true" => Box::new(SshTrue),
            "pyinfra" => Box::new(Pyinfra { environment: environment(name, PYINFRA)? }),
            "mitogen" => Box::new(Ansible { environment: environment(name, MITOGEN)?, uses_mitogen: true }),
            _ => Box::new(Ansible { environment: environment(name, ANSIBLE)?, uses_mitogen: false }),
        });
    }
    for also in &arguments.also {
        let Some((name, binary)) = also.split_once('=') else { bail!("--also takes NAME=BINARY") };
        ensure!(name.chars().all(|c| c.is_ascii_alphanumeric()), "a name has letters and digits only: `{name}`");
        // Hosts are called after those whose they are.
        let name = name.to_lowercase();
        let is_taken = NAMES.contains(&name.as_str()) || all.iter().any(|one| one.name() == name);
        ensure!(!is_taken, "there is a contestant `{name}` already");
        all.push(infra(&name, Path::new(binary))?);
    }
    Ok(all)
}

const ANSIBLE: &str = include_str!("requirements/ansible.txt");
const MITOGEN: &str = include_str!("requirements/mitogen.txt");
const PYINFRA: &str = include_str!("requirements/pyinfra.txt");

fn choose_workloads(arguments: &Arguments) -> Result<Vec<Workload>> {
    let mut all = workloads::all();
    for name in &arguments.workload {
        ensure!(all.iter().any(|one| one.is_meant_by(name)), "there is no workload `{name}`; --list shows them");
    }
    if !arguments.workload.is_empty() {
        all.retain(|one| arguments.workload.iter().any(|name| one.is_meant_by(name)));
    }
    Ok(all)
}
