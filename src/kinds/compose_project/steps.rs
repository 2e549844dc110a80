//! The step that brings a project to where it should be.

use std::time::Duration;

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::program::program;
use crate::model::{Lock, Step};
use crate::resource::Planned;
use crate::{row, rows};

use super::observed::Trouble;
use super::project::{ComposeProject, Desired, mode, path, text, with_environment};

/// Two projects may share networks and images, which Compose makes where they are missing.
const DOCKER: Lock = Lock("docker");

/// How long pulling and building may take.
const LIMIT: Duration = Duration::from_secs(30 * 60);

const APPLY: &str = program![
    BESIDE,
    include_str!("../shared/docker/connected.sh"),
    include_str!("compose.sh"),
    include_str!("apply.sh")
];

rows! {
    include_str!("apply.sh") => struct Brought {
        verb, project, dir, file, mode, content, options, services, profiles, limit, restart, renew, networks, handed, oneshot,
        owed; more
    }
}

/// Makes the step for one project.
pub fn step(at: usize, planned: &Planned<'_, ComposeProject>) -> Step {
    let resource = planned.resource;
    let desired = &resource.desired;
    let changes = |name: &str| planned.changes.iter().any(|change| change.attribute.starts_with(name));
    let mut options: Vec<&str> = Vec::new();
    let mut option = |name: &'static str, is_set: bool| options.extend(is_set.then_some(name));
    option("write", ["content", "mode", "owner", "group"].into_iter().any(changes));
    // An owed restart alone changes nothing else.
    option("stay", planned.changes.is_empty());
    option("owed", planned.owed.is_some());
    option("remove-orphans", desired.remove_orphans);
    option("remove-volumes", desired.remove_volumes);
    option("no-build", !desired.builds);
    option("pull-always", desired.pull == "always");
    option("pull-never", desired.pull == "never");
    let observed = planned.observed.found();
    let in_trouble = |is_meant: fn(&Trouble) -> bool| {
        let services = observed.into_iter().flat_map(|observed| &observed.services);
        let meant = services.filter(|found| found.trouble.as_ref().is_some_and(is_meant));
        meant.map(|found| found.name.as_str()).collect::<Vec<_>>().join("\n")
    };
    let networks = observed.into_iter().flat_map(|observed| &observed.networks);
    let networks: Vec<&str> = networks.map(|network| network.id.as_str()).collect();
    let handed: Vec<String> = desired.handed.iter().map(|(service, digest)| format!("{service} {digest}")).collect();
    let oneshot = desired.body.services.iter().filter(|service| service.is_oneshot);
    let oneshot: Vec<&str> = oneshot.map(|service| service.name.as_str()).collect();
    let owed: Vec<String> = desired.restart_on.iter().map(|(name, selectors)| owed(desired, name, selectors)).collect();
    let row = row![Brought {
        verb: if resource.is_absent() { "down" } else { "up" },
        project: resource.name(),
        dir: &desired.dir,
        file: path(desired),
        mode: mode(desired),
        content: text(desired.content.as_ref()),
        options: options.join("\n"),
        services: desired.body.services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>().join("\n"),
        profiles: desired.profiles.join(","),
        limit: desired.within.as_secs().max(1),
        restart: in_trouble(|trouble| matches!(trouble, Trouble::Ill | Trouble::Stale(_))),
        renew: in_trouble(|trouble| matches!(trouble, Trouble::Cut | Trouble::Handed)),
        networks: networks.join("\n"),
        handed: handed.join("\n"),
        oneshot: oneshot.join("\n"),
        owed: owed.join("\n"),
    }];
    let verb = match (resource.is_absent(), planned.changes.is_empty()) {
        (true, _) => "take down",
        (false, true) => "restart services of",
        (false, false) => "bring up",
    };
    let mut step = Step::new(APPLY, vec![at], format!("{verb} {}", resource.name()))
        .rows(vec![with_environment(row, desired)])
        .locks(&[DOCKER])
        .timeout(resource.timeout.unwrap_or(LIMIT) + desired.within);
    step.run_as = None;
    step
}

/// Says how a service is restarted when something it names changes: a `!` where what changes is no path that it mounts.
fn owed(desired: &Desired, name: &str, selectors: &[String]) -> String {
    let mounts = desired.body.service(name).map(|service| service.mounts.as_slice()).unwrap_or_default();
    let is_mounted = |selector: &String| {
        let path = selector.split_once(":/").map(|(_, path)| format!("/{path}"));
        let is_in = |path: &str, mount: &str| path == mount || path.starts_with(&format!("{mount}/"));
        path.is_some_and(|path| mounts.iter().any(|mount| is_in(&path, mount)))
    };
    if selectors.iter().all(is_mounted) { name.to_string() } else { format!("!{name}") }
}
