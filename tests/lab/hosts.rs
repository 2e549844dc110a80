//! Throwaway hosts are real: they boot, answer, install, reboot, and leave nothing behind.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::support::lab::{LabHost, open_lab, say, text};
use infra::lab::{Account, HostId, Lab, Lifetime, Release, Selection, Settings, UpOptions};

#[test]
fn bookworm_boots_installs_reboots_and_goes() {
    boots_installs_reboots_and_goes(Release::Bookworm);
}

#[test]
fn trixie_boots_installs_reboots_and_goes() {
    boots_installs_reboots_and_goes(Release::Trixie);
}

fn boots_installs_reboots_and_goes(release: Release) {
    let mut host = LabHost::boot(release.codename(), release);

    assert_eq!(host.check(". /etc/os-release; echo $VERSION_CODENAME").trim(), release.codename());
    assert_eq!(host.check("systemctl is-system-running").trim(), "running");
    assert_eq!(host.check("hostname").trim(), "app1");
    let sudo = host.ssh(Account::Deploy).arg("id -un; sudo -n id -un").output().unwrap();
    assert_eq!(text(&sudo.stdout), "deploy\nroot\n", "{}", text(&sudo.stderr));

    // Bare, so that a spec that forgets a package fails.
    assert!(!host.run("command -v python3").status.success());
    host.check("DEBIAN_FRONTEND=noninteractive apt-get install -y python3-venv ufw");
    host.check("apt-get update");
    host.check("python3 -m venv /opt/venv && /opt/venv/bin/pip install six && /opt/venv/bin/python -c 'import six'");
    host.check("ufw allow 22 && ufw --force enable");
    assert!(host.check("ufw status").contains("Status: active"));

    let identity = "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub";
    let (boot, id) = (host.check(BOOT), host.check(identity));
    host.check("touch /root/kept");
    host.reboot();
    host.check("test -e /root/kept");
    assert_ne!(host.check(BOOT), boot);
    assert_eq!(host.check(identity), id);
    assert!(host.check("ufw status").contains("Status: active"), "a firewall outlives a reboot");
    let boot = host.check(BOOT);
    host.cut_power();
    assert_ne!(host.check(BOOT), boot);

    let folder = host.inventory().parent().unwrap().to_owned();
    drop(host);
    assert_nothing_is_left_of(&folder);
}

/// Changes with every boot; the kernel's own boot id is the machine's, which hosts share.
const BOOT: &str = "systemctl show --property=UserspaceTimestampMonotonic";

#[test]
fn hosts_of_a_lab_share_an_inventory_and_reach_each_other() {
    let hosts = LabHost::boot_all("several", Release::Bookworm, &["app1", "db-1"]);
    let inventory = fs::read_to_string(hosts[0].inventory()).unwrap();
    assert_eq!(hosts[0].inventory(), hosts[1].inventory());
    for host in &hosts {
        assert!(
            inventory.contains(&format!("\"{}\":\n    address: {}\n", host.id().host, host.address())),
            "{inventory}"
        );
    }
    let greet = format!("timeout 10 bash -c 'read -r words </dev/tcp/{}/22 && echo $words'", hosts[1].address());
    assert!(hosts[0].check(&greet).starts_with("SSH-2.0"));
    assert_ne!(hosts[0].check("cat /etc/machine-id"), hosts[1].check("cat /etc/machine-id"));

    // Hosts that shared a control group would stop each other's services.
    hosts[0].check("systemctl restart systemd-journald systemd-logind");
    assert_eq!(hosts[1].check("systemctl is-active systemd-logind").trim(), "active");

    let listed = open_lab().list(&say).unwrap();
    assert!(hosts.iter().all(|host| listed.contains(host.details())), "{listed:?}");
}

#[test]
fn a_killed_connection_ends_ssh_and_leaves_the_host_up() {
    let host = LabHost::boot("connections", Release::Bookworm);
    let mut waiting = host.ssh(Account::Deploy).arg("cat; sleep 1000").spawn().unwrap();
    wait_until("the command runs", || host.run("pgrep -u deploy -x sleep").status.success());
    host.kill_connections();
    assert_eq!(waiting.wait().unwrap().code(), Some(255));
    host.check("pgrep -u deploy -x sleep");
}

#[test]
fn hosts_that_are_up_stay_and_those_that_stopped_boot_again() {
    let host = LabHost::boot("again", Release::Bookworm);
    let id = host.id().clone();
    let lab = open_lab();
    let mut options = UpOptions {
        lab: id.lab.clone(),
        release: Release::Bookworm,
        hosts: vec![id.host.clone()],
        lifetime: Lifetime::UntilDown,
        containers: false,
        with: Vec::new(),
    };
    host.check("touch /root/kept");
    assert_eq!(lab.up(&options, &say).unwrap(), [host.details().clone()]);

    host.run("systemctl poweroff");
    wait_until("the host is off", || lab.host(&id).unwrap().pid.is_none());
    let again = lab.up(&options, &say).unwrap().remove(0);
    assert_eq!((again.address, again.pid.is_some()), (host.details().address, true));
    host.check("test -e /root/kept");

    options.release = Release::Trixie;
    let error = format!("{:#}", lab.up(&options, &say).unwrap_err());
    assert!(error.contains("is up already, and runs bookworm"), "{error}");
    let missing = lab.ssh_command(&HostId::new(&id.lab, "app2"), Account::Root).unwrap_err().to_string();
    assert!(missing.contains("has no host `app2`; it has app1"), "{missing}");
}

#[test]
fn a_host_for_containers_has_what_docker_engine_needs() {
    let host = LabHost::boot_for_containers("containers", Release::Bookworm);
    // An overlay of its own over a file system that is none, programs for the kernel's device control, and a way to mount.
    let kind = host.check("stat -f -c %T /var/lib/docker");
    assert_ne!(kind.trim(), "overlayfs");
    host.check("mkdir /var/lib/docker/a /var/lib/docker/b /var/lib/docker/c /var/lib/docker/d");
    host.check("cd /var/lib/docker && mount -t overlay -o lowerdir=a,upperdir=b,workdir=c overlay d");
    host.check("unshare --mount --pid --fork --mount-proc true");
    host.check("mkdir /sys/fs/cgroup/docker && rmdir /sys/fs/cgroup/docker");
    host.check("test $(cat /proc/sys/net/ipv4/ip_forward) = 1 || echo 1 > /proc/sys/net/ipv4/ip_forward");

    let id = host.id().clone();
    let options = UpOptions {
        lab: id.lab.clone(),
        release: Release::Bookworm,
        hosts: vec!["plain".to_owned()],
        lifetime: Lifetime::ThisProcess,
        containers: false,
        with: Vec::new(),
    };
    let lab = open_lab();
    lab.up(&options, &say).unwrap();
    let error = format!("{:#}", lab.up(&UpOptions { containers: true, ..options }, &say).unwrap_err());
    assert!(error.contains("cannot run containers"), "{error}");
    lab.down(&Selection::Hosts(id.lab.clone(), vec!["plain".to_owned()]), &say).unwrap();
}

#[test]
fn the_last_host_takes_the_network_with_it() {
    let state = PrivateState::make();
    let lab = state.open();
    let options = UpOptions {
        lab: "net".to_owned(),
        release: Release::Bookworm,
        hosts: vec!["app1".to_owned(), "app2".to_owned()],
        lifetime: Lifetime::UntilDown,
        containers: false,
        with: Vec::new(),
    };
    let hosts = lab.up(&options, &say).unwrap();
    let network = fs::read_to_string(state.path().join("network.json")).unwrap();
    let bridge = network.split('"').find(|word| word.starts_with("lab")).unwrap();
    let device = Path::new("/sys/class/net").join(bridge);
    let rules = || ["filter", "nat"].map(|table| output("iptables", &["--wait", "--table", table, "-S"])).concat();
    assert!(device.exists() && rules().contains(bridge));
    assert_ne!(hosts[0].address, hosts[1].address);

    lab.down(&Selection::Hosts("net".to_owned(), vec!["app1".to_owned()]), &say).unwrap();
    assert!(device.exists() && rules().contains(bridge));
    let inventory = fs::read_to_string(&hosts[1].inventory).unwrap();
    assert!(inventory.contains("app2") && !inventory.contains("app1"), "{inventory}");

    assert_eq!(lab.down(&Selection::All, &say).unwrap(), [HostId::new("net", "app2")]);
    assert!(!device.exists() && !rules().contains(bridge));
    assert_nothing_is_left_of(&state.path().join("labs"));
    assert_eq!(fs::read_dir(state.path().join("labs")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(state.path().join("trash")).unwrap().count(), 0);
}

/// Says to a test that it is the process to be killed: the state folder to work in, and how long hosts are to live.
const VICTIM: &str = "INFRA_TEST_VICTIM";

#[test]
fn what_a_killed_process_was_booting_is_cleaned_up() {
    let name = "hosts::what_a_killed_process_was_booting_is_cleaned_up";
    if act_as_victim(Lifetime::UntilDown) {
        return;
    }
    let state = PrivateState::make();
    // Each of them is reached in every run, one after the other, on the way to a booted host.
    let stages: [fn(&Path) -> bool; 3] = [
        |host| host.join("host.json").exists(),
        |host| fs::read_to_string("/proc/self/mountinfo").unwrap().contains(&format!("{}/merged", host.display())),
        |host| fs::read(host.join("console.log")).is_ok_and(|printed| !printed.is_empty()),
    ];
    for reached in stages {
        let mut victim = start_victim(name, &state.path());
        wait_until("the host is half way", || reached(&state.path().join("labs/victim/hosts/app1")));
        victim.kill().unwrap();
        victim.wait().unwrap();
        // A program that the victim had started may outlive it for a moment, and mount what has just been cleaned up:
        // then the operation after that one takes it away.
        wait_until("what it left is cleaned up", || {
            state.open().list(&say).unwrap().is_empty() && is_nothing_left_of(&state.path().join("labs/victim"))
        });
    }
}

#[test]
fn hosts_go_with_the_process_they_belong_to() {
    let name = "hosts::hosts_go_with_the_process_they_belong_to";
    if act_as_victim(Lifetime::ThisProcess) {
        return;
    }
    let state = PrivateState::make();
    let mut victim = start_victim(name, &state.path());
    let lab = state.open();
    wait_until("the host is up", || lab.list(&say).unwrap().len() == 1);
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert_eq!(lab.list(&say).unwrap(), []);
    assert_nothing_is_left_of(&state.path().join("labs/victim"));
}

#[test]
fn a_killed_base_build_leaves_nothing_running_or_mounted() {
    let name = "hosts::a_killed_base_build_leaves_nothing_running_or_mounted";
    if act_as_victim(Lifetime::UntilDown) {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let mut victim = start_victim(name, state.path());
    let tree = state.path().join("base/unfinished-bookworm");
    wait_until("the build has begun", || tree.join("debootstrap").exists());
    victim.kill().unwrap();
    victim.wait().unwrap();
    wait_until("the build has ended", || !is_named_by_a_process(&tree));
    assert!(!fs::read_to_string("/proc/self/mountinfo").unwrap().contains(&*tree.to_string_lossy()));
}

/// Boots a host if this process was started for that, and then waits to be killed.
fn act_as_victim(lifetime: Lifetime) -> bool {
    let Some(state_dir) = std::env::var_os(VICTIM) else { return false };
    let lab = Lab::open(&Settings { state_dir: state_dir.into(), environment: Vec::new() }).unwrap();
    let options = UpOptions {
        lab: "victim".to_owned(),
        release: Release::Bookworm,
        hosts: vec!["app1".to_owned()],
        lifetime,
        containers: false,
        with: Vec::new(),
    };
    lab.up(&options, &say).unwrap();
    loop {
        std::thread::park();
    }
}

/// Starts this test once more, to boot a host in a state folder and be killed.
fn start_victim(test: &str, state: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap()).args(["--exact", test]).env(VICTIM, state).spawn().unwrap()
}

/// A state folder nobody else uses, with the bases of the shared one, so that none has to be built for it.
struct PrivateState(tempfile::TempDir);

impl PrivateState {
    fn make() -> Self {
        // Makes the base if this is the first test ever.
        drop(LabHost::boot("base", Release::Bookworm));
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("base")).unwrap();
        for base in fs::read_dir(open_lab().state_dir().join("base")).unwrap() {
            let base = base.unwrap();
            if base.file_name().to_string_lossy().starts_with("bookworm-") {
                symlink(base.path(), folder.path().join("base").join(base.file_name())).unwrap();
            }
        }
        PrivateState(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    fn open(&self) -> Lab {
        Lab::open(&Settings { state_dir: self.path(), environment: Vec::new() }).unwrap()
    }
}

impl Drop for PrivateState {
    fn drop(&mut self) {
        let downed = self.open().down(&Selection::All, &say);
        assert!(downed.is_ok() || std::thread::panicking(), "{downed:?}");
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    text(&Command::new(program).args(arguments).output().unwrap().stdout)
}

#[track_caller]
fn wait_until(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !reached() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is_nothing_left_of(folder: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    !mounts.contains(&format!("{}/", folder.display()))
        && !is_named_by_a_process(folder)
        && !folder.join("hosts").exists()
}

fn assert_nothing_is_left_of(folder: &Path) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(&format!("{}/", folder.display())), "{mounts}");
    assert!(!is_named_by_a_process(folder));
    // Of a lab, the folder itself goes as well.
    assert!(!folder.join("hosts").exists(), "{} is still there", folder.display());
}

/// Tells whether a process has something in a folder among its arguments.
fn is_named_by_a_process(folder: &Path) -> bool {
    let wanted = folder.to_string_lossy();
    let arguments = |process: fs::DirEntry| text(&fs::read(process.path().join("cmdline")).unwrap_or_default());
    fs::read_dir("/proc").unwrap().flatten().any(|process| arguments(process).contains(&*wanted))
}
