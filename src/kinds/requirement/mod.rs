//! `requirement`: what a host must bring before anything is changed on it.

mod version;

use crate::model::{Changes, Probe, ProbeOutput, Step, Value, YamlNode};
use crate::{records, row, rows};

use crate::resource::batch::parse_first;
use crate::resource::parse_size;
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Mode, Observation, Phase, Planned, Resource, Shape, Space,
};

use version::Bounds;

/// What a host must bring before anything is changed on it.
pub struct Requirement;

/// What is required.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    cpus: Option<u64>,
    /// As it was written, and in bytes.
    memory: Option<(String, u64)>,
    disk: Option<Disk>,
    os_family: Vec<String>,
    /// Names, each perhaps with bounds.
    os: Vec<(String, Option<Bounds>)>,
    architecture: Vec<String>,
    program: Option<Program>,
}

#[derive(Clone, Debug)]
struct Disk {
    path: String,
    /// As it was written, and in bytes.
    free: (String, u64),
}

#[derive(Clone, Debug)]
struct Program {
    name: String,
    version: Option<Bounds>,
    version_command: Option<String>,
}

/// What the host brings; 0 or empty where it could not be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    cpus: u64,
    /// In bytes.
    memory: u64,
    id: String,
    id_like: String,
    version_id: String,
    machine: String,
    /// In bytes.
    free: u64,
    /// `None` where the program is not there; empty where its version could not be told.
    program: Option<String>,
}

const DISK: &[Attribute] = &[
    Attribute::default("path", Shape::Path, "/", "A folder on that file system; it need not be there yet."),
    Attribute::required("free", Shape::Size, "How much must be free."),
];

const PROGRAM: &[Attribute] = &[
    Attribute::required("name", Shape::Text, "Its name in the search path, or its path."),
    Attribute::optional("version", Shape::Text, "Bounds: `>=3.8`, `>=3.8,<4`, or `=3.11` for any 3.11."),
    Attribute::optional(
        "version_command",
        Shape::Text,
        "A command that changes nothing and prints the version; `NAME --version` where left out.",
    ),
];

const FAMILY: Shape = Shape::OneOf(&["debian", "redhat", "alpine", "arch", "suse"]);

rows! {
    include_str!("probe.sh") => struct Asked { disk, program, command, asks }
}

records! {
    include_str!("probe.sh") => enum Seen {
        _ => Host { cpus, memory, id, id_like, version_id, machine, space, there, version },
    }
}

impl Kind for Requirement {
    const KIND: &'static str = "requirement";
    const SECTION: &'static str = "requirements";
    const KIND_MODE: Mode = Mode::Requirement;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional("cpus", Shape::Integer { min: 1, max: 100_000 }, "How many processors it has at least."),
        Attribute::optional("memory", Shape::Size, "How much memory it has at least, as its maker counts it."),
        Attribute::optional("disk", Shape::Object(DISK), "Free space on a file system."),
        Attribute::optional(
            "os_family",
            Shape::Either(&[FAMILY, Shape::List(&FAMILY)]),
            "The family of its system, or several of which any will do.",
        ),
        Attribute::optional(
            "os",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "Its system by the ID of os-release(5), perhaps with bounds, such as `debian` or `debian >=12`; or several of \
             which any will do.",
        ),
        Attribute::optional(
            "architecture",
            Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
            "Its machine, such as `x86_64` or `aarch64`, or several of which any will do.",
        ),
        Attribute::optional("program", Shape::Object(PROGRAM), "A program that is there, perhaps of some version."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "What a host must bring before anything is changed on it.",
        name: "Any words that say what it is about.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        if fields.is_absent() {
            return Desired::default();
        }
        let names = Self::ATTRIBUTES.iter().map(|attribute| attribute.name);
        if !names.into_iter().any(|name| fields.has(name)) {
            fields.error("cpus", "it requires nothing", "say what the host must bring, such as `memory: 2GB`");
        }
        Desired {
            cpus: fields.integer("cpus").and_then(|cpus| cpus.try_into().ok()),
            memory: fields.text("memory").map(sized),
            disk: disk(fields),
            os_family: fields.texts("os_family"),
            os: systems(fields),
            architecture: fields.texts("architecture").into_iter().map(|name| machine(&name).to_string()).collect(),
            program: program(fields),
        }
    }

    fn claims(_resource: &Resource<Desired>) -> Claims {
        Claims::new().phase(Phase::Requirement)
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all
            .iter()
            .map(|resource| {
                let disk = resource.desired.disk.as_ref().map(|disk| &disk.path);
                let program = resource.desired.program.as_ref();
                let asks = program.is_some_and(|program| program.version.is_some());
                let command = program.and_then(|program| program.version_command.as_ref()).filter(|_| asks);
                row![Asked { disk, program: program.map(|program| &program.name), command, asks }]
            })
            .collect();
        Probe::new(include_str!("probe.sh"), rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![
            ("cpus", number(observed.cpus)),
            ("memory", size(observed.memory).into()),
            ("os", system(observed).into()),
            ("architecture", observed.machine.as_str().into()),
        ]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let Desired { cpus, memory, disk, os_family, os, architecture, program } = &resource.desired;
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else { return changes };
        if let Some(cpus) = cpus.filter(|cpus| observed.cpus < *cpus) {
            changes.push("cpus", number(observed.cpus), format!("at least {cpus}"));
        }
        // A machine of 2 GiB shows less: firmware and kernel keep some for themselves.
        if let Some((text, _)) = memory.as_ref().filter(|(_, bytes)| observed.memory < bytes - bytes / 10) {
            changes.push("memory", size(observed.memory), format!("at least {text}"));
        }
        if let Some(disk) = disk.as_ref().filter(|disk| observed.free < disk.free.1) {
            let free = format!("{} free in {}", size(observed.free), disk.path);
            changes.push("disk", free, format!("at least {}", disk.free.0));
        }
        if !os_family.is_empty() && !family(observed).is_some_and(|name| os_family.iter().any(|wanted| wanted == name))
        {
            changes.push("os_family", family(observed).unwrap_or("unknown"), os_family.join(" or "));
        }
        let is_this = |(name, bounds): &(String, Option<Bounds>)| {
            *name == observed.id && bounds.as_ref().is_none_or(|bounds| bounds.hold(&observed.version_id))
        };
        if !os.is_empty() && !os.iter().any(is_this) {
            let wanted: Vec<String> = os.iter().map(words).collect();
            changes.push("os", system(observed), wanted.join(" or "));
        }
        if !architecture.is_empty() && !architecture.iter().any(|name| name == machine(&observed.machine)) {
            changes.push("architecture", observed.machine.as_str(), architecture.join(" or "));
        }
        if let Some(program) = program {
            let wanted = program.version.as_ref().map_or_else(|| "there".to_string(), ToString::to_string);
            let attribute = format!("the program {}", program.name);
            match &observed.program {
                None => changes.push(&attribute, "missing", wanted),
                Some(version) if program.version.as_ref().is_some_and(|bounds| !bounds.hold(version)) => {
                    changes.push(&attribute, version.as_str(), wanted);
                }
                Some(_) => {}
            }
        }
        changes
    }

    fn steps(_batch: &[Planned<'_, Self>]) -> Vec<Step> {
        Vec::new()
    }
}

fn disk(fields: &mut Fields<'_>) -> Option<Disk> {
    let node = fields.node("disk")?;
    // Also remembers what is known only later.
    fields.value("disk");
    let path = node.get("path").and_then(YamlNode::as_text).unwrap_or("/").to_string();
    Some(Disk { path, free: sized(scalar(node.get("free"))) })
}

fn program(fields: &mut Fields<'_>) -> Option<Program> {
    let node = fields.node("program")?;
    fields.value("program");
    let text = |key: &str| node.get(key).and_then(YamlNode::as_text).map(String::from);
    let name = text("name").unwrap_or_default();
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-/@".contains(&byte);
    if name.is_empty() || name.starts_with('-') || !name.bytes().all(is_name) {
        fields.error("program", format!("`{name}` is not the name of a program"), "write it as `python3`");
    }
    let version = text("version").and_then(|version| {
        let bounds = Bounds::parse(&version);
        if bounds.is_none() {
            fields.error("program", format!("`{version}` says no bounds of a version"), "write `>=3.8` or `>=3.8,<4`");
        }
        bounds
    });
    Some(Program { name, version, version_command: text("version_command") })
}

fn systems(fields: &mut Fields<'_>) -> Vec<(String, Option<Bounds>)> {
    let mut systems = Vec::new();
    for text in fields.texts("os") {
        let (name, bounds) = text.split_once(' ').map_or((text.as_str(), None), |(name, rest)| (name, Some(rest)));
        let parsed = bounds.map(Bounds::parse);
        if parsed == Some(None) {
            let help = "write `debian`, `debian >=12` or `ubuntu =24.04`";
            fields.error("os", format!("`{text}` is not a system with bounds"), help);
        }
        systems.push((name.to_string(), parsed.flatten()));
    }
    systems
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    let Seen::Host { cpus, memory, id, id_like, version_id, machine, space, there, version } = seen;
    let bytes = |kib: &str| kib.parse::<u64>().unwrap_or(0).saturating_mul(1024);
    let desired = &resource.desired;
    let untold = [
        ("how many processors it has", desired.cpus.is_some() && cpus.is_empty()),
        ("how much memory it has", desired.memory.is_some() && memory.is_empty()),
        ("how much space is free", desired.disk.is_some() && space.is_empty()),
    ];
    if let Some((what, _)) = untold.iter().find(|(_, untold)| *untold) {
        return Observation::Failed(format!("the host does not tell {what}"));
    }
    let observed = Observed {
        cpus: cpus.parse().unwrap_or(0),
        memory: bytes(memory),
        id: id.to_string(),
        id_like: id_like.to_string(),
        version_id: version_id.to_string(),
        machine: machine.to_string(),
        free: bytes(space),
        program: (there == "there").then(|| version.to_string()),
    };
    match &desired.program {
        Some(program) if observed.program.is_none() => {
            // Packages may still bring it; nothing may bring what else is missing.
            let reason = format!("the program {} is missing", program.name);
            let without = Desired { program: None, ..desired.clone() };
            let rest = Resource { desired: without, ..resource.clone() };
            if Requirement::diff(&rest, &Observation::Present(observed.clone())).is_empty() {
                let needs = Claim::new(Space::PROGRAM, program.name.as_str());
                Observation::Later { needs, reason }
            } else {
                Observation::Present(observed)
            }
        }
        Some(program) if program.version.is_some() && observed.program.as_deref() == Some("") => {
            Observation::Failed(format!("{} does not tell its version; set `version_command`", program.name))
        }
        _ => Observation::Present(observed),
    }
}

/// Returns the family of a system, by ID and ID_LIKE of os-release(5).
fn family(observed: &Observed) -> Option<&'static str> {
    std::iter::once(observed.id.as_str()).chain(observed.id_like.split(' ')).find_map(|name| match name {
        "debian" | "ubuntu" => Some("debian"),
        "rhel" | "fedora" | "centos" | "rocky" | "almalinux" | "amzn" => Some("redhat"),
        "alpine" => Some("alpine"),
        "arch" => Some("arch"),
        "suse" | "opensuse" | "sles" => Some("suse"),
        _ => None,
    })
}

/// Returns the name that `uname -m` has for a machine.
fn machine(name: &str) -> &str {
    match name {
        "amd64" | "x64" => "x86_64",
        "arm64" => "aarch64",
        name => name,
    }
}

fn words((name, bounds): &(String, Option<Bounds>)) -> String {
    bounds.as_ref().map_or_else(|| name.clone(), |bounds| format!("{name} {bounds}"))
}

fn system(observed: &Observed) -> String {
    let name = if observed.id.is_empty() { "unknown" } else { &observed.id };
    format!("{name} {}", observed.version_id).trim_end().to_string()
}

fn number(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Writes a size with one digit after the point.
fn size(bytes: u64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    units.into_iter().find(|(_, bits)| bytes >> bits > 0).map_or_else(
        || format!("{bytes} B"),
        |(unit, bits)| {
            let tenths = (u128::from(bytes) * 10) >> bits;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        },
    )
}

fn sized(text: String) -> (String, u64) {
    let bytes = parse_size(&text).unwrap_or_default();
    (text, bytes)
}

fn scalar(node: Option<&YamlNode>) -> String {
    match node.map(YamlNode::to_value) {
        Some(Value::Integer(number)) => number.to_string(),
        Some(Value::Text(text)) => text,
        _ => String::new(),
    }
}
