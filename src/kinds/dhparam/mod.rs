//! `dhparam`: parameters of a Diffie-Hellman key exchange.

use std::time::Duration;

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::program::program;
use crate::model::{Changes, Expect, Probe, ProbeOutput, Step, Value};
use crate::{expect, records, row, rows};

use crate::resource::batch::{by_state, parse_first};
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Lane, Observation, Planned, Resource, Shape, Space,
};

/// Parameters of a Diffie-Hellman key exchange.
pub struct Dhparam;

/// Parameters as the spec wants them.
#[derive(Clone, Debug)]
pub struct Desired {
    bits: i64,
    generate: bool,
    owner: String,
    group: String,
    mode: String,
}

/// Parameters as they were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// None where the file holds no parameters.
    parameters: Option<Parameters>,
    owner: String,
    group: String,
    mode: String,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
struct Parameters {
    bits: i64,
    /// The group of RFC 7919 that they are.
    named: Option<String>,
}

/// The sizes of the groups of RFC 7919.
const SIZES: [i64; 5] = [2048, 3072, 4096, 6144, 8192];

/// Finding a safe prime of 4096 bits takes a slow host this long, in the worst case.
const LIMIT: Duration = Duration::from_secs(60 * 60);

rows! {
    include_str!("probe.sh") => struct Asked { path }
    include_str!("apply.sh") => struct Wanted { path, how, bits, owner, mode }
    include_str!("remove.sh") => struct Going { path }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "file" => File { owner, group, mode, bits, named },
        "no-openssl" => NoOpenssl { owner, group, mode },
        _ => Other { r#type, owner, group, mode },
    }
}

impl Kind for Dhparam {
    const KIND: &'static str = "dhparam";
    const SECTION: &'static str = "dhparams";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::default("bits", Shape::Integer { min: 2048, max: 8192 }, "2048", "The size of the prime."),
        Attribute::default(
            "generate",
            Shape::Bool,
            "false",
            "Whether the host looks for a prime of its own, which takes minutes; else it is the group of RFC 7919, `ffdhe2048` \
             for 2048 bits.",
        ),
        Attribute::default("owner", Shape::Account, "root", "The user that owns the file."),
        Attribute::default("group", Shape::Account, "root", "The group that owns the file."),
        Attribute::default("mode", Shape::Mode, "\"0644\"", "Its permissions."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "Parameters of a Diffie-Hellman key exchange, for `ssl_dhparam`.",
        name: "The absolute path of the file.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    const IS_NAMED_BY_PATH: bool = true;
    const LANE: Lane = Lane::Beside;

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let bits = fields.integer("bits").unwrap_or(2048);
        let generate = fields.bool("generate").unwrap_or_default();
        if !generate && !SIZES.contains(&bits) {
            let message = format!("RFC 7919 has no group of {bits} bits");
            fields.error("bits", message, "use 2048, 3072, 4096, 6144 or 8192, or `generate: true`");
        }
        Desired {
            bits,
            generate,
            owner: fields.text("owner").unwrap_or_else(|| "root".into()),
            group: fields.text("group").unwrap_or_else(|| "root".into()),
            mode: fields.mode("mode").unwrap_or_else(|| "0644".into()),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let claims = Claims::new().provides(Space::PATH, resource.name()).provides(Space::CONTENT, resource.name());
        if resource.is_absent() {
            return claims;
        }
        let Desired { owner, group, .. } = &resource.desired;
        claims.requires(Space::PROGRAM, "openssl").owned_by(Some(owner), Some(group))
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(include_str!("probe.sh"), all.iter().map(|resource| row![Asked { path: resource.name() }]).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![
            ("parameters", observed.words().into()),
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
                if !observed.are(desired) {
                    changes.push("parameters", observed.words(), words(desired));
                }
                changes.compare("owner", observed.owner.as_str(), desired.owner.as_str());
                changes.compare("group", observed.group.as_str(), desired.group.as_str());
                changes.compare("mode", observed.mode.as_str(), desired.mode.as_str());
            }
            _ => {
                changes.push("parameters", Value::Null, words(desired));
                changes.push("owner", Value::Null, desired.owner.as_str());
                changes.push("group", Value::Null, desired.group.as_str());
                changes.push("mode", Value::Null, desired.mode.as_str());
            }
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let desired = &resource.desired;
        Some(match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::File {
                owner: &desired.owner,
                group: &desired.group,
                mode: &desired.mode,
                bits: desired.bits.to_string(),
                named: (!desired.generate).then(|| words(desired)),
            }],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, make, remove)
    }
}

/// Makes the one step that makes all these files, or gives those that stay their owner and mode.
fn make(batch: &[Planned<'_, Dhparam>], present: Vec<usize>) -> Step {
    let row = |&at: &usize| {
        let resource = batch[at].resource;
        let desired = &resource.desired;
        let how = match (batch[at].sets("parameters"), desired.generate) {
            (false, _) => "keep".to_string(),
            (true, true) => "generate".to_string(),
            (true, false) => words(desired),
        };
        let owner = format!("{}:{}", desired.owner, desired.group);
        row![Wanted { path: resource.name(), how, bits: desired.bits as u64, owner, mode: &desired.mode }]
    };
    let rows = present.iter().map(row).collect();
    let limit = present.iter().filter_map(|&at| batch[at].resource.timeout).max().unwrap_or(LIMIT);
    let purpose = format!("make {}", count(present.len()));
    Step::new(program![BESIDE, include_str!("apply.sh")], present, purpose).rows(rows).timeout(limit)
}

/// Makes the one step that removes all these files.
fn remove(batch: &[Planned<'_, Dhparam>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![Going { path: batch[at].resource.name() }]).collect();
    let purpose = format!("remove {}", count(absent.len()));
    Step::new(program![BESIDE, include_str!("remove.sh")], absent, purpose).rows(rows)
}

impl Observed {
    /// Returns whether the parameters are those wanted.
    fn are(&self, desired: &Desired) -> bool {
        self.parameters.as_ref().is_some_and(|found| {
            found.bits == desired.bits && (desired.generate || found.named.as_deref() == Some(words(desired).as_str()))
        })
    }

    /// Says what they are.
    fn words(&self) -> String {
        match &self.parameters {
            None => "none".into(),
            Some(Parameters { named: Some(named), .. }) => named.clone(),
            Some(Parameters { bits, .. }) => format!("generated, {bits} bits"),
        }
    }
}

/// Says what is wanted: the group's name in RFC 7919 where it is one.
fn words(desired: &Desired) -> String {
    match desired.generate {
        true => format!("generated, {} bits", desired.bits),
        false => format!("ffdhe{}", desired.bits),
    }
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    let found = |parameters: Option<Parameters>, owner: &str, group: &str, mode: &str| {
        Observation::Present(Observed {
            parameters,
            owner: owner.to_string(),
            group: group.to_string(),
            mode: mode.to_string(),
        })
    };
    match seen {
        Seen::Absent => Observation::Absent,
        Seen::NoOpenssl { owner, group, mode } if resource.is_absent() => found(None, owner, group, mode),
        Seen::NoOpenssl { .. } => Observation::Later {
            needs: Claim::new(Space::PROGRAM, "openssl"),
            reason: "openssl is not installed".into(),
        },
        Seen::File { owner, group, mode, bits, named } => {
            let named = Some(named).filter(|name| !name.is_empty()).map(str::to_string);
            found(bits.parse().ok().map(|bits| Parameters { bits, named }), owner, group, mode)
        }
        Seen::Denied => Observation::Failed("it may not be read by this account".into()),
        Seen::Other { r#type: other, .. } => Observation::Failed(format!("it is there, but as {other}, not a file")),
    }
}

fn count(files: usize) -> String {
    if files == 1 { "parameters for 1 key exchange".into() } else { format!("parameters for {files} key exchanges") }
}
