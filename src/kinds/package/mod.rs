//! `package`: a package of the host's package manager.
//!
//! What a manager does is in its folder, as [`Manager`] wants it; a new one is such a folder and a line in [`MANAGERS`].

mod manager;
mod programs;

use std::sync::LazyLock;
use std::time::Duration;

use crate::model::{Changes, Expect, Lock, Probe, ProbeOutput, Step, Until, Value};
use crate::{expect, records, row, rows, variants};

use crate::kinds::shared::package_manager::{CHOICE, NOUN};
use crate::resource::batch::parse_first;
use crate::resource::{
    Attribute, Capabilities, Claims, Documentation, Erased, Fields, Kind, KnowsGoing, Observation, Phase, Planned,
    Refusal, Resource, Shape, Space, Touches, Variant, Variants,
};

pub use manager::Manager;
use manager::Wanted;

variants! {
    /// The package managers.
    const MANAGERS: dyn Manager = (NOUN, CHOICE) {
        apt::Apt,
    }
}

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
    /// Other packages of the spec that go, which what comes may replace.
    going: Vec<String>,
}

/// A package as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The manager of the host.
    manager: &'static Variant,
    /// `installed`, or how far it got: `unpacked`, `half-configured`, `config-files`, ….
    state: String,
    version: String,
    /// Whether its version is the one the spec asks for.
    version_matches: bool,
    /// The package that provides it, where it is virtual; its other name, where it is declared twice.
    provider: String,
}

/// Lists what the host has, as its manager does, and picks what the rows are about.
static PROBE: LazyLock<String> = LazyLock::new(|| {
    MANAGERS.host_probe(include_str!("states.sh"), |manager| manager.look(), include_str!("probe.sh"))
});

/// How long one transaction may take where the spec does not say: a slow mirror is no failure.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// What decides which version of a package comes, and whether it may be fetched: files, and folders with what lies below. Other
/// settings of apt often are those of a package, which brings them first.
const SETTINGS: &[&str] = &[
    "/etc/apt/preferences",
    "/etc/apt/preferences.d",
    "/etc/apt/auth.conf",
    "/etc/apt/auth.conf.d",
    "/etc/apt/apt.conf",
];

rows! {
    include_str!("states.sh") => struct Asked { package, pattern, goes }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "twice" => Twice { twin },
        "lacks" => Lacks { form, what },
        _ => There { state, compared, version, provider },
    }
}

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
        uses: include_str!("uses.yaml"),
    };
    const VARIANTS: Option<&'static Variants> = Some(&MANAGERS.variants);
    const STAYS: &'static [&'static str] = &["version"];
    const CAPABILITIES: Capabilities = Erased::<Self>::KNOWS_GOING;

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name = fields.name().to_string();
        if !is_word(&name) {
            fields.error(
                "name",
                format!("`{name}` is not the name of a package"),
                "begin with a letter or digit, and use no spaces; a version goes into `version`",
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
            } else if !is_word(version.strip_suffix('*').unwrap_or(version)) {
                fields.error(
                    "version",
                    format!("`{version}` is not a version"),
                    "give a version such as \"1.22.1-9\", or its beginning and one `*`: \"1.22.*\"",
                );
            }
        }
        let replaces = fields.texts("replaces");
        if let Some(wrong) = replaces.iter().find(|name| !is_word(name)) {
            fields.error("replaces", format!("`{wrong}` is not the name of a package"), "list names of packages");
        }
        let purge = fields.bool("purge").unwrap_or_default();
        if purge && !fields.is_absent() {
            fields.error("purge", "`purge` is for a package that goes", "add `state: absent`, or leave `purge` out");
        }
        Desired { version, purge, recommends: fields.bool("recommends"), replaces, going: Vec::new() }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let name = resource.name();
        let plain = name.split(':').next().unwrap_or(name);
        let mut claims = Claims::new().phase(Phase::Package).touches(Touches::System).provides(Space::PACKAGE, name);
        if plain != name {
            claims = claims.provides(Space::PACKAGE, plain);
        }
        claims = SETTINGS
            .iter()
            .fold(claims, |claims, path| claims.follows(Space::PATH, *path).follows(Space::BELOW, *path));
        programs::of(plain).into_iter().fold(claims, |claims, program| claims.provides(Space::PROGRAM, program))
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(
            &PROBE,
            all.iter()
                .map(|resource| {
                    row![Asked { package: resource.name(), pattern: version(resource), goes: going(resource) }]
                })
                .collect(),
        )
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        match MANAGERS.reported(output) {
            Ok(reported) => parse_first(all, output, |seen, _| observation(seen, reported.variant)),
            Err(reason) => all.iter().map(|_| Observation::Failed(reason.clone())).collect(),
        }
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
                let later = || Value::Unknown(Until::applied(resource.address.clone()));
                changes.push("version", Value::Null, pattern.map_or_else(later, Value::text));
            }
        }
        changes
    }

    fn refusal(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Option<Refusal> {
        let Desired { version, replaces, .. } = &resource.desired;
        let (variant, manager) = (manager(observed), MANAGERS.of(manager(observed)));
        let used = used(&resource.desired);
        let refuse = |message: String, help: &str| Some(Refusal { message, help: help.to_string() });
        if let Some(Observed { provider, .. }) = observed.found().filter(|found| found.state == TWICE) {
            return refuse(format!("on this host it is the same package as `{provider}`"), "declare it once");
        }
        let wrong = [resource.name()]
            .into_iter()
            .chain(replaces.iter().map(String::as_str))
            .find(|name| !manager.is_name(name));
        if let Some(wrong) = wrong {
            return refuse(
                format!("`{wrong}` is not the name of a package for {}", variant.title),
                manager.name_help(),
            );
        }
        let is_version = |version: &&String| manager.is_version(version.strip_suffix('*').unwrap_or(version));
        match version.as_ref().filter(|version| !is_version(version)) {
            Some(wrong) => refuse(
                format!("`{wrong}` is not a version for {}", variant.title),
                "write it as the host's package manager shows it",
            ),
            None => MANAGERS.variants.refusal(variant, used),
        }
    }

    fn remarks(
        _resource: &Resource<Desired>,
        observed: &Observation<Observed>,
        _changes: &[crate::model::Change],
    ) -> Vec<String> {
        let is_automatic = observed.found().is_some_and(|found| found.state == AUTOMATIC);
        is_automatic
            .then(|| "it is there only because others need it, and would go with them".to_string())
            .into_iter()
            .collect()
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::There { state: INSTALLED, compared: MATCHES }],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let (absent, present): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|&at| batch[at].resource.is_absent());
        let mut steps = Vec::new();
        // What is recommended can be chosen only for a whole transaction.
        let (marked, present): (Vec<usize>, Vec<usize>) =
            present.into_iter().partition(|&at| is_only_marked(&batch[at]));
        if !marked.is_empty() {
            steps.push(transaction(batch, marked, |manager| manager.mark(), "keep"));
        }
        for recommends in [None, Some(true), Some(false)] {
            let covers: Vec<usize> =
                present.iter().copied().filter(|&at| batch[at].resource.desired.recommends == recommends).collect();
            if !covers.is_empty() {
                steps.push(transaction(batch, covers, |manager| manager.install(), "install"));
            }
        }
        if !absent.is_empty() {
            steps.push(transaction(batch, absent, |manager| manager.remove(), "remove"));
        }
        steps
    }
}

/// The word for a package that is there and works.
const INSTALLED: &str = "installed";
/// The word for a package that is there and works, as a dependency of others only.
const AUTOMATIC: &str = "automatic";
/// The word for a package that another resource names otherwise.
const TWICE: &str = "twice";
/// The word for a version that is the one asked for.
const MATCHES: &str = "matches";

fn observation(seen: Seen<'_>, manager: &'static Variant) -> Observation<Observed> {
    match seen {
        Seen::Absent => Observation::AbsentOn(manager),
        Seen::Twice { twin } => Observation::Present(Observed {
            manager,
            state: TWICE.to_string(),
            version_matches: true,
            version: String::new(),
            provider: twin.to_string(),
        }),
        // It comes after what it is about.
        Seen::Lacks { form, what } => {
            Observation::Failed(format!("the probe told only that it lacks the {form} {what}"))
        }
        Seen::There { state, compared, version, provider } => Observation::Present(Observed {
            manager,
            state: state.to_string(),
            version_matches: compared == MATCHES,
            version: version.to_string(),
            provider: provider.to_string(),
        }),
    }
}

impl KnowsGoing for Package {
    fn set_going(desired: &mut Desired, names: Vec<String>) {
        desired.going = names;
    }
}

/// Returns whether all there is to do is to mark it as wanted for itself.
fn is_only_marked(planned: &Planned<'_, Package>) -> bool {
    let is_automatic = planned.observed.found().is_some_and(|found| found.state == AUTOMATIC);
    is_automatic && !planned.changes("version")
}

/// Returns the manager of the host.
fn manager(observed: &Observation<Observed>) -> &'static Variant {
    observed.variant_or(|found| found.manager, MANAGERS.variants.all[0])
}

fn transaction(
    batch: &[Planned<'_, Package>],
    covers: Vec<usize>,
    program: fn(&dyn Manager) -> &'static str,
    verb: &str,
) -> Step {
    // A batch is of one host.
    let script = program(MANAGERS.of(manager(batch[covers[0]].observed)));
    let rows = covers
        .iter()
        .map(|&at| {
            let resource = batch[at].resource;
            let recommends = resource.desired.recommends.map(|wanted| if wanted { "yes" } else { "no" });
            let may_go: Vec<&str> =
                resource.desired.replaces.iter().chain(&resource.desired.going).map(String::as_str).collect();
            let replaces = may_go.join(",");
            row![Wanted {
                package: resource.name(),
                pattern: version(resource),
                goes: going(resource),
                recommends,
                replaces,
            }]
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

/// Returns the attributes that count.
fn used(desired: &Desired) -> impl Iterator<Item = &'static str> {
    let all = [
        ("version", desired.version.is_some()),
        ("recommends", desired.recommends.is_some()),
        ("replaces", !desired.replaces.is_empty()),
        ("purge", desired.purge),
    ];
    all.into_iter().filter(|(_, is_used)| *is_used).map(|(attribute, _)| attribute)
}

/// Returns whether some package manager may take it for a name or a version: none takes one that could be an option or two
/// words, or that compares. What the host's own makes of it is said once that is known.
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".+:~^_@/-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_no_manager_takes() {
        for name in
            ["nginx", "g++", "libc6:i386", "Judy", "R-core", "py3.11-pip", "x", "1:10.11.", "5.2_rc1-r0", "1.0^git2"]
        {
            assert!(is_word(name), "{name}");
        }
        for name in ["", "nginx=1.2", "-y", "a b", ">= 2", "a;b", "1.*.2", "a,b", "$(id)", "a\u{1f}b"] {
            assert!(!is_word(name), "{name}");
        }
    }
}
