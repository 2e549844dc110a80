//! `file`: a file with content, owner, group and mode.

use crate::model::{Changes, Content, Expect, Looked, Probe, ProbeOutput, Step, Value};
use crate::{expect, row};

use crate::kinds::shared::owned_file::{self, Going, NewFile, OwnedFile};
use crate::kinds::shared::program::program;
use crate::kinds::shared::system_file;
use crate::kinds::shared::validation::{self, Judge, Programs, Validation};
use crate::resource::batch::count;
use crate::resource::{
    Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Refusal, Resource, Shape, Space,
};

/// A file with content, owner, group and mode.
pub struct File;

/// A file as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// Left alone where the spec gives none.
    content: Option<Content>,
    /// The content is for a file that is missing; then it belongs to whoever uses the file.
    initial: bool,
    owner: Option<String>,
    group: Option<String>,
    /// Four octal digits.
    mode: Option<String>,
    validation: Validation,
}

/// Writes files, once they were judged.
const WRITE: Programs = Programs {
    none: program![owned_file::WRITING, owned_file::STAGE, owned_file::PLACE],
    ..validation::programs!(program![owned_file::WRITING, owned_file::STAGE], system_file::FINISH)
};

impl Kind for File {
    const KIND: &'static str = "file";
    const SECTION: &'static str = "files";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional("content", Shape::Scalar, "The content, given in place."),
        Attribute::optional("template", Shape::Template, "A template beside the spec that renders the content."),
        Attribute::optional("source", Shape::Source, "A file beside the spec that is the content."),
        Attribute::default(
            "initial",
            Shape::Bool,
            "false",
            "Whether the content is only for a file that is missing; one that is there keeps its own.",
        ),
        Attribute::optional("owner", Shape::Account, "The user that owns it; left alone where left out."),
        Attribute::optional("group", Shape::Account, "The group that owns it; left alone where left out."),
        Attribute::optional(
            "mode",
            Shape::Mode,
            "Its permissions; 0644 (0600 with a secret in it) when it is created, left alone where left out.",
        ),
        validation::VALIDATE,
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A file with content, owner, group and mode.",
        name: "The absolute path.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const IS_NAMED_BY_PATH: bool = true;
    const OBSERVED_WITHOUT: &'static [&'static str] = &["content", "template", "source"];
    const SHOWN_AS: &'static [(&'static str, &'static str)] = owned_file::SHOWN_AS;
    const STAYS: &'static [&'static str] = &["content", "owner", "group", "mode"];

    type Desired = Desired;
    type Observed = OwnedFile;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let given = fields.one_of("a file", owned_file::GIVEN);
        let initial = fields.bool("initial").unwrap_or_default();
        if initial && given.is_none() && !fields.is_absent() {
            fields.error(
                "initial",
                "there is no content that could be the initial one",
                "add `content`, `template` or `source`",
            );
        }
        let content = given.and_then(|name| fields.content(name));
        let path = fields.name().to_string();
        let validation = Validation::decode(fields, &path, given.zip(content.as_ref()));
        Desired {
            initial,
            validation,
            content,
            owner: fields.text("owner"),
            group: fields.text("group"),
            mode: fields.mode("mode"),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let mut claims = Claims::new().provides(Space::PATH, resource.name()).needs_folder_of(resource.name());
        claims = match resource.desired.kept() {
            Some(_) => claims.provides(Space::CONTENT, resource.name()),
            // Made here, it would keep the command from running that says it makes it.
            None => claims.follows(Space::MAKING, resource.name()),
        };
        let Desired { validation, content, .. } = &resource.desired;
        if content.is_none() {
            // Secrets make the file they are kept in; what it is to be besides is for the file that they made.
            claims = claims.follows_and_reads(Space::KEPT, resource.name());
        }
        let claims = validation.claims_of_all(claims, resource.name(), content.as_ref());
        claims.owned_by(resource.desired.owner.as_ref(), resource.desired.group.as_ref())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all.iter().map(|resource| owned_file::row(resource.name(), resource.desired.kept()));
        Probe::of_files(rows.collect(), "")
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<OwnedFile>> {
        let desired: Vec<Option<&Content>> = all.iter().map(|resource| resource.desired.kept()).collect();
        let mut observations = owned_file::observations(output, &desired);
        for (observation, resource) in observations.iter_mut().zip(all) {
            // What became of an initial content is as secret as that was.
            let is_secret = resource.desired.content.as_ref().is_some_and(Content::is_sensitive);
            if let Observation::Present(found) = observation {
                found.content = found.content.clone().mark_sensitive(is_secret);
            }
        }
        observations
    }

    fn attributes(observed: &OwnedFile) -> Vec<(&'static str, Value)> {
        observed.attributes()
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<OwnedFile>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        if let Observation::Present(observed) = observed {
            changes.compare_if("content", observed.content.clone(), desired.kept().cloned());
            changes.compare_if("owner", observed.owner.as_str(), desired.owner.clone());
            changes.compare_if("group", observed.group.as_str(), desired.group.clone());
            changes.compare_if("mode", observed.mode.as_str(), desired.mode.clone());
        } else {
            changes.compare_if("content", Value::Null, desired.content.clone());
            if desired.initial {
                changes.push("initial", Value::Null, true);
            }
            changes.compare_if("owner", Value::Null, desired.owner.clone());
            changes.compare_if("group", Value::Null, desired.group.clone());
            changes.push("mode", Value::Null, created_mode(desired));
        }
        changes
    }

    fn refusal(resource: &Resource<Desired>, observed: &Observation<OwnedFile>) -> Option<Refusal> {
        let found = observed.found().filter(|found| found.is_there_twice && !resource.is_absent())?;
        // A new content makes it a file of its own.
        let changes = Self::diff(resource, observed).into_vec();
        let stays = !changes.is_empty() && changes.iter().all(|change| change.attribute != "content");
        stays.then(|| Refusal {
            message: format!(
                "{} has another name (a hard link), which may be somebody else's file, and others may write where it is: its owner {} \
                 and mode {} stay",
                resource.name(),
                found.owner,
                found.mode
            ),
            help: "make it a file of its own on the host (`cp -p` it beside, and `mv` that over it), or leave owner, group and mode out"
                .into(),
        })
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let desired = &resource.desired;
        Some(match resource.is_absent() {
            true => expect![Looked::Absent],
            false => expect![Looked::File {
                r#type: "file",
                owner: desired.owner.as_ref(),
                group: desired.group.as_ref(),
                mode: desired.mode.as_ref(),
                hash: desired.kept().map(Content::hash),
            }],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let (absent, present): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|&at| batch[at].resource.is_absent());
        let empty = Content::new(&b""[..]);
        let mut files: Vec<(Judge, NewFile<'_>)> = present.iter().map(|&at| new_file(batch, at, &empty)).collect();
        // What comes is judged without what goes: a rule that moves to another file would be there twice.
        let judge = |at: usize| batch[at].resource.desired.validation.judge(batch[at].resource.name());
        let comes = |judge: Judge| files.iter().any(|(other, file)| *other == judge && file.content.is_some());
        let (with, alone): (Vec<usize>, Vec<usize>) =
            absent.into_iter().partition(|&at| judge(at).sees_others() && comes(judge(at)));
        files.extend(with.into_iter().map(|at| (judge(at), NewFile::going(at, batch[at].resource.name().to_string()))));
        let removed = (!alone.is_empty()).then(|| remove(batch, alone));
        validation::steps(&WRITE, files, purpose).into_iter().chain(removed).collect()
    }
}

/// Makes the one step that removes all these files.
fn remove(batch: &[Planned<'_, File>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![Going { path: batch[at].resource.name() }]).collect();
    let purpose = format!("remove {}", count(absent.len(), "file", "files"));
    Step::new(owned_file::REMOVE, absent, purpose).rows(rows)
}

impl Desired {
    /// Returns the content that a file which is there must have too.
    fn kept(&self) -> Option<&Content> {
        self.content.as_ref().filter(|_| !self.initial)
    }
}

/// Says how a file is written, and what judges it.
fn new_file<'a>(batch: &[Planned<'a, File>], at: usize, empty: &'a Content) -> (Judge, NewFile<'a>) {
    let planned = &batch[at];
    let desired = &planned.resource.desired;
    let is_new = planned.is_new();
    let content = desired.content.as_ref().or(is_new.then_some(empty)).filter(|_| planned.sets("content"));
    // A file that is replaced keeps what the spec leaves alone.
    let (owner, group, mode) = match planned.observed {
        Observation::Present(found) => (
            desired.owner.clone().unwrap_or_else(|| found.owner.clone()),
            desired.group.clone().unwrap_or_else(|| found.group.clone()),
            desired.mode.clone().unwrap_or_else(|| found.mode.clone()),
        ),
        _ => (
            desired.owner.clone().unwrap_or_default(),
            desired.group.clone().unwrap_or_default(),
            created_mode(desired),
        ),
    };
    let path = planned.resource.name().to_string();
    let judge = desired.validation.judge(&path);
    let more = if judge == Judge::Command { desired.validation.row(&path) } else { Vec::new() };
    (judge, NewFile { at, path, owner, group, mode, content, more })
}

/// Says what a step does: "write 2 files, remove 1 file".
fn purpose(files: &[NewFile<'_>]) -> String {
    let going = files.iter().filter(|file| file.goes()).count();
    let write = format!("write {}", count(files.len() - going, "file", "files"));
    if going == 0 { write } else { format!("{write}, remove {}", count(going, "file", "files")) }
}

/// A file with a secret in it is nobody else's to read unless the spec says so.
fn created_mode(desired: &Desired) -> String {
    let is_secret = desired.content.as_ref().is_some_and(Content::is_sensitive);
    desired.mode.clone().unwrap_or_else(|| if is_secret { "0600" } else { "0644" }.into())
}
