//! Certificates over their lives: ordered through the site that names them, near their end, for other names, from another
//! server, refused, and from a server that is down; provided ones; and what the host's own timer does.
//!
//! The ACME server is Debian's Pebble, on the host itself; the spec is that of the kind `acme_order`.
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support;
use crate::support::infra::{Infra, Report};
use crate::support::lab::{LabHost, text};

const DIR: &str = "/etc/nginx/ssl/app.test";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// Looks at the certificate that nginx serves, not at a file.
fn served(host: &LabHost) -> String {
    host.check(
        "openssl s_client -connect 127.0.0.1:443 -servername app.test </dev/null 2>/dev/null |
         openssl x509 -noout -issuer -serial -ext subjectAltName",
    )
}

/// The ACME server keeps accounts in memory; certbot takes theirs for lasting.
fn forget_account(host: &LabHost) {
    host.check("rm -rf /etc/letsencrypt/accounts");
}

#[track_caller]
fn assert_old_one_stays(host: &LabHost, before: &str, report: &Report, reason: &str) {
    assert!(!report.success, "an order that cannot succeed did");
    assert_eq!(report.outcomes("failed"), ["acme_order:app.test".to_string()].into(), "{}", report.said);
    let said = format!("{}{}", report.said, report.json);
    assert!(said.contains("the one that was there stays in use"), "{said}");
    assert!(said.contains(reason), "certbot's reason is missing: {reason}\n{said}");
    assert_eq!(served(host), before, "another certificate is served");
}

#[test]
fn a_certificate_is_ordered_renewed_extended_and_moved() {
    let mut host = LabHost::boot("certs", support::release());
    let spec = Infra::new(&folder("kinds/acme_order"), &host.inventory());
    let short = spec.option("--var").option("validity=172800").option("--var").option("renew_before=1d");

    // From bare: nginx starts with a temporary certificate, and serves the ordered one in the end.
    let plan = short.plan();
    plan.assert_no_problems();
    let reasons = plan.resource("cert:app.test")["reasons"].to_string();
    assert!(reasons.contains("temporary, then ACME certificate for app.test, www.app.test"), "{reasons}");
    short.apply();
    short.plan().assert_empty("after the first order");
    let first = served(&host);
    assert!(first.contains("Pebble"), "{first}");
    host.reboot();
    short.plan().assert_empty("after a reboot");
    assert_eq!(served(&host), first);

    // Near its end: two days are less than 30. The server is another one then, as what it issues is valid for longer.
    forget_account(&host);
    let plan = spec.plan();
    let change = plan.resource("acme_order:app.test")["before"]["valid_for"].to_string();
    assert!(change.contains("hours") || change.contains("1 days"), "{change}");
    spec.apply();
    spec.plan().assert_empty("after a renewal");
    let renewed = served(&host);
    assert_ne!(renewed, first);

    // What cannot be had leaves what there is, with certbot's reason.
    assert_old_one_stays(&host, &renewed, &spec.environment("refused").try_apply(), "nowhere.test");
    assert_old_one_stays(&host, &renewed, &spec.environment("down").try_apply(), "Connection refused");
    spec.plan().assert_empty("after orders that failed");

    // Another name, then another issuer.
    let added = spec.environment("added");
    added.plan().assert_names(&["acme_order:app.test".into()], "a domain is added");
    added.apply();
    added.plan().assert_empty("after a domain was added");
    assert!(served(&host).contains("DNS:api.app.test"), "{}", served(&host));
    let moved = spec.environment("moved");
    moved.plan().assert_names(&["acme_order:app.test".into()], "the issuer is another one");
    moved.apply();
    moved.plan().assert_empty("after the issuer has changed");

    // The host renews by itself: what is due now is another one after its timer's program has run, and in use.
    let before = served(&host);
    host.check("systemctl start infra-certs.service");
    assert_eq!(served(&host), before, "renewed though it is not due");
    host.check("sed -i 's/^renew_before .*/renew_before 31536000/' /etc/infra/certs/app.test.conf");
    host.check("systemctl start infra-certs.service || { journalctl -u infra-certs; false; }");
    assert_ne!(served(&host), before, "not renewed though it is due");
    let lists = host.check("systemctl list-timers --all infra-certs.timer");
    assert!(lists.contains("infra-certs.service"), "{lists}");
    // Nobody renews any more.
    host.check("systemctl disable --now infra-certs.timer && rm /usr/local/lib/infra/certs");
    let plan = moved.plan();
    let renewal = plan.resource("cert:acme-authority")["before"].to_string();
    assert_eq!(plan.resource("cert:acme-authority")["action"], "update", "{renewal}");
    moved.apply();
    moved.plan().assert_empty("after the timer is back");
    assert_eq!(host.check(&format!("ls -A {DIR} | grep -c set-")).trim(), "1", "old sets are left");
}

/// Makes a self-signed certificate; returns certificate and key.
fn pair(name: &str) -> (String, String) {
    let folder = tempfile::TempDir::new().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"])
        .args(["-subj", &format!("/CN={name}"), "-addext", &format!("subjectAltName=DNS:{name}")])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl starts");
    assert!(made.status.success(), "{}", text(&made.stderr));
    let read = |path: &Path| String::from_utf8(std::fs::read(path).unwrap()).unwrap();
    (read(&certificate), read(&key))
}

#[test]
fn a_provided_certificate_goes_live_only_with_its_key() {
    let host = LabHost::boot("certs-provided", support::release());
    let with = |certificate: &str, key: &str| {
        let infra = Infra::new(&folder("certs"), &host.inventory());
        infra.variable("INFRA_TEST_CERTIFICATE", certificate).variable("INFRA_TEST_KEY", key)
    };
    let (certificate, key) = pair("given.test");
    let infra = with(&certificate, &key);
    infra.apply();
    infra.plan().assert_empty("after the first apply");
    assert_eq!(host.check("cat /srv/tls/fullchain.pem"), certificate);
    assert_eq!(host.check("cat /srv/tls/privkey.pem"), key);
    assert_eq!(host.check("stat -L -c '%U:%G %a' /srv/tls/privkey.pem").trim(), "root:root 640");

    // A key of another certificate never goes live.
    let (other, other_key) = pair("other.test");
    let report = with(&other, &key).try_apply();
    assert!(!report.success);
    let said = format!("{}{}", report.said, report.json);
    assert!(said.contains("the key does not match the certificate"), "{said}");
    assert!(!said.contains("PRIVATE KEY"), "{said}");
    assert_eq!(host.check("cat /srv/tls/fullchain.pem"), certificate);

    let infra = with(&other, &other_key);
    infra.apply();
    infra.plan().assert_empty("after another one was provided");
    assert_eq!(host.check("cat /srv/tls/privkey.pem"), other_key);
}
