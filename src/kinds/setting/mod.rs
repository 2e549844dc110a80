//! `setting`: keys in a configuration file that someone else owns.

mod document;

use crate::model::{Changes, Content, Expect, Probe, ProbeOutput, Secret, Step, Value, decode_base64};
use crate::{records, row, rows};

use crate::kinds::shared::owned_file::{self, NewFile, Written};
use crate::kinds::shared::program::program;
use crate::kinds::shared::validation::{self, Judge, Programs, Validation};
use crate::resource::batch::parse_first;
use crate::resource::{
    Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Refusal, Resource, Shape, Space,
};
use document::{Document, Format, Path};

/// Keys in a configuration file that someone else owns.
pub struct Setting;

/// What the spec wants of a file.
#[derive(Clone, Debug)]
pub struct Desired {
    format: Format,
    /// Keys and the values they must have.
    set: Vec<(Path, Value)>,
    /// Keys and the values they get where they are missing; then they belong to the application.
    initial: Vec<(Path, Value)>,
    /// Keys that must not be there.
    remove: Vec<Path>,
    owner: Option<String>,
    group: Option<String>,
    /// Four octal digits.
    mode: Option<String>,
    validation: Validation,
}

/// A file as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    document: Document,
    /// Where it leads, if it is a symbolic link.
    target: Option<String>,
    /// SHA-256 of its bytes.
    hash: String,
    owner: String,
    group: String,
    mode: String,
    /// Which of the keys in `set` it has; all that counts where they should be absent.
    held: Vec<String>,
}

/// The largest file that is read, in bytes.
const MOST_READ: u64 = 1024 * 1024;

rows! {
    include_str!("probe.sh") => struct Asked { path, most }
    include_str!("apply.sh") =>
    /// The command that judges it, what the file was when it was looked at, the link that leads to it, and why it cannot be edited.
    struct Edited after Written { validate, hash, link, wrong }
}

records! {
    include_str!("probe.sh") => enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "large" => Large,
        "file" => File { owner, group, mode, hash, base64, target },
        _ => Other { r#type },
    }
}

impl Kind for Setting {
    const KIND: &'static str = "setting";
    const SECTION: &'static str = "settings";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional(
            "format",
            Shape::OneOf(Format::WORDS),
            "How the file is written: json, yaml, ini (`[section]`, `key = value`), env (`KEY=value`), words (`key value`), \
             ssh (words, with blocks that begin with Match or Host); told by the name where left out.",
        ),
        Attribute::optional(
            "set",
            Shape::Map(&Shape::Any),
            "Keys and their values; mappings in mappings for json, yaml and ini. Values may be secret.",
        ),
        Attribute::optional(
            "initial",
            Shape::Map(&Shape::Any),
            "Keys that get a value where they are missing, and are left alone from then on.",
        ),
        Attribute::optional(
            "remove",
            Shape::List(&Shape::Text),
            "Keys that must not be there; dots lead into mappings (`server.debug`).",
        ),
        Attribute::optional("owner", Shape::Account, "The user that owns it; left alone where left out."),
        Attribute::optional("group", Shape::Account, "The group that owns it; left alone where left out."),
        Attribute::optional(
            "mode",
            Shape::Mode,
            "Its permissions; 0644 (0600 with a secret in it) when it is created, left alone where left out.",
        ),
        validation::VALIDATE,
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "Keys in a configuration file that someone else owns.",
        name: "The absolute path of the file.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const IS_NAMED_BY_PATH: bool = true;
    const OBSERVED_WITHOUT: &'static [&'static str] = &["set", "initial"];
    const STAYS: &'static [&'static str] = &["owner", "group", "mode"];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let format = match fields.text("format") {
            // What OpenSSH reads are words with something more.
            Some(word) => {
                let is_ssh = word == "words" && Format::by_name(fields.name()) == Some(Format::Ssh);
                if is_ssh { Some(Format::Ssh) } else { Format::by_word(&word) }
            }
            None => Format::by_name(fields.name()),
        };
        if format.is_none() {
            let message = format!("the name `{}` does not tell how the file is written", fields.name());
            fields.error("name", message, format!("add `format:` with one of {}", Format::WORDS.join(", ")));
        }
        let format = format.unwrap_or(Format::Json);
        let set = keys(fields, "set", format);
        let initial = keys(fields, "initial", format);
        if let Some((path, _)) = initial.iter().find(|(path, _)| set.iter().any(|(other, _)| other == path)) {
            let message = format!("`{path}` is in `set` too");
            fields.error("initial", message, "keep it in one of them");
        }
        if set.is_empty() && initial.is_empty() && !fields.has("remove") && !fields.is_unknown("set") {
            fields.error("set", "it says nothing about the file", "add `set:`, `initial:` or `remove:`");
        }
        let path = fields.name().to_string();
        Desired {
            validation: Validation::decode(fields, &path, None),
            format,
            set,
            initial,
            remove: fields.texts("remove").iter().map(|text| Path::parse(text)).collect(),
            owner: fields.text("owner"),
            group: fields.text("group"),
            mode: fields.mode("mode"),
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let path = resource.name();
        let claims = resource.desired.validation.claims(Claims::new(), path, None);
        claims
            .provides(Space("settings of"), path)
            .requires(Space::PATH, path)
            .follows(Space::MAKING, path)
            .follows_and_reads(Space::KEPT, path)
            .shares(Space::PATH, path)
            .shares(Space::CONTENT, path)
            .touches_below(path)
            .needs_folder_of(path)
            .owned_by(resource.desired.owner.as_ref(), resource.desired.group.as_ref())
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all.iter().map(|resource| row![Asked { path: resource.name(), most: MOST_READ }]).collect();
        Probe::new(include_str!("probe.sh"), rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        parse_first(all, output, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("keys", observed.held.clone().into())]
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        let found = observed.found();
        let value = |path: &Path| found.and_then(|found| found.document.get(path));
        for (path, wanted) in &desired.set {
            let wanted = desired.format.as_read(wanted);
            match value(path) {
                Some(before) => changes.compare(&path.to_string(), hidden(before, &wanted), wanted),
                None => changes.compare(&path.to_string(), Value::Null, shown(wanted)),
            };
        }
        for (path, wanted) in desired.initial.iter().filter(|(path, _)| value(path).is_none()) {
            changes.push(&path.to_string(), Value::Null, shown(desired.format.as_read(wanted)));
        }
        for path in desired.remove.iter().filter(|path| value(path).is_some()) {
            // It may be anything, a secret too.
            changes.push(&path.to_string(), Secret::new(""), Value::Null);
        }
        let attribute = |of: fn(&Observed) -> &String| found.map(|found| of(found).clone());
        changes.compare_if("owner", attribute(|found| &found.owner), desired.owner.clone());
        changes.compare_if("group", attribute(|found| &found.group), desired.group.clone());
        let mode = desired.mode.clone().or_else(|| found.is_none().then(|| created_mode(desired)));
        changes.compare_if("mode", attribute(|found| &found.mode), mode);
        changes
    }

    fn refusal(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Option<Refusal> {
        let found = observed.found();
        // What cannot be edited is said by the step.
        let text = edited(resource, found).ok()?;
        let before = found.map(|found| found.document.text()).unwrap_or_default();
        let path = found.and_then(|found| found.target.as_deref()).unwrap_or(resource.name());
        let wrong = resource.desired.validation.wrong(path, &before, &text).filter(|_| before != text)?;
        Some(Refusal {
            message: format!("what reads {path} would not take it with these keys: {wrong}"),
            help: "mend them, or say `validate: false` where they are as they should be".into(),
        })
    }

    fn expected(_resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        // What the whole file is then depends on what it was.
        None
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let edited: Vec<Result<Content, String>> = batch.iter().map(content).collect();
        let files = batch.iter().zip(&edited).enumerate();
        let files = files.map(|(at, (planned, edited))| file(at, planned, edited)).collect();
        let purpose = |files: &[NewFile<'_>]| match files {
            [file] => format!("edit {}", batch[file.at].resource.name()),
            files => format!("edit {} files", files.len()),
        };
        validation::steps(&APPLY, files, purpose)
    }
}

/// Writes files that are still what they were when they were looked at.
const APPLY: Programs =
    validation::programs!(program![owned_file::WRITING, include_str!("apply.sh")], owned_file::PLACE);

/// Returns what the file of a resource will hold, or why it cannot be edited.
fn content(planned: &Planned<'_, Setting>) -> Result<Content, String> {
    Ok(Content::new(edited(planned.resource, planned.observed.found())?.into_bytes()))
}

/// Says how a file is written; one that is there keeps what the spec leaves alone.
fn file<'a>(at: usize, planned: &Planned<'_, Setting>, edited: &'a Result<Content, String>) -> (Judge, NewFile<'a>) {
    let desired = &planned.resource.desired;
    let found = planned.observed.found();
    let kept = |wanted: &Option<String>, of: fn(&Observed) -> &String| {
        wanted.clone().or_else(|| found.map(|found| of(found).clone())).unwrap_or_default()
    };
    let path = found.and_then(|found| found.target.as_deref()).unwrap_or(planned.resource.name());
    let judge = desired.validation.judge(path);
    let validate = desired.validation.command(path);
    let file = NewFile {
        at,
        path: path.to_string(),
        owner: kept(&desired.owner, |found| &found.owner),
        group: kept(&desired.group, |found| &found.group),
        mode: found.map_or_else(|| created_mode(desired), |_| kept(&desired.mode, |found| &found.mode)),
        content: edited.as_ref().ok(),
        more: row![Edited {
            validate,
            hash: found.map(|found| &found.hash),
            link: found.and(Some(planned.resource.name()).filter(|name| *name != path)),
            wrong: edited.as_ref().err(),
        }],
    };
    (judge, file)
}

/// Reads a mapping into paths and values, and reports what the format has no place for.
fn keys(fields: &mut Fields<'_>, attribute: &str, format: Format) -> Vec<(Path, Value)> {
    let Some(value) = fields.value(attribute) else { return Vec::new() };
    let mut keys = Vec::new();
    document::flatten(&Path::default(), value, format, &mut keys);
    for (path, value) in &keys {
        if let Err(wrong) = format.check(path, value) {
            fields.error(attribute, wrong, format!("`infra explain setting` says what {} can hold", format.word()));
        }
    }
    keys
}

/// A file with a secret in it is nobody else's to read unless the spec says so.
fn created_mode(desired: &Desired) -> String {
    let is_secret = desired.set.iter().chain(&desired.initial).any(|(_, value)| value.is_sensitive());
    desired.mode.clone().unwrap_or_else(|| if is_secret { "0600" } else { "0644" }.into())
}

/// A value that a secret is compared with is one itself.
fn hidden(before: Value, wanted: &Value) -> Value {
    match (before, wanted) {
        (Value::Text(text), Value::Secret(_)) => Value::Secret(Secret::new(text)),
        (before, _) => before,
    }
}

/// A null that is set is shown as one.
fn shown(value: Value) -> Value {
    if value == Value::Null { "null".into() } else { value }
}

/// Returns the text the file gets.
fn edited(resource: &Resource<Desired>, found: Option<&Observed>) -> Result<String, String> {
    let desired = &resource.desired;
    let mut document = found.map_or_else(|| Document::empty(desired.format), |found| found.document.clone());
    if resource.is_absent() {
        for (path, _) in &desired.set {
            document.remove(path)?;
        }
        return Ok(document.text());
    }
    for (path, value) in &desired.set {
        if document.get(path).is_none_or(|before| before != plain(desired.format.as_read(value))) {
            document.set(path, value)?;
        }
    }
    for (path, value) in &desired.initial {
        if document.get(path).is_none() {
            document.set(path, value)?;
        }
    }
    for path in &desired.remove {
        document.remove(path)?;
    }
    Ok(document.text())
}

/// Returns a value as a file holds it, for comparing.
fn plain(value: Value) -> Value {
    match value {
        Value::Secret(secret) => Value::Text(secret.expose().to_string()),
        value => value,
    }
}

fn observation(seen: Seen<'_>, resource: &Resource<Desired>) -> Observation<Observed> {
    let desired = &resource.desired;
    let (owner, group, mode, hash, base64, target) = match seen {
        Seen::File { owner, group, mode, hash, base64, target } => (owner, group, mode, hash, base64, target),
        Seen::Absent => return Observation::Absent,
        Seen::Denied => return Observation::Failed("it may not be read by this account".into()),
        Seen::Large => return Observation::Failed(format!("it has more than {} KiB", MOST_READ / 1024)),
        Seen::Other { r#type } => return Observation::Failed(format!("it is there, but as {type}, not a file")),
    };
    let text = decode_base64(base64).and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    let Some(text) = text else { return Observation::Failed("it is not UTF-8 text".into()) };
    let document = match Document::parse(desired.format, &text) {
        Ok(document) => document,
        Err(reason) => {
            return Observation::Failed(format!("it cannot be read as {}: {reason}", desired.format.word()));
        }
    };
    let paths = desired.set.iter().map(|(path, _)| path);
    let held: Vec<String> = paths.filter(|path| document.get(path).is_some()).map(Path::to_string).collect();
    if resource.is_absent() && held.is_empty() {
        return Observation::Absent;
    }
    let observed = Observed {
        document,
        target: Some(target).filter(|path| ![resource.name(), ""].contains(path)).map(str::to_string),
        hash: hash.to_string(),
        owner: owner.to_string(),
        group: group.to_string(),
        mode: mode.to_string(),
        held,
    };
    // What cannot be edited is better known before anything is applied.
    match edited(resource, Some(&observed)) {
        Ok(_) => Observation::Present(observed),
        Err(reason) => Observation::Failed(reason),
    }
}
