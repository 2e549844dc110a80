//! `docker_login`: credentials that the docker client has for a registry.

use crate::model::{Changes, Probe, ProbeOutput, Secret, Step, Value, decode_base64};
use crate::{records, row, rows};

use crate::kinds::shared::docker::{self, LOGIN};
use crate::resource::batch::parse_first;
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space,
};

/// Credentials that the docker client has for a registry.
pub struct DockerLogin;

/// Credentials as the spec wants them.
#[derive(Clone, Debug)]
pub struct Desired {
    username: String,
    password: Secret,
}

/// Credentials as they were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    username: String,
    password: Secret,
    mode: String,
}

const MODE: &str = "0600";

rows! {
    include_str!("probe.sh") => struct Asked { user }
    include_str!("apply.sh") => struct Wanted { user, registry, username, password }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "no-user" => NoUser,
        "absent" => Absent,
        "file" => File { mode, base64 },
        _ => Unreadable { why },
    }
}

impl Kind for DockerLogin {
    const KIND: &'static str = "docker_login";
    const SECTION: &'static str = "docker_logins";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required("username", Shape::Text, "The account at the registry."),
        Attribute::required("password", Shape::Text, "Its password or access token, usually a secret."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "Credentials that the docker client of an account has for a registry.",
        name: "The registry: `ghcr.io`, `registry.example.com:5000`; `docker.io` for Docker Hub.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = &["username", "password"];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name = fields.name().to_string();
        if name.contains("://") || name.contains('/') || name.starts_with('-') || name.contains(char::is_whitespace) {
            fields.error("name", format!("`{name}` is not the name of a registry"), "write host, or host:port");
        }
        Desired {
            username: fields.text("username").unwrap_or_default(),
            password: fields.secret("password").unwrap_or_else(|| Secret::new("")),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        // Who builds with bases that are not known here comes after all of them.
        let claims = Claims::new().provides(LOGIN, resource.name()).shares(LOGIN, "");
        let claims = docker::asks_engine(claims, resource.run_as.as_ref());
        match &resource.run_as {
            Some(user) => claims.requires(Space::USER, user).follows(Space::HOME, user),
            None => claims,
        }
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(
            include_str!("probe.sh"),
            all.iter().map(|resource| row![Asked { user: resource.run_as.as_ref() }]).collect(),
        )
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("username", observed.username.as_str().into()), ("password", observed.password.clone().into())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let Desired { username, password } = &resource.desired;
        let mut changes = Changes::new();
        if let Observation::Present(found) = observed {
            changes.compare("username", found.username.as_str(), username.as_str());
            changes.compare("password", found.password.clone(), password.clone());
            changes.compare("mode", found.mode.as_str(), MODE);
        } else {
            changes.push("username", Value::Null, username.as_str());
            changes.push("password", Value::Null, password.clone());
        }
        changes
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let rows = batch.iter().map(|planned| {
            let resource = planned.resource;
            let Desired { username, password } = &resource.desired;
            let registry = if resource.name() == "docker.io" { HUB } else { resource.name() };
            let user = resource.run_as.as_ref();
            match resource.is_absent() {
                true => row![Wanted { user, registry, .. }],
                false => row![Wanted { user, registry, username, password: password.clone() }],
            }
        });
        let rows = rows.collect();
        let purpose = match batch {
            [planned] if planned.resource.is_absent() => format!("log out of {}", planned.resource.name()),
            [planned] => format!("log in to {}", planned.resource.name()),
            _ => format!("log in to or out of {} registries", batch.len()),
        };
        let program = concat!(include_str!("../shared/quoted.sh"), include_str!("apply.sh"));
        vec![Step::new(program, (0..batch.len()).collect(), purpose).rows(rows)]
    }
}

/// What the client calls Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    let (mode, base64) = match seen {
        Seen::File { mode, base64 } => (mode, base64),
        Seen::Absent => return Observation::Absent,
        Seen::NoUser => {
            let user = resource.run_as.clone().unwrap_or_default();
            let reason = format!("there is no user `{user}`");
            return Observation::Later { needs: Claim::new(Space::USER, user), reason };
        }
        Seen::Unreadable { why } => {
            return Observation::Failed(format!("the client's config.json cannot be read: {why}"));
        }
    };
    let bytes = decode_base64(base64).unwrap_or_default();
    let Ok(config) = serde_json::from_slice::<serde_json::Value>(&bytes) else {
        return Observation::Failed("the client's config.json is no JSON".into());
    };
    let names = if resource.name() == "docker.io" { vec![HUB, "docker.io"] } else { vec![resource.name()] };
    let Some(entry) = names.iter().find_map(|name| config["auths"].get(name)) else { return Observation::Absent };
    let Some(auth) = entry["auth"].as_str().filter(|auth| !auth.is_empty()) else {
        return Observation::Failed("a credential helper keeps them, where they cannot be seen".into());
    };
    let decoded = decode_base64(auth).and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()).unwrap_or_default();
    let (username, password) = decoded.split_once(':').unwrap_or((&decoded, ""));
    Observation::Present(Observed {
        username: username.to_string(),
        password: Secret::new(password.trim_end_matches('\0')),
        mode: mode.to_string(),
    })
}
