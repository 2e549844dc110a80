//! Connections that wait for the next run.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::sshd::{Sshd, options};
use super::steps::step;
use super::support::section;
use crate::host::{Host, Keep, KeepError, Options, StepFrame, Target, Transport};

/// A folder for sockets of a user of its own; it must have a short name.
struct Runtime {
    folder: TempDir,
}

impl Runtime {
    fn new() -> Self {
        Self { folder: tempfile::Builder::new().tempdir_in("/tmp").unwrap() }
    }

    fn options(&self) -> Options {
        Options { keep: Some(Keep::prepare(Some(self.folder.path()), 60).unwrap()), ..options() }
    }

    /// Connects, asks, and ends as a run does. Returns how often it logged in.
    async fn run(&self, target: Target) -> u64 {
        let host = Host::connect(target, self.options()).await.unwrap();
        assert_eq!(section(&host, "emit 0 fine", vec![]).await.records.len(), 1);
        let logins = host.stats().logins;
        host.close().await;
        logins
    }

    fn sockets(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("infra")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn logins(sshd: &Sshd) -> usize {
    fs::read_to_string(sshd.at("log")).unwrap().matches("Accepted publickey").count()
}

#[tokio::test]
async fn the_next_run_logs_in_no_more() {
    let sshd = Sshd::start("");
    let runtime = Runtime::new();
    assert_eq!(runtime.run(sshd.target()).await, 1);
    assert_eq!(runtime.run(sshd.target()).await, 0);
    assert_eq!(runtime.run(sshd.target()).await, 0);
    assert_eq!(logins(&sshd), 1);
    assert_eq!(runtime.sockets().len(), 1, "{:?}", runtime.sockets());
}

#[tokio::test]
async fn runs_at_the_same_time_have_a_connection_each_and_one_stays() {
    let sshd = Sshd::start("");
    let runtime = Runtime::new();
    runtime.run(sshd.target()).await;
    let one = Host::connect(sshd.target(), runtime.options()).await.unwrap();
    let two = Host::connect(sshd.target(), runtime.options()).await.unwrap();
    assert_eq!((one.stats().logins, two.stats().logins), (0, 1));
    for host in [&one, &two] {
        assert_eq!(section(host, "emit 0 fine", vec![]).await.records.len(), 1);
    }
    one.close().await;
    two.close().await;
    assert_eq!(runtime.sockets().len(), 1, "{:?}", runtime.sockets());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while sshd.sessions().len() > 1 {
        assert!(tokio::time::Instant::now() < deadline, "the second connection stays open");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(runtime.run(sshd.target()).await, 0);
}

#[tokio::test]
async fn a_connection_that_has_ended_meanwhile_is_made_anew() {
    let sshd = Sshd::start("");
    let runtime = Runtime::new();
    runtime.run(sshd.target()).await;
    sshd.kill();
    assert_eq!(runtime.run(sshd.target()).await, 1);
    // What is there is no socket of ssh at all.
    let socket = runtime.folder.path().join("infra").join(&runtime.sockets()[0]);
    fs::remove_file(&socket).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert_eq!(runtime.run(sshd.target()).await, 1);
    assert_eq!(runtime.run(sshd.target()).await, 0);
}

#[tokio::test]
async fn a_host_that_does_not_answer_any_more_is_connected_to_anew() {
    let sshd = Sshd::start("");
    let runtime = Runtime::new();
    runtime.run(sshd.target()).await;
    // As a host whose power was cut: nothing ends the connection, and nothing answers on it.
    let silent = sshd.sessions();
    for process in &silent {
        signal("STOP", *process);
    }
    assert_eq!(runtime.run(sshd.target()).await, 1);
    for process in silent {
        signal("CONT", process);
    }
}

#[tokio::test]
async fn another_setting_is_another_connection() {
    let sshd = Sshd::start("");
    let runtime = Runtime::new();
    let changed = |change: &dyn Fn(&mut Target)| {
        let mut target = sshd.target();
        change(&mut target);
        target
    };
    fn ssh(target: &mut Target) -> &mut crate::model::SshOptions {
        let Transport::Ssh(ssh) = &mut target.transport else { unreachable!() };
        ssh
    }
    fs::copy(sshd.at("id"), sshd.at("same_id")).unwrap();
    fs::copy(sshd.at("known_hosts"), sshd.at("same_known_hosts")).unwrap();
    fs::write(sshd.at("same_config"), "").unwrap();
    let user = std::process::Command::new("id").arg("-un").output().unwrap();
    let user = String::from_utf8(user.stdout).unwrap().trim().to_string();
    let targets = [
        sshd.target(),
        changed(&|target| target.address = "localhost".into()),
        changed(&|target| target.user = Some(user.clone())),
        changed(&|target| ssh(target).identity_file = Some(sshd.at("same_id"))),
        changed(&|target| ssh(target).known_hosts = Some(sshd.at("same_known_hosts"))),
        changed(&|target| ssh(target).config_file = Some(sshd.at("same_config"))),
    ];
    for name in ["known_hosts", "same_known_hosts"] {
        let known = fs::read_to_string(sshd.at(name)).unwrap();
        fs::write(sshd.at(name), format!("{known}{}", known.replace("127.0.0.1", "localhost"))).unwrap();
    }
    for (at, target) in targets.iter().enumerate() {
        // The account is what ssh takes anyway, where nothing else is set; it may share, and need not.
        assert!(runtime.run(target.clone()).await == 1 || at == 2, "{target:?}");
        assert_eq!(runtime.run(target.clone()).await, 0, "{target:?}");
    }
    // The same setting, and what it names has changed.
    fs::write(sshd.at("ssh_config"), "Host *\n  ConnectionAttempts 2\n").unwrap();
    assert_eq!(runtime.run(sshd.target()).await, 1);
}

#[tokio::test]
async fn hosts_that_share_a_configuration_keep_a_connection_each() {
    let sshd = Sshd::start("");
    let runtime = Runtime::new();
    let known = fs::read_to_string(sshd.at("known_hosts")).unwrap();
    fs::write(sshd.at("known_hosts"), format!("{known}{}", known.replace("127.0.0.1", "localhost"))).unwrap();
    let other = Target { address: "localhost".into(), ..sshd.target() };
    for logins in [1, 0] {
        // What ssh said of one is used for the other.
        let options = runtime.options();
        for target in [sshd.target(), other.clone()] {
            let host = Host::connect(target, options.clone()).await.unwrap();
            assert_eq!(section(&host, "emit 0 fine", vec![]).await.records.len(), 1);
            assert_eq!(host.stats().logins, logins);
            host.close().await;
        }
    }
    assert_eq!(runtime.sockets().len(), 2, "{:?}", runtime.sockets());
}

#[tokio::test]
async fn a_key_that_is_not_trusted_any_more_refuses_the_next_run() {
    let sshd = Sshd::start("");
    let runtime = Runtime::new();
    runtime.run(sshd.target()).await;
    fs::write(sshd.at("known_hosts"), "").unwrap();
    assert!(Host::connect(sshd.target(), runtime.options()).await.is_err());
}

#[tokio::test]
async fn a_connection_over_which_something_was_changed_is_closed() {
    let sshd = Sshd::start("");
    let runtime = Runtime::new();
    let host = Host::connect(sshd.target(), runtime.options()).await.unwrap();
    let (sender, _) = tokio::sync::mpsc::unbounded_channel();
    let report = host.run(StepFrame { steps: vec![step("one", ":", vec![])], ..StepFrame::default() }, sender).await;
    assert!(report.failure.is_none(), "{report:?}");
    host.close().await;
    assert!(runtime.sockets().is_empty(), "{:?}", runtime.sockets());
    assert_eq!(runtime.run(sshd.target()).await, 1);
}

#[tokio::test]
async fn what_is_old_is_not_used_and_what_has_ended_is_removed() {
    let sshd = Sshd::start("");
    let runtime = Runtime::new();
    runtime.run(sshd.target()).await;
    let folder = runtime.folder.path().join("infra");
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    let age = |path: &Path| {
        let stamp = stamp(long_ago);
        let status = std::process::Command::new("touch").args(["-h", "-d", &stamp]).arg(path).status().unwrap();
        assert!(status.success());
    };
    age(&folder.join(&runtime.sockets()[0]));
    drop(std::os::unix::net::UnixListener::bind(folder.join("used-dead")).unwrap());
    // It is seen to be dead, however young it is.
    fs::create_dir(folder.join(".ssh-connectionkilled")).unwrap();
    drop(std::os::unix::net::UnixListener::bind(folder.join(".ssh-connectionkilled/master")).unwrap());
    // One that is about to be made has no socket yet.
    fs::create_dir(folder.join(".ssh-connectionyoung")).unwrap();
    fs::create_dir(folder.join(".ssh-connectiondead")).unwrap();
    fs::write(folder.join(".ssh-connectiondead/log"), "").unwrap();
    age(&folder.join(".ssh-connectiondead"));
    assert_eq!(runtime.run(sshd.target()).await, 1);
    let left = runtime.sockets();
    let [young, kept] = &left[..] else { panic!("{left:?}") };
    assert!(young == ".ssh-connectionyoung" && kept.starts_with("kept-"), "{left:?}");
}

#[test]
fn only_a_private_folder_is_used() {
    let runtime = Runtime::new();
    let folder = runtime.folder.path().join("infra");
    let prepare = || Keep::prepare(Some(runtime.folder.path()), 60);
    fs::DirBuilder::new().mode(0o750).create(&folder).unwrap();
    assert!(matches!(prepare(), Err(KeepError::NotPrivate(_))));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    prepare().unwrap();

    let elsewhere = tempfile::tempdir().unwrap();
    fs::set_permissions(elsewhere.path(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::remove_dir(&folder).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), &folder).unwrap();
    assert!(matches!(prepare(), Err(KeepError::NotPrivate(_))));
    fs::remove_file(&folder).unwrap();

    fs::set_permissions(runtime.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(prepare(), Err(KeepError::Replaceable(_))));
    fs::set_permissions(runtime.folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    prepare().unwrap();
    // Only root can make a folder that belongs to someone else.
    if std::os::unix::fs::chown(&folder, Some(65534), None).is_ok() {
        assert!(matches!(prepare(), Err(KeepError::NotPrivate(_))));
    }
}

fn stamp(time: SystemTime) -> String {
    format!("@{}", time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
}

fn signal(name: &str, process: u32) {
    // A connection has two processes where sshd gives up its privileges.
    let children = std::process::Command::new("pgrep").args(["-P", &process.to_string()]).output().unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    for process in [process.to_string()].into_iter().chain(children.lines().map(ToString::to_string)) {
        let _ = std::process::Command::new("kill").args(["-s", name, &process]).status();
    }
}
