//! What containers are made of, and what they run with, is what the spec says now: images, environments, networks, and what they
//! are handed.

use std::path::Path;
use std::time::Duration;

use crate::support;
use crate::support::infra::{Infra, Report};
use crate::support::lab::LabHost;

fn infra(host: &LabHost) -> Infra {
    Infra::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/containers"), &host.inventory())
}

/// Returns what was made of containers since a time, by service.
fn made_since(host: &LabHost, since: &str) -> String {
    let made = host.check(&format!(
        "docker events --since {since} --until $(($(date +%s) + 1)) --filter type=container --filter event=create \
        --format '{{{{index .Actor.Attributes \"com.docker.compose.service\"}}}}' | sort"
    ));
    made.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn in_service(host: &LabHost, service: &str, command: &str) -> String {
    host.check(&format!(
        "docker exec $(docker ps --quiet --filter label=com.docker.compose.service={service}) /bin/busybox {command}"
    ))
}

/// Applies what the plan must name; nothing of it may need a second time.
fn apply(infra: &Infra, names: &[&str], when: &str) -> Report {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    infra.plan().assert_names(&names, when);
    let report = infra.apply();
    assert!(!report.said.contains("applied again"), "{when}: {}", report.said);
    infra.plan().assert_empty(&format!("after: {when}"));
    report
}

/// While Docker is set up, images are built and a project comes up.
#[test]
fn what_is_cut_off_again_and_again_goes_on() {
    let host = LabHost::boot_for_containers("containers-cut", support::release());
    let infra = infra(&host);
    for milliseconds in [500, 1_500, 3_000, 800, 5_000, 300, 2_000] {
        infra.apply_cut_in(&host, 1, Duration::from_millis(milliseconds));
    }
    infra.apply();
    infra.plan().assert_empty("after an apply that followed others that were cut off");
    assert_eq!(in_service(&host, "web", "cat /word"), "one\n");
    // A build that is cut off while it runs, and a project that waits for it.
    let slow = infra.variable("INFRA_VAR_word", "slow").variable("INFRA_VAR_pause", "3");
    for step in [2, 3] {
        slow.apply_cut_in(&host, step, Duration::from_secs(1));
    }
    slow.apply();
    slow.plan().assert_empty("after a build that was cut off");
    assert_eq!(in_service(&host, "web", "cat /word"), "slow\n");
    let left = host.check("docker ps --all --quiet --filter status=created --filter status=exited");
    assert_eq!(left, "", "containers are left over");
}

#[test]
fn what_containers_are_made_of_is_what_the_spec_says_now() {
    let release = support::release();
    let host = LabHost::boot_for_containers("containers", release);
    let first = infra(&host);
    first.plan().assert_no_problems();
    let report = first.apply();
    assert!(!report.said.contains("applied again"), "{}", report.said);
    first.plan().assert_empty("after the first apply");
    assert_eq!(in_service(&host, "web", "cat /word"), "one\n");
    assert_eq!(in_service(&host, "job", "cat /at"), "started\n");
    let has_contents = release == infra::lab::Release::Trixie;

    // What the image is built from and what the container's environment is change together: it is made anew once.
    let now = || host.check("date +%s").trim().to_string();
    let since = now();
    let second = first.variable("INFRA_VAR_word", "two");
    let mut names =
        vec!["file:/opt/shop/web/word", "file:/opt/shop/web.env", "docker_image:shop/web:1", "compose_project:shop"];
    names.extend(has_contents.then_some("compose_project:handed"));
    apply(&second, &names, "another word");
    assert_eq!(in_service(&host, "web", "cat /word"), "two\n");
    assert_eq!(in_service(&host, "web", "env | /bin/busybox grep WORD").trim(), "WORD=two");
    let made = made_since(&host, &since);
    assert_eq!(made.matches("web").count(), 1, "{made}");
    if has_contents {
        assert_eq!(in_service(&host, "reader", "cat /page"), "two\n");
        assert_eq!((made.matches("reader").count(), made.matches("other").count()), (1, 0), "{made}");
    }

    let third = second.variable("INFRA_VAR_subnet", "10.215.2.0/24");
    apply(&third, &["compose_project:shop"], "another subnet");
    assert!(in_service(&host, "web", "ip addr show eth0").contains("10.215.2."));

    if has_contents {
        let since = now();
        let fourth = third.variable("INFRA_VAR_token", "second");
        apply(&fourth, &["compose_project:handed"], "another secret in a variable");
        assert_eq!(in_service(&host, "reader", "cat /run/secrets/token"), "second");
        assert_eq!(made_since(&host, &since), "reader");
        // Who makes it anew by hand, with another secret, is seen.
        host.check("cd /opt/handed && TOKEN=third docker compose -p handed up --detach --force-recreate reader");
        apply(&fourth, &["compose_project:handed"], "made by hand with another secret");
        assert_eq!(in_service(&host, "reader", "cat /run/secrets/token"), "second");
    }
}
