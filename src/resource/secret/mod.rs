//! `secret`: a value made once on a host and kept there.

use crate::model::{Changes, Expect, Node, Probe, ProbeOutput, Secret as Hidden, Step, Until, Value, decode_base64};
use crate::row;

use super::{Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space};

/// A value made once on a host and kept there.
pub struct Secret;

/// How a value is made and where it is kept.
#[derive(Clone, Debug)]
pub struct Desired {
    recipe: Recipe,
    path: String,
    key: String,
}

/// How a value is made; it never leaves the host but to be used.
#[derive(Clone, Debug)]
enum Recipe {
    Characters { length: i64, alphabet: String },
    Hex { bytes: i64 },
    Base64 { bytes: i64 },
}

/// A value as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    value: Hidden,
}

const GENERATE: &[Attribute] = &[
    Attribute::default("length", Shape::Integer { min: 8, max: 1024 }, "24", "How many characters it has."),
    Attribute::optional("alphabet", Shape::Text, "The characters it is made of; letters and digits where left out."),
    Attribute::optional(
        "hex_bytes",
        Shape::Integer { min: 8, max: 1024 },
        "Makes that many random bytes, written as hexadecimal.",
    ),
    Attribute::optional(
        "base64_bytes",
        Shape::Integer { min: 8, max: 1024 },
        "Makes that many random bytes, written as base64.",
    ),
];

const KEEP: &[Attribute] = &[
    Attribute::required("path", Shape::Path, "The file it is kept in, as a line KEY=value; root 0600."),
    Attribute::required("key", Shape::Text, "The key of its line."),
    Attribute::optional("host", Shape::Text, "The host it is kept on, where the spec has several."),
];

impl Kind for Secret {
    const KIND: &'static str = "secret";
    const SECTION: &'static str = "secrets";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required("generate", Shape::Object(GENERATE), "How the value is made when there is none yet."),
        Attribute::required("keep", Shape::Object(KEEP), "Where the value is kept."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A value made once on a host and kept there.",
        name: "The name it has in expressions: `secrets.NAME`.",
        example: "secrets:\n  db_password:\n    generate: { length: 24 }\n    keep: { path: /etc/app/credentials, key: DB_PASSWORD }\n",
        notes: "The value is made on the host from /dev/urandom and never made again while its line is there. Several \
                secrets may share a file. What uses a secret that is not made yet is planned as known after apply.",
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let integer = |node: Option<&Node>, key: &str| match node.and_then(|node| node.get(key)).map(Node::to_value) {
            Some(Value::Integer(number)) => Some(number),
            _ => None,
        };
        let text = |node: Option<&Node>, key: &str| {
            node.and_then(|node| node.get(key)).and_then(Node::as_text).map(String::from)
        };
        let generate = fields.node("generate");
        let keep = fields.node("keep");
        let recipe = match (integer(generate, "hex_bytes"), integer(generate, "base64_bytes")) {
            (Some(_), Some(_)) => {
                fields.error("generate", "`hex_bytes` and `base64_bytes` exclude each other", "keep one of them");
                Recipe::Hex { bytes: 32 }
            }
            (Some(bytes), None) => Recipe::Hex { bytes },
            (None, Some(bytes)) => Recipe::Base64 { bytes },
            (None, None) => Recipe::Characters {
                length: integer(generate, "length").unwrap_or(24),
                alphabet: text(generate, "alphabet").unwrap_or_else(|| "A-Za-z0-9".into()),
            },
        };
        let key = text(keep, "key").unwrap_or_default();
        if !key.is_empty() && !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            fields.error("keep", format!("`{key}` is not a key"), "use letters, digits and underscores");
        }
        Desired { recipe, path: text(keep, "path").unwrap_or_default(), key }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        Claims::new().requires(Space::PATH, &resource.desired.path)
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all.iter().map(|resource| row![&resource.desired.path, &resource.desired.key]).collect();
        Probe::new(include_str!("probe.sh"), rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        output
            .first_records(all.len())
            .into_iter()
            .map(|record| match record {
                None => Observation::Failed(output.explain()),
                Some(record) => match record.field(0) {
                    "absent" => Observation::Absent,
                    "present" => match decode_base64(record.field(1)).map(|bytes| String::from_utf8(bytes.to_vec())) {
                        Some(Ok(text)) => Observation::Present(Observed { value: Hidden::new(text) }),
                        _ => Observation::Failed("its value is not UTF-8".into()),
                    },
                    other => Observation::Failed(other.to_string()),
                },
            })
            .collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("value", observed.value.clone().into())]
    }

    fn output(observed: &Observed) -> Option<Value> {
        Some(observed.value.clone().into())
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let mut changes = Changes::new();
        if !matches!(observed, Observation::Present(_)) {
            changes.push("value", Value::Null, Value::Unknown(Until::Applied(resource.address.clone())));
            changes.push("kept in", Value::Null, format!("{} ({})", resource.desired.path, resource.desired.key));
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(vec![Expect::Is(if resource.is_absent() { "absent" } else { "present" }.into())])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let (absent, present): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|&at| batch[at].resource.is_absent());
        let mut steps = Vec::new();
        if !present.is_empty() {
            let rows = present
                .iter()
                .map(|&at| {
                    let desired = &batch[at].resource.desired;
                    let (form, size, alphabet) = match &desired.recipe {
                        Recipe::Characters { length, alphabet } => ("characters", length, alphabet.as_str()),
                        Recipe::Hex { bytes } => ("hex", bytes, ""),
                        Recipe::Base64 { bytes } => ("base64", bytes, ""),
                    };
                    row![&desired.path, &desired.key, form, size.to_string(), alphabet]
                })
                .collect();
            let purpose = format!("make {}", count(present.len()));
            steps.push(Step::new(include_str!("make.sh"), present, purpose).rows(rows));
        }
        if !absent.is_empty() {
            let rows = absent
                .iter()
                .map(|&at| row![&batch[at].resource.desired.path, &batch[at].resource.desired.key])
                .collect();
            let purpose = format!("forget {}", count(absent.len()));
            steps.push(Step::new(include_str!("forget.sh"), absent, purpose).rows(rows));
        }
        steps
    }
}

fn count(secrets: usize) -> String {
    if secrets == 1 { "1 secret".into() } else { format!("{secrets} secrets") }
}
