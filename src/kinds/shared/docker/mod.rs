//! What the kinds of Docker share: the claims they meet in, names, and how objects of the engine are looked at.

mod network;

use crate::model::{Arg, Probe, ProbeOutput, Record, Records, Row, Value};
use crate::{records, row, rows};

use crate::resource::{Claim, Claims, Fields, Observation, Refusal, Space};

pub(crate) use network::{Network, among, is_same};

/// The engine, running; the name is empty, as a host has one.
pub(crate) const ENGINE: Space = Space("docker engine");
/// An image, by repository and tag (`app:1`).
pub(crate) const IMAGE: Space = Space("docker image");
/// A network of the engine, by name.
pub(crate) const NETWORK: Space = Space("docker network");
/// A volume of the engine, by name.
pub(crate) const VOLUME: Space = Space("docker volume");
/// Credentials for a registry, by the registry's name.
pub(crate) const LOGIN: Space = Space("docker login");

/// Adds what asking the engine takes: its client with the account's settings, and that it runs, whoever sees to that.
pub(crate) fn asks_engine(claims: Claims, account: Option<&String>) -> Claims {
    let claims = claims.requires(Space::PROGRAM, "docker").requires(Space::SERVICE, "docker.service");
    claims.requires(ENGINE, "").follows_in_home(account, &[".docker/config.json"])
}

/// Looks at objects of one sort, with one listing and one `inspect`.
pub(crate) const LOOK: &str = concat!(include_str!("ask.sh"), include_str!("look.sh"));

rows! {
    LOOK =>
    /// An object of a sort; what a kind looks at besides follows.
    pub(crate) struct Asked { sort, name }
}

records! {
    LOOK =>
    /// What is seen of an object; `present` with what `docker inspect` tells.
    pub(crate) enum Seen {
        "no-client" => NoClient,
        "no-engine" => NoEngine { answer },
        "absent" => Absent,
        "present" => Present { json },
    }
}

/// Makes the probe for objects of a sort (`network`), by name.
pub(crate) fn probe<'a>(sort: &'static str, names: impl Iterator<Item = &'a str>) -> Probe {
    Probe::new(LOOK, names.map(|name| row![Asked { sort, name }]).collect())
}

/// Reads the first record of every row; `present` reads what `docker inspect` tells of an object.
pub(crate) fn observations<O>(
    rows: usize,
    output: &ProbeOutput,
    present: impl Fn(usize, &serde_json::Value) -> Result<O, String>,
) -> Vec<Observation<O>> {
    let observe = |(at, record): (usize, Option<&Record>)| match record.map(Seen::read) {
        None => Observation::Failed(output.explain()),
        Some(Err(wrong)) => Observation::Failed(wrong),
        Some(Ok(Seen::Absent)) => Observation::Absent,
        Some(Ok(Seen::Present { json })) => match serde_json::from_str(json) {
            Ok(json) => present(at, &json).map_or_else(Observation::Failed, Observation::Present),
            Err(error) => Observation::Failed(format!("what docker tells of it cannot be read: {error}")),
        },
        Some(Ok(Seen::NoClient)) => Observation::Later {
            needs: Claim::new(Space::PROGRAM, "docker"),
            reason: "docker is not on the host: the packages docker.io and, from Debian 13 on, docker-cli bring it"
                .into(),
        },
        Some(Ok(Seen::NoEngine { answer })) => Observation::Later {
            needs: Claim::new(ENGINE, ""),
            reason: format!("the Docker engine does not answer ({answer}): start it, or add a docker_engine"),
        },
    };
    output.first_records(rows).into_iter().enumerate().map(observe).collect()
}

/// Returns an image's name as the engine lists it: with a tag, and without what stands for Docker Hub.
pub(crate) fn image_name(name: &str) -> String {
    let name = ["docker.io/library/", "index.docker.io/library/", "docker.io/", "index.docker.io/", "library/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') { name.to_string() } else { format!("{name}:latest") }
}

/// Returns the registry an image comes from: what is before the first slash, if it looks like a host.
pub(crate) fn registry(image: &str) -> Option<&str> {
    let (first, _) = image.split_once('/')?;
    (first.contains(['.', ':']) || first == "localhost").then_some(first)
}

/// Returns the registry whose log-in counts for an image.
pub(crate) fn login_registry(image: &str) -> &str {
    registry(image).unwrap_or("docker.io")
}

/// Reports a name that the engine refuses for a network or volume.
pub(crate) fn check_name(fields: &mut Fields<'_>, what: &str) {
    let name = fields.name().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if name.len() < 2 || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(plain) {
        let help = "use at least two letters, digits, `_`, `.` and `-`, a letter or digit first";
        fields.error("name", format!("`{name}` is not the name of a {what}"), help);
    }
}

/// Reads a mapping whose values are seen by everybody who may ask the engine.
pub(crate) fn plain_map(fields: &mut Fields<'_>, attribute: &str) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    for (key, value) in fields.args(attribute) {
        match value {
            Arg::Plain(value) if value.contains(char::is_control) || key.contains(char::is_control) => {
                fields.error(attribute, format!("`{key}` holds a control character"), "write it on one line");
            }
            Arg::Plain(value) => entries.push((key, value)),
            Arg::Secret(_) => {
                let help = "hand it to the process at run time, in a file or its environment";
                fields.error(attribute, format!("`{key}` is a secret, which `docker inspect` would show"), help);
            }
        }
    }
    entries.sort();
    entries
}

/// Refuses to make a volume anew that has another driver, other options or labels than are wanted.
pub(crate) fn volume_stays(name: &str, differs: &str) -> Refusal {
    Refusal {
        message: format!("{differs} of the volume {name} differ, and Docker cannot change a volume"),
        help: format!(
            "making it anew loses what is in it: save that, remove its containers and the volume (`docker volume rm {name}`), and apply; or write what it has"
        ),
    }
}

/// Returns a mapping as a value for a plan.
pub(crate) fn shown(entries: &[(String, String)]) -> Value {
    Value::Map(entries.iter().map(|(key, value)| (key.clone(), Value::text(value))).collect())
}

/// Adds options and labels to a row: `o` or `l`, and `key=value`.
pub(crate) fn add_pairs(row: &mut Row, flag: &str, entries: &[(String, String)]) {
    for (key, value) in entries {
        row.extend([flag.into(), format!("{key}={value}").into()]);
    }
}

/// Reads a mapping of texts that `docker inspect` tells, sorted.
pub(crate) fn texts(json: &serde_json::Value) -> Vec<(String, String)> {
    let entries = json.as_object().into_iter().flatten();
    let mut texts: Vec<_> =
        entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_string())).collect();
    texts.sort();
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_named_as_the_engine_lists_them() {
        for (name, listed) in [
            ("nginx", "nginx:latest"),
            ("docker.io/library/nginx:1.27", "nginx:1.27"),
            ("docker.io/owner/app", "owner/app:latest"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("ghcr.io/owner/app:v1", "ghcr.io/owner/app:v1"),
        ] {
            assert_eq!(image_name(name), listed);
        }
        assert_eq!(registry("ghcr.io/owner/app:v1"), Some("ghcr.io"));
        assert_eq!(registry("localhost:5000/app"), Some("localhost:5000"));
        assert_eq!(registry("owner/app"), None);
        assert_eq!(registry("nginx:1.27"), None);
    }
}
