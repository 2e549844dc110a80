//! What PM2 is for, on a real host: a reload that loses no request, and an application that cannot start.

use std::path::Path;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{LabHost, NODE};

/// Two clients ask again and again until `/tmp/load.stop` is there; a request without an answer is a line LOST.
const LOAD: &str = "rm -f /tmp/load.stop; for client in 1 2; do nohup sh -c 'while [ ! -e /tmp/load.stop ]; do \
    curl -s --max-time 20 http://127.0.0.1:3001 >>/tmp/load.log || echo LOST >>/tmp/load.log; sleep 0.05; done' >/dev/null 2>&1 & done";

#[test]
fn a_reload_loses_no_request() {
    let host = LabHost::boot_having("pm2-reload", support::release(), NODE);
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kinds/pm2_app");
    let infra = Infra::new(&spec, &host.inventory());
    infra.apply();

    host.check(LOAD);
    let lines = |word: &str| {
        let count = host.check(&format!("grep -c '{word}' /tmp/load.log || :"));
        count.trim().parse::<usize>().expect("grep counts")
    };
    support::wait_until("the old processes answer", || lines(" hello ") > 20);
    let changed = infra.option("--var").option("greeting=bye");
    changed.apply().assert_applied(&["pm2_app:api".to_string()], "another variable");
    support::wait_until("the new processes answer", || lines(" bye ") > 20);
    host.check("touch /tmp/load.stop");
    assert_eq!(lines("LOST"), 0, "requests were lost");
    changed.plan().assert_empty("after a reload");

    // An application that ends again and again fails the apply with the end of its log, and the next plan says so.
    let broken = changed.option("--env").option("broken");
    let report = broken.try_apply();
    assert!(!report.success, "{}", report.said);
    assert!(
        report.said.contains("cannot start") && report.said.contains("does not run as it should"),
        "{}",
        report.said
    );
    assert!(!broken.plan().assert_no_problems().names().is_empty());
    changed.apply();
    changed.plan().assert_empty("after the code was mended");
}
