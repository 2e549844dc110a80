//! `group`: a unix group.

use crate::model::{Changes, Expect, Lock, Probe, ProbeOutput, Step, Until, Value};
use crate::{expect, records, row, rows};

use crate::kinds::shared::account::check_name;
use crate::resource::batch::{by_state, count, parse_first};
use crate::resource::{
    Attribute, Capabilities, Claim, Claims, Documentation, Erased, Fields, Kind, KnowsGoing, Need, Observation,
    Planned, Resource, Shape, Space,
};

/// A unix group.
pub struct Group;

/// A group as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    gid: Option<i64>,
    /// Counts only when it is made.
    system: bool,
    /// Groups that go, and may have its number.
    going: Vec<String>,
}

/// A group as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    gid: i64,
}

rows! {
    include_str!("probe.sh") => struct Asked { group }
    include_str!("apply.sh") => struct Wanted { name, gid, system, going }
    include_str!("remove.sh") => struct Going { name }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "no-groupadd" => NoGroupadd,
        "present" => Present { gid },
    }
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
        uses: include_str!("uses.yaml"),
    };
    const STAYS: &'static [&'static str] = &["gid"];
    const CAPABILITIES: Capabilities = Erased::<Self>::KNOWS_GOING;

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        check_name::<Self>(fields);
        Desired { gid: fields.integer("gid"), system: fields.bool("system").unwrap_or_default(), going: Vec::new() }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let claims = Claims::new().provides(Space::GROUP, resource.name());
        if resource.is_absent() {
            return claims.shares(Space::GOING_GROUP, "").needs(Need::Unused(resource.name().into()));
        }
        match resource.desired.gid {
            Some(gid) => claims
                .settles(Space("gid"), gid.to_string(), &["gid"])
                .needs(Need::Gid { number: gid.to_string(), of: resource.name().into() }),
            None => claims,
        }
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(
            include_str!("probe.sh"),
            all.iter().map(|resource| row![Asked { group: resource.name() }]).collect(),
        )
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
            let later = || Value::Unknown(Until::applied(resource.address.clone()));
            changes.push("gid", Value::Null, desired.gid.map_or_else(later, Value::from));
            if desired.system {
                changes.push("system", Value::Null, true);
            }
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::Present { gid: resource.desired.gid.map(|gid| gid.to_string()) }],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, make, remove)
    }
}

const APPLY: &str = concat!(include_str!("../shared/room.sh"), include_str!("apply.sh"));

impl KnowsGoing for Group {
    fn set_going(desired: &mut Desired, names: Vec<String>) {
        desired.going = names;
    }
}

/// Makes the one step that makes or changes all these groups.
fn make(batch: &[Planned<'_, Group>], present: Vec<usize>) -> Step {
    let row = |&at: &usize| {
        let Desired { gid, system, going } = &batch[at].resource.desired;
        let going = gid.map(|_| going.join(","));
        row![Wanted { name: batch[at].resource.name(), gid: gid.map(|gid| gid.to_string()), system: *system, going }]
    };
    let rows = present.iter().map(row).collect();
    let purpose = format!("make or change {}", count(present.len(), "group", "groups"));
    Step::new(APPLY, present, purpose).rows(rows).locks(&[Lock::ACCOUNTS])
}

/// Makes the one step that removes all these groups.
fn remove(batch: &[Planned<'_, Group>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![Going { name: batch[at].resource.name() }]).collect();
    let purpose = format!("remove {}", count(absent.len(), "group", "groups"));
    Step::new(include_str!("remove.sh"), absent, purpose).rows(rows).locks(&[Lock::ACCOUNTS])
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    match seen {
        Seen::Present { gid } => match gid.parse() {
            Ok(gid) => Observation::Present(Observed { gid }),
            Err(_) => Observation::Failed(format!("its number cannot be read: {gid}")),
        },
        Seen::NoGroupadd if !resource.is_absent() => Observation::Later {
            needs: Claim::new(Space::PROGRAM, "groupadd"),
            reason: "the host has no groupadd to make it with (hosts with Busybox's addgroup are not supported)".into(),
        },
        Seen::Absent | Seen::NoGroupadd => Observation::Absent,
    }
}
