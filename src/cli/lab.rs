//! `infra lab`: throwaway hosts for trying and testing specs.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write;
use std::process::{ExitCode, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use crate::lab::{Account, Halt, HostId, Lab, Lifetime, Progress, Release, Selection, Settings, UpOptions};

/// Boots throwaway Debian hosts on this machine to try and test specs on.
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Boots hosts and prints the path of their inventory, for `-i`.
    Up(UpArgs),
    /// Throws hosts away, with everything on them.
    Down(DownArgs),
    /// Lists the hosts there are.
    List,
    /// Logs in to a host, or runs a command there.
    Ssh(SshArgs),
    /// Stops a host and boots it again, as it is.
    Reboot(RebootArgs),
}

#[derive(Debug, Args)]
pub struct UpArgs {
    #[command(flatten)]
    lab: LabName,
    /// The Debian release they run.
    #[arg(long, value_name = "RELEASE", default_value_t = Release::Bookworm, value_parser = release())]
    release: Release,
    /// Lets them run containers, with Docker Engine for one, which takes more privileges on this machine.
    #[arg(long)]
    containers: bool,
    /// What the hosts are called, as in the spec they are for.
    #[arg(value_name = "HOST", default_value = "app1")]
    hosts: Vec<String>,
}

#[derive(Debug, Args)]
pub struct DownArgs {
    #[command(flatten)]
    lab: LabName,
    /// Throws away the hosts of every lab.
    #[arg(long, conflicts_with_all = ["name", "hosts"])]
    all: bool,
    /// The hosts to throw away; all of the lab where left out.
    #[arg(value_name = "HOST")]
    hosts: Vec<String>,
}

#[derive(Debug, Args)]
pub struct SshArgs {
    #[command(flatten)]
    lab: LabName,
    /// Logs in as root.
    #[arg(long)]
    root: bool,
    /// The host; may be left out where the lab has only one.
    #[arg(value_name = "HOST")]
    host: Option<String>,
    /// What to run there instead of a login shell.
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub struct RebootArgs {
    #[command(flatten)]
    lab: LabName,
    /// Cuts the power instead of shutting down.
    #[arg(long)]
    hard: bool,
    /// The host; may be left out where the lab has only one.
    #[arg(value_name = "HOST")]
    host: Option<String>,
}

#[derive(Debug, Args)]
struct LabName {
    /// The lab: a group of hosts with an inventory of its own.
    #[arg(long, value_name = "LAB", default_value = "lab")]
    name: String,
}

fn release() -> impl TypedValueParser<Value = Release> {
    PossibleValuesParser::new(Release::ALL.map(Release::codename)).try_map(|name| name.parse::<Release>())
}

/// Runs a command: what was asked for goes to `out`, what happens meanwhile to `status`.
pub fn run(
    command: LabCommand,
    settings: &Settings,
    out: &mut (dyn Write + Send),
    status: &mut (dyn Write + Send),
) -> Result<ExitCode> {
    let lab = Lab::open(settings)?;
    let status = Status::new(status);
    match command {
        LabCommand::Up(arguments) => up(&lab, arguments, out, &status),
        LabCommand::Down(arguments) => down(&lab, arguments, &status),
        LabCommand::List => list(&lab, out, &status),
        LabCommand::Ssh(arguments) => ssh(&lab, arguments, &status),
        LabCommand::Reboot(arguments) => reboot(&lab, arguments, &status),
    }
}

fn up(lab: &Lab, arguments: UpArgs, out: &mut (dyn Write + Send), status: &Status) -> Result<ExitCode> {
    let name = arguments.lab.name;
    let options = UpOptions {
        lab: name.clone(),
        release: arguments.release,
        hosts: arguments.hosts,
        lifetime: Lifetime::UntilDown,
        containers: arguments.containers,
        with: Vec::new(),
    };
    let hosts = lab.up(&options, &|progress| status.show(progress))?;
    for host in &hosts {
        status.say(&format!("{} runs {} at {}", host.id.host, host.release, host.address));
    }
    if let Some(host) = hosts.first() {
        writeln!(out, "{}", host.inventory.display()).context("cannot print")?;
    }
    let option = if name == "lab" { String::new() } else { format!(" --name {name}") };
    status.say(&format!("Look around with `infra lab ssh{option}`, throw away with `infra lab down{option}`."));
    Ok(ExitCode::SUCCESS)
}

fn down(lab: &Lab, arguments: DownArgs, status: &Status) -> Result<ExitCode> {
    let selection = match (arguments.all, arguments.hosts) {
        (true, _) => Selection::All,
        (false, hosts) if hosts.is_empty() => Selection::Lab(arguments.lab.name),
        (false, hosts) => Selection::Hosts(arguments.lab.name, hosts),
    };
    let gone = lab.down(&selection, &|progress| status.show(progress))?;
    match gone.len() {
        0 => status.say("There was no host to throw away."),
        1 => status.say("Threw away 1 host."),
        count => status.say(&format!("Threw away {count} hosts.")),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(lab: &Lab, out: &mut (dyn Write + Send), status: &Status) -> Result<ExitCode> {
    let hosts = lab.list(&|progress| status.show(progress))?;
    if hosts.is_empty() {
        status.say("There are no throwaway hosts; `infra lab up` boots one.");
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![["LAB", "HOST", "RELEASE", "ADDRESS", "STATE", "INVENTORY"].map(str::to_owned)];
    rows.extend(hosts.into_iter().map(|host| {
        let state = if host.pid.is_some() { "running" } else { "stopped" };
        let inventory = host.inventory.display().to_string();
        [host.id.lab, host.id.host, host.release.to_string(), host.address.to_string(), state.to_owned(), inventory]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<_> = (0..5).map(width).collect();
    for [cells @ .., last] in &rows {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  "));
        writeln!(out, "{}{last}", cells.collect::<String>()).context("cannot print")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn ssh(lab: &Lab, arguments: SshArgs, status: &Status) -> Result<ExitCode> {
    let id = pick(lab, arguments.lab.name, arguments.host, status)?;
    let account = if arguments.root { Account::Root } else { Account::Deploy };
    let mut command = lab.ssh_command(&id, account)?;
    command.args(arguments.command).stdin(Stdio::inherit());
    let ended = command.status().context("cannot start ssh")?;
    // ssh ends as what it ran did, or with 255 (ssh(1), EXIT STATUS); a signal leaves no code.
    let code = ended.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(255);
    Ok(ExitCode::from(code))
}

fn reboot(lab: &Lab, arguments: RebootArgs, status: &Status) -> Result<ExitCode> {
    let id = pick(lab, arguments.lab.name, arguments.host, status)?;
    let how = if arguments.hard { Halt::Abrupt } else { Halt::Orderly };
    status.say(&format!("rebooting {id}"));
    let host = lab.reboot(&id, how)?;
    status.say(&format!("{} is up again at {}.", host.id.host, host.address));
    Ok(ExitCode::SUCCESS)
}

/// Finds the host that is meant: the one named, or the only one of the lab.
fn pick(lab: &Lab, name: String, host: Option<String>, status: &Status) -> Result<HostId> {
    if let Some(host) = host {
        return Ok(HostId::new(name, host));
    }
    let hosts = lab.list(&|progress| status.show(progress))?;
    let mut hosts: Vec<_> = hosts.into_iter().map(|host| host.id).filter(|id| id.lab == name).collect();
    match hosts.pop() {
        None => bail!("no lab called `{name}` is up; `infra lab list` shows those that are"),
        Some(only) if hosts.is_empty() => Ok(only),
        Some(last) => {
            let names: Vec<_> = hosts.iter().chain([&last]).map(|id| id.host.as_str()).collect();
            bail!("the lab `{name}` has several hosts: name one of {}", names.join(", "))
        }
    }
}

/// Says what happens, from whichever thread it happens in.
struct Status<'a> {
    writer: Mutex<&'a mut (dyn Write + Send)>,
    stages: Mutex<BTreeSet<String>>,
}

impl<'a> Status<'a> {
    fn new(writer: &'a mut (dyn Write + Send)) -> Self {
        Status { writer: Mutex::new(writer), stages: Mutex::new(BTreeSet::new()) }
    }

    fn show(&self, progress: Progress) {
        match progress {
            // debootstrap prints some five hundred lines; a person wants to see that it goes on.
            Progress::BaseOutput(line) => {
                let Some(stage) = line.strip_prefix("I: ").and_then(|line| line.split(' ').next()) else { return };
                let new = stage.ends_with("ing") && stage != "Resolving";
                if new && self.stages.lock().is_ok_and(|mut stages| stages.insert(stage.to_owned())) {
                    self.say(&format!("  {}", stage.to_lowercase()));
                }
            }
            progress => self.say(&progress.to_string()),
        }
    }

    fn say(&self, text: &str) {
        if let Ok(mut writer) = self.writer.lock() {
            // Nobody may be reading; the work goes on all the same.
            let _ = writeln!(writer, "{text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Parser)]
    struct Arguments {
        #[command(subcommand)]
        command: LabCommand,
    }

    fn parse(line: &str) -> Result<LabCommand, String> {
        let words = std::iter::once("lab").chain(line.split(' '));
        Arguments::try_parse_from(words).map(|arguments| arguments.command).map_err(|error| error.to_string())
    }

    #[test]
    fn the_commands_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_lab_is_one_bookworm_host_called_app1_unless_told_otherwise() {
        let LabCommand::Up(plain) = parse("up").unwrap() else { panic!("no up") };
        assert_eq!(
            (plain.lab.name.as_str(), plain.release, plain.hosts),
            ("lab", Release::Bookworm, vec!["app1".into()])
        );
        let LabCommand::Up(told) = parse("up --name try --release trixie web db").unwrap() else { panic!("no up") };
        assert_eq!((told.lab.name.as_str(), told.release), ("try", Release::Trixie));
        assert_eq!(told.hosts, ["web", "db"]);
        assert!(parse("up --release sid").unwrap_err().contains("[possible values: bookworm, trixie]"));
    }

    #[test]
    fn all_hosts_or_some_go_down_but_not_both() {
        assert!(parse("down --all app1").is_err());
        assert!(parse("down --all --name lab").is_err());
        assert!(parse("down --all").is_ok());
        assert!(parse("down --name try app1 app2").is_ok());
    }

    #[test]
    fn what_follows_two_dashes_runs_on_the_host() {
        let LabCommand::Ssh(plain) = parse("ssh -- uname -a").unwrap() else { panic!("no ssh") };
        assert_eq!((plain.host, plain.command), (None, vec!["uname".into(), "-a".into()]));
        let LabCommand::Ssh(named) = parse("ssh --root app2 -- id").unwrap() else { panic!("no ssh") };
        assert_eq!((named.host.as_deref(), named.root, named.command), (Some("app2"), true, vec!["id".into()]));
    }

    #[test]
    fn of_a_base_build_only_new_stages_are_said() {
        let mut written = Vec::new();
        let status = Status::new(&mut written);
        for line in ["I: Retrieving a", "I: Retrieving b", "W: odd", "I: Unpacking a", "Setting up b"] {
            status.show(Progress::BaseOutput(line.to_owned()));
        }
        status.show(Progress::Ready(HostId::new("lab", "app1")));
        assert_eq!(String::from_utf8(written).unwrap(), "  retrieving\n  unpacking\nlab/app1 is ready\n");
    }
}
