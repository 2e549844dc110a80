//! A system of three services under PM2 with a database, a cache and an object store.

use std::process::Command;

use super::driver::{break_and_mend, copy, root};
use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{LabHost, text};

/// Takes a bare host to the system, and keeps it there.
pub fn lives() {
    let mut host = LabHost::boot("echoclip", support::release());
    let repository = code(&host);
    copy(&host, &root().join("tests/data/kinds/bucket"), &["s3-server"], "/srv");
    let checksum = host.check("sha256sum </srv/s3-server | cut -d' ' -f1");
    let infra = Infra::new(&root().join("specs/echoclip"), &host.inventory())
        .variable("INFRA_VAR_repository", &repository)
        .variable("INFRA_VAR_minio_url", "file:///srv/s3-server")
        .variable("INFRA_VAR_minio_checksum", &format!("sha256:{}", checksum.trim()));

    let plan = infra.plan();
    plan.assert_no_problems();
    for local in
        ["database_user:youtube_user@%", "seed:system_configs", "pm2_app:flowclip-backend", "bucket:youtube-videos"]
    {
        assert_eq!(plan.resource(local)["action"], "create", "{}", plan.said);
    }
    infra.apply_in_order_of_seed();
    infra.plan().assert_empty("after apply");
    is_healthy(&host);
    // The application marks itself; that is its own to change.
    assert!(
        host.check("cat /home/flowclip/EchoClip/backend/.bootstrap_config.json").contains(r#""initialized": true"#)
    );
    let modes = host.check("stat -c '%a %U' /root/flowclip_credentials.txt /home/flowclip/credentials.txt");
    assert_eq!(modes, "600 root\n600 flowclip\n");

    break_and_mend(&host, &infra, "echoclip");

    // With another password alembic cannot say what is pending: that waits for the account to be mended.
    host.check("mariadb -e \"ALTER USER youtube_user@localhost IDENTIFIED BY 'other'\"");
    let plan = infra.plan();
    plan.assert_no_problems();
    assert!(plan.names().contains("database_user:youtube_user@localhost"), "{}", plan.said);
    infra.apply();
    infra.plan().assert_empty("after the account was mended");

    let before = host.check("cat /root/flowclip_credentials.txt");
    let names = ["mysql_app_password", "minio_secret_key"];
    let rotation = names.iter().fold(infra.clone(), |infra, name| infra.option("--rotate").option(name));
    rotation.apply();
    infra.plan().assert_empty("after the rotation");
    is_healthy(&host);
    for key in ["MYSQL_APP_PASSWORD", "MINIO_SECRET_KEY"] {
        let line = before.lines().find(|line| line.starts_with(key)).expect("the credentials have it");
        let old = &line[key.len() + 1..];
        // Nothing on the host holds the old one, and the database refuses it.
        let held = format!(
            "grep -rlF {old} /root /home /etc /var/lib/minio; mariadb youtube_slicer -e 'SELECT value FROM system_configs' | grep -F {old}"
        );
        assert_eq!(text(&host.run(&held).stdout), "", "{key} is still somewhere");
        assert!(
            !host.run(&format!("MYSQL_PWD={old} mariadb -h 127.0.0.1 -u youtube_user -e 'SELECT 1'")).status.success()
        );
    }

    host.reboot();
    host.check("systemctl is-system-running --wait");
    infra.apply().assert_applied(&[], "a reboot");
    infra.plan().assert_empty("after a reboot");
    is_healthy(&host);
}

/// Asks what the guide asks after a deployment.
#[track_caller]
fn is_healthy(host: &LabHost) {
    assert!(host.check("curl -fsS http://localhost:8001/health").contains(r#""status":"healthy""#));
    host.check("curl -fsS http://localhost:3000");
    host.check("curl -fsS http://localhost:9090/health");
    host.check("systemctl is-active mariadb redis-server minio");
    let ports = host.check("ss -tln");
    for port in [3306, 6379, 9000, 9001, 8001, 3000, 9090] {
        assert!(ports.contains(&format!(":{port} ")), "nothing listens on {port}\n{ports}");
    }
}

/// Makes a repository of the stand-in's code on the host, and returns where it is.
fn code(host: &LabHost) -> String {
    let here = tempfile::tempdir().unwrap();
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command
            .current_dir(here.path())
            .args(["-c", "user.name=test", "-c", "user.email=test@example.com"])
            .args(words);
        let output = command.output().expect("git starts");
        assert!(output.status.success(), "{}", text(&output.stderr));
    };
    let app = root().join("specs/echoclip/app");
    assert!(Command::new("cp").arg("-a").arg(app).arg(here.path().join("work")).status().unwrap().success());
    git(&["init", "-q", "-b", "main", "work"]);
    git(&["-C", "work", "add", "--all"]);
    git(&["-C", "work", "commit", "-q", "-m", "EchoClip"]);
    git(&["clone", "-q", "--bare", "work", "EchoClip.git"]);
    copy(host, here.path(), &["EchoClip.git"], "/srv/git");
    host.check("chown -R root:root /srv/git");
    "/srv/git/EchoClip.git".into()
}
