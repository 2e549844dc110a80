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

#[test]
fn a_file_that_is_written_anew_keeps_its_access_control_list() {
    let host = LabHost::boot("effects-lists", support::release());
    host.check(
        "apt-get install -y -qq acl attr >/dev/null
        mkdir -p /acl/tree /acl/giving && cd /acl && for name in f narrow s.env b 'with space' keys tree/app.conf /etc/systemd/system/acl.service; do
            echo A=1 >\"$name\" && chgrp www-data \"$name\" && chmod 640 \"$name\" && setfacl -m u:daemon:rw \"$name\" || exit
        done
        setfattr -n user.note -v kept f && setfattr -n user.note -v kept b
        echo A=1 >giving/plain && chmod 640 giving/plain && setfacl -d -m u:daemon:rwx giving
        mkdir -p theirs/old && setfacl -R -d -m u:daemon:rw theirs && chown -R www-data theirs
        for name in kept.env aim.env; do
            echo A=1 >$name && chown www-data $name && chmod 640 $name && setfacl -m u:daemon:r $name || exit
        done
        ln -s aim.env linked.env
        touch theirs/plain && chmod 640 theirs/plain && echo A=1 >theirs/kept.env && chown www-data theirs/kept.env && chmod 640 theirs/kept.env",
    );
    let lists = |name: &str| host.check(&format!("getfacl -pcE '{name}' | tr '\\n' ' '"));
    let spec = infra(&host, "lists");
    let report = spec.apply();
    let kept = "user::rw- user:daemon:rw- group::r-- mask::rw- other::---  ";
    for name in ["f", "s.env", "b", "with space", "tree/app.conf", "keys"] {
        assert_eq!(lists(&format!("/acl/{name}")), kept, "{name}: {}", report.said);
        assert!(host.check(&format!("cat '/acl/{name}'")).len() > 3, "{name}");
    }
    // The mode is what the list grants at most.
    let narrow = "user::rw- user:daemon:rw- group::r-- mask::r-- other::---  ";
    assert_eq!(lists("/acl/narrow"), narrow, "{}", report.said);
    assert!(
        lists("/etc/systemd/system/acl.service").contains("user:daemon:rw- group::r-- mask::r-- other::r--"),
        "{}",
        report.said
    );
    assert_eq!(lists("/acl/giving/plain"), "user::rw- group::r-- other::---  ", "{}", report.said);
    // As where a program opens it there.
    let given = lists("/acl/theirs/plain");
    assert!(given.contains("user:daemon:rw- ") && given.contains("mask::r--"), "{given}");
    for name in ["f", "s.env", "tree/app.conf", "old/app.conf"] {
        assert_eq!(lists(&format!("/acl/theirs/{name}")), given, "{name}: {}", report.said);
    }
    assert!(lists("/acl/theirs/b").contains("user:daemon:rw- "), "{}", report.said);
    // What a secret is kept in stays whose it is.
    for name in ["kept.env", "aim.env"] {
        let list = "user::rw- user:daemon:r-- group::r-- mask::r-- other::---  ";
        assert_eq!(lists(&format!("/acl/{name}")), list, "{name}: {}", report.said);
    }
    let owners = host.check("cd /acl && stat -c '%n %U %a' kept.env aim.env theirs/kept.env && readlink linked.env");
    assert_eq!(owners, "kept.env www-data 640\naim.env www-data 640\ntheirs/kept.env www-data 640\naim.env\n");
    host.check(
        "cd /acl && grep -q '^NEW=..' kept.env && grep -q '^NEW=..' aim.env && grep -q '^NEW=..' theirs/kept.env",
    );
    host.check("getfattr --only-values -n user.note /acl/f | grep -x kept");
    host.check("! su www-data -s /bin/sh -c 'echo x >>/acl/s.env' && su daemon -s /bin/sh -c 'echo B=1 >>/acl/s.env'");
    spec.plan().assert_empty("after the files were written");

    // Without the tools for lists; what copies them is there. What a folder gives, cp of Debian 13 cannot take away.
    host.check("setfacl -k /acl/giving && mkdir /aside && mv $(command -v getfacl) $(command -v setfacl) $(command -v getfattr) /aside/");
    let next = infra(&host, "lists").environment("next");
    let report = next.apply();
    host.check("mv /aside/* /usr/bin/ && grep -q 3 /acl/f /acl/narrow /acl/s.env /acl/b '/acl/with space'");
    for name in ["f", "s.env", "b", "with space"] {
        assert_eq!(lists(&format!("/acl/{name}")), kept, "{name}: {}", report.said);
    }
    assert_eq!(lists("/acl/narrow"), narrow, "{}", report.said);
    next.plan().assert_empty("after they were written without the tools");
}

#[test]
fn a_socket_is_restarted_though_the_service_runs_that_it_starts() {
    let host = LabHost::boot("effects-sockets", support::release());
    let with = |name: &str| infra(&host, "sockets").environment(name);
    let is_up = |ports: [u16; 2], said: &str| {
        assert_eq!(
            host.check("systemctl is-active sk.socket sk by-name.socket behind || true"),
            "active\nactive\nactive\nactive\n",
            "{said}"
        );
        for port in ports {
            host.check(&format!("bash -c '</dev/tcp/127.0.0.1/{port}'"));
        }
    };
    let spec = infra(&host, "sockets");
    let report = spec.apply();
    is_up([7090, 7190], &report.said);
    spec.plan().assert_empty("after the first apply");

    let runs = host.check("systemctl show --value -p InvocationID sk behind");
    let report = with("moved").apply();
    is_up([7091, 7191], &report.said);
    assert!(report.json["plan"].to_string().contains("stops the service behind it meanwhile"), "{}", report.said);
    assert_ne!(host.check("systemctl show --value -p InvocationID sk behind"), runs);
    with("moved").plan().assert_empty("after the sockets moved");

    // What was stopped by hand; its service goes on.
    host.check("systemctl stop sk.socket by-name.socket 2>/dev/null; systemctl is-active sk behind");
    let report = with("moved").apply();
    is_up([7091, 7191], &report.said);

    // One that cannot listen says so, and its service goes on; the next apply mends it.
    let report = with("taken").try_apply();
    assert!(report.outcomes("failed").contains("service:sk.socket"), "{}", report.said);
    assert_eq!(host.check("systemctl is-active sk"), "active\n", "{}", report.said);
    with("taken").plan().assert_names(&["service:sk.socket".into()], "after it failed");
    let report = with("moved").apply();
    is_up([7091, 7191], &report.said);
    with("moved").plan().assert_empty("after it was mended");
}
