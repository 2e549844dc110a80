//! `pm2_app`: an application that PM2 keeps running.

mod desired;
mod options;

use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::program::program;
use crate::model::{Arg, Changes, Expect, Lock, OwedAction, Probe, ProbeOutput, Secret, Step, Value};
use crate::{expect, records, row, rows};

use crate::resource::batch::parse_first;
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Space, Trigger,
    TriggerSource,
};

pub use desired::Desired;

/// An application that PM2 keeps running.
pub struct Pm2App;

/// An application as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    instances: i64,
    /// The states of its processes, each once.
    status: Vec<String>,
    /// How often its processes were started again.
    restarts: i64,
    options: Map<String, Json>,
    /// Variables that are not as wanted: `missing`, `differs` or `extra`. Their values stay on the host.
    env: Vec<(String, String)>,
    /// What PM2 has saved is what runs, and nobody else may read it.
    saved: bool,
    /// The unit that starts PM2 with the host is there.
    startup: bool,
}

const PROBE: &str = concat!(include_str!("../shared/quoted.sh"), include_str!("pm2.sh"), include_str!("probe.sh"));
const APPLY: &str =
    program![BESIDE, include_str!("../shared/quoted.sh"), include_str!("pm2.sh"), include_str!("apply.sh")];

/// One change of a PM2 at a time: what it saves is all of it.
const PM2: Lock = Lock("pm2");

/// How long an application may take until it runs, where the spec does not say.
const LIMIT: Duration = Duration::from_secs(60);

rows! {
    include_str!("probe.sh") => struct Looked { account, app }
    include_str!("apply.sh") => struct Changed { user, name, verb, config, instances, startup, limit }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "no-pm2" => NoPm2,
        "no-user" => NoUser,
        "absent" => Absent,
        "present" => Present { compared, boot, json },
    }
}

impl Kind for Pm2App {
    const KIND: &'static str = "pm2_app";
    const SECTION: &'static str = "pm2_apps";
    const ATTRIBUTES: &'static [Attribute] = options::ATTRIBUTES;
    const DOCUMENTATION: Documentation = Documentation {
        summary: "An application that PM2 keeps running, as the user `as:` names.",
        name: "The application's name in `pm2 list`.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        options::decode(fields)
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let claims = Claims::new()
            .provides(Space("pm2 app"), resource.name())
            .requires(Space::PROGRAM, "pm2")
            .run_as(resource.run_as.as_ref());
        if resource.is_absent() {
            return claims;
        }
        let desired = &resource.desired;
        let text = |name: &str| desired.options.get(name).and_then(Json::as_str).map(str::to_string);
        let named = text("interpreter").unwrap_or_else(|| "node".into());
        let interpreter = named.contains('/').then(|| options::path_of(&desired.options, "interpreter")).flatten();
        let script = options::path_of(&desired.options, "script");
        let claims = claims
            .requires_some(Space::PATH, text("cwd").as_ref())
            .requires_some(Space::PATH, script.as_ref())
            .requires_some(Space::PATH, interpreter.as_ref())
            .requires(Space::PROGRAM, "node");
        let claims = match named.contains('/') || named == "none" {
            true => claims,
            false => claims.requires(Space::PROGRAM, named),
        };
        // It reads what is there as it likes: an .env, its packages.
        let claims = text("cwd").into_iter().fold(claims, |claims, cwd| claims.follows(Space::BELOW, cwd));
        ["out_file", "error_file"].into_iter().fold(claims, |claims, name| {
            claims.requires_some(Space::PATH, options::path_of(&desired.options, name).as_ref())
        })
    }

    fn triggers(resource: &Resource<Desired>) -> Vec<Trigger> {
        let named = |selector: &String, action| Trigger { source: TriggerSource::Selector(selector.clone()), action };
        let desired = &resource.desired;
        let restarts = desired.restart_on.iter().map(|selector| named(selector, OwedAction::Restart));
        restarts.chain(desired.reload_on.iter().map(|selector| named(selector, OwedAction::Reload))).collect()
    }

    fn owed_applies(resource: &Resource<Desired>, observed: &Observation<Observed>) -> bool {
        !resource.is_absent() && matches!(observed, Observation::Present(observed) if observed.is_up())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all
            .iter()
            .map(|resource| row![Looked { account: resource.run_as.as_ref(), app: wanted(resource) }])
            .collect();
        Probe::new(PROBE, rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![
            ("status", observed.status_words().into()),
            ("instances", observed.instances.into()),
            ("saved", observed.saved.into()),
        ]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        let hidden = || Value::Secret(Secret::new(""));
        let Observation::Present(observed) = observed else {
            for (name, value) in desired.options.iter().filter(|(name, value)| options::is_set(name, value)) {
                changes.push(name, Value::Null, options::shown(name, value));
            }
            changes.push("instances", Value::Null, desired.instances);
            // Where a value is known only later, the plan says so of all of them.
            for (name, value) in desired.env.iter().filter(|_| !desired.env_is_unknown) {
                changes.push(&format!("env {name}"), Value::Null, shown(value));
            }
            changes.push("startup", Value::Null, desired.startup);
            return changes;
        };
        for (name, value) in &desired.options {
            let found = observed.options.get(name).unwrap_or(&Json::Null);
            if found != value {
                changes.push(name, options::shown(name, found), options::shown(name, value));
                changes.forces_replacement();
            }
        }
        if changes.compare("instances", observed.instances, desired.instances) && !is_cluster(desired) {
            changes.forces_replacement();
        }
        for (name, state) in &observed.env {
            let attribute = format!("env {name}");
            match state.as_str() {
                "extra" => {
                    changes.push(&attribute, hidden(), Value::Null);
                    changes.forces_replacement();
                }
                "missing" => {
                    let value = desired.env.iter().find(|(wanted, _)| wanted == name);
                    changes.push(&attribute, Value::Null, value.map_or_else(hidden, |(_, value)| shown(value)));
                }
                _ => changes.push(&attribute, hidden(), hidden()),
            }
        }
        if observed.status != ["online"] {
            changes.push("status", observed.status_words(), "online");
        }
        changes.compare("saved", observed.saved, true);
        if desired.startup {
            changes.compare("startup", observed.startup, true);
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::Present { compared: "same", boot: resource.desired.startup.then_some("1") }],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        // A step each: an application that does not start must not be taken for another.
        batch.iter().enumerate().map(|(at, planned)| step(at, planned)).collect()
    }
}

impl Observed {
    fn is_up(&self) -> bool {
        self.status.iter().any(|status| status != "stopped" && status != "errored")
    }

    fn status_words(&self) -> String {
        let words = if self.status.is_empty() { "not running".to_string() } else { self.status.join(", ") };
        let is_plain = self.status.iter().all(|status| status == "online" || status == "stopped");
        match self.restarts {
            restarts if restarts > 0 && !is_plain => format!("{words} ({restarts} restarts)"),
            _ => words,
        }
    }
}

fn step(at: usize, planned: &Planned<'_, Pm2App>) -> Step {
    let resource = planned.resource;
    let desired = &resource.desired;
    let limit = resource.timeout.unwrap_or(LIMIT);
    let (verb, purpose) = match verb(planned) {
        "save" => ("save", "save the list of"),
        verb => (verb, verb),
    };
    let row = row![Changed {
        user: resource.run_as.as_ref(),
        name: resource.name(),
        verb,
        config: if resource.is_absent() { Arg::Plain(String::new()) } else { ecosystem(resource) },
        instances: desired.instances.to_string(),
        startup: desired.startup,
        limit: limit.as_secs().max(1),
    }];
    Step::new(APPLY, vec![at], format!("{purpose} {}", resource.name()))
        .rows(vec![row])
        .locks(&[PM2, Lock::SYSTEMD])
        // PM2's own commands take their time too.
        .timeout(limit * 2 + Duration::from_secs(120))
}

/// Says what brings it to where it should be.
fn verb(planned: &Planned<'_, Pm2App>) -> &'static str {
    let is_changed = |prefix: &str| planned.changes.iter().any(|change| change.attribute.starts_with(prefix));
    if planned.resource.is_absent() {
        return "delete";
    }
    if planned.is_new() {
        return "start";
    }
    if planned.changes.iter().any(|change| change.forces_replacement) {
        "replace"
    } else if is_changed("status") || planned.owed == Some(OwedAction::Restart) && !is_changed("instances") {
        "restart"
    } else if is_changed("instances") {
        "scale"
    } else if is_changed("env ") || planned.owed.is_some() {
        "reload"
    } else {
        "save"
    }
}

/// Returns what the probe compares with, as JSON on one line.
fn wanted(resource: &Resource<Desired>) -> Arg {
    let desired = &resource.desired;
    if resource.is_absent() {
        return Arg::Plain(json!({ "name": resource.name(), "absent": true }).to_string());
    }
    let text = json!({
        "name": resource.name(),
        "instances": desired.instances,
        "options": desired.options,
        "env": environment(desired),
    });
    secret_if(desired, text.to_string())
}

/// Returns what PM2 is given: an ecosystem file with this one application.
fn ecosystem(resource: &Resource<Desired>) -> Arg {
    let desired = &resource.desired;
    let mut app = Map::new();
    app.insert("name".into(), resource.name().into());
    for (name, value) in desired.options.iter().filter(|(_, value)| !value.is_null()) {
        app.insert(name.clone(), value.clone());
    }
    // Told of a number, PM2 gives each log one.
    if desired.instances > 1 || is_cluster(desired) {
        app.insert("instances".into(), desired.instances.into());
    }
    app.insert("env".into(), environment(desired));
    secret_if(desired, json!({ "apps": [app] }).to_string())
}

fn is_cluster(desired: &Desired) -> bool {
    desired.options.get("exec_mode").and_then(Json::as_str) == Some("cluster")
}

fn environment(desired: &Desired) -> Json {
    desired.env.iter().map(|(name, value)| (name.clone(), Json::from(value.expose()))).collect::<Map<_, _>>().into()
}

fn secret_if(desired: &Desired, text: String) -> Arg {
    match desired.env.iter().any(|(_, value)| matches!(value, Arg::Secret(_))) {
        true => Arg::Secret(Secret::new(text)),
        false => Arg::Plain(text),
    }
}

fn shown(value: &Arg) -> Value {
    match value {
        Arg::Plain(text) => Value::text(text),
        Arg::Secret(secret) => Value::Secret(secret.clone()),
    }
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    match seen {
        Seen::Absent => Observation::Absent,
        Seen::Present { json, boot, compared: _ } => match serde_json::from_str::<Json>(json) {
            Ok(found) => Observation::Present(read(&found, boot == "1")),
            Err(error) => Observation::Failed(format!("what PM2 said of it cannot be read: {error}")),
        },
        Seen::NoPm2 => {
            Observation::Later { needs: Claim::new(Space::PROGRAM, "pm2"), reason: "pm2 is not on the host".into() }
        }
        Seen::NoUser => {
            let user = resource.run_as.clone().unwrap_or_default();
            Observation::Later {
                reason: format!("the user {user} does not exist"),
                needs: Claim::new(Space::USER, user),
            }
        }
    }
}

fn read(found: &Json, startup: bool) -> Observed {
    let texts = |value: &Json| -> Vec<String> {
        value.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_string).collect()
    };
    let env = found["env"].as_object().into_iter().flatten();
    Observed {
        instances: found["instances"].as_i64().unwrap_or_default(),
        status: texts(&found["status"]),
        restarts: found["restarts"].as_i64().unwrap_or_default(),
        options: found["options"].as_object().cloned().unwrap_or_default(),
        env: env
            .map(|(name, state)| (name.clone(), state.as_str().unwrap_or_default().to_string()))
            .filter(|(_, state)| state != "same")
            .collect(),
        saved: found["saved"].as_bool().unwrap_or_default(),
        startup,
    }
}
