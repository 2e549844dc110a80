//! What resources provide and require: the only way kinds meet.

use super::touches::is_below;
use super::{Need, Touches};

/// A namespace of claims. A new kind may bring its own; only [`Space::PATH`] has a rule beyond equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Space(pub &'static str);

impl Space {
    /// A path of the file system. Requiring one means: whatever provides it, or else its nearest provided ancestor.
    /// Whatever provides a path also comes after what provides its nearest provided ancestor.
    pub const PATH: Self = Self("path");
    /// A unix user, by name.
    pub const USER: Self = Self("user");
    /// A unix group, by name.
    pub const GROUP: Self = Self("group");
    /// Unix users that go: all of them share this, by the empty name.
    pub const GOING_USER: Self = Self("users that go");
    /// Unix groups that go: all of them share this, by the empty name.
    pub const GOING_GROUP: Self = Self("groups that go");
    /// A systemd unit, by its full name (`nginx.service`).
    pub const UNIT: Self = Self("unit");
    /// A service that runs, by its unit's full name.
    pub const SERVICE: Self = Self("service");
    /// A package of the host's package manager.
    pub const PACKAGE: Self = Self("package");
    /// A source of packages, by name.
    pub const PACKAGE_SOURCE: Self = Self("package source");
    /// A program that must be on the host, by name (`ufw`). What nothing is known to provide may come with any package.
    pub const PROGRAM: Self = Self("program");
    /// A folder that a web server serves, by path.
    pub const WEB_ROOT: Self = Self("web root");
    /// What enables a unit, by the unit's full name: its `[Install]`.
    pub const INSTALL: Self = Self("[Install] section of");
    /// The rules of the packet filter: all of them provide this, by the empty name.
    pub const FIREWALL: Self = Self("rules of the firewall");
    /// The whole content of a file, by path: who provides it allows nobody else to edit the file.
    pub const CONTENT: Self = Self("content of");
    /// The making of a file that others then edit, by path; only for [`Claims::follows`].
    pub const MAKING: Self = Self("making of");
    /// A file in which a secret is kept, by path.
    pub const KEPT: Self = Self("secrets kept in");
    /// Who provides the home of a user, by the user's name, as far as the spec says where that is, or something in it
    /// (`ada/.ssh/config`); only for [`Claims::follows`].
    pub const HOME: Self = Self("home of");
    /// Every path provided below this one; only for [`Claims::follows`] and [`Claims::reads_below`].
    pub const BELOW: Self = Self("paths below");
}

/// One thing provided or required.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Claim {
    pub space: Space,
    pub name: String,
}

impl Claim {
    pub fn new(space: Space, name: impl Into<String>) -> Self {
        Self { space, name: name.into() }
    }

    pub fn path(path: impl Into<String>) -> Self {
        Self::new(Space::PATH, path)
    }
}

impl From<&Need> for Claim {
    /// What a resource provides that makes it.
    fn from(need: &Need) -> Self {
        let space = match need {
            Need::Folder(_) | Need::File { .. } | Need::Path(_) | Need::OnlyRoots(_) => Space::PATH,
            Need::User(_) => Space::USER,
            Need::Group(_) => Space::GROUP,
            Need::Uid { .. } => Space("uid"),
            Need::Gid { .. } => Space("gid"),
            Need::Unused(_) => Space("unused group"),
            Need::Unit(_) => Space::UNIT,
            Need::Offer(_) | Need::Version(_) => Space::PACKAGE_SOURCE,
            Need::Closed { .. } | Need::Alone(_) | Need::Condition(_) | Need::Revision(_) => Space("condition"),
        };
        Self::new(space, need.name())
    }
}

/// Where in the order of a host a resource stands by habit. Edges from this are soft: they give way to real ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Looked at before anything changes.
    Requirement,
    /// Where packages come from.
    PackageSource,
    /// Packages: before what configures or runs them.
    Package,
    /// What packages may have started and is to be off; a run moves it here.
    Off,
    /// Requirements that waited for packages; a run moves them here.
    Brought,
    #[default]
    Normal,
    /// Packages that go, after what they run has gone; the graph moves them here.
    Removal,
    /// After everything.
    Check,
}

impl Phase {
    /// Says what it is, and what of its host comes before and after.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Requirement => "requirements, before anything changes",
            Self::PackageSource => "sources of packages, before all packages",
            Self::Package => "packages, after their sources and before all that is none",
            Self::Off => "what packages bring and is to be off, after those",
            Self::Brought => "requirements that packages bring, after those",
            Self::Normal => "everything that is no package, after all packages",
            Self::Removal => "packages that go, after everything else",
            Self::Check => "checks, last of all",
        }
    }
}

/// What one resource alone decides about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub claim: Claim,
    /// The attributes its name comes from: nothing is settled until they are known.
    pub by: &'static [&'static str],
}

/// What a resource provides and requires.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// What exists once the resource is in place. Two resources of one host that provide the same path, user, unit or
    /// content are an error.
    pub provides: Vec<Claim>,
    /// What it alone says how it is to be, under the system's own name for it, however the spec spells it. Two resources of
    /// one host that settle the same are an error, also where one of them should be absent.
    pub settles: Vec<Settled>,
    /// What exists too once it is in place, but may be declared by another resource as well (a user's home).
    pub shares: Vec<Claim>,
    /// What its observation reads, so that it is observed again once a provider has changed.
    pub reads: Vec<Claim>,
    /// What must be in place before, where the spec has it: what provides it comes first.
    pub requires: Vec<Claim>,
    /// What its steps do without on no account, and do not make: what neither the spec nor the host has is an error of the plan.
    pub needs: Vec<Need>,
    /// What it comes after where the spec has both; such an edge gives way where it would close a cycle.
    pub follows: Vec<Claim>,
    /// Of two things that others provide: which comes first, where the spec has both; such an edge gives way too.
    pub orders: Vec<(Claim, Claim)>,
    /// What it provides no part of, though others of its kind do: who requires that, and nobody provides it, is mistaken.
    pub excludes: Vec<Claim>,
    /// Whose provider is reloaded when it changes; something in the spec has to provide it.
    pub reloads: Vec<Claim>,
    /// Folders that it makes where they are missing. Who needs one before it makes it so, too.
    pub folders: Vec<Folder>,
    pub touches: Touches,
    pub phase: Phase,
}

/// A folder that is made with something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    pub path: String,
    /// Four octal digits.
    pub mode: &'static str,
}

impl Claims {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    pub fn provides(mut self, space: Space, name: impl Into<String>) -> Self {
        self.provides.push(Claim::new(space, name));
        self
    }

    /// Alone decides about something, whose name comes from these attributes besides the resource's own.
    pub fn settles(mut self, space: Space, name: impl Into<String>, by: &'static [&'static str]) -> Self {
        self.settles.push(Settled { claim: Claim::new(space, name), by });
        self
    }

    pub fn requires(mut self, space: Space, name: impl Into<String>) -> Self {
        self.requires.push(Claim::new(space, name));
        self
    }

    pub fn shares(mut self, space: Space, name: impl Into<String>) -> Self {
        self.shares.push(Claim::new(space, name));
        self
    }

    /// Reads something: requires it, and is observed again once its provider has changed.
    pub fn reads(mut self, space: Space, name: impl Into<String>) -> Self {
        let claim = Claim::new(space, name);
        self.requires.push(claim.clone());
        self.reads.push(claim);
        self
    }

    /// Reads a folder with all that is in it: whatever provides the folder comes first, and by habit what the spec puts
    /// into it; it is observed again once any of that has changed.
    pub fn reads_below(mut self, folder: impl Into<String>) -> Self {
        let folder = folder.into();
        self.reads.push(Claim::new(Space::BELOW, &folder));
        self.follows(Space::BELOW, &folder).reads(Space::PATH, folder)
    }

    /// Comes after files in the home of whoever runs its programs, root where nobody is named; after all in a folder where its
    /// name ends with a slash.
    pub fn follows_in_home(self, user: Option<&String>, files: &[&str]) -> Self {
        let user = user.map_or("root", String::as_str);
        files.iter().fold(self, |claims, file| claims.follows(Space::HOME, format!("{user}/{file}")))
    }

    /// Comes after something by habit.
    pub fn follows(mut self, space: Space, name: impl Into<String>) -> Self {
        self.follows.push(Claim::new(space, name));
        self
    }

    /// Comes after something by habit, and is observed again once its provider has changed.
    pub fn follows_and_reads(mut self, space: Space, name: impl Into<String>) -> Self {
        let claim = Claim::new(space, name);
        self.reads.push(claim.clone());
        self.follows.push(claim);
        self
    }

    /// Says which of two things comes first by habit.
    pub fn orders(mut self, first: Claim, then: Claim) -> Self {
        self.orders.push((first, then));
        self
    }

    /// Surely provides no such thing.
    pub fn excludes(mut self, space: Space, name: impl Into<String>) -> Self {
        self.excludes.push(Claim::new(space, name));
        self
    }

    /// Reloads what provides something when it changes.
    pub fn reloads(mut self, space: Space, name: impl Into<String>) -> Self {
        self.reloads.push(Claim::new(space, name));
        self
    }

    /// Makes a folder where it is missing.
    pub fn makes_folder(mut self, path: impl Into<String>, mode: &'static str) -> Self {
        self.folders.push(Folder { path: path.into(), mode });
        self
    }

    /// May change more than what it provides.
    pub fn touches(mut self, touches: Touches) -> Self {
        self.touches = touches;
        self
    }

    /// May change whatever lies below a path.
    pub fn touches_below(mut self, path: impl Into<String>) -> Self {
        match &mut self.touches {
            Touches::Below(paths) => paths.push(path.into()),
            Touches::Nothing => self.touches = Touches::Below(vec![path.into()]),
            Touches::System | Touches::Everything => {}
        }
        self
    }

    /// Returns whether something exists once it is in place.
    pub fn brings(&self, claim: &Claim) -> bool {
        self.provides.contains(claim) || self.shares.contains(claim)
    }

    /// Returns whether it makes a file that is what is needed.
    pub fn makes_file_of(&self, need: &Need) -> bool {
        let mut paths = self.provides.iter().chain(&self.shares).filter(|claim| claim.space == Space::PATH);
        paths.any(|claim| need.is_made_by(&claim.name))
    }

    /// Returns whether a change of it may bring this: a folder comes with what is below it.
    pub fn may_bring(&self, need: &Need) -> bool {
        let provides =
            |space: Space| self.provides.iter().chain(&self.shares).filter(move |claim| claim.space == space);
        match need {
            Need::Folder(path) | Need::File { path, .. } | Need::Path(path) => {
                self.touches.reaches(std::iter::once(path.as_str()))
                    || provides(Space::PATH).any(|claim| is_below(&claim.name, path))
            }
            // It is, or has above it, a folder whose owner and mode a resource changes.
            Need::Closed { path, .. } | Need::Alone(path) => {
                (self.touches != Touches::System && self.touches.reaches(std::iter::once(path.as_str())))
                    || provides(Space::PATH).any(|claim| is_below(path, &claim.name))
            }
            Need::OnlyRoots(path) => {
                self.touches.reaches(std::iter::once(path.as_str()))
                    || provides(Space::PATH).any(|claim| claim.name == *path)
            }
            Need::User(_) | Need::Group(_) => self.touches.reaches(std::iter::empty()),
            Need::Uid { .. } | Need::Gid { .. } | Need::Unused(_) => false,
            // What comes before a service provides its unit.
            Need::Unit(_) => self.touches.reaches(std::iter::empty()) || provides(Space::UNIT).next().is_some(),
            // A file may hold what decides about it; a folder tells nothing.
            Need::Condition(_) => {
                self.touches != Touches::Nothing || provides(Space::CONTENT).next().is_some() || self.starts()
            }
            Need::Revision(_) => !matches!(self.touches, Touches::Nothing | Touches::System) || self.starts(),
            Need::Offer(_) | Need::Version(_) => {
                self.touches == Touches::Everything || provides(Space::PACKAGE_SOURCE).next().is_some()
            }
        }
    }

    /// Returns whether a change of it may start something.
    fn starts(&self) -> bool {
        self.provides.iter().any(|claim| matches!(claim.space, Space::UNIT | Space::SERVICE))
    }

    /// Returns the paths that its observation looks at.
    pub fn looked_at(&self) -> impl Iterator<Item = &str> + Clone {
        let claims = self.provides.iter().chain(&self.shares).chain(&self.reads);
        claims.filter(|claim| claim.space == Space::PATH).map(|claim| claim.name.as_str())
    }

    /// Requires something only where it is given.
    pub fn requires_some(self, space: Space, name: Option<&String>) -> Self {
        match name {
            Some(name) => self.requires(space, name),
            None => self,
        }
    }

    /// Requires the folder that a path lies in.
    pub fn requires_folder_of(self, path: &str) -> Self {
        self.requires(Space::PATH, folder_of(path))
    }

    /// Needs owner and group of a path where they are named.
    pub fn owned_by(self, owner: Option<&String>, group: Option<&String>) -> Self {
        self.run_as(owner).in_group(group)
    }

    /// Needs the user that something is done as, where one is named.
    pub fn run_as(self, user: Option<&String>) -> Self {
        let claims = self.requires_some(Space::USER, user);
        user.into_iter().fold(claims, |claims, user| claims.needs(Need::User(user.clone())))
    }

    /// Needs the user that something is done as in a folder; root does it only where nobody else can exchange what is there.
    pub fn works_alone(self, user: Option<&String>, folder: &str) -> Self {
        let claims = self.run_as(user);
        match user.map(String::as_str) {
            None | Some("root") => claims.needs(Need::Alone(folder.into())),
            Some(_) => claims,
        }
    }

    /// Needs a group where one is named.
    pub fn in_group(self, group: Option<&String>) -> Self {
        let claims = self.requires_some(Space::GROUP, group);
        group.into_iter().fold(claims, |claims, group| claims.needs(Need::Group(group.clone())))
    }

    /// Needs something that its steps do not make. That it comes after what provides it is said with [`Self::requires`].
    pub fn needs(mut self, need: Need) -> Self {
        if need.may_be_lacking() {
            self.needs.push(need);
        }
        self
    }

    /// Needs a file where one is named, and comes after what provides it.
    pub fn needs_file(self, path: Option<&String>) -> Self {
        let claims = self.requires_some(Space::PATH, path);
        path.into_iter().fold(claims, |claims, path| claims.needs(Need::File { path: path.clone(), otherwise: None }))
    }

    /// Needs the folder that a path lies in. What provides the path comes after what provides the folder anyway.
    pub fn needs_folder_of(self, path: &str) -> Self {
        self.needs(Need::Folder(folder_of(path).to_string()))
    }
}

/// Returns the folder that a path lies in.
fn folder_of(path: &str) -> &str {
    match path.rsplit_once('/') {
        None | Some(("", _)) => "/",
        Some((folder, _)) => folder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_host_has_is_not_asked() {
        let claims = Claims::new()
            .owned_by(Some(&"root".into()), Some(&"0".into()))
            .owned_by(Some(&"app".into()), Some(&"www-data".into()))
            .run_as(Some(&String::new()))
            .needs_folder_of("/etc/app.conf")
            .needs_folder_of("/app.conf")
            .needs_folder_of("/opt/app/app.conf");
        let [user, group] = [Need::User("app".into()), Need::Group("www-data".into())];
        assert_eq!(claims.needs, [user, group, Need::Folder("/opt/app".into())]);
    }

    #[test]
    fn what_may_come_is_told_by_what_a_change_touches_and_provides() {
        let folder = Need::Folder("/opt/app".into());
        let user = Need::User("app".into());
        let below = Claims::new().provides(Space::PATH, "/opt/app/code");
        let home = Claims::new().touches_below("/opt");
        for (need, claims, expected) in [
            (&folder, Claims::new(), false),
            (&folder, below.clone(), true),
            (&folder, Claims::new().provides(Space::PATH, "/opt/apple"), false),
            (&folder, Claims::new().provides(Space::PATH, "/opt"), false),
            (&folder, home.clone(), true),
            (&folder, Claims::new().touches(Touches::System), true),
            (&Need::Folder("/home/app".into()), Claims::new().touches(Touches::System), false),
            (&Need::Alone("/srv/app/src".into()), Claims::new().provides(Space::PATH, "/srv/app"), true),
            (&Need::Alone("/srv/app".into()), Claims::new().provides(Space::PATH, "/srv/app/src"), false),
            (&Need::Alone("/usr/local/app".into()), Claims::new().touches(Touches::System), false),
            (&Need::Unit("a.service".into()), Claims::new().provides(Space::UNIT, "a@.service"), true),
            (&Need::Offer("a".into()), Claims::new().provides(Space::PACKAGE_SOURCE, "x"), true),
            (&Need::Offer("a".into()), Claims::new().touches(Touches::System), false),
            (&user, below, false),
            (&user, home, false),
            (&user, Claims::new().touches(Touches::System), true),
            (&user, Claims::new().touches(Touches::Everything), true),
        ] {
            assert_eq!(claims.may_bring(need), expected, "{need:?} {claims:?}");
        }
    }
}
