//! The state folder and the rules by which several processes share it.
//!
//! ```text
//! lock                      held for a moment whenever hosts come or go
//! network.json              the bridge and the last address given
//! base/bookworm-0123abcd/   a base tree; its name changes with what goes into it
//! base/bookworm-0123abcd+4567cdef/   a layer: what the packages of a list add to that base
//! labs/LAB/                 id_ed25519, known_hosts, inventory.yaml
//! labs/LAB/hosts/HOST/      host.json, lock, its keys, upper, work, merged, console.log
//! trash/                    on its way out
//! trash.lock                held by whoever deletes that
//! ```
//!
//! A host's own lock is held by whoever boots it, reboots it or takes it down. A host that is not [`Phase::Up`] and whose
//! lock is free is what an interrupted process left: the next operation removes it. Folders leave by being renamed into
//! `trash`, so that none is ever seen half removed.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Release;
use super::files::{delete, names_in};
use super::lock::FileLock;
use super::record::{HostFolder, HostId, HostRecord, Phase};
use super::wait::Deadline;

/// How long others may hold the state folder's lock, under which nothing slow happens.
const PATIENCE: Duration = Duration::from_secs(60);

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
        HostFolder::new(self.lab(&id.lab).join("hosts").join(&id.host))
    }

    pub fn network_file(&self) -> PathBuf {
        self.0.join("network.json")
    }

    /// Makes the folder of a new host, which nobody sees before it has a record and its lock is held. Needs the state lock.
    pub fn make_host(&self, id: &HostId, record: &HostRecord) -> Result<FileLock> {
        let folder = self.host(id);
        let unfinished = HostFolder::new(self.lab(&id.lab).join("unfinished"));
        delete(unfinished.path())?;
        for path in [unfinished.path(), &self.lab(&id.lab).join("hosts")] {
            fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        let lock = FileLock::take(&unfinished.lock(), Deadline::after(Duration::ZERO))?;
        unfinished.write_record(record)?;
        fs::rename(unfinished.path(), folder.path())
            .with_context(|| format!("cannot make {}", folder.path().display()))?;
        Ok(lock)
    }

    /// Removes labs that have no hosts any more. Needs the state lock.
    pub fn discard_empty_labs(&self) -> Result<()> {
        for lab in names_in(&self.0.join("labs"))? {
            if names_in(&self.lab(&lab).join("hosts"))?.is_empty() {
                self.discard(&self.lab(&lab))?;
            }
        }
        Ok(())
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
    ///
    /// One process does so at a time: who comes meanwhile neither waits for others' trees nor deletes them a second time.
    pub fn empty_trash(&self) -> Result<()> {
        let trash = self.0.join("trash");
        loop {
            let names = names_in(&trash)?;
            if names.is_empty() {
                return Ok(());
            }
            let Some(_lock) = FileLock::try_take(&self.0.join("trash.lock"))? else { return Ok(()) };
            for name in names {
                delete(&trash.join(name))?;
            }
        }
    }

    pub fn base(&self, name: &str) -> PathBuf {
        self.0.join("base").join(name)
    }

    /// Returns the trees that a host stands on whose base has this name, the uppermost first.
    pub fn lower(&self, name: &str) -> Vec<PathBuf> {
        let base = name.split_once('+').map(|(base, _)| base);
        std::iter::once(name).chain(base).map(|name| self.base(name)).collect()
    }

    /// Where a layer is while it is being made.
    pub fn unfinished_layer(&self, name: &str) -> PathBuf {
        self.0.join("base").join(format!("unfinished-{name}"))
    }

    /// What installing a layer's packages printed.
    pub fn layer_log(&self, name: &str) -> PathBuf {
        self.0.join("base").join(format!("{name}.log"))
    }

    /// The lock that whoever makes a layer holds.
    pub fn layer_lock(&self, name: &str) -> PathBuf {
        self.0.join("base").join(format!("{name}.lock"))
    }

    /// Puts a finished layer in place, unless its base is gone meanwhile.
    pub fn install_layer(&self, unfinished: &Path, name: &str) -> Result<()> {
        let _lock = self.lock()?;
        if self.lower(name).last().is_some_and(|base| base.is_dir()) {
            fs::rename(unfinished, self.base(name))
                .with_context(|| format!("cannot make {}", self.base(name).display()))?;
        }
        Ok(())
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
        let layers = format!("{name}+");
        Ok(!users.into_iter().any(|record| record.base == name || record.base.starts_with(&layers)))
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::record::Owner;
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
            containers: false,
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
        let empty = record(Phase::Starting, None);
        for (host, record) in [
            ("booting", Some(record(Phase::Starting, None))),
            ("kept", Some(record(Phase::Up, None))),
            ("leaving", Some(record(Phase::Leaving, None))),
            ("orphan", Some(record(Phase::Up, Some(gone)))),
            ("owned", Some(record(Phase::Up, Some(here)))),
            ("unreadable", None),
        ] {
            let id = HostId::new("lab", host);
            drop(state.make_host(&id, record.as_ref().unwrap_or(&empty)).unwrap());
            if record.is_none() {
                fs::write(state.host(&id).path().join("host.json"), "{}").unwrap();
            }
        }
        let lock = state.make_host(&HostId::new("lab", "busy"), &empty).unwrap();

        let names = |found: Vec<(HostId, FileLock)>| found.into_iter().map(|(id, _)| id.host).collect::<Vec<_>>();
        assert_eq!(names(state.abandoned().unwrap()), ["booting", "leaving", "orphan", "unreadable"]);
        drop(lock);
        assert_eq!(names(state.abandoned().unwrap()), ["booting", "busy", "leaving", "orphan", "unreadable"]);
    }

    #[test]
    fn a_host_taken_down_meanwhile_is_not_waited_for() {
        let (_folder, state) = state();
        let id = HostId::new("lab", "a");
        let _lock = state.make_host(&id, &record(Phase::Up, None)).unwrap();
        let folder = state.host(&id);
        state.discard(folder.path()).unwrap();
        assert!(folder.lock_until(Deadline::after(Duration::from_secs(60))).unwrap().is_none());
        state.empty_trash().unwrap();
        assert!(names_in(&state.path().join("trash")).unwrap().is_empty());
    }

    #[test]
    fn a_new_base_replaces_those_that_nothing_stands_on() {
        let (_folder, state) = state();
        state.make_host(&HostId::new("lab", "a"), &record(Phase::Up, None)).unwrap();
        for base in ["bookworm-1", "bookworm-2", "bookworm-2+a", "trixie-1"] {
            fs::create_dir(state.base(base)).unwrap();
        }
        let unfinished = state.unfinished_base(Release::Bookworm);
        fs::create_dir(&unfinished).unwrap();
        state.install_base(&unfinished, "bookworm-3").unwrap();
        assert_eq!(names_in(&state.path().join("base")).unwrap(), ["bookworm-1", "bookworm-3", "trixie-1"]);
    }

    #[test]
    fn a_folder_that_mount_options_cannot_name_is_refused() {
        for bad in ["relative", "/tmp/a b", "/tmp/a:b", "/tmp/a,b"] {
            assert!(StateFolder::open(Path::new(bad)).is_err(), "{bad}");
        }
    }
}
