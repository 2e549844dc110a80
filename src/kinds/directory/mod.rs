//! `directory`: a folder with owner, group and mode.

use crate::model::{Changes, Expect, Probe, ProbeOutput, Step, Value};
use crate::row;

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
    };
    const IS_NAMED_BY_PATH: bool = true;

    const IN_ORDER: bool = true;

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        Desired { owner: fields.text("owner"), group: fields.text("group"), mode: fields.mode("mode") }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        Claims::new()
            .provides(Space::PATH, resource.name())
            .owned_by(resource.desired.owner.as_ref(), resource.desired.group.as_ref())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(include_str!("probe.sh"), all.iter().map(|resource| row![resource.name()]).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, |record, _| match record.field(0) {
            "absent" => Observation::Absent,
            "directory" => Observation::Present(Observed {
                owner: record.field(1).to_string(),
                group: record.field(2).to_string(),
                mode: record.field(3).to_string(),
            }),
            "denied" => Observation::Failed("a folder above it may not be searched by this account".into()),
            other => Observation::Failed(format!("it is there, but as {other}, not a folder")),
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
        if resource.is_absent() {
            return Some(vec![Expect::Is("absent".into())]);
        }
        let is = |value: &Option<String>| value.clone().map_or(Expect::Any, Expect::Is);
        let desired = &resource.desired;
        Some(vec![Expect::Is("directory".into()), is(&desired.owner), is(&desired.group), is(&desired.mode)])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, make, remove)
    }
}

/// Makes the one step that makes or changes all these folders.
fn make(batch: &[Planned<'_, Directory>], present: Vec<usize>) -> Step {
    let row = |&at: &usize| {
        let Desired { owner, group, mode, .. } = &batch[at].resource.desired;
        row![batch[at].resource.name(), owner.as_ref(), group.as_ref(), mode.as_ref()]
    };
    let rows = present.iter().map(row).collect();
    let purpose = format!("make or change {}", count(present.len(), "folder", "folders"));
    let script = concat!(include_str!("../shared/ownership.sh"), include_str!("apply.sh"));
    Step::new(script, present, purpose).rows(rows)
}

/// Makes the one step that removes all these folders.
fn remove(batch: &[Planned<'_, Directory>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![batch[at].resource.name()]).collect();
    let purpose = format!("remove {}", count(absent.len(), "folder", "folders"));
    Step::new(include_str!("remove.sh"), absent, purpose).rows(rows)
}
