//! `secret`: a value made once on a host and kept there.

mod edit;
mod value;

use crate::kinds::shared::program::program;
use crate::kinds::shared::{BESIDE, REPLACE};
use crate::model::{
    Changes, Expect, Probe, ProbeOutput, Secret as Hidden, Step, Until, Value, YamlNode, decode_base64, json_scalar,
    sha256,
};
use crate::{expect, records, row, rows};

use crate::resource::batch::parse_first;
use crate::resource::{
    Attribute, Capabilities, Claims, Documentation, Erased, Fields, Kind, MakesValue, Observation, Planned, Resource,
    STATE, Shape, Space,
};

pub use value::{Desired, Observed, Secret};
use value::{Format, Recipe, count, is_to_rotate, replaced};

const GENERATE: &[Attribute] = &[
    Attribute::default("length", Shape::Integer { min: 8, max: 1024 }, "24", "How many characters it has."),
    Attribute::optional(
        "alphabet",
        Shape::Text,
        "The characters it is made of, ranges as in tr(1): `A-Za-z0-9`, which holds where it is left out.",
    ),
    Attribute::optional(
        "hex_bytes",
        Shape::Integer { min: 8, max: 1024 },
        "Makes that many random bytes, written as `openssl rand -hex` does.",
    ),
    Attribute::optional(
        "base64_bytes",
        Shape::Integer { min: 8, max: 1024 },
        "Makes that many random bytes, written as `openssl rand -base64` does, on one line.",
    ),
];

const KEEP: &[Attribute] = &[
    Attribute::required("path", Shape::Path, "The file it is kept in; root 0600."),
    Attribute::required(
        "key",
        Shape::Text,
        "Its key in the file; in JSON a path with dots (`jwt.secret`) or a JSON pointer (`/jwt/secret`).",
    ),
    Attribute::optional(
        "format",
        Shape::OneOf(&["env", "json"]),
        "How the file is written: `env` has lines KEY=value. `json` where its name ends so, else `env`.",
    ),
    Attribute::optional("host", Shape::Text, "The host it is kept on, where the spec has several."),
];

rows! {
    include_str!("probe.sh") => struct Looked { path, key, format, name }
    include_str!("make.sh") => struct Made { path, key, form, size, alphabet, note }
    include_str!("forget.sh") => struct Forgotten { path, key, note }
    include_str!("conclude.sh") => struct Concluded { note }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "present" => Present { shown, previous, state_folder },
        "text" => Text { shown, previous, state_folder },
        _ => Unreadable { found },
    }
}

impl Kind for Secret {
    const KIND: &'static str = "secret";
    const SECTION: &'static str = "secrets";
    const HOLDS_DATA: bool = true;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required("generate", Shape::Object(GENERATE), "How the value is made when there is none yet."),
        Attribute::required("keep", Shape::Object(KEEP), "Where the value is kept."),
    ];
    // `keep` says which host it is on, and nothing but its value decides what is done.
    const COMMON: &'static [Attribute] = &[STATE];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A value made once on a host and kept there.",
        name: "The name it has in expressions: `secrets.NAME`.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    const CAPABILITIES: Capabilities = Erased::<Self>::MAKES_VALUE;

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let integer =
            |node: Option<&YamlNode>, key: &str| match node.and_then(|node| node.get(key)).map(YamlNode::to_value) {
                Some(Value::Integer(number)) => Some(number),
                _ => None,
            };
        let text = |node: Option<&YamlNode>, key: &str| {
            node.and_then(|node| node.get(key)).and_then(YamlNode::as_text).map(String::from)
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
        if let Recipe::Characters { alphabet, .. } = &recipe
            && (alphabet.is_empty() || alphabet.chars().any(|c| !c.is_ascii_graphic()))
        {
            fields.error(
                "generate",
                "`alphabet` holds what is no visible ASCII character",
                "leave it out of the alphabet",
            );
        }
        let path = text(keep, "path").unwrap_or_default();
        let is_json = match text(keep, "format") {
            Some(format) => format == "json",
            None => path.ends_with(".json"),
        };
        let format = if is_json { Format::Json } else { Format::Env };
        let key = text(keep, "key").unwrap_or_default();
        let is_key = match format {
            Format::Env => key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
            Format::Json => key.strip_prefix('/').is_some() || !key.split('.').any(str::is_empty),
        };
        if !key.is_empty() && !is_key {
            let help = match format {
                Format::Env => "use letters, digits and underscores; `format: json` takes a path with dots",
                Format::Json => "write a path with dots, or a JSON pointer",
            };
            fields.error("keep", format!("`{key}` is not a key"), help);
        }
        Desired { recipe, path, key, format, rotate: false }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let path = &resource.desired.path;
        let claims = Claims::new().requires(Space::PATH, path).shares(Space::PATH, path).shares(Space::KEPT, path);
        let claims = claims.follows(Space::MAKING, path);
        match resource.desired.format {
            // All of the file is written, as it was seen: what else is kept there is looked at again.
            Format::Json => claims.touches_below(path),
            Format::Env => claims,
        }
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all.iter().map(|resource| {
            let desired = &resource.desired;
            let format = if desired.format == Format::Json { "json" } else { "env" };
            row![Looked { path: &desired.path, key: &desired.key, format, name: note(resource) }]
        });
        Probe::new(include_str!("probe.sh"), rows.collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, |seen, resource| observation(seen, resource).unwrap_or_else(Observation::Failed))
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("value", observed.value.clone().into())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let mut changes = Changes::new();
        let unknown = || Value::Unknown(Until::applied(resource.address.clone()));
        match observed {
            Observation::Present(Observed { value: Some(value), .. }) => {
                if is_to_rotate(resource, value) {
                    changes.push("value", value.clone(), unknown());
                }
            }
            _ => {
                changes.push("value", Value::Null, unknown());
                changes.push("kept in", Value::Null, format!("{} ({})", resource.desired.path, resource.desired.key));
            }
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        match (resource.is_absent(), resource.desired.format) {
            // Whether the value is in the file, or is a new one, the host cannot tell.
            _ if resource.desired.rotate => None,
            (_, Format::Json) => None,
            (true, Format::Env) => Some(expect![Seen::Absent]),
            (false, Format::Env) => Some(expect![Seen::Present]),
        }
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let (json, env): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|&at| batch[at].resource.desired.format == Format::Json);
        let (absent, present): (Vec<usize>, Vec<usize>) =
            env.into_iter().partition(|&at| batch[at].resource.is_absent());
        let (rotated, made): (Vec<usize>, Vec<usize>) =
            present.into_iter().partition(|&at| replaced(&batch[at]).is_some());
        let mut steps = Vec::new();
        for (covers, verb) in [(made, "make"), (rotated, "rotate")] {
            if covers.is_empty() {
                continue;
            }
            let rows = covers.iter().map(|&at| {
                let desired = &batch[at].resource.desired;
                let (form, size, alphabet) = desired.recipe.fields();
                let note = replaced(&batch[at]).map(|(_, note)| note.to_string());
                row![Made { path: &desired.path, key: &desired.key, form, size, alphabet, note }]
            });
            let (rows, purpose) = (rows.collect(), format!("{verb} {}", count(covers.len())));
            let script = program![REPLACE, BESIDE, include_str!("value.sh"), include_str!("make.sh")];
            steps.push(Step::new(script, covers, purpose).rows(rows));
        }
        if !absent.is_empty() {
            let rows = absent.iter().map(|&at| {
                let desired = &batch[at].resource.desired;
                let note = batch[at].observed.found().map(|observed| observed.note.clone());
                row![Forgotten { path: &desired.path, key: &desired.key, note }]
            });
            let (rows, purpose) = (rows.collect(), format!("forget {}", count(absent.len())));
            let script = program![REPLACE, BESIDE, include_str!("value.sh"), include_str!("forget.sh")];
            steps.push(Step::new(script, absent, purpose).rows(rows));
        }
        if !json.is_empty() {
            steps.push(edit::step(batch, json));
        }
        steps
    }
}

impl MakesValue for Secret {
    fn value(observed: &Observed) -> Option<Value> {
        observed.value.clone().map(Value::from)
    }

    fn rotate(desired: &mut Desired) {
        desired.rotate = true;
    }

    fn conclude(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let notes = batch.iter().filter_map(|planned| Some(row![Concluded { note: &planned.observed.found()?.note }]));
        let purpose = format!("finish the rotation of {}", count(batch.len()));
        let covers = (0..batch.len()).collect();
        vec![Step::new(include_str!("conclude.sh"), covers, purpose).rows(notes.collect())]
    }
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Result<Observation<Observed>, String> {
    let desired = &resource.desired;
    let text = |base64: &str| match decode_base64(base64).map(|bytes| String::from_utf8(bytes.to_vec())) {
        Some(Ok(text)) => Ok(text),
        _ => Err(format!("{} is not UTF-8", desired.path)),
    };
    let (value, text_of_file, previous, state_folder) = match seen {
        Seen::Absent => return Ok(Observation::Absent),
        Seen::Present { shown, previous, state_folder } => (Some(text(shown)?), None, previous, state_folder),
        Seen::Text { shown, previous, state_folder } => {
            let all = Hidden::new(text(shown)?);
            if all.expose().len() > edit::MOST {
                return Err(format!("{} is larger than 1 MiB", desired.path));
            }
            let value = match all.expose().trim().is_empty() {
                true => None,
                false => {
                    json_scalar(all.expose(), &desired.key).map_err(|error| format!("{}: {}", desired.path, error.0))?
                }
            };
            (value, Some(all), previous, state_folder)
        }
        Seen::Unreadable { found } => return Err(found.to_string()),
    };
    if value.is_none() && resource.is_absent() {
        return Ok(Observation::Absent);
    }
    let previous = Some(text(previous)?).filter(|previous| !previous.is_empty()).map(Hidden::new);
    let value = value.map(Hidden::new).map(|value| match &previous {
        Some(previous) => value.replacing(previous),
        None => value,
    });
    let note = format!("{state_folder}/rotating/{}", note(resource));
    Ok(Observation::Present(Observed { value, text: text_of_file, note }))
}

/// Names the note of what a secret replaces: readable, and its own wherever the secret is kept.
fn note(resource: &Resource<Desired>) -> String {
    let Desired { path, key, .. } = &resource.desired;
    let hash = sha256(format!("{path}\n{key}").as_bytes());
    format!("{}-{}", resource.name(), &hash[..16])
}
