//! `logrotate`: rules by which logrotate rotates logs.

mod rules;

use crate::model::{Changes, Content, Expect, Probe, ProbeOutput, Step, Value};
use crate::row;

use crate::kinds::shared::owned_file::{self, NewFile, OwnedFile};
use crate::resource::batch::{by_state, count};
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Space};

/// Rules by which logrotate rotates logs.
pub struct Logrotate;

/// Rules as the spec wants them.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The whole file.
    content: Content,
    needs: rules::Needs,
}

/// Where logrotate.conf includes files from.
const FOLDER: &str = "/etc/logrotate.d";
/// Where new files are unpacked: on the same file system, and where nothing reads them by itself.
const BASE: &str = "/etc";
/// logrotate passes over a file that others may write to.
const MODE: &str = "0644";
const SCRIPT: &str = concat!(
    include_str!("../shared/ownership.sh"),
    include_str!("../shared/owned_file/write.sh"),
    include_str!("write.sh")
);

impl Kind for Logrotate {
    const KIND: &'static str = "logrotate";
    const SECTION: &'static str = "logrotates";
    const ATTRIBUTES: &'static [Attribute] = rules::ATTRIBUTES;
    const DOCUMENTATION: Documentation = Documentation {
        summary: "Rules by which logrotate rotates logs.",
        name: "The file's name in `/etc/logrotate.d`.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = &NAMES;
    const SHOWN_AS: &'static [(&'static str, &'static str)] = &SHOWN_AS;

    type Desired = Desired;
    type Observed = OwnedFile;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let is_unknown = NAMES.iter().any(|name| fields.is_unknown(name));
        let (text, needs) = rules::decode(fields);
        let content = if is_unknown { Content::unknown() } else { Content::new(text.into_bytes()) };
        Desired { content, needs }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let path = path(resource);
        let claims = Claims::new().provides(Space::PATH, &path).provides(Space::CONTENT, path);
        if resource.is_absent() {
            return claims;
        }
        let needs = &resource.desired.needs;
        let claims = claims.requires(Space::PROGRAM, "logrotate").requires_some(Space::PATH, needs.olddir.as_ref());
        let claims = needs.users.iter().fold(claims, |claims, user| claims.requires(Space::USER, user));
        needs.groups.iter().fold(claims, |claims, group| claims.requires(Space::GROUP, group))
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows =
            all.iter().map(|resource| owned_file::row(&path(resource), Some(&resource.desired.content))).collect();
        Probe::new(concat!(include_str!("../shared/owned_file/look.sh"), include_str!("probe.sh")), rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<OwnedFile>> {
        owned_file::observations_for("logrotate", all, output, |desired| &desired.content)
    }

    fn attributes(observed: &OwnedFile) -> Vec<(&'static str, Value)> {
        observed.attributes()
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<OwnedFile>) -> Changes {
        let content = &resource.desired.content;
        let mut changes = Changes::new();
        match observed {
            Observation::Present(observed) => observed.compare(&mut changes, content, MODE),
            _ => owned_file::created(&mut changes, content, MODE),
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(match resource.is_absent() {
            true => vec![Expect::Is("absent".into())],
            false => owned_file::expected(&resource.desired.content, MODE),
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, write, remove)
    }
}

const NAMES: [&str; rules::ATTRIBUTES.len()] = {
    let mut names = [""; rules::ATTRIBUTES.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = rules::ATTRIBUTES[at].name;
        at += 1;
    }
    names
};

const SHOWN_AS: [(&str, &str); NAMES.len()] = {
    let mut shown = [("", "content"); NAMES.len()];
    let mut at = 0;
    while at < shown.len() {
        shown[at].0 = NAMES[at];
        at += 1;
    }
    shown
};

/// Makes the one step that removes all these files.
fn remove(batch: &[Planned<'_, Logrotate>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![path(batch[at].resource)]).collect();
    let purpose = format!("remove {}", count(absent.len(), "file of logrotate", "files of logrotate"));
    Step::new(owned_file::REMOVE, absent, purpose).rows(rows)
}

/// Makes the one step that writes all these files.
fn write(batch: &[Planned<'_, Logrotate>], present: Vec<usize>) -> Step {
    let file = |&at: &usize| {
        let planned = &batch[at];
        let content = Some(&planned.resource.desired.content).filter(|_| planned.sets("content"));
        NewFile::of_root(at, path(planned.resource), MODE, content)
    };
    let purpose = format!("write {}", count(present.len(), "file of logrotate", "files of logrotate"));
    owned_file::step_of(SCRIPT, Some(BASE), present.iter().map(file).collect(), purpose)
}

fn path(resource: &Resource<Desired>) -> String {
    format!("{FOLDER}/{}", resource.name())
}
