//! `service`: a systemd service that runs, and starts with the host.

use std::time::Duration;

use crate::model::{Change, Changes, Expect, Lock, OwedAction, Probe, ProbeOutput, Step, Value};
use crate::{expect, records, row, rows};

use crate::kinds::shared::program::program;
use crate::kinds::shared::unit_name;
use crate::resource::batch::parse_first;
use crate::resource::{
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
    run: Run,
    start: Start,
}

/// Whether it runs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Run {
    Running,
    /// Starting, stopping, or waiting to start again after a crash.
    Changing,
    /// Inactive or failed.
    Stopped,
}

/// Whether it starts with the host.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    Enabled,
    /// It did before its `[Install]` was changed: its links are those of another one.
    Outdated,
    Disabled,
}

impl Start {
    /// Returns what a plan shows.
    fn value(self) -> Value {
        match self {
            Start::Enabled => true.into(),
            Start::Outdated => "outdated".into(),
            Start::Disabled => false.into(),
        }
    }
}

/// How long a start or stop may take: twice systemd's own default (DefaultTimeoutStartSec=, systemd-system.conf(5)).
const LIMIT: Duration = Duration::from_secs(180);

/// What is left for saying what went wrong.
const GRACE: Duration = Duration::from_secs(20);

/// Services that stand for another, which is what is required of them.
const ALIASES: &[(&str, &str)] =
    &[("mariadb.service", "mysql.service"), ("mysqld.service", "mysql.service"), ("sshd.service", "ssh.service")];

const PROBE: &str = program![include_str!("links.sh"), include_str!("probe.sh")];
const APPLY: &str = program![include_str!("links.sh"), include_str!("apply.sh")];

rows! {
    PROBE => struct Looking { unit, starts }
    APPLY => struct Wanted { unit, enabling, verb, limit }
}

records! {
    PROBE => enum Seen {
        "no-systemd" => NoSystemd,
        "lacks" => Lacks { form, what },
        _ => State { running, enabled, load, active, sub, file },
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
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const STAYS: &'static [&'static str] = &["running", "enabled"];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let unit = unit_name::with_type(fields.name());
        if let Err(wrong) = unit_name::check(&unit) {
            fields.error("name", wrong, "write the name as `systemctl status` has it");
        } else if unit_name::is_template(&unit) {
            let message = format!("`{unit}` is a template: only its instances run");
            fields.error("name", message, format!("name an instance: `{}`", unit.replacen("@.", "@NAME.", 1)));
        }
        let is_absent = fields.is_absent();
        Desired {
            running: if is_absent { Some(false) } else { fields.bool("running") },
            enabled: if is_absent { Some(false) } else { fields.bool("enabled") },
            restart_on: fields.texts("restart_on"),
            reload_on: fields.texts("reload_on"),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let files = unit_files(resource);
        let unit = unit(resource);
        let alias = ALIASES.iter().find(|(name, _)| *name == unit).map(|(_, alias)| *alias);
        let claims = Claims::new().settles(Space::SERVICE, alias.unwrap_or(&unit), &[]);
        let is_enabled = resource.desired.enabled == Some(true);
        let claims = files.into_iter().fold(claims, |claims, unit| match is_enabled {
            true => claims.requires(Space::INSTALL, &unit).requires(Space::UNIT, unit),
            false => claims.requires(Space::UNIT, unit),
        });
        // Whoever it runs as stays until it has stopped.
        let stops = resource.desired.running == Some(false);
        let claims = if stops { claims.follows(Space::GOING_USER, "") } else { claims };
        // systemd starts no socket while the service is active that is to get it.
        let claims = match unit.strip_suffix(".service") {
            Some(stem) => claims.follows(Space::SERVICE, format!("{stem}.socket")),
            None => claims,
        };
        if resource.desired.running != Some(true) && !resource.is_absent() {
            return claims;
        }
        // What is to lie there is written to what is mounted, and not to what that hides.
        let claims = match unit_name::mount_point(&unit) {
            Some(path) => {
                let mounted = Claim::new(Space::SERVICE, &unit);
                claims.requires(Space::PATH, &path).orders(mounted, Claim::new(Space::BELOW, path))
            }
            None => claims,
        };
        alias
            .into_iter()
            .fold(claims.provides(Space::SERVICE, &unit), |claims, alias| claims.provides(Space::SERVICE, alias))
    }

    fn triggers(resource: &Resource<Desired>) -> Vec<Trigger> {
        // What is stopped is restarted by nothing, and stops before its unit goes.
        if resource.desired.running == Some(false) {
            return Vec::new();
        }
        let own = unit_files(resource).into_iter().map(|unit| Trigger {
            source: TriggerSource::Provider(Claim::new(Space::UNIT, unit)),
            action: OwedAction::Restart,
        });
        let named = |selector: &String, action| Trigger { source: TriggerSource::Selector(selector.clone()), action };
        let desired = &resource.desired;
        own.chain(desired.restart_on.iter().map(|selector| named(selector, OwedAction::Restart)))
            .chain(desired.reload_on.iter().map(|selector| named(selector, OwedAction::Reload)))
            .collect()
    }

    fn owed_applies(resource: &Resource<Desired>, observed: &Observation<Observed>) -> bool {
        let is_up = matches!(observed, Observation::Present(observed) if observed.run != Run::Stopped);
        is_up && resource.desired.running != Some(false)
    }

    /// Packages of Debian start and enable what they bring; of a template they bring no instance.
    fn brought(resource: &Resource<Desired>) -> Option<Observed> {
        let is_instance = unit_name::template_of(&unit(resource)).is_some();
        (!is_instance).then_some(Observed { run: Run::Running, start: Start::Enabled })
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let row = |resource: &&Resource<Desired>| {
            let starts = resource.desired.enabled.map(|enabled| if enabled { "yes" } else { "no" });
            row![Looking { unit: unit(resource), starts: starts.unwrap_or_default() }]
        };
        Probe::new(PROBE, all.iter().map(row).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("running", (observed.run != Run::Stopped).into()), ("enabled", observed.start.value())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        match observed {
            Observation::Present(observed) => {
                // What is neither running nor stopped is not as it should be, whichever it should be.
                let running = match observed.run {
                    Run::Running => true,
                    Run::Stopped => false,
                    Run::Changing => desired.running == Some(false),
                };
                changes.compare_if("running", running, desired.running);
                changes.compare_if("enabled", observed.start.value(), desired.enabled);
            }
            // A unit that is not there is stopped and disabled already.
            _ => {
                changes.compare_if("running", Value::Null, desired.running.filter(|&running| running));
                changes.compare_if("enabled", Value::Null, desired.enabled.filter(|&enabled| enabled));
            }
        }
        changes
    }

    fn remarks(resource: &Resource<Desired>, observed: &Observation<Observed>, changes: &[Change]) -> Vec<String> {
        let is_there = observed.found().is_some();
        let starts = changes.is_empty() || changes.iter().any(|change| change.attribute == "running");
        match unit(resource).ends_with(".socket") && resource.desired.running == Some(true) && is_there && starts {
            true => vec!["stops the service behind it meanwhile, where that runs".into()],
            false => Vec::new(),
        }
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let Desired { running, enabled, .. } = resource.desired;
        Some(expect![Seen::State {
            running: running.map(|runs| if runs { "running" } else { "stopped" }),
            enabled: enabled.map(|starts| if starts { "enabled" } else { "disabled" }),
        }])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        // What is asked of several services alike is asked of systemd at once; whether one was reloaded, only its own
        // request tells.
        let mut alike: Vec<(Asked, Vec<usize>)> = Vec::new();
        for (at, planned) in batch.iter().enumerate() {
            let asked = asked(planned);
            match alike.iter_mut().find(|(same, _)| *same == asked) {
                Some((_, covers)) if asked.verb != "reload" => covers.push(at),
                _ => alike.push((asked, vec![at])),
            }
        }
        alike.into_iter().map(|(asked, covers)| step(batch, asked, covers)).collect()
    }
}

/// What is asked of systemd about a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    enabling: &'static str,
    verb: &'static str,
    limit: Duration,
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    let Seen::State { running, enabled, load, .. } = seen else {
        return Observation::Failed("the host does not run systemd".into());
    };
    let desired = &resource.desired;
    let wanted = desired.running == Some(true) || desired.enabled == Some(true);
    let run = match running {
        "running" => Run::Running,
        "changing" => Run::Changing,
        "stopped" => Run::Stopped,
        other => return Observation::Failed(format!("its state {other} is none that is known")),
    };
    let start = match enabled {
        "enabled" => Start::Enabled,
        "outdated" => Start::Outdated,
        _ => Start::Disabled,
    };
    match load {
        "masked" if wanted => {
            let message = format!("it is masked: `systemctl unmask {}` on the host lets it run", unit(resource));
            Observation::Failed(message)
        }
        "not-found" if run == Run::Stopped => Observation::Absent,
        // A service that should be absent is gone once it is stopped and disabled; its unit may stay.
        _ if resource.is_absent() && run == Run::Stopped && start == Start::Disabled => Observation::Absent,
        _ => Observation::Present(Observed { run, start }),
    }
}

fn asked(planned: &Planned<'_, Service>) -> Asked {
    let desired = &planned.resource.desired;
    let changes = |attribute: &str| planned.changes(attribute);
    let run = if changes("running") { desired.running } else { None };
    let verb = match (run, planned.owed) {
        (Some(true), _) => "start",
        (Some(false), _) => "stop",
        (None, Some(OwedAction::Restart)) => "restart",
        (None, Some(OwedAction::Reload)) => "reload",
        (None, None) => "",
    };
    let is_outdated = planned.observed.found().is_some_and(|found| found.start == Start::Outdated);
    let enabling = match desired.enabled.filter(|_| changes("enabled")) {
        Some(true) if is_outdated => "reenable",
        Some(true) => "enable",
        Some(false) => "disable",
        // Its unit may have been written after it was looked at.
        None if desired.enabled == Some(true) => "keep",
        None => "",
    };
    Asked { enabling, verb, limit: planned.resource.timeout.unwrap_or(LIMIT) }
}

fn step(batch: &[Planned<'_, Service>], asked: Asked, covers: Vec<usize>) -> Step {
    let Asked { enabling, verb, limit } = asked;
    let words: Vec<&str> = [enabling, verb].into_iter().filter(|word| !["", "keep"].contains(word)).collect();
    let what = match covers.as_slice() {
        [at] => batch[*at].resource.name().to_string(),
        _ => format!("{} services", covers.len()),
    };
    let rows = covers
        .iter()
        .map(|&at| row![Wanted { unit: unit(batch[at].resource), enabling, verb, limit: limit.as_secs().max(1) }]);
    let rows = rows.collect();
    Step::new(APPLY, covers, format!("{} {what}", words.join(" and ")))
        .rows(rows)
        // Starting takes its time, and systemd starts several at once; links are made by one at a time.
        .locks(if ["", "keep"].contains(&enabling) { &[] } else { &[Lock::SYSTEMD] })
        // Some may have been started meanwhile and are restarted then.
        .timeout(limit * 2 + GRACE)
}

/// Returns the full name of a service's unit.
fn unit(resource: &Resource<Desired>) -> String {
    unit_name::with_type(resource.name())
}

/// Returns the names its unit's file may have.
fn unit_files(resource: &Resource<Desired>) -> Vec<String> {
    let unit = unit(resource);
    let template = unit_name::template_of(&unit);
    std::iter::once(unit).chain(template).collect()
}
