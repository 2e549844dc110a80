//! What is known of one host, and where.

use std::fmt;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::Release;
use super::files::write_json;
use super::lock::FileLock;
use super::wait::Deadline;

/// The name of a host: its lab, and what it is called there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId {
    pub lab: String,
    pub host: String,
}

impl HostId {
    /// Makes a name out of its parts.
    pub fn new(lab: impl Into<String>, host: impl Into<String>) -> Self {
        HostId { lab: lab.into(), host: host.into() }
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.lab, self.host)
    }
}

/// Checks a name that becomes a folder, a host name and a key in YAML.
pub fn check_name(what: &str, name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    // A label of a host name is at most 63 characters (RFC 1123, 2.1).
    let good = !name.is_empty() && name.len() <= 63 && name.chars().all(allowed) && !name.starts_with('-');
    ensure!(
        good && !name.ends_with('-'),
        "`{name}` cannot be the name of a {what}: it takes up to 63 lower-case letters, digits and inner hyphens"
    );
    Ok(())
}

/// Where a host is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Starting,
    Up,
    Leaving,
}

/// The process a host belongs to, told from a later one with the same number by its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub pid: u32,
    /// Clock ticks after boot (proc_pid_stat(5), field 22).
    pub started: u64,
}

impl Owner {
    /// Returns this process.
    pub fn this_process() -> Result<Self> {
        let pid = std::process::id();
        let started = started(pid).with_context(|| format!("cannot read /proc/{pid}/stat"))?;
        Ok(Owner { pid, started })
    }

    /// Tells whether the process is still there.
    pub fn is_alive(self) -> bool {
        started(self.pid) == Some(self.started)
    }
}

fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let ended = matches!(fields.next()?, "Z" | "X");
    if ended { None } else { fields.nth(18)?.parse().ok() }
}

/// What is remembered of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostRecord {
    pub release: Release,
    /// The base's folder name.
    pub base: String,
    pub address: Ipv4Addr,
    /// Grows from host to host: the order in which they were asked for.
    pub serial: u64,
    pub phase: Phase,
    /// The process it is to go with; `None` where it stays until it is taken down.
    pub owner: Option<Owner>,
    /// Its public host key, as in a `.pub` file without the comment.
    pub host_key: String,
    /// Whether it may run containers itself.
    #[serde(default)]
    pub containers: bool,
}

impl HostRecord {
    /// Tells whether nobody wants the host any more, if nobody holds its lock either.
    pub fn is_abandoned(&self) -> bool {
        self.phase != Phase::Up || self.owner.is_some_and(|owner| !owner.is_alive())
    }
}

/// The folder of one host.
#[derive(Clone, Debug)]
pub struct HostFolder(PathBuf);

impl HostFolder {
    /// Names the folder of a host, be it there or not.
    pub fn new(path: PathBuf) -> Self {
        HostFolder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the host's whole tree is mounted.
    pub fn tree(&self) -> PathBuf {
        self.0.join("merged")
    }

    pub fn upper(&self) -> PathBuf {
        self.0.join("upper")
    }

    pub fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    /// What a host that runs containers has as `/var/lib/docker`: an overlay cannot be the upper side of another one.
    pub fn images(&self) -> PathBuf {
        self.0.join("docker")
    }

    /// What the host printed while booting.
    pub fn console(&self) -> PathBuf {
        self.0.join("console.log")
    }

    /// The host's own private key; its public half is beside it.
    pub fn host_key(&self) -> PathBuf {
        self.0.join("ssh_host_ed25519_key")
    }

    /// What ssh is to believe of the host.
    pub fn known_hosts(&self) -> PathBuf {
        self.0.join("known_hosts")
    }

    /// The file whoever is busy with the host has locked.
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// Takes the host's lock, waiting for whoever is busy with it; `None` when it was taken down meanwhile.
    pub fn lock_until(&self, deadline: Deadline) -> Result<Option<FileLock>> {
        let answer = deadline.poll(|| {
            Ok::<_, anyhow::Error>(match FileLock::try_take(&self.lock())? {
                Some(lock) => Some(Some(lock)),
                None if self.0.exists() => None,
                None => Some(None),
            })
        })?;
        answer.with_context(|| format!("{} is still locked by another process", self.lock().display()))
    }

    /// Reads the record; `None` where the host is gone, or where another version of this program wrote it.
    pub fn record(&self) -> Option<HostRecord> {
        serde_json::from_slice(&fs::read(self.0.join("host.json")).ok()?).ok()
    }

    /// Writes the record.
    pub fn write_record(&self, record: &HostRecord) -> Result<()> {
        write_json(&self.0.join("host.json"), record)
    }

    /// Makes the empty folders of an overlay.
    pub fn make_layers(&self) -> Result<()> {
        for folder in [self.upper(), self.work(), self.tree()] {
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_host_name_labels() {
        for good in ["a", "app1", "a-b", &"x".repeat(63)] {
            assert!(check_name("host", good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a/b", "..", "a b", &"x".repeat(64)] {
            assert!(check_name("host", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_owner_is_told_from_a_later_process_of_the_same_number() {
        let owner = Owner::this_process().unwrap();
        assert!(owner.is_alive());
        assert!(!Owner { started: owner.started + 1, ..owner }.is_alive());
    }
}
