//! `package_repository`: where the host's package manager gets packages from.

mod key;
mod manager;
mod repository;

use std::sync::{Arc, LazyLock};

use crate::model::{Blob, Changes, Content, Expect, Lock, Probe, ProbeOutput, Step, Value, decode_base64};
use crate::{expect, row, variants};

use crate::kinds::shared::package_manager::{CHOICE, NOUN};
use crate::resource::batch::{by_state, count, parse_all};
use crate::resource::{
    Attribute, Claims, Documentation, Fields, Kind, Need, Observation, Phase, Planned, Refusal, Resource, Shape, Space,
    Variant, Variants,
};

use key::Form;
pub use manager::Manager;
use manager::{Asked, Going, Seen, Wanted};
pub use repository::{Desired, Files};

variants! {
    /// The package managers.
    const MANAGERS: dyn Manager = (NOUN, CHOICE) {
        apt::Apt,
    }
}

/// Where the host's package manager gets packages from.
pub struct PackageRepository;

/// The files of a repository as they were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The manager of the host.
    manager: &'static Variant,
    sources: Option<Content>,
    key: Option<Content>,
    pin: Option<Content>,
    /// Owner, group and mode of all of them, or of the first with others.
    access: String,
}

static PROBE: LazyLock<String> = LazyLock::new(|| MANAGERS.host_probe("", |manager| manager.probe(), ""));

/// Everybody reads these files: apt does so as a user of its own.
const ACCESS: &str = "root:root 0644";

impl Kind for PackageRepository {
    const KIND: &'static str = "package_repository";
    const SECTION: &'static str = "package_repositories";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required(
            "uris",
            Shape::List(&Shape::Text),
            "Where it is: `https://download.docker.com/linux/debian`, or `file:/srv/packages`.",
        ),
        Attribute::required(
            "suites",
            Shape::List(&Shape::Text),
            "Its suites, such as `bookworm`; `./` for a flat repository.",
        ),
        Attribute::optional(
            "components",
            Shape::List(&Shape::Text),
            "Its components, such as `main`; left out for a flat repository.",
        ),
        Attribute::default(
            "types",
            Shape::List(&Shape::OneOf(&["deb", "deb-src"])),
            "[deb]",
            "Whether it has packages, sources or both.",
        ),
        Attribute::optional(
            "architectures",
            Shape::List(&Shape::Text),
            "Architectures to read it for, such as `amd64`; all of the host where left out.",
        ),
        Attribute::optional(
            "key",
            Shape::Source,
            "A file beside the spec with the key that signs it, armored or binary.",
        ),
        Attribute::optional("key_text", Shape::Text, "The key that signs it, armored, given in place."),
        Attribute::optional("signed_by", Shape::Path, "A file on the host with the key that signs it."),
        Attribute::default(
            "trusted",
            Shape::Bool,
            "false",
            "Whether packages are taken from it unsigned: whoever can change it on its way then owns the host.",
        ),
        Attribute::optional(
            "priority",
            Shape::Integer { min: -32768, max: 32767 },
            "How much its packages are preferred (apt_preferences(5)): 500 is usual, 100 never replaces another's, -1 never installs.",
        ),
        Attribute::optional(
            "pin",
            Shape::Text,
            "What `priority` is for, such as `release n=bookworm-backports`; everything from the hosts of `uris` where left out.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A repository that the host's package manager gets packages from.",
        name: "A short name, which its files on the host have too.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const VARIANTS: Option<&'static Variants> = Some(&MANAGERS.variants);
    const OBSERVED_WITHOUT: &'static [&'static str] = &["key", "key_text"];
    const SHOWN_AS: &'static [(&'static str, &'static str)] = &[
        ("uris", "sources"),
        ("suites", "sources"),
        ("components", "sources"),
        ("types", "sources"),
        ("architectures", "sources"),
        ("signed_by", "sources"),
        ("trusted", "sources"),
        ("key_text", "key"),
        ("priority", "pin"),
    ];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        check_name(fields);
        let uris = words(fields, "uris");
        for uri in &uris {
            let scheme = uri.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
            if !["http", "https", "file", "ftp", "mirror+http", "mirror+https", "mirror+file"].contains(&scheme) {
                fields.error(
                    "uris",
                    format!("`{uri}` is not the address of a repository"),
                    "begin it with https:, http: or file:",
                );
            }
        }
        let suites = words(fields, "suites");
        let components = words(fields, "components");
        let is_flat = suites.iter().any(|suite| suite.ends_with('/'));
        if is_flat && !components.is_empty() {
            fields.error(
                "components",
                "a flat repository has no components",
                "leave `components` out, or name a suite",
            );
        } else if !is_flat && !suites.is_empty() && components.is_empty() && !fields.is_unknown("components") {
            fields.error(
                "suites",
                "`components` is required for a suite",
                "add `components: [main]`; a flat repository's suite ends with `/`",
            );
        }
        let types = fields.texts("types");
        let architectures = words(fields, "architectures");
        let key = read_key(fields);
        let signed_by = fields.text("signed_by");
        let trusted = fields.bool("trusted").unwrap_or_default();
        let priority = fields.integer("priority");
        let pin = fields.text("pin");
        if pin.is_some() && priority.is_none() {
            fields.error(
                "pin",
                "`pin` says what `priority` is for, and there is none",
                "add `priority`, or leave `pin` out",
            );
        }
        if pin.as_deref().is_some_and(|pin| pin.contains(char::is_control)) {
            fields.error(
                "pin",
                "`pin` is one line",
                "write it as apt_preferences(5) has it: `release n=bookworm-backports`",
            );
        }
        Desired { uris, suites, components, types, architectures, key, signed_by, trusted, priority, pin }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let name = resource.name();
        let desired = &resource.desired;
        let mut claims = Claims::new().phase(Phase::PackageSource).provides(Space::PACKAGE_SOURCE, name);
        // Which manager the host has is not known here.
        for (_, manager) in MANAGERS.iter() {
            let paths = manager.paths(name, desired);
            claims = claims.provides(Space::CONTENT, &paths[0]);
            claims = paths.into_iter().fold(claims, |claims, path| claims.provides(Space::PATH, path));
        }
        claims = claims.follows(Space::PATH, "/etc/apt/apt.conf").follows(Space::PATH, "/etc/apt/auth.conf");
        claims = claims.follows(Space::BELOW, "/etc/apt/auth.conf.d");
        if desired.uris.iter().any(|uri| uri.contains("https:")) {
            claims = claims.requires(Space::PACKAGE, "ca-certificates");
        }
        let folders = desired.uris.iter().filter_map(|uri| local_folder(uri));
        claims = folders
            .fold(claims, |claims, folder| claims.needs(Need::Path(folder.to_string())).requires(Space::PATH, folder));
        claims.needs_file(desired.signed_by.as_ref())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all
            .iter()
            .map(|resource| {
                let form = resource.desired.key.as_ref().map(|(form, _)| form.ending());
                let (sources, pins) = hashes(resource);
                let sources = if resource.is_absent() { String::new() } else { sources.join(",") };
                row![Asked { name: resource.name(), ending: form, wanted_sources: sources, wanted_pin: pins.join(",") }]
            })
            .collect();
        Probe::new(&PROBE, rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let manager = match MANAGERS.reported(output) {
            Ok(reported) => reported.variant,
            Err(reason) => return all.iter().map(|_| Observation::Failed(reason.clone())).collect(),
        };
        parse_all(all, output, |first, more: &[Seen<'_>], resource| {
            let fetched = |wanted: &str| {
                more.iter().find_map(|seen| match seen {
                    Seen::Content { which, base64 } if *which == wanted => decode_base64(base64),
                    _ => None,
                })
            };
            observation(first, resource, manager, fetched)
        })
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let contents = [("sources", &observed.sources), ("key", &observed.key), ("pin", &observed.pin)];
        let there = contents.into_iter().filter_map(|(name, content)| Some((name, content.clone()?.into())));
        there.chain([("access", observed.access.as_str().into())]).collect()
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let key = desired.key.as_ref().map(|(_, key)| summary(key));
        let Files { sources, pin } = MANAGERS.of(manager(observed)).files(resource.name(), desired);
        let mut changes = Changes::new();
        if let Observation::Present(observed) = observed {
            changes.compare("sources", observed.sources.clone(), sources);
            changes.compare("key", observed.key.clone(), key);
            changes.compare("pin", observed.pin.clone(), pin);
            changes.compare("access", observed.access.as_str(), ACCESS);
        } else {
            changes.push("sources", Value::Null, sources);
            changes.compare_if("key", Value::Null, key);
            changes.compare_if("pin", Value::Null, pin);
        }
        changes
    }

    fn refusal(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Option<Refusal> {
        MANAGERS.variants.refusal(manager(observed), used(&resource.desired))
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        if resource.is_absent() {
            return Some(expect![Seen::Absent]);
        }
        let key = resource.desired.key.as_ref().map_or("", |(_, key)| key.hash());
        let (sources, pins) = hashes(resource);
        // Where managers write different files, only the parsing knows whose they must be.
        let one = |hashes: Vec<String>| <[String; 1]>::try_from(hashes).ok().map(|[one]| one);
        Some(expect![Seen::Present { sources: one(sources), key: key, pin: one(pins), access: ACCESS }])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, write, remove)
    }
}

/// Makes the one step that removes these repositories.
fn remove(batch: &[Planned<'_, PackageRepository>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![Going { name: batch[at].resource.name() }]).collect();
    let purpose = format!("remove {}", count(absent.len(), "repository", "repositories"));
    Step::new(of_host(batch).remove(), absent, purpose).rows(rows).locks(&[Lock::PACKAGES])
}

/// How long reading the lists may take where the spec does not say.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15 * 60);

/// Makes the one step that writes these repositories and reads their lists.
fn write(batch: &[Planned<'_, PackageRepository>], covers: Vec<usize>) -> Step {
    let manager = of_host(batch);
    let mut input = Vec::new();
    let mut rows = Vec::with_capacity(covers.len());
    for &at in &covers {
        let resource = batch[at].resource;
        let key = resource.desired.key.as_ref();
        let Files { sources, pin } = manager.files(resource.name(), &resource.desired);
        let contents = [Some(&sources), key.map(|(_, key)| key), pin.as_ref()];
        let bytes = contents.map(|content| content.and_then(Content::bytes));
        let size = |at: usize| bytes[at].map_or_else(|| "-".to_string(), |bytes| bytes.len().to_string());
        let ending = key.map(|(form, _)| form.ending());
        rows.push(row![Wanted {
            name: resource.name(),
            ending,
            sources_size: size(0),
            key_size: size(1),
            pin_size: size(2),
        }]);
        input.extend(bytes.into_iter().flatten().map(Blob::from));
    }
    let timeout = covers.iter().filter_map(|&at| batch[at].resource.timeout).max().unwrap_or(TIMEOUT);
    let purpose = format!("set up {} and read the lists", count(covers.len(), "repository", "repositories"));
    Step::new(manager.apply(), covers, purpose).rows(rows).input(input).locks(&[Lock::PACKAGES]).timeout(timeout)
}

/// Returns the manager of the host.
fn manager(observed: &Observation<Observed>) -> &'static Variant {
    observed.variant_or(|found| found.manager, MANAGERS.variants.all[0])
}

/// Returns what the manager of the host does; a batch is of one host.
fn of_host(batch: &[Planned<'_, PackageRepository>]) -> &'static dyn Manager {
    MANAGERS.of(manager(batch[0].observed))
}

/// Returns the SHA-256 of the sources and of the pins, one for each that managers write differently.
fn hashes(resource: &Resource<Desired>) -> (Vec<String>, Vec<String>) {
    let files = MANAGERS.iter().map(|(_, manager)| manager.files(resource.name(), &resource.desired));
    let hash = |content: &Content| content.hash().to_string();
    let (mut sources, mut pins): (Vec<String>, Vec<String>) =
        files.map(|files| (hash(&files.sources), files.pin.as_ref().map(hash).unwrap_or_default())).unzip();
    sources.dedup();
    pins.dedup();
    (sources, pins)
}

/// Returns the attributes that count.
fn used(desired: &Desired) -> impl Iterator<Item = &'static str> {
    let all = [
        ("components", !desired.components.is_empty()),
        ("architectures", !desired.architectures.is_empty()),
        ("key", desired.key.is_some()),
        ("signed_by", desired.signed_by.is_some()),
        ("trusted", desired.trusted),
        ("priority", desired.priority.is_some()),
    ];
    all.into_iter().filter(|(_, is_used)| *is_used).map(|(attribute, _)| attribute)
}

fn observation(
    seen: Seen<'_>,
    resource: &Resource<Desired>,
    manager: &'static Variant,
    fetched: impl Fn(&str) -> Option<Arc<[u8]>>,
) -> Observation<Observed> {
    let Files { sources, pin } = MANAGERS.of(manager).files(resource.name(), &resource.desired);
    // The content that was fetched; the wanted one where it was not because the two are equal.
    let content = |which: &str, hash: &str, wanted: Option<&Content>| match (wanted, fetched(which)) {
        _ if hash.is_empty() => None,
        (Some(wanted), _) if wanted.hash() == hash => Some(wanted.clone()),
        (_, Some(bytes)) => Some(Content::new(bytes)),
        _ => Some(Content::summary(hash, 0)),
    };
    match seen {
        Seen::Absent => Observation::AbsentOn(manager),
        Seen::Denied => Observation::Failed("a folder above its files may not be searched by this account".into()),
        Seen::Present { sources: sources_hash, key, pin: pin_hash, key_size, access } => {
            Observation::Present(Observed {
                manager,
                sources: content("sources", sources_hash, Some(&sources)),
                key: Some(key)
                    .filter(|hash| !hash.is_empty())
                    .map(|hash| Content::summary(hash, key_size.parse().unwrap_or_default())),
                pin: content("pin", pin_hash, pin.as_ref()),
                access: access.to_string(),
            })
        }
        Seen::Content { .. } => Observation::Failed("the probe does not say whether it is there".into()),
        Seen::Other { state } => Observation::Failed(state.to_string()),
    }
}

/// Reads the key that the spec gives.
fn read_key(fields: &mut Fields<'_>) -> Option<(Form, Content)> {
    let given = fields.one_of("a repository", &["key", "key_text", "signed_by"]);
    let attribute = given.filter(|name| *name != "signed_by")?;
    let content = fields.content(attribute)?;
    let Some(bytes) = content.bytes() else { return Some((Form::Armored, content)) };
    match Form::of(bytes) {
        Ok(form) => Some((form, content)),
        Err(wrong) => {
            fields.error(attribute, wrong.to_string(), wrong.help());
            None
        }
    }
}

/// Its files are called so; apt reads only those whose name is made of these.
fn check_name(fields: &mut Fields<'_>) {
    let name = fields.name().to_string();
    let is_fine = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() <= 100
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if !is_fine {
        fields.error(
            "name",
            format!("`{name}` cannot be the name of a repository"),
            "begin with a letter or digit, go on with letters, digits, `_`, `.` and `-`",
        );
    }
}

/// Returns a list whose items must be single words.
fn words(fields: &mut Fields<'_>, attribute: &str) -> Vec<String> {
    let words = fields.texts(attribute);
    if let Some(wrong) =
        words.iter().find(|word| word.is_empty() || word.contains(|c: char| c.is_whitespace() || c.is_control()))
    {
        fields.error(attribute, format!("`{wrong}` is not one word"), "give each its own item of the list");
    }
    words
}

/// Returns the folder of the host that an address names.
fn local_folder(uri: &str) -> Option<String> {
    let path = uri.strip_prefix("file:")?.trim_end_matches('/');
    Some(format!("/{}", path.trim_start_matches('/')))
}

/// A key is compared, not shown.
fn summary(key: &Content) -> Content {
    Content::summary(key.hash(), key.size())
}
