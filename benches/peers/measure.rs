//! Rounds: contestants take turns, in an order that rotates, each on hosts in the same state.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use infra::lab::Release;

use crate::contestants::{Contestant, LONG, Run, Scene, Script, make_folders};
use crate::hosts::{self, Host, Hosts, Reach};
use crate::relay::{Relay, Traffic};
use crate::run::Watch;
use crate::wanted::Wanted;
use crate::way::Way;
use crate::workloads::{Task, Workload};

/// What one contestant took for one workload.
#[derive(Debug)]
pub struct Series {
    pub contestant: String,
    pub times: Vec<Duration>,
    /// What went over the way in each run, where there is a relay that counts it.
    pub traffic: Vec<Traffic>,
    /// What the contestant says it cost, line by line.
    pub counts: Vec<String>,
    /// Why there are no more rounds.
    pub failure: Option<String>,
}

impl Series {
    fn new(contestant: &dyn Contestant) -> Self {
        let contestant = contestant.name().to_string();
        Series { contestant, times: Vec::new(), traffic: Vec::new(), counts: Vec::new(), failure: None }
    }

    /// Keeps why there are no more rounds, and says so at once.
    fn fail(&mut self, workload: &Workload, error: &anyhow::Error) {
        eprintln!("  {} {}: {error:#}", workload.name, self.contestant);
        self.failure = Some(format!("{error:#}"));
    }
}

/// What came of a workload.
#[derive(Debug)]
pub struct Measured {
    pub workload: Workload,
    pub series: Vec<Series>,
    /// Why it was not measured to its end.
    pub incomplete: Option<String>,
}

impl Measured {
    /// Whether everyone got through all rounds.
    pub fn is_whole(&self) -> bool {
        self.incomplete.is_none() && self.series.iter().all(|series| series.failure.is_none())
    }
}

/// How often.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    pub quick: usize,
    /// No more than those that are quick.
    pub slow: usize,
}

/// The hosts there are, and what is known of their state.
#[derive(Debug)]
pub struct Bench<'a> {
    watch: &'a Watch,
    release: Release,
    cache: &'a Path,
    scratch: &'a Path,
    /// How many times contestants were made ready.
    stages: usize,
    /// Hosts of one contestant each, for workloads with one host.
    single: BTreeMap<String, Hosts>,
    /// Hosts that all contestants share.
    fleet: Option<Hosts>,
    /// What is known of the hosts' state, by contestant, or under `FLEET`.
    state: BTreeMap<String, State>,
}

/// What hosts have been made to be.
#[derive(Debug)]
struct State {
    wanted: Wanted,
    revision: u32,
    /// Who has: a job, for one, may be in a file or in a crontab, so that shared hosts need both.
    made_by: BTreeSet<String>,
}

/// The hosts that all contestants share; no contestant is called so.
const FLEET: &str = "(fleet)";

impl<'a> Bench<'a> {
    pub fn new(watch: &'a Watch, release: Release, cache: &'a Path, scratch: &'a Path) -> Self {
        Bench {
            watch,
            release,
            cache,
            scratch,
            stages: 0,
            single: BTreeMap::new(),
            fleet: None,
            state: BTreeMap::new(),
        }
    }

    /// Measures a workload, as far as it gets.
    pub fn measure(&mut self, workload: &Workload, contestants: &[&dyn Contestant], rounds: Rounds) -> Measured {
        let mut series: Vec<_> = contestants.iter().map(|contestant| Series::new(*contestant)).collect();
        let ended = self.measure_all(workload, contestants, rounds, &mut series);
        for (contestant, _) in contestants.iter().zip(&series).filter(|(_, series)| series.failure.is_some()) {
            // Nobody knows what it has left: the next workload restores the hosts.
            self.state.remove(&state_key(workload, *contestant));
        }
        let incomplete = ended.err().map(|error| format!("{error:#}"));
        Measured { workload: workload.clone(), series, incomplete }
    }

    /// A contestant that fails is left out of the rounds that follow, with the reason.
    fn measure_all(
        &mut self,
        workload: &Workload,
        contestants: &[&dyn Contestant],
        rounds: Rounds,
        series: &mut [Series],
    ) -> Result<()> {
        let mut stages = Vec::new();
        for (at, contestant) in contestants.iter().enumerate() {
            let stage = self.set_up(workload, *contestant);
            self.watch.check()?;
            if let Err(error) = &stage {
                series[at].fail(workload, error);
            }
            stages.push(stage.ok());
        }
        for round in 0..rounds.quick {
            for turn in 0..contestants.len() {
                let at = (turn + round) % contestants.len();
                let contestant = contestants[at];
                let wanted = if contestant.is_slow() { rounds.slow.min(workload.slow_rounds) } else { rounds.quick };
                let Some(stage) = &stages[at] else { continue };
                if round >= wanted {
                    continue;
                }
                match self.round(workload, contestant, stage) {
                    Ok((time, traffic)) => {
                        eprintln!("  {} {}: {:.3} s", workload.name, contestant.name(), time.as_secs_f64());
                        series[at].times.push(time);
                        series[at].traffic.extend(traffic);
                    }
                    Err(error) => {
                        self.watch.check()?;
                        series[at].fail(workload, &error);
                        stages[at] = None;
                    }
                }
            }
        }
        for (at, contestant) in contestants.iter().enumerate() {
            let Some(stage) = &stages[at] else { continue };
            if let Err(error) = self.finish(workload, *contestant, stage, &mut series[at]) {
                self.watch.check()?;
                series[at].fail(workload, &error);
            }
        }
        Ok(())
    }

    /// Brings hosts up and into the state that the workload starts from.
    fn set_up(&mut self, workload: &Workload, contestant: &dyn Contestant) -> Result<Stage> {
        let is_new = self.boot(workload, contestant)?;
        // A short name: sockets go in there.
        self.stages += 1;
        let folder = self.scratch.join(self.stages.to_string());
        fs::create_dir_all(&folder)?;
        make_folders(&folder)?;
        let hosts = self.hosts(workload, contestant).iter().map(|host| host.reach().clone()).collect();
        let mut stage = Stage { folder, hosts, relays: Vec::new() };
        let key = state_key(workload, contestant);
        if self.state.get(&key).is_none_or(|state| state.wanted != workload.wanted) {
            if !is_new {
                self.remove_state(workload, contestant)?;
            }
            let state = State { wanted: workload.wanted.clone(), revision: 1, made_by: BTreeSet::new() };
            self.state.insert(key.clone(), state);
        }
        let state = &self.state[&key];
        if workload.task != Task::First && contestant.does_work() && !state.made_by.contains(contestant.name()) {
            eprintln!("  {}: {} makes the state to start from", workload.name, contestant.name());
            self.make_state(contestant, &stage, state)?;
        }
        if let Some(state) = self.state.get_mut(&key) {
            state.made_by.insert(contestant.name().to_string());
        }
        if let Some(way) = workload.way {
            stage.relays = self.relays(way, &mut stage.hosts, &stage.folder)?;
        }
        Ok(stage)
    }

    /// Boots the hosts of a workload unless they are up. Returns whether they are new, and so in no need of restoring.
    fn boot(&mut self, workload: &Workload, contestant: &dyn Contestant) -> Result<bool> {
        if workload.hosts == 1 {
            if !self.single.contains_key(contestant.name()) {
                let hosts = hosts::boot(1, contestant.name(), self.release, self.cache, self.watch)?;
                self.single.insert(contestant.name().to_string(), hosts);
                return Ok(true);
            }
        } else if self.fleet.as_deref().map(<[Host]>::len) != Some(workload.hosts) {
            self.fleet = None;
            self.state.remove(FLEET);
            self.fleet = Some(hosts::boot(workload.hosts, "fleet", self.release, self.cache, self.watch)?);
            return Ok(true);
        }
        Ok(false)
    }

    fn hosts(&self, workload: &Workload, contestant: &dyn Contestant) -> &[Host] {
        match workload.hosts {
            1 => self.single.get(contestant.name()).map_or(&[], |hosts| hosts),
            _ => self.fleet.as_deref().unwrap_or(&[]),
        }
    }

    fn remove_state(&self, workload: &Workload, contestant: &dyn Contestant) -> Result<()> {
        hosts::on_each(self.hosts(workload, contestant), self.watch, Host::remove_state)
    }

    /// Lets the contestant make the whole end state, untimed and without delay. Of files alone it does not matter who made
    /// them, and scripts are the fastest.
    fn make_state(&self, contestant: &dyn Contestant, stage: &Stage, state: &State) -> Result<()> {
        let contestant = if contestant.is_slow() && state.wanted.crons.is_empty() { &Script } else { contestant };
        let run = Run { task: Task::First, revision: state.revision, warm: false };
        let scene = stage.scene(&state.wanted);
        contestant.prepare(&scene, run)?;
        self.watch.run(contestant.command(&scene, run), LONG, &stage.folder)?;
        forget_connections(&stage.folder);
        Ok(())
    }

    /// Puts a relay before each host.
    fn relays(&self, way: Way, hosts: &mut [Reach], folder: &Path) -> Result<Vec<Relay>> {
        let mut relays = Vec::new();
        let mut known_here = String::new();
        for host in hosts {
            let target = (host.address.clone(), host.port);
            let relay = Relay::start(self.watch.runtime().handle(), target, way)?;
            // The host's key is known under its address; the relay has another one.
            let known = fs::read_to_string(&host.known_hosts).context("cannot read the known hosts")?;
            let line = known.lines().find(|line| line.starts_with(&format!("{} ", host.address)));
            let key = line.and_then(|line| line.split_once(' ')).map(|(_, key)| key).context("the host has no key")?;
            known_here.push_str(&format!("[127.0.0.1]:{} {key}\n", relay.port()));
            host.known_hosts = folder.join("known_hosts");
            host.address = "127.0.0.1".into();
            host.port = relay.port();
            relays.push(relay);
        }
        fs::write(folder.join("known_hosts"), known_here).context("cannot write the known hosts")?;
        Ok(relays)
    }

    /// One timed run.
    fn round(
        &mut self,
        workload: &Workload,
        contestant: &dyn Contestant,
        stage: &Stage,
    ) -> Result<(Duration, Option<Traffic>)> {
        let run = self.make_ready(workload, contestant, stage)?;
        stage.take_traffic();
        let ran = self.watch.run(
            contestant.command(&stage.scene(&workload.wanted), run),
            contestant.limit(),
            &stage.folder,
        )?;
        if workload.task == Task::Unchanged && !contestant.did_nothing(&ran.said) {
            let lines: Vec<_> = ran.said.lines().collect();
            bail!("it changed something\n{}", lines[lines.len().saturating_sub(25)..].join("\n"));
        }
        let traffic = stage.take_traffic();
        if !workload.warm {
            forget_connections(&stage.folder);
        }
        Ok((ran.time, traffic))
    }

    /// Brings hosts into the state before a run.
    fn make_ready(&mut self, workload: &Workload, contestant: &dyn Contestant, stage: &Stage) -> Result<Run> {
        if workload.task == Task::First && contestant.does_work() {
            self.remove_state(workload, contestant)?;
        }
        let state = self.state.get_mut(&state_key(workload, contestant)).context("the hosts have no state")?;
        if workload.task == Task::Change && contestant.does_work() {
            state.revision += 1;
        }
        let run = Run { task: workload.task, revision: state.revision, warm: workload.warm };
        let scene = stage.scene(&workload.wanted);
        contestant.prepare(&scene, run)?;
        if workload.warm {
            self.watch.run(contestant.command(&scene, run), contestant.limit(), &stage.folder)?;
        }
        Ok(run)
    }

    /// Checks the end state, and counts where the contestant can.
    fn finish(
        &mut self,
        workload: &Workload,
        contestant: &dyn Contestant,
        stage: &Stage,
        series: &mut Series,
    ) -> Result<()> {
        if contestant.does_work() {
            let revision = self.state[&state_key(workload, contestant)].revision;
            for host in self.hosts(workload, contestant) {
                host.check_end_state(&workload.wanted, revision)?;
            }
        }
        if let Some(flag) = contestant.counting_flag() {
            let run = self.make_ready(workload, contestant, stage)?;
            let mut command = contestant.command(&stage.scene(&workload.wanted), run);
            command.arg(flag);
            let ran = self.watch.run(command, contestant.limit(), &stage.folder)?;
            series.counts = ran.said.lines().filter(|line| line.starts_with("stats ")).map(str::to_string).collect();
        }
        forget_connections(&stage.folder);
        Ok(())
    }
}

/// Whose state it is that a workload starts from.
fn state_key(workload: &Workload, contestant: &dyn Contestant) -> String {
    if workload.hosts > 1 { FLEET.to_string() } else { contestant.name().to_string() }
}

/// A contestant that is ready for a workload.
#[derive(Debug)]
struct Stage {
    folder: PathBuf,
    hosts: Vec<Reach>,
    relays: Vec<Relay>,
}

impl Stage {
    fn scene<'s>(&'s self, wanted: &'s Wanted) -> Scene<'s> {
        Scene { wanted, hosts: &self.hosts, folder: &self.folder }
    }

    /// Returns what went through all relays since the last time, if there are any.
    fn take_traffic(&self) -> Option<Traffic> {
        self.relays.iter().map(Relay::take_traffic).reduce(|one, other| one + other)
    }
}

/// Ends the ssh connections whose control sockets are below a folder.
pub fn forget_connections(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            forget_connections(&entry.path());
        } else if kind.is_socket() {
            let _ = Command::new("ssh")
                .args(["-F", "none", "-O", "exit", "-o"])
                .arg(format!("ControlPath={}", entry.path().display()))
                .arg("nowhere")
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
    }
}
