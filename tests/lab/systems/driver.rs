//! What is done to every system.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use infra::lab::Account;

use crate::support::infra::{Break, Infra};
use crate::support::lab::{LabHost, text};

/// Returns the folder of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Breaks each thing that the system's `breaks.yaml` lists: the next plan names exactly that, and the next apply mends it.
#[track_caller]
pub fn break_and_mend(host: &LabHost, infra: &Infra, system: &str) {
    for broken in Break::read(&root().join("tests/data/systems").join(system).join("breaks.yaml")) {
        host.check(&broken.run);
        let plan = infra.plan();
        plan.assert_names(&broken.plan, &broken.name);
        plan.assert_checks_fail(&broken.checks, &broken.name);
        infra.apply().assert_applied(&broken.applied(), &broken.name);
        infra.plan().assert_empty(&format!("after mending: {}", broken.name));
    }
}

/// Copies files of this machine into a folder of the host.
pub fn copy(host: &LabHost, from: &Path, names: &[&str], to: &str) {
    let folders = Command::new("tar").arg("-C").arg(from).arg("-cf").arg("-").args(names).output().unwrap();
    assert!(folders.status.success(), "{}", text(&folders.stderr));
    let mut copy = host.ssh(Account::Root);
    let mut copy = copy.arg(format!("mkdir -p {to} && tar -C {to} -xf -")).stdin(Stdio::piped()).spawn().unwrap();
    copy.stdin.take().unwrap().write_all(&folders.stdout).unwrap();
    assert!(copy.wait().unwrap().success());
}

/// Waits until a command on the host prints this.
#[track_caller]
pub fn wait_for(host: &LabHost, line: &str, wanted: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let said = text(&host.run(line).stdout);
        if said.trim() == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "`{line}` says {said}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
