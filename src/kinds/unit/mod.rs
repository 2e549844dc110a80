//! `unit`: the file of a systemd unit, or a drop-in for one.

mod content;

use std::collections::HashSet;

use crate::model::{Changes, Content, Expect, Lock, Probe, ProbeOutput, Step, Value};
use crate::row;

use crate::kinds::shared::owned_file::{self, NewFile, OwnedFile};
use crate::kinds::shared::unit_name::{self, FileName};
use crate::resource::batch::{by_state, count};
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space};

/// The file of a systemd unit, or a drop-in for one.
pub struct Unit;

/// A unit's file as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// None where the unit should be absent.
    content: Option<Content>,
    /// What systemd would ignore in it is fine.
    allow_warnings: bool,
}

/// A unit's file as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// None where it is gone and systemd does not know yet.
    file: Option<OwnedFile>,
    /// systemd has read it as it is now.
    is_loaded: bool,
}

/// Where units of the administrator live (systemd.unit(5)).
const FOLDER: &str = "/etc/systemd/system";

impl Kind for Unit {
    const KIND: &'static str = "unit";
    const SECTION: &'static str = "units";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional("content", Shape::Text, "The content, given in place."),
        Attribute::optional("template", Shape::Template, "A template beside the spec that renders the content."),
        Attribute::optional("source", Shape::Source, "A file beside the spec that is the content."),
        Attribute::default(
            "allow_warnings",
            Shape::Bool,
            "false",
            "Whether it may hold what this host's systemd ignores, such as a key of a newer release.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "The file of a systemd unit, or a drop-in for one.",
        name: "The name of the unit with its type (`app.service`, `app.timer`, `app@.service`), or of a drop-in \
               (`nginx.service.d/limits.conf`).",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = &["content", "template", "source", "allow_warnings"];
    const SHOWN_AS: &'static [(&'static str, &'static str)] = owned_file::SHOWN_AS;

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name = fields.name().to_string();
        if let Err(wrong) = FileName::parse(&name) {
            fields.error("name", wrong, "write it like `app.service` or `app.service.d/limits.conf`");
        }
        let given = fields.one_of("a unit", owned_file::GIVEN);
        if given.is_none() && !fields.is_absent() {
            let message = "a unit has one of content, template and source";
            fields.error("content", message, "add `template: FILE` or `content: |`");
        }
        let content = given.and_then(|name| fields.content(name));
        if let (Some(given), Some(true)) = (given, content.as_ref().map(|content| content.text() == Some(""))) {
            fields.error(given, "the unit is empty", "systemd takes an empty file for a masked unit: give it sections");
        }
        Desired { content, allow_warnings: fields.bool("allow_warnings").unwrap_or(false) }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let path = path(resource);
        let mut claims = Claims::new().provides(Space::PATH, &path);
        let unit = match FileName::parse(resource.name()) {
            Ok(FileName::Unit(unit)) => {
                claims = claims.provides(Space::UNIT, unit);
                unit
            }
            // Several drop-ins and the unit itself stand for one unit.
            Ok(FileName::DropIn { unit }) => {
                claims = claims.shares(Space::UNIT, unit);
                ""
            }
            Err(_) => "",
        };
        if let Some(content) = &resource.desired.content {
            claims = claims.provides(Space::CONTENT, path);
            if let Some(text) = content.text() {
                claims = content::claim(claims, unit, text, content.is_sensitive());
            }
        }
        claims
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all.iter().map(|resource| {
            let mut row = owned_file::row(&path(resource), resource.desired.content.as_ref());
            let unit = FileName::parse(resource.name()).map_or("", |name| name.unit());
            row.push(if unit_name::is_template(unit) { "" } else { unit }.into());
            row
        });
        Probe::new(concat!(include_str!("../shared/owned_file/look.sh"), include_str!("probe.sh")), rows.collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let stale: HashSet<usize> =
            output.records.iter().filter(|record| record.field(0) == "stale").map(|record| record.index).collect();
        if output.status != crate::model::ProbeStatus::Done {
            return all.iter().map(|_| Observation::Failed(output.explain())).collect();
        }
        let desired: Vec<Option<&Content>> = all.iter().map(|resource| resource.desired.content.as_ref()).collect();
        let firsts = output.first_records(all.len());
        owned_file::observations(output, &desired)
            .into_iter()
            .enumerate()
            .map(|(at, file)| match file {
                Observation::Absent if stale.contains(&at) && all[at].is_absent() => {
                    Observation::Present(Observed { file: None, is_loaded: false })
                }
                Observation::Failed(_) if firsts[at].is_some_and(|record| record.field(0) == "symlink") => {
                    let path = path(all[at]);
                    Observation::Failed(format!("{path} is a symbolic link: the unit is masked, or another's alias"))
                }
                seen => seen.map(|file| Observed { file: Some(file), is_loaded: !stale.contains(&at) }),
            })
            .collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = observed.file.as_ref().map(OwnedFile::attributes).unwrap_or_default();
        attributes.push(("loaded", observed.is_loaded.into()));
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let mut changes = Changes::new();
        let content = content(&resource.desired);
        let mode = mode(&content);
        match observed {
            Observation::Present(Observed { file: Some(file), is_loaded }) => {
                file.compare(&mut changes, &content, mode);
                changes.compare("loaded", *is_loaded, true);
            }
            _ => owned_file::created(&mut changes, &content, mode),
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        if resource.is_absent() {
            return Some(vec![Expect::Is("absent".into())]);
        }
        let content = content(&resource.desired);
        Some(owned_file::expected(&content, mode(&content)))
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, write, remove)
    }
}

/// Makes the one step that removes all these units.
fn remove(batch: &[Planned<'_, Unit>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![path(batch[at].resource)]).collect();
    let purpose = format!("remove {}", count(absent.len(), "unit", "units"));
    Step::new(include_str!("remove.sh"), absent, purpose).rows(rows).locks(&[Lock::SYSTEMD])
}

/// Makes the one step that writes all these units.
fn write(batch: &[Planned<'_, Unit>], present: Vec<usize>) -> Step {
    let contents: Vec<Content> = present.iter().map(|&at| content(&batch[at].resource.desired)).collect();
    let files = present.iter().zip(&contents).map(|(&at, content)| {
        let planned = &batch[at];
        let written = Some(content).filter(|_| planned.sets("content"));
        NewFile {
            more: row![planned.resource.desired.allow_warnings],
            ..NewFile::of_root(at, path(planned.resource), mode(content), written)
        }
    });
    let script = concat!(
        include_str!("../shared/ownership.sh"),
        include_str!("../shared/owned_file/write.sh"),
        include_str!("apply.sh")
    );
    let purpose = format!("write {}", count(present.len(), "unit", "units"));
    owned_file::step_of(script, Some(FOLDER), files.collect(), purpose).locks(&[Lock::SYSTEMD])
}

fn path(resource: &Resource<Desired>) -> String {
    format!("{FOLDER}/{}", resource.name())
}

/// A unit that should be there has a content; one that should not is never written.
fn content(desired: &Desired) -> Content {
    desired.content.clone().unwrap_or_else(|| Content::new(&b""[..]))
}

/// A unit with a secret in it is for root alone.
fn mode(content: &Content) -> &'static str {
    if content.is_sensitive() { "0600" } else { "0644" }
}
