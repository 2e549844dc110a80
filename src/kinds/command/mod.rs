//! `command`: a command that runs only where its guard asks for it.

use crate::model::{Arg, Changes, Expect, Probe, ProbeOutput, Step, Value};
use crate::{expect, records, row, rows};

use crate::resource::batch::parse_first;
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Mode, Observation, Planned, Resource, Shape, Space, Touches,
};

/// A command that runs only where its guard asks for it.
pub struct Command;

/// A command with its guards.
#[derive(Clone, Debug)]
pub struct Desired {
    run: Arg,
    guard: Guard,
    directory: Option<String>,
    environment: Vec<(String, Arg)>,
    /// `PROJECT/SERVICE` of Compose, in whose container it runs.
    service: Option<String>,
}

/// What decides whether it runs.
#[derive(Clone, Debug)]
struct Guard {
    /// Runs unless this path is there.
    creates: Option<String>,
    /// Runs unless this command succeeds.
    unless: Option<Arg>,
    /// Runs only if this command succeeds.
    only_if: Option<Arg>,
}

/// A service of a Compose project, as `PROJECT/SERVICE`.
const SERVICE: Space = Space("compose service");

/// Whether its guards ask for a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    wanted: bool,
    /// Which guard said so.
    because: String,
}

rows! {
    include_str!("guard.sh") => struct Guarded { user, directory, creates, unless, only_if, command, service; more }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "wanted" => Wanted,
        "done" => Done { because },
        "no-container" => NoContainer,
        "no-user" => NoUser,
        "no-directory" => NoDirectory,
    }
}

impl Kind for Command {
    const KIND: &'static str = "command";
    const SECTION: &'static str = "commands";
    const KIND_MODE: Mode = Mode::Run;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required("run", Shape::Text, "The command, run by `sh`."),
        Attribute::optional(
            "creates",
            Shape::Path,
            "A path that it makes; where it is there, the command does not run.",
        ),
        Attribute::optional(
            "unless",
            Shape::Text,
            "A command that changes nothing; where it succeeds, the command does not run.",
        ),
        Attribute::optional(
            "only_if",
            Shape::Text,
            "A command that changes nothing; only where it succeeds does the command run.",
        ),
        Attribute::optional("directory", Shape::Path, "The folder it and its guards run in."),
        Attribute::optional("environment", Shape::Map(&Shape::Scalar), "Environment variables for it and its guards."),
        Attribute::optional(
            "in",
            Shape::Text,
            "Where it and its guards run, instead of the host: `compose_project:NAME/SERVICE`, in a container of that service.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A command that runs only where its guard asks for it.",
        name: "Any words that say what it is for.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        if !fields.is_absent() && !["creates", "unless", "only_if"].iter().any(|guard| fields.has(guard)) {
            // Whatever `run` turns out to be.
            fields.error_at(
                fields.span("run"),
                "a command without `unless`, `creates` or `only_if` would run every time",
                "add the guard that says when it is done",
            );
        }
        let environment = fields.environment("environment");
        let service = fields.text("in").map(|place| match place.strip_prefix("compose_project:") {
            Some(service) if service.split('/').filter(|part| !part.is_empty()).count() == 2 => service.to_string(),
            _ => {
                let message = format!("`{place}` is no place that a command can run in");
                fields.error("in", message, "write `compose_project:NAME/SERVICE`, or leave `in` out");
                String::new()
            }
        });
        Desired {
            run: fields.arg("run").unwrap_or_else(|| Arg::Plain(String::new())),
            guard: Guard {
                creates: fields.text("creates"),
                unless: fields.arg("unless"),
                only_if: fields.arg("only_if"),
            },
            directory: fields.text("directory"),
            environment,
            service,
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        if let Some(service) = &resource.desired.service {
            return Claims::new().touches(Touches::Everything).requires(SERVICE, service);
        }
        let mut claims = Claims::new()
            .touches(Touches::Everything)
            .requires_some(Space::USER, resource.run_as.as_ref())
            .requires_some(Space::PATH, resource.desired.directory.as_ref());
        if let Some(directory) = &resource.desired.directory {
            claims = claims.follows(Space::BELOW, directory);
        }
        let creates = resource.desired.guard.creates.as_ref();
        claims = paths(&resource.desired.run)
            .into_iter()
            .filter(|path| creates != Some(path))
            .fold(claims, |claims, path| claims.follows(Space::PATH, path));
        if let Some(path) = creates {
            claims = claims.requires_folder_of(path).shares(Space::PATH, path).provides(Space::MAKING, path);
        }
        claims
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(
            concat!(include_str!("../shared/quoted.sh"), include_str!("guard.sh"), include_str!("probe.sh")),
            all.iter().map(|resource| guard_row(resource)).collect(),
        )
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, |seen, resource| match seen {
            Seen::Wanted => Observation::Present(Observed { wanted: true, because: String::new() }),
            Seen::Done { because } => Observation::Present(Observed { wanted: false, because: because.to_string() }),
            Seen::NoUser => Observation::Later {
                needs: Claim::new(Space::USER, resource.run_as.clone().unwrap_or_default()),
                reason: "the user it runs as is not there yet".into(),
            },
            Seen::NoContainer => {
                let service = resource.desired.service.clone().unwrap_or_default();
                let reason = format!("the service {service} of Docker Compose does not run");
                Observation::Later { needs: Claim::new(SERVICE, service), reason }
            }
            Seen::NoDirectory => Observation::Later {
                needs: Claim::path(resource.desired.directory.clone().unwrap_or_default()),
                reason: "the folder it runs in is not there yet".into(),
            },
        })
    }

    fn attributes(_observed: &Observed) -> Vec<(&'static str, Value)> {
        Vec::new()
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let mut changes = Changes::new();
        let wanted = match observed {
            Observation::Present(observed) => observed.wanted,
            _ => true,
        };
        if wanted && !resource.is_absent() {
            let run = match &resource.desired.run {
                Arg::Plain(text) => Value::text(text),
                Arg::Secret(secret) => Value::Secret(secret.clone()),
            };
            changes.push("run", Value::Null, run);
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        // `only_if` alone says when to run, not when it is done.
        let proves = resource.desired.guard.creates.is_some() || resource.desired.guard.unless.is_some();
        Some(if proves { expect![Seen::Done] } else { vec![Expect::Any] })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        batch
            .iter()
            .enumerate()
            .filter(|(_, planned)| !planned.resource.is_absent())
            .map(|(at, planned)| {
                let resource = planned.resource;
                let script =
                    concat!(include_str!("../shared/quoted.sh"), include_str!("guard.sh"), include_str!("run.sh"));
                let mut step =
                    Step::new(script, vec![at], format!("run {}", resource.name())).rows(vec![guard_row(resource)]);
                if let Some(timeout) = resource.timeout {
                    step = step.timeout(timeout);
                }
                step
            })
            .collect()
    }
}

/// Returns the absolute paths among the words of a command: its programs, and what it hands them. What a secret is in may
/// not decide the order of things.
fn paths(run: &Arg) -> Vec<String> {
    let Arg::Plain(text) = run else { return Vec::new() };
    let words = text.split(|c: char| c.is_whitespace() || "'\"`;|&<>(){}=,:".contains(c));
    let plain = words.filter(|word| word.starts_with('/') && !word.contains(['$', '*', '?', '[', '\\']));
    let paths = plain.map(|word| word.trim_end_matches('/')).filter(|path| !path.is_empty() && *path != "/dev/null");
    paths.map(str::to_string).collect()
}

/// The fields its guards and the command need, then names and values of its environment.
fn guard_row(resource: &Resource<Desired>) -> Vec<Arg> {
    let Desired { run, guard, directory, environment, service } = &resource.desired;
    let mut row = row![Guarded {
        user: resource.run_as.as_ref(),
        directory: directory.as_ref(),
        creates: guard.creates.as_ref(),
        unless: guard.unless.clone(),
        only_if: guard.only_if.clone(),
        command: run.clone(),
        service: service.as_ref(),
    }];
    for (name, value) in environment {
        row.push(name.into());
        row.push(value.clone());
    }
    row
}
