//! `npm_project`: what npm installs into a project from its lock file.

use std::time::Duration;

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::program::program;
use crate::model::{Changes, Expect, Lock, Probe, ProbeOutput, Step, Value};
use crate::{expect, records, row, rows};

use crate::resource::batch::parse_all;
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Lane, Observation, Planned, Resource, Shape, Space,
};

/// What npm installs into a project from its lock file.
pub struct NpmProject;

/// A project as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    owner: Option<String>,
    /// What is left out, sorted, with commas.
    omit: String,
    /// Whether packages may run scripts while they are installed.
    scripts: bool,
}

/// A project as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    asked: Asked,
    owner: String,
    /// Packages that were installed and are missing.
    gone: Vec<String>,
    /// Packages that were added by hand.
    added: Vec<String>,
    packages_differ: bool,
}

/// Whether what was installed last is what the lock file says now.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asked {
    Same,
    Differs,
    /// It was not installed by `infra`, or not to the end.
    Never,
}

const PROBE: &str = concat!(include_str!("state.sh"), include_str!("probe.sh"));
const APPLY: &str = program![
    BESIDE,
    include_str!("../shared/quoted.sh"),
    include_str!("../shared/hand_over.sh"),
    include_str!("state.sh"),
    include_str!("apply.sh")
];

const TIMEOUT: Duration = Duration::from_secs(1800);

rows! {
    include_str!("probe.sh") => struct Looked { path, omit }
    include_str!("apply.sh") => struct Wanted { path, omit, owner, install, scripts }
    include_str!("remove.sh") => struct Going { path }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "no-npm" => NoNpm,
        "no-lock" => NoLock,
        "no-project" => NoProject,
        "present" => Present { request, packages, owner },
        "gone" => Gone { names },
        "added" => Added { names },
        _ => Other { r#type },
    }
}

impl Kind for NpmProject {
    const KIND: &'static str = "npm_project";
    const SECTION: &'static str = "npm_projects";
    const LANE: Lane = Lane::Shared(Lock::NPM);
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional(
            "owner",
            Shape::Account,
            "The user that owns node_modules and that npm runs as; `as:`, or the session's user, where left out.",
        ),
        Attribute::default(
            "omit",
            Shape::List(&Shape::OneOf(&["dev", "optional", "peer"])),
            "[]",
            "Dependencies that are left out: `[dev]` where nothing is built on the host.",
        ),
        Attribute::default("scripts", Shape::Bool, "true", "Whether packages run their install scripts."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "What npm installs into a project from its lock file (`npm ci`).",
        name: "The absolute path of the folder with package.json and package-lock.json.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const IS_NAMED_BY_PATH: bool = true;

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let mut omit = fields.texts("omit");
        omit.sort();
        omit.dedup();
        Desired { owner: fields.text("owner"), omit: omit.join(","), scripts: fields.bool("scripts").unwrap_or(true) }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let name = resource.name();
        let claims = Claims::new().provides(Space::PATH, format!("{name}/node_modules")).touches_below(name);
        if resource.is_absent() {
            return claims;
        }
        claims
            .reads(Space::PATH, format!("{name}/package-lock.json"))
            .follows(Space::BELOW, name)
            .requires(Space::PROGRAM, "npm")
            .follows(Space::PATH, "/etc/npmrc")
            .follows_in_home(owner(resource), &[".npmrc", ".netrc", ".gitconfig", ".ssh/"])
            .works_alone(owner(resource), resource.name())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all.iter().map(|resource| {
            let omit = if resource.is_absent() { "-" } else { &resource.desired.omit };
            row![Looked { path: resource.name(), omit }]
        });
        Probe::new(PROBE, rows.collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_all(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("owner", observed.owner.as_str().into())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else {
            changes.push("packages", Value::Null, "as in the lock file");
            if !desired.omit.is_empty() {
                changes.push("omit", Value::Null, desired.omit.as_str());
            }
            changes.compare_if("owner", Value::Null, owner(resource).cloned());
            return changes;
        };
        match observed.asked {
            Asked::Same => {}
            Asked::Differs => changes.push("packages", "as of another lock file", "as in the lock file"),
            Asked::Never => {
                changes.push("packages", "not installed by infra, or not to the end", "as in the lock file")
            }
        }
        for name in &observed.gone {
            changes.push(&format!("package {name}"), Value::Null, "as in the lock file");
        }
        for name in &observed.added {
            changes.push(&format!("package {name}"), "added by hand", Value::Null);
        }
        if observed.packages_differ && changes.is_empty() {
            changes.push("packages", "changed by hand", "as in the lock file");
        }
        changes.compare_if("owner", observed.owner.as_str(), owner(resource).cloned());
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::Present { request: "same", packages: "same", owner: owner(resource) }],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        // A step each: what npm does takes long, and may fail alone.
        let step = |(at, planned): (usize, &Planned<'_, Self>)| {
            let resource = planned.resource;
            let name = resource.name();
            let installs = planned.changes.iter().any(|change| change.attribute != "owner");
            let step = if resource.is_absent() {
                Step::new(program![BESIDE, include_str!("remove.sh")], vec![at], format!("remove {name}/node_modules"))
                    .rows(vec![row![Going { path: name }]])
            } else {
                let purpose = format!("{} {name}", if installs { "install the packages of" } else { "hand over" });
                let desired = &resource.desired;
                let row = row![Wanted {
                    path: name,
                    omit: &desired.omit,
                    owner: owner(resource),
                    install: installs,
                    scripts: desired.scripts,
                }];
                Step::new(APPLY, vec![at], purpose).rows(vec![row])
            };
            step.locks(&[Lock::NPM]).timeout(resource.timeout.unwrap_or(TIMEOUT))
        };
        batch.iter().enumerate().map(step).collect()
    }
}

/// Returns the user that owns it and that npm runs as.
fn owner(resource: &Resource<Desired>) -> Option<&String> {
    resource.desired.owner.as_ref().or(resource.run_as.as_ref())
}

fn observation(first: Seen<'_>, more: &[Seen<'_>], resource: &Resource<Desired>) -> Observation<Observed> {
    let name = resource.name();
    let lines = |names: &str| names.lines().map(str::to_string).collect::<Vec<String>>();
    let (mut gone, mut added) = (Vec::new(), Vec::new());
    for seen in more {
        match seen {
            Seen::Gone { names } => gone = lines(names),
            Seen::Added { names } => added = lines(names),
            _ => {}
        }
    }
    let later = |needs: Claim, reason: String| Observation::Later { needs, reason };
    match first {
        Seen::Absent => Observation::Absent,
        Seen::Present { request, packages, owner } => Observation::Present(Observed {
            asked: match request {
                "same" => Asked::Same,
                "never" => Asked::Never,
                _ => Asked::Differs,
            },
            owner: owner.to_string(),
            gone,
            added,
            packages_differ: packages == "differs",
        }),
        Seen::NoNpm => later(Claim::new(Space::PROGRAM, "npm"), "npm is not on the host".into()),
        Seen::NoLock => {
            let path = format!("{name}/package-lock.json");
            later(Claim::path(&path), format!("there is no {path}"))
        }
        Seen::NoProject => later(Claim::path(name), format!("there is no folder {name}")),
        Seen::Denied => Observation::Failed("it or a folder above it may not be searched by this account".into()),
        Seen::Other { r#type } => Observation::Failed(format!("node_modules is there, but as {type}, not a folder")),
        Seen::Gone { .. } | Seen::Added { .. } => {
            Observation::Failed("the probe does not say whether it is there".into())
        }
    }
}
