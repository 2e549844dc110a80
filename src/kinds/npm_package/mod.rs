//! `npm_package`: a package that npm installs for all of the host.

use std::time::Duration;

use crate::model::{Changes, Expect, Lock, Probe, ProbeOutput, Step, Until, Value};
use crate::{expect, records, row, rows};

use crate::resource::batch::{by_state, count, parse_first};
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Lane, Observation, Planned, Resource, Shape, Space, Touches,
};

/// A package that npm installs for all of the host.
pub struct NpmPackage;

/// A package as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// A version or its beginning; any will do where it is left out.
    version: Option<String>,
}

/// A package as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    version: String,
    is_wanted: bool,
}

const TIMEOUT: Duration = Duration::from_secs(900);

rows! {
    include_str!("probe.sh") => struct Asked { name, wanted }
    include_str!("install.sh") => struct Wanted { package }
    include_str!("remove.sh") => struct Going { name }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "no-npm" => NoNpm,
        "present" => Present { same, version },
    }
}

impl Kind for NpmPackage {
    const KIND: &'static str = "npm_package";
    const SECTION: &'static str = "npm_packages";
    const LANE: Lane = Lane::Shared(Lock::NPM);
    const ATTRIBUTES: &'static [Attribute] = &[Attribute::optional(
        "version",
        Shape::Text,
        "The version, or its beginning: `5` stands for all of 5.x; any will do where it is left out.",
    )];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A package that npm installs globally, such as a process manager.",
        name: "The package's name: `pm2`, `@angular/cli`.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name = fields.name().to_string();
        if !is_package(&name) {
            fields.error(
                "name",
                format!("`{name}` cannot be the name of an npm package"),
                "write `name` or `@scope/name`; the version is an attribute",
            );
        }
        let version = fields.text("version");
        let is_version = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_digit())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte))
        };
        if let Some(version) = version.as_deref().filter(|version| !is_version(version)) {
            let message = format!("`{version}` is neither a version nor the beginning of one");
            fields.error("version", message, "write \"5.4.3\", \"5.4\" or \"5\"; ranges and tags are not taken");
        }
        Desired { version }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let name = resource.name();
        // Its program usually has its name.
        let program = name.rsplit_once('/').map_or(name, |(_, name)| name);
        Claims::new()
            .provides(Space("npm package"), name)
            .provides(Space::PROGRAM, program)
            .touches(Touches::System)
            .requires(Space::PROGRAM, "npm")
            .follows(Space::PATH, "/etc/npmrc")
            .follows_in_home(None, &[".npmrc", ".netrc", ".gitconfig", ".ssh/"])
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let row = |resource: &&Resource<Desired>| {
            row![Asked { name: resource.name(), wanted: resource.desired.version.as_ref() }]
        };
        Probe::new(include_str!("probe.sh"), all.iter().map(row).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, |seen, _| observation(seen))
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("version", observed.version.as_str().into())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let wanted = resource.desired.version.as_deref();
        let mut changes = Changes::new();
        match observed {
            Observation::Present(observed) if observed.is_wanted => {}
            Observation::Present(observed) => {
                changes.push("version", observed.version.as_str(), wanted.unwrap_or("any"))
            }
            _ => {
                let any = Value::Unknown(Until::applied(resource.address.clone()));
                changes.push("version", Value::Null, wanted.map_or(any, Value::text));
            }
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(if resource.is_absent() { expect![Seen::Absent] } else { expect![Seen::Present { same: "same" }] })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, install, remove)
    }
}

/// Makes the one step that installs all these packages.
fn install(batch: &[Planned<'_, NpmPackage>], present: Vec<usize>) -> Step {
    let row = |&at: &usize| {
        let resource = batch[at].resource;
        match &resource.desired.version {
            Some(version) => row![Wanted { package: format!("{}@{version}", resource.name()) }],
            None => row![Wanted { package: resource.name() }],
        }
    };
    let rows = present.iter().map(row).collect();
    let purpose = format!("install {}", count(present.len(), "npm package", "npm packages"));
    let step = Step::new(include_str!("install.sh"), present, purpose).rows(rows);
    step.locks(&[Lock::NPM]).timeout(timeout(batch))
}

/// Makes the one step that removes all these packages.
fn remove(batch: &[Planned<'_, NpmPackage>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![Going { name: batch[at].resource.name() }]).collect();
    let purpose = format!("remove {}", count(absent.len(), "npm package", "npm packages"));
    let step = Step::new(include_str!("remove.sh"), absent, purpose).rows(rows);
    step.locks(&[Lock::NPM]).timeout(timeout(batch))
}

fn timeout(batch: &[Planned<'_, NpmPackage>]) -> Duration {
    batch.iter().filter_map(|planned| planned.resource.timeout).max().unwrap_or(TIMEOUT)
}

fn observation(seen: Seen<'_>) -> Observation<Observed> {
    match seen {
        Seen::Absent => Observation::Absent,
        Seen::Present { same, version } => {
            Observation::Present(Observed { version: version.to_string(), is_wanted: same == "same" })
        }
        Seen::NoNpm => {
            Observation::Later { needs: Claim::new(Space::PROGRAM, "npm"), reason: "npm is not on the host".into() }
        }
    }
}

/// Returns whether it can be a package's name: validate-npm-package-name has the rules.
fn is_package(name: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte))
    };
    match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| is_part(scope) && is_part(name)),
        None => is_part(name),
    }
}
