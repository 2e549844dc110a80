//! What the host says of a project, and what is not as it should be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::kinds::shared::docker::{Network, image_name};
use crate::kinds::shared::owned_file::OwnedFile;
use crate::model::{Looked, ProbeOutput, Records};
use crate::records;
use crate::resource::{Claim, Observation, Resource, Space};

use super::body::Service;
use super::own::{Differs, Volume};
use super::project::{Desired, path};

records! {
    include_str!("probe.sh") =>
    /// What the probe says beside what it says of the Compose file.
    enum Seen {
        "file" => MissingFile { missing },
        "hash" => Hash { service, hash },
        "invalid" => Invalid { words },
        "container" => Container {
            service, oneoff, id, hash, image, tag, status, exit, health, restarts, started, mounts
        },
        "stale" => Stale { service, path },
        "image" => Image { name, id },
        "cut" => Cut { service },
        "handed" => Handed { service, digest },
        "network" => Network { key, id, json },
        "volume" => Volume { key, volume, json },
        "docker" => DockerAlone { answer },
        "docker" => Docker { answer, words },
    }
}

/// A project as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The Compose file.
    pub file: Option<OwnedFile>,
    /// The services the spec has, in its order, with what is wrong; and each's containers.
    pub services: Vec<Found>,
    /// Services with containers that the spec does not have.
    pub orphans: Vec<String>,
    /// Networks of it that are not as the file says.
    pub networks: Vec<OtherNetwork>,
    /// Volumes, where they count.
    pub volumes: Vec<String>,
    /// Volumes that are not as the file says, with what differs.
    pub other_volumes: Vec<(String, Vec<&'static str>)>,
}

/// A network that is not as the file says.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherNetwork {
    pub key: String,
    pub id: String,
    pub differs: Vec<Differs>,
    /// Services of the project that run in it, and other containers that do.
    services: BTreeSet<String>,
    others: Vec<String>,
}

impl OtherNetwork {
    /// Says what becomes of it.
    pub fn remark(&self) -> String {
        let mut line = format!("network {}: changed → recreate", self.key);
        if !self.services.is_empty() {
            line += &format!(", with {}", self.services.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
        }
        if !self.others.is_empty() {
            line += &format!("; disconnects {} for a moment", self.others.join(", "));
        }
        line
    }
}

/// A service as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub name: String,
    /// How it is, in words.
    pub words: String,
    pub trouble: Option<Trouble>,
}

/// What is wrong with a service.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// It has no container.
    Missing,
    /// It has too few or too many.
    Number,
    Stopped,
    /// It runs but not as it should: it says that it is ill, or is started again and again.
    Ill,
    Paused,
    /// A network that its container is in is gone.
    Cut,
    /// Its containers were handed other contents of configs or secrets.
    Handed,
    /// Its containers were made from another configuration.
    Outdated,
    /// The name of its image stands for another image now.
    Image,
    /// It has started before a file that it mounts was changed.
    Stale(String),
}

/// A container, as the probe tells of it.
struct Container<'a> {
    id: &'a str,
    service: &'a str,
    hash: &'a str,
    /// The image it was made from, and how that was named.
    image: &'a str,
    tag: &'a str,
    status: &'a str,
    exit: &'a str,
    health: &'a str,
    restarts: &'a str,
}

/// All that the probe wrote about one project.
#[derive(Default)]
pub struct Told<'a> {
    /// How Docker answers, and its words.
    pub docker: Option<(&'a str, &'a str)>,
    /// Why a record could not be read.
    pub wrong: Option<String>,
    /// A file of environment that is not there.
    pub missing: Option<&'a str>,
    pub invalid: Option<&'a str>,
    hashes: BTreeMap<&'a str, &'a str>,
    containers: Vec<Container<'a>>,
    stale: BTreeMap<&'a str, &'a str>,
    cut: BTreeSet<&'a str>,
    handed: Vec<(&'a str, &'a str)>,
    networks: Vec<(&'a str, &'a str, &'a str)>,
    volumes: Vec<(&'a str, &'a str, &'a str)>,
}

/// What image names stand for.
pub type Images<'a> = BTreeMap<&'a str, &'a str>;

/// Sorts what the probe wrote by project.
pub fn tell(output: &ProbeOutput, projects: usize) -> (Vec<Told<'_>>, Images<'_>) {
    let mut told: Vec<Told<'_>> = (0..projects).map(|_| Told::default()).collect();
    let mut images = Images::new();
    for record in &output.records {
        let Some(of_row) = told.get_mut(record.index) else { continue };
        let Some(seen) = Seen::find(record) else {
            // Others are about the Compose file.
            of_row.wrong = Looked::read(record).err().or(of_row.wrong.take());
            continue;
        };
        match seen {
            Seen::Docker { answer, words } => of_row.docker = Some((answer, words)),
            Seen::DockerAlone { answer } => of_row.docker = Some((answer, "")),
            Seen::MissingFile { missing } => of_row.missing = Some(missing),
            Seen::Invalid { words } => of_row.invalid = Some(words),
            Seen::Hash { service, hash } => drop(of_row.hashes.insert(service, hash)),
            Seen::Stale { service, path } => drop(of_row.stale.insert(service, path)),
            Seen::Cut { service } => drop(of_row.cut.insert(service)),
            Seen::Handed { service, digest } => of_row.handed.push((service, digest)),
            Seen::Network { key, id, json } => of_row.networks.push((key, id, json)),
            Seen::Volume { key, volume, json } => of_row.volumes.push((key, volume, json)),
            Seen::Image { name, id } => drop(images.insert(name, id)),
            Seen::Container { service, oneoff, id, hash, image, tag, status, exit, health, restarts, .. } => {
                if !oneoff.eq_ignore_ascii_case("true") {
                    of_row.containers.push(Container { id, service, hash, image, tag, status, exit, health, restarts });
                }
            }
        }
    }
    (told, images)
}

impl Told<'_> {
    /// Says what is there of the project, or why that cannot be told.
    pub fn observation(
        self,
        resource: &Resource<Desired>,
        file: Observation<OwnedFile>,
        images: &Images<'_>,
        output: &ProbeOutput,
    ) -> Observation<Observed> {
        let later =
            |space: Space, name: &str, reason: String| Observation::Later { needs: Claim::new(space, name), reason };
        let file = match file {
            Observation::Present(file) => Some(file),
            Observation::Absent | Observation::AbsentOn(_) => None,
            Observation::Failed(reason) => {
                return Observation::Failed(format!("{}: {reason}", path(&resource.desired)));
            }
            Observation::Later { needs, reason } => return Observation::Later { needs, reason },
        };
        let Some((answer, words)) = self.docker else { return Observation::Failed(output.explain()) };
        match answer {
            "ok" => {}
            "no-docker" => return later(Space::PROGRAM, "docker", "docker is not on the host".into()),
            "no-compose" => {
                let reason = "Compose is not on the host: neither the plugin nor docker-compose".to_string();
                return later(Space::PROGRAM, "docker-compose", reason);
            }
            _ => {
                let reason = format!("Docker does not answer: {words}");
                return later(Space::SERVICE, "docker.service", reason);
            }
        }
        if let Some(wrong) = self.wrong {
            return Observation::Failed(wrong);
        }
        if let Some(path) = self.missing {
            return later(Space::PATH, path, format!("{path}, which the Compose file names, is not there"));
        }
        if let Some(words) = self.invalid {
            return Observation::Failed(format!("Compose does not take its file: {}", last_line(words)));
        }
        match self.observed(file, &resource.desired, images) {
            Ok(Some(observed)) => Observation::Present(observed),
            Ok(None) => Observation::Absent,
            Err(error) => Observation::Failed(format!("what docker tells of it cannot be read: {error}")),
        }
    }

    /// Judges the project; nothing where there is nothing of it.
    fn observed(
        self,
        file: Option<OwnedFile>,
        desired: &Desired,
        images: &Images<'_>,
    ) -> Result<Option<Observed>, serde_json::Error> {
        let counted = self.volumes.iter().filter(|_| desired.remove_volumes);
        let volumes: Vec<String> = counted.map(|(_, volume, _)| (*volume).to_string()).collect();
        let body = &desired.body;
        let names: BTreeSet<&str> = body.services.iter().map(|service| service.name.as_str()).collect();
        let orphans: BTreeSet<&str> = self.containers.iter().map(|one| one.service).collect();
        let mut networks = Vec::new();
        for (key, id, json) in &self.networks {
            let json: Json = serde_json::from_str(json)?;
            let differs = desired.own.network_differs(key, &Network::read(&json));
            if !differs.is_empty() {
                networks.push(self.other_network(key, id, differs, &json));
            }
        }
        let mut other_volumes = Vec::new();
        for (key, volume, json) in &self.volumes {
            let differs = desired.own.volume_differs(key, &Volume::read(&serde_json::from_str(json)?));
            other_volumes.extend((!differs.is_empty()).then(|| ((*volume).to_string(), differs)));
        }
        // Networks that a run left behind which was broken off go with the project.
        let has_left = desired.content.is_none() && !self.networks.is_empty();
        let is_other = has_left || !networks.is_empty() || !other_volumes.is_empty();
        if file.is_none() && self.containers.is_empty() && volumes.is_empty() && !is_other {
            return Ok(None);
        }
        Ok(Some(Observed {
            file,
            services: body.services.iter().map(|service| self.found(service, desired, images)).collect(),
            orphans: orphans.difference(&names).map(ToString::to_string).collect(),
            networks,
            volumes,
            other_volumes,
        }))
    }

    fn other_network(&self, key: &str, id: &str, differs: Vec<Differs>, json: &Json) -> OtherNetwork {
        let own = |id: &str| self.containers.iter().find(|container| container.id == id);
        let (mut services, mut others) = (BTreeSet::new(), Vec::new());
        for (id, container) in json["Containers"].as_object().into_iter().flatten() {
            match own(id) {
                Some(own) => drop(services.insert(own.service.to_string())),
                None => others.extend(container["Name"].as_str().map(str::to_string)),
            }
        }
        OtherNetwork { key: key.to_string(), id: id.to_string(), differs, services, others }
    }

    fn found(&self, service: &Service, desired: &Desired, images: &Images<'_>) -> Found {
        let name = service.name.as_str();
        let all: Vec<&Container<'_>> = self.containers.iter().filter(|one| one.service == name).collect();
        let hash = self.hashes.get(name).copied().unwrap_or_default();
        let found = |words: String, trouble| Found { name: name.to_string(), words, trouble };
        if all.is_empty() {
            let trouble = if service.replicas == Some(0) { None } else { Some(Trouble::Missing) };
            return found("absent".into(), trouble);
        }
        if let Some((words, trouble)) = all.iter().find_map(|one| one.is_other(hash, images)) {
            return found(words.into(), Some(trouble));
        }
        if self.cut.contains(name) {
            return found("without a network of it".into(), Some(Trouble::Cut));
        }
        let wanted = desired.handed.iter().find(|(of, _)| of == name);
        if wanted.is_some_and(|(_, wanted)| self.handed.iter().any(|(of, digest)| *of == name && digest != wanted)) {
            return found("running".into(), Some(Trouble::Handed));
        }
        if let Some((words, trouble)) = all.iter().find_map(|one| one.state(service.is_oneshot)) {
            return found(words, Some(trouble));
        }
        let number = all.len() as u64;
        if service.replicas.is_some_and(|wanted| wanted != number) {
            return found(format!("{number} running"), Some(Trouble::Number));
        }
        if let Some(path) = self.stale.get(name) {
            return found("running".into(), Some(Trouble::Stale((*path).to_string())));
        }
        let words = match all.first() {
            Some(one) if service.is_oneshot => one.status,
            Some(one) if !one.health.is_empty() => one.health,
            _ => "running",
        };
        found(words.into(), None)
    }
}

impl Container<'_> {
    /// Says in which way it is not what the spec has now.
    fn is_other(&self, hash: &str, images: &Images<'_>) -> Option<(&'static str, Trouble)> {
        // What the name stands for also goes into the hash of version 1.
        match images.get(image_name(self.tag).as_str()) {
            Some(image) if *image != self.image => return Some(("from an older image", Trouble::Image)),
            _ => {}
        }
        (self.hash != hash).then_some(("outdated", Trouble::Outdated))
    }

    /// Says what is wrong with the state it is in.
    fn state(&self, is_oneshot: bool) -> Option<(String, Trouble)> {
        let exit = self.exit;
        match (self.status, self.health) {
            ("exited", _) if is_oneshot && exit == "0" => None,
            ("running", _) if is_oneshot => None,
            ("running", "unhealthy") => Some(("unhealthy".into(), Trouble::Ill)),
            // What has just been started, with the host for one, is not ill yet.
            ("running", _) => None,
            ("restarting", _) => {
                Some((format!("restarting (status {exit}, {} restarts)", self.restarts), Trouble::Ill))
            }
            ("paused", _) => Some(("paused".into(), Trouble::Paused)),
            ("created", _) => Some(("created".into(), Trouble::Stopped)),
            _ => Some((format!("stopped (status {exit})"), Trouble::Stopped)),
        }
    }
}

/// Names the keys of a service that two Compose files have different; what they do not tell comes from variables.
pub fn differing(before: Option<&Json>, after: Option<&Json>, service: &str) -> String {
    let of = |file: Option<&Json>| file.and_then(|file| file["services"][service].as_object().cloned());
    let (Some(before), Some(after)) = (of(before), of(after)) else { return "configuration".into() };
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let other: Vec<&str> =
        keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).map(String::as_str).collect();
    if other.is_empty() { "variables".into() } else { other.join(", ") }
}

fn last_line(text: &str) -> &str {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(text).trim()
}
