//! `sudoers`: who may do what by sudo, in a file of its own.

use crate::kinds::shared::owned_file::{self, NewFile, OwnedFile};
use crate::kinds::shared::program::program;
use crate::kinds::shared::system_file::{self, NameRule, SystemFile};
use crate::kinds::shared::validation;
use crate::model::Content;
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Planned, Resource, Space};

/// Who may do what by sudo, in a file of its own.
pub struct Sudoers;

/// A file as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// None where it should be absent.
    content: Option<Content>,
}

const NAMES: NameRule = NameRule {
    what: "a file of sudo",
    passed_over: |name| match name {
        _ if name.contains('.') => Some("sudo passes over files with a `.` in their names".into()),
        _ if name.ends_with('~') => Some("sudo passes over files whose names end in `~`".into()),
        _ => None,
    },
};

impl Kind for Sudoers {
    const KIND: &'static str = "sudoers";
    const SECTION: &'static str = "sudoers";
    const ATTRIBUTES: &'static [Attribute] = &[system_file::CONTENT, system_file::TEMPLATE, system_file::SOURCE];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "Who may do what by sudo, in a file that goes live only if visudo accepts it.",
        name: "The file's name in `/etc/sudoers.d`: letters, digits, `_` and `-`.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = owned_file::GIVEN;
    const SHOWN_AS: &'static [(&'static str, &'static str)] = owned_file::SHOWN_AS;

    type Desired = Desired;
    type Observed = OwnedFile;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        system_file::check_name(fields, &NAMES);
        Desired { content: system_file::content(fields, "a file of sudo").map(|(_, content)| content) }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let claims = system_file::claims::<Self>(resource);
        let claims = claims.follows(Space::PATH, "/etc/sudoers").follows(Space::PATH, "/etc/sudo.conf");
        if resource.is_absent() { claims } else { claims.requires(Space::PROGRAM, "visudo") }
    }

    system_file::observed_and_written_as_a_file!();
}

impl SystemFile for Sudoers {
    const FOLDER: &'static str = "/etc/sudoers.d";
    const CALLED: [&'static str; 2] = ["file of sudo", "files of sudo"];
    const MODE: &'static str = "0440";
    const MODE_OF_SECRET: &'static str = Self::MODE;
    const READER: Option<&'static str> = Some("visudo");
    const PROBE: &'static str = program![system_file::READER, "find_reader visudo\n"];
    const WRITE: &'static str = program![system_file::BEGIN, validation::SUDOERS, system_file::FINISH];

    fn content(desired: &Desired) -> Option<&Content> {
        desired.content.as_ref()
    }

    /// One whose owner or mode is wrong is written anew: what sudo passed over until now was never judged, and whoever had it
    /// open could write to it still.
    fn new_file<'a>(at: usize, planned: &Planned<'a, Self>) -> NewFile<'a> {
        let (path, content) = (system_file::path::<Self>(planned.resource), planned.resource.desired.content.as_ref());
        NewFile::of_root(at, path, Self::MODE, content)
    }
}
