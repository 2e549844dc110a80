//! Every kind on a real host: planned bare, applied, planned again, broken by hand, mended, rebooted, removed.
//!
//! The data is in `tests/data/kinds/NAME`: a spec, an overlay `env/remove.yaml`, and `breaks.yaml`. The release is
//! `INFRA_TEST_RELEASE` (bookworm where it is not set).

use std::path::{Path, PathBuf};

use crate::support;
use crate::support::infra::{Break, Infra};
use crate::support::lab::LabHost;

/// Makes one test for each kind, so that they run side by side and fail by themselves.
macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        const KINDS: &[&str] = &[$(stringify!($kind)),*];
        $(#[test] fn $kind() { lives(stringify!($kind)); })*
    };
}

kinds! {
    acme_order,
    authorized_key,
    backup,
    block,
    bucket,
    cert,
    check,
    command,
    compose_project,
    cron,
    database,
    database_user,
    dhparam,
    directory,
    download,
    file,
    firewall_rule,
    git_checkout,
    group,
    logrotate,
    migration,
    nginx_site,
    npm_package,
    npm_project,
    package,
    package_repository,
    pm2_app,
    python_env,
    requirement,
    secret,
    seed,
    service,
    setting,
    sudoers,
    symlink,
    sysctl,
    tree,
    unit,
    user,
}

/// Kinds whose hosts run containers.
const CONTAINERS: &[&str] = &["compose_project", "docker"];

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kinds").join(kind)
}

#[test]
fn every_kind_is_here() {
    let registered: Vec<&str> = infra::kinds::all().iter().map(|kind| kind.name()).collect();
    let mut here = [KINDS, OF_DOCKER].concat();
    here.sort_unstable();
    assert_eq!(registered, here, "tests/lab/kinds.rs lists what the registry holds");
}

/// Kinds that one test tries together: installing the engine takes longer than all the rest.
const OF_DOCKER: &[&str] = &["docker_engine", "docker_image", "docker_login", "docker_network", "docker_volume"];

#[test]
fn docker() {
    lives("docker");
}

/// The other backend of the kind needs a host of its own: Debian's packages for the two exclude each other.
#[test]
fn firewall_rule_by_iptables() {
    lives("firewall_rule_by_iptables");
}

/// Returns what the messages must say of what a host cannot take: all of `said.yaml`, where there is one.
fn said(kind: &str) -> Vec<String> {
    let path = folder(kind).join("said.yaml");
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
        Err(_) => Vec::new(),
    }
}

fn lives(kind: &str) {
    let mut host = match CONTAINERS.contains(&kind) {
        true => LabHost::boot_for_containers(kind, support::release()),
        false => LabHost::boot(kind, support::release()),
    };
    let infra = Infra::new(&folder(kind), &host.inventory());

    infra.plan().assert_no_problems();
    infra.apply();
    infra.plan().assert_empty("after apply");
    for broken in Break::read(&folder(kind).join("breaks.yaml")) {
        host.check(&broken.run);
        if !broken.refused.is_empty() {
            infra.plan().assert_refused(&broken.refused, &broken.name);
            assert!(!infra.try_apply().success, "apply goes on although the plan is refused");
            host.check(&broken.mend);
            infra.plan().assert_empty(&format!("after mending: {}", broken.name));
            continue;
        }
        infra.plan().assert_names(&broken.plan, &broken.name);
        infra.apply().assert_applied(&broken.plan, &broken.name);
        infra.plan().assert_empty(&format!("after mending: {}", broken.name));
    }
    if folder(kind).join("env/fails.yaml").exists() {
        let report = infra.environment("fails").try_apply();
        assert!(!report.success, "what the host cannot take was applied");
        for words in said(kind) {
            assert!(report.said.contains(&words), "a message does not say `{words}`:\n{}", report.said);
        }
        infra.plan().assert_empty("after what the host could not take");
    }
    host.reboot();
    infra.plan().assert_empty("after a reboot");
    if folder(kind).join("env/remove.yaml").exists() {
        let infra = infra.environment("remove");
        infra.apply();
        infra.plan().assert_empty("after removal");
    }
}
