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
