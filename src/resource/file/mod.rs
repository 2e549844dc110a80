//! `file`: a file with content, owner, group and mode.

use crate::model::{Blob, Changes, Content, Expect, Probe, ProbeOutput, Record, Step, Value};
use crate::row;

use super::{Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space};

/// A file with content, owner, group and mode.
pub struct File;

/// A file as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// Left alone where the spec gives none.
    content: Option<Content>,
    owner: Option<String>,
    group: Option<String>,
    /// Four octal digits.
    mode: Option<String>,
}

/// A file as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    content: Content,
    owner: String,
    group: String,
    mode: String,
}

/// The largest content that is fetched for a diff, in bytes.
const MOST_FETCHED: u64 = 256 * 1024;

impl Kind for File {
    const KIND: &'static str = "file";
    const SECTION: &'static str = "files";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional("content", Shape::Scalar, "The content, given in place."),
        Attribute::optional("template", Shape::Template, "A template beside the spec that renders the content."),
        Attribute::optional("source", Shape::Source, "A file beside the spec that is the content."),
        Attribute::optional("owner", Shape::Account, "The user that owns it; left alone where left out."),
        Attribute::optional("group", Shape::Account, "The group that owns it; left alone where left out."),
        Attribute::optional(
            "mode",
            Shape::Mode,
            "Its permissions; 0644 (0600 with a secret in it) when it is created, left alone where left out.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A file with content, owner, group and mode.",
        name: "The absolute path.",
        example: "files:\n  /etc/motd:\n    content: |\n      Welcome.\n    mode: \"0644\"\n",
        notes: "The content is `content`, `template` or `source`; with none of them only owner, group and mode are kept, \
                and the file is created empty where it is missing. It is written beside its target, with its mode before \
                its content, synced and renamed. Content is compared by SHA-256; the old content of up to 256 KiB is \
                fetched for the diff only where it differs. A symbolic link or folder in its place is an error.",
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = &["content", "template", "source"];
    const SHOWN_AS: &'static [(&'static str, &'static str)] = &[("template", "content"), ("source", "content")];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let given: Vec<&str> = ["content", "template", "source"].into_iter().filter(|name| fields.has(name)).collect();
        if let [_, second, ..] = given.as_slice() {
            fields.error(second, "a file has one of content, template and source", "keep one of them");
        }
        Desired {
            content: given.first().and_then(|name| fields.content(name)),
            owner: fields.text("owner"),
            group: fields.text("group"),
            mode: fields.mode("mode"),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let mut claims = Claims::new().provides(Space::PATH, resource.name());
        if resource.desired.content.is_some() {
            claims = claims.provides(Space::CONTENT, resource.name());
        }
        claims.owned_by(resource.desired.owner.as_ref(), resource.desired.group.as_ref())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all
            .iter()
            .map(|resource| {
                row![resource.name(), resource.desired.content.as_ref().map(|content| content.hash()), MOST_FETCHED]
            })
            .collect();
        Probe::new(include_str!("probe.sh"), rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let mut contents = std::collections::HashMap::new();
        for record in output.records.iter().filter(|record| record.field(0) == "content") {
            contents.insert(record.index, record.field(1));
        }
        output
            .first_records(all.len())
            .into_iter()
            .enumerate()
            .map(|(at, record)| match record {
                None => Observation::Failed(output.explain()),
                Some(record) => observation(record, contents.get(&at).copied(), all[at].desired.content.as_ref()),
            })
            .collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![
            ("content", observed.content.clone().into()),
            ("owner", observed.owner.as_str().into()),
            ("group", observed.group.as_str().into()),
            ("mode", observed.mode.as_str().into()),
        ]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        if let Observation::Present(observed) = observed {
            changes.compare_if("content", observed.content.clone(), desired.content.clone());
            changes.compare_if("owner", observed.owner.as_str(), desired.owner.clone());
            changes.compare_if("group", observed.group.as_str(), desired.group.clone());
            changes.compare_if("mode", observed.mode.as_str(), desired.mode.clone());
        } else {
            changes.push("content", Value::Null, desired.content.clone().unwrap_or_else(|| Content::new(&b""[..])));
            changes.compare_if("owner", Value::Null, desired.owner.clone());
            changes.compare_if("group", Value::Null, desired.group.clone());
            changes.push("mode", Value::Null, created_mode(desired));
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        if resource.is_absent() {
            return Some(vec![Expect::Is("absent".into())]);
        }
        let is = |value: &Option<String>| value.clone().map_or(Expect::Any, Expect::Is);
        let desired = &resource.desired;
        let hash = desired.content.as_ref().map_or(Expect::Any, |content| Expect::Is(content.hash().to_string()));
        Some(vec![
            Expect::Is("file".into()),
            is(&desired.owner),
            is(&desired.group),
            is(&desired.mode),
            Expect::Any,
            hash,
        ])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let (absent, present): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|&at| batch[at].resource.is_absent());
        let mut steps = Vec::new();
        if !present.is_empty() {
            steps.push(write(batch, present));
        }
        if !absent.is_empty() {
            let rows = absent.iter().map(|&at| row![batch[at].resource.name()]).collect();
            let purpose = format!("remove {}", count(absent.len()));
            steps.push(Step::new(include_str!("remove.sh"), absent, purpose).rows(rows));
        }
        steps
    }
}

/// Makes the one step that writes all these files.
fn write(batch: &[Planned<'_, File>], present: Vec<usize>) -> Step {
    let mut input = Vec::new();
    let mut rows = Vec::with_capacity(present.len());
    for &at in &present {
        let planned = &batch[at];
        let desired = &planned.resource.desired;
        let is_new = !matches!(planned.observed, Observation::Present(_));
        let changes_content = is_new || planned.changes.iter().any(|change| change.attribute == "content");
        let empty = Content::new(&b""[..]);
        let content = desired.content.as_ref().or(is_new.then_some(&empty)).filter(|_| changes_content);
        let bytes = content.and_then(Content::bytes);
        // A file that is replaced keeps what the spec leaves alone.
        let (owner, group, mode) = match planned.observed {
            Observation::Present(found) => (
                desired.owner.clone().unwrap_or_else(|| found.owner.clone()),
                desired.group.clone().unwrap_or_else(|| found.group.clone()),
                desired.mode.clone().unwrap_or_else(|| found.mode.clone()),
            ),
            _ => (
                desired.owner.clone().unwrap_or_default(),
                desired.group.clone().unwrap_or_default(),
                created_mode(desired),
            ),
        };
        let size = bytes.map_or_else(|| "-".to_string(), |bytes| bytes.len().to_string());
        rows.push(row![planned.resource.name(), owner, group, mode, size, content.map(Content::hash)]);
        input.extend(bytes.map(Blob::from));
    }
    let purpose = format!("write {}", count(present.len()));
    Step::new(include_str!("write.sh"), present, purpose).rows(rows).input(input)
}

fn observation(record: &Record, fetched: Option<&str>, desired: Option<&Content>) -> Observation<Observed> {
    match record.field(0) {
        "absent" => Observation::Absent,
        "file" => {
            let size = record.field(4).parse().unwrap_or_default();
            let hash = record.field(5);
            let summary = Content::summary(hash, size);
            let content = match (desired, fetched.map(crate::model::decode_base64)) {
                (Some(desired), _) if desired.hash() == hash => desired.clone(),
                (_, Some(Some(bytes))) => Content::new(bytes),
                _ => summary,
            };
            Observation::Present(Observed {
                // What replaces a secret, or is replaced by one, is not shown either.
                content: content.mark_sensitive(desired.is_some_and(Content::is_sensitive)),
                owner: record.field(1).to_string(),
                group: record.field(2).to_string(),
                mode: record.field(3).to_string(),
            })
        }
        "denied" => Observation::Failed("a folder above it may not be searched by this account".into()),
        other => Observation::Failed(format!("it is there, but as {other}, not a file")),
    }
}

/// A file with a secret in it is nobody else's to read unless the spec says so.
fn created_mode(desired: &Desired) -> String {
    let is_secret = desired.content.as_ref().is_some_and(Content::is_sensitive);
    desired.mode.clone().unwrap_or_else(|| if is_secret { "0600" } else { "0644" }.into())
}

fn count(files: usize) -> String {
    if files == 1 { "1 file".into() } else { format!("{files} files") }
}
