//! The state folder and the rules by which several processes share it.
//!
//! ```text
//! lock                      held for a moment whenever hosts come or go
//! network.json              the bridge and the last address given
//! base/bookworm-0123abcd/   a base tree; its name changes with what goes into it
//! labs/LAB/                 id_ed25519, known_hosts, inventory.yaml
//! labs/LAB/hosts/HOST/      host.json, lock, upper, work, merged, console.log
//! trash/                    on its way out
//! ```
//!
//! A host's own lock is held by whoever boots it, reboots it or takes it down. A host that is not [`Phase::Up`] and whose
//! lock is free is what an interrupted process left: the next operation removes it. Folders leave by being renamed into
//! `trash`, so that none is ever seen half removed.

use std::fmt;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::lock::FileLock;
use super::wait::Deadline;
use super::{Release, program};

/// How long others may hold the state folder's lock, under which nothing slow happens.
const PATIENCE: Duration = Duration::from_secs(60);

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
}

impl HostRecord {
    /// Tells whether nobody wants the host any more, if nobody holds its lock either.
    fn is_abandoned(&self) -> bool {
        self.phase != Phase::Up || self.owner.is_some_and(|owner| !owner.is_alive())
    }
}

/// The folder of one host.
#[derive(Clone, Debug)]
pub struct HostFolder(PathBuf);

impl HostFolder {
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

    /// What the host printed while booting.
    pub fn console(&self) -> PathBuf {
        self.0.join("console.log")
    }

    fn lock(&self) -> PathBuf {
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

    /// Reads the record; `None` where the host is gone, or was interrupted before it had one.
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

/// The folder all state is in.
#[derive(Clone, Debug)]
pub struct StateFolder(PathBuf);

impl StateFolder {
    /// Opens the folder, making it if needed.
    pub fn open(path: &Path) -> Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
        ensure!(
            path.is_absolute() && path.to_str().is_some_and(|path| path.chars().all(plain)),
            "the folder for throwaway hosts, {}, must be an absolute path of plain letters, digits and `._-+@`, \
             as mount options and ssh settings cannot hold others; set INFRA_LAB_DIR to one",
            path.display()
        );
        // Private keys are in it, and trees with set-uid programs that anyone could otherwise run.
        let make = |folder: &Path| fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        for folder in [path.to_owned(), path.join("base"), path.join("labs"), path.join("trash")] {
            make(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let path = fs::canonicalize(path).with_context(|| format!("cannot resolve {}", path.display()))?;
        Ok(StateFolder(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Takes the lock under which hosts come and go.
    pub fn lock(&self) -> Result<FileLock> {
        FileLock::take(&self.0.join("lock"), Deadline::after(PATIENCE))
    }

    pub fn lab(&self, lab: &str) -> PathBuf {
        self.0.join("labs").join(lab)
    }

    pub fn host(&self, id: &HostId) -> HostFolder {
        HostFolder(self.lab(&id.lab).join("hosts").join(&id.host))
    }

    pub fn network_file(&self) -> PathBuf {
        self.0.join("network.json")
    }

    /// Makes the folder of a new host.
    pub fn make_host(&self, id: &HostId) -> Result<HostFolder> {
        let folder = self.host(id);
        fs::create_dir_all(folder.path()).with_context(|| format!("cannot make {}", folder.path().display()))?;
        Ok(folder)
    }

    /// Lists every host there is, whatever its phase.
    pub fn hosts(&self) -> Result<Vec<HostId>> {
        let mut ids = Vec::new();
        for lab in names_in(&self.0.join("labs"))? {
            for host in names_in(&self.lab(&lab).join("hosts"))? {
                ids.push(HostId::new(lab.clone(), host));
            }
        }
        Ok(ids)
    }

    /// Lists the hosts of a lab that are up, in the order they were asked for.
    pub fn hosts_up(&self, lab: &str) -> Result<Vec<(String, HostRecord)>> {
        let mut hosts = Vec::new();
        for host in names_in(&self.lab(lab).join("hosts"))? {
            if let Some(record) = self.host(&HostId::new(lab, host.clone())).record()
                && record.phase == Phase::Up
            {
                hosts.push((host, record));
            }
        }
        hosts.sort_by_key(|(_, record)| record.serial);
        Ok(hosts)
    }

    /// Finds hosts that an interrupted process left, and takes their locks. Needs the state lock.
    pub fn abandoned(&self) -> Result<Vec<(HostId, FileLock)>> {
        let mut found = Vec::new();
        for id in self.hosts()? {
            let folder = self.host(&id);
            if folder.record().is_none_or(|record| record.is_abandoned())
                && let Some(lock) = FileLock::try_take(&folder.lock())?
            {
                found.push((id, lock));
            }
        }
        Ok(found)
    }

    /// Moves a folder out of sight; it is deleted by [`StateFolder::empty_trash`]. Nothing may be mounted in it.
    pub fn discard(&self, path: &Path) -> Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let place = tempfile::Builder::new()
            .prefix("")
            .tempdir_in(self.0.join("trash"))
            .with_context(|| format!("cannot make a folder in {}", self.0.join("trash").display()))?
            .keep();
        fs::rename(path, place.join(name)).with_context(|| format!("cannot remove {}", path.display()))
    }

    /// Deletes what was discarded, by this process or by one that was interrupted.
    pub fn empty_trash(&self) -> Result<()> {
        for name in names_in(&self.0.join("trash"))? {
            delete(&self.0.join("trash").join(name))?;
        }
        Ok(())
    }

    pub fn base(&self, name: &str) -> PathBuf {
        self.0.join("base").join(name)
    }

    /// Where a base is while it is being made.
    pub fn unfinished_base(&self, release: Release) -> PathBuf {
        self.0.join("base").join(format!("unfinished-{release}"))
    }

    /// What the last build of a base printed.
    pub fn base_log(&self, release: Release) -> PathBuf {
        self.0.join("base").join(format!("{release}.log"))
    }

    /// The lock that whoever builds a base of the release holds.
    pub fn base_lock(&self, release: Release) -> PathBuf {
        self.0.join("base").join(format!("{release}.lock"))
    }

    /// Removes what an interrupted build left. Needs the base lock.
    pub fn discard_unfinished_bases(&self, release: Release) -> Result<()> {
        delete(&self.unfinished_base(release))
    }

    /// Tells whether no host stands on a base.
    pub fn base_is_unused(&self, name: &str) -> Result<bool> {
        let _lock = self.lock()?;
        self.is_unused(name)
    }

    fn is_unused(&self, name: &str) -> Result<bool> {
        let users = self.hosts()?.into_iter().filter_map(|id| self.host(&id).record());
        Ok(!users.into_iter().any(|record| record.base == name))
    }

    /// Puts a finished base in place, and removes those of the release that nothing needs any more.
    pub fn install_base(&self, unfinished: &Path, name: &str) -> Result<()> {
        let lock = self.lock()?;
        let release = name.split('-').next().unwrap_or(name);
        for other in names_in(&self.0.join("base"))? {
            let same_release = other.strip_prefix(release).is_some_and(|rest| rest.starts_with('-'));
            if same_release && self.base(&other).is_dir() && self.is_unused(&other)? {
                self.discard(&self.base(&other))?;
            }
        }
        if self.base(name).exists() {
            // A host has come to stand on the old one since this was begun.
            self.discard(unfinished)?;
        } else {
            fs::rename(unfinished, self.base(name))
                .with_context(|| format!("cannot make {}", self.base(name).display()))?;
        }
        drop(lock);
        self.empty_trash()
    }
}

fn names_in(folder: &Path) -> Result<Vec<String>> {
    let what = || format!("cannot list {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(what),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.with_context(what)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Deletes a folder if it is there, which several processes may do at once.
pub fn delete(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    // Never follows a mount: what is mounted inside by mistake belongs to somebody else.
    let deleted = program::run("rm", ["-rf".as_ref(), "--one-file-system".as_ref(), "--".as_ref(), path.as_os_str()]);
    match deleted {
        Err(error) if path.exists() => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_vec_pretty(value).with_context(|| format!("cannot encode {}", path.display()))?;
    write_whole(path, &text)
}

/// Writes a file whole or not at all.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    let Some(folder) = path.parent() else { bail!("{} is no file", path.display()) };
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(phase: Phase, owner: Option<Owner>) -> HostRecord {
        HostRecord {
            release: Release::Bookworm,
            base: "bookworm-1".to_owned(),
            address: Ipv4Addr::new(10, 1, 2, 3),
            serial: 1,
            phase,
            owner,
            host_key: "ssh-ed25519 AAAA".to_owned(),
        }
    }

    fn state() -> (tempfile::TempDir, StateFolder) {
        let folder = tempfile::Builder::new().prefix("lab").tempdir().unwrap();
        let state = StateFolder::open(&folder.path().join("state")).unwrap();
        (folder, state)
    }

    #[test]
    fn hosts_that_a_process_left_half_way_are_found() {
        let (_folder, state) = state();
        let gone = Owner { pid: std::process::id(), started: 1 };
        let here = Owner::this_process().unwrap();
        for (host, record) in [
            ("booting", Some(record(Phase::Starting, None))),
            ("kept", Some(record(Phase::Up, None))),
            ("leaving", Some(record(Phase::Leaving, None))),
            ("orphan", Some(record(Phase::Up, Some(gone)))),
            ("owned", Some(record(Phase::Up, Some(here)))),
            ("unrecorded", None),
        ] {
            let folder = state.make_host(&HostId::new("lab", host)).unwrap();
            record.iter().for_each(|record| folder.write_record(record).unwrap());
        }
        let busy = state.make_host(&HostId::new("lab", "busy")).unwrap();
        busy.write_record(&record(Phase::Starting, None)).unwrap();
        let lock = busy.lock_until(Deadline::after(Duration::ZERO)).unwrap();

        let names = |found: Vec<(HostId, FileLock)>| found.into_iter().map(|(id, _)| id.host).collect::<Vec<_>>();
        assert_eq!(names(state.abandoned().unwrap()), ["booting", "leaving", "orphan", "unrecorded"]);
        drop(lock);
        assert_eq!(names(state.abandoned().unwrap()), ["booting", "busy", "leaving", "orphan", "unrecorded"]);
    }

    #[test]
    fn a_host_taken_down_meanwhile_is_not_waited_for() {
        let (_folder, state) = state();
        let folder = state.make_host(&HostId::new("lab", "a")).unwrap();
        state.discard(folder.path()).unwrap();
        assert!(folder.lock_until(Deadline::after(Duration::from_secs(60))).unwrap().is_none());
        state.empty_trash().unwrap();
        assert!(names_in(&state.path().join("trash")).unwrap().is_empty());
    }

    #[test]
    fn a_new_base_replaces_those_that_nothing_stands_on() {
        let (_folder, state) = state();
        let host = state.make_host(&HostId::new("lab", "a")).unwrap();
        host.write_record(&record(Phase::Up, None)).unwrap();
        for base in ["bookworm-1", "bookworm-2", "trixie-1"] {
            fs::create_dir(state.base(base)).unwrap();
        }
        let unfinished = state.unfinished_base(Release::Bookworm);
        fs::create_dir(&unfinished).unwrap();
        state.install_base(&unfinished, "bookworm-3").unwrap();
        assert_eq!(names_in(&state.path().join("base")).unwrap(), ["bookworm-1", "bookworm-3", "trixie-1"]);
    }

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
    fn a_folder_that_mount_options_cannot_name_is_refused() {
        for bad in ["relative", "/tmp/a b", "/tmp/a:b", "/tmp/a,b"] {
            assert!(StateFolder::open(Path::new(bad)).is_err(), "{bad}");
        }
    }
}
