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
    let said = "the host does not meet the requirement: the program jq is 1.6";
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
