//! `infra state` and `infra history`: what hosts keep of what specs own there, and of the runs that changed them.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};
use tokio::runtime::{Builder, Runtime};

use crate::apply::{self, Events, NotWritten, Reach, key_of, write_ledger};
use crate::host::{Host, HostError, Options, Problem, history_probe};
use crate::ledger::{Entry, Ledger, Past};
use crate::model::{Address, ProbeOutput};
use crate::plan::HostFailure;
use crate::render::{FORMAT_VERSION, Role, visible, visible_lines};
use crate::spec::HostRole;
use crate::survey::{HostLedger, Scope, Survey, ledger_file};
use crate::ui::Terminal;

use super::DiskFiles;
use super::connections;
use super::context::Loaded;
use super::exit::{Exit, Usage};
use super::options::{Format, SpecOptions};
use super::who::who;

#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// Lists what a spec owns on its hosts.
    List(ListArguments),
    /// Shows what is known of one resource, and which run applied it last.
    Show(ShowArguments),
    /// Lets resources go: they stay on their hosts, and are the spec's no more.
    Forget(ForgetArguments),
}

#[derive(Debug, Args)]
pub struct ListArguments {
    #[command(flatten)]
    spec: SpecOptions,

    /// The form of the list.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The resource: host/kind:name.
    address: Address,

    #[command(flatten)]
    spec: SpecOptions,

    /// The form of what is shown.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Args)]
pub struct ForgetArguments {
    /// The resources: host/kind:name.
    #[arg(required = true)]
    addresses: Vec<Address>,

    /// The spec's folder, or its main file.
    #[arg(long = "spec", default_value = ".")]
    folder: std::path::PathBuf,

    /// Takes the hosts from this file.
    #[arg(short = 'i', long, value_name = "FILE")]
    inventory: Option<std::path::PathBuf>,
}

#[derive(Debug, Args)]
pub struct HistoryArguments {
    /// The host, as the spec names it.
    host: String,

    #[command(flatten)]
    spec: SpecOptions,

    /// The form of the list.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(command: &StateCommand, terminal: &Terminal) -> anyhow::Result<Exit> {
    match command {
        StateCommand::List(arguments) => list(arguments, terminal),
        StateCommand::Show(arguments) => show(arguments, terminal),
        StateCommand::Forget(arguments) => forget(arguments, terminal),
    }
}

/// Hosts that are asked what they keep.
struct Asked<'a> {
    loaded: &'a Loaded,
    survey: Survey<'a>,
    runtime: Runtime,
    options: Options,
}

/// What one host keeps.
struct Kept {
    host: Host,
    ledger: HostLedger,
    history: Vec<Past>,
}

impl<'a> Asked<'a> {
    fn new(loaded: &'a Loaded, spec: &std::path::Path, terminal: &Terminal) -> anyhow::Result<Self> {
        let survey =
            Survey::new(&loaded.spec, &DiskFiles, loaded.sources.clone(), loaded.secrets(terminal)?, &Scope::default())
                .map_err(|error| loaded.explain(error, terminal))?;
        let options = Options {
            facts: false,
            who: who(spec),
            ledger: loaded.spec.name.clone(),
            ..connections::options(terminal, 60)
        };
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Self { loaded, survey, runtime, options })
    }

    /// Returns the hosts that a run would change.
    fn names(&self) -> Vec<String> {
        let hosts = self.loaded.spec.hosts.iter();
        hosts.filter(|host| host.role == HostRole::Selected).map(|host| host.name.clone()).collect()
    }

    /// Asks a host.
    fn ask(&self, name: &str) -> Result<Kept, HostFailure> {
        let mut sources = self.survey.sources().clone();
        let spec = self.loaded.spec.hosts.iter().find(|host| host.name == name);
        let password = spec.and_then(|host| {
            self.loaded.spec.become_password(host, self.survey.knowledge(), &mut sources).ok().flatten()
        });
        let passwords: BTreeMap<_, _> = password.map(|password| (name.to_string(), password)).into_iter().collect();
        let reach = Reach { options: self.options.clone(), parallel: 1, passwords };
        self.runtime.block_on(async {
            let host = apply::connect(&self.survey, name, &reach, &Events::none()).await?;
            let mut observed =
                host.observe(vec![("history".into(), history_probe())]).await.map_err(HostFailure::from)?;
            let history = observed.sections.remove("history").unwrap_or_else(ProbeOutput::missing);
            let history = history.records.iter().filter_map(|record| Past::read(&record.fields)).collect();
            Ok(Kept { host, ledger: HostLedger::read(&observed.ledger), history })
        })
    }

    /// Asks a host for its ledger; fails where it cannot be read.
    fn ledger(&self, name: &str) -> anyhow::Result<(Kept, Option<Ledger>)> {
        let kept = self.ask(name).map_err(|failure| {
            let help = failure.help.map(|help| format!("\n  help: {}", visible_lines(&help, "  "))).unwrap_or_default();
            anyhow::anyhow!("{}: {}{help}", failure.host, failure.message)
        })?;
        let ledger = kept.ledger.ledger.clone().map_err(|error| {
            let file = ledger_file(&self.loaded.spec.name, name, self.survey.is_root(name));
            anyhow::anyhow!("{name}: {file}: {error}\n  help: {}", error.help(&file))
        })?;
        Ok((kept, ledger))
    }

    fn close(&self, kept: Kept) {
        self.runtime.block_on(kept.host.close());
    }
}

fn list(arguments: &ListArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let loaded = Loaded::new(&arguments.spec, terminal)?;
    let asked = Asked::new(&loaded, &arguments.spec.spec, terminal)?;
    let mut exit = Exit::Success;
    let (mut text, mut hosts) = (String::new(), Vec::new());
    for name in asked.names() {
        let (kept, ledger) = match asked.ledger(&name) {
            Ok(kept) => kept,
            Err(error) => {
                super::context::report(terminal, &error);
                exit = Exit::Failure;
                continue;
            }
        };
        let entries = ledger.as_ref().map(|ledger| &ledger.entries);
        let serial = ledger.as_ref().map_or(0, |ledger| ledger.serial);
        let head =
            format!("{name}: {} resources of {}, serial {serial}", entries.map_or(0, BTreeMap::len), loaded.spec.name);
        let _ = writeln!(text, "{}", terminal.data_paint().paint(Role::Heading, &visible(&head)));
        let width = entries.into_iter().flatten().map(|(local, _)| local.chars().count()).max().unwrap_or(0);
        for (local, entry) in entries.into_iter().flatten() {
            let padding = " ".repeat(width - local.chars().count());
            let brakes = if entry.prevent_destroy { "  prevent_destroy" } else { "" };
            let _ = writeln!(text, "  {:<7}  {}{padding}  {}{brakes}", entry.origin.word(), visible(local), entry.when);
        }
        let interrupted: Vec<Json> = kept
            .ledger
            .journal
            .runs
            .iter()
            .map(|run| {
                let _ = writeln!(
                    text,
                    "  a run of {} on {}, {}, did not come to its end:",
                    visible(&run.who.user),
                    visible(&run.who.machine),
                    run.when
                );
                for (local, intent) in &run.intents {
                    let result = intent.result.as_deref().unwrap_or("cut off");
                    let _ = writeln!(text, "    {} {}: {}", intent.action, visible(local), visible(result));
                }
                json!({
                    "user": run.who.user, "machine": run.who.machine, "commit": run.who.commit, "when": run.when,
                    "resources": run.intents.iter().map(|(local, intent)| json!({
                        "address": format!("{name}/{local}"), "action": intent.action, "result": intent.result,
                    })).collect::<Vec<_>>(),
                })
            })
            .collect();
        hosts.push(json!({
            "host": name, "serial": serial, "interrupted": interrupted,
            "resources": entries.into_iter().flatten().map(|(local, entry)| entry_json(&name, local, entry)).collect::<Vec<_>>(),
        }));
        asked.close(kept);
    }
    match arguments.format {
        Format::Text => terminal.data(&text)?,
        Format::Json => {
            terminal.json(&json!({ "format_version": FORMAT_VERSION, "spec": loaded.spec.name, "hosts": hosts }))?
        }
    }
    Ok(exit)
}

fn entry_json(host: &str, local: &str, entry: &Entry) -> Json {
    json!({
        "address": format!("{host}/{local}"), "origin": entry.origin.word(), "prevent_destroy": entry.prevent_destroy,
        "prune": entry.prune.word(), "last_applied": entry.when, "serial": entry.serial,
    })
}

fn show(arguments: &ShowArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let loaded = Loaded::new(&arguments.spec, terminal)?;
    let asked = Asked::new(&loaded, &arguments.spec.spec, terminal)?;
    let address = &arguments.address;
    let (kept, ledger) = asked.ledger(&address.host)?;
    let entry = ledger.as_ref().and_then(|ledger| ledger.entries.get(&address.local())).cloned();
    let interrupted = kept.ledger.journal.runs.iter().filter_map(|run| Some((run, run.intents.get(&address.local())?)));
    let mut text = String::new();
    for (run, intent) in interrupted {
        let result = intent.result.as_deref().unwrap_or("cut off");
        let _ = writeln!(
            text,
            "a run of {} on {}, {}, did not come to its end; {}: {}",
            visible(&run.who.user),
            visible(&run.who.machine),
            run.when,
            intent.action,
            visible(result)
        );
    }
    let Some(entry) = entry else {
        asked.close(kept);
        terminal.data(&text)?;
        anyhow::bail!("{address} is not in the ledger of {}: `infra state list` says what is", loaded.spec.name);
    };
    let past = kept.history.iter().rfind(|past| {
        past.serial == Some(entry.serial) && past.spec == loaded.spec.name && *past.host == *address.host
    });
    let in_spec = asked.survey.find(address).is_some();
    match arguments.format {
        Format::Text => {
            let _ = writeln!(text, "{}", terminal.data_paint().paint(Role::Heading, &visible(&address.to_string())));
            let origin = match entry.origin {
                crate::ledger::Origin::Created => "created by infra",
                crate::ledger::Origin::Found => "was there before",
            };
            let _ = writeln!(text, "  origin        {origin}");
            let _ = writeln!(text, "  in the spec   {}", if in_spec { "yes" } else { "no" });
            let _ = writeln!(text, "  last applied  {} (serial {})", entry.when, entry.serial);
            if let Some(past) = past {
                let _ = writeln!(text, "  by            {}", visible(&who_of(past)));
            }
            let _ = writeln!(text, "  prune         {}", entry.prune.word());
            if entry.prevent_destroy {
                let _ = writeln!(text, "  lifecycle     prevent_destroy");
            }
            terminal.data(&text)?;
        }
        Format::Json => {
            let mut whole = entry_json(&address.host, &address.local(), &entry);
            whole["format_version"] = json!(FORMAT_VERSION);
            whole["in_spec"] = in_spec.into();
            whole["run"] = past.map_or(Json::Null, past_json);
            terminal.json(&whole)?;
        }
    }
    asked.close(kept);
    Ok(Exit::Success)
}

fn forget(arguments: &ForgetArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let options = SpecOptions {
        spec: arguments.folder.clone(),
        inventory: arguments.inventory.clone(),
        ..SpecOptions::default()
    };
    let loaded = Loaded::new(&options, terminal)?;
    let asked = Asked::new(&loaded, &options.spec, terminal)?;
    let mut of_hosts: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    for address in &arguments.addresses {
        of_hosts.entry(&address.host).or_default().push(address);
    }
    let mut hosts = Vec::new();
    // Nothing is forgotten where one of them is not known.
    for (name, addresses) in of_hosts {
        let (kept, ledger) = asked.ledger(name)?;
        let mut ledger = ledger.ok_or_else(|| anyhow::anyhow!("{name} has no ledger of {}", loaded.spec.name))?;
        for address in &addresses {
            if ledger.entries.remove(&address.local()).is_none() {
                return Err(Usage(format!(
                    "{address} is not in the ledger of {}: `infra state list` says what is",
                    loaded.spec.name
                ))
                .into());
            }
        }
        hosts.push((kept, ledger, addresses));
    }
    for (kept, mut ledger, addresses) in hosts {
        ledger.key = key_of(Some(&ledger))?;
        ledger.serial += 1;
        let written = write_ledger(&kept.host, &loaded.spec.name, &ledger, String::new());
        match asked.runtime.block_on(written) {
            Ok(()) => {}
            Err(NotWritten::Host(error)) => return refused(terminal, error),
            Err(why) => anyhow::bail!("{}: {why}", kept.host.name()),
        }
        for address in addresses {
            terminal.status(&format!(
                "{} is let go: it stays on its host, and is {}'s no more",
                visible(&address.to_string()),
                loaded.spec.name
            ));
        }
        asked.close(kept);
    }
    Ok(Exit::Success)
}

fn refused(terminal: &Terminal, error: HostError) -> anyhow::Result<Exit> {
    let is_locked = matches!(error.problem, Problem::Locked(_));
    let help = error.help();
    super::context::report(terminal, &error.into());
    help.into_iter().for_each(|help| terminal.status(&format!("  help: {help}")));
    Ok(if is_locked { Exit::Locked } else { Exit::Failure })
}

/// Lists the runs that changed a host, whatever their specs, the newest last.
pub fn history(arguments: &HistoryArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let loaded = Loaded::new(&arguments.spec, terminal)?;
    let asked = Asked::new(&loaded, &arguments.spec.spec, terminal)?;
    if !asked.names().contains(&arguments.host) {
        return Err(
            Usage(format!("the spec has no host {}: it has {}", arguments.host, asked.names().join(", "))).into()
        );
    }
    let kept =
        asked.ask(&arguments.host).map_err(|failure| anyhow::anyhow!("{}: {}", failure.host, failure.message))?;
    match arguments.format {
        Format::Json => {
            let runs: Vec<Json> = kept.history.iter().map(past_json).collect();
            terminal.json(&json!({ "format_version": FORMAT_VERSION, "host": arguments.host, "runs": runs }))?;
        }
        Format::Text => {
            let mut text = String::new();
            for past in &kept.history {
                let number = |number: Option<u64>| number.unwrap_or_default();
                let (run, failed) = (number(past.run), number(past.failed));
                let counts = match past.outcome.as_str() {
                    Past::INTERRUPTED => format!("interrupted, {run} done, {failed} not known to be"),
                    outcome => format!(
                        "{outcome}: {} created, {} changed, {} deleted, {run} run, {failed} failed, {} s",
                        number(past.created),
                        number(past.changed),
                        number(past.deleted),
                        number(past.seconds)
                    ),
                };
                let _ = writeln!(
                    text,
                    "{}  {}  {}  {}",
                    visible(&past.when),
                    visible(&past.spec),
                    visible(&who_of(past)),
                    visible(&counts)
                );
            }
            terminal.data(&text)?;
        }
    }
    asked.close(kept);
    Ok(Exit::Success)
}

/// Says who a run was of, and at which commit.
fn who_of(past: &Past) -> String {
    match past.who.commit.as_str() {
        "" => past.who.named(),
        commit => format!("{}, commit {commit}", past.who.named()),
    }
}

fn past_json(past: &Past) -> Json {
    json!({
        "when": past.when, "spec": past.spec, "host": past.host, "user": past.who.user, "machine": past.who.machine,
        "commit": past.who.commit, "outcome": past.outcome, "seconds": past.seconds, "serial": past.serial,
        "created": past.created, "changed": past.changed, "deleted": past.deleted, "run": past.run,
        "failed": past.failed,
    })
}
