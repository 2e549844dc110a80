//! What is promised is the effect of a setting, not the setting: what a host does in the end is looked at.

use std::path::Path;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::LabHost;

fn infra(host: &LabHost, spec: &str) -> Infra {
    Infra::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/effects").join(spec), &host.inventory())
}

/// Returns the links to a unit, in order.
fn links(host: &LabHost, unit: &str) -> Vec<String> {
    let found = host.check(&format!(
        "cd /etc/systemd/system && find . -type l '(' -name '{unit}' -o -lname '*/{unit}' ')' -printf '%P\\n' | sort"
    ));
    found.lines().map(String::from).collect()
}

#[test]
fn a_service_has_the_links_of_its_units_install_section_as_it_is_now() {
    let host = LabHost::boot("effects-links", support::release());
    let spec = infra(&host, "links");
    let report = spec.apply();
    assert_eq!(links(&host, "boot.service"), ["app.target.wants/boot.service", "boot-a.service"], "{}", report.said);
    assert_eq!(
        links(&host, "member@1.service"),
        ["member-1.target.wants/member@1.service", "multi-user.target.wants/member@1.service"]
    );
    assert!(links(&host, "apart.service").is_empty(), "the spec keeps it off");
    spec.plan().assert_empty("after the first apply");

    // Another target, and another name; in one run with the unit, for one that runs and one that does not.
    let with = |name: &str| infra(&host, "links").environment(name);
    let next = with("moved");
    let report = next.apply();
    assert_eq!(
        links(&host, "boot.service"),
        ["boot-b.service", "graphical.target.wants/boot.service", "multi-user.target.wants/boot.service"],
        "{}",
        report.said
    );
    assert_eq!(links(&host, "later.timer"), ["timers.target.requires/later.timer"], "{}", report.said);
    next.plan().assert_empty("after the links were made anew");

    // One target less: a link is left over. And others of them are gone.
    let last = with("fewer");
    host.check("cd /etc/systemd/system && rm multi-user.target.wants/linked.service *.wants/member@1.service");
    let plan = last.plan();
    plan.assert_names(
        &["unit:boot.service", "service:boot", "service:linked", "service:group"].map(String::from),
        "then",
    );
    last.apply();
    assert_eq!(links(&host, "boot.service"), ["multi-user.target.wants/boot.service"]);
    assert_eq!(links(&host, "linked.service"), ["linked.service", "multi-user.target.wants/linked.service"]);
    last.plan().assert_empty("after what was left over went");
}
