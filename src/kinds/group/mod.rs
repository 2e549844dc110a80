//! `group`: a unix group.

use crate::model::{Changes, Expect, Lock, Probe, ProbeOutput, Record, Step, Until, Value};
use crate::row;

use crate::kinds::shared::account::check_name;
use crate::resource::batch::{by_state, count, parse_first};
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space,
};

/// A unix group.
pub struct Group;

/// A group as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    gid: Option<i64>,
    /// Counts only when it is made.
    system: bool,
}

/// A group as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    gid: i64,
}

impl Kind for Group {
    const KIND: &'static str = "group";
    const SECTION: &'static str = "groups";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional(
            "gid",
            Shape::Integer { min: 0, max: 4_294_967_294 },
            "Its number; the host chooses one where left out.",
        ),
        Attribute::default(
            "system",
            Shape::Bool,
            "false",
            "Whether the host chooses from the numbers for system groups; counts only when the group is made.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A unix group.",
        name: "The group's name.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        check_name::<Self>(fields);
        Desired { gid: fields.integer("gid"), system: fields.bool("system").unwrap_or_default() }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        Claims::new().provides(Space::GROUP, resource.name())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(include_str!("probe.sh"), all.iter().map(|resource| row![resource.name()]).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("gid", observed.gid.into())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        if let Observation::Present(observed) = observed {
            changes.compare_if("gid", observed.gid, desired.gid);
        } else {
            let later = || Value::Unknown(Until::Applied(resource.address.clone()));
            changes.push("gid", Value::Null, desired.gid.map_or_else(later, Value::from));
            if desired.system {
                changes.push("system", Value::Null, true);
            }
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        if resource.is_absent() {
            return Some(vec![Expect::Is("absent".into())]);
        }
        let gid = resource.desired.gid.map_or(Expect::Any, |gid| Expect::Is(gid.to_string()));
        Some(vec![Expect::Is("present".into()), gid])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, make, remove)
    }
}

/// Makes the one step that makes or changes all these groups.
fn make(batch: &[Planned<'_, Group>], present: Vec<usize>) -> Step {
    let row = |&at: &usize| {
        let Desired { gid, system } = &batch[at].resource.desired;
        row![batch[at].resource.name(), gid.map(|gid| gid.to_string()), *system]
    };
    let rows = present.iter().map(row).collect();
    let purpose = format!("make or change {}", count(present.len(), "group", "groups"));
    Step::new(include_str!("apply.sh"), present, purpose).rows(rows).locks(&[Lock::ACCOUNTS])
}

/// Makes the one step that removes all these groups.
fn remove(batch: &[Planned<'_, Group>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![batch[at].resource.name()]).collect();
    let purpose = format!("remove {}", count(absent.len(), "group", "groups"));
    Step::new(include_str!("remove.sh"), absent, purpose).rows(rows).locks(&[Lock::ACCOUNTS])
}

fn observation(record: &Record, resource: &Resource<Desired>) -> Observation<Observed> {
    match (record.field(0), record.field(1).parse()) {
        ("present", Ok(gid)) => Observation::Present(Observed { gid }),
        ("absent", _) if record.field(1) == "no-groupadd" && !resource.is_absent() => Observation::Later {
            needs: Claim::new(Space::PROGRAM, "groupadd"),
            reason: "the host has no groupadd to make it with (hosts with Busybox's addgroup are not supported)".into(),
        },
        ("absent", _) => Observation::Absent,
        _ => Observation::Failed(format!("what getent says of it cannot be read: {}", record.fields.join(" "))),
    }
}
