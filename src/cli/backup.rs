//! `infra backup` and `infra restore`: what a `backup` resource can do now.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::apply::{self, Event, Events, Reach};
use crate::host::{FrameStep, Host, HostError, Options, Problem, StepEvent, StepFrame, StepStatus};
use crate::kinds::backup as kind;
use crate::model::{Address, Holder, Records, Redactor, Step, Stream};
use crate::render::visible;
use crate::spec::{Knowledge, SecretState};
use crate::ui::Terminal;

use super::context::{Loaded, mistakes};
use super::exit::{Exit, Usage};
use super::options::{LockOptions, SpecOptions};
use super::who::who;

#[derive(Debug, Args)]
pub struct BackupArguments {
    /// The backup: host/backup:name, or backup:name where one host has it.
    address: String,

    #[command(flatten)]
    spec: SpecOptions,

    #[command(flatten)]
    lock: LockOptions,
}

#[derive(Debug, Args)]
pub struct RestoreArguments {
    /// The backup: host/backup:name, or backup:name where one host has it.
    address: String,

    #[command(flatten)]
    spec: SpecOptions,

    /// Lists the backups that were made, the newest first, and restores none.
    #[arg(long)]
    list: bool,

    /// Restores this backup, a name of the list, instead of the newest.
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    backup: Option<PathBuf>,

    /// Restores without asking.
    #[arg(short = 'y', long)]
    auto_approve: bool,

    /// Makes no backup of what is there before.
    #[arg(long)]
    no_safety_backup: bool,

    #[command(flatten)]
    lock: LockOptions,
}

/// Makes a backup now.
pub fn backup(arguments: &BackupArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let place = Place::reach(&arguments.address, &arguments.spec, terminal)?;
    let done = place.run(kind::run(&place.address.name), arguments.lock.wait());
    place.close();
    done
}

/// Lists backups, or restores one.
pub fn restore(arguments: &RestoreArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    if !arguments.list && !arguments.auto_approve && !terminal.is_interactive() {
        let words =
            "restore asks before it overwrites anything, and there is no terminal to ask at; use --auto-approve (-y)";
        return Err(Usage(words.into()).into());
    }
    let place = Place::reach(&arguments.address, &arguments.spec, terminal)?;
    let done = place.restore(arguments);
    place.close();
    done
}

/// A backup on a host that is connected.
struct Place<'t> {
    address: Address,
    host: Host,
    terminal: &'t Terminal,
    runtime: Runtime,
    /// Knows the secrets that come from this machine.
    redactor: Redactor,
}

/// A backup that was made.
struct Made {
    name: String,
    /// In bytes.
    size: u64,
}

impl<'t> Place<'t> {
    /// Finds the resource and connects to its host.
    fn reach(address: &str, options: &SpecOptions, terminal: &'t Terminal) -> anyhow::Result<Self> {
        let loaded = Loaded::new(options, terminal)?;
        let survey = loaded.survey(terminal)?;
        let addresses: Vec<Address> = (0..survey.len())
            .map(|node| survey.resolved(node).address.clone())
            .filter(|one| &*one.kind == "backup")
            .collect();
        let mut found = addresses.iter().filter(|one| one.to_string() == address || one.local() == address);
        let (Some(address), None) = (found.next().cloned(), found.next()) else {
            let known: Vec<String> = addresses.iter().map(Address::to_string).collect();
            let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
            return Err(Usage(format!("`{address}` is not one backup of the spec; it has {known}")).into());
        };
        let knowledge = Knowledge { secrets: loaded.secrets(terminal)?, ..Knowledge::default() };
        let mut sources = loaded.sources.clone();
        let options = Options { who: who(&options.spec), ..super::connections::options(terminal, 0) };
        let mut reach = Reach { options, parallel: 1, passwords: Default::default() };
        for host in loaded.spec.hosts.iter().filter(|host| *host.name == *address.host) {
            let password = loaded.spec.become_password(host, &knowledge, &mut sources);
            let password = password.map_err(|wrong| mistakes(&wrong, &sources, terminal))?;
            reach.passwords.extend(password.map(|password| (host.name.clone(), password)));
        }
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let host = runtime.block_on(apply::connect(&survey, &address.host, &reach, &Events::none()));
        let host = host.map_err(|failure| {
            let help = failure.help.map(|help| format!("\n  help: {help}")).unwrap_or_default();
            anyhow::anyhow!("{}: {}{help}", failure.host, failure.message)
        })?;
        let secrets = knowledge.secrets.values().filter_map(|state| match state {
            SecretState::Known(secret) => Some(secret),
            _ => None,
        });
        Ok(Self { address, host, terminal, runtime, redactor: Redactor::new(secrets) })
    }

    fn restore(&self, arguments: &RestoreArguments) -> anyhow::Result<Exit> {
        let made = self.list()?;
        if arguments.list {
            let mut text = String::new();
            for made in &made {
                let _ = writeln!(text, "{}  {}", visible(&made.name), size(made.size));
            }
            self.terminal.data(&text)?;
            return Ok(Exit::Success);
        }
        let address = &self.address;
        let chosen = match &arguments.backup {
            Some(name) => made.iter().find(|made| *made.name == *name.as_os_str()),
            // What a restore has kept is no backup of the schedule.
            None => made.iter().find(|made| !made.name.contains("Z-before-restore.")),
        };
        let Some(chosen) = chosen else {
            let which = match &arguments.backup {
                Some(name) => format!("{address} has no backup {}; --list shows those it has", name.display()),
                None => format!("{address} has no backup yet; `infra backup` makes one"),
            };
            anyhow::bail!(which);
        };
        let safety = match arguments.no_safety_backup {
            true => "What is there now is lost.",
            false => "What is there now is kept as another backup.",
        };
        let question = format!(
            "Restore {address} from {} ({})? {safety} Only `yes` is taken as yes:",
            visible(&chosen.name),
            size(chosen.size)
        );
        if !arguments.auto_approve && !self.terminal.confirm(&question)? {
            self.terminal.status("Nothing was changed.");
            return Ok(Exit::Failure);
        }
        let step = kind::restore(&address.name, &chosen.name, !arguments.no_safety_backup);
        self.run(step, arguments.lock.wait())
    }

    /// Returns the backups that were made, the newest first.
    fn list(&self) -> anyhow::Result<Vec<Made>> {
        let sections = vec![("backups".to_string(), kind::list(&self.address.name))];
        let mut observed = self.runtime.block_on(self.host.observe(sections))?;
        let Some(output) = observed.sections.remove("backups") else {
            anyhow::bail!("{}: the host did not answer", self.address);
        };
        let mut listed = output.records.iter().filter_map(kind::Listing::find);
        match listed.next() {
            Some(kind::Listing::Present) => {}
            Some(_) => anyhow::bail!("{} is not on its host yet: apply the spec first", self.address),
            None => anyhow::bail!("{}: its backups cannot be listed: {}", self.address, output.explain()),
        }
        let made = |listed| match listed {
            kind::Listing::Backup { name, size } => {
                Some(Made { name: name.to_string(), size: size.parse().unwrap_or_default() })
            }
            _ => None,
        };
        Ok(listed.filter_map(made).collect())
    }

    /// Runs a step and shows what it prints; first it waits so long for other runs that change the host.
    fn run(&self, step: Step, wait: Duration) -> anyhow::Result<Exit> {
        if let Err(error) = self.lock(wait) {
            let is_locked = matches!(error.problem, Problem::Locked(_));
            let help = error.help();
            super::context::report(self.terminal, &error.into());
            help.into_iter().for_each(|help| self.terminal.status(&format!("  help: {help}")));
            return Ok(if is_locked { Exit::Locked } else { Exit::Failure });
        }
        let purpose = step.purpose.clone();
        let step = FrameStep { kind: "backup", ..FrameStep::new(purpose.clone(), step) };
        let frame = StepFrame { steps: vec![step], ..StepFrame::default() };
        let report = self.runtime.block_on(async {
            let (sender, mut receiver) = mpsc::unbounded_channel();
            let running = self.host.run(frame, sender);
            tokio::pin!(running);
            let mut stream = Stream::default();
            let mut show = |event: StepEvent| {
                if let StepEvent::Output { line, .. } = event {
                    self.terminal.status(&visible(&stream.line(&self.redactor, &line)));
                }
            };
            let report = loop {
                tokio::select! {
                    // Who listens goes first: what is told does not pile up.
                    biased;
                    Some(event) = receiver.recv() => show(event),
                    report = &mut running => break report,
                }
            };
            while let Ok(event) = receiver.try_recv() {
                show(event);
            }
            report
        });
        if let Some(failure) = report.failure {
            return Err(failure.into());
        }
        match report.steps.first().map(|step| &step.status) {
            Some(StepStatus::Exited(0)) => Ok(Exit::Success),
            Some(StepStatus::Exited(status)) => {
                Err(anyhow::anyhow!("{}: {purpose}: exit status {status}", self.address))
            }
            _ => Err(anyhow::anyhow!("{}: {purpose}: it was ended before it was done", self.address)),
        }
    }

    /// Takes the host's lock, and shows who has it meanwhile.
    fn lock(&self, wait: Duration) -> Result<(), HostError> {
        let mut progress = self.terminal.progress();
        let name = self.host.name();
        let mut waiting = |holder: Option<&Holder>| {
            progress.show(&Event::Waiting { host: name.into(), holder: holder.map(ToString::to_string) });
        };
        let result = self.runtime.block_on(async { self.host.lock(1, Instant::now() + wait, &mut waiting).await });
        progress.finish();
        result.map(drop)
    }

    fn close(self) {
        self.runtime.block_on(async {
            // A host that does not answer any more ends what runs by itself.
            let _ = tokio::time::timeout(Duration::from_secs(10), self.host.close()).await;
        });
    }
}

/// Writes a size for a reader.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}
