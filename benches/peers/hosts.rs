//! Throwaway hosts, made alike, and gone when dropped.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use infra::lab::{HostId, Lab, Lifetime, Progress, Release, Selection, Settings, UpOptions};

use crate::run::Watch;
use crate::wanted::{PACKAGES, Wanted, sha256};

/// What is on every host besides the packages that are wanted: Ansible and Mitogen need Python.
const FOR_PEERS: &[&str] = &["python3", "python3-apt"];

const END_STATE: &str = include_str!("program/end-state.sh");
const REMOVE: &str = include_str!("program/remove.sh");

/// How a contestant reaches a host: as root, so that nobody pays for sudo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    pub name: String,
    pub address: String,
    pub port: u16,
    pub key: PathBuf,
    pub known_hosts: PathBuf,
}

impl Reach {
    pub const USER: &str = "root";

    /// The words of an ssh command that leads here: the user's own settings play no part.
    pub fn ssh(&self) -> Vec<String> {
        let mut words: Vec<String> = ["ssh", "-F", "none", "-T", "-l", Self::USER].map(String::from).into();
        words.extend(["-i".into(), self.key.display().to_string(), "-p".into(), self.port.to_string()]);
        let known_hosts = format!("UserKnownHostsFile={}", self.known_hosts.display());
        for option in ["IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes", "ConnectTimeout=30", &known_hosts] {
            words.extend(["-o".into(), option.into()]);
        }
        words.push(self.address.clone());
        words
    }
}

/// A throwaway host.
#[derive(Debug)]
pub struct Host {
    id: HostId,
    reach: Reach,
}

impl Host {
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Runs a program as root and returns what it printed.
    pub fn run(&self, program: &str) -> Result<String> {
        let output = self.feed(&["sh"], program.as_bytes())?;
        String::from_utf8(output).with_context(|| format!("{} printed what is no text", self.id))
    }

    /// Takes away what contestants made.
    pub fn remove_state(&self) -> Result<()> {
        self.run(&format!("{}{REMOVE}", names(&Wanted::server()))).map(drop).context("cannot restore a host")
    }

    /// Checks that the host is as it is to be.
    pub fn check_end_state(&self, wanted: &Wanted, revision: u32) -> Result<()> {
        let found = self.run(&format!("{}{END_STATE}", names(wanted)))?;
        let expected = wanted.end_state(revision);
        if found == expected {
            return Ok(());
        }
        let differing: Vec<String> = similar::TextDiff::from_lines(&expected, &found)
            .iter_all_changes()
            .filter(|change| change.tag() != similar::ChangeTag::Equal)
            .take(10)
            .map(|change| format!("  {}{}", change.tag(), change.value().trim_end()))
            .collect();
        bail!("the end state differs (- expected, + found):\n{}", differing.join("\n"))
    }

    fn feed(&self, words: &[&str], input: &[u8]) -> Result<Vec<u8>> {
        let ssh = self.reach.ssh();
        let mut child = Command::new(&ssh[0])
            .args(&ssh[1..])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start ssh")?;
        let mut stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                // A program that ends early says more by its exit status.
                let _ = stdin.take().map(|mut stdin| stdin.write_all(input));
            });
            child.wait_with_output()
        })?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`{}` failed on {}: {}", words.join(" "), self.id, said.trim_end());
        Ok(output.stdout)
    }
}

/// Hosts that are gone when dropped.
#[derive(Debug)]
pub struct Hosts {
    lab: Lab,
    name: String,
    hosts: Vec<Host>,
}

impl std::ops::Deref for Hosts {
    type Target = [Host];

    fn deref(&self) -> &[Host] {
        &self.hosts
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        if let Err(error) = self.lab.down(&Selection::Lab(self.name.clone()), &|_| {}) {
            eprintln!("cannot take the hosts of {} down: {error:#}", self.name);
        }
    }
}

/// Boots hosts and brings the packages onto them.
pub fn boot(count: usize, prefix: &str, release: Release, cache: &Path, watch: &Watch) -> Result<Hosts> {
    eprintln!("booting {count} {}", if count == 1 { "host" } else { "hosts" });
    let lab = Lab::open(&Settings::from_variables(|name| std::env::var_os(name)))?;
    let mut all = Hosts { lab, name: format!("bench-{prefix}-{}", std::process::id()), hosts: Vec::new() };
    let names: Vec<String> = (1..=count).map(|at| format!("app{at}")).collect();
    // As many at once as cores can boot without any of them being late.
    for names in names.chunks(10) {
        watch.check()?;
        let options = UpOptions {
            lab: all.name.clone(),
            release,
            hosts: names.to_vec(),
            lifetime: Lifetime::ThisProcess,
            containers: false,
            with: Vec::new(),
        };
        let up = all.lab.up(&options, &|progress| match progress {
            Progress::BaseOutput(_) | Progress::Booting(_) | Progress::Ready(_) | Progress::Stopping(_) => {}
            other => eprintln!("{other}"),
        })?;
        all.hosts.extend(up.into_iter().map(|host| Host {
            reach: Reach {
                name: host.id.host.clone(),
                address: host.address.to_string(),
                port: 22,
                key: host.key,
                known_hosts: host.known_hosts,
            },
            id: host.id,
        }));
    }
    prepare(&all, cache, watch)?;
    Ok(all)
}

/// Brings the packages onto all hosts. What apt changes on the first one is kept and carried to the others, and to those
/// of later runs, so that all are alike and nothing is downloaded twice.
fn prepare(hosts: &[Host], cache: &Path, watch: &Watch) -> Result<()> {
    let Some(first) = hosts.first() else { return Ok(()) };
    let before = first.run("cat /etc/debian_version; dpkg-query -W")?;
    let packages = [PACKAGES, FOR_PEERS].concat().join(" ");
    let archive = cache.join(format!("packages-{}.tar.gz", &sha256(&(before + &packages + COLLECT + REMOVE))[..16]));
    let mut rest = hosts;
    if !archive.exists() {
        eprintln!("installing packages on the first host");
        first.run("touch /root/.before")?;
        first.run(&format!(
            "export DEBIAN_FRONTEND=noninteractive\n\
             {{ apt-get update -q && apt-get install -q -y --no-install-recommends {packages}; }} </dev/null 1>&2"
        ))?;
        first.remove_state()?;
        let tar = first.feed(&["sh"], COLLECT.as_bytes())?;
        let unfinished = archive.with_extension("unfinished");
        fs::write(&unfinished, tar).and_then(|()| fs::rename(&unfinished, &archive)).context("cannot keep packages")?;
        rest = &hosts[1..];
    }
    let tar = fs::read(&archive).with_context(|| format!("cannot read {}", archive.display()))?;
    on_each(rest, watch, |host| host.feed(&[SPREAD], &tar).map(drop))
}

/// Does something on every host, on two at a time.
pub fn on_each(hosts: &[Host], watch: &Watch, work: impl Fn(&Host) -> Result<()> + Sync) -> Result<()> {
    for pair in hosts.chunks(2) {
        watch.check()?;
        std::thread::scope(|scope| {
            let both: Vec<_> = pair.iter().map(|host| scope.spawn(|| work(host))).collect();
            both.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| bail!("work on a host panicked")))
        })?;
    }
    Ok(())
}

/// Prints an archive of what has changed since `/root/.before`.
const COLLECT: &str = "cd / && find . -xdev \\( -path ./root -o -path ./run -o -path ./tmp -o -path ./var/log \
     -o -path ./var/cache -o -path ./var/lib/apt -o -path ./var/lib/systemd -o -path ./var/tmp -o -path ./usr/share/doc -o -path ./usr/share/man -o -path ./usr/share/locale \
     -o -path ./etc/machine-id \\) \
     -prune -o -cnewer /root/.before -print0 >/tmp/changed && tar -c -z --null --no-recursion -T /tmp/changed\n";

/// Unpacks such an archive and starts what came with it.
const SPREAD: &str = "tar -x -z -p -C / && systemctl daemon-reload";

/// The names that programs look at, as shell variables; all of them are plain words.
fn names(wanted: &Wanted) -> String {
    let list = |names: &mut dyn Iterator<Item = &'static str>| names.collect::<Vec<_>>().join(" ");
    format!(
        "packages='{}'\ngroups='{}'\nusers='{}'\nservices='{}'\n",
        list(&mut wanted.packages.iter().copied()),
        list(&mut wanted.groups.iter().map(|(name, _)| *name)),
        list(&mut wanted.users.iter().map(|user| user.name)),
        list(&mut wanted.services.iter().copied()),
    )
}
