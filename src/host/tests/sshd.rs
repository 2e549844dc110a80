//! A real sshd on a loopback port, with keys and configuration of its own.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::host::{Options, Target, Transport};
use crate::model::SshOptions;

/// A running sshd that lets the account of the test in by key.
pub(super) struct Sshd {
    pub folder: TempDir,
    pub port: u16,
    child: Child,
}

impl Sshd {
    /// Starts one; `more` is added to its configuration.
    pub fn start(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["host_key", "id", "other_id"] {
            make_key(&at(name));
        }
        fs::copy(at("id.pub"), at("authorized_keys")).unwrap();
        fs::write(at("ssh_config"), "").unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {0}/host_key\nAuthorizedKeysFile {0}/authorized_keys\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PidFile none\nLogLevel VERBOSE\n{more}\n",
            folder.path().display()
        );
        fs::write(at("sshd_config"), config).unwrap();
        // Where sshd runs as root, it insists on its empty folder.
        let _ = fs::create_dir("/run/sshd");
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(at("sshd_config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(at("log")).unwrap())
            .spawn()
            .unwrap();
        let sshd = Self { folder, port, child };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < deadline, "sshd does not listen: {:?}", fs::read_to_string(sshd.at("log")));
            std::thread::sleep(Duration::from_millis(10));
        }
        sshd.trust();
        sshd
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes its key known.
    pub fn trust(&self) {
        let key = fs::read_to_string(self.at("host_key.pub")).unwrap();
        fs::write(self.at("known_hosts"), format!("[127.0.0.1]:{} {key}", self.port)).unwrap();
    }

    pub fn ssh(&self) -> SshOptions {
        SshOptions {
            port: Some(self.port),
            identity_file: Some(self.at("id")),
            jump: Vec::new(),
            config_file: Some(self.at("ssh_config")),
            known_hosts: Some(self.at("known_hosts")),
        }
    }

    pub fn target(&self) -> Target {
        target(self.ssh())
    }

    /// Returns the processes that serve connections.
    pub fn sessions(&self) -> Vec<u32> {
        let output = Command::new("pgrep").args(["-P", &self.child.id().to_string()]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().map(|pid| pid.parse().unwrap()).collect()
    }

    /// Ends it and all connections.
    pub fn kill(&self) {
        for session in self.sessions() {
            kill(session);
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn target(ssh: SshOptions) -> Target {
    Target {
        name: "app1".into(),
        address: "127.0.0.1".into(),
        user: None,
        become_root: false,
        password: None,
        transport: Transport::Ssh(ssh),
    }
}

pub(super) fn options() -> Options {
    let folder = std::env::temp_dir().join(format!("infra-test-state-{}", std::process::id()));
    Options { state_folder: Some(folder.to_str().unwrap().into()), ..Options::default() }
}

/// Kills a process and everything below it.
pub(super) fn kill(pid: u32) {
    let children = Command::new("pgrep").args(["-P", &pid.to_string()]).output().unwrap();
    let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
    for child in String::from_utf8(children.stdout).unwrap().lines() {
        // The session's own processes are what a lost connection leaves to themselves.
        let name = fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default();
        if name.trim() == "sshd" {
            kill(child.parse().unwrap());
        }
    }
}

fn make_key(file: &Path) {
    let status = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file).status().unwrap();
    assert!(status.success());
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}
