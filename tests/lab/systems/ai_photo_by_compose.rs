//! The other way of the guide of [`crate::ai_photo`]: everything in containers, by an overlay of the same spec.

use super::ai_photo::{smaller, with_foreign_secrets};
use super::driver::{root, wait_for};
use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::LabHost;

/// Takes a bare host to the system, and keeps it there.
pub fn lives() {
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

    infra.apply_in_order_of_seed();
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
