//! `docker_engine`: Docker Engine, running and configured.

use crate::model::{Blob, Change, Changes, Content, Lock, Probe, ProbeOutput, Step, Value, decode_base64};
use crate::{records, row, rows};

use crate::kinds::shared::PLACE;
use crate::kinds::shared::docker::ENGINE;
use crate::kinds::shared::program::program;
use crate::resource::batch::parse_first;
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space};

/// Docker Engine, running and configured.
pub struct DockerEngine;

/// The engine as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The file is left alone where the spec gives none.
    settings: Option<serde_json::Map<String, Json>>,
}

/// The engine as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    is_running: bool,
    is_enabled: bool,
    /// None where there is no file.
    settings: Option<Settings>,
    /// A run that was killed before the engine took the file leaves a mark.
    is_applied: bool,
    running_containers: usize,
    /// Containers go on while the engine restarts.
    is_live_restore: bool,
}

/// What the file says.
#[derive(Clone, Debug, PartialEq)]
enum Settings {
    Known(serde_json::Map<String, Json>),
    /// It is no JSON mapping.
    Unreadable,
}

type Json = serde_json::Value;

const FILE: &str = "/etc/docker/daemon.json";

/// What a running engine takes from its file on a signal, where it is set and not taken away (dockerd(8), "Configuration
/// reload behavior").
const RELOADED: &[&str] = &[
    "authorization-plugins",
    "debug",
    "default-runtime",
    "features",
    "insecure-registries",
    "labels",
    "live-restore",
    "max-concurrent-downloads",
    "max-concurrent-uploads",
    "max-download-attempts",
    "registry-mirrors",
    "runtimes",
    "shutdown-timeout",
];

/// Puts its settings in place, and makes it run with them.
const APPLY: &str = program![PLACE, include_str!("apply.sh")];

rows! {
    include_str!("probe.sh") => struct Asked { name }
    include_str!("apply.sh") => struct Wanted { size, hash, taking }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "no-systemd" => NoSystemd,
        "denied" => Denied,
        "present" => Present { running, enabled, settings, unapplied, containers, live },
    }
}

impl Kind for DockerEngine {
    const KIND: &'static str = "docker_engine";
    const SECTION: &'static str = "docker_engines";
    const ATTRIBUTES: &'static [Attribute] = &[Attribute::optional(
        "settings",
        Shape::Map(&Shape::Any),
        "The whole of /etc/docker/daemon.json, such as `log-driver`, `log-opts`, `data-root`, `registry-mirrors`, \
         `default-address-pools`, `live-restore`; the file is left alone where left out.",
    )];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "Docker Engine, running, started with the host, and configured.",
        name: "`docker`, the name of its service; a host has one.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        if fields.name() != "docker" {
            let message = format!("the engine is called `docker`, not `{}`", fields.name());
            fields.error("name", message, "a host has one engine: write `docker_engines: { docker: {} }`");
        }
        let settings = match fields.value("settings") {
            Some(value) if value.is_sensitive() => {
                fields.error("settings", "`settings` may not hold a secret", "the file may be read by everybody");
                None
            }
            Some(Value::Map(entries)) => {
                Some(entries.iter().map(|(key, value)| (key.clone(), json(value))).collect::<serde_json::Map<_, _>>())
            }
            _ => None,
        };
        Desired { settings }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let claims = Claims::new()
            .provides(ENGINE, "")
            .provides(Space::SERVICE, "docker.service")
            .requires(Space::PROGRAM, "dockerd")
            .requires(Space::UNIT, "docker.service");
        match resource.desired.settings {
            Some(_) => claims.provides(Space::PATH, FILE).provides(Space::CONTENT, FILE),
            None => claims,
        }
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(include_str!("probe.sh"), all.iter().map(|resource| row![Asked { name: resource.name() }]).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, |seen, _| observation(seen))
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes: Vec<(&'static str, Value)> =
            vec![("running", observed.is_running.into()), ("enabled", observed.is_enabled.into())];
        if let Some(settings) = &observed.settings {
            attributes.push(("settings", shown(settings)));
        }
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let mut changes = Changes::new();
        let found = observed.found();
        if let Some(wanted) = &resource.desired.settings {
            let empty = serde_json::Map::new();
            match found.and_then(|found| found.settings.as_ref()) {
                Some(Settings::Known(had)) => settings(&mut changes, had, wanted),
                Some(Settings::Unreadable) => {
                    changes.push("settings", "no JSON mapping", value(&Json::Object(wanted.clone())))
                }
                None if wanted.is_empty() => changes.push("settings", Value::Null, "none"),
                None => settings(&mut changes, &empty, wanted),
            }
        }
        changes.compare("running", found.map(|found| found.is_running), true);
        changes.compare("enabled", found.map(|found| found.is_enabled), true);
        if let Some(found) = found {
            changes.compare("applied", found.is_applied, true);
        }
        changes
    }

    fn remarks(resource: &Resource<Desired>, observed: &Observation<Observed>, changes: &[Change]) -> Vec<String> {
        let Observation::Present(found) = observed else { return Vec::new() };
        let (containers, running) = (found.running_containers, found.is_running);
        let stops = resource.is_absent() || (taking(resource, changes) == "restart" && !found.is_live_restore);
        match (stops && running, containers) {
            (false, _) | (_, 0) => Vec::new(),
            (true, 1) if resource.is_absent() => vec!["stops 1 running container".into()],
            (true, _) if resource.is_absent() => vec![format!("stops {containers} running containers")],
            (true, 1) => vec![
                "restarts the engine: 1 running container stops, and starts again if its restart policy says so".into(),
            ],
            (true, _) => vec![format!(
                "restarts the engine: {containers} running containers stop, and those with a restart policy start again"
            )],
        }
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let step = |(at, planned): (usize, &Planned<'_, Self>)| {
            let resource = planned.resource;
            if resource.is_absent() {
                return Step::new(include_str!("remove.sh"), vec![at], "stop Docker Engine").locks(&[Lock::SYSTEMD]);
            }
            let taking = taking(resource, planned.changes);
            let file = resource.desired.settings.as_ref().filter(|_| !taking.is_empty()).map(text);
            let content = file.map(|text| Content::new(text.as_bytes()));
            let size = content.as_ref().map_or_else(|| "-".to_string(), |content| content.size().to_string());
            Step::new(APPLY, vec![at], "set up Docker Engine")
                .rows(vec![row![Wanted { size, hash: content.as_ref().map(Content::hash), taking }]])
                .input(content.as_ref().and_then(Content::bytes).map(Blob::from).into_iter().collect())
                .locks(&[Lock::SYSTEMD])
                .timeout(resource.timeout.unwrap_or(std::time::Duration::from_secs(300)))
        };
        batch.iter().enumerate().map(step).collect()
    }
}

/// Says how a running engine comes to know the changes: by a reload, a restart, or not at all.
fn taking(resource: &Resource<Desired>, changes: &[Change]) -> &'static str {
    let mut changed =
        changes.iter().filter(|change| !["running", "enabled"].contains(&change.attribute.as_str())).peekable();
    if resource.desired.settings.is_none() || changed.peek().is_none() {
        return if changes.iter().any(|change| change.attribute == "applied") { "restart" } else { "" };
    }
    let reloads = |change: &Change| RELOADED.contains(&change.attribute.as_str()) && change.after != Value::Null;
    if changed.all(reloads) { "reload" } else { "restart" }
}

fn settings(changes: &mut Changes, had: &serde_json::Map<String, Json>, wanted: &serde_json::Map<String, Json>) {
    for (key, wanted) in wanted {
        if had.get(key) != Some(wanted) {
            changes.push(key, had.get(key).map(value), value(wanted));
        }
    }
    for (key, had) in had.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
        changes.push(key, value(had), Value::Null);
    }
}

fn shown(settings: &Settings) -> Value {
    match settings {
        Settings::Known(settings) => value(&Json::Object(settings.clone())),
        Settings::Unreadable => "no JSON mapping".into(),
    }
}

fn text(settings: &serde_json::Map<String, Json>) -> String {
    format!("{:#}\n", Json::Object(settings.clone()))
}

fn json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(value) => Json::from(*value),
        Value::Float(value) => Json::from(*value),
        Value::Text(text) => Json::from(text.as_str()),
        Value::List(items) => Json::Array(items.iter().map(json).collect()),
        Value::Map(entries) => Json::Object(entries.iter().map(|(key, value)| (key.clone(), json(value))).collect()),
        Value::Null | Value::Content(_) | Value::Secret(_) | Value::Unknown(_) => Json::Null,
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::text("null"),
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::Integer(number),
            (None, number) => Value::Float(number.unwrap_or_default()),
        },
        Json::String(text) => Value::text(text),
        Json::Array(items) => Value::List(items.iter().map(value).collect()),
        Json::Object(entries) => Value::Map(entries.iter().map(|(key, json)| (key.clone(), value(json))).collect()),
    }
}

fn observation(seen: Seen<'_>) -> Observation<Observed> {
    let (running, enabled, settings, unapplied, containers, live) = match seen {
        Seen::Present { running, enabled, settings, unapplied, containers, live } => {
            (running, enabled, settings, unapplied, containers, live)
        }
        Seen::Absent => return Observation::Absent,
        Seen::NoSystemd => return Observation::Failed("the host does not run systemd".into()),
        Seen::Denied => return Observation::Failed(format!("{FILE} may not be read by this account")),
    };
    let settings = match settings {
        "-" => None,
        text => {
            let bytes = decode_base64(text).unwrap_or_default();
            match serde_json::from_slice(&bytes) {
                Ok(Json::Object(settings)) => Some(Settings::Known(settings)),
                // An empty file is one without settings to the engine too.
                _ if bytes.iter().all(u8::is_ascii_whitespace) => Some(Settings::Known(serde_json::Map::new())),
                _ => Some(Settings::Unreadable),
            }
        }
    };
    let observed = Observed {
        is_running: running == "1",
        is_enabled: enabled == "1",
        settings,
        is_applied: unapplied != "1",
        running_containers: containers.parse().unwrap_or_default(),
        is_live_restore: live == "true",
    };
    // Installed, and nothing more.
    if !observed.is_running && !observed.is_enabled && observed.settings.is_none() && observed.is_applied {
        return Observation::Absent;
    }
    Observation::Present(observed)
}
