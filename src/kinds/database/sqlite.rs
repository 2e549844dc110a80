//! Files of SQLite.

use crate::row;

use super::{Database, Engine, Observation, Observed, Planned, Record, Step};

/// The mode of a new file where the spec says nothing.
const MODE: &str = "0640";

pub(super) fn observation(record: &Record) -> Observation<Observed> {
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

pub(super) fn steps(batch: &[Planned<'_, Database>]) -> Vec<Step> {
    let mut steps = Vec::new();
    for is_absent in [false, true] {
        let covers: Vec<usize> = (0..batch.len())
            .filter(|&at| batch[at].resource.desired.server.engine == Engine::Sqlite)
            .filter(|&at| batch[at].resource.is_absent() == is_absent)
            .collect();
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
