//! Networks and volumes that a Compose file has the project make: Compose makes them once, and leaves them as they are.

use serde_json::Value as Json;

use crate::kinds::shared::docker::{self, Network};
use crate::model::Value;

use super::body::{Around, entries, list};

/// What Compose itself labels with.
const LABELS: &str = "com.docker.compose.";

/// The project's own networks and volumes, by their keys in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Own {
    networks: Vec<(String, Definition)>,
    volumes: Vec<(String, Definition)>,
}

/// What a file says of a network or volume; what it leaves to the engine, or takes from a variable that is secret or not
/// the spec's, is not told.
#[derive(Clone, Debug, Default, PartialEq)]
struct Definition {
    driver: Option<String>,
    options: Option<Vec<(String, String)>>,
    labels: Option<Vec<(String, String)>>,
    internal: bool,
    attachable: bool,
    ipv6: Option<bool>,
    /// What an address is of (`subnet`), and the address.
    addresses: Vec<(&'static str, String)>,
}

/// How something of a network or volume is, and how it should be.
pub type Differs = (&'static str, Value, Value);

/// A volume as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    driver: String,
    options: Vec<(String, String)>,
    labels: Vec<(String, String)>,
}

impl Volume {
    pub fn read(json: &Json) -> Self {
        let driver = json["Driver"].as_str().unwrap_or_default().to_string();
        Self { driver, options: docker::texts(&json["Options"]), labels: docker::texts(&json["Labels"]) }
    }
}

impl Own {
    pub fn read(file: &Json, around: Around<'_>) -> Self {
        let of = |section: &str| {
            let own =
                entries(&file[section]).filter(|(_, one)| matches!(one["external"], Json::Null | Json::Bool(false)));
            own.map(|(key, one)| (key.clone(), Definition::read(one, around))).collect()
        };
        Self { networks: of("networks"), volumes: of("volumes") }
    }

    pub fn has_volumes(&self) -> bool {
        !self.volumes.is_empty()
    }

    /// Returns what a network has otherwise than the file says; nothing where the file does not have it.
    pub fn network_differs(&self, key: &str, found: &Network) -> Vec<Differs> {
        let Some((_, wanted)) = self.networks.iter().find(|(name, _)| name == key) else { return Vec::new() };
        let mut differs = wanted.differs(&found.driver, &found.labels);
        // An engine may have options of its own for every network.
        let options = wanted.options.iter().flatten();
        let other: Vec<_> = options.filter(|option| !found.options.contains(option)).cloned().collect();
        if !other.is_empty() {
            let is_named = |(key, _): &&(String, String)| other.iter().any(|(name, _)| name == key);
            let before: Vec<_> = found.options.iter().filter(is_named).cloned().collect();
            differs.push(("driver_opts", docker::shown(&before), docker::shown(&other)));
        }
        let mut flag = |name, found: bool, wanted: bool| {
            differs.extend((found != wanted).then(|| (name, found.into(), wanted.into())));
        };
        flag("internal", found.internal, wanted.internal);
        flag("enable_ipv6", found.ipv6, wanted.ipv6.unwrap_or(found.ipv6));
        // Version 1 makes all networks attachable.
        flag("attachable", found.attachable, wanted.attachable || found.attachable);
        for (of, address) in &wanted.addresses {
            let all = match *of {
                "subnet" => &found.subnets,
                "gateway" => &found.gateways,
                _ => &found.ip_ranges,
            };
            if !all.iter().any(|one| docker::is_same(one, address)) {
                differs.push((*of, docker::among(all, address).cloned().into(), address.as_str().into()));
            }
        }
        differs
    }

    /// Returns what a volume has otherwise than the file says.
    pub fn volume_differs(&self, key: &str, found: &Volume) -> Vec<&'static str> {
        let Some((_, wanted)) = self.volumes.iter().find(|(name, _)| name == key) else { return Vec::new() };
        let mut differs: Vec<_> =
            wanted.differs(&found.driver, &found.labels).into_iter().map(|(what, ..)| what).collect();
        differs
            .extend(wanted.options.as_ref().is_some_and(|options| *options != found.options).then_some("driver_opts"));
        differs
    }
}

impl Definition {
    fn read(one: &Json, around: Around<'_>) -> Self {
        let text = |json: &Json| around.interpolate(&scalar(json)?);
        let mut addresses = Vec::new();
        for pool in list(&one["ipam"]["config"]) {
            for of in ["subnet", "gateway", "ip_range"] {
                addresses.extend(text(&pool[of]).map(|address| (of, address)));
            }
        }
        Self {
            driver: text(&one["driver"]),
            options: pairs(&one["driver_opts"], around),
            labels: pairs(&one["labels"], around),
            internal: one["internal"] == true,
            attachable: one["attachable"] == true,
            ipv6: one["enable_ipv6"].as_bool(),
            addresses,
        }
    }

    /// Returns what networks and volumes have in common. All labels of both come from the file or from Compose.
    fn differs(&self, driver: &str, labels: &[(String, String)]) -> Vec<Differs> {
        let mut differs: Vec<Differs> = Vec::new();
        if let Some(wanted) = self.driver.as_ref().filter(|wanted| *wanted != driver && *wanted != "default") {
            differs.push(("driver", driver.into(), wanted.as_str().into()));
        }
        let labels: Vec<_> = labels.iter().filter(|(key, _)| !key.starts_with(LABELS)).cloned().collect();
        if let Some(wanted) = self.labels.as_ref().filter(|wanted| **wanted != labels) {
            differs.push(("labels", docker::shown(&labels), docker::shown(wanted)));
        }
        differs
    }
}

/// Reads a mapping, or a list of `key=value`; nothing where a part of it cannot be told.
fn pairs(json: &Json, around: Around<'_>) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for (key, value) in entries(json) {
        let value = if value.is_null() { String::new() } else { scalar(value)? };
        pairs.push((key.clone(), around.interpolate(&value)?));
    }
    for item in list(json) {
        let text = around.interpolate(item.as_str()?)?;
        let (key, value) = text.split_once('=').unwrap_or((&text, ""));
        pairs.push((key.to_string(), value.to_string()));
    }
    pairs.sort();
    Some(pairs)
}

fn scalar(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Arg, Secret};

    fn own(file: &Json) -> Own {
        let env = [("NET".to_string(), Arg::from("10.9.0.0/24")), ("TOKEN".to_string(), Arg::from(Secret::new("t")))];
        Own::read(file, Around { dir: "/opt/app", env: &env, profiles: &[], oneshot: &[] })
    }

    fn names(differs: &[Differs]) -> Vec<&'static str> {
        differs.iter().map(|(what, ..)| *what).collect()
    }

    #[test]
    fn a_network_is_compared_with_what_the_file_says_of_it() {
        let found = Network::read(&json!({
            "Driver": "bridge", "EnableIPv6": false, "Internal": false, "Attachable": true,
            "IPAM": { "Config": [{ "Subnet": "10.9.0.0/24", "Gateway": "10.9.0.1" }] },
            "Options": { "engine": "1" }, "Labels": { "a": "1", "com.docker.compose.project": "x" },
        }));
        let differs = |network: Json| {
            let own = own(&json!({ "networks": { "back": network } }));
            names(&own.network_differs("back", &found))
        };
        assert!(differs(json!({ "labels": ["a=1"], "ipam": { "config": [{ "subnet": "${NET}" }] } })).is_empty());
        assert!(
            differs(
                json!({ "labels": { "a": 1 }, "driver": "default", "ipam": { "config": [{ "subnet": "${TOKEN}" }] } })
            )
            .is_empty()
        );
        assert!(differs(json!({ "external": true })).is_empty());
        assert_eq!(differs(json!(null)), ["labels"]);
        assert_eq!(
            differs(json!({
                "driver": "macvlan", "labels": { "a": "2" }, "driver_opts": { "mtu": 1400 }, "internal": true,
                "enable_ipv6": true,
                "ipam": { "config": [{ "subnet": "10.8.0.0/24", "gateway": "10.9.0.1" }, { "subnet": "fd00::/64" }] },
            })),
            ["driver", "labels", "driver_opts", "internal", "enable_ipv6", "subnet", "subnet"]
        );
        assert!(own(&json!({})).network_differs("default", &found).is_empty());
    }

    #[test]
    fn a_volume_is_compared_with_what_the_file_says_of_it() {
        let found = Volume::read(&json!({ "Driver": "local", "Options": { "device": "/srv" }, "Labels": null }));
        let differs = |volume: Json| own(&json!({ "volumes": { "data": volume } })).volume_differs("data", &found);
        assert!(differs(json!({ "driver_opts": { "device": "/srv" } })).is_empty());
        assert!(differs(json!({ "driver_opts": { "device": "/srv", "o": "password=${TOKEN}" } })).is_empty());
        assert_eq!(differs(json!(null)), ["driver_opts"]);
        assert_eq!(differs(json!({ "driver": "nfs", "labels": ["a"] })), ["driver", "labels", "driver_opts"]);
    }
}
