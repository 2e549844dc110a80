//! The systems in `specs/` on real hosts: from a bare host to a healthy system, kept there, broken and mended.

#![allow(clippy::disallowed_methods, reason = "tests read files and run programs")]

mod support;

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
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

#[test]
fn ai_photo() {
    let mut host = LabHost::boot("aiphoto", support::release());
    let spec = root().join("specs/ai-photo");
    let files = tempfile::tempdir().unwrap();
    let inventory = smaller(&host, files.path());
    host.check(PEBBLE);
    let infra = with_foreign_secrets(Infra::new(&spec, &inventory))
        .variable("INFRA_VAR_acme_server", "https://acme.test:14000/dir")
        .variable("INFRA_VAR_acme_ca", "/srv/pebble/cert.pem");

    let plan = infra.plan();
    plan.assert_no_problems();
    for local in
        ["database:ai_photo", "migration:ai_photo", "pm2_app:ai-photo-api", "nginx_site:ai-photo", "backup:ai_photo"]
    {
        assert_eq!(plan.resource(local)["action"], "create", "{}", plan.said);
    }
    assert!(plan.said.contains("the inventory overrides the requirement"), "{}", plan.said);

    infra.apply();
    infra.plan().assert_empty("after apply");
    host.check("curl -fsSk https://127.0.0.1:15000/roots/0 -o /srv/pebble/root.pem");
    photos_are_kept(&host);

    break_and_mend(&host, &infra, "ai-photo");

    // With another password knex cannot say what is pending: that waits for the account to be mended.
    host.check("mariadb -e \"ALTER USER ai_photo@localhost IDENTIFIED BY 'other'; KILL USER ai_photo\"");
    wait_for(
        &host,
        "curl -s http://127.0.0.1:3001/health | grep -o 'database: [A-Z_]*'",
        "database: ER_ACCESS_DENIED_ERROR",
    );
    let plan = infra.plan();
    plan.assert_no_problems();
    assert!(plan.names().contains("database_user:ai_photo@localhost"), "{}", plan.said);
    infra.apply();
    infra.plan().assert_empty("after the account was mended");

    host.reboot();
    host.check("systemctl is-system-running --wait");
    infra.apply().assert_applied(&[], "a reboot");
    infra.plan().assert_empty("after a reboot");
    photos_are_kept(&host);

    // A value of .env is read by the API alone, which is reloaded without losing a request.
    host.check(&format!("systemd-run --quiet --unit=load sh -c '{LOAD}'"));
    wait_for(&host, "[ \"$(cat /run/load/answered)\" -ge 10 ] && echo enough", "enough");
    let infra = infra.variable("INFRA_VAR_log_level", "debug");
    let expected = ["setting:/opt/ai-photo/backend/.env", "pm2_app:ai-photo-api"].map(String::from);
    infra.plan().assert_names(&expected, "a value of .env");
    infra.apply().assert_applied(&expected, "a value of .env");
    host.check("touch /run/load/stop");
    wait_for(&host, "systemctl is-active load", "inactive");
    assert_eq!(host.check("cat /run/load/lost"), "", "of {} requests", host.check("cat /run/load/answered"));
    infra.plan().assert_empty("after a value of .env changed");
}

/// The other way of its guide: everything in containers, by an overlay of the same spec.
#[test]
fn ai_photo_by_compose() {
    let mut host = LabHost::boot_for_containers("aiphotocompose", support::release());
    let spec = root().join("specs/ai-photo");
    let files = tempfile::tempdir().unwrap();
    let inventory = smaller(&host, files.path());
    // No registry can be reached here: the base image is made of this Debian tree.
    host.check(TREE);
    let infra = with_foreign_secrets(Infra::new(&spec, &inventory).environment("compose"))
        .variable("INFRA_VAR_base_image", "debian:lab")
        .variable("INFRA_VAR_base_archive", "/srv/debian.tar");

    let plan = infra.plan();
    plan.assert_no_problems();
    for local in ["docker_image:ai-photo/backend:1", "compose_project:ai-photo"] {
        assert_eq!(plan.resource(local)["action"], "create", "{}", plan.said);
    }
    assert!(!plan.said.contains("mariadb-server"), "{}", plan.said);

    infra.apply();
    infra.plan().assert_empty("after apply");
    let ask = |words: &str| format!("curl -fsSk -H 'Host: aizhao.icu' {words}");
    host.check(&ask("-d '{\"title\":\"dusk\"}' https://127.0.0.1/api/photos"));
    let photos = ask("https://127.0.0.1/api/photos");
    assert!(host.check(&photos).contains("dusk"));
    assert!(host.check(&ask("-o /dev/null -w '%{redirect_url}' http://127.0.0.1/x")).contains("https://aizhao.icu/x"));
    // Database and cache can be reached from the host only, and nobody is told their passwords.
    assert_eq!(
        host.check("docker ps --format '{{.Ports}}' | grep -E '(3306|6379)' | grep -vc '127.0.0.1:' || true").trim(),
        "0"
    );
    host.check(". /etc/ai-photo/credentials; printf '%s\\n' \"$DB_PASSWORD\" \"$REDIS_PASSWORD\" >/run/values");
    let told = "{ docker inspect $(docker ps -q); cat /proc/[0-9]*/cmdline; } 2>/dev/null | tr '\\0' ' '";
    assert_eq!(host.check(&format!("{told} | grep -cFf /run/values || true")).trim(), "0");

    host.check("docker stop --time 5 ai-photo-backend");
    let plan = infra.plan();
    plan.assert_no_problems();
    assert!(plan.names().contains("compose_project:ai-photo"), "{}", plan.said);
    infra.apply();
    infra.plan().assert_empty("after a container was stopped");

    host.reboot();
    host.check("systemctl is-system-running --wait");
    wait_for(&host, &format!("{photos} | grep -o dusk"), "dusk");
    infra.plan().assert_empty("after a reboot");

    // A value of .env restarts what reads it, and nothing else.
    let started = "docker inspect --format '{{.Name}} {{.State.StartedAt}}' $(docker ps -q) | sort";
    let before = host.check(started);
    let infra = infra.variable("INFRA_VAR_log_level", "debug");
    infra.apply();
    infra.plan().assert_empty("after a value of .env changed");
    let after = host.check(started);
    let changed: Vec<&str> = after.lines().filter(|line| !before.lines().any(|other| other == *line)).collect();
    assert!(matches!(changed.as_slice(), [one] if one.starts_with("/ai-photo-backend ")), "{before}{after}");
    assert!(host.check(&photos).contains("dusk"));
}

/// Makes an archive of a host's own tree, without what an image has no use for.
const TREE: &str = "cd / && set -f && tar --one-file-system --exclude=./proc/* --exclude=./sys/* --exclude=./run/* \
    --exclude=./tmp/* --exclude=./dev/* --exclude=./srv/* --exclude=./var/lib/docker --exclude=./usr/share/doc \
    --exclude=./usr/share/man --exclude=./usr/share/locale --exclude=./var/cache/* --exclude=./var/log/* -cf /srv/debian.tar .";

/// An ACME server on the host, where the names lead.
const PEBBLE: &str = r#"set -e
printf '127.0.0.1 acme.test aizhao.icu www.aizhao.icu api.aizhao.icu\n' >>/etc/hosts
apt-get update -qq && apt-get install -y -qq --no-install-recommends pebble openssl >/dev/null 2>&1
mkdir -p /srv/pebble && cd /srv/pebble
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -keyout key.pem -out cert.pem -subj /CN=acme.test \
    -addext subjectAltName=DNS:acme.test 2>/dev/null
cat >config.json <<'JSON'
{ "pebble": { "listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
  "certificate": "/srv/pebble/cert.pem", "privateKey": "/srv/pebble/key.pem", "httpPort": 80, "tlsPort": 443,
  "ocspResponderURL": "", "externalAccountBindingRequired": false } }
JSON
systemd-run --quiet --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_WFE_NONCEREJECT=0 \
    pebble -config /srv/pebble/config.json"#;

/// Asks the API for one thing after another until it is told to stop, and notes what was not answered.
const LOAD: &str = "mkdir -p /run/load && : >/run/load/lost && n=0
while ! [ -e /run/load/stop ]; do
    for url in http://127.0.0.1:3001/health https://aizhao.icu/health; do
        curl -fsSk -m 20 -o /dev/null $url 2>>/run/load/lost
    done
    n=$((n + 1))
    echo $n >/run/load/answered
done";

/// Makes an inventory in which a throwaway host need not be the machine that the guide asks for.
fn smaller(host: &LabHost, folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(host.inventory()).unwrap();
    let path = folder.join("inventory.yaml");
    std::fs::write(&path, format!("{text}\nrequirements:\n  cores: {{ cpus: 1 }}\n  memory: {{ memory: 1GB }}\n"))
        .unwrap();
    path
}

/// Hands over what somebody else made.
fn with_foreign_secrets(infra: Infra) -> Infra {
    let names = [
        "TENCENT_SECRET_ID",
        "TENCENT_SECRET_KEY",
        "WECHAT_APPID",
        "WECHAT_MCHID",
        "WECHAT_API_KEY",
        "RUNNINGHUB_API_KEY",
        "HUNYUAN_API_KEY",
        "KUAI_API_KEY",
    ];
    let infra = names.into_iter().fold(infra, |infra, name| infra.variable(name, &format!("{name}-of-a-test")));
    infra.variable("WECHAT_CERT", "-----BEGIN CERTIFICATE-----\nMIIBtest\n-----END CERTIFICATE-----\n")
}

/// Asks what the guide asks after a deployment, and what it promises.
#[track_caller]
fn photos_are_kept(host: &LabHost) {
    let health = host.check("curl -fsS http://127.0.0.1:3001/health");
    assert!(health.contains(r#""status":"ok""#) && health.contains(r#""env":"production""#), "{health}");
    // pm2 status, pm2 logs
    let pm2 = |words: &str| host.check(&format!("su - ai-photo -c 'pm2 {words}'"));
    let list: serde_json::Value = serde_json::from_str(&pm2("jlist --silent")).unwrap();
    let processes = list.as_array().unwrap();
    let of = |name: &str| {
        let own = processes.iter().filter(|process| process["name"] == name);
        own.map(|process| &process["pm2_env"]).filter(|env| env["status"] == "online").cloned().collect::<Vec<_>>()
    };
    assert_eq!((of("ai-photo-api").len(), of("ai-photo-frontend").len()), (3, 1), "{list}");
    for env in of("ai-photo-api") {
        assert_eq!(env["exec_mode"], "cluster_mode");
        assert_eq!(env["max_memory_restart"], 600 * 1024 * 1024);
        assert_eq!(env["cron_restart"], "0 4 * * *");
        assert_eq!(env["log_date_format"], "YYYY-MM-DD HH:mm:ss Z");
    }
    pm2("logs ai-photo-api --lines 200 --nostream");
    host.check(
        "cd /opt/ai-photo/backend/logs && ls error.log pm2-out.log pm2-error.log && grep -q listening combined.log",
    );
    assert!(
        host.check("su - ai-photo -c 'cd /opt/ai-photo/backend && npm run db:migrate'").contains("Already up to date")
    );

    // The certificate is the ACME server's; the temporary one would not do.
    let ask = |words: &str| host.check(&format!("curl -fsS --cacert /srv/pebble/root.pem {words}"));
    for site in ["aizhao.icu", "www.aizhao.icu"] {
        assert!(ask(&format!("https://{site}/")).contains("AI Photo"), "{site}");
    }
    for site in ["aizhao.icu", "www.aizhao.icu", "api.aizhao.icu"] {
        assert!(ask(&format!("https://{site}/health")).contains("ok"), "{site}");
        let redirect = host.check(&format!("curl -sI http://{site}/x | tr -d '\\r'"));
        assert!(
            redirect.starts_with("HTTP/1.1 301") && redirect.contains(&format!("Location: https://{site}/x")),
            "{redirect}"
        );
        let challenge = host.check(&format!("curl -sI http://{site}/.well-known/acme-challenge/x"));
        assert!(challenge.starts_with("HTTP/1.1 404"), "{challenge}");
    }
    let headers = ask("-I https://aizhao.icu/").to_lowercase();
    for header in [
        "http/2 200",
        "strict-transport-security: max-age=31536000",
        "x-frame-options: sameorigin",
        "x-content-type-options: nosniff",
    ] {
        assert!(headers.contains(header), "{header}\n{headers}");
    }
    let id = ask("-d '{\"title\": \"a cat\"}' https://api.aizhao.icu/api/photos");
    assert!(ask("https://aizhao.icu/api/photos").contains("a cat"), "{id}");
    assert!(ask("https://aizhao.icu/api/photos").contains(r#""cached":true"#));
    assert!(!host.check("mariadb ai_photo -e 'SELECT title FROM photos'").contains("a cat"), "titles are encrypted");
    // More than ten requests a second, and twenty at once, are refused; nobody counts how often health is asked.
    let statuses = |path: &str| {
        let many = "curl -skZ --parallel-max 60 -o /dev/null -w '%{http_code}\\n'";
        host.check(&format!("{many} 'https://aizhao.icu{path}?n=[1-100]' | sort -u | tr '\\n' ' '"))
    };
    assert_eq!(statuses("/api/photos"), "200 503 ");
    assert_eq!(statuses("/health"), "200 ");
    assert_eq!(host.check("grep -c /health /var/log/nginx/access.log || true"), "0\n", "health is not logged");
    // Database and cache are for this host only, and .env is for the application only.
    let open = host.check("ss -Htln | awk '{print $4}'");
    let is_open =
        |port: &str| open.lines().any(|at| at.ends_with(port) && !at.starts_with("127.") && !at.starts_with("[::1]"));
    assert!([":3306", ":6379", ":3000", ":3001"].into_iter().all(|port| !is_open(port)), "{open}");
    let modes = host.check("stat -c '%a %U %G' /opt/ai-photo/backend/.env /etc/ai-photo/credentials");
    assert_eq!(modes, "640 root ai-photo\n600 root root\n");
    assert_eq!(host.check("logrotate --debug /etc/logrotate.conf 2>&1 | grep -c '^error' || true"), "0\n");
}

#[test]
fn echomind() {
    // The images need pgvector, which Debian has from 13 on, and their base is made of the host's own tree.
    let mut host = LabHost::boot_for_containers("echomind", Release::Trixie);
    let keys = ["sk-openai-0123456789", "gm-gemini-0123456789"];
    let infra = Infra::new(&root().join("specs/echomind"), &host.inventory())
        .environment("lab")
        .variable("OPENAI_API_KEY", keys[0])
        .variable("GEMINI_API_KEY", keys[1]);

    let plan = infra.plan();
    plan.assert_no_problems();
    for local in ["docker_image:echomind/postgres:latest", "compose_project:echomind", "migration:echomind_db"] {
        assert_eq!(plan.resource(local)["action"], "create", "{}", plan.said);
    }
    let report = infra.apply();
    infra.plan().assert_empty("after apply");
    is_mindful(&host);

    // Emails go through both: the database keeps them, the cache queues them, the worker gives them vectors.
    let post = "curl -fsS -X POST http://localhost:8080/api/v1/emails -d";
    host.check(&format!(
        "{post} '{{\"user\": 1, \"subject\": \"hello\"}}' && {post} '{{\"user\": 1, \"subject\": \"other\"}}'"
    ));
    let analyzed = "curl -fsS 'http://localhost:8080/api/v1/emails?user=1' | grep -o '\"analyzed\": true' | wc -l";
    wait_for(&host, analyzed, "2");
    assert!(host.check("curl -fsS 'http://localhost:8080/api/v1/search?like=hello'").starts_with(r#"["hello""#));

    // No secret is where anybody can see it: in containers' settings, argument lists, plans or reports.
    let credentials = host.check("sed 's/^[^=]*=//' /etc/echomind/credentials");
    let seen = host.check(
        "docker inspect $(docker ps -aq); cat /proc/[0-9]*/cmdline | tr '\\000' ' '; cat /opt/echomind/compose.yaml",
    );
    for secret in credentials.lines().chain(keys) {
        assert!(secret.len() >= 16 && !seen.contains(secret), "a secret is shown on the host");
        assert!(!plan.said.contains(secret) && !report.said.contains(secret), "a secret is in a plan or report");
    }

    // A backup of each, and both brought back.
    host.check("docker exec echomind-redis redis-cli SET keep me && systemctl start echomind-redis-backup");
    host.check("systemctl start infra-backup-echomind-database");
    host.check("docker exec echomind-redis redis-cli FLUSHALL && docker exec echomind-postgres psql -q -U echomind -d echomind_db -c 'DELETE FROM emails'");
    host.check("/usr/local/lib/echomind/redis-backup restore /backup/echomind/echomind-redis-*.rdb.gz");
    host.check(
        "infra-backup-echomind-database restore $(cd /backup/echomind && ls echomind-database-*.sql.gz | head -n 1)",
    );
    assert_eq!(host.check("docker exec echomind-redis redis-cli GET keep"), "me\n");
    wait_for(&host, analyzed, "2");
    infra.plan().assert_empty("after the restore");

    break_and_mend(&host, &infra, "echomind");

    // Without its server nothing can be said of migrations: that is no error, as the plan starts the server.
    host.check("docker rm -f echomind-postgres");
    let plan = infra.plan();
    plan.assert_no_problems();
    assert!(plan.said.contains("postgres: no container → create"), "{}", plan.said);
    infra.apply();
    infra.plan().assert_empty("after the database's container was removed");
    wait_for(&host, analyzed, "2");

    host.reboot();
    host.check("systemctl is-system-running --wait || true");
    infra.apply().assert_applied(&[], "a reboot");
    infra.plan().assert_empty("after a reboot");
    is_mindful(&host);
    wait_for(&host, analyzed, "2");
    assert_eq!(host.check("docker exec echomind-redis redis-cli GET keep"), "me\n");

    // A value that two services read restarts those two.
    let started = "docker inspect -f '{{.Name}} {{.State.StartedAt}}' $(docker ps -aq) | sort";
    let before = host.check(started);
    let changed = infra.variable("INFRA_VAR_jwt_hours", "72");
    changed.apply().assert_applied(
        &["file:/opt/echomind/config/config.yaml".into(), "compose_project:echomind".into()],
        "another value",
    );
    let after = host.check(started);
    let others: Vec<&str> =
        before.lines().filter(|line| !after.contains(line)).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(others, ["/echomind-backend", "/echomind-worker"]);
    changed.plan().assert_empty("after another value");
    commands_run_inside(&host);
}

/// A guarded command in a container runs once.
#[track_caller]
fn commands_run_inside(host: &LabHost) {
    let folder = tempfile::tempdir().unwrap();
    let spec = r#"
infra: 1
name: inside
hosts: { app1: {} }
commands:
  comment:
    in: compose_project:echomind/postgres
    as: postgres
    run: psql -q -U echomind -d echomind_db -c "COMMENT ON TABLE emails IS '$NOTE'"
    unless: psql -U echomind -d echomind_db -Atc "SELECT obj_description('emails'::regclass)" | grep -qx "$NOTE"
    environment: { NOTE: written inside }
"#;
    std::fs::write(folder.path().join("infra.yaml"), spec).unwrap();
    let infra = Infra::new(folder.path(), &host.inventory());
    infra.apply().assert_applied(&["command:comment".into()], "a command in a container");
    infra.plan().assert_empty("after a command in a container");
}

/// Asks what EchoMind's guide asks.
#[track_caller]
fn is_mindful(host: &LabHost) {
    host.check("docker exec echomind-postgres pg_isready");
    host.check("docker exec echomind-postgres psql -U echomind -d echomind_db -c 'SELECT 1;'");
    assert!(host.check("curl -fsS http://localhost:8080/health").contains(r#""status": "healthy""#));
    assert!(host.check("curl -fsS http://localhost:3000").contains("EchoMind"));
    let indexes = host.check("docker exec echomind-postgres psql -U echomind -d echomind_db -Atc '\\di'");
    assert!(indexes.contains("idx_email_user") && indexes.contains("idx_embedding_vector"), "{indexes}");
    assert!(host.check("docker exec echomind-redis redis-cli CONFIG GET maxmemory-policy").contains("allkeys-lru"));
    assert!(host.check("docker exec echomind-redis redis-cli CONFIG GET appendonly").contains("yes"));
    assert!(host.check("docker volume ls && docker network ls").contains("echomind_postgres_data"));
    host.check("systemctl is-active echomind-watch echomind-redis-backup.timer infra-backup-echomind-database.timer");
}
