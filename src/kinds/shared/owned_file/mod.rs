//! A file that a kind keeps whole: how it is looked at, compared and written. `file` lets a spec choose its owner and
//! mode; kinds that keep a file in a folder of the system (a systemd unit, a file of cron) have it owned by root.

mod writing;

use std::collections::{HashMap, HashSet};

use crate::kinds::shared::program::program;
use crate::kinds::shared::{PLACE as FOLDERS, REPLACE};
use crate::model::{
    Changes, Content, Expect, Looked, Looking, PART, ProbeOutput, Record, Records, Row, Value, decode_base64,
};
use crate::resource::Observation;
use crate::{expect, row, rows};

pub(crate) use writing::{NewFile, Written, step_of};

/// What a program begins with that writes files whole and does something between unpacking and renaming; see [`step_of`].
pub(crate) const WRITING: &str = program![FOLDERS, OWNERSHIP, REPLACE, include_str!("write.sh"), PART];
/// Gives owners and modes.
pub(crate) const OWNERSHIP: &str = program![PART, include_str!("../ownership.sh"), PART];
/// Unpacks the new files and gives them owner and mode.
pub(crate) const STAGE: &str = "stage_files\ngive chown\ngive chmod\n";
/// Puts in place what was not refused.
pub(crate) const PLACE: &str = "place_files\n";
/// Removes files; see [`Going`].
pub(crate) const REMOVE: &str = program![FOLDERS, include_str!("remove.sh")];
/// The attributes that give its content, of which a resource has one.
pub(crate) const GIVEN: &[&str] = &["content", "template", "source"];
/// A plan shows what they give as one.
pub(crate) const SHOWN_AS: &[(&str, &str)] = &[("template", "content"), ("source", "content")];

/// The largest content that is fetched for a diff, in bytes.
const MOST_FETCHED: u64 = 256 * 1024;

rows! {
    REMOVE =>
    /// A file that goes.
    pub(crate) struct Going { path }
}

/// A file as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedFile {
    pub content: Content,
    pub owner: String,
    pub group: String,
    pub mode: String,
    /// It has another name, and others may write where it is.
    pub is_there_twice: bool,
}

/// Returns the row that looks at a file ([`Probe::of_files`](crate::model::Probe::of_files)).
pub(crate) fn row(path: &str, desired: Option<&Content>) -> Row {
    row![Looking { path, hash: desired.map(Content::hash), most: MOST_FETCHED }]
}

/// Reads what was seen, for each row with the content it should have.
pub(crate) fn observations(output: &ProbeOutput, desired: &[Option<&Content>]) -> Vec<Observation<OwnedFile>> {
    let content = |record| match Looked::find(record) {
        Some(Looked::Content { base64 }) => Some((record.index, base64)),
        _ => None,
    };
    let contents: HashMap<usize, &str> = output.records.iter().filter_map(content).collect();
    let is_twice = |record: &&Record| matches!(Looked::find(record), Some(Looked::Twice));
    let twice: HashSet<usize> = output.records.iter().filter(is_twice).map(|record| record.index).collect();
    output
        .first_records(desired.len())
        .into_iter()
        .enumerate()
        .map(|(at, record)| match record.map(Looked::read) {
            None => Observation::Failed(output.explain()),
            Some(Err(wrong)) => Observation::Failed(wrong),
            Some(Ok(looked)) => observation(looked, contents.get(&at).copied(), desired[at], twice.contains(&at)),
        })
        .collect()
}

fn observation(
    looked: Looked<'_>,
    fetched: Option<&str>,
    desired: Option<&Content>,
    is_there_twice: bool,
) -> Observation<OwnedFile> {
    match looked {
        Looked::Absent => Observation::Absent,
        Looked::File { r#type: "file", owner, group, mode, size, hash } => {
            let content = match (desired, fetched.and_then(decode_base64)) {
                (Some(desired), _) if desired.hash() == hash => desired.clone(),
                (_, Some(bytes)) => Content::new(bytes),
                _ => Content::summary(hash, size.parse().unwrap_or_default()),
            };
            Observation::Present(OwnedFile {
                // What replaces a secret, or is replaced by one, is not shown either.
                content: content.mark_sensitive(desired.is_some_and(Content::is_sensitive)),
                owner: owner.to_string(),
                group: group.to_string(),
                mode: mode.to_string(),
                is_there_twice,
            })
        }
        Looked::File { r#type: other, .. } => Observation::Failed(format!("it is there, but as {other}, not a file")),
        Looked::Denied | Looked::Path { .. } | Looked::Content { .. } | Looked::Twice => {
            Observation::Failed("a folder above it may not be searched by this account".into())
        }
    }
}

impl OwnedFile {
    /// Returns its attributes, for `before` in the plan.
    pub fn attributes(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("content", self.content.clone().into()),
            ("owner", self.owner.as_str().into()),
            ("group", self.group.as_str().into()),
            ("mode", self.mode.as_str().into()),
        ]
    }

    /// Compares what was found with how it should be.
    pub fn compare(&self, changes: &mut Changes, content: &Content, mode: &str) {
        changes.compare("content", self.content.clone(), content.clone());
        changes.compare("owner", self.owner.as_str(), "root");
        changes.compare("group", self.group.as_str(), "root");
        changes.compare("mode", self.mode.as_str(), mode);
    }
}

/// Adds what a new file gets.
pub(crate) fn created(changes: &mut Changes, content: &Content, mode: &str) {
    changes.push("content", Value::Null, content.clone());
    changes.push("mode", Value::Null, mode);
}

/// Returns what the first record must be once the file is in place.
pub(crate) fn expected(content: &Content, mode: &str) -> Vec<Expect> {
    expect![Looked::File { r#type: "file", owner: "root", group: "root", mode: mode, hash: content.hash() }]
}
