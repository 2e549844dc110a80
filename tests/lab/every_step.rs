//! The connection is cut at every step of an apply, one after another; each time the next apply brings the host to the
//! spec.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::LabHost;
use crate::support::wait_until;

/// Applies until the step of this number starts, and cuts the connection there. Returns how many steps were started.
fn cut_at(host: &LabHost, infra: &Infra, step: usize) -> usize {
    let mut command = infra.command("apply");
    command.arg("--auto-approve").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("infra starts");
    let mut started = 0;
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        if line.starts_with("app1: ") {
            started += 1;
            if started == step {
                host.kill_connections();
            }
        }
    }
    let status = child.wait().unwrap();
    // What is cut off fails, unless it was the last step and over before the cut.
    assert!(started >= step || status.success(), "an apply with {started} steps, not cut off, failed");
    started
}

#[test]
fn a_host_cut_off_at_any_odd_step_is_brought_to_the_spec() {
    cut_at_every_second(1);
}

#[test]
fn a_host_cut_off_at_any_even_step_is_brought_to_the_spec() {
    cut_at_every_second(2);
}

fn cut_at_every_second(first: usize) {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/every-step");
    let mut step = first;
    loop {
        let host = LabHost::boot("every-step", support::release());
        let infra = Infra::new(&spec, &host.inventory());
        let started = cut_at(&host, &infra, step);
        wait_until("the host ends what it was running", || host.check("pgrep -fc '[i]nfra:' || true").trim() == "0");
        infra.apply();
        infra.plan().assert_empty(&format!("after the apply that followed a cut at step {step}"));
        assert_eq!(
            host.check("find / -xdev -name '.infra-*' -o -xdev -name 'new-*' -path '/var/lib/infra/*'"),
            "",
            "temporary files are left"
        );
        if started < step {
            assert!(step > 8, "the spec has only {started} steps");
            break;
        }
        step += 2;
    }
}
