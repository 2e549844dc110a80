//! Throwaway hosts for tests.
//!
//! Test binaries that use them have names that begin with `lab_`. They need root on a Linux machine; where that is
//! missing they fail and say what to install, as a test that silently does nothing proves nothing.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use super::timed;
use infra::lab::{Account, Halt, HostId, Lab, Lifetime, Progress, Release, Selection, Settings, UpOptions};

/// Database servers, which many tests need and few are about installing.
pub const DATABASES: &[&str] = &["mariadb-server", "postgresql", "redis-server", "sqlite3"];

/// Node.js and what its tests use: hundreds of packages.
pub const NODE: &[&str] = &["nodejs", "npm", "curl", "python3-minimal"];

/// A throwaway host, taken down when dropped, or by whoever works with hosts next should the test be killed.
///
/// The state folder is `INFRA_LAB_DIR`, or the one `infra lab` uses.
pub struct LabHost {
    lab: Lab,
    host: infra::lab::LabHost,
}

impl LabHost {
    /// Boots a host called `app1` in a lab of its own. `test` makes the lab's name recognisable.
    #[track_caller]
    pub fn boot(test: &str, release: Release) -> Self {
        Self::boot_all(test, release, &["app1"]).remove(0)
    }

    /// Boots hosts into one lab, so that one inventory lists them all.
    #[track_caller]
    pub fn boot_all(test: &str, release: Release, hosts: &[&str]) -> Vec<Self> {
        Self::boot_with(test, release, hosts, false, &[])
    }

    /// Boots a host called `app1` that has some packages already: for tests that are not about installing them.
    #[track_caller]
    pub fn boot_having(test: &str, release: Release, packages: &[&str]) -> Self {
        Self::boot_with(test, release, &["app1"], false, packages).remove(0)
    }

    /// Boots a host called `app1` that can run Docker Engine.
    #[track_caller]
    pub fn boot_for_containers(test: &str, release: Release) -> Self {
        Self::boot_with(test, release, &["app1"], true, &[]).remove(0)
    }

    #[track_caller]
    fn boot_with(test: &str, release: Release, hosts: &[&str], containers: bool, with: &[&str]) -> Vec<Self> {
        let lab = open_lab();
        let options = UpOptions {
            lab: unique_name(test),
            release,
            hosts: hosts.iter().map(ToString::to_string).collect(),
            lifetime: Lifetime::ThisProcess,
            containers,
            with: with.iter().map(ToString::to_string).collect(),
        };
        match timed("boot", || lab.up(&options, &say)) {
            Ok(hosts) => hosts.into_iter().map(|host| LabHost { lab: lab.clone(), host }).collect(),
            Err(error) => panic!("cannot boot a throwaway host: {error:#}"),
        }
    }

    /// Where it is, and the files that lead there.
    pub fn details(&self) -> &infra::lab::LabHost {
        &self.host
    }

    pub fn id(&self) -> &HostId {
        &self.host.id
    }

    pub fn address(&self) -> String {
        self.host.address.to_string()
    }

    /// The file for `infra plan -i`.
    pub fn inventory(&self) -> PathBuf {
        self.host.inventory.clone()
    }

    /// An ssh command to the host, to which the words to run there can be added.
    pub fn ssh(&self, account: Account) -> Command {
        self.lab.ssh_command(&self.host.id, account).expect("the host is up")
    }

    /// Runs a line of shell as root and returns whatever came of it.
    pub fn run(&self, line: &str) -> Output {
        // The first words tell which line it was.
        let name: String = line.trim_start().chars().take(60).map(|c| if c == '\n' { ' ' } else { c }).collect();
        timed(&name, || self.ssh(Account::Root).arg(line).output().expect("ssh starts"))
    }

    /// Runs a line of shell as root that must succeed, and returns what it printed.
    #[track_caller]
    pub fn check(&self, line: &str) -> String {
        let output = self.run(line);
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "`{line}` failed on {} ({})\n{stdout}{stderr}", self.host.id, output.status);
        stdout
    }

    /// Shuts the host down and boots it again.
    #[track_caller]
    pub fn reboot(&mut self) {
        self.restart(Halt::Orderly);
    }

    /// Cuts the host's power and boots it again.
    #[track_caller]
    pub fn cut_power(&mut self) {
        self.restart(Halt::Abrupt);
    }

    #[track_caller]
    fn restart(&mut self, how: Halt) {
        let rebooted = timed("reboot", || self.lab.reboot(&self.host.id, how));
        self.host = rebooted.unwrap_or_else(|error| panic!("cannot reboot: {error:#}"));
    }

    /// Kills the host's side of every ssh connection; what ran in them is left to itself.
    pub fn kill_connections(&self) {
        // One process per connection as root and one as the account; Debian 13 calls them `sshd-session`. This very
        // connection is among them, so that how ssh ends says nothing.
        self.run("pkill -KILL -f '^sshd(-session)?: .*(@|\\[priv\\]|\\[net\\])'");
    }
}

impl Drop for LabHost {
    fn drop(&mut self) {
        let id = &self.host.id;
        let selection = Selection::Hosts(id.lab.clone(), vec![id.host.clone()]);
        if let Err(error) = timed("down", || self.lab.down(&selection, &say))
            && !std::thread::panicking()
        {
            panic!("cannot take {id} down: {error:#}");
        }
    }
}

/// Opens the state folder that tests share.
#[track_caller]
pub fn open_lab() -> Lab {
    Lab::open(&Settings::from_variables(|name| std::env::var_os(name))).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Makes a lab's name that no other test has, be it of the same name in another run.
pub fn unique_name(test: &str) -> String {
    let mut name: String =
        test.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    name.truncate(40);
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("t-{}-{}-{count}", name.trim_matches('-'), std::process::id())
}

/// Prints what goes on, which a test runner shows where the test fails.
pub fn say(progress: Progress) {
    if !matches!(progress, Progress::BaseOutput(_)) {
        eprintln!("{progress}");
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
