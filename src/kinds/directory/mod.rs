//! `directory`: a folder with owner, group and mode.

use std::collections::BTreeSet;

use crate::model::{Changes, Expect, Looked, Probe, ProbeOutput, Step, Value};
use crate::{expect, row, rows};

use crate::kinds::shared::program::program;
use crate::kinds::shared::{PLACE, owned_file};
use crate::resource::batch::{by_state, count, parse_first};
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space};

/// A folder with owner, group and mode.
pub struct Directory;

#[derive(Clone, Debug)]
pub struct Desired {
    owner: Option<String>,
    group: Option<String>,
    mode: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    owner: String,
    group: String,
    /// Four octal digits.
    mode: String,
}

rows! {
    include_str!("apply.sh") => struct Wanted { path, owner, group, mode, level }
    include_str!("remove.sh") => struct Going { path }
}

impl Kind for Directory {
    const KIND: &'static str = "directory";
    const SECTION: &'static str = "directories";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional("owner", Shape::Account, "The user that owns it; left alone where left out."),
        Attribute::optional("group", Shape::Account, "The group that owns it; left alone where left out."),
        Attribute::optional(
            "mode",
            Shape::Mode,
            "Its permissions; 0755 when it is created, left alone where left out.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A folder with owner, group and mode.",
        name: "The absolute path.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const IS_NAMED_BY_PATH: bool = true;

    const IN_ORDER: bool = true;
    const STAYS: &'static [&'static str] = &["owner", "group", "mode"];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        Desired { owner: fields.text("owner"), group: fields.text("group"), mode: fields.mode("mode") }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        Claims::new()
            .provides(Space::PATH, resource.name())
            // Made here, it would keep the command from running that says it makes it.
            .follows(Space::MAKING, resource.name())
            .owned_by(resource.desired.owner.as_ref(), resource.desired.group.as_ref())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::of_paths(all.iter().map(|resource| resource.name()))
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, |looked, _| match looked {
            Looked::Absent => Observation::Absent,
            Looked::Path { r#type: "directory", owner, group, mode } => {
                Observation::Present(Observed { owner: owner.into(), group: group.into(), mode: mode.into() })
            }
            Looked::Path { r#type: other, .. } => {
                Observation::Failed(format!("it is there, but as {other}, not a folder"))
            }
            Looked::Denied | Looked::Content { .. } | Looked::Twice | Looked::File { .. } => {
                Observation::Failed("a folder above it may not be searched by this account".into())
            }
        })
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![
            ("owner", observed.owner.as_str().into()),
            ("group", observed.group.as_str().into()),
            ("mode", observed.mode.as_str().into()),
        ]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        match observed {
            Observation::Present(observed) => {
                changes.compare_if("owner", observed.owner.as_str(), desired.owner.clone());
                changes.compare_if("group", observed.group.as_str(), desired.group.clone());
                changes.compare_if("mode", observed.mode.as_str(), desired.mode.clone());
            }
            _ => {
                changes.compare_if("owner", Value::Null, desired.owner.clone());
                changes.compare_if("group", Value::Null, desired.group.clone());
                changes.push("mode", Value::Null, desired.mode.clone().unwrap_or_else(|| "0755".into()));
            }
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let Desired { owner, group, mode } = &resource.desired;
        Some(match resource.is_absent() {
            true => expect![Looked::Absent],
            false => expect![Looked::Path {
                r#type: "directory",
                owner: owner.as_ref(),
                group: group.as_ref(),
                mode: mode.as_ref(),
            }],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, make, remove)
    }
}

/// Makes the one step that makes or changes all these folders.
fn make(batch: &[Planned<'_, Directory>], present: Vec<usize>) -> Step {
    let path = |at: usize| batch[at].resource.name();
    let all: BTreeSet<&str> = present.iter().map(|&at| path(at)).collect();
    // In how many of the others it lies.
    let level = |at: usize| path(at).match_indices('/').filter(|(end, _)| all.contains(&path(at)[..*end])).count();
    let row = |&at: &usize| {
        let Desired { owner, group, mode } = &batch[at].resource.desired;
        let new_mode = batch[at].is_new().then_some("0755");
        row![Wanted {
            path: path(at),
            owner: owner.as_ref(),
            group: group.as_ref(),
            mode: mode.as_deref().or(new_mode),
            level: level(at) as u64,
        }]
    };
    let rows = present.iter().map(row).collect();
    let purpose = format!("make or change {}", count(present.len(), "folder", "folders"));
    let script = program![PLACE, owned_file::OWNERSHIP, include_str!("apply.sh")];
    Step::new(script, present, purpose).rows(rows)
}

/// Makes the one step that removes all these folders.
fn remove(batch: &[Planned<'_, Directory>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![Going { path: batch[at].resource.name() }]).collect();
    let purpose = format!("remove {}", count(absent.len(), "folder", "folders"));
    Step::new(program![PLACE, include_str!("remove.sh")], absent, purpose).rows(rows)
}
