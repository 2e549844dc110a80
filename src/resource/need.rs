//! What must be on a host before a resource's steps run, because they do not make it.

use super::Refusal;

/// Folders that every host has.
const FOLDERS: &[&str] = &["/", "/etc", "/root", "/tmp", "/usr", "/var"];

/// Where systemd looks for units; see systemd.unit(5).
const UNIT_FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// What helps where others may write to a folder.
const CLOSE: &str =
    "take away that others may write to that one: `directories` with `owner: root` and `mode: \"0755\"`";

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
    /// A number that no other user has, for this user.
    Uid {
        number: String,
        of: String,
    },
    /// A number that no other group has, for this group.
    Gid {
        number: String,
        of: String,
    },
    /// A group that is no user's primary group, for it goes.
    Unused(String),
    /// A unit of systemd, by its full name.
    Unit(String),
    /// A package that a repository of the host has, by name.
    Offer(String),
    /// A version of a package that a repository of the host has: the package, a blank, the version.
    Version(String),
    /// Anything at this path.
    Path(String),
    /// A folder, by path, in which nobody else can exchange anything; said with the attribute that names another one, if one does.
    Closed {
        path: String,
        attribute: Option<&'static str>,
    },
    /// That nobody else can exchange what root runs in a folder, or the folder; a sticky one above it will do.
    Alone(String),
    /// A folder that nobody but root may write to.
    OnlyRoots(String),
    /// What the kind's own probe asks for; said as why it is not so.
    Condition(String),
    /// What is to be fetched from a server that answers; said as why it is not there.
    Revision(String),
}

impl Need {
    /// Returns the word for it in the program that asks a host.
    pub fn form(&self) -> &'static str {
        match self {
            Self::Folder(_) => "folder",
            Self::File { .. } => "file",
            Self::User(_) => "user",
            Self::Group(_) => "group",
            Self::Uid { .. } => "uid",
            Self::Gid { .. } => "gid",
            Self::Unused(_) => "unused",
            Self::Unit(_) => "unit",
            Self::Offer(_) => "offer",
            Self::Version(_) => "version",
            Self::Path(_) => "path",
            Self::Closed { .. } => "closed",
            Self::Alone(_) => "alone",
            Self::OnlyRoots(_) => "only-roots",
            Self::Condition(_) => "condition",
            Self::Revision(_) => "revision",
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Folder(name) | Self::File { path: name, .. } | Self::User(name) | Self::Group(name) => name,
            Self::Uid { number: name, .. } | Self::Gid { number: name, .. } => name,
            Self::Unused(name) | Self::Unit(name) | Self::Offer(name) => name,
            Self::Version(name) | Self::Path(name) | Self::Closed { path: name, .. } => name,
            Self::Alone(name) | Self::OnlyRoots(name) => name,
            Self::Condition(why) | Self::Revision(why) => why,
        }
    }

    /// Returns whom it is for, where what it is about may be somebody else's.
    pub fn of(&self) -> &str {
        match self {
            Self::Uid { of, .. } | Self::Gid { of, .. } => of,
            _ => "",
        }
    }

    /// Returns whether what the host tells of it is what is wrong, and not who has it.
    pub fn is_of_folders(&self) -> bool {
        matches!(self, Self::Closed { .. } | Self::Alone(_))
    }

    /// Returns whether a file in a certain place makes it, whatever writes that file.
    pub fn is_known_by_path(&self) -> bool {
        matches!(self, Self::Unit(_))
    }

    /// Returns whether it is there once this path is: a file that makes it, or the folder of such files.
    pub(super) fn is_made_by(&self, path: &str) -> bool {
        let Self::Unit(name) = self else { return false };
        UNIT_FOLDERS
            .iter()
            .filter_map(|folder| path.strip_prefix(folder))
            .any(|rest| rest.is_empty() || rest.strip_prefix('/').is_some_and(|file| file == name))
    }

    /// Returns whether it is of a resource that goes; all others are of such as are made or changed.
    pub fn is_of_going(&self) -> bool {
        matches!(self, Self::Unused(_))
    }

    /// Reads what a kind's own probe has seen to be lacking.
    pub fn seen(form: &str, name: &str) -> Option<Self> {
        let makes: [fn(String) -> Self; 6] =
            [Self::Unit, Self::Offer, Self::Version, Self::OnlyRoots, Self::Condition, Self::Revision];
        makes.into_iter().map(|make| make(name.to_string())).find(|need| need.form() == form)
    }

    /// Returns whether a host may lack it at all: `root` is on all of them, and a number needs no account. What is not known
    /// yet has no name.
    pub(super) fn may_be_lacking(&self) -> bool {
        match self {
            Self::Folder(path) => path.starts_with('/') && !FOLDERS.contains(&path.as_str()),
            Self::File { path, .. } | Self::Path(path) => path.starts_with('/'),
            Self::User(name) | Self::Group(name) => {
                !name.is_empty()
                    && name != "root"
                    && !name.starts_with('-')
                    && !name.bytes().all(|c| c.is_ascii_digit())
            }
            _ => true,
        }
    }
}

/// Something that a resource needs and its host lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    pub need: Need,
    /// What is in its place, or whose it is: somebody's name, or nothing where that has none.
    pub other: Option<String>,
}

impl Lack {
    /// Makes what is simply not there.
    pub fn of(need: Need) -> Self {
        Self { need, other: None }
    }

    /// Returns whether nothing is in its place.
    pub fn is_nothing(&self) -> bool {
        self.other.is_none()
    }

    /// Returns what is not there, after "the host has"; nothing where something is in its place.
    fn missing(&self) -> Option<String> {
        Some(match &self.need {
            _ if self.other.is_some() => return None,
            Need::Folder(path) => format!("no folder {path}"),
            Need::File { path, .. } => format!("no file {path}"),
            Need::User(name) => format!("no user {name}"),
            Need::Group(name) => format!("no group {name}"),
            Need::Path(path) => format!("nothing at {path}"),
            Need::Unit(name) => format!("no unit {name}"),
            Need::Uid { .. } | Need::Gid { .. } | Need::Unused(_) => return None,
            Need::Offer(_) | Need::Version(_) | Need::Condition(_) | Need::Revision(_) => return None,
            Need::Closed { .. } | Need::Alone(_) | Need::OnlyRoots(_) => return None,
        })
    }

    /// Says what stands in the way, where that is not only something that is not there.
    fn obstacle(&self) -> Option<String> {
        let other = self.other.as_deref().unwrap_or_default();
        Some(match &self.need {
            Need::Condition(why) | Need::Revision(why) => why.clone(),
            Need::Offer(name) => format!("no repository of the host has a package {name}"),
            Need::Version(name) => {
                let (package, version) = name.split_once(' ').unwrap_or((name, ""));
                format!("no repository of the host has the version {version} of {package}")
            }
            Need::Folder(path) if self.other.is_some() => format!("{path} is on the host, but is not a folder"),
            Need::Uid { number, .. } => format!("the uid {number} is that of the user {other}"),
            Need::Gid { number, .. } => format!("the gid {number} is that of the group {other}"),
            Need::Closed { .. } => format!("others can exchange what is in {other}"),
            Need::Alone(_) => format!("others can exchange what is in {other}, and root would run it"),
            Need::Unused(name) => format!("the group {name} is the primary group of the user {other}"),
            Need::OnlyRoots(path) => {
                format!("others than root may write to {path}, so what is there would be passed over")
            }
            _ => return None,
        })
    }

    /// Says what helps.
    fn help(&self) -> String {
        let help = match self.need {
            Need::Folder(_) if self.other.is_some() => "choose another path, or take away what is there",
            Need::Folder(_) => "add it to `directories`, or name what makes it in `depends_on`",
            Need::File { otherwise: Some(otherwise), .. } => {
                return format!("{otherwise}, add it to `files`, or name what makes it in `depends_on`");
            }
            Need::Path(_) => "correct the path, or name what makes it in `depends_on`",
            Need::Version(_) => {
                "choose one of those that `apt-cache madison NAME` lists on the host, or add a repository that has it to `package_repositories`"
            }
            Need::File { .. } => "add it to `files`, or name what makes it in `depends_on`",
            Need::User(_) => "add it to `users`, or name one that is there",
            Need::Group(_) => "add it to `groups`, or name one that is there",
            Need::Uid { .. } | Need::Gid { .. } => "choose another number, or leave it to the host",
            Need::Unused(_) => "give that user another group in `users`, or let it go too",
            Need::Unit(_) => {
                "add its package to `packages` or its file to `units`, or name what brings it in `depends_on`"
            }
            Need::Closed { attribute: Some(attribute), .. } => {
                return format!("choose another folder with `{attribute}`, or {CLOSE}");
            }
            Need::Closed { attribute: None, .. } => return format!("choose another folder, or {CLOSE}"),
            Need::Alone(_) => {
                return format!("name the account that it belongs to, not root, with `owner` or `as`, or {CLOSE}");
            }
            Need::Condition(_) => "mend that, or name what mends it in `depends_on`",
            Need::Revision(_) => "choose what is there, or name what makes it in `depends_on`",
            Need::Offer(_) => {
                "find its name with `apt-cache search` on the host, or add its repository to `package_repositories`"
            }
            Need::OnlyRoots(_) => "say whose it is (`su`), or close the folder to others in `directories`",
        };
        help.to_string()
    }

    /// Says what is lacking, and what helps; nothing where nothing is.
    pub fn refusal(lacks: &[Self]) -> Option<Refusal> {
        let missing: Vec<String> = lacks.iter().filter_map(Self::missing).collect();
        let mut words: Vec<String> = lacks.iter().filter_map(Self::obstacle).collect();
        if !missing.is_empty() {
            let them = if missing.len() == 1 { "it" } else { "them" };
            words.push(format!("the host has {}, and nothing before this makes {them}", missing.join(" and ")));
        }
        let mut help: Vec<String> = lacks.iter().map(Self::help).collect();
        help.dedup();
        (!words.is_empty()).then(|| Refusal { message: words.join("; "), help: help.join("; ") })
    }
}
