//! The systems in `specs/` on real hosts: from a bare host to a healthy system, kept there, broken and mended.

#![allow(clippy::disallowed_methods, reason = "tests read files and run programs")]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use infra::lab::Account;
use support::infra::{Break, Infra};
use support::lab::{LabHost, text};

#[test]
fn video_download_api() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut host = LabHost::boot("video", support::release());
    let spec = root.join("specs/video-download-api");
    let infra = Infra::new(&spec, &host.inventory());

    // The plan of a bare host is complete: nothing is installed yet, and everything is in it.
    let plan = infra.plan();
    plan.assert_no_problems();
    for local in ["package:ffmpeg", "user:apiuser", "unit:video-download-api.service", "service:video-download-api"] {
        assert_eq!(plan.resource(local)["action"], "create", "{}", plan.said);
    }
    let resources = plan.json["resources"].as_array().unwrap();
    assert!(resources.iter().all(|resource| resource["action"] != "no-op" || resource["kind"] == "package"));

    infra.apply();
    let health = host.check("curl -fsS http://127.0.0.1:8000/api/health");
    assert!(health.contains("healthy"), "{health}");
    host.check("curl -fsS http://127.0.0.1:8000/api/tasks http://127.0.0.1:8000/api/storage/info");
    infra.plan().assert_empty("after apply");
    assert!(host.check("ufw status").contains("8000/tcp"));
    assert!(host.check("ufw status").contains("22/tcp"), "ssh stays open");
    stand_in_is_honest(&host, &spec);

    for broken in Break::read(&root.join("tests/systems/video-download-api/breaks.yaml")) {
        host.check(&broken.run);
        let plan = infra.plan();
        plan.assert_names(&broken.plan, &broken.name);
        plan.assert_checks_fail(&broken.checks, &broken.name);
        infra.apply().assert_applied(&broken.plan, &broken.name);
        infra.plan().assert_empty(&format!("after mending: {}", broken.name));
    }

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
    let folders = Command::new("tar").arg("-C").arg(spec).args(["-cf", "-", "app", "tests"]).output().unwrap();
    assert!(folders.status.success(), "{}", text(&folders.stderr));
    let mut copy = host.ssh(Account::Root);
    let mut copy = copy.arg("mkdir /root/spec && tar -C /root/spec -xf -").stdin(Stdio::piped()).spawn().unwrap();
    copy.stdin.take().unwrap().write_all(&folders.stdout).unwrap();
    assert!(copy.wait().unwrap().success());
    host.check("cd /root/spec && /opt/video-download-api/venv/bin/python -B -m unittest discover -s tests 2>&1");
}
