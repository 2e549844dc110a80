//! `up`, `down`, `list`, `reboot`.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::files::write_whole;
use super::guest::Guest;
use super::lock::FileLock;
use super::machine::{self, Halt};
use super::network::{self, Network};
use super::options::{Lifetime, Selection, Settings, UpOptions};
use super::program;
use super::recipe::Recipe;
use super::record::{HostId, HostRecord, Owner, Phase, check_name};
use super::ssh::{self, LabFiles};
use super::state::StateFolder;
use super::wait::Deadline;
use super::{Account, Progress, Release, base, layer, tree};

/// How long a host may take to boot; alone on an idle machine it needs two seconds.
const BOOT_TIME: Duration = Duration::from_secs(120);

/// How long another process may be busy with a host that this one wants.
const PATIENCE: Duration = Duration::from_secs(240);

/// A throwaway host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabHost {
    pub id: HostId,
    pub release: Release,
    pub address: Ipv4Addr,
    /// This machine's address, as the host sees it.
    pub gateway: Ipv4Addr,
    /// The process that runs it; `None` where it was booted once and does not run now.
    pub pid: Option<u32>,
    /// The private key that opens its accounts.
    pub key: PathBuf,
    pub known_hosts: PathBuf,
    /// The file for `infra plan -i` with all hosts of its lab.
    pub inventory: PathBuf,
}

/// Throwaway hosts of one state folder.
#[derive(Clone, Debug)]
pub struct Lab {
    state: StateFolder,
    environment: Vec<(String, String)>,
}

/// What is held while a host is being made or changed.
struct Work {
    id: HostId,
    lock: FileLock,
    is_new: bool,
}

impl Lab {
    /// Opens a state folder, after checking that this machine can run hosts at all.
    pub fn open(settings: &Settings) -> Result<Self> {
        program::check_machine()?;
        Ok(Lab { state: StateFolder::open(&settings.state_dir)?, environment: settings.environment.clone() })
    }

    /// Boots hosts and waits until they can be worked with. Hosts of these names that are up already stay as they are.
    pub fn up(&self, options: &UpOptions, progress: &(dyn Fn(Progress) + Sync)) -> Result<Vec<LabHost>> {
        check_name("lab", &options.lab)?;
        ensure!(!options.hosts.is_empty(), "name at least one host");
        let mut names = BTreeSet::new();
        for name in &options.hosts {
            check_name("host", name)?;
            ensure!(names.insert(name), "the host `{name}` is named twice");
        }
        self.clean_up(progress)?;
        let recipe = Recipe::of_this_machine(&self.environment)?;
        let (network, work) = loop {
            let base = base::ensure(&self.state, options.release, &recipe, progress)?;
            let base = layer::ensure(&self.state, &base, &options.with, &recipe, progress)?;
            if let Some(allocated) = self.allocate(options, &base)? {
                break allocated;
            }
        };
        let results: Vec<_> = std::thread::scope(|scope| {
            let network = &network;
            let boots: Vec<_> =
                work.into_iter().map(|work| scope.spawn(move || self.bring_up(work, network, progress))).collect();
            boots
                .into_iter()
                .map(|boot| boot.join().unwrap_or_else(|_| Err(anyhow!("booting a host panicked"))))
                .collect()
        });
        self.write_lab_files(&options.lab)?;
        let mut hosts = results.into_iter().collect::<Result<Vec<_>>>()?;
        hosts.sort_by_key(|host| options.hosts.iter().position(|name| *name == host.id.host));
        Ok(hosts)
    }

    /// Takes hosts down and forgets everything about them. Returns those that were there.
    pub fn down(&self, selection: &Selection, progress: &(dyn Fn(Progress) + Sync)) -> Result<Vec<HostId>> {
        self.clean_up(progress)?;
        let mut ids = self.state.hosts()?;
        match selection {
            Selection::All => {}
            Selection::Lab(lab) => ids.retain(|id| id.lab == *lab),
            Selection::Hosts(lab, hosts) => {
                for host in hosts {
                    self.require(&HostId::new(lab, host))?;
                }
                ids.retain(|id| id.lab == *lab && hosts.contains(&id.host));
            }
        }
        let take_down = |id: &HostId| {
            let Some(lock) = self.state.host(id).lock_until(Deadline::after(PATIENCE))? else { return Ok(()) };
            progress(Progress::Stopping(id.clone()));
            self.remove(id, lock)
        };
        let results: Vec<Result<()>> = std::thread::scope(|scope| {
            let running: Vec<_> = ids.iter().map(|id| scope.spawn(move || take_down(id))).collect();
            running
                .into_iter()
                .map(|one| one.join().unwrap_or_else(|_| Err(anyhow!("taking a host down panicked"))))
                .collect()
        });
        results.into_iter().collect::<Result<()>>()?;
        if !ids.is_empty() {
            progress(Progress::Deleting);
        }
        self.state.empty_trash()?;
        Ok(ids)
    }

    /// Lists the hosts there are, lab by lab, each in the order it was asked for.
    pub fn list(&self, progress: &(dyn Fn(Progress) + Sync)) -> Result<Vec<LabHost>> {
        self.clean_up(progress)?;
        let labs: BTreeSet<_> = self.state.hosts()?.into_iter().map(|id| id.lab).collect();
        let mut hosts = Vec::new();
        for lab in labs {
            for (host, record) in self.state.hosts_up(&lab)? {
                hosts.push(self.describe(&HostId::new(lab.clone(), host), &record)?);
            }
        }
        Ok(hosts)
    }

    /// Finds a host that is up.
    pub fn host(&self, id: &HostId) -> Result<LabHost> {
        self.describe(id, &self.require(id)?)
    }

    /// Stops a host and boots the same tree again.
    pub fn reboot(&self, id: &HostId, how: Halt) -> Result<LabHost> {
        let record = self.require(id)?;
        let folder = self.state.host(id);
        let Some(_lock) = folder.lock_until(Deadline::after(PATIENCE))? else { bail!("{id} was taken down meanwhile") };
        machine::halt(&folder, how)?;
        let network = {
            let _lock = self.state.lock()?;
            Network::ensure(&self.state)?
        };
        self.boot(id, &record, &network)?;
        self.describe(id, &record)
    }

    /// Makes an ssh command for a host, to which the words to run there can be added.
    pub fn ssh_command(&self, id: &HostId, account: Account) -> Result<Command> {
        let record = self.require(id)?;
        Ok(self.files(&id.lab).command(record.address, account))
    }

    fn files(&self, lab: &str) -> LabFiles {
        LabFiles::of(&self.state.lab(lab))
    }

    fn require(&self, id: &HostId) -> Result<HostRecord> {
        if let Some(record) = self.state.host(id).record().filter(|record| record.phase == Phase::Up) {
            return Ok(record);
        }
        let others = self.state.hosts_up(&id.lab)?;
        let others: Vec<_> = others.iter().map(|(name, _)| name.as_str()).collect();
        match others.as_slice() {
            [] => bail!("no lab called `{}` is up; `infra lab list` shows those that are", id.lab),
            others => bail!("the lab `{}` has no host `{}`; it has {}", id.lab, id.host, others.join(", ")),
        }
    }

    fn describe(&self, id: &HostId, record: &HostRecord) -> Result<LabHost> {
        let files = self.files(&id.lab);
        Ok(LabHost {
            id: id.clone(),
            release: record.release,
            address: record.address,
            gateway: network::gateway(record.address),
            pid: machine::find(&self.state.host(id))?,
            key: files.key,
            known_hosts: files.known_hosts,
            inventory: files.inventory,
        })
    }

    /// Removes what interrupted processes left.
    fn clean_up(&self, progress: &(dyn Fn(Progress) + Sync)) -> Result<()> {
        let abandoned = {
            let _lock = self.state.lock()?;
            self.state.discard_empty_labs()?;
            if self.state.hosts()?.is_empty() {
                Network::remove(&self.state)?;
            }
            self.state.abandoned()?
        };
        for (id, lock) in abandoned {
            progress(Progress::CleaningUp(id.clone()));
            self.remove(&id, lock).with_context(|| format!("cannot remove what an interrupted run left of {id}"))?;
        }
        self.state.empty_trash()
    }

    /// Makes records for the hosts that are not there yet; `None` where others changed what was found meanwhile.
    fn allocate(&self, options: &UpOptions, base: &str) -> Result<Option<(Network, Vec<Work>)>> {
        let deadline = Deadline::after(PATIENCE);
        let owner = match options.lifetime {
            Lifetime::UntilDown => None,
            Lifetime::ThisProcess => Some(Owner::this_process()?),
        };
        let mut work: Vec<Work> = Vec::new();
        // A host that is there is waited for without the state lock, which whoever is busy with it needs, and in an order
        // that all keep, so that no two wait for each other.
        for name in options.hosts.iter().collect::<BTreeSet<_>>() {
            let id = HostId::new(&options.lab, name);
            if let Some(lock) = self.state.host(&id).lock_until(deadline)? {
                work.push(Work { id, lock, is_new: false });
            }
        }
        let _lock = self.state.lock()?;
        let ids = options.hosts.iter().map(|name| HostId::new(&options.lab, name));
        let new: Vec<_> = ids.filter(|id| !work.iter().any(|one| one.id == *id)).collect();
        let appeared = new.iter().any(|id| self.state.host(id).path().exists());
        if appeared || !self.state.base(base).is_dir() {
            return Ok(None);
        }
        for one in &work {
            // What was there may have been given up by whoever had it.
            let Some(record) = self.state.host(&one.id).record().filter(|record| record.phase == Phase::Up) else {
                return Ok(None);
            };
            ensure!(
                record.release == options.release,
                "{} is up already, and runs {}; take it down first or give the lab another name",
                one.id,
                record.release
            );
            ensure!(
                record.containers || !options.containers,
                "{} is up already, and cannot run containers; take it down first or give the lab another name",
                one.id
            );
        }
        let mut network = Network::ensure(&self.state)?;
        for id in new {
            let (address, serial) = network.give(&self.state)?;
            let record = HostRecord {
                release: options.release,
                base: base.to_owned(),
                address,
                serial,
                phase: Phase::Starting,
                owner,
                host_key: String::new(),
                containers: options.containers,
            };
            let lock = self.state.make_host(&id, &record)?;
            work.push(Work { id, lock, is_new: true });
        }
        self.files(&options.lab).ensure_key()?;
        Ok(Some((network, work)))
    }

    /// Boots one host, or finds it running. What cannot be booted is removed again.
    fn bring_up(&self, work: Work, network: &Network, progress: &(dyn Fn(Progress) + Sync)) -> Result<LabHost> {
        let Work { id, lock, is_new } = work;
        let folder = self.state.host(&id);
        let record = folder.record().with_context(|| format!("{} has no record", folder.path().display()))?;
        if !is_new {
            if machine::find(&folder)?.is_none() {
                progress(Progress::Booting(id.clone()));
                self.boot(&id, &record, network)?;
            }
            progress(Progress::Ready(id.clone()));
            return self.describe(&id, &record);
        }
        progress(Progress::Booting(id.clone()));
        match self.make(&id, record, network) {
            Ok(record) => {
                progress(Progress::Ready(id.clone()));
                self.describe(&id, &record)
            }
            Err(error) => match self.remove(&id, lock).and_then(|()| self.state.empty_trash()) {
                Ok(()) => Err(error),
                Err(removing) => Err(error.context(format!("{id} could not be removed again either: {removing:#}"))),
            },
        }
    }

    fn make(&self, id: &HostId, mut record: HostRecord, network: &Network) -> Result<HostRecord> {
        let folder = self.state.host(id);
        tree::mount(&folder, &self.state.lower(&record.base))?;
        let (private, public) = ssh::host_key(&folder.host_key(), &id.host)?;
        let authorized_key = self.files(&id.lab).public_key()?;
        let guest = Guest {
            name: &id.host,
            address: record.address,
            network,
            authorized_key: authorized_key.trim_end(),
            host_key: (&private, &public),
        };
        guest.write_into(&folder.tree())?;
        record.host_key = ssh::without_comment(&public);
        self.boot(id, &record, network)?;
        record.phase = Phase::Up;
        folder.write_record(&record)?;
        Ok(record)
    }

    /// Boots a host's tree and waits until it can be worked with. Needs the host's lock.
    fn boot(&self, id: &HostId, record: &HostRecord, network: &Network) -> Result<()> {
        let folder = self.state.host(id);
        tree::mount(&folder, &self.state.lower(&record.base))?;
        machine::start(&folder, &id.host, record, &network.bridge)?;
        let what = |how: &str| {
            anyhow!(
                "{id} {how}; the last it printed, from {}:\n{}",
                folder.console().display(),
                machine::last_words(&folder)
            )
        };
        // Its own, as the lab's files list only hosts that are up.
        let files = LabFiles { known_hosts: folder.known_hosts(), ..self.files(&id.lab) };
        write_whole(&files.known_hosts, ssh::known_host(record).as_bytes())?;
        let deadline = Deadline::after(BOOT_TIME);
        let mut last_answer = "it never answered on port 22".to_owned();
        let answer = deadline.poll(|| {
            if machine::find(&folder)?.is_none() {
                return Err(what("ended while it booted"));
            }
            let sshd = SocketAddr::from((record.address, 22));
            if TcpStream::connect_timeout(&sshd, Duration::from_millis(250)).is_err() {
                return Ok(None);
            }
            let mut ask = files.command(record.address, Account::Root);
            ask.args(["systemctl", "is-system-running", "--wait"]);
            let Some(output) = program::output_until(ask, deadline)? else { return Ok(None) };
            // `degraded` means that a unit failed, which in a container some may.
            match String::from_utf8_lossy(&output.stdout).trim() {
                "running" | "degraded" => Ok(Some(())),
                state => {
                    last_answer = format!("{state} {}", String::from_utf8_lossy(&output.stderr).trim());
                    Ok(None)
                }
            }
        })?;
        answer.ok_or_else(|| what(&format!("did not come up within {} s ({last_answer})", BOOT_TIME.as_secs())))
    }

    /// Halts a host and removes everything of it, and the lab and the network with the last one. What it wrote
    /// lies in the trash then.
    fn remove(&self, id: &HostId, lock: FileLock) -> Result<()> {
        let folder = self.state.host(id);
        let record = folder.record();
        if let Some(record) = &record {
            folder.write_record(&HostRecord { phase: Phase::Leaving, ..record.clone() })?;
        }
        machine::halt(&folder, Halt::Abrupt)?;
        machine::release(&folder, record.as_ref())?;
        {
            let _lock = self.state.lock()?;
            self.state.discard(folder.path())?;
            self.state.discard_empty_labs()?;
            if self.state.lab(&id.lab).exists() {
                self.files(&id.lab).write(&self.state.hosts_up(&id.lab)?)?;
            }
            if self.state.hosts()?.is_empty() {
                Network::remove(&self.state)?;
            }
        }
        drop(lock);
        Ok(())
    }

    fn write_lab_files(&self, lab: &str) -> Result<()> {
        let _lock = self.state.lock()?;
        let hosts = self.state.hosts_up(lab)?;
        if hosts.is_empty() {
            return Ok(());
        }
        self.files(lab).write(&hosts)
    }

    /// The folder all state is in.
    pub fn state_dir(&self) -> &Path {
        self.state.path()
    }
}
