//! Files of SQLite.

use crate::kinds::shared::database_engine::SQLITE;
use crate::model::{Expect, Record, Row, Step};
use crate::resource::{Claims, Feature, Fields, Observation, Planned, Resource, Space, Variant};
use crate::row;

use super::store::{Database, Desired, Observed, Store, expected};

pub const VARIANT: Variant = Variant {
    features: &[Feature { name: "a file with owner and mode", attributes: &["owner", "group", "mode"] }],
    ..SQLITE
};

/// What SQLite does.
pub struct Sqlite;

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
        claims.provides(Space::PATH, resource.name()).owned_by(owner.as_ref(), group.as_ref())
    }

    fn row(&self, _at: usize, resource: &Resource<Desired>) -> Row {
        row!["file", resource.name()]
    }

    fn wanted<'a>(&self, desired: &'a Desired) -> Vec<(&'static str, Option<&'a str>)> {
        vec![
            ("owner", desired.owner.as_deref()),
            ("group", desired.group.as_deref()),
            ("mode", desired.mode.as_deref()),
        ]
    }

    fn observation(&self, _resource: &Resource<Desired>, records: &[&Record]) -> Observation<Observed> {
        observation(records[0])
    }

    fn expected(&self, desired: &Desired) -> Vec<Expect> {
        expected("file", self.wanted(desired), str::to_string)
    }

    fn steps(&self, batch: &[Planned<'_, Database>], own: &[usize]) -> Vec<Step> {
        steps(batch, own)
    }
}

/// The mode of a new file where the spec says nothing.
const MODE: &str = "0640";

fn observation(record: &Record) -> Observation<Observed> {
    match record.field(0) {
        "file" => Observation::Present(Observed {
            attributes: vec![
                ("owner", record.field(1).to_string()),
                ("group", record.field(2).to_string()),
                ("mode", record.field(3).to_string()),
            ],
            extensions: Vec::new(),
            holds: format!("{} bytes", record.field(4)),
        }),
        "denied" => Observation::Failed("the file cannot be seen by this account".into()),
        other => Observation::Failed(format!("at its path is a {other}, not a file; move that away")),
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
            row![resource.name(), desired.owner.as_ref(), desired.group.as_ref(), mode]
        });
        let rows = rows.collect();
        let (script, verb) = match is_absent {
            false => (include_str!("make_file.sh"), "make or change"),
            true => (include_str!("remove_file.sh"), "remove"),
        };
        let purpose = match covers.as_slice() {
            [one] => format!("{verb} {}", batch[*one].resource.name()),
            several => format!("{verb} {} files of SQLite", several.len()),
        };
        steps.push(Step::new(script, covers, purpose).rows(rows));
    }
    steps
}
