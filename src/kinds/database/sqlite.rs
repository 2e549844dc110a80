//! Files of SQLite.

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::database_engine::SQLITE;
use crate::kinds::shared::program::program;
use crate::model::{Expect, Record, Records, Row, Step};
use crate::resource::{Claims, Feature, Fields, Observation, Planned, Resource, Space, Variant};
use crate::{expect, records, row, rows};

use super::store::{Database, Desired, Observed, Store};

pub const VARIANT: Variant = Variant {
    features: &[Feature { name: "a file with owner and mode", attributes: &["owner", "group", "mode"] }],
    ..SQLITE
};

/// What SQLite does.
pub struct Sqlite;

rows! {
    include_str!("files.sh") => struct Sought { sort, path }
    include_str!("make_file.sh") => struct Made { path, owner, group, mode }
    include_str!("remove_file.sh") => struct Removed { path }
}

records! {
    include_str!("files.sh") => enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        _ => Path { r#type, owner, group, mode, size },
    }
}

impl Store for Sqlite {
    fn check_name(&self, fields: &mut Fields<'_>) {
        let name = fields.name().to_string();
        let is_plain = name.starts_with('/') && !name.ends_with('/') && !name.contains("//");
        if !is_plain || name.split('/').any(|part| part == "..") {
            fields.error(
                "name",
                format!("`{name}` is not an absolute path"),
                "a database of SQLite has the path of its file as name",
            );
        }
    }

    fn claims(&self, resource: &Resource<Desired>, claims: Claims) -> Claims {
        let Desired { owner, group, .. } = &resource.desired;
        claims
            .provides(Space::PATH, resource.name())
            .needs_folder_of(resource.name())
            .owned_by(owner.as_ref(), group.as_ref())
    }

    fn row(&self, _at: usize, resource: &Resource<Desired>) -> Row {
        row![Sought { sort: "file", path: resource.name() }]
    }

    fn wanted<'a>(&self, desired: &'a Desired) -> Vec<(&'static str, Option<&'a str>)> {
        vec![
            ("owner", desired.owner.as_deref()),
            ("group", desired.group.as_deref()),
            ("mode", desired.mode.as_deref()),
        ]
    }

    fn observation(&self, _resource: &Resource<Desired>, records: &[&Record]) -> Result<Observation<Observed>, String> {
        Ok(observation(Seen::read(records[0])?))
    }

    fn expected(&self, resource: &Resource<Desired>) -> Vec<Expect> {
        let Desired { owner, group, mode, .. } = &resource.desired;
        match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::Path {
                r#type: "file",
                owner: owner.as_ref(),
                group: group.as_ref(),
                mode: mode.as_ref(),
            }],
        }
    }

    fn steps(&self, batch: &[Planned<'_, Database>], own: &[usize]) -> Vec<Step> {
        steps(batch, own)
    }
}

/// The mode of a new file where the spec says nothing.
const MODE: &str = "0640";

fn observation(seen: Seen<'_>) -> Observation<Observed> {
    match seen {
        Seen::Absent => Observation::Absent,
        Seen::Path { r#type: "file", owner, group, mode, size } => Observation::Present(Observed {
            attributes: vec![("owner", owner.to_string()), ("group", group.to_string()), ("mode", mode.to_string())],
            extensions: Vec::new(),
            holds: format!("{size} bytes"),
        }),
        Seen::Denied => Observation::Failed("the file cannot be seen by this account".into()),
        Seen::Path { r#type, .. } => {
            Observation::Failed(format!("at its path is a {type}, not a file; move that away"))
        }
    }
}

fn steps(batch: &[Planned<'_, Database>], own: &[usize]) -> Vec<Step> {
    let mut steps = Vec::new();
    for is_absent in [false, true] {
        let is_one = |&at: &usize| batch[at].resource.is_absent() == is_absent;
        let covers: Vec<usize> = own.iter().copied().filter(is_one).collect();
        if covers.is_empty() {
            continue;
        }
        let rows = covers.iter().map(|&at| {
            let resource = batch[at].resource;
            let desired = &resource.desired;
            let is_new = !matches!(batch[at].observed, Observation::Present(_));
            let mode = desired.mode.clone().or(is_new.then(|| MODE.to_string()));
            match is_absent {
                true => row![Removed { path: resource.name() }],
                false => row![Made {
                    path: resource.name(),
                    owner: desired.owner.as_ref(),
                    group: desired.group.as_ref(),
                    mode,
                }],
            }
        });
        let rows = rows.collect();
        let (script, verb) = match is_absent {
            false => (program![BESIDE, include_str!("make_file.sh")], "make or change"),
            true => (program![BESIDE, include_str!("remove_file.sh")], "remove"),
        };
        let purpose = match covers.as_slice() {
            [one] => format!("{verb} {}", batch[*one].resource.name()),
            several => format!("{verb} {} files of SQLite", several.len()),
        };
        steps.push(Step::new(script, covers, purpose).rows(rows));
    }
    steps
}
