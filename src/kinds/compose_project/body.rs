//! What a Compose file names: its services, and what has to be there before they start.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::kinds::shared::docker::image_name;
use crate::model::Arg;

/// What the engine has to know of a Compose file; Compose itself reads all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    pub services: Vec<Service>,
    /// Networks and volumes that are not the project's own.
    pub networks: Vec<String>,
    pub volumes: Vec<String>,
    /// Files that `configs` and `secrets` hand to services.
    pub files: Vec<String>,
}

/// A service of a Compose file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    pub name: String,
    /// Not known where it takes a variable that the spec does not set.
    pub image: Option<String>,
    pub replicas: Option<u64>,
    /// It does its work and ends.
    pub is_oneshot: bool,
    /// The folder its image is built from.
    pub context: Option<String>,
    pub env_files: Vec<String>,
    /// Paths of the host that are mounted.
    pub mounts: Vec<String>,
    /// Ports of the host, with those of the container.
    pub ports: Vec<(u16, u16)>,
}

/// What decides how a Compose file reads.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The project's folder.
    pub dir: &'a str,
    pub env: &'a [(String, Arg)],
    pub profiles: &'a [String],
    /// Services that the spec says do their work and end.
    pub oneshot: &'a [String],
}

impl Body {
    /// Reads a Compose file as far as it matters here; what Compose would refuse is passed over.
    pub fn read(file: &Json, around: Around<'_>) -> Self {
        let is_active = |service: &Json| {
            let mut profiles = texts(&service["profiles"]).peekable();
            profiles.peek().is_none() || profiles.any(|profile| around.profiles.iter().any(|one| one == profile))
        };
        let active: Vec<(&String, &Json)> =
            entries(&file["services"]).filter(|(_, service)| is_active(service)).collect();
        // Who waits until another has completed says that it ends.
        let completes: BTreeSet<&str> = active
            .iter()
            .flat_map(|(_, service)| entries(&service["depends_on"]))
            .filter(|(_, how)| how["condition"] == "service_completed_successfully")
            .map(|(name, _)| name.as_str())
            .collect();
        let service = |(name, service): &(&String, &Json)| {
            let is_oneshot = completes.contains(name.as_str()) || around.oneshot.contains(name);
            Service { name: (*name).clone(), is_oneshot, ..around.service(service) }
        };
        let files = ["configs", "secrets"].into_iter().flat_map(|section| entries(&file[section]));
        Self {
            services: active.iter().map(service).collect(),
            networks: around.external(&file["networks"]),
            volumes: around.external(&file["volumes"]),
            files: files.filter_map(|(_, one)| around.path(one["file"].as_str()?)).collect(),
        }
    }

    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }
}

impl Around<'_> {
    fn service(&self, service: &Json) -> Service {
        let context = service["build"].as_str().or(service["build"]["context"].as_str());
        let is_here = |context: &&str| !context.contains("://") && !context.starts_with("git@");
        let env_files = match &service["env_file"] {
            Json::Array(items) => items.iter().filter_map(|item| item.as_str().or(item["path"].as_str())).collect(),
            file => file.as_str().into_iter().collect::<Vec<_>>(),
        };
        Service {
            name: String::new(),
            image: service["image"].as_str().and_then(|image| self.interpolate(image)).map(|image| image_name(&image)),
            replicas: service["scale"].as_u64().or(service["deploy"]["replicas"].as_u64()),
            is_oneshot: false,
            context: context.filter(is_here).and_then(|context| self.path(context)),
            env_files: env_files.into_iter().filter_map(|file| self.path(file)).collect(),
            mounts: list(&service["volumes"]).filter_map(|mount| self.mount(mount)).collect(),
            ports: list(&service["ports"]).filter_map(|port| self.port(port)).collect(),
        }
    }

    /// Returns the path of the host that a mount names; volumes have names that are no paths.
    fn mount(&self, mount: &Json) -> Option<String> {
        match mount.as_str() {
            Some(text) => {
                let source = text.split(':').next().filter(|_| text.contains(':'))?;
                source.starts_with(['.', '/', '$']).then(|| self.path(source))?
            }
            None if mount["type"] == "bind" => self.path(mount["source"].as_str()?),
            None => None,
        }
    }

    /// Returns both ports of `8080:80`, `127.0.0.1:8080:80/tcp`, or `published: 8080`.
    fn port(&self, port: &Json) -> Option<(u16, u16)> {
        if port.is_object() {
            let number = |name: &str| {
                let number = port[name].as_u64().and_then(|number| u16::try_from(number).ok());
                number.or_else(|| self.interpolate(port[name].as_str()?)?.parse().ok())
            };
            return Some((number("published")?, number("target")?));
        }
        let text = self.interpolate(port.as_str()?)?;
        let mut parts = text.split('/').next()?.rsplit(':');
        let inside = parts.next()?.parse().ok()?;
        Some((parts.next()?.parse().ok()?, inside))
    }

    fn external(&self, section: &Json) -> Vec<String> {
        let name = |(key, one): (&String, &Json)| match &one["external"] {
            Json::Bool(true) => self.interpolate(one["name"].as_str().unwrap_or(key)),
            Json::Object(external) => self.interpolate(external.get("name").and_then(Json::as_str).unwrap_or(key)),
            _ => None,
        };
        entries(section).filter_map(name).collect()
    }

    /// Returns an absolute path without `.` and `..`.
    fn path(&self, text: &str) -> Option<String> {
        let text = self.interpolate(text)?;
        if text.starts_with('~') {
            return None;
        }
        let whole = if text.starts_with('/') { text } else { format!("{}/{text}", self.dir) };
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        Some(format!("/{}", parts.join("/")))
    }

    /// Puts in variables as Compose does (`$NAME`, `${NAME}`, `${NAME:-default}`); nothing where a value is secret or not
    /// the spec's.
    pub fn interpolate(&self, text: &str) -> Option<String> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            result.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                result.push('$');
                rest = after;
                continue;
            }
            let (inside, next) = match after.strip_prefix('{') {
                Some(braced) => braced.split_once('}')?,
                None => {
                    after.split_at(after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len()))
                }
            };
            let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
            let (name, operator) = inside.split_at(end);
            match (self.env.iter().find(|(known, _)| known == name), operator) {
                (Some((_, Arg::Plain(value))), _) if !value.is_empty() => result.push_str(value),
                (Some((_, Arg::Secret(_))), _) => return None,
                (_, operator) => result.push_str(operator.strip_prefix(":-").or(operator.strip_prefix('-'))?),
            }
            rest = next;
        }
        result.push_str(rest);
        Some(result)
    }
}

pub fn entries(json: &Json) -> impl Iterator<Item = (&String, &Json)> {
    json.as_object().into_iter().flatten()
}

pub fn list(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

fn texts(json: &Json) -> impl Iterator<Item = &str> {
    list(json).filter_map(Json::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Secret;

    #[test]
    fn names_what_a_service_needs() {
        let file = json!({
            "services": {
                "web": {
                    "image": "ghcr.io/${OWNER}/web",
                    "build": { "context": "./web" },
                    "env_file": ["web.env", { "path": "/etc/web.env" }],
                    "volumes": ["./conf.yaml:/etc/conf.yaml:ro", "data:/data", { "type": "bind", "source": "../shared", "target": "/s" }],
                    "ports": ["8080:80", "127.0.0.1:${PORT:-8443}:443/tcp", "9000", { "target": 1, "published": "81" }],
                    "depends_on": { "migrate": { "condition": "service_completed_successfully" } },
                },
                "migrate": { "image": "library/busybox", "scale": 2 },
                "debug": { "image": "x", "profiles": ["debug"] },
                "hidden": { "image": "${TOKEN}" },
            },
            "networks": { "own": {}, "proxy": { "external": true } },
            "volumes": { "data": null, "old": { "external": { "name": "really" } } },
            "secrets": { "key": { "file": "./key.pem" } },
        });
        let env = [("OWNER".to_string(), Arg::from("me")), ("TOKEN".to_string(), Arg::from(Secret::new("t")))];
        let body = Body::read(&file, Around { dir: "/opt/app", env: &env, profiles: &[], oneshot: &[] });
        let web = body.service("web").unwrap();
        assert_eq!(web.image.as_deref(), Some("ghcr.io/me/web:latest"));
        assert_eq!(web.context.as_deref(), Some("/opt/app/web"));
        assert_eq!(web.env_files, ["/opt/app/web.env", "/etc/web.env"]);
        assert_eq!(web.mounts, ["/opt/app/conf.yaml", "/opt/shared"]);
        assert_eq!(web.ports, [(8080, 80), (8443, 443), (81, 1)]);
        let migrate = body.service("migrate").unwrap();
        assert!(
            migrate.is_oneshot && migrate.replicas == Some(2) && migrate.image.as_deref() == Some("busybox:latest")
        );
        assert!(body.service("debug").is_none() && body.service("hidden").unwrap().image.is_none());
        assert_eq!(
            (body.networks, body.volumes, body.files),
            (vec!["proxy".into()], vec!["really".into()], vec!["/opt/app/key.pem".into()])
        );
    }
}
