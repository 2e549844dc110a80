//! `docker_image`: an image that is on the host: pulled, built, or made of an archive.

mod context;

use std::time::Duration;

use crate::model::{Changes, Probe, ProbeOutput, Records, Row, Step, Value};
use crate::{records, row, rows};

use crate::kinds::shared::docker::{self, Asked, IMAGE, LOGIN};
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Lane, Observation, Planned, Resource, Shape, Space,
};

use context::Entry;

/// An image that is on the host.
pub struct DockerImage;

/// An image as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    from: Origin,
}

/// Where an image comes from.
#[derive(Clone, Debug)]
enum Origin {
    Registry {
        /// `sha256:…`; any where the spec names none.
        digest: Option<String>,
    },
    Build(Build),
    /// The path of an archive of a root file system.
    Archive(String),
}

#[derive(Clone, Debug)]
struct Build {
    context: Context,
    dockerfile: String,
    target: Option<String>,
    network: Option<String>,
    args: Vec<(String, String)>,
    /// Of all that decides what is built; without the files where they are on the host.
    hash: String,
}

#[derive(Clone, Debug)]
enum Context {
    /// Beside the spec.
    Sent(Vec<Entry>),
    /// A folder of the host.
    Path(String),
}

/// An image as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    id: String,
    digests: Vec<String>,
    /// What the label says that the build or import has left; empty where there is none.
    made_of: String,
    /// What it would be made of now, where that is on the host; empty where it is not there.
    source: String,
}

/// Left on images that are built or imported: what they were made of.
const LABEL: &str = "infra.source";
const PROBE: &str = concat!(
    include_str!("../shared/docker/ask.sh"),
    include_str!("../shared/docker/look.sh"),
    include_str!("source.sh"),
    include_str!("probe.sh")
);
const APPLY: &str = concat!(include_str!("source.sh"), include_str!("apply.sh"));
/// Builds and pulls take as long as the network does.
const TIMEOUT: Duration = Duration::from_secs(1800);

rows! {
    include_str!("probe.sh") => struct Sourced after Asked { form, path }
    include_str!("apply.sh") => struct Made { name, verb, old; more }
    include_str!("apply.sh") => struct Pulled { digest }
    include_str!("apply.sh") => struct Imported { path }
    include_str!("apply.sh") => struct Built { path, label, dockerfile, target, network; more }
}

records! {
    include_str!("probe.sh") =>
    /// What it would be made of.
    enum Source { "source" => Is { source } }
}

impl Kind for DockerImage {
    const KIND: &'static str = "docker_image";
    const SECTION: &'static str = "docker_images";
    const LANE: Lane = Lane::Beside;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional("digest", Shape::Text, "The digest it must have in the registry: `sha256:…`."),
        Attribute::optional(
            "build",
            Shape::Object(&[
                Attribute::optional("context", Shape::Folder, "The folder beside the spec that it is built from."),
                Attribute::optional("path", Shape::Path, "The folder on the host that it is built from."),
                Attribute::default("dockerfile", Shape::Text, "Dockerfile", "The Dockerfile, inside that folder."),
                Attribute::optional("target", Shape::Text, "The stage that is built; the last one where left out."),
                Attribute::optional("args", Shape::Map(&Shape::Scalar), "Build arguments; none may be secret."),
                Attribute::optional("network", Shape::Text, "The network of its `RUN` commands, such as `host`."),
            ]),
            "Builds it instead of pulling it.",
        ),
        Attribute::optional(
            "import",
            Shape::Path,
            "An archive (tar) of a root file system on the host that it is made of.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "An image of Docker Engine on the host: pulled, built, or made of an archive.",
        name: "Repository and tag, such as `nginx:1.27` or `ghcr.io/owner/app:v2`; `:latest` where there is no tag.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name = fields.name().to_string();
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
        if name.contains('@') {
            fields.error("name", "the name holds a digest", "write it as `digest: sha256:…` below `repository:tag`");
        } else if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(plain) {
            fields.error("name", format!("`{name}` is not the name of an image"), "write `repository:tag`");
        }
        let given: Vec<&str> = ["digest", "build", "import"].into_iter().filter(|name| fields.has(name)).collect();
        if let [first, second, ..] = given.as_slice() {
            let message = format!("an image with `{first}` has no `{second}`");
            fields.error(second, message, "an image is pulled, built or imported");
        }
        let digest = fields.text("digest");
        if let Some(digest) = &digest
            && !digest
                .strip_prefix("sha256:")
                .is_some_and(|hex| hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()))
        {
            let message = format!("`{digest}` is not a digest");
            fields.error("digest", message, "write `sha256:` and 64 hexadecimal digits");
        }
        let build = build(fields);
        let from = match (build, fields.text("import")) {
            (Some(build), _) => Origin::Build(build),
            (None, Some(path)) => Origin::Archive(path),
            (None, None) => Origin::Registry { digest },
        };
        Desired { from }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let name = docker::image_name(resource.name());
        let claims = Claims::new().provides(IMAGE, &name).settles(IMAGE, name, &[]);
        let claims = docker::asks_engine(claims, resource.run_as.as_ref());
        if resource.is_absent() {
            return claims;
        }
        match &resource.desired.from {
            Origin::Registry { .. } => claims.requires(LOGIN, docker::login_registry(resource.name())),
            Origin::Archive(path) => claims.reads(Space::PATH, path),
            Origin::Build(Build { context: Context::Path(path), .. }) => claims.reads_below(path).follows(LOGIN, ""),
            Origin::Build(Build { context: Context::Sent(entries), dockerfile, args, .. }) => {
                let bases =
                    context::text(entries, dockerfile).map(|text| context::bases(text, args)).unwrap_or_default();
                bases.iter().fold(claims, |claims, base| {
                    claims.requires(IMAGE, docker::image_name(base)).requires(LOGIN, docker::login_registry(base))
                })
            }
        }
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all.iter().map(|resource| {
            let name = docker::image_name(resource.name());
            let (form, path) = match &resource.desired.from {
                _ if resource.is_absent() => ("", ""),
                Origin::Archive(path) => ("archive", path.as_str()),
                Origin::Build(Build { context: Context::Path(path), .. }) => ("folder", path.as_str()),
                _ => ("", ""),
            };
            let mut row = row![Asked { sort: "image", name }];
            row.extend(row![Sourced { form, path }]);
            row
        });
        Probe::new(PROBE, rows.collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let mut sources = vec![""; all.len()];
        for record in &output.records {
            if let (Some(Source::Is { source }), Some(slot)) = (Source::find(record), sources.get_mut(record.index)) {
                *slot = source;
            }
        }
        let state = |at: usize| sources[at];
        let images = docker::observations(all.len(), output, |at, json| {
            let repository = all[at].name().rsplit_once(':').map_or(all[at].name(), |(repository, _)| repository);
            let digests = json["RepoDigests"].as_array().into_iter().flatten().filter_map(|digest| digest.as_str());
            let digests = digests.filter_map(|digest| digest.split_once('@'));
            let own = docker::image_name(repository);
            Ok(Observed {
                id: json["Id"].as_str().unwrap_or_default().to_string(),
                digests: digests
                    .filter(|(of, _)| docker::image_name(of) == own)
                    .map(|(_, digest)| digest.to_string())
                    .collect(),
                made_of: json["Config"]["Labels"][LABEL].as_str().unwrap_or_default().to_string(),
                source: state(at).to_string(),
            })
        });
        let needs_source = |at: usize| match &all[at].desired.from {
            _ if all[at].is_absent() => None,
            Origin::Archive(path) | Origin::Build(Build { context: Context::Path(path), .. }) => Some(path),
            _ => None,
        };
        images
            .into_iter()
            .enumerate()
            .map(|(at, image)| match (needs_source(at), &image) {
                (Some(path), Observation::Absent | Observation::Present(_)) if state(at).is_empty() => {
                    // An archive is needed only to make the image.
                    if matches!((&all[at].desired.from, &image), (Origin::Archive(_), Observation::Present(_))) {
                        return image;
                    }
                    Observation::Later { needs: Claim::path(path), reason: format!("there is no {path}") }
                }
                (Some(path), Observation::Absent | Observation::Present(_)) if state(at).starts_with('!') => {
                    Observation::Failed(format!("{path} cannot be read: {}", &state(at)[1..]))
                }
                _ => image,
            })
            .collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes: Vec<(&'static str, Value)> = vec![("id", observed.id.as_str().into())];
        attributes.extend(observed.digests.first().map(|digest| ("digest", digest.as_str().into())));
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let mut changes = Changes::new();
        let found = observed.found();
        let id = Value::from(found.map(|found| found.id.clone()));
        let made_of = found.map(|found| found.made_of.clone()).filter(|made_of| !made_of.is_empty());
        match &resource.desired.from {
            Origin::Registry { digest: Some(digest) } => {
                if !found.is_some_and(|found| found.digests.contains(digest)) {
                    let before = found.and_then(|found| found.digests.first().cloned());
                    changes.push("digest", before.map_or(id, Value::Text), digest.as_str());
                }
            }
            Origin::Registry { digest: None } if found.is_none() => {
                changes.push("pull", Value::Null, docker::image_name(resource.name()));
            }
            Origin::Registry { digest: None } => {}
            Origin::Archive(path) => {
                // Without the archive nothing can be told, and nothing need be.
                let source = found.map(|found| &found.source).filter(|source| !source.is_empty());
                match (found, source) {
                    (None, _) => changes.push("import", Value::Null, path.as_str()),
                    (Some(_), Some(source)) => _ = changes.compare("archive", made_of, source.as_str()),
                    (Some(_), None) => {}
                }
            }
            Origin::Build(build) => {
                let wanted = build.label(found.map(|found| found.source.as_str()));
                match (found, wanted) {
                    (Some(_), wanted) => _ = changes.compare("build", made_of, wanted),
                    (None, wanted) => {
                        let of = match &build.context {
                            Context::Sent(_) => wanted,
                            Context::Path(path) => path.clone(),
                        };
                        changes.push("build", Value::Null, of);
                        changes.compare_if("target", Value::Null, build.target.clone());
                        changes.compare_if(
                            "args",
                            Value::Null,
                            (!build.args.is_empty()).then(|| docker::shown(&build.args)),
                        );
                    }
                }
            }
        }
        changes
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        // A step each: they take long, and may fail alone.
        batch.iter().enumerate().map(|(at, planned)| step(at, planned)).collect()
    }
}

impl Build {
    /// Returns what the label of an image that is up to date says; `source` is the hash of a folder on the host.
    fn label(&self, source: Option<&str>) -> String {
        match &self.context {
            Context::Sent(_) => self.hash.clone(),
            Context::Path(_) => format!("{}-{}", source.unwrap_or_default(), self.hash),
        }
    }
}

fn step(at: usize, planned: &Planned<'_, DockerImage>) -> Step {
    let resource = planned.resource;
    let name = docker::image_name(resource.name());
    let old = match planned.observed {
        Observation::Present(found) => found.id.as_str(),
        _ => "",
    };
    let with = |verb: &str, more: Row| {
        let mut row = row![Made { name: &name, verb, old }];
        row.extend(more);
        row
    };
    let (verb, row, input) = match &resource.desired.from {
        _ if resource.is_absent() => ("remove", with("remove", Row::new()), Vec::new()),
        Origin::Registry { digest } => {
            let repository = name.rsplit_once(':').map_or(name.as_str(), |(repository, _)| repository);
            let digest = digest.as_ref().map(|digest| format!("{repository}@{digest}"));
            ("pull", with("pull", row![Pulled { digest }]), Vec::new())
        }
        Origin::Archive(path) => ("import", with("import", row![Imported { path }]), Vec::new()),
        Origin::Build(build) => {
            let (verb, path, input) = match &build.context {
                Context::Sent(entries) => ("build", "", context::archive(entries)),
                Context::Path(path) => ("build-path", path.as_str(), Vec::new()),
            };
            let mut row = with(
                verb,
                row![Built {
                    path,
                    label: &build.hash,
                    dockerfile: &build.dockerfile,
                    target: build.target.as_ref(),
                    network: build.network.as_ref(),
                }],
            );
            docker::add_pairs(&mut row, "a", &build.args);
            ("build", row, input)
        }
    };
    Step::new(APPLY, vec![at], format!("{verb} the image {name}"))
        .rows(vec![row])
        .input(input)
        .timeout(resource.timeout.unwrap_or(TIMEOUT))
}

fn build(fields: &mut Fields<'_>) -> Option<Build> {
    let Some(Value::Map(options)) = fields.value("build") else { return None };
    let text = |key: &str| match options.get(key) {
        Some(Value::Text(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let has = |key: &str| options.get(key).is_some_and(|value| *value != Value::Null);
    let (target, network) = (text("target"), text("network"));
    let dockerfile = text("dockerfile").unwrap_or_else(|| "Dockerfile".into());
    let args = match options.get("args") {
        Some(args) => build_args(fields, args),
        None => Vec::new(),
    };
    if has("context") == has("path") {
        let message =
            if has("path") { "a build has one of `context` and `path`" } else { "it is not said what is built" };
        fields.error("build", message, "give `context:` a folder beside the spec, or `path:` one of the host");
    }
    let context = match (options.get("context"), text("path")) {
        (_, Some(path)) => Context::Path(path),
        (Some(folder), None) => Context::Sent(context::entries(folder)),
        (None, None) => Context::Sent(Vec::new()),
    };
    let entries: &[Entry] = match &context {
        Context::Sent(entries) => entries,
        Context::Path(_) => &[],
    };
    if has("context") && !fields.is_unknown("build") && context::text(entries, &dockerfile).is_none() {
        let message = format!("there is no `{dockerfile}` in the folder");
        fields.error("build", message, "add it, or name another with `dockerfile:`");
    }
    let pairs: Vec<String> = args.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut more = vec![dockerfile.as_str(), target.as_deref().unwrap_or_default()];
    more.extend(pairs.iter().map(String::as_str));
    let hash = context::hash(entries, &more);
    Some(Build { context, dockerfile, target, network, args, hash })
}

fn build_args(fields: &mut Fields<'_>, args: &Value) -> Vec<(String, String)> {
    let Value::Map(args) = args else { return Vec::new() };
    let mut pairs = Vec::new();
    for (key, value) in args {
        let text = match value {
            Value::Text(text) => text.clone(),
            Value::Bool(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Secret(_) => {
                let message = format!("the build argument `{key}` is a secret, which `docker history` would show");
                fields.error("build", message, "hand it to the process at run time, in a file or its environment");
                continue;
            }
            _ => String::new(),
        };
        if text.contains(char::is_control) {
            fields.error(
                "build",
                format!("the build argument `{key}` holds a control character"),
                "write it on one line",
            );
        }
        pairs.push((key.clone(), text));
    }
    pairs.sort();
    pairs
}
