//! A file in a folder of the system that a program of the host reads: a job of cron, rules of logrotate. It is unpacked
//! where nothing reads it, gets its owner and mode there, is judged by the kind's own validator together with all that is
//! live, and is renamed into its place only then; what reads it is told afterwards. A kind says where its files lie, which
//! names its reader takes, and how they are judged; all else is here.
//!
//! A kind's program that writes is made of [`BEGIN`], what judges (it calls `refuse INDEX MESSAGE`), [`FINISH`], and what
//! tells the reader.

mod names;

use crate::kinds::shared::owned_file::{self, NewFile, OwnedFile};
use crate::kinds::shared::program::program;
use crate::model::{Changes, Content, Expect, Lock, Looked, PART, Probe, ProbeOutput, ProbeStatus, Records, Row, Step};
use crate::resource::batch::count;
use crate::resource::{Attribute, Claim, Claims, Fields, Kind, Observation, Planned, Resource, Shape, Space};
use crate::{expect, records};

pub(crate) use names::{NameRule, check_name};

/// The attributes that give its content in one of three ways.
pub(crate) const CONTENT: Attribute = Attribute::optional("content", Shape::Text, "The content, given in place.");
pub(crate) const TEMPLATE: Attribute =
    Attribute::optional("template", Shape::Template, "A template beside the spec that renders the content.");
pub(crate) const SOURCE: Attribute =
    Attribute::optional("source", Shape::Source, "A file beside the spec that is the content.");

/// Unpacks new files and gives them owner and mode; a program that writes begins with it.
pub(crate) const BEGIN: &str = program![owned_file::WRITING, FUNCTIONS, "begin_files\n"];
/// Defines what it and judges call; `owned_file/write.sh` goes before those calls.
pub(crate) const FUNCTIONS: &str = program![PART, include_str!("functions.sh"), PART];
/// Puts in place what was not refused.
pub(crate) const FINISH: &str = "finish_files\n";
/// Defines what a probe calls to say that nothing would read the files (`find_reader PROGRAM…`).
pub(crate) const READER: &str = include_str!("reader.sh");
/// Writes files that nothing has to judge.
pub(crate) const WRITE: &str = program![BEGIN, FINISH];

/// The part of `impl Kind` that is the same for all kinds whose resources are nothing but such a file.
macro_rules! observed_and_written_as_a_file {
    () => {
        fn probe(all: &[&$crate::resource::Resource<Self::Desired>]) -> $crate::model::Probe {
            $crate::kinds::shared::system_file::probe::<Self>(all)
        }

        fn parse(
            all: &[&$crate::resource::Resource<Self::Desired>],
            output: &$crate::model::ProbeOutput,
        ) -> Vec<$crate::resource::Observation<Self::Observed>> {
            $crate::kinds::shared::system_file::observations::<Self>(all, output)
        }

        fn attributes(observed: &Self::Observed) -> Vec<(&'static str, $crate::model::Value)> {
            observed.attributes()
        }

        fn diff(
            resource: &$crate::resource::Resource<Self::Desired>,
            observed: &$crate::resource::Observation<Self::Observed>,
        ) -> $crate::model::Changes {
            $crate::kinds::shared::system_file::diff::<Self>(resource, observed)
        }

        fn expected(resource: &$crate::resource::Resource<Self::Desired>) -> Option<Vec<$crate::model::Expect>> {
            $crate::kinds::shared::system_file::expected::<Self>(resource)
        }

        fn steps(batch: &[$crate::resource::Planned<'_, Self>]) -> Vec<$crate::model::Step> {
            $crate::kinds::shared::system_file::steps(batch)
        }
    };
}

pub(crate) use observed_and_written_as_a_file;

/// A kind whose resources are such files, one each.
pub(crate) trait SystemFile: Kind {
    /// The folder that the reader takes them from.
    const FOLDER: &'static str;
    /// What one and several are called where a step says what it does.
    const CALLED: [&'static str; 2];
    /// What writing and removing them is called there.
    const DONE: [&'static str; 2] = ["write", "remove"];
    /// The mode of one that holds no secret.
    const MODE: &'static str = "0644";
    /// The mode of one that holds a secret.
    const MODE_OF_SECRET: &'static str = "0600";
    /// Where they are unpacked: a folder above their places on the same file system, where the reader takes the stage for
    /// something to read; beside their places where it is left out.
    const BASE: Option<&'static str> = None;
    /// The program that reads them: where the probe writes [`Reader::Missing`], what is wanted waits for it.
    const READER: Option<&'static str> = None;
    /// What its probe does once it has looked at them.
    const PROBE: &'static str = "";
    /// Writes them, and removes those that go.
    const WRITE: &'static str = WRITE;
    /// What its steps may not share.
    const LOCKS: &'static [Lock] = &[];

    /// Returns the file's name, of a resource's.
    fn file_name(name: &str) -> String {
        name.to_string()
    }

    /// Returns the content it should have; none where the spec leaves it alone.
    fn content(desired: &Self::Desired) -> Option<&Content>;

    /// Returns what its probe needs to know, beyond what all need.
    fn asked(_resource: &Resource<Self::Desired>) -> Row {
        Vec::new()
    }

    /// Returns what its program needs to know of a file that is written, beyond what all need.
    fn more(_planned: &Planned<'_, Self>) -> Row {
        Vec::new()
    }

    /// Returns how a file is written.
    fn new_file<'a>(at: usize, planned: &Planned<'a, Self>) -> NewFile<'a> {
        let resource = planned.resource;
        let content = Self::content(&resource.desired);
        let written = content.filter(|_| planned.sets("content"));
        let mode = mode::<Self>(content);
        NewFile { more: Self::more(planned), ..NewFile::of_root(at, path::<Self>(resource), mode, written) }
    }
}

records! {
    READER =>
    /// What the probe says about the program that reads the files, for the first row.
    pub(crate) enum Reader { "no-reader" => Missing }
}

/// Returns its path.
pub(crate) fn path<K: SystemFile + ?Sized>(resource: &Resource<K::Desired>) -> String {
    format!("{}/{}", K::FOLDER, K::file_name(resource.name()))
}

/// Returns its mode.
pub(crate) fn mode<K: SystemFile + ?Sized>(content: Option<&Content>) -> &'static str {
    if content.is_some_and(Content::is_sensitive) { K::MODE_OF_SECRET } else { K::MODE }
}

/// Reads the content where a spec gives it in one of three ways; `what` is "a unit". One that must have a content and has
/// none is reported.
pub(crate) fn content(fields: &mut Fields<'_>, what: &str) -> Option<(&'static str, Content)> {
    let given = fields.one_of(what, owned_file::GIVEN);
    if given.is_none() && !fields.is_absent() {
        let message = format!("{what} has one of content, template and source");
        fields.error("content", message, "add `template: FILE` or `content: |`");
    }
    given.and_then(|name| fields.content(name).map(|content| (name, content)))
}

/// Returns what every such file provides: its place, and what it holds.
pub(crate) fn claims<K: SystemFile>(resource: &Resource<K::Desired>) -> Claims {
    let path = path::<K>(resource);
    let claims = Claims::new().provides(Space::PATH, &path);
    match K::content(&resource.desired) {
        Some(_) => claims.provides(Space::CONTENT, path),
        None => claims,
    }
}

/// Returns the row that looks at it.
pub(crate) fn look_row<K: SystemFile>(resource: &Resource<K::Desired>) -> Row {
    let mut row = owned_file::row(&path::<K>(resource), K::content(&resource.desired));
    row.extend(K::asked(resource));
    row
}

/// Makes the program that looks at them.
pub(crate) fn probe<K: SystemFile>(all: &[&Resource<K::Desired>]) -> Probe {
    Probe::of_files(all.iter().map(|resource| look_row::<K>(resource)).collect(), K::PROBE)
}

/// Reads what was found.
pub(crate) fn observations<K: SystemFile>(
    all: &[&Resource<K::Desired>],
    output: &ProbeOutput,
) -> Vec<Observation<OwnedFile>> {
    if output.status != ProbeStatus::Done {
        return all.iter().map(|_| Observation::Failed(output.explain())).collect();
    }
    let is_missing = output.records.iter().any(|record| matches!(Reader::find(record), Some(Reader::Missing)));
    let missing = K::READER.filter(|_| is_missing);
    let desired: Vec<Option<&Content>> = all.iter().map(|resource| K::content(&resource.desired)).collect();
    owned_file::observations(output, &desired)
        .into_iter()
        .zip(all)
        .map(|(observation, resource)| match (observation, missing) {
            (Observation::Absent | Observation::Present(_), Some(reader)) if !resource.is_absent() => {
                let needs = Claim::new(Space::PROGRAM, reader);
                Observation::Later { needs, reason: format!("{reader} is not installed") }
            }
            (observation, _) => observation,
        })
        .collect()
}

/// Compares a file that is there, or is not, with how it should be.
pub(crate) fn compare<K: SystemFile>(
    changes: &mut Changes,
    resource: &Resource<K::Desired>,
    found: Option<&OwnedFile>,
) {
    let Some(content) = K::content(&resource.desired) else { return };
    let mode = mode::<K>(Some(content));
    match found {
        Some(found) => found.compare(changes, content, mode),
        None => owned_file::created(changes, content, mode),
    }
}

/// Compares, for a kind whose files are all there is to it.
pub(crate) fn diff<K: SystemFile<Observed = OwnedFile>>(
    resource: &Resource<K::Desired>,
    observed: &Observation<OwnedFile>,
) -> Changes {
    let mut changes = Changes::new();
    compare::<K>(&mut changes, resource, observed.found());
    changes
}

/// Returns what the first record must be afterwards.
pub(crate) fn expected<K: SystemFile>(resource: &Resource<K::Desired>) -> Option<Vec<Expect>> {
    Some(match K::content(&resource.desired) {
        _ if resource.is_absent() => expect![Looked::Absent],
        Some(content) => owned_file::expected(content, mode::<K>(Some(content))),
        None => vec![Expect::Any],
    })
}

/// Makes the one step that writes and removes them, so that what comes is judged without what goes.
pub(crate) fn steps<K: SystemFile>(batch: &[Planned<'_, K>]) -> Vec<Step> {
    let file = |(at, planned)| -> NewFile<'_> {
        let planned: &Planned<'_, K> = planned;
        match planned.resource.is_absent() {
            true => NewFile::going(at, path::<K>(planned.resource)),
            false => K::new_file(at, planned),
        }
    };
    let files = batch.iter().enumerate().map(file).collect();
    vec![owned_file::step_of(K::WRITE, K::BASE, files, purpose::<K>(batch)).locks(K::LOCKS)]
}

/// Says what the step does: "write 2 jobs, remove 1 job".
fn purpose<K: SystemFile>(batch: &[Planned<'_, K>]) -> String {
    let leaving = batch.iter().filter(|planned| planned.resource.is_absent()).count();
    let said = [batch.len() - leaving, leaving].into_iter().zip(K::DONE).filter(|(number, _)| *number > 0);
    let said: Vec<String> =
        said.map(|(number, done)| format!("{done} {}", count(number, K::CALLED[0], K::CALLED[1]))).collect();
    said.join(", ")
}
