//! `package`: a package of the host's package manager.
//!
//! The programs here are neutral; what a manager does is in the shell functions of its folder: `NAME_list`,
//! `NAME_install` and `NAME_remove`. A new manager is such a folder, a line in [`PROBE`], [`INSTALL`] and [`REMOVE`],
//! and a branch in the three programs they end with.

use std::time::Duration;

use crate::model::{Changes, Expect, Lock, Probe, ProbeOutput, Record, Step, Until, Value};
use crate::row;

use crate::resource::batch::parse_first;
use crate::resource::{
    Attribute, Claims, Documentation, Fields, Kind, Observation, Phase, Planned, Resource, Shape, Space,
};

/// A package of the host's package manager.
pub struct Package;

/// A package as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// A version, or its beginning and `*`; any version will do where it is left out.
    version: Option<String>,
    /// Whether its configuration goes with it.
    purge: bool,
    /// Whether recommended packages come with it; as the host is set where left out.
    recommends: Option<bool>,
    /// Packages that may be removed for it.
    replaces: Vec<String>,
}

/// A package as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// `installed`, or how far it got: `unpacked`, `half-configured`, `config-files`, ….
    state: String,
    version: String,
    /// Whether its version is the one the spec asks for.
    version_matches: bool,
    /// The package that provides it, where it is virtual.
    provider: String,
}

const PROBE: &str = concat!(
    include_str!("../shared/package_manager.sh"),
    include_str!("states.sh"),
    include_str!("apt/list.sh"),
    include_str!("probe.sh")
);

const INSTALL: &str = concat!(
    include_str!("../shared/package_manager.sh"),
    include_str!("states.sh"),
    include_str!("apt/list.sh"),
    include_str!("../shared/apt.sh"),
    include_str!("apt/transaction.sh"),
    include_str!("apt/install.sh"),
    include_str!("install.sh"),
);

const REMOVE: &str = concat!(
    include_str!("../shared/package_manager.sh"),
    include_str!("states.sh"),
    include_str!("apt/list.sh"),
    include_str!("../shared/apt.sh"),
    include_str!("apt/transaction.sh"),
    include_str!("apt/remove.sh"),
    include_str!("remove.sh"),
);

/// How long one transaction may take where the spec does not say: a slow mirror is no failure.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Programs that come with a package of another name.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("cron", &["crontab"]),
    ("default-jdk-headless", &["java"]),
    ("default-jre-headless", &["java"]),
    ("default-mysql-client", &["mysql"]),
    ("default-mysql-server", &["mysql"]),
    ("docker.io", &["docker"]),
    ("mariadb-client", &["mariadb", "mysql"]),
    ("mariadb-server", &["mariadb", "mysql"]),
    ("mysql-client", &["mysql"]),
    ("mysql-community-server", &["mysql"]),
    ("mysql-server", &["mysql"]),
    ("nftables", &["nft"]),
    ("nodejs", &["node"]),
    ("openssh-client", &["ssh"]),
    ("postgresql", &["psql"]),
    ("postgresql-client", &["psql"]),
    ("python3-pip", &["pip3"]),
    ("python3-venv", &["python3"]),
    ("redis", &["redis-server", "redis-cli"]),
    ("redis-tools", &["redis-cli"]),
];

impl Kind for Package {
    const KIND: &'static str = "package";
    const SECTION: &'static str = "packages";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional(
            "version",
            Shape::Text,
            "The version, or its beginning and `*`: \"1.22.*\"; whatever version is there stays where left out.",
        ),
        Attribute::optional(
            "recommends",
            Shape::Bool,
            "Whether recommended packages come with it; as the host is set where left out.",
        ),
        Attribute::optional(
            "replaces",
            Shape::List(&Shape::Text),
            "Packages that may be removed because they conflict with it.",
        ),
        Attribute::default(
            "purge",
            Shape::Bool,
            "false",
            "With `state: absent`: whether its configuration goes as well.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A package of the host's package manager.",
        name: "The package's name, on Debian also with its architecture: `libc6:i386`.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name = fields.name().to_string();
        if !is_package_name(&name) {
            fields.error(
                "name",
                format!("`{name}` is not the name of a package"),
                "use lower-case letters, digits, `.`, `+` and `-`; a version goes into `version`",
            );
        }
        let version = fields.text("version");
        if let Some(version) = version.as_deref().filter(|version| !version.is_empty()) {
            if version == "latest" {
                fields.error(
                    "version",
                    "`latest` is not a version",
                    "leave `version` out, or give the beginning of one: \"1.22.*\"",
                );
            } else if !is_version_pattern(version) {
                fields.error(
                    "version",
                    format!("`{version}` is not a version"),
                    "give a version such as \"1.22.1-9\", or its beginning and one `*`: \"1.22.*\"",
                );
            }
        }
        let replaces = fields.texts("replaces");
        if let Some(wrong) = replaces.iter().find(|name| !is_package_name(name)) {
            fields.error("replaces", format!("`{wrong}` is not the name of a package"), "list names of packages");
        }
        let purge = fields.bool("purge").unwrap_or_default();
        if purge && !fields.is_absent() {
            fields.error("purge", "`purge` is for a package that goes", "add `state: absent`, or leave `purge` out");
        }
        Desired { version, purge, recommends: fields.bool("recommends"), replaces }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let name = resource.name();
        let plain = name.split(':').next().unwrap_or(name);
        let mut claims = Claims::new().phase(Phase::Package).provides(Space::PACKAGE, name);
        if plain != name {
            claims = claims.provides(Space::PACKAGE, plain);
        }
        claims = claims.provides(Space::PROGRAM, plain);
        let known = PROGRAMS.iter().filter(|(package, _)| *package == plain).flat_map(|(_, programs)| *programs);
        known.fold(claims, |claims, program| claims.provides(Space::PROGRAM, *program))
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(
            PROBE,
            all.iter().map(|resource| row![resource.name(), version(resource), going(resource)]).collect(),
        )
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, |record, _| observation(record))
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = Vec::new();
        if observed.state != INSTALLED {
            attributes.push(("state", observed.state.as_str().into()));
        }
        if !observed.version.is_empty() {
            attributes.push(("version", observed.version.as_str().into()));
        }
        if !observed.provider.is_empty() {
            attributes.push(("provided_by", observed.provider.as_str().into()));
        }
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let pattern = resource.desired.version.as_deref();
        let mut changes = Changes::new();
        match observed {
            Observation::Present(observed) => {
                changes.compare("state", observed.state.as_str(), INSTALLED);
                if let Some(pattern) = pattern.filter(|_| !observed.version_matches) {
                    changes.push("version", observed.version.as_str(), pattern);
                }
            }
            _ => {
                let later = || Value::Unknown(Until::Applied(resource.address.clone()));
                changes.push("version", Value::Null, pattern.map_or_else(later, Value::text));
            }
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let is = |word: &str| Expect::Is(word.into());
        Some(if resource.is_absent() { vec![is("absent")] } else { vec![is(INSTALLED), is(MATCHES)] })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let (absent, present): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|&at| batch[at].resource.is_absent());
        let mut steps = Vec::new();
        // What is recommended can be chosen only for a whole transaction.
        for recommends in [None, Some(true), Some(false)] {
            let covers: Vec<usize> =
                present.iter().copied().filter(|&at| batch[at].resource.desired.recommends == recommends).collect();
            if !covers.is_empty() {
                steps.push(transaction(batch, covers, INSTALL, "install"));
            }
        }
        if !absent.is_empty() {
            steps.push(transaction(batch, absent, REMOVE, "remove"));
        }
        steps
    }
}

/// The word for a package that is there and works.
const INSTALLED: &str = "installed";
/// The word for a version that is the one asked for.
const MATCHES: &str = "matches";

fn observation(record: &Record) -> Observation<Observed> {
    match record.field(0) {
        "absent" => Observation::Absent,
        "unsupported" => Observation::Failed(match record.field(1) {
            "none" => "the host has no package manager that is known; apt is supported".into(),
            manager => format!("the host's package manager is {manager}; apt is supported"),
        }),
        state => Observation::Present(Observed {
            state: state.to_string(),
            version_matches: record.field(1) == MATCHES,
            version: record.field(2).to_string(),
            provider: record.field(3).to_string(),
        }),
    }
}

fn transaction(batch: &[Planned<'_, Package>], covers: Vec<usize>, script: &'static str, verb: &str) -> Step {
    let rows = covers
        .iter()
        .map(|&at| {
            let resource = batch[at].resource;
            let recommends = resource.desired.recommends.map(|wanted| if wanted { "yes" } else { "no" });
            let replaces = resource.desired.replaces.join(",");
            row![resource.name(), version(resource), going(resource), recommends, replaces]
        })
        .collect();
    let timeout = covers.iter().filter_map(|&at| batch[at].resource.timeout).max().unwrap_or(TIMEOUT);
    let purpose = match covers.as_slice() {
        [one] => format!("{verb} {}", batch[*one].resource.name()),
        several => format!("{verb} {} packages", several.len()),
    };
    Step::new(script, covers, purpose).rows(rows).locks(&[Lock::PACKAGES]).timeout(timeout)
}

/// Returns the version pattern for a package that should be there.
fn version(resource: &Resource<Desired>) -> Option<&str> {
    resource.desired.version.as_deref().filter(|_| !resource.is_absent())
}

/// Returns the word for how a package should go.
fn going(resource: &Resource<Desired>) -> Option<&'static str> {
    resource.is_absent().then_some(if resource.desired.purge { "purge" } else { "remove" })
}

/// Says whether it is a name as Debian Policy 5.6.1 has it, perhaps with an architecture. A trailing `-` would ask apt
/// for a removal.
fn is_package_name(name: &str) -> bool {
    let (plain, architecture) = name.split_once(':').map_or((name, None), |(plain, rest)| (plain, Some(rest)));
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    plain.len() > 1
        && plain.starts_with(is_letter)
        && !plain.ends_with('-')
        && plain.chars().all(|c| is_letter(c) || "+.-".contains(c))
        && architecture
            .is_none_or(|word| !word.is_empty() && word != "any" && word.chars().all(|c| is_letter(c) || c == '-'))
}

/// Says whether it is a version (Debian Policy 5.6.12), or the beginning of one and `*`.
fn is_version_pattern(text: &str) -> bool {
    let plain = text.strip_suffix('*').unwrap_or(text);
    plain.starts_with(|c: char| c.is_ascii_alphanumeric())
        && plain.chars().all(|c| c.is_ascii_alphanumeric() || ".+:~-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_package_names() {
        for name in ["nginx", "g++", "libstdc++6", "python3.11", "libc6:i386", "0ad"] {
            assert!(is_package_name(name), "{name}");
        }
        for name in ["", "x", "Nginx", "nginx=1.2", "nginx-", "-y", "a b", "libc6:", "libc6:any", "nginx/stable", "a;b"]
        {
            assert!(!is_package_name(name), "{name}");
        }
    }

    #[test]
    fn knows_version_patterns() {
        for version in ["1.22.1-9+deb12u1", "1:10.11.*", "2*", "1.0~rc1"] {
            assert!(is_version_pattern(version), "{version}");
        }
        for version in ["", "*", "1.*.2", ">= 2", "-1", "1 2", "1;x"] {
            assert!(!is_version_pattern(version), "{version}");
        }
    }
}
