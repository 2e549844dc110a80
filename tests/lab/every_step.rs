//! The connection is cut at every step of an apply, one after another; each time the next apply brings the host to the
//! spec. And in several orders that the graph allows, cut off once too, the end is the same.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
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

/// `INFRA_TEST_ORDERS` says how many.
#[test]
fn whatever_the_order_the_end_is_the_same() {
    let orders = std::env::var("INFRA_TEST_ORDERS").ok().and_then(|orders| orders.parse().ok()).unwrap_or(3);
    let mut first: Option<serde_json::Value> = None;
    for seed in 1..=orders {
        let host = LabHost::boot("orders", support::release());
        let infra = Infra::new(&spec(), &host.inventory());
        let shuffled = infra.option("--shuffle").option(&seed.to_string());
        cut_at(&host, &shuffled, 2 + seed);
        wait_until("the host ends what it was running", || host.check("pgrep -fc '[i]nfra:' || true").trim() == "0");
        shuffled.apply();
        let plan = infra.plan();
        plan.assert_empty(&format!("after an apply in order {seed}"));
        let resources = plan.json["resources"].clone();
        let end = first.get_or_insert_with(|| resources.clone());
        assert_eq!(&resources, end, "order {seed} ends otherwise than the first");
    }
}

fn spec() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/every-step")
}

fn cut_at_every_second(first: usize) {
    let spec = spec();
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
