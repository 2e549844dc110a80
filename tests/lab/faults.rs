//! What goes wrong on the way: kills, lost connections, timeouts, failures. The next apply mends all of it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{LabHost, text};
use crate::support::wait_until;

fn spec() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/faults")
}

/// Boots a host with the first generation running on it.
fn first_generation(test: &str) -> (LabHost, Infra) {
    let host = LabHost::boot(test, support::release());
    let infra = Infra::new(&spec(), &host.inventory());
    infra.apply();
    infra.plan().assert_empty("after the first apply");
    assert_eq!(host.check("cat /run/faults-read"), "generation 1\n");
    host.check("rm -f /run/faults-slow-begun");
    (host, infra)
}

/// The second generation, with a command slow enough to be interrupted.
fn second_generation(infra: &Infra, seconds: u32) -> Infra {
    infra.option("--var").option("generation=2").option("--var").option(&format!("seconds={seconds}"))
}

/// Starts an apply and waits until the slow command runs.
fn interrupt_in_the_middle(host: &LabHost, infra: &Infra) -> Child {
    let mut command = infra.command("apply");
    command.arg("--auto-approve").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("infra starts");
    wait_until("the slow command runs", || {
        assert!(child.try_wait().unwrap().is_none(), "apply ended before the slow command ran");
        host.run("test -e /run/faults-slow-begun").status.success()
    });
    assert_eq!(host.check("cat /opt/faults/app.conf"), "generation 2\n");
    assert_eq!(host.check("cat /run/faults-read"), "generation 1\n");
    child
}

fn is_idle(host: &LabHost) -> bool {
    !host.run("pgrep -f '^sleep 300$'").status.success()
}

/// The restart that was owed is shown and done, and nothing else is left to do.
fn assert_mended(host: &LabHost, infra: &Infra) {
    let plan = infra.plan();
    plan.assert_names(&["command:slow".into(), "service:faults".into()], "after the interruption");
    let service = plan.resource("service:faults");
    assert_eq!(service["owed"], "restart", "{}", plan.said);
    assert!(service["reasons"].to_string().contains("owed since an earlier run"), "{}", plan.said);
    infra.apply();
    assert_eq!(host.check("cat /run/faults-read"), "generation 2\n");
    infra.plan().assert_empty("after mending");
    assert_eq!(host.check("ls -A /var/lib/infra/owed"), "");
}

#[test]
fn a_restart_owed_is_done_after_a_kill() {
    let (host, infra) = first_generation("kill");
    let mut child = interrupt_in_the_middle(&host, &second_generation(&infra, 300));
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    wait_until("the host ends what it was running", || is_idle(&host));
    assert_mended(&host, &second_generation(&infra, 0));
}

#[test]
fn a_lost_connection_names_its_step_and_ends_it() {
    let (host, infra) = first_generation("lost");
    let child = interrupt_in_the_middle(&host, &second_generation(&infra, 300));
    host.kill_connections();
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}{}", text(&output.stderr));
    assert!(said.contains("run slow"), "the step is named: {said}");
    assert!(said.contains("skipped: app1/service:faults"), "{said}");
    wait_until("the host ends what it was running", || is_idle(&host));
    assert_mended(&host, &second_generation(&infra, 0));
}

#[test]
fn an_interrupt_lets_the_step_finish_and_says_what_is_not_done() {
    let (host, infra) = first_generation("interrupt");
    let infra = second_generation(&infra, 3);
    let child = interrupt_in_the_middle(&host, &infra);
    support::send_signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}{}", text(&output.stderr));
    host.check("test -e /opt/faults/slow-2");
    assert!(said.contains("not done: app1/service:faults"), "{said}");
    assert_eq!(host.check("cat /run/faults-read"), "generation 1\n");
    let plan = infra.plan();
    plan.assert_names(&["service:faults".into()], "after the interrupt");
    infra.apply();
    assert_eq!(host.check("cat /run/faults-read"), "generation 2\n");
    infra.plan().assert_empty("after mending");
}

#[test]
fn a_second_interrupt_kills_the_step() {
    let (host, infra) = first_generation("kill-step");
    let mut child = interrupt_in_the_middle(&host, &second_generation(&infra, 300));
    support::send_signal(&child, "INT");
    // Two signals at once are one.
    let mut status = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut told = String::new();
    while !told.contains("stopping") {
        assert!(status.read_line(&mut told).unwrap() > 0, "it ended before it was asked twice\n{told}");
    }
    support::send_signal(&child, "INT");
    status.read_to_string(&mut told).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}{told}");
    wait_until("the step is killed", || is_idle(&host));
    assert!(said.contains("app1/command:slow"), "{said}");
    assert_mended(&host, &second_generation(&infra, 0));
}

#[test]
fn a_restart_for_what_was_not_needed_is_not_owed() {
    let (host, infra) = first_generation("needless");
    let infra = infra.environment("perhaps");
    host.check("echo edited >> /opt/faults/app.conf");
    // The guard is asked again on the host, after the restart was recorded as owed.
    infra.plan().assert_names(
        &["file:/opt/faults/app.conf".into(), "command:slow".into(), "service:faults".into()],
        "a file that a command comes after",
    );
    infra.apply().assert_applied(&["file:/opt/faults/app.conf".into()], "a file that a command comes after");
    infra.plan().assert_empty("after a restart that was not needed");
    assert_eq!(host.check("ls -A /var/lib/infra/owed"), "");
}
