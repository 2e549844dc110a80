//! `symlink`: a symbolic link.

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::program::program;
use crate::model::{Changes, Expect, Probe, ProbeOutput, Row, Step, Value};
use crate::{expect, records, row, rows};

use crate::resource::batch::{by_state, count, parse_first};
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space};

/// A symbolic link.
pub struct Symlink;

/// A link as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    target: String,
    owner: Option<String>,
    group: Option<String>,
    force: bool,
}

/// A link as it was found, or what it would take the place of.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// What is there instead: `a file`, `an empty folder`.
    instead: Option<&'static str>,
    target: String,
    owner: String,
    group: String,
}

rows! {
    include_str!("probe.sh") => struct Asked { path }
    include_str!("apply.sh") => struct Wanted { path, target, owner, group }
    include_str!("remove.sh") => struct Going { path }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "symlink" => Symlink { owner, group, target },
        "directory" => Directory { owner, group, full },
        _ => Other { r#type, owner, group },
    }
}

impl Kind for Symlink {
    const KIND: &'static str = "symlink";
    const SECTION: &'static str = "symlinks";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::required("target", Shape::Text, "What it points to: a path, absolute or from the link's folder."),
        Attribute::optional("owner", Shape::Account, "The user that owns the link itself; left alone where left out."),
        Attribute::optional("group", Shape::Account, "The group that owns the link itself; left alone where left out."),
        Attribute::default("force", Shape::Bool, "false", "Takes the place of a file or an empty folder."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A symbolic link.",
        name: "The absolute path of the link.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const IS_NAMED_BY_PATH: bool = true;
    const STAYS: &'static [&'static str] = &["owner", "group"];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let target = fields.text("target").unwrap_or_default();
        if !fields.is_absent() && (target.is_empty() || target.contains(char::is_control)) {
            fields.error(
                "target",
                format!("{target:?} is no path a link can point to"),
                "write a path such as `../app`",
            );
        }
        Desired {
            target,
            owner: fields.text("owner"),
            group: fields.text("group"),
            force: fields.bool("force").unwrap_or_default(),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let desired = &resource.desired;
        let claims = Claims::new()
            .provides(Space::PATH, resource.name())
            .owned_by(desired.owner.as_ref(), desired.group.as_ref());
        let target = pointed_to(resource.name(), &desired.target);
        if desired.target.is_empty() || target == *resource.name() {
            return claims;
        }
        claims.requires(Space::PATH, target)
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        Probe::new(include_str!("probe.sh"), all.iter().map(|resource| row![Asked { path: resource.name() }]).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![
            ("target", shown(observed)),
            ("owner", observed.owner.as_str().into()),
            ("group", observed.group.as_str().into()),
        ]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else {
            changes.push("target", Value::Null, desired.target.as_str());
            changes.compare_if("owner", Value::Null, desired.owner.clone());
            changes.compare_if("group", Value::Null, desired.group.clone());
            return changes;
        };
        if changes.compare("target", shown(observed), desired.target.as_str()) && observed.instead.is_some() {
            changes.forces_replacement();
        }
        changes.compare_if("owner", observed.owner.as_str(), desired.owner.clone());
        changes.compare_if("group", observed.group.as_str(), desired.group.clone());
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let Desired { target, owner, group, .. } = &resource.desired;
        Some(match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::Symlink { owner: owner.as_ref(), group: group.as_ref(), target: target }],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, make, remove)
    }
}

/// Makes the one step that makes or changes all these links.
fn make(batch: &[Planned<'_, Symlink>], present: Vec<usize>) -> Step {
    let rows = present.iter().map(|&at| link_row(&batch[at])).collect();
    let purpose = format!("make or change {}", count(present.len(), "link", "links"));
    Step::new(program![BESIDE, include_str!("apply.sh")], present, purpose).rows(rows)
}

/// Makes the one step that removes all these links.
fn remove(batch: &[Planned<'_, Symlink>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![Going { path: batch[at].resource.name() }]).collect();
    let purpose = format!("remove {}", count(absent.len(), "link", "links"));
    Step::new(program![BESIDE, include_str!("remove.sh")], absent, purpose).rows(rows)
}

/// A link that is made anew keeps the owner that the spec leaves alone.
fn link_row(planned: &Planned<'_, Symlink>) -> Row {
    let desired = &planned.resource.desired;
    let (owner, group) = match planned.observed {
        Observation::Present(found) => (Some(&found.owner), Some(&found.group)),
        _ => (None, None),
    };
    row![Wanted {
        path: planned.resource.name(),
        target: &desired.target,
        owner: desired.owner.as_ref().or(owner),
        group: desired.group.as_ref().or(group),
    }]
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    let (instead, owner, group, target) = match seen {
        Seen::Symlink { owner, group, target } => (None, owner, group, target),
        Seen::Absent => return Observation::Absent,
        Seen::Denied => return Observation::Failed("a folder above it may not be searched by this account".into()),
        Seen::Other { r#type: "file", owner, group } => (Some("a file"), owner, group, ""),
        Seen::Directory { owner, group, full: "empty" } => (Some("an empty folder"), owner, group, ""),
        Seen::Directory { .. } => {
            return Observation::Failed("a folder that holds something is in its place; move it away".into());
        }
        Seen::Other { r#type: other, .. } => {
            return Observation::Failed(format!("it is there, but as {other}, not a symbolic link"));
        }
    };
    if let Some(instead) = instead
        && (!resource.desired.force || resource.is_absent())
    {
        let way = if resource.is_absent() { "it is left alone" } else { "`force: true` replaces it" };
        return Observation::Failed(format!("{instead} is in its place; {way}"));
    }
    Observation::Present(Observed {
        instead,
        target: target.to_string(),
        owner: owner.to_string(),
        group: group.to_string(),
    })
}

fn shown(observed: &Observed) -> Value {
    Value::text(observed.instead.map_or_else(|| observed.target.clone(), |instead| format!("({instead})")))
}

/// Returns the path a link points to, by its text alone.
fn pointed_to(link: &str, target: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
    let from = if target.starts_with('/') { "" } else { folder };
    for part in from.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::pointed_to;

    #[test]
    fn targets_are_taken_from_the_folder_of_the_link() {
        assert_eq!(
            pointed_to("/etc/nginx/sites-enabled/app", "../sites-available/app"),
            "/etc/nginx/sites-available/app"
        );
        assert_eq!(pointed_to("/opt/current", "/srv/./app/"), "/srv/app");
        assert_eq!(pointed_to("/opt/current", "../../x"), "/x");
        assert_eq!(pointed_to("/opt/current", "current"), "/opt/current");
    }
}
