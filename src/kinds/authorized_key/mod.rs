//! `authorized_key`: a public key that may log in as a user.

mod public_key;

use crate::kinds::shared::BESIDE;
use crate::model::{Changes, Expect, Lock, Probe, ProbeOutput, Step, Value};
use crate::{expect, records, row, rows};

use crate::kinds::shared::REPLACE;
use crate::kinds::shared::program::program;
use crate::resource::batch::{by_state, parse_first};
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space,
};

use public_key::PublicKey;

/// A public key that may log in as a user.
pub struct AuthorizedKey;

/// A line of a user's file of keys.
#[derive(Clone, Debug)]
pub struct Desired {
    user: String,
    key: PublicKey,
    /// Empty for none.
    options: String,
    /// The file of keys, where it is not the one in the user's home.
    path: Option<String>,
}

/// A key as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    key: String,
    options: String,
    /// Who owns the folder and the file and what their modes are; `None` where that is not looked after.
    access: Option<Access>,
}

/// Owner and mode of the folder of keys and of the file in it: sshd ignores keys that others could change.
#[derive(Clone, Debug, PartialEq)]
struct Access {
    folder_owner: String,
    folder_mode: String,
    owner: String,
    mode: String,
}

const FOLDER_MODE: &str = "0700";
const MODE: &str = "0600";

const PROBE: &str = concat!(include_str!("find.sh"), include_str!("probe.sh"));
const APPLY: &str = program![include_str!("find.sh"), REPLACE, BESIDE, include_str!("apply.sh")];

rows! {
    include_str!("probe.sh") => struct Asked { user, own_path, r#type, blob }
    include_str!("apply.sh") => struct Wanted { user, path, r#type, blob, line }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "no-user" => NoUser,
        "present" => Present { options, folder_owner, folder_mode, owner, mode },
        "present" => Elsewhere { options },
        _ => Unreadable { why },
    }
}

impl Kind for AuthorizedKey {
    const KIND: &'static str = "authorized_key";
    const SECTION: &'static str = "authorized_keys";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required("user", Shape::Account, "The user it may log in as."),
        Attribute::required("key", Shape::Text, "The public key, one line as ssh-keygen writes it."),
        Attribute::optional(
            "options",
            Shape::Text,
            "What stands before the key, as sshd(8) has it: `restrict,from=\"10.0.0.0/8\"`; nothing where left out.",
        ),
        Attribute::optional(
            "path",
            Shape::Path,
            "The file of keys; .ssh/authorized_keys in the user's home where left out.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A public key that may log in as a user.",
        name: "Any words that say whose key it is.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        for attribute in ["user", "key"] {
            if fields.is_absent() && !fields.has(attribute) {
                fields.error(
                    attribute,
                    format!("`{attribute}` is required"),
                    "a key that should go is found by its `user` and `key` too",
                );
            }
        }
        let text = fields.text("key").unwrap_or_default();
        let key = PublicKey::parse(&text).unwrap_or_else(|wrong| {
            if fields.has("key") {
                fields.error("key", wrong.to_string(), wrong.help());
            }
            PublicKey::default()
        });
        let options = fields.text("options").unwrap_or_default().trim().to_string();
        if options.contains(char::is_control) {
            fields.error(
                "options",
                "the options of a key stand in one line",
                "write them in one line, with commas between",
            );
        } else if let Some(at) = unquoted_blank(&options) {
            fields.error(
                "options",
                format!("there is a blank outside quotes after `{}`", &options[..at]),
                "separate options with commas, and put values with blanks into double quotes",
            );
        }
        Desired { user: fields.text("user").unwrap_or_default(), key, options, path: fields.text("path") }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let Desired { user, key, path, .. } = &resource.desired;
        // A key stands once in a file, whatever its options and comment are.
        let home = if user == "root" { "/root".into() } else { format!("/home/{user}") };
        let file = path.clone().unwrap_or_else(|| format!("{home}/.ssh/authorized_keys"));
        let claims = Claims::new().requires(Space::USER, user).settles(
            Space("key"),
            format!("{} of {user} in {file}", key.blob()),
            &["user", "key", "path"],
        );
        match path {
            Some(path) => {
                let claims = claims.shares(Space::PATH, path).requires(Space::PATH, parent(path));
                claims.follows(Space::MAKING, path)
            }
            None => claims.follows(Space::HOME, user),
        }
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all
            .iter()
            .map(|resource| {
                let Desired { user, key, path, .. } = &resource.desired;
                row![Asked { user, own_path: path.as_ref(), r#type: key.kind(), blob: key.blob() }]
            })
            .collect();
        Probe::new(PROBE, rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, |seen, resource| observation(seen, &resource.desired))
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = vec![("key", observed.key.as_str().into())];
        if !observed.options.is_empty() {
            attributes.push(("options", observed.options.as_str().into()));
        }
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        if let Observation::Present(observed) = observed {
            changes.compare("options", observed.options.as_str(), desired.options.as_str());
            if let Some(access) = &observed.access {
                changes.compare("folder_owner", access.folder_owner.as_str(), desired.user.as_str());
                changes.compare("folder_mode", access.folder_mode.as_str(), FOLDER_MODE);
                changes.compare("owner", access.owner.as_str(), desired.user.as_str());
                changes.compare("mode", access.mode.as_str(), MODE);
            }
        } else {
            changes.push("user", Value::Null, desired.user.as_str());
            changes.push("key", Value::Null, desired.key.text());
            if !desired.options.is_empty() {
                changes.push("options", Value::Null, desired.options.as_str());
            }
            changes.compare_if("path", Value::Null, desired.path.clone());
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let Desired { user, options, path, .. } = &resource.desired;
        Some(match path {
            _ if resource.is_absent() => expect![Seen::Absent],
            Some(_) => expect![Seen::Elsewhere { options: options }],
            None => expect![Seen::Present {
                options: options,
                folder_owner: user,
                folder_mode: FOLDER_MODE,
                owner: user,
                mode: MODE,
            }],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, |batch, covers| step(batch, "write", covers), |batch, covers| step(batch, "remove", covers))
    }
}

/// Makes the one step that writes or removes all these keys.
fn step(batch: &[Planned<'_, AuthorizedKey>], verb: &str, covers: Vec<usize>) -> Step {
    let row = |&at: &usize| {
        let resource = batch[at].resource;
        let Desired { user, key, options, path } = &resource.desired;
        let line = match (resource.is_absent(), options.as_str()) {
            (true, _) => String::new(),
            (false, "") => key.text(),
            (false, options) => format!("{options} {}", key.text()),
        };
        row![Wanted { user, path: path.as_ref(), r#type: key.kind(), blob: key.blob(), line }]
    };
    let rows = covers.iter().map(row).collect();
    let purpose = match covers.len() {
        1 => format!("{verb} 1 authorized key"),
        keys => format!("{verb} {keys} authorized keys"),
    };
    // Two steps on one file would undo each other.
    Step::new(APPLY, covers, purpose).rows(rows).locks(&[Lock::ACCOUNTS])
}

fn observation(seen: Seen<'_>, desired: &Desired) -> Observation<Observed> {
    let found = |options: &str, access| {
        Observation::Present(Observed { key: desired.key.text(), options: options.to_string(), access })
    };
    match seen {
        Seen::Absent => Observation::Absent,
        Seen::NoUser => Observation::Later {
            needs: Claim::new(Space::USER, &desired.user),
            reason: format!("there is no user {}", desired.user),
        },
        Seen::Present { options, folder_owner, folder_mode, owner, mode } => {
            let access = Access {
                folder_owner: folder_owner.into(),
                folder_mode: folder_mode.into(),
                owner: owner.into(),
                mode: mode.into(),
            };
            found(options, Some(access))
        }
        Seen::Elsewhere { options } => found(options, None),
        Seen::Unreadable { why } => Observation::Failed(why.to_string()),
    }
}

/// Returns where the first blank outside double quotes is; sshd would end the options there.
fn unquoted_blank(options: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    options.char_indices().find_map(|(at, c)| {
        match c {
            '"' if !escaped => quoted = !quoted,
            ' ' | '\t' if !quoted => return Some(at),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        None
    })
}

fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((parent, _)) if !parent.is_empty() => parent,
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::unquoted_blank;

    #[test]
    fn finds_blanks_outside_quotes() {
        assert_eq!(unquoted_blank(r#"restrict,command="a \" b",pty"#), None);
        assert_eq!(unquoted_blank("restrict, pty"), Some(9));
        assert_eq!(unquoted_blank(r#"command="a" b"#), Some(11));
    }
}
