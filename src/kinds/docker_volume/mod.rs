//! `docker_volume`: a named volume, which outlives the containers that use it.

use crate::model::{Change, Changes, Expect, Probe, ProbeOutput, Step, Value};
use crate::{expect, row, rows};

use crate::kinds::shared::docker::{self, Seen, VOLUME};
use crate::resource::{
    Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Refusal, Resource, Shape, Space,
};

/// A named volume.
pub struct DockerVolume;

/// A volume as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    driver: String,
    /// Left alone where the spec gives none.
    options: Option<Vec<(String, String)>>,
    labels: Vec<(String, String)>,
}

/// A volume as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    driver: String,
    options: Vec<(String, String)>,
    labels: Vec<(String, String)>,
    mountpoint: String,
}

rows! {
    include_str!("apply.sh") => struct Wanted { name, verb, driver; more }
}

impl Kind for DockerVolume {
    const KIND: &'static str = "docker_volume";
    const SECTION: &'static str = "docker_volumes";
    const HOLDS_DATA: bool = true;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::default("driver", Shape::Text, "local", "The driver: local, or a plugin's name."),
        Attribute::optional(
            "options",
            Shape::Map(&Shape::Scalar),
            "The driver's options, such as `type`, `o` and `device`; left alone where left out.",
        ),
        Attribute::optional("labels", Shape::Map(&Shape::Scalar), "Labels it has; others are left alone."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A volume of Docker Engine, which outlives the containers that use it.",
        name: "Its name.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        docker::check_name(fields, "volume");
        let options = docker::plain_map(fields, "options");
        Desired {
            driver: fields.text("driver").unwrap_or_else(|| "local".into()),
            options: fields.has("options").then_some(options),
            labels: docker::plain_map(fields, "labels"),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let claims = docker::asks_engine(Claims::new().provides(VOLUME, resource.name()), resource.run_as.as_ref());
        let options = resource.desired.options.iter().flatten();
        let device = options.filter(|(key, value)| key == "device" && value.starts_with('/')).map(|(_, value)| value);
        device.fold(claims, |claims, device| claims.requires(Space::PATH, device))
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        docker::probe("volume", all.iter().map(|resource| resource.name()))
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        docker::observations(all.len(), output, |_, json| {
            Ok(Observed {
                driver: json["Driver"].as_str().unwrap_or_default().to_string(),
                options: docker::texts(&json["Options"]),
                labels: docker::texts(&json["Labels"]),
                mountpoint: json["Mountpoint"].as_str().unwrap_or_default().to_string(),
            })
        })
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("driver", observed.driver.as_str().into()), ("mountpoint", observed.mountpoint.as_str().into())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let options = desired.options.as_deref().map(docker::shown);
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else {
            changes.push("driver", Value::Null, desired.driver.as_str());
            changes.compare_if("options", Value::Null, options);
            changes.compare_if(
                "labels",
                Value::Null,
                (!desired.labels.is_empty()).then(|| docker::shown(&desired.labels)),
            );
            return changes;
        };
        if changes.compare("driver", observed.driver.as_str(), desired.driver.as_str()) {
            changes.forces_replacement();
        }
        if changes.compare_if("options", docker::shown(&observed.options), options) {
            changes.forces_replacement();
        }
        let wanted = |key: &String| desired.labels.iter().any(|(wanted, _)| wanted == key);
        let labels: Vec<_> = observed.labels.iter().filter(|(key, _)| wanted(key)).cloned().collect();
        if changes.compare("labels", docker::shown(&labels), docker::shown(&desired.labels)) {
            changes.forces_replacement();
        }
        changes
    }

    fn remarks(resource: &Resource<Desired>, observed: &Observation<Observed>, _changes: &[Change]) -> Vec<String> {
        match observed {
            Observation::Present(_) if resource.is_absent() => vec!["what is in it is deleted".into()],
            _ => Vec::new(),
        }
    }

    fn refusal(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Option<Refusal> {
        let Observation::Present(_) = observed else { return None };
        if resource.is_absent() {
            return None;
        }
        let differs: Vec<_> = Self::diff(resource, observed).into_vec().into_iter().map(|one| one.attribute).collect();
        (!differs.is_empty()).then(|| docker::volume_stays(resource.name(), &differs.join(" and ")))
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
            let verb = if planned.resource.is_absent() { "remove" } else { "create" };
            let mut row = row![Wanted { name: planned.resource.name(), verb, driver: &desired.driver }];
            docker::add_pairs(&mut row, "o", desired.options.as_deref().unwrap_or_default());
            docker::add_pairs(&mut row, "l", &desired.labels);
            row
        });
        let rows = rows.collect();
        let purpose = match batch {
            [planned] => format!("set the docker volume {}", planned.resource.name()),
            _ => format!("set {} docker volumes", batch.len()),
        };
        vec![Step::new(include_str!("apply.sh"), (0..batch.len()).collect(), purpose).rows(rows)]
    }
}
