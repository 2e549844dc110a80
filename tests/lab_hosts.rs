//! Throwaway hosts are real: they boot, answer, install, reboot, and leave nothing behind.

mod support;

use std::fs;
use std::path::Path;

use infra::lab::{Account, Release};
use support::lab::{LabHost, open_lab, say, text};

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
    hosts[0].check(&format!(
        "curl --silent --max-time 10 telnet://{}:22 </dev/null | grep -q ^SSH-2.0",
        hosts[1].address()
    ));
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
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !host.run("pgrep -u deploy -x sleep").status.success() {
        assert!(std::time::Instant::now() < deadline, "the command never started");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    host.kill_connections();
    assert_eq!(waiting.wait().unwrap().code(), Some(255));
    host.check("pgrep -u deploy -x sleep");
}

fn assert_nothing_is_left_of(lab: &Path) {
    assert!(!lab.exists(), "{} is still there", lab.display());
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(&format!("{}/", lab.display())), "{mounts}");
    let wanted = format!("{}/", lab.display());
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let arguments = text(&fs::read(process.path().join("cmdline")).unwrap_or_default());
        assert!(!arguments.contains(&wanted), "{arguments}");
    }
}
