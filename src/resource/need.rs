//! What must be on a host before a resource's steps run, because they do not make it.

use super::touches::is_below;
use super::{Refusal, Touches};

/// Folders that every host has.
const FOLDERS: &[&str] = &["/", "/etc", "/root", "/tmp", "/usr", "/var"];

/// Something that steps do not make and cannot do without.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Need {
    /// A folder, by path.
    Folder(String),
    /// A file, by path, and what helps besides making it.
    File {
        path: String,
        otherwise: Option<&'static str>,
    },
    User(String),
    Group(String),
}

impl Need {
    /// Returns the word for it in the program that asks a host.
    pub fn form(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::File { .. } => "file",
            Self::User(_) => "user",
            Self::Group(_) => "group",
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Folder(name) | Self::File { path: name, .. } | Self::User(name) | Self::Group(name) => name,
        }
    }

    /// Returns whether a host may lack it at all: `root` is on all of them, and a number needs no account. What is not known
    /// yet has no name.
    pub(super) fn may_be_lacking(&self) -> bool {
        match self {
            Self::Folder(path) => path.starts_with('/') && !FOLDERS.contains(&path.as_str()),
            Self::File { path, .. } => path.starts_with('/'),
            Self::User(name) | Self::Group(name) => {
                !name.is_empty()
                    && name != "root"
                    && !name.starts_with('-')
                    && !name.bytes().all(|c| c.is_ascii_digit())
            }
        }
    }

    /// Returns whether a change that touches this and provides these paths may bring it: a folder comes with what is below it.
    pub fn may_come_with<'p>(&self, touches: &Touches, mut provided: impl Iterator<Item = &'p str>) -> bool {
        match self {
            Self::Folder(path) | Self::File { path, .. } => {
                touches.reaches(std::iter::once(path.as_str())) || provided.any(|other| is_below(other, path))
            }
            Self::User(_) | Self::Group(_) => touches.reaches(std::iter::empty()),
        }
    }
}

/// Something that a resource needs and its host lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    pub need: Need,
    /// Something is in the place of a folder that is none.
    pub is_other: bool,
}

impl Lack {
    /// Says what is lacking, after "the host has".
    fn what(&self) -> String {
        match &self.need {
            Need::Folder(path) if self.is_other => format!("something else in the place of the folder {path}"),
            Need::Folder(path) => format!("no folder {path}"),
            Need::File { path, .. } => format!("no file {path}"),
            Need::User(name) => format!("no user {name}"),
            Need::Group(name) => format!("no group {name}"),
        }
    }

    /// Says what helps.
    fn help(&self) -> String {
        match self.need {
            Need::Folder(_) if self.is_other => "choose another path, or take away what is there".into(),
            Need::Folder(_) => "add it to `directories`, or name what makes it in `depends_on`".into(),
            Need::File { otherwise: Some(otherwise), .. } => {
                format!("{otherwise}, add it to `files`, or name what makes it in `depends_on`")
            }
            Need::File { .. } => "add it to `files`, or name what makes it in `depends_on`".into(),
            Need::User(_) => "add it to `users`, or name one that is there".into(),
            Need::Group(_) => "add it to `groups`, or name one that is there".into(),
        }
    }

    /// Says what is lacking, and what helps; nothing where nothing is.
    pub fn refusal(lacks: &[Self]) -> Option<Refusal> {
        let what: Vec<String> = lacks.iter().map(Self::what).collect();
        let makes = match lacks {
            [] => return None,
            [lack] if lack.is_other => "",
            [_] => ", and nothing before this makes it",
            _ => ", and nothing before this makes them",
        };
        let mut help: Vec<String> = lacks.iter().map(Self::help).collect();
        help.dedup();
        let message = format!("the host has {}{makes}", what.join(" and "));
        Some(Refusal { message, help: help.join("; ") })
    }
}
