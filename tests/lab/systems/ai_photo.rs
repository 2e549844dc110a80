//! A public site under PM2 with a certificate of a real ACME server.

use std::path::{Path, PathBuf};

use super::driver::{break_and_mend, root, wait_for};
use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::LabHost;

/// Takes a bare host to the system, and keeps it there.
pub fn lives() {
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

    infra.apply_in_order_of_seed();
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
pub fn smaller(host: &LabHost, folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(host.inventory()).unwrap();
    let path = folder.join("inventory.yaml");
    std::fs::write(&path, format!("{text}\nrequirements:\n  cores: {{ cpus: 1 }}\n  memory: {{ memory: 1GB }}\n"))
        .unwrap();
    path
}

/// Hands over what somebody else made.
pub fn with_foreign_secrets(infra: Infra) -> Infra {
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
