//! `compose_project`: containers that Docker Compose runs together.

mod body;
mod file;
mod handed;
mod observed;
mod own;
mod project;
mod steps;
mod yaml;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::{Arg, Change, Changes, Content, Looking, OwedAction, Probe, ProbeOutput, Step, Value};
use crate::{row, rows};

use crate::kinds::shared::docker::{self, IMAGE, LOGIN, NETWORK, VOLUME};
use crate::kinds::shared::owned_file;
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Refusal, Resource, Shape, Space,
    Trigger, TriggerSource,
};

use body::{Around, Body, Service};
pub use observed::Observed;
use observed::{Found, OtherNetwork, Trouble};
use own::Own;
pub use project::{ComposeProject, Desired};
use project::{mode, path, text, with_environment};

/// A port of the host on which something listens.
const PORT: Space = Space("port");

/// Ports of servers that other resources know by their units.
const SERVERS: &[(u16, &str)] =
    &[(3306, "mysql.service"), (5432, "postgresql.service"), (6379, "redis-server.service")];

const PROBE: &str = concat!(include_str!("compose.sh"), include_str!("probe.sh"));

rows! {
    include_str!("probe.sh") => struct Looked after Looking {
        project, dir, content, env_files, contexts, profiles, handed, volumes; more
    }
}

impl Kind for ComposeProject {
    const KIND: &'static str = "compose_project";
    const SECTION: &'static str = "compose_projects";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required(
            "dir",
            Shape::Path,
            "The project's folder, which holds compose.yaml; it is made where it is missing.",
        ),
        Attribute::optional("file", Shape::Source, "A Compose file beside the spec."),
        Attribute::optional("template", Shape::Template, "A template beside the spec that renders the Compose file."),
        Attribute::optional(
            "services",
            Shape::Map(&Shape::Any),
            "The services, written in place as in a Compose file.",
        ),
        Attribute::optional("networks", Shape::Map(&Shape::Any), "Networks, beside `services`."),
        Attribute::optional("volumes", Shape::Map(&Shape::Any), "Volumes, beside `services`."),
        Attribute::optional("configs", Shape::Map(&Shape::Any), "Configs, beside `services`."),
        Attribute::optional("secrets", Shape::Map(&Shape::Any), "Compose's own secrets, beside `services`."),
        Attribute::optional(
            "env",
            Shape::Map(&Shape::Scalar),
            "Variables that the file may name (`${NAME}`); values may be secret.",
        ),
        Attribute::optional("profiles", Shape::List(&Shape::Text), "Profiles whose services run too."),
        Attribute::optional(
            "oneshot",
            Shape::List(&Shape::Text),
            "Services that do their work and end; known where another waits for `service_completed_successfully`.",
        ),
        Attribute::default(
            "pull",
            Shape::OneOf(&["missing", "always", "never"]),
            "missing",
            "Which images are pulled when the project is changed.",
        ),
        Attribute::default(
            "build",
            Shape::OneOf(&["missing", "never"]),
            "missing",
            "Whether images with `build` are built where they are missing.",
        ),
        Attribute::default(
            "remove_orphans",
            Shape::Bool,
            "false",
            "Removes containers of services that the file does not have.",
        ),
        Attribute::default(
            "remove_volumes",
            Shape::Bool,
            "false",
            "Removes the project's volumes too when the project goes.",
        ),
        Attribute::optional(
            "restart_on",
            Shape::Map(&Shape::Selectors),
            "For a service, what restarts it when it changes, beyond the files that it mounts.",
        ),
        Attribute::default(
            "within",
            Shape::Duration,
            "2m",
            "How long services may take until they run and are healthy.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "Containers that Docker Compose runs together.",
        name: "The project's name: lower-case letters, digits, `-` and `_`.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const SHOWN_AS: &'static [(&'static str, &'static str)] = &[
        ("file", "content"),
        ("template", "content"),
        ("services", "content"),
        ("networks", "content"),
        ("volumes", "content"),
        ("configs", "content"),
        ("secrets", "content"),
    ];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name = fields.name();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        if !name.chars().all(is_name) || !name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()) {
            let message = format!("`{name}` is not a name that Compose takes for a project");
            fields.error("name", message, "use lower-case letters, digits, `-` and `_`, a letter or digit first");
        }
        let env = fields.environment("env");
        let dir = fields.text("dir").unwrap_or_default();
        let profiles = fields.texts("profiles");
        let oneshot = fields.texts("oneshot");
        let (content, json) = file::content(fields);
        let around = Around { dir: &dir, env: &env, profiles: &profiles, oneshot: &oneshot };
        let json = json.unwrap_or_default();
        let body = Body::read(&json, around);
        let own = Own::read(&json, around);
        let handed = match content.as_ref().and_then(Content::text) {
            Some(text) if !fields.is_unknown("env") => file::read(text).map(|file| handed::digests(&file, &env)),
            _ => Ok(Vec::new()),
        };
        let restart_on = restart_on(fields);
        if content.is_some() && !fields.is_unknown("services") {
            let named = restart_on.iter().map(|(name, _)| ("restart_on", name));
            for (attribute, name) in named.chain(oneshot.iter().map(|name| ("oneshot", name))) {
                if body.service(name).is_none() {
                    fields.error(
                        attribute,
                        format!("the Compose file has no service `{name}`"),
                        "name one that it has",
                    );
                }
            }
        }
        Desired {
            content: content.filter(|_| !fields.is_absent()),
            body,
            own,
            env,
            // That a file is no YAML was said.
            handed: handed.unwrap_or_default(),
            env_is_unknown: fields.is_unknown("env"),
            pull: fields.text("pull").unwrap_or_default(),
            builds: fields.text("build").as_deref() != Some("never"),
            remove_orphans: fields.bool("remove_orphans").unwrap_or_default(),
            remove_volumes: fields.bool("remove_volumes").unwrap_or_default() && fields.is_absent(),
            within: fields.duration("within").unwrap_or(Duration::from_secs(120)),
            dir,
            profiles,
            restart_on,
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let desired = &resource.desired;
        let path = path(desired);
        let claims = Claims::new()
            .provides(Space::PATH, &path)
            .provides(Space::CONTENT, &path)
            .provides(Space("compose project"), resource.name());
        let mut claims =
            docker::asks_engine(claims, resource.run_as.as_ref()).requires(Space::PROGRAM, "docker-compose");
        // What goes does not look at what it used, and goes before that.
        let uses = |claims: Claims, space, name: &String| match resource.is_absent() {
            true => claims.requires(space, name),
            false => claims.reads(space, name),
        };
        for service in &desired.body.services {
            claims = claims.provides(Space("compose service"), format!("{}/{}", resource.name(), service.name));
            for (port, inside) in &service.ports {
                claims = claims.provides(PORT, port.to_string());
                // What is asked of the host's own server goes to this one.
                if let Some((_, unit)) = SERVERS.iter().find(|(known, _)| known == inside) {
                    claims = claims.provides(Space::SERVICE, *unit);
                }
            }
            // Several services of one image read it once.
            let read = |claim: &Claim| claim.space == IMAGE && Some(&claim.name) == service.image.as_ref();
            if let Some(image) = service.image.as_ref().filter(|_| !claims.requires.iter().any(read)) {
                let login = docker::registry(image).unwrap_or("docker.io");
                claims = uses(claims, IMAGE, image).requires(LOGIN, login);
            }
            for file in &service.env_files {
                claims = uses(claims, Space::PATH, file);
            }
            for path in service.mounts.iter().chain(&service.context) {
                claims = claims.requires(Space::PATH, path).follows(Space::BELOW, path);
            }
            if service.context.is_some() {
                claims = claims.follows(LOGIN, "");
            }
        }
        let claims = if resource.is_absent() { claims } else { claims.makes_folder(&desired.dir, "0755") };
        let claims = desired.body.files.iter().fold(claims, |claims, path| claims.requires(Space::PATH, path));
        let claims = desired.body.networks.iter().fold(claims, |claims, name| claims.requires(NETWORK, name));
        desired.body.volumes.iter().fold(claims, |claims, name| claims.requires(VOLUME, name))
    }

    fn triggers(resource: &Resource<Desired>) -> Vec<Trigger> {
        let desired = &resource.desired;
        let restart = |source| Trigger { source, action: OwedAction::Restart };
        let mounts = desired.body.services.iter().flat_map(|service| &service.mounts).chain(&desired.body.files);
        let mounts: BTreeSet<&String> = mounts.collect();
        let mounts = mounts.into_iter().map(|path| restart(TriggerSource::Provider(Claim::new(Space::CONTENT, path))));
        let named = desired.restart_on.iter().flat_map(|(_, selectors)| selectors);
        mounts.chain(named.map(|selector| restart(TriggerSource::Selector(selector.clone())))).collect()
    }

    fn owed_applies(resource: &Resource<Desired>, observed: &Observation<Observed>) -> bool {
        let runs = |found: &Found| !matches!(found.trouble, Some(Trouble::Missing | Trouble::Stopped));
        !resource.is_absent()
            && matches!(observed, Observation::Present(observed) if observed.services.iter().any(runs))
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let row = |resource: &&Resource<Desired>| {
            let desired = &resource.desired;
            let mut row = owned_file::row(&path(desired), desired.content.as_ref());
            let services = &desired.body.services;
            let env_files = services.iter().flat_map(|service| service.env_files.clone());
            let contexts = services.iter().filter_map(|service| service.context.clone());
            let handed = desired.handed.iter().map(|(service, _)| service.as_str());
            row.extend(row![Looked {
                project: resource.name(),
                dir: &desired.dir,
                content: text(desired.content.as_ref()),
                env_files: env_files.collect::<Vec<_>>().join("\n"),
                contexts: contexts.collect::<Vec<_>>().join("\n"),
                profiles: desired.profiles.join(","),
                handed: handed.collect::<Vec<_>>().join("\n"),
                volumes: desired.remove_volumes || desired.own.has_volumes(),
            }]);
            with_environment(row, desired)
        };
        let mut probe = Probe::new(PROBE, all.iter().map(row).collect());
        probe.timeout = Duration::from_secs(60 + 10 * all.len() as u64);
        probe
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let contents: Vec<Option<&Content>> = all.iter().map(|resource| resource.desired.content.as_ref()).collect();
        let files = owned_file::observations(output, &contents);
        let (told, images) = observed::tell(output, all.len());
        let rows = all.iter().zip(files).zip(told);
        rows.map(|((resource, file), told)| told.observation(resource, file, &images, output)).collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = Vec::new();
        if let Some(file) = &observed.file {
            attributes.push(("content", file.content.clone().into()));
        }
        let services = observed.services.iter().map(|found| format!("{}: {}", found.name, found.words));
        let services: Vec<String> = services.chain(observed.orphans.iter().cloned()).collect();
        if !services.is_empty() {
            attributes.push(("services", services.into()));
        }
        if !observed.volumes.is_empty() {
            attributes.push(("volumes", observed.volumes.clone().into()));
        }
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let content = desired.content.clone().unwrap_or_else(|| Content::new(&b""[..]));
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else {
            owned_file::created(&mut changes, &content, mode(desired));
            for service in &desired.body.services {
                changes.push(&format!("service {}", service.name), Value::Null, wanted(service));
            }
            // Where a value is known only later, the plan says so of all of them.
            for (name, value) in desired.env.iter().filter(|_| !desired.env_is_unknown) {
                changes.push(&format!("env {name}"), Value::Null, shown(value));
            }
            return changes;
        };
        match &observed.file {
            Some(file) => file.compare(&mut changes, &content, mode(desired)),
            None => owned_file::created(&mut changes, &content, mode(desired)),
        }
        for found in observed.services.iter().filter(|found| found.trouble.is_some()) {
            let wanted = match desired.body.service(&found.name) {
                Some(service) if found.trouble == Some(Trouble::Number) => {
                    format!("{} running", service.replicas.unwrap_or(1))
                }
                Some(service) => wanted(service).to_string(),
                None => "running".into(),
            };
            let before = match found.trouble {
                Some(Trouble::Missing) => Value::Null,
                Some(Trouble::Stale(_)) => "running with an older file".into(),
                Some(Trouble::Handed) => "running with an older config or secret".into(),
                _ => found.words.as_str().into(),
            };
            changes.push(&format!("service {}", found.name), before, wanted);
        }
        for network in &observed.networks {
            for (what, before, after) in network.differs.clone() {
                changes.push(&format!("network {} {what}", network.key), before, after);
            }
        }
        for orphan in observed.orphans.iter().filter(|_| desired.remove_orphans) {
            changes.push(&format!("service {orphan}"), "running", Value::Null);
        }
        changes
    }

    fn remarks(resource: &Resource<Desired>, observed: &Observation<Observed>, _changes: &[Change]) -> Vec<String> {
        let Observation::Present(observed) = observed else { return Vec::new() };
        if resource.is_absent() {
            let stay = if resource.desired.remove_volumes { "go too" } else { "stay" };
            return vec![format!("its volumes {stay}")];
        }
        let read = |content: &Content| file::read(content.text()?).ok();
        let before = observed.file.as_ref().and_then(|file| read(&file.content));
        let after = resource.desired.content.as_ref().and_then(read);
        let line = |found: &Found| {
            let name = &found.name;
            Some(match found.trouble.as_ref()? {
                Trouble::Missing => format!("{name}: no container → create"),
                Trouble::Number => format!("{name}: {} → scale", found.words),
                Trouble::Stopped => format!("{name}: {} → start", found.words),
                Trouble::Ill => format!("{name}: {} → restart", found.words),
                Trouble::Paused => format!("{name}: paused → resume"),
                Trouble::Cut => format!("{name}: a network of it is gone → recreate"),
                Trouble::Handed => format!("{name}: what a config or secret holds changed → recreate"),
                Trouble::Outdated => {
                    format!("{name}: {} changed → recreate", observed::differing(before.as_ref(), after.as_ref(), name))
                }
                Trouble::Image => format!("{name}: image changed → recreate"),
                Trouble::Stale(path) => format!("{name}: {path} changed after it started → restart"),
            })
        };
        let mut lines: Vec<String> = observed.services.iter().filter_map(line).collect();
        lines.extend(observed.networks.iter().map(OtherNetwork::remark));
        lines.extend(observed.orphans.iter().map(|orphan| match resource.desired.remove_orphans {
            true => format!("{orphan}: not in the file → remove"),
            false => format!("{orphan} is not in the file, and stays: `remove_orphans` is false"),
        }));
        lines
    }

    fn refusal(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Option<Refusal> {
        let (name, differs) = observed.found()?.other_volumes.first()?;
        (!resource.is_absent()).then(|| docker::volume_stays(name, &differs.join(" and ")))
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        batch.iter().enumerate().map(|(at, planned)| steps::step(at, planned)).collect()
    }
}

/// Says in words how a service should be.
fn wanted(service: &Service) -> &'static str {
    if service.is_oneshot { "completed" } else { "running" }
}

fn restart_on(fields: &mut Fields<'_>) -> Vec<(String, Vec<String>)> {
    let Some(Value::Map(entries)) = fields.value("restart_on") else { return Vec::new() };
    let texts = |value: Value| match value {
        Value::List(items) => items.into_iter().filter_map(text_of).collect(),
        value => text_of(value).into_iter().collect(),
    };
    entries.into_iter().map(|(name, value)| (name, texts(value))).collect()
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn shown(value: &Arg) -> Value {
    match value {
        Arg::Plain(text) => Value::text(text),
        Arg::Secret(secret) => Value::Secret(secret.clone()),
    }
}
