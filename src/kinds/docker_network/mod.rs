//! `docker_network`: a network that containers meet in.

use std::net::IpAddr;

use crate::model::{Change, Changes, Expect, Probe, ProbeOutput, Step, Value};
use crate::{expect, row, rows};

use crate::kinds::shared::docker::{self, NETWORK, Network, Seen};
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape};

/// A network that containers meet in.
pub struct DockerNetwork;

/// A network as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    driver: String,
    /// What its subnet needs: an engine gives no IPv6 to containers of a network only because it has such addresses.
    ipv6: bool,
    subnet: Option<String>,
    gateway: Option<String>,
    ip_range: Option<String>,
    internal: bool,
    attachable: bool,
    /// Left alone where the spec gives none.
    options: Option<Vec<(String, String)>>,
    labels: Vec<(String, String)>,
}

const APPLY: &str = concat!(include_str!("../shared/docker/connected.sh"), include_str!("apply.sh"));

rows! {
    APPLY => struct Wanted { name, verb, driver, ipv6, subnet, gateway, range, internal, attachable; more }
}

impl Kind for DockerNetwork {
    const KIND: &'static str = "docker_network";
    const SECTION: &'static str = "docker_networks";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::default("driver", Shape::Text, "bridge", "The driver: bridge, macvlan, ipvlan, or a plugin's name."),
        Attribute::optional(
            "subnet",
            Shape::Text,
            "Its addresses (`172.28.0.0/16`); the engine chooses where left out.",
        ),
        Attribute::optional("gateway", Shape::Text, "The host's address in it."),
        Attribute::optional("ip_range", Shape::Text, "The part of the subnet that containers get addresses from."),
        Attribute::default("internal", Shape::Bool, "false", "Whether nothing leads out of it."),
        Attribute::default(
            "attachable",
            Shape::Bool,
            "false",
            "Whether single containers may join a network of a swarm.",
        ),
        Attribute::optional("options", Shape::Map(&Shape::Scalar), "The driver's options; left alone where left out."),
        Attribute::optional("labels", Shape::Map(&Shape::Scalar), "Labels it has; others are left alone."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A network of Docker Engine.",
        name: "Its name.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    type Desired = Desired;
    type Observed = Network;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        docker::check_name(fields, "network");
        if ["bridge", "host", "none"].contains(&fields.name()) {
            let message = format!("`{}` is the engine's own", fields.name());
            fields.error("name", message, "choose another name");
        }
        for attribute in ["subnet", "ip_range"] {
            if let Some(text) = fields.text(attribute).filter(|text| !is_network(text)) {
                let message = format!("`{text}` is not the address of a network");
                fields.error(attribute, message, "write its first address and its length: `172.28.0.0/16`");
            }
        }
        if let Some(text) = fields.text("gateway").filter(|text| text.parse::<IpAddr>().is_err()) {
            fields.error("gateway", format!("`{text}` is not an IP address"), "write one such as `172.28.0.1`");
        }
        for attribute in ["gateway", "ip_range"] {
            if fields.has(attribute) && !fields.has("subnet") {
                fields.error(attribute, format!("`{attribute}` without `subnet`"), "add the subnet it is in");
            }
        }
        let options = docker::plain_map(fields, "options");
        let subnet = fields.text("subnet");
        Desired {
            driver: fields.text("driver").unwrap_or_else(|| "bridge".into()),
            ipv6: subnet.as_ref().is_some_and(|subnet| subnet.contains(':')),
            subnet,
            gateway: fields.text("gateway"),
            ip_range: fields.text("ip_range"),
            internal: fields.bool("internal").unwrap_or_default(),
            attachable: fields.bool("attachable").unwrap_or_default(),
            options: fields.has("options").then_some(options),
            labels: docker::plain_map(fields, "labels"),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        docker::asks_engine(Claims::new().provides(NETWORK, resource.name()), resource.run_as.as_ref())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        docker::probe("network", all.iter().map(|resource| resource.name()))
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Network>> {
        docker::observations(all.len(), output, |_, json| Ok(Network::read(json)))
    }

    fn attributes(observed: &Network) -> Vec<(&'static str, Value)> {
        let mut attributes: Vec<(&'static str, Value)> = vec![("driver", observed.driver.as_str().into())];
        attributes.extend(observed.subnets.first().map(|subnet| ("subnet", subnet.as_str().into())));
        attributes.push(("internal", observed.internal.into()));
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Network>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else {
            changes.push("driver", Value::Null, desired.driver.as_str());
            for (attribute, value) in
                [("subnet", &desired.subnet), ("gateway", &desired.gateway), ("ip_range", &desired.ip_range)]
            {
                changes.compare_if(attribute, Value::Null, value.clone());
            }
            changes.compare_if("ipv6", Value::Null, desired.ipv6.then_some(true));
            changes.push("internal", Value::Null, desired.internal);
            changes.compare_if("attachable", Value::Null, desired.attachable.then_some(true));
            changes.compare_if("options", Value::Null, desired.options.as_deref().map(docker::shown));
            changes.compare_if(
                "labels",
                Value::Null,
                (!desired.labels.is_empty()).then(|| docker::shown(&desired.labels)),
            );
            return changes;
        };
        let mut replace = |attribute: &str, before: Value, after: Option<Value>| {
            if changes.compare_if(attribute, before, after) {
                changes.forces_replacement();
            }
        };
        // A network with addresses of both families has two of each: the one that is wanted may be either.
        let among = |found: &[String], wanted: &Option<String>| match wanted {
            Some(wanted) if found.iter().any(|found| docker::is_same(found, wanted)) => Value::text(wanted),
            Some(wanted) => docker::among(found, wanted).cloned().into(),
            None => Value::Null,
        };
        replace("driver", observed.driver.as_str().into(), Some(desired.driver.as_str().into()));
        replace("subnet", among(&observed.subnets, &desired.subnet), desired.subnet.clone().map(Value::Text));
        replace("gateway", among(&observed.gateways, &desired.gateway), desired.gateway.clone().map(Value::Text));
        replace("ip_range", among(&observed.ip_ranges, &desired.ip_range), desired.ip_range.clone().map(Value::Text));
        replace("ipv6", observed.ipv6.into(), desired.ipv6.then_some(true.into()));
        replace("internal", observed.internal.into(), Some(desired.internal.into()));
        replace("attachable", observed.attachable.into(), Some(desired.attachable.into()));
        replace("options", docker::shown(&observed.options), desired.options.as_deref().map(docker::shown));
        let labels: Vec<_> = observed.labels.iter().filter(|(key, _)| desired.has_label(key)).cloned().collect();
        replace("labels", docker::shown(&labels), Some(docker::shown(&desired.labels)));
        changes
    }

    fn remarks(resource: &Resource<Desired>, observed: &Observation<Network>, _changes: &[Change]) -> Vec<String> {
        match observed {
            Observation::Present(observed) if !observed.containers.is_empty() && !resource.is_absent() => {
                let names = observed.containers.join(", ");
                vec![format!("disconnects {names} for a moment: open connections break")]
            }
            _ => Vec::new(),
        }
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::Present],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let rows = batch.iter().map(|planned| {
            let desired = &planned.resource.desired;
            let verb = match (planned.resource.is_absent(), planned.observed) {
                (true, _) => "remove",
                (false, Observation::Present(_)) => "replace",
                (false, _) => "create",
            };
            let name = planned.resource.name();
            let Desired { driver, ipv6, subnet, gateway, ip_range, internal, attachable, .. } = desired;
            let mut row = row![Wanted {
                name,
                verb,
                driver,
                ipv6: *ipv6,
                subnet: subnet.as_ref(),
                gateway: gateway.as_ref(),
                range: ip_range.as_ref(),
                internal: *internal,
                attachable: *attachable,
            }];
            // What the spec leaves alone stays as it is when the network is made again.
            let found = planned.observed.found();
            let options = desired.options.as_ref().or(found.map(|found| &found.options));
            docker::add_pairs(&mut row, "o", options.map(Vec::as_slice).unwrap_or_default());
            docker::add_pairs(&mut row, "l", &desired.labels);
            let others = found.into_iter().flat_map(|found| &found.labels).filter(|(key, _)| !desired.has_label(key));
            docker::add_pairs(&mut row, "l", &others.cloned().collect::<Vec<_>>());
            row
        });
        let rows = rows.collect();
        let purpose = match batch {
            [planned] => format!("set the docker network {}", planned.resource.name()),
            _ => format!("set {} docker networks", batch.len()),
        };
        vec![Step::new(APPLY, (0..batch.len()).collect(), purpose).rows(rows)]
    }
}

impl Desired {
    fn has_label(&self, key: &str) -> bool {
        self.labels.iter().any(|(wanted, _)| wanted == key)
    }
}

/// Returns whether a text is the first address of a network and its length.
fn is_network(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let (Ok(address), Ok(length)) = (address.parse::<IpAddr>(), length.parse::<u32>()) else { return false };
    match address {
        IpAddr::V4(address) => length <= 32 && u64::from(address.to_bits()) << length & 0xffff_ffff == 0,
        IpAddr::V6(address) => length <= 128 && address.to_bits().checked_shl(length).unwrap_or_default() == 0,
    }
}
