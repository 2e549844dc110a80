//! Keys, known hosts, the inventory file, and commands over ssh.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::files::write_whole;
use super::program;
use super::record::HostRecord;

/// An account of a throwaway host that its lab's key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// The account specs log in as; it may use sudo without a password.
    Deploy,
    Root,
}

impl Account {
    pub const ALL: [Account; 2] = [Account::Deploy, Account::Root];

    /// Returns the login name.
    pub fn name(self) -> &'static str {
        match self {
            Account::Deploy => "deploy",
            Account::Root => "root",
        }
    }
}

/// The files of a lab that ssh reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabFiles {
    pub key: PathBuf,
    pub known_hosts: PathBuf,
    pub inventory: PathBuf,
}

impl LabFiles {
    /// Names the files of the lab in a folder.
    pub fn of(lab: &Path) -> Self {
        LabFiles {
            key: lab.join("id_ed25519"),
            known_hosts: lab.join("known_hosts"),
            inventory: lab.join("inventory.yaml"),
        }
    }

    /// Makes the lab's key unless it is there. Needs the state lock.
    pub fn ensure_key(&self) -> Result<()> {
        // ssh-keygen writes the public half last.
        if self.key.with_extension("pub").exists() {
            return Ok(());
        }
        remove_if_there(&self.key)?;
        make_key(&self.key, "infra-lab")
    }

    /// Returns the public half of the lab's key.
    pub fn public_key(&self) -> Result<String> {
        read(&self.key.with_extension("pub"))
    }

    /// Writes the known hosts and the inventory of the hosts that are up. Needs the state lock.
    pub fn write(&self, hosts: &[(String, HostRecord)]) -> Result<()> {
        let known: String = hosts.iter().map(|(_, record)| known_host(record)).collect();
        write_whole(&self.known_hosts, known.as_bytes())?;
        write_whole(&self.inventory, self.inventory_text(hosts).as_bytes())
    }

    fn inventory_text(&self, hosts: &[(String, HostRecord)]) -> String {
        let mut text = "# Throwaway hosts, for `-i`.\nhosts:\n".to_owned();
        for (name, record) in hosts {
            // Names are plain (`check_name`), and so are paths (`StateFolder::open`), but for YAML `1` is no string.
            text.push_str(&format!(
                "  \"{name}\":\n    address: {}\n    user: {}\n    become: true\n    ssh:\n      port: 22\n      \
                 identity_file: \"{}\"\n      known_hosts: \"{}\"\n",
                record.address,
                Account::Deploy.name(),
                self.key.display(),
                self.known_hosts.display()
            ));
        }
        text
    }

    /// Makes an ssh command for a host of the lab, to which the words to run there can be added.
    ///
    /// The caller's own ssh settings, agent and known hosts play no part in it.
    pub fn command(&self, address: Ipv4Addr, account: Account) -> Command {
        let mut command = program::command("ssh");
        command.args(["-F", "none", "-i"]).arg(&self.key);
        let known_hosts = format!("UserKnownHostsFile={}", self.known_hosts.display());
        for option in [
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "BatchMode=yes",
            "ConnectTimeout=10",
            "StrictHostKeyChecking=yes",
            "GlobalKnownHostsFile=none",
            // The default of OpenSSH 9.2 takes ten times as long, and nobody listens on the way to a host of this machine.
            "KexAlgorithms=curve25519-sha256",
            &known_hosts,
        ] {
            command.args(["-o", option]);
        }
        command.args(["-l", account.name(), "--"]).arg(address.to_string());
        command
    }
}

/// Makes a key pair for sshd of a host in a file, and returns both halves.
pub fn host_key(path: &Path, name: &str) -> Result<(String, String)> {
    make_key(path, name)?;
    Ok((read(path)?, read(&path.with_extension("pub"))?))
}

/// Returns the line of a `known_hosts` file about a host.
pub fn known_host(record: &HostRecord) -> String {
    format!("{} {}\n", record.address, record.host_key)
}

/// Returns a public key without its comment.
pub fn without_comment(public: &str) -> String {
    public.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

fn make_key(path: &Path, comment: &str) -> Result<()> {
    let fixed = ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f"].map(std::ffi::OsStr::new);
    program::run("ssh-keygen", fixed.into_iter().chain([path.as_os_str()])).map(drop)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Release;
    use super::super::record::Phase;
    use super::*;

    fn host(name: &str, address: [u8; 4]) -> (String, HostRecord) {
        let record = HostRecord {
            release: Release::Bookworm,
            base: "bookworm-1".to_owned(),
            address: address.into(),
            serial: 1,
            phase: Phase::Up,
            owner: None,
            host_key: format!("ssh-ed25519 {name}"),
            containers: false,
        };
        (name.to_owned(), record)
    }

    #[test]
    fn the_inventory_says_how_to_reach_each_host_and_what_to_trust() {
        let folder = tempfile::tempdir().unwrap();
        let files = LabFiles::of(folder.path());
        files.write(&[host("app1", [10, 1, 2, 3]), host("1", [10, 1, 2, 4])]).unwrap();
        let text = read(&files.inventory).unwrap().replace(&*folder.path().to_string_lossy(), "LAB");
        insta::assert_snapshot!(text, @r#"
        # Throwaway hosts, for `-i`.
        hosts:
          "app1":
            address: 10.1.2.3
            user: deploy
            become: true
            ssh:
              port: 22
              identity_file: "LAB/id_ed25519"
              known_hosts: "LAB/known_hosts"
          "1":
            address: 10.1.2.4
            user: deploy
            become: true
            ssh:
              port: 22
              identity_file: "LAB/id_ed25519"
              known_hosts: "LAB/known_hosts"
        "#);
        assert_eq!(read(&files.known_hosts).unwrap(), "10.1.2.3 ssh-ed25519 app1\n10.1.2.4 ssh-ed25519 1\n");
    }
}
