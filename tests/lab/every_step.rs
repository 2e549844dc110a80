//! The connection is cut at every step of an apply, one after another; each time the next apply brings the host to the
//! spec. And in several orders that the graph allows, cut off once too, the end is the same.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::LabHost;

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
        shuffled.apply_cut_in(&host, 2 + seed, Duration::ZERO);
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
        let started = infra.apply_cut_in(&host, step, Duration::ZERO);
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
