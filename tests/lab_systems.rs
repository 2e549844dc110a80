//! The systems in `specs/` on real hosts: from a bare host to a healthy system, kept there, broken and mended.

#![allow(clippy::disallowed_methods, reason = "tests read files and run programs")]

mod support;

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use infra::lab::{Account, Release};
use support::infra::{Break, Infra};
use support::lab::{LabHost, text};

#[test]
fn video_download_api() {
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

    infra.apply();
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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Breaks each thing that the system's `breaks.yaml` lists: the next plan names exactly that, and the next apply mends it.
#[track_caller]
fn break_and_mend(host: &LabHost, infra: &Infra, system: &str) {
    for broken in Break::read(&root().join("tests/systems").join(system).join("breaks.yaml")) {
        host.check(&broken.run);
        let plan = infra.plan();
        plan.assert_names(&broken.plan, &broken.name);
        plan.assert_checks_fail(&broken.checks, &broken.name);
        infra.apply().assert_applied(&broken.plan, &broken.name);
        infra.plan().assert_empty(&format!("after mending: {}", broken.name));
    }
}

/// Copies files of this machine into a folder of the host.
fn copy(host: &LabHost, from: &Path, names: &[&str], to: &str) {
    let folders = Command::new("tar").arg("-C").arg(from).arg("-cf").arg("-").args(names).output().unwrap();
    assert!(folders.status.success(), "{}", text(&folders.stderr));
    let mut copy = host.ssh(Account::Root);
    let mut copy = copy.arg(format!("mkdir -p {to} && tar -C {to} -xf -")).stdin(Stdio::piped()).spawn().unwrap();
    copy.stdin.take().unwrap().write_all(&folders.stdout).unwrap();
    assert!(copy.wait().unwrap().success());
}

#[test]
fn persistence_service() {
    // The guide's pins of Python packages have no wheels for a newer Python than Debian 12's.
    let mut host = LabHost::boot("persistence", Release::Bookworm);
    let infra = Infra::new(&root().join("specs/persistence-service"), &host.inventory());

    // The plan of a bare host is complete: there is no database server yet, and everything is in it.
    let plan = infra.plan();
    plan.assert_no_problems();
    for local in ["database:ai_terminal", "database_user:persistence@localhost", "migration:ai_terminal"] {
        assert_eq!(plan.resource(local)["action"], "create", "{}", plan.said);
    }
    assert!(plan.said.contains("001_translation_sessions.sql"), "pending migrations are named: {}", plan.said);

    infra.apply();
    infra.plan().assert_empty("after apply");
    let health = host.check("curl -fsS http://localhost:8001/health");
    assert!(health.contains(r#""status":"healthy""#) && health.contains(r#""database":"healthy""#), "{health}");
    let post = "curl -fsS -X POST -H 'Content-Type: application/json' http://localhost:8001/api/v1/persistence";
    // Each of the two workers has a buffer of its own, so both are asked to write.
    host.check(&format!("{post}/sessions/batch -d '{{\"sessions\": [{{\"session_id\": \"s1\"}}]}}'"));
    host.check(&format!("for i in 1 2 3 4 5 6 7 8 9 10; do {post}/flush; done"));
    assert!(host.check("curl -fsS http://localhost:8001/api/v1/persistence/stats").contains("flush_count_today"));
    host.check("curl -fsS -H 'Host: persistence.example.com' http://127.0.0.1/api/v1/persistence/stats");
    wait_for(&host, "mariadb -N ai_terminal -e 'SELECT COUNT(*) FROM translation_sessions'", "1");
    assert!(host.check("mariadb -N ai_terminal -e 'SHOW TABLES'").contains("translation_tasks"));
    // This machine is neither the host itself nor the trusted client; nginx is for everybody.
    assert!(TcpStream::connect_timeout(&socket(&host, 8001), Duration::from_secs(3)).is_err(), "8001 is open");
    assert!(TcpStream::connect_timeout(&socket(&host, 80), Duration::from_secs(3)).is_ok(), "80 is closed");

    break_and_mend(&host, &infra, "persistence-service");

    // Without its server nothing can be said of the database: that is no error, as the plan starts the server.
    host.check("systemctl stop mariadb");
    let plan = infra.plan();
    plan.assert_no_problems();
    assert!(plan.names().contains("service:mariadb"), "{}", plan.said);
    infra.apply();
    infra.plan().assert_empty("after the database server was stopped");

    // An upgrade: what is buffered is written, the database is dumped before the migration, and the service restarts.
    let password = host.check("cat /etc/persistence-service/credentials");
    let report = infra.option("--rotate").option("db_password").apply();
    assert!(report.outcomes("applied").contains("service:persistence-service"), "{}", report.said);
    assert_ne!(host.check("cat /etc/persistence-service/credentials"), password);
    infra.plan().assert_empty("after the rotation");

    host.reboot();
    host.check("systemctl is-system-running --wait");
    infra.apply().assert_applied(&[], "a reboot");
    infra.plan().assert_empty("after a reboot");

    // The cron job's mail is on its way once the service is down.
    host.check("systemctl stop persistence-service");
    host.check("sh -c \"$(sed -n 's/^[^#].* root //p' /etc/cron.d/infra-persistence-health)\"");
    // The host's own cron may have sent one more meanwhile.
    wait_for(&host, "journalctl -t dma | grep -q 'mail to=<admin@example.com>' && echo sent", "sent");
}

fn socket(host: &LabHost, port: u16) -> SocketAddr {
    format!("{}:{port}", host.address()).parse().unwrap()
}

#[test]
fn echoclip() {
    let mut host = LabHost::boot("echoclip", support::release());
    let repository = code(&host);
    copy(&host, &root().join("tests/kinds/bucket"), &["s3-server"], "/srv");
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
    infra.apply();
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

/// Waits until a command on the host prints this.
#[track_caller]
fn wait_for(host: &LabHost, line: &str, wanted: &str) {
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

/// Runs the application's own tests in the environment that the spec has made: its health check fails when what it needs
/// is missing.
fn stand_in_is_honest(host: &LabHost, spec: &Path) {
    copy(host, spec, &["app", "tests"], "/root/spec");
    host.check("cd /root/spec && /opt/video-download-api/venv/bin/python -B -m unittest discover -s tests 2>&1");
}
