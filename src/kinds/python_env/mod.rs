//! `python_env`: a Python virtual environment and what is installed in it.

mod packages;

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::program::program;
use crate::model::{Arg, Changes, Content, Expect, Probe, ProbeOutput, Row, Step, Value};
use crate::{expect, records, row, rows};

use crate::resource::batch::parse_all;
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Lane, Observation, Planned, Resource, Shape, Space,
};

use packages::Difference;

/// A Python virtual environment and what is installed in it.
pub struct PythonEnv;

/// An environment as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    python: String,
    owner: Option<String>,
    /// What pip is asked for: lines without a newline at the end.
    asked: String,
    /// Whether that is only a list of packages.
    is_list: bool,
    /// A file on the host that asks for more.
    file: Option<String>,
    index_url: Option<Arg>,
    upgrade_pip: bool,
}

/// An environment as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    interpreter: Interpreter,
    /// Of its interpreter, when it was made.
    version: String,
    owner: String,
    asked: Asked,
    packages: Vec<Difference>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Interpreter {
    Right,
    /// It is gone, or another minor version took its place.
    Broken,
    /// It is not the one that the spec names.
    Other,
}

/// What was asked of an environment when its packages were installed.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Same,
    /// It was not made by `infra`, or not to the end.
    Never,
    Otherwise {
        asked: String,
        file_then: String,
        file_now: String,
    },
}

/// How many packages that differ are named one by one.
const MOST_NAMED: usize = 20;

rows! {
    include_str!("probe.sh") => struct Looked { path, python, file, wanted_text }
    include_str!("apply.sh") => struct Wanted {
        path, python, owner, make, packages, file, wanted, unwanted, missing, upgrade, index
    }
    include_str!("remove.sh") => struct Going { path }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "folder" => Folder,
        "present" => Present { interpreter, request, packages, owner, version },
        "asked" => Asked { asked },
        "asked-file" => AskedFile { asked_file },
        "file" => File { file_text },
        "recorded" => Recorded { recorded },
        "installed" => Installed { installed },
        _ => Other { state },
    }
}

impl Kind for PythonEnv {
    const KIND: &'static str = "python_env";
    const SECTION: &'static str = "python_envs";
    const LANE: Lane = Lane::Beside;
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional("requirements", Shape::Source, "A requirements file beside the spec."),
        Attribute::optional("requirements_file", Shape::Path, "A requirements file on the host."),
        Attribute::optional(
            "packages",
            Shape::List(&Shape::Text),
            "What to install, as in a line of a requirements file: `uvicorn[standard]>=0.30`.",
        ),
        Attribute::default("python", Shape::Text, "python3", "The interpreter it is made with: a name or a path."),
        Attribute::optional(
            "owner",
            Shape::Account,
            "The user that owns it and that pip runs as; `as:`, or the session's user, where left out.",
        ),
        Attribute::optional("index_url", Shape::Text, "The package index that pip asks; it may be secret."),
        Attribute::default("upgrade_pip", Shape::Bool, "false", "Upgrades pip before something is installed."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A Python virtual environment and what is installed in it.",
        name: "The absolute path of the environment.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const IS_NAMED_BY_PATH: bool = true;

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let python = fields.text("python").unwrap_or_else(|| "python3".into());
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-/".contains(&byte);
        if python.starts_with('-') || !python.bytes().all(is_name) {
            fields.error(
                "python",
                format!("`{python}` is no interpreter"),
                "write a name such as python3.12, or a path",
            );
        }
        let is_list = !fields.has("requirements");
        Desired {
            python,
            owner: fields.text("owner"),
            asked: packages::asked(fields),
            is_list,
            file: fields.text("requirements_file"),
            index_url: fields.arg("index_url"),
            upgrade_pip: fields.bool("upgrade_pip").unwrap_or_default(),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let desired = &resource.desired;
        let claims = Claims::new()
            .provides(Space::PATH, resource.name())
            .touches_below(resource.name())
            .requires(Space::PROGRAM, desired.python.as_str())
            .requires(Space::PROGRAM, "python3-venv")
            .works_alone(owner(resource), resource.name());
        // A package may be a folder or an archive on the host; what is in a folder is built from.
        let local = desired.asked.lines().filter_map(packages::local_path);
        let claims = local.fold(claims, |claims, path| claims.requires(Space::PATH, path).follows(Space::BELOW, path));
        let claims = claims.follows(Space::PATH, "/etc/pip.conf");
        let claims = claims.follows_in_home(
            owner(resource),
            &[".config/pip/pip.conf", ".pip/pip.conf", ".netrc", ".gitconfig", ".ssh/"],
        );
        match &desired.file {
            Some(file) => claims.reads(Space::PATH, file),
            None => claims,
        }
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all
            .iter()
            .map(|resource| {
                let desired = &resource.desired;
                row![Looked {
                    path: resource.name(),
                    python: &desired.python,
                    file: desired.file.as_ref(),
                    wanted_text: &desired.asked,
                }]
            })
            .collect();
        Probe::new(concat!(include_str!("state.sh"), include_str!("probe.sh")), rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_all(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("python", observed.version.as_str().into()), ("owner", observed.owner.as_str().into())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else {
            changes.push("python", Value::Null, desired.python.as_str());
            changes.compare_if("owner", Value::Null, owner(resource).cloned());
            ask(desired, None, &mut changes);
            changes.compare_if("requirements_file", Value::Null, desired.file.clone());
            return changes;
        };
        let version = observed.version.as_str();
        match observed.interpreter {
            Interpreter::Right => {}
            Interpreter::Broken => changes.push("python", format!("{version}, which is gone"), desired.python.as_str()),
            Interpreter::Other => changes.push("python", version, desired.python.as_str()),
        }
        if observed.interpreter != Interpreter::Right {
            changes.forces_replacement();
        }
        changes.compare_if("owner", observed.owner.as_str(), owner(resource).cloned());
        match &observed.asked {
            Asked::Same => {}
            Asked::Never => {
                ask(desired, None, &mut changes);
                changes.compare_if("requirements_file", Value::Null, desired.file.clone());
                if desired.asked.is_empty() && desired.file.is_none() {
                    changes.push("record", Value::Null, ".infra-requirements");
                }
            }
            Asked::Otherwise { asked, file_then, file_now } => {
                if *asked != desired.asked {
                    ask(desired, Some(asked), &mut changes);
                }
                changes.compare("requirements_file", lines(file_then), lines(file_now));
            }
        }
        if observed.interpreter == Interpreter::Right {
            for difference in observed.packages.iter().take(MOST_NAMED) {
                let attribute = format!("package {}", difference.name);
                changes.push(&attribute, difference.installed.clone(), difference.recorded.clone());
            }
            let more = observed.packages.len().saturating_sub(MOST_NAMED);
            if more > 0 {
                changes.push("packages", format!("{more} more differ"), "as they were installed");
            }
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        Some(match resource.is_absent() {
            true => expect![Seen::Absent],
            false => {
                expect![Seen::Present { interpreter: "ok", request: "same", packages: "same", owner: owner(resource) }]
            }
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        // A step each: what pip does takes long, and may fail alone.
        let step = |(at, planned): (usize, &Planned<'_, Self>)| {
            let name = planned.resource.name();
            let step = if planned.resource.is_absent() {
                Step::new(program![BESIDE, include_str!("remove.sh")], vec![at], format!("remove {name}"))
                    .rows(vec![row![Going { path: name }]])
            } else {
                let script = program![
                    BESIDE,
                    include_str!("../shared/quoted.sh"),
                    include_str!("../shared/hand_over.sh"),
                    include_str!("state.sh"),
                    include_str!("apply.sh")
                ];
                let (row, purpose) = apply(planned);
                Step::new(script, vec![at], purpose).rows(vec![row])
            };
            step.timeout(planned.resource.timeout.unwrap_or(std::time::Duration::from_secs(900)))
        };
        batch.iter().enumerate().map(step).collect()
    }
}

/// Returns the row and the purpose of the step that makes or changes an environment.
fn apply(planned: &Planned<'_, PythonEnv>) -> (Row, String) {
    let resource = planned.resource;
    let desired = &resource.desired;
    let (is_new, is_asked, differences) = match planned.observed {
        Observation::Present(observed) => {
            (observed.interpreter != Interpreter::Right, observed.asked != Asked::Same, observed.packages.as_slice())
        }
        _ => (true, true, &[][..]),
    };
    let differences = if is_new { &[] } else { differences };
    let (packages, what) = match (is_new || is_asked, differences.is_empty()) {
        (true, _) => ("install", "install what is asked for in"),
        (false, false) => ("restore", "bring back the packages of"),
        (false, true) => ("", "hand over"),
    };
    let purpose = format!("{} {}", if is_new { "make" } else { what }, resource.name());
    let unwanted: Vec<&str> =
        differences.iter().filter(|found| found.recorded.is_none()).map(|found| found.name.as_str()).collect();
    let pin = |found: &Difference| Some(format!("{}=={}", found.name, found.recorded.as_ref()?));
    // Where other things are asked for, the requirements say what is to be there.
    let missing: Vec<String> =
        if packages == "restore" { differences.iter().filter_map(pin).collect() } else { Vec::new() };
    let row = row![Wanted {
        path: resource.name(),
        python: &desired.python,
        owner: owner(resource),
        make: if is_new { "new" } else { "" },
        packages,
        file: desired.file.as_ref(),
        wanted: &desired.asked,
        unwanted: unwanted.join("\n"),
        missing: missing.join("\n"),
        upgrade: if desired.upgrade_pip && packages == "install" { "upgrade" } else { "" },
        index: desired.index_url.clone(),
    }];
    (row, purpose)
}

/// Says what is asked for, where anything is or was.
fn ask(desired: &Desired, before: Option<&String>, changes: &mut Changes) {
    let list = |text: &str| Value::List(text.lines().map(Value::text).collect());
    if desired.is_list {
        let before = before.map_or(Value::Null, |before| list(before));
        if before != Value::Null || !desired.asked.is_empty() {
            changes.push("packages", before, list(&desired.asked));
        }
    } else {
        changes.push("requirements", before.map_or(Value::Null, |before| lines(before)), lines(&desired.asked));
    }
}

/// Returns lines as the content of a file.
fn lines(text: &str) -> Value {
    let end = if text.is_empty() { "" } else { "\n" };
    Content::new(format!("{text}{end}").into_bytes()).into()
}

/// Returns the user that owns it and that pip runs as.
fn owner(resource: &Resource<Desired>) -> Option<&String> {
    resource.desired.owner.as_ref().or(resource.run_as.as_ref())
}

/// What the further records say.
#[derive(Default)]
struct Before<'a> {
    asked: &'a str,
    file_then: &'a str,
    file_now: &'a str,
    recorded: &'a str,
    installed: &'a str,
}

impl<'a> Before<'a> {
    fn add(&mut self, seen: Seen<'a>) {
        match seen {
            Seen::Asked { asked } => self.asked = asked,
            Seen::AskedFile { asked_file } => self.file_then = asked_file,
            Seen::File { file_text } => self.file_now = file_text,
            Seen::Recorded { recorded } => self.recorded = recorded,
            Seen::Installed { installed } => self.installed = installed,
            _ => {}
        }
    }
}

fn observation(first: Seen<'_>, more: &[Seen<'_>], resource: &Resource<Desired>) -> Observation<Observed> {
    let (interpreter, request, packages, owner, version) = match first {
        Seen::Present { interpreter, request, packages, owner, version } => {
            (interpreter, request, packages, owner, version)
        }
        Seen::Absent => return Observation::Absent,
        Seen::Denied => {
            return Observation::Failed("it or a folder above it may not be searched by this account".into());
        }
        Seen::Folder => {
            return Observation::Failed(
                "a folder is there that is no virtual environment; it is left alone: move it away, or use another path"
                    .into(),
            );
        }
        Seen::Other { state } => {
            return Observation::Failed(format!("it is there, but as {state}, not a virtual environment"));
        }
        _ => return Observation::Failed("the probe does not say whether it is there".into()),
    };
    let mut before = Before::default();
    more.iter().for_each(|seen| before.add(*seen));
    let interpreter = match interpreter {
        "ok" => Interpreter::Right,
        "broken" => Interpreter::Broken,
        "other" => Interpreter::Other,
        // It need not be there to see that it should go.
        _ if resource.is_absent() => Interpreter::Broken,
        _ => {
            let python = resource.desired.python.as_str();
            return Observation::Later {
                needs: Claim::new(Space::PROGRAM, python),
                reason: format!("the interpreter {python} is not on the host"),
            };
        }
    };
    let asked = match request {
        "same" => Asked::Same,
        "none" => Asked::Never,
        "no-file" if !resource.is_absent() => {
            let file = resource.desired.file.clone().unwrap_or_default();
            return Observation::Later {
                reason: format!("{file} is not there, or may not be read"),
                needs: Claim::path(file),
            };
        }
        _ => Asked::Otherwise {
            asked: before.asked.to_string(),
            file_then: before.file_then.to_string(),
            file_now: before.file_now.to_string(),
        },
    };
    let packages = if packages == "same" || asked == Asked::Never {
        Vec::new()
    } else {
        packages::differences(before.recorded, before.installed)
    };
    Observation::Present(Observed {
        interpreter,
        version: version.to_string(),
        owner: owner.to_string(),
        asked,
        packages,
    })
}
