//! Every need is an edge, and every owed restart is kept: on a host, one spec after another.

use std::path::Path;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::LabHost;

fn infra(host: &LabHost, spec: &str) -> Infra {
    Infra::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/edges").join(spec), &host.inventory())
}

#[test]
fn what_waits_for_several_gets_all_in_one_apply() {
    let host = LabHost::boot("edges", support::release());
    two_secrets_in_one_value(&host);
    requirement_after_packages(&host);
    ignored_changes(&host);
    restart_of_what_a_package_starts(&host);
    json_secrets_in_two_steps(&host);
    what_is_kept_beside_a_secret(&host);
    packages_that_swap(&host);
    what_lies_on_a_mount_and_comes_from_a_list(&host);
}

fn two_secrets_in_one_value(host: &LabHost) {
    let infra = infra(host, "two-secrets");
    let file = infra.option("--target").option("file:/etc/two.conf");
    file.apply();
    host.check(". /etc/two/cred && grep -qx \"login $A password $B\" /etc/two.conf && ! command -v tree");
    host.check("rm -r /etc/two /etc/two.conf");
    infra.apply();
    host.check(". /etc/two/cred && grep -qx \"login $A password $B\" /etc/two.conf && command -v tree");
    infra.plan().assert_empty("after two secrets of one value");
}

fn requirement_after_packages(host: &LabHost) {
    let infra = infra(host, "requirement");
    let plan = infra.plan();
    assert!(plan.success && plan.said.contains("looked at again after the packages"), "{}", plan.said);
    let report = infra.try_apply();
    assert!(!report.success, "{}", report.said);
    let said = "the host does not meet the requirement: the program jq is 1.";
    assert!(report.outcomes("failed").contains("requirement:new jq") && report.said.contains(said), "{}", report.said);
    for address in ["file:/srv/after-requirement", "command:also-after", "check:made"] {
        assert!(report.outcomes("skipped").contains(address), "{}", report.said);
    }
    host.check("command -v jq && ! test -e /srv/after-requirement && ! test -e /srv/also-after");
    host.check("apt-get purge -y -qq jq >/dev/null");
    let met = infra.option("--var").option("version=>=1.5");
    met.apply();
    met.plan().assert_empty("once a package had met the requirement");
}

fn ignored_changes(host: &LabHost) {
    let infra = infra(host, "ignored");
    infra.apply();
    host.check("grep -qx '1 2 \\* \\* \\* root /bin/true 1' /etc/cron.d/infra-nightly");
    host.check("chown nobody /srv/ignored && echo mine >/srv/ignored/file && chmod 0600 /etc/cron.d/infra-nightly");
    infra.option("--var").option("round=2").option("--var").option("mode=0750").apply();
    host.check("grep -qx '1 2 \\* \\* \\* root /bin/true 1' /etc/cron.d/infra-nightly");
    let look = "stat -c '%U %a' /srv/ignored; stat -c %a /srv/ignored/file /etc/cron.d/infra-nightly; cat /srv/ignored/file /srv/after";
    assert_eq!(host.check(look), "nobody 750\n750\n644\nmine\n2");
}

fn restart_of_what_a_package_starts(host: &LabHost) {
    let owed = || host.check("cat /var/lib/infra/owed/* 2>/dev/null || true");
    let infra = infra(host, "owed");
    let report = infra.try_apply();
    assert!(report.outcomes("failed").contains("command:migrate"), "{}", report.said);
    host.check("ps -o args= -C memcached | grep -q -- '-m 64'");
    assert!(owed().contains("service:memcached"), "{}{}", owed(), report.said);
    host.check("touch /srv/ready");
    let plan = infra.plan();
    assert!(plan.said.contains("owed since an earlier run"), "{}", plan.said);
    let report = infra.apply();
    host.check("ps -o args= -C memcached | grep -q -- '-m 77'");
    assert_eq!(owed(), "", "{}", report.said);
    infra.plan().assert_empty("once the restart was made up for");
}

fn json_secrets_in_two_steps(host: &LabHost) {
    let infra = infra(host, "json-secrets");
    infra.apply();
    host.check(
        "grep -q '\"a\": *\"' /etc/nine/s.json && grep -q '\"b\": *\"' /etc/nine/s.json && grep -q 4 /etc/nine/s.json",
    );
    host.check("grep -q '# one' /etc/nine/ini && grep -qx 'two = 2' /etc/nine/ini");
    infra.plan().assert_empty("after two secrets of one file");
}

fn what_is_kept_beside_a_secret(host: &LabHost) {
    let infra = infra(host, "secret-file");
    let report = infra.apply();
    let kept = "grep -qxE 'PASSWORD=.{20}' /etc/ten/env && grep -qx 'PORT=8001' /etc/ten/env && grep -qx '# of the application' /etc/ten/env";
    host.check(kept);
    let owned = "grep -qxE 'PASSWORD=.{20}' /etc/ten/owned && stat -c '%U %a' /etc/ten/owned";
    assert_eq!(host.check(owned), "kept10 400\n");
    host.check("systemctl is-active ten && ! systemctl show -p NRestarts ten | grep -v =0");
    assert!(!report.said.contains("applied again"), "{}", report.said);
    infra.plan().assert_empty("after what is kept beside a secret");
    infra.option("--var").option("port=8002").apply();
    host.check("grep -qx 'PORT=8002' /etc/ten/env && systemctl is-active ten");
}

fn packages_that_swap(host: &LabHost) {
    host.check("apt-get install -y -qq busybox >/dev/null");
    let there = "dpkg-query -W -f '${db:Status-Abbrev}${Package}\\n' 'busybox*' | sed -n 's/^ii *//p'";
    let next = infra(host, "swap");
    next.apply();
    assert_eq!(host.check(there), "busybox-static\n");
    next.plan().assert_empty("after a swap of packages");
    let back = infra(host, "swap").option("--var").option("back=true");
    back.apply();
    assert_eq!(host.check(there), "busybox\n");
    back.plan().assert_empty("after a swap in an order that the spec gives");
}

fn what_lies_on_a_mount_and_comes_from_a_list(host: &LabHost) {
    host.check(
        "mkdir -p /srv/repo/from-local/DEBIAN && cd /srv/repo &&
        printf 'Package: from-local\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@localhost>\\nDescription: x\\n' >from-local/DEBIAN/control &&
        dpkg-deb --build from-local from-local.deb >/dev/null &&
        { cat from-local/DEBIAN/control; echo Filename: ./from-local.deb; echo Size: $(stat -c %s from-local.deb);
          echo SHA256: $(sha256sum from-local.deb | cut -d ' ' -f 1); } >Packages
        for name in 1 2; do
            printf '[Service]\\nExecStart=/bin/sh -c \"echo said by %s; exit 7\"\\n' $name >/etc/systemd/system/broken-$name.service
        done; systemctl daemon-reload",
    );
    let infra = infra(host, "mounted");
    infra.plan().assert_no_problems();
    infra.apply();
    host.check("findmnt /srv/data && test -e /srv/data/in/file && dpkg-query -s from-local >/dev/null");
    infra.plan().assert_empty("after a mount and a list of packages");
    // Of several services that fail in one step, each says its own.
    let report = infra.option("--var").option("broken=true").try_apply();
    assert_eq!(report.outcomes("failed").len(), 2, "{}", report.said);
    for resource in report.json["report"]["resources"].as_array().expect("a report has resources") {
        let Some(message) = resource["failure"]["message"].as_str() else { continue };
        let own = &resource["address"].as_str().expect("it has an address")["app1/service:broken-".len()..];
        let other = if own == "1" { "2" } else { "1" };
        assert!(
            message.contains(&format!("said by {own}")) && !message.contains(&format!("said by {other}")),
            "{resource}"
        );
    }
}
