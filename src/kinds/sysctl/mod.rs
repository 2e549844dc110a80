//! `sysctl`: a parameter of the kernel, now and after the next start.

mod value;

use crate::model::{Changes, Content, Expect, Probe, ProbeOutput, Step, Value};
use crate::{expect, records, row, rows};

use crate::kinds::shared::owned_file::{NewFile, Written};
use crate::kinds::shared::program::program;
use crate::kinds::shared::system_file::{self, SystemFile};
use crate::resource::batch::parse_first;
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape};

/// A parameter of the kernel, now and after the next start.
pub struct Sysctl;

/// A parameter as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// Words with one blank between.
    value: String,
    /// The file that sets it when the host starts.
    content: Content,
}

/// A parameter as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// What the kernel has; not looked at where the parameter should be absent.
    value: Option<String>,
    /// The file that sets it when the host starts.
    file: Option<Found>,
}

/// Its file as it was found.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    text: String,
    owner: String,
    group: String,
    mode: String,
}

rows! {
    include_str!("probe.sh") => struct Asked { parameter, path }
    include_str!("judge.sh") =>
    /// What is set now.
    struct Set after Written { parameter, value }
}

records! {
    include_str!("probe.sh") => enum Seen {
        _ => Found { state, value, held, file, owner, group, mode },
    }
}

impl Kind for Sysctl {
    const KIND: &'static str = "sysctl";
    const SECTION: &'static str = "sysctls";
    const ATTRIBUTES: &'static [Attribute] = &[Attribute::required(
        "value",
        Shape::Scalar,
        "The value; neither how its words are spaced nor how its numbers are written makes a difference.",
    )];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A parameter of the kernel, now and after the next start.",
        name: "The parameter: `net.ipv4.ip_forward`. Where a part of it holds a dot, with slashes: \
               `net/ipv4/conf/eth0.100/forwarding`.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const OBSERVED_WITHOUT: &'static [&'static str] = &["value"];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let name = fields.name().to_string();
        let parts: Vec<&str> = name.split(['.', '/']).collect();
        let is_part =
            |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-:@+".contains(c));
        if parts.len() < 2 || !parts.iter().all(is_part) {
            let message = format!("`{name}` is not a parameter of the kernel");
            fields.error("name", message, "write it as `sysctl -a` has it: `net.ipv4.ip_forward`");
        }
        let value = fields.text("value").map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "));
        // The kernel has no words for these.
        let value = value.map(|value| match value.as_str() {
            "true" => "1".to_string(),
            "false" => "0".to_string(),
            _ => value,
        });
        if value.as_deref() == Some("") {
            fields.error(
                "value",
                "the value is empty",
                "write the value, or `state: absent` to leave it to the kernel",
            );
        }
        let value = value.unwrap_or_default();
        let content = Content::new(format!("# Written by infra.\n{name} = {value}\n").into_bytes());
        Desired { value, content }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        system_file::claims::<Self>(resource)
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let row = |resource: &&Resource<Desired>| {
            row![Asked { parameter: path(resource.name()), path: system_file::path::<Self>(resource) }]
        };
        Probe::new(include_str!("probe.sh"), all.iter().map(row).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = Vec::new();
        if let Some(value) = &observed.value {
            attributes.push(("value", value.as_str().into()));
        }
        attributes.push(("persistent", observed.file.as_ref().map(|file| held(&file.text)).into()));
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = resource.desired.value.as_str();
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else {
            changes.push("value", Value::Null, desired);
            changes.push("persistent", Value::Null, desired);
            return changes;
        };
        if !observed.value.as_deref().is_some_and(|found| value::same(found, desired)) {
            changes.compare("value", observed.value.clone(), desired);
        }
        let Some(file) = &observed.file else {
            changes.push("persistent", Value::Null, desired);
            return changes;
        };
        if Some(file.text.as_str()) != resource.desired.content.text() {
            changes.push("persistent", held(&file.text), desired);
        }
        changes.compare("owner", file.owner.as_str(), "root");
        changes.compare("group", file.group.as_str(), "root");
        changes.compare("mode", file.mode.as_str(), Self::MODE);
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        if resource.is_absent() {
            return Some(expect![Seen::Found { file: "" }]);
        }
        let Desired { value, content } = &resource.desired;
        Some(expect![Seen::Found {
            state: "present",
            value: value,
            held: content.text().unwrap_or_default(),
            file: "file",
            owner: "root",
            group: "root",
            mode: Self::MODE.trim_start_matches('0'),
        }])
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        system_file::steps(batch)
    }
}

impl SystemFile for Sysctl {
    const FOLDER: &'static str = "/etc/sysctl.d";
    const CALLED: [&'static str; 2] = ["parameter", "parameters"];
    /// Of one that is forgotten the kernel keeps the value.
    const DONE: [&'static str; 2] = ["set", "forget"];
    const WRITE: &'static str = program![system_file::BEGIN, include_str!("judge.sh"), system_file::FINISH];

    /// Returns a name that sorts last, which makes it the last word.
    fn file_name(name: &str) -> String {
        format!("99-zz-infra-{}.conf", path(name).replace('/', "."))
    }

    fn content(desired: &Desired) -> Option<&Content> {
        Some(&desired.content)
    }

    fn new_file<'a>(at: usize, planned: &Planned<'a, Self>) -> NewFile<'a> {
        let resource = planned.resource;
        let content = Some(&resource.desired.content).filter(|_| planned.sets("persistent"));
        let value = planned.sets("value").then_some(&resource.desired.value);
        NewFile {
            more: row![Set { parameter: path(resource.name()), value }],
            ..NewFile::of_root(at, system_file::path::<Self>(resource), Self::MODE, content)
        }
    }
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    let Seen::Found { state, value, held, file, owner, group, mode } = seen;
    let file = (file == "file").then(|| Found {
        text: held.to_string(),
        owner: owner.to_string(),
        group: group.to_string(),
        mode: format!("{mode:0>4}"),
    });
    if resource.is_absent() {
        return match file {
            Some(_) => Observation::Present(Observed { value: None, file }),
            None => Observation::Absent,
        };
    }
    match state {
        "present" => Observation::Present(Observed { value: Some(value.to_string()), file }),
        "unknown" => Observation::Failed(format!(
            "the kernel has no parameter {}: its name is wrong, or its module is not loaded",
            resource.name()
        )),
        "unreadable" => Observation::Failed(format!("the value of {} cannot be read", resource.name())),
        other => Observation::Failed(format!("its state {other} is none that is known")),
    }
}

/// Returns the path below `/proc/sys`: where the first separator is a dot, dots and slashes change places (sysctl.d(5)).
fn path(name: &str) -> String {
    match name.chars().find(|c| matches!(c, '.' | '/')) {
        Some('.') => name
            .chars()
            .map(|c| match c {
                '.' => '/',
                '/' => '.',
                other => other,
            })
            .collect(),
        _ => name.to_string(),
    }
}

/// Returns the value that a file sets, or that it was edited.
fn held(file: &str) -> String {
    let mut lines = file.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';']));
    match (lines.next().and_then(|line| line.split_once('=')), lines.next()) {
        (Some((_, value)), None) => value.split_whitespace().collect::<Vec<_>>().join(" "),
        (None, None) => "nothing".into(),
        _ => "something else".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_and_slashes_change_places() {
        assert_eq!(path("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
        assert_eq!(path("net.ipv4.conf.eth0/100.forwarding"), "net/ipv4/conf/eth0.100/forwarding");
        assert_eq!(path("net/ipv4/conf/eth0.100/forwarding"), "net/ipv4/conf/eth0.100/forwarding");
    }

    #[test]
    fn reads_what_a_file_sets() {
        assert_eq!(held("# x\nnet.core.a =  1\t2\n"), "1 2");
        assert_eq!(held("# x\n"), "nothing");
        assert_eq!(held("a = 1\nb = 2\n"), "something else");
    }
}
