//! `download`: a file from the network, or what is unpacked from one.

use std::time::Duration;

use crate::kinds::shared::BESIDE;
use crate::model::{Arg, Changes, Expect, Probe, ProbeOutput, Secret, Step, Value};
use crate::{expect, records, row, rows};

use crate::kinds::shared::REPLACE;
use crate::kinds::shared::program::program;
use crate::resource::batch::parse_first;
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Lane, Observation, Planned, Resource, Shape, Space,
};

/// A file from the network, or what is unpacked from one.
pub struct Download;

/// A download as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    url: String,
    /// SHA-256 in lower-case hex.
    checksum: String,
    headers: Vec<(String, Arg)>,
    owner: Option<String>,
    group: Option<String>,
    /// Four octal digits.
    mode: Option<String>,
    /// How many leading folders of the archive are left out; `None` where it is not unpacked.
    strip: Option<i64>,
}

/// A download as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// `sha256:` and hex digits; for a folder the archive's. Empty where unpacking was not finished.
    checksum: String,
    strip: Option<i64>,
    owner: String,
    group: String,
    mode: String,
}

/// How long fetching and unpacking may take where the spec does not say.
const TIMEOUT: Duration = Duration::from_secs(1800);

const APPLY: &str = program![REPLACE, BESIDE, include_str!("apply.sh")];

rows! {
    include_str!("probe.sh") => struct Asked { path, wanted, unpack, fetcher, unpacker }
    include_str!("apply.sh") => struct Wanted { path, url, config, wanted, owner, group, mode, strip, fetch }
    include_str!("remove.sh") => struct Going { path }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "file" => File { owner, group, mode, size, hash },
        "unpacked" => Unpacked { owner, group, mode, size, hash },
        "folder" => Folder,
        "no-tool" => NoTool { missing },
        _ => Other { r#type },
    }
}

impl Kind for Download {
    const KIND: &'static str = "download";
    const SECTION: &'static str = "downloads";
    const LANE: Lane = Lane::Beside;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required("url", Shape::Text, "Where it comes from: http, https, ftp or file."),
        Attribute::required("checksum", Shape::Text, "`sha256:` and the 64 hex digits of the file that is fetched."),
        Attribute::optional(
            "headers",
            Shape::Map(&Shape::Scalar),
            "Headers of the request, such as `Authorization`; they may be secret.",
        ),
        Attribute::optional(
            "unpack",
            Shape::Either(&[
                Shape::Bool,
                Shape::Object(&[Attribute::default(
                    "strip",
                    Shape::Integer { min: 0, max: 20 },
                    "0",
                    "How many leading folders of each name are left out.",
                )]),
            ]),
            "Unpacks the archive (tar, with any compression the host knows, or zip) into a folder of this name.",
        ),
        Attribute::optional("owner", Shape::Account, "The user that owns it; left alone where left out."),
        Attribute::optional("group", Shape::Account, "The group that owns it; left alone where left out."),
        Attribute::optional(
            "mode",
            Shape::Mode,
            "Its permissions, or the folder's; 0644 or 0755 when it is made, left alone where left out.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A file from the network, or what is unpacked from one.",
        name: "The absolute path of the file, or of the folder it is unpacked into.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const IS_NAMED_BY_PATH: bool = true;
    const SHOWN_AS: &'static [(&'static str, &'static str)] = &[("unpack", "strip")];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let url = fields.text("url").unwrap_or_default();
        let schemes = ["https://", "http://", "ftp://", "file:///"];
        let is_address = schemes.iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme))
            && !url.contains(|c: char| c.is_whitespace() || c.is_control());
        if fields.has("url") && !is_address {
            fields.error("url", format!("`{url}` is not an address to fetch from"), "write https://…");
        }
        Desired {
            url,
            checksum: checksum(fields),
            headers: headers(fields),
            owner: fields.text("owner"),
            group: fields.text("group"),
            mode: fields.mode("mode"),
            strip: match fields.value("unpack") {
                Some(Value::Bool(true)) => Some(0),
                Some(Value::Map(options)) => match options.get("strip") {
                    Some(Value::Integer(strip)) => Some(*strip),
                    _ => Some(0),
                },
                _ => None,
            },
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let desired = &resource.desired;
        let claims = Claims::new().provides(Space::PATH, resource.name());
        if resource.is_absent() {
            return claims;
        }
        let claims = match desired.strip {
            Some(_) => unpackers(&desired.url).iter().fold(claims.touches_below(resource.name()), |claims, program| {
                claims.requires(Space::PROGRAM, *program)
            }),
            None => claims.provides(Space::CONTENT, resource.name()),
        };
        let local = desired.url.strip_prefix("file://").map(str::to_string);
        claims
            .requires(Space::PROGRAM, "curl")
            .requires_some(Space::PATH, local.as_ref())
            .owned_by(owner(resource), desired.group.as_ref())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all.iter().map(|resource| {
            let desired = &resource.desired;
            let fetcher = if desired.headers.is_empty() { "" } else { "curl" };
            let unpacker = if desired.strip.is_some() && desired.url.ends_with(".zip") { "unzip" } else { "" };
            let wanted = if resource.is_absent() { "" } else { &desired.checksum };
            row![Asked { path: resource.name(), wanted, unpack: desired.strip.is_some(), fetcher, unpacker }]
        });
        Probe::new(include_str!("probe.sh"), rows.collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = vec![("checksum", observed.checksum.as_str().into())];
        attributes.extend(observed.strip.map(|strip| ("strip", strip.into())));
        attributes.extend([
            ("owner", observed.owner.as_str().into()),
            ("group", observed.group.as_str().into()),
            ("mode", observed.mode.as_str().into()),
        ]);
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let checksum = format!("sha256:{}", desired.checksum);
        let mut changes = Changes::new();
        if let Observation::Present(observed) = observed {
            let before = if observed.checksum.is_empty() { Value::Null } else { observed.checksum.as_str().into() };
            changes.compare("checksum", before, checksum);
            changes.compare("strip", observed.strip, desired.strip);
            changes.compare_if("owner", observed.owner.as_str(), owner(resource).cloned());
            changes.compare_if("group", observed.group.as_str(), desired.group.clone());
            changes.compare_if("mode", observed.mode.as_str(), desired.mode.clone());
        } else {
            changes.push("url", Value::Null, desired.url.as_str());
            changes.push("checksum", Value::Null, checksum);
            changes.compare_if("strip", Value::Null, desired.strip);
            changes.compare_if("owner", Value::Null, owner(resource).cloned());
            changes.compare_if("group", Value::Null, desired.group.clone());
            changes.push("mode", Value::Null, created_mode(desired));
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let Desired { checksum, strip, group, mode, .. } = &resource.desired;
        let (owner, group, mode) = (owner(resource), group.as_ref(), mode.as_ref());
        Some(match strip {
            _ if resource.is_absent() => expect![Seen::Absent],
            None => expect![Seen::File { owner: owner, group: group, mode: mode, hash: checksum }],
            Some(strip) => {
                let marker = format!("sha256:{checksum} strip={strip}");
                expect![Seen::Unpacked { owner: owner, group: group, mode: mode, hash: marker }]
            }
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        // A step each: fetching takes long, and may fail alone.
        batch.iter().enumerate().map(|(at, planned)| step(at, planned)).collect()
    }
}

fn step(at: usize, planned: &Planned<'_, Download>) -> Step {
    let resource = planned.resource;
    let (name, desired) = (resource.name(), &resource.desired);
    let timeout = resource.timeout.unwrap_or(TIMEOUT);
    if resource.is_absent() {
        let step = Step::new(program![BESIDE, include_str!("remove.sh")], vec![at], format!("remove {name}"));
        return step.rows(vec![row![Going { path: name }]]).timeout(timeout);
    }
    let fetches = planned.changes.iter().any(|change| matches!(change.attribute.as_str(), "checksum" | "strip"));
    // What is replaced keeps what the spec leaves alone.
    let (owner, group, mode) = match planned.observed {
        Observation::Present(found) => (
            owner(resource).unwrap_or(&found.owner).clone(),
            desired.group.clone().unwrap_or_else(|| found.group.clone()),
            desired.mode.clone().unwrap_or_else(|| found.mode.clone()),
        ),
        _ => (
            owner(resource).cloned().unwrap_or_default(),
            desired.group.clone().unwrap_or_default(),
            created_mode(desired),
        ),
    };
    let strip = desired.strip.map(|strip| strip.to_string());
    let row = row![Wanted {
        path: name,
        url: &desired.url,
        config: curl_config(desired),
        wanted: &desired.checksum,
        owner,
        group,
        mode,
        strip: strip.as_ref(),
        fetch: fetches,
    }];
    let purpose = match (fetches, &strip) {
        (true, None) => format!("fetch {name}"),
        (true, Some(_)) => format!("fetch and unpack {name}"),
        (false, _) => format!("change {name}"),
    };
    Step::new(APPLY, vec![at], purpose).rows(vec![row]).timeout(timeout)
}

/// Returns what curl reads from its standard input, so that no header is in an argument. curl(1) says how texts are
/// quoted there.
fn curl_config(desired: &Desired) -> Arg {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut lines = vec![
        "silent\nshow-error\nfail\nlocation\nconnect-timeout = 30\nspeed-limit = 1\nspeed-time = 60\nretry = 3"
            .to_string(),
        format!("url = \"{}\"", quoted(&desired.url)),
    ];
    for (name, value) in &desired.headers {
        lines.push(format!("header = \"{}: {}\"", quoted(name), quoted(value.expose())));
    }
    let text = lines.join("\n");
    if desired.headers.iter().any(|(_, value)| matches!(value, Arg::Secret(_))) {
        Arg::Secret(Secret::new(text))
    } else {
        Arg::Plain(text)
    }
}

/// Reads `sha256:HEX`; returns the digits.
fn checksum(fields: &mut Fields<'_>) -> String {
    let Some(text) = fields.text("checksum") else { return String::new() };
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        fields.error(
            "checksum",
            format!("`{text}` is not a checksum"),
            "write `sha256:` and 64 hex digits: `sha256sum FILE` prints them",
        );
    }
    digits.to_ascii_lowercase()
}

fn headers(fields: &mut Fields<'_>) -> Vec<(String, Arg)> {
    let headers = fields.args("headers");
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    for (name, value) in &headers {
        if !is_name(name) || value.expose().contains(char::is_control) {
            fields.error(
                "headers",
                format!("`{name}` is not a header of one line"),
                "write `Name: value`, the value without a line end",
            );
        }
    }
    headers
}

/// Returns the programs that unpack an archive besides tar, by the ending of its name; all there are where that says nothing.
fn unpackers(url: &str) -> &'static [&'static str] {
    const ALL: &[&str] = &["unzip", "xz", "zstd", "bzip2"];
    let name = url.split(['?', '#']).next().unwrap_or(url);
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "zip" => &["unzip"],
        "xz" | "txz" => &["xz"],
        "zst" | "tzst" => &["zstd"],
        "bz2" | "tbz2" | "tbz" => &["bzip2"],
        "tar" | "gz" | "tgz" => &[],
        _ => ALL,
    }
}

/// Returns the user that owns it, where the spec names one.
fn owner(resource: &Resource<Desired>) -> Option<&String> {
    resource.desired.owner.as_ref().or(resource.run_as.as_ref())
}

fn created_mode(desired: &Desired) -> String {
    desired.mode.clone().unwrap_or_else(|| if desired.strip.is_some() { "0755" } else { "0644" }.into())
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    let found = |checksum: &str, strip: Option<i64>, owner: &str, group: &str, mode: &str| {
        Observation::Present(Observed {
            checksum: checksum.to_string(),
            strip,
            owner: owner.to_string(),
            group: group.to_string(),
            mode: mode.to_string(),
        })
    };
    let fits = |is_folder: bool| resource.is_absent() || resource.desired.strip.is_some() == is_folder;
    match seen {
        Seen::Absent => Observation::Absent,
        Seen::File { owner, group, mode, hash, .. } if fits(false) => {
            found(&format!("sha256:{hash}"), None, owner, group, mode)
        }
        Seen::File { .. } => Observation::Failed("it is there, but as file".into()),
        Seen::Unpacked { owner, group, mode, hash, .. } if fits(true) => {
            let (checksum, strip) = hash.split_once(" strip=").unwrap_or_default();
            found(checksum, strip.parse().ok(), owner, group, mode)
        }
        Seen::Unpacked { .. } => Observation::Failed("a folder is there, and the spec does not say `unpack`".into()),
        Seen::Folder => Observation::Failed(
            "a folder with files is there that was not unpacked by infra; it is left alone: move it away, or use another path"
                .into(),
        ),
        Seen::NoTool { missing } => Observation::Later {
            needs: Claim::new(Space::PROGRAM, missing),
            reason: format!("{missing} is not on the host"),
        },
        Seen::Denied => Observation::Failed("it or a folder above it may not be searched by this account".into()),
        Seen::Other { r#type } => Observation::Failed(format!("it is there, but as {type}")),
    }
}
