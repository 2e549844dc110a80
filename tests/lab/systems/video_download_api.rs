//! A Python service with a virtual environment and a unit, behind a firewall.

use std::path::Path;

use super::driver::{break_and_mend, copy, root};
use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::LabHost;

/// Takes a bare host to the system, and keeps it there.
pub fn lives() {
    let mut host = LabHost::boot("video", support::release());
    let spec = root().join("specs/video-download-api");
    let infra = Infra::new(&spec, &host.inventory());

    // The plan of a bare host is complete: nothing is installed yet, and everything is in it.
    let plan = infra.plan();
    plan.assert_no_problems();
    for local in ["package:ffmpeg", "user:apiuser", "unit:video-download-api.service", "service:video-download-api"] {
        assert_eq!(plan.resource(local)["action"], "create", "{}", plan.said);
    }
    let resources = plan.json["resources"].as_array().unwrap();
    assert!(resources.iter().all(|resource| resource["action"] != "no-op" || resource["kind"] == "package"));

    infra.apply_in_order_of_seed();
    let health = host.check("curl -fsS http://127.0.0.1:8000/api/health");
    assert!(health.contains("healthy"), "{health}");
    host.check("curl -fsS http://127.0.0.1:8000/api/tasks http://127.0.0.1:8000/api/storage/info");
    infra.plan().assert_empty("after apply");
    assert!(host.check("ufw status").contains("8000/tcp"));
    assert!(host.check("ufw status").contains("22/tcp"), "ssh stays open");
    stand_in_is_honest(&host, &spec);

    break_and_mend(&host, &infra, "video-download-api");

    // The application says so when what it needs is missing, and then plan and apply do.
    host.check("mv /usr/bin/ffmpeg /usr/bin/ffmpeg.away");
    let plan = infra.plan();
    assert!(plan.json["findings"].to_string().contains("check:health"), "{}", plan.said);
    let report = infra.option("--target").option("check:health").try_apply();
    assert!(!report.success, "{}", report.said);
    assert_eq!(report.outcomes("failed").into_iter().collect::<Vec<_>>(), ["check:health"], "{}", report.said);
    host.check("mv /usr/bin/ffmpeg.away /usr/bin/ffmpeg");

    host.reboot();
    host.check("systemctl is-system-running --wait");
    // A plan looks at the checks once; an apply waits for them as long as they allow.
    infra.apply().assert_applied(&[], "a reboot");
    infra.plan().assert_empty("after a reboot");
}

/// Runs the application's own tests in the environment that the spec has made: its health check fails when what it needs
/// is missing.
fn stand_in_is_honest(host: &LabHost, spec: &Path) {
    copy(host, spec, &["app", "tests"], "/root/spec");
    host.check("cd /root/spec && /opt/video-download-api/venv/bin/python -B -m unittest discover -s tests 2>&1");
}
