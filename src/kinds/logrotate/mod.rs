//! `logrotate`: rules by which logrotate rotates logs.

mod rules;

use crate::model::{Content, Looking, Row};
use crate::{records, row, rows};

use crate::kinds::shared::owned_file::OwnedFile;
use crate::kinds::shared::program::program;
use crate::kinds::shared::system_file::{self, SystemFile};
use crate::kinds::shared::validation;
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Need, Resource, Space};

/// Rules by which logrotate rotates logs.
pub struct Logrotate;

/// Rules as the spec wants them.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The whole file.
    content: Content,
    needs: rules::Needs,
}

rows! {
    include_str!("probe.sh") => struct Asked after Looking { folders }
}

records! {
    include_str!("probe.sh") =>
    /// What the host lacks; the engine reads it.
    enum Lacking { "lacks" => Lacks { form, what } }
}

impl Kind for Logrotate {
    const KIND: &'static str = "logrotate";
    const SECTION: &'static str = "logrotates";
    const ATTRIBUTES: &'static [Attribute] = rules::ATTRIBUTES;
    const DOCUMENTATION: Documentation = Documentation {
        summary: "Rules by which logrotate rotates logs.",
        name: "The file's name in `/etc/logrotate.d`.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = &NAMES;
    const SHOWN_AS: &'static [(&'static str, &'static str)] = &SHOWN_AS;
    const STAYS: &'static [&'static str] = &["content"];

    type Desired = Desired;
    type Observed = OwnedFile;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let is_unknown = NAMES.iter().any(|name| fields.is_unknown(name));
        let (text, needs) = rules::decode(fields);
        let content = if is_unknown { Content::unknown() } else { Content::new(text.into_bytes()) };
        Desired { content, needs }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let claims = system_file::claims::<Self>(resource);
        let needs = &resource.desired.needs;
        // Who it rotates as stays until it does so no more.
        let claims = needs.users.iter().fold(claims, |claims, user| claims.run_as(Some(user)));
        if resource.is_absent() {
            return claims;
        }
        let claims = claims.requires(Space::PROGRAM, "logrotate").requires_some(Space::PATH, needs.olddir.as_ref());
        let claims = needs.olddir.iter().fold(claims, |claims, folder| claims.needs(Need::Folder(folder.clone())));
        let claims = needs.closed.iter().fold(claims, |claims, folder| claims.follows(Space::PATH, folder));
        needs.groups.iter().fold(claims, |claims, group| claims.in_group(Some(group)))
    }

    system_file::observed_and_written_as_a_file!();
}

impl SystemFile for Logrotate {
    const FOLDER: &'static str = "/etc/logrotate.d";
    const CALLED: [&'static str; 2] = ["file of logrotate", "files of logrotate"];
    const BASE: Option<&'static str> = Some("/etc");
    const READER: Option<&'static str> = Some("logrotate");
    const PROBE: &'static str = program![system_file::READER, include_str!("probe.sh")];
    const WRITE: &'static str = program![system_file::BEGIN, validation::LOGROTATE, system_file::FINISH];

    fn content(desired: &Desired) -> Option<&Content> {
        Some(&desired.content)
    }

    fn asked(resource: &Resource<Desired>) -> Row {
        let folders = resource.desired.needs.closed.iter().filter(|_| !resource.is_absent());
        row![Asked { folders: folders.map(String::as_str).collect::<Vec<_>>().join("\n") }]
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
