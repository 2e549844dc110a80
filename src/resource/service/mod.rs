//! `service`: a systemd service that runs, and starts with the host.

use crate::model::{Changes, Expect, Lock, OwedAction, Probe, ProbeOutput, Step, Value};
use crate::row;

use super::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space, Trigger,
    TriggerSource,
};

/// A systemd service that runs, and starts with the host.
pub struct Service;

/// What a service should be doing.
#[derive(Clone, Debug)]
pub struct Desired {
    running: Option<bool>,
    enabled: Option<bool>,
    restart_on: Vec<String>,
    reload_on: Vec<String>,
}

/// What a service is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// `not-found` where systemd knows no such unit.
    load_state: String,
    /// `active`, `inactive`, `failed`, `activating`, ….
    active_state: String,
    /// `enabled`, `disabled`, `static`, `masked`, …; empty where there is none.
    file_state: String,
}

impl Observed {
    fn is_running(&self) -> bool {
        matches!(self.active_state.as_str(), "active" | "reloading")
    }

    /// Runs, or is on its way.
    fn is_up(&self) -> bool {
        !matches!(self.active_state.as_str(), "inactive" | "failed")
    }

    fn is_enabled(&self) -> bool {
        // A static or generated unit cannot be enabled and starts when another asks for it.
        matches!(
            self.file_state.as_str(),
            "enabled" | "enabled-runtime" | "static" | "alias" | "indirect" | "generated"
        )
    }
}

impl Kind for Service {
    const KIND: &'static str = "service";
    const SECTION: &'static str = "services";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional("running", Shape::Bool, "Whether it runs; left alone where left out."),
        Attribute::optional("enabled", Shape::Bool, "Whether it starts with the host; left alone where left out."),
        Attribute::optional("restart_on", Shape::Selectors, "What restarts it when it changes, beyond its own unit."),
        Attribute::optional("reload_on", Shape::Selectors, "What reloads it when it changes."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A systemd service that runs, and starts with the host.",
        name: "The unit's name; `.service` is added where there is no suffix.",
        example: "services:\n  nginx:\n    running: true\n    enabled: true\n    reload_on: [\"file:/etc/nginx/**\"]\n",
        notes: "A change of its own unit restarts it. It is restarted once, after everything named in `restart_on`; starting it \
                settles an owed restart, and a restart settles a reload. `state: absent` stops and disables it. All services of a \
                host are observed by one `systemctl show`. A unit that is `activating` again and again does not count as running.",
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let is_absent = fields.is_absent();
        Desired {
            running: if is_absent { Some(false) } else { fields.bool("running") },
            enabled: if is_absent { Some(false) } else { fields.bool("enabled") },
            restart_on: fields.texts("restart_on"),
            reload_on: fields.texts("reload_on"),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        Claims::new().requires(Space::UNIT, unit(resource))
    }

    fn triggers(resource: &Resource<Desired>) -> Vec<Trigger> {
        let own = TriggerSource::Provider(Claim::new(Space::UNIT, unit(resource)));
        let mut triggers = vec![Trigger { source: own, action: OwedAction::Restart }];
        let named = |selector: &String, action| Trigger { source: TriggerSource::Selector(selector.clone()), action };
        triggers.extend(resource.desired.restart_on.iter().map(|selector| named(selector, OwedAction::Restart)));
        triggers.extend(resource.desired.reload_on.iter().map(|selector| named(selector, OwedAction::Reload)));
        triggers
    }

    fn owed_applies(resource: &Resource<Desired>, observed: &Observation<Observed>) -> bool {
        let is_up = matches!(observed, Observation::Present(observed) if observed.is_up());
        is_up && resource.desired.running != Some(false)
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(include_str!("probe.sh"), all.iter().map(|resource| row![unit(resource)]).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        output
            .first_records(all.len())
            .into_iter()
            .zip(all)
            .map(|(record, resource)| match record {
                None => Observation::Failed(output.explain()),
                Some(record) if record.field(0) == "no-systemd" => {
                    Observation::Failed("the host does not run systemd".into())
                }
                Some(record) => {
                    let observed = Observed {
                        active_state: record.field(0).to_string(),
                        file_state: record.field(1).to_string(),
                        load_state: record.field(2).to_string(),
                    };
                    // A service that should be absent is gone once it is stopped and disabled; its unit may stay.
                    let starts_itself = matches!(observed.file_state.as_str(), "enabled" | "enabled-runtime");
                    if resource.is_absent() && !observed.is_up() && !starts_itself {
                        Observation::Absent
                    } else {
                        Observation::Present(observed)
                    }
                }
            })
            .collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("running", observed.is_running().into()), ("enabled", observed.is_enabled().into())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else { return changes };
        changes.compare_if("running", observed.is_running(), desired.running);
        changes.compare_if("enabled", observed.is_enabled(), desired.enabled);
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let desired = &resource.desired;
        let running = match desired.running {
            Some(true) => Expect::Is("active".into()),
            _ => Expect::Any,
        };
        Some(vec![running, Expect::Any, Expect::Any])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        // One step a service: a start that hangs must not be taken for another's.
        batch
            .iter()
            .enumerate()
            .map(|(at, planned)| {
                let desired = &planned.resource.desired;
                let changes = |attribute: &str| planned.changes.iter().any(|change| change.attribute == attribute);
                let enable = changes("enabled").then_some(desired.enabled).flatten();
                let run = if changes("running") { desired.running } else { None };
                let verb = match (run, planned.owed) {
                    (Some(true), _) => "start",
                    (Some(false), _) => "stop",
                    (None, Some(OwedAction::Restart)) => "restart",
                    (None, Some(OwedAction::Reload)) => "reload",
                    (None, None) => "",
                };
                let enabling = match enable {
                    Some(true) => "enable",
                    Some(false) => "disable",
                    None => "",
                };
                let words: Vec<&str> = [enabling, verb].into_iter().filter(|word| !word.is_empty()).collect();
                let purpose = format!("{} {}", words.join(" and "), planned.resource.name());
                Step::new(include_str!("apply.sh"), vec![at], purpose)
                    .rows(vec![row![unit(planned.resource), enabling, verb]])
                    .locks(&[Lock::Systemd])
                    .timeout(planned.resource.timeout.unwrap_or(std::time::Duration::from_secs(120)))
            })
            .collect()
    }
}

/// Returns the full name of a service's unit.
fn unit(resource: &Resource<Desired>) -> String {
    let name = resource.name();
    let has_suffix = [".service", ".socket", ".timer", ".path", ".mount", ".target", ".slice"]
        .iter()
        .any(|suffix| name.ends_with(suffix));
    if has_suffix { name.to_string() } else { format!("{name}.service") }
}
