//! `user`: a unix user.

mod password;

use std::collections::BTreeSet;

use crate::model::{Changes, Expect, Lock, Probe, ProbeOutput, Row, Secret, Step, Until, Value};
use crate::{expect, records, row, rows};

use crate::kinds::shared::{BESIDE, account::check_name, program::program};
use crate::resource::batch::{by_state, count, parse_first};
use crate::resource::{
    Attribute, Capabilities, Claim, Claims, Documentation, Erased, Fields, Kind, KnowsGoing, Need, Observation,
    Planned, Refusal, Resource, Shape, Space,
};

use password::{Password, PasswordLock};

/// A unix user.
pub struct User;

/// A user as the spec wants it; what is `None` is left alone.
#[derive(Clone, Debug)]
pub struct Desired {
    uid: Option<i64>,
    group: Option<String>,
    groups: BTreeSet<String>,
    exclusive_groups: bool,
    home: Option<String>,
    create_home: bool,
    shell: Option<String>,
    comment: Option<String>,
    /// Counts only when the user is made.
    system: bool,
    /// As `crypt(5)` has it.
    password: Option<Secret>,
    locked: Option<bool>,
    remove_home: bool,
    going: Vec<String>, // may have its number
}

/// A user as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    uid: i64,
    group: String,
    groups: BTreeSet<String>,
    home: String,
    /// Whether the home that the spec wants is there.
    has_home: bool,
    shell: String,
    comment: String,
    /// Whether its password is the one wanted; it is compared on the host.
    password: Password,
    lock: PasswordLock,
    /// Its home goes with it.
    loses_home: bool,
}

rows! {
    include_str!("probe.sh") => struct Asked {
        name, wanted_groups, exclusive, wanted_home, wanted_password, wanted_locked, looks_at_password
    }
    include_str!("apply.sh") => struct Wanted {
        name, words, uid, group, groups, home, shell, comment, password, locked, going
    }
    include_str!("remove.sh") => struct Going { name, remove_home }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "no-useradd" => NoUseradd,
        "present" => Present { uid, group, home, shell, in_groups, has_home, password, locked, comment, groups },
    }
}

impl Kind for User {
    const KIND: &'static str = "user";
    const SECTION: &'static str = "users";
    const HOLDS_DATA: bool = true;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional(
            "uid",
            Shape::Integer { min: 0, max: 4_294_967_294 },
            "Its number; the host chooses one where left out.",
        ),
        Attribute::optional(
            "group",
            Shape::Account,
            "Its primary group; for a new user, one of its own name where left out.",
        ),
        Attribute::optional("groups", Shape::List(&Shape::Account), "Groups that it belongs to besides."),
        Attribute::default(
            "exclusive_groups",
            Shape::Bool,
            "false",
            "Whether it belongs to no other groups than these; others are left alone where false.",
        ),
        Attribute::optional("home", Shape::Path, "Its home; /home/NAME for a new user where left out."),
        Attribute::optional(
            "create_home",
            Shape::Bool,
            "Whether its home is made where it is missing; true where left out, but for system users.",
        ),
        Attribute::optional(
            "shell",
            Shape::Path,
            "Its login shell; for a new user, the host's default where left out.",
        ),
        Attribute::optional("comment", Shape::Text, "Its full name or purpose (GECOS)."),
        Attribute::default(
            "system",
            Shape::Bool,
            "false",
            "Whether the host chooses from the numbers for system users; counts only when the user is made.",
        ),
        Attribute::optional(
            "password",
            Shape::Text,
            "Its password as a crypt(5) hash, which may be a secret, or \"*\" for none; left alone where left out.",
        ),
        Attribute::optional("locked", Shape::Bool, "Whether its password is locked; left alone where left out."),
        Attribute::default(
            "remove_home",
            Shape::Bool,
            "false",
            "With `state: absent`: whether its home and mail go as well.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A unix user.",
        name: "The user's name.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const STAYS: &'static [&'static str] =
        &["uid", "group", "groups", "home", "shell", "comment", "password", "locked"];
    const CAPABILITIES: Capabilities = Erased::<Self>::KNOWS_GOING;
    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        check_name::<Self>(fields);
        let comment = fields.text("comment");
        if comment.as_deref().is_some_and(|comment| comment.contains([':', '\n']) || comment.contains(char::is_control))
        {
            fields.error("comment", "a comment cannot hold `:` or line breaks", "write it in one line without `:`");
        }
        let home = fields.text("home");
        let shell = fields.text("shell");
        for (attribute, path) in [("home", &home), ("shell", &shell)] {
            if path.as_deref().is_some_and(|path| path.contains(':')) {
                fields.error(attribute, "the user database cannot hold a path with `:`", "choose another path");
            }
        }
        let password = fields.secret("password");
        if password.as_ref().is_some_and(|password| !password::is_hash(password.expose())) {
            fields.error(
                "password",
                "`password` is not a hash as crypt(5) has it",
                "make one with `mkpasswd` or `openssl passwd -6`; \"*\" stands for no password",
            );
        }
        let remove_home = fields.bool("remove_home").unwrap_or_default();
        if remove_home && !fields.is_absent() {
            fields.error(
                "remove_home",
                "`remove_home` is for a user that goes",
                "add `state: absent`, or leave `remove_home` out",
            );
        }
        let system = fields.bool("system").unwrap_or_default();
        Desired {
            uid: fields.integer("uid"),
            group: fields.text("group"),
            groups: fields.texts("groups").into_iter().collect(),
            exclusive_groups: fields.bool("exclusive_groups").unwrap_or_default(),
            home,
            create_home: fields.bool("create_home").unwrap_or(!system),
            shell,
            comment,
            system,
            password,
            locked: fields.bool("locked"),
            remove_home,
            going: Vec::new(),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let name = resource.name();
        let desired = &resource.desired;
        let group = desired.group.as_deref().unwrap_or(name);
        let mut claims = Claims::new().provides(Space::USER, name).requires(Space::GROUP, group);
        // Its primary group on the host may be another than the spec has, and cannot go before the user goes or changes it.
        claims = claims.follows(Space::GOING_GROUP, "").follows(Space::PATH, "/etc/default/useradd");
        if resource.is_absent() {
            claims = claims.shares(Space::GOING_USER, "");
        } else if let Some(uid) = desired.uid {
            let number = uid.to_string();
            claims = claims.settles(Space("uid"), &number, &["uid"]).needs(Need::Uid { number, of: name.into() });
        }
        // useradd makes a group of the user's own name, and no other.
        claims = match group == name {
            true => claims.shares(Space::GROUP, name),
            false => claims.needs(Need::Group(group.into())),
        };
        match &desired.home {
            Some(home) => claims = with_home(claims, home),
            None if desired.create_home => claims = with_home(claims, &format!("/home/{name}")),
            None => {}
        }
        desired.groups.iter().fold(claims, |claims, group| claims.in_group(Some(group)))
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(include_str!("probe.sh"), all.iter().map(|resource| probe_row(resource)).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = vec![
            ("uid", observed.uid.into()),
            ("group", observed.group.as_str().into()),
            ("groups", list(&observed.groups)),
            ("home", observed.home.as_str().into()),
            ("shell", observed.shell.as_str().into()),
            ("comment", observed.comment.as_str().into()),
        ];
        if observed.loses_home {
            attributes.push(("home_folder", observed.home.as_str().into()));
        }
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        if let Observation::Present(observed) = observed {
            changes.compare_if("uid", observed.uid, desired.uid);
            changes.compare_if("group", observed.group.as_str(), desired.group.clone());
            changes.compare("groups", list(&observed.groups), list(&groups_after(desired, observed)));
            changes.compare_if("home", observed.home.as_str(), desired.home.clone());
            if desired.create_home {
                changes.compare("create_home", observed.has_home, true);
            }
            changes.compare_if("shell", observed.shell.as_str(), desired.shell.clone());
            changes.compare_if("comment", observed.comment.as_str(), desired.comment.clone());
            if let Some(password) = desired.password.as_ref().filter(|_| observed.password == Password::Differs) {
                changes.push("password", Secret::new(""), password.clone());
            }
            changes.compare_if("locked", observed.lock != PasswordLock::Open, desired.locked);
        } else {
            let later = || Value::Unknown(Until::applied(resource.address.clone()));
            changes.push("uid", Value::Null, desired.uid.map_or_else(later, Value::from));
            changes.compare_if("group", Value::Null, desired.group.clone());
            if !desired.groups.is_empty() {
                changes.push("groups", Value::Null, list(&desired.groups));
            }
            changes.compare_if("home", Value::Null, desired.home.clone());
            changes.push("create_home", Value::Null, desired.create_home);
            changes.compare_if("shell", Value::Null, desired.shell.clone());
            changes.compare_if("comment", Value::Null, desired.comment.clone());
            if desired.system {
                changes.push("system", Value::Null, true);
            }
            changes.compare_if("password", Value::Null, desired.password.clone());
            changes.compare_if("locked", Value::Null, desired.locked);
        }
        changes
    }

    fn refusal(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Option<Refusal> {
        let Desired { locked, password, .. } = &resource.desired;
        let lock = observed.found().map_or(PasswordLock::None, |found| found.lock);
        lock.refusal(*locked, password.is_some()).filter(|_| !resource.is_absent())
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        if resource.is_absent() {
            return Some(expect![Seen::Absent]);
        }
        let desired = &resource.desired;
        Some(expect![Seen::Present {
            uid: desired.uid.map(|uid| uid.to_string()),
            group: desired.group.as_ref(),
            home: desired.home.as_ref(),
            shell: desired.shell.as_ref(),
            in_groups: (!desired.groups.is_empty() || desired.exclusive_groups).then_some("yes"),
            has_home: desired.create_home.then_some("yes"),
            password: desired.password.is_some().then_some("same"),
            locked: desired.locked.map(yes_no),
            comment: desired.comment.as_ref(),
        }])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, make, remove)
    }
}

/// A home that something else makes is made by that, with its owner and mode, and not from /etc/skel.
fn with_home(claims: Claims, home: &str) -> Claims {
    claims.shares(Space::PATH, home).follows(Space::PATH, home).follows(Space::BELOW, "/etc/skel").touches_below(home)
}

const APPLY: &str = program![BESIDE, include_str!("../shared/room.sh"), include_str!("apply.sh")];

impl KnowsGoing for User {
    fn set_going(desired: &mut Desired, names: Vec<String>) {
        desired.going = names;
    }
}

/// Makes the one step that makes or changes all these users.
fn make(batch: &[Planned<'_, User>], present: Vec<usize>) -> Step {
    let rows = present.iter().map(|&at| apply_row(&batch[at])).collect();
    let purpose = format!("make or change {}", count(present.len(), "user", "users"));
    Step::new(APPLY, present, purpose).rows(rows).locks(&[Lock::ACCOUNTS])
}

/// Makes the one step that removes all these users.
fn remove(batch: &[Planned<'_, User>], absent: Vec<usize>) -> Step {
    let row = |&at: &usize| {
        let resource = batch[at].resource;
        row![Going { name: resource.name(), remove_home: resource.desired.remove_home }]
    };
    let rows = absent.iter().map(row).collect();
    let purpose = format!("remove {}", count(absent.len(), "user", "users"));
    Step::new(include_str!("remove.sh"), absent, purpose).rows(rows).locks(&[Lock::ACCOUNTS])
}

fn probe_row(resource: &Resource<Desired>) -> Row {
    let desired = &resource.desired;
    let looks_at_password = !resource.is_absent() && (desired.password.is_some() || desired.locked.is_some());
    row![Asked {
        name: resource.name(),
        wanted_groups: joined(&desired.groups),
        exclusive: desired.exclusive_groups,
        wanted_home: desired.home.as_ref(),
        wanted_password: desired.password.clone(),
        wanted_locked: desired.locked.map(yes_no),
        looks_at_password,
    }]
}

/// Sets what the plan changes, and everything for a new user: it may have come with a package meanwhile.
fn apply_row(planned: &Planned<'_, User>) -> Row {
    let (desired, found) = (&planned.resource.desired, planned.observed.found());
    let sets = |attribute: &str| planned.sets(attribute);
    let mut words = Vec::new();
    if desired.create_home && (sets("create_home") || sets("home")) {
        words.push("home");
    }
    if desired.system {
        words.push("system");
    }
    if desired.exclusive_groups && sets("groups") {
        words.push("only");
    }
    if desired.comment.is_some() && sets("comment") {
        words.push("comment");
    }
    let password = desired.password.as_ref().filter(|_| sets("password"));
    // Setting a password unlocks it; one that was locked stays so where the spec says nothing about it.
    let was_locked = found.is_some_and(|found| found.lock == PasswordLock::Locked);
    let locked = match desired.locked {
        Some(true) if password.is_none() && found.is_none() => None,
        Some(locked) if password.is_some() || sets("locked") => (locked || password.is_none()).then_some(locked),
        None if password.is_some() && was_locked => Some(true),
        _ => None,
    };
    row![Wanted {
        name: planned.resource.name(),
        words: words.join(" "),
        uid: desired.uid.filter(|_| sets("uid")).map(|uid| uid.to_string()),
        group: desired.group.as_ref().filter(|_| sets("group")),
        groups: joined(&desired.groups).filter(|_| sets("groups")),
        home: desired.home.as_ref().filter(|_| sets("home")),
        shell: desired.shell.as_ref().filter(|_| sets("shell")),
        comment: desired.comment.as_ref().filter(|_| sets("comment")),
        password: password.cloned(),
        locked: locked.map(yes_no),
        going: desired.uid.filter(|_| sets("uid")).map(|_| desired.going.join(",")),
    }]
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    match seen {
        Seen::NoUseradd if !resource.is_absent() => Observation::Later {
            needs: Claim::new(Space::PROGRAM, "useradd"),
            reason: "the host has no useradd to make it with (hosts with Busybox's adduser are not supported)".into(),
        },
        Seen::Absent | Seen::NoUseradd => Observation::Absent,
        Seen::Present { password: "unread", .. } => {
            Observation::Failed("its password may not be read by this account; `become: true` reads it as root".into())
        }
        Seen::Present { uid, group, home, shell, in_groups: _, has_home, password, locked, comment, groups } => {
            let Ok(uid) = uid.parse() else {
                return Observation::Failed(format!("its number is `{uid}`"));
            };
            let has_home = has_home == "yes";
            Observation::Present(Observed {
                uid,
                group: group.to_string(),
                home: home.to_string(),
                shell: shell.to_string(),
                has_home,
                password: if password == "same" { Password::Same } else { Password::Differs },
                lock: match locked {
                    "yes" => PasswordLock::Locked,
                    "none" => PasswordLock::None,
                    _ => PasswordLock::Open,
                },
                comment: comment.to_string(),
                groups: groups.split(',').filter(|group| !group.is_empty()).map(String::from).collect(),
                loses_home: resource.is_absent() && resource.desired.remove_home && has_home,
            })
        }
    }
}

/// Returns the groups besides the primary one that the user will be in.
fn groups_after(desired: &Desired, observed: &Observed) -> BTreeSet<String> {
    let primary = desired.group.as_ref().unwrap_or(&observed.group);
    let mut groups = desired.groups.clone();
    if !desired.exclusive_groups {
        groups.extend(observed.groups.iter().cloned());
    }
    // To be in its primary group is no membership of its own.
    groups.remove(primary);
    groups
}

fn joined(names: &BTreeSet<String>) -> Option<String> {
    (!names.is_empty()).then(|| names.iter().map(String::as_str).collect::<Vec<_>>().join(","))
}

fn list(names: &BTreeSet<String>) -> Value {
    names.iter().map(String::as_str).collect::<Vec<_>>().into()
}

fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
