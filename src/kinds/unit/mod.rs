//! `unit`: the file of a systemd unit, or a drop-in for one.

use std::collections::HashSet;

use crate::model::{
    Changes, Content, Expect, Lock, Looked, Looking, Probe, ProbeOutput, Record, Records, Row, Step, Value,
};
use crate::{records, row, rows};

use crate::kinds::shared::owned_file::{self, OwnedFile, Written};
use crate::kinds::shared::program::program;
use crate::kinds::shared::system_file::{self, SystemFile};
use crate::kinds::shared::unit_name::{self, FileName};
use crate::kinds::shared::unit_text;
use crate::kinds::shared::validation;
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

rows! {
    include_str!("probe.sh") => struct Asked after Looking { unit }
    LIST => struct Judged after Written { lenient }
}

records! {
    include_str!("probe.sh") =>
    /// What systemd says.
    enum Loaded { "stale" => Stale }
}

impl Kind for Unit {
    const KIND: &'static str = "unit";
    const SECTION: &'static str = "units";
    const ATTRIBUTES: &'static [Attribute] = &[
        system_file::CONTENT,
        system_file::TEMPLATE,
        system_file::SOURCE,
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
        uses: include_str!("uses.yaml"),
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = &["content", "template", "source", "allow_warnings"];
    const SHOWN_AS: &'static [(&'static str, &'static str)] = owned_file::SHOWN_AS;
    const STAYS: &'static [&'static str] = &["content"];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name = fields.name().to_string();
        if let Err(wrong) = FileName::parse(&name) {
            fields.error("name", wrong, "write it like `app.service` or `app.service.d/limits.conf`");
        }
        let given = system_file::content(fields, "a unit");
        if let Some((given, _)) = given.as_ref().filter(|(_, content)| content.text() == Some("")) {
            fields.error(given, "the unit is empty", "systemd takes an empty file for a masked unit: give it sections");
        }
        let content = given.map(|(_, content)| content);
        Desired { content, allow_warnings: fields.bool("allow_warnings").unwrap_or(false) }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let claims = system_file::claims::<Self>(resource);
        let Ok(name) = FileName::parse(resource.name()) else { return claims };
        let claims = match name {
            FileName::Unit(unit) => claims.provides(Space::UNIT, unit),
            // Several drop-ins and the unit itself stand for one unit.
            FileName::DropIn { unit } => claims.shares(Space::UNIT, unit),
        };
        resource.desired.content.iter().fold(claims, |claims, content| unit_text::claims(claims, &name, content))
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        system_file::probe::<Self>(all)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let stale = output.records.iter().filter(|record| matches!(Loaded::find(record), Some(Loaded::Stale)));
        let stale: HashSet<usize> = stale.map(|record| record.index).collect();
        let firsts = output.first_records(all.len());
        system_file::observations::<Self>(all, output)
            .into_iter()
            .enumerate()
            .map(|(at, file)| match file {
                Observation::Absent if stale.contains(&at) && all[at].is_absent() => {
                    Observation::Present(Observed { file: None, is_loaded: false })
                }
                Observation::Failed(_) if firsts[at].is_some_and(is_link) => {
                    let path = system_file::path::<Self>(all[at]);
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
        let found = observed.found().filter(|found| found.file.is_some());
        system_file::compare::<Self>(&mut changes, resource, found.and_then(|found| found.file.as_ref()));
        if let Some(found) = found {
            changes.compare("loaded", found.is_loaded, true);
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        system_file::expected::<Self>(resource)
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        system_file::steps(batch)
    }
}

impl SystemFile for Unit {
    /// Where units of the administrator live (systemd.unit(5)).
    const FOLDER: &'static str = FOLDER;
    const CALLED: [&'static str; 2] = ["unit", "units"];
    /// All in one stage, drop-ins too: `systemd-analyze` looks at them together.
    const BASE: Option<&'static str> = Some(FOLDER);
    const PROBE: &'static str = include_str!("probe.sh");
    const WRITE: &'static str = program![
        system_file::BEGIN,
        LIST,
        validation::UNIT,
        "list_units\n",
        system_file::FINISH,
        include_str!("reload.sh")
    ];
    const LOCKS: &'static [Lock] = &[Lock::SYSTEMD];

    fn content(desired: &Desired) -> Option<&Content> {
        desired.content.as_ref()
    }

    fn asked(resource: &Resource<Desired>) -> Row {
        let unit = FileName::parse(resource.name()).map_or("", |name| name.unit());
        row![Asked { unit: if unit_name::is_template(unit) { "" } else { unit } }]
    }

    fn more(planned: &Planned<'_, Self>) -> Row {
        row![Judged { lenient: planned.resource.desired.allow_warnings }]
    }
}

/// Keeps a list of the units that systemd has to read.
const LIST: &str = include_str!("list.sh");
const FOLDER: &str = "/etc/systemd/system";

fn is_link(record: &Record) -> bool {
    matches!(Looked::find(record), Some(Looked::File { r#type: "symlink", .. }))
}
