//! `backup`: a dump of a database, or an archive of files, made by the host on a schedule.

mod archive;
mod desired;
mod files;
mod observed;
mod settings;
mod source;

use std::time::Duration;

use crate::model::{Blob, Changes, Content, Expect, Lock, Probe, ProbeOutput, Step, Value};
use crate::{row, variants};

use crate::kinds::shared::database_engine::{CHOICE, DATABASE, NOUN};
use crate::resource::batch::{by_state, count};
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space, Variants,
};

pub use desired::Desired;
use files::Files;
pub use observed::Observed;
use observed::{FileState, WHICH};
use settings::Settings;
use source::Source;

variants! {
    /// The engines whose data can be dumped.
    const ENGINES: dyn Source = (NOUN, CHOICE) {
        mysql::Mysql,
        postgresql::Postgresql,
        sqlite::Sqlite,
        redis::Redis,
    }
}

/// A dump of a database, or an archive of files, made by the host on a schedule.
pub struct Backup;

impl Kind for Backup {
    const KIND: &'static str = "backup";
    const SECTION: &'static str = "backups";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::optional(
            "engine",
            Shape::OneOf(ENGINES.variants.names),
            "The database engine, where a database is dumped; `mysql` stands for MariaDB too.",
        ),
        Attribute::optional(
            "database",
            Shape::Text,
            "The database, for SQLite the path of its file; the backup's name where left out.",
        ),
        Attribute::optional("paths", Shape::List(&Shape::Path), "Files and folders to archive, instead of a database."),
        Attribute::optional(
            "exclude",
            Shape::List(&Shape::Text),
            "Patterns of tar(1) for what is left out of `paths`: `*.tmp`.",
        ),
        Attribute::required("dir", Shape::Path, "The folder that holds the backups; it is made where it is missing."),
        Attribute::default(
            "schedule",
            Shape::Text,
            "daily",
            "When it is made, as `OnCalendar=` of systemd.time(7): `*-*-* 02:30:00`.",
        ),
        Attribute::default(
            "keep",
            Shape::Integer { min: 1, max: 10_000 },
            "7",
            "How many backups stay when older ones are removed.",
        ),
        Attribute::optional(
            "keep_days",
            Shape::Integer { min: 1, max: 36_500 },
            "Keeps those beyond `keep` too, until they are older than this many days.",
        ),
        Attribute::default("compress", Shape::OneOf(&["gzip", "zstd", "none"]), "gzip", "How it is compressed."),
        Attribute::optional(
            "credentials",
            Shape::Path,
            "A file on the host, for root alone, that says how to log in; the engine's local socket where left out.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A dump of a database, or an archive of files, made by the host on a schedule.",
        name: "The name of the backup; the names of its files begin with it.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
    };
    const VARIANTS: Option<&'static Variants> = Some(&ENGINES.variants);

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let variant = fields.text("engine").and_then(|engine| ENGINES.variants.named(&engine));
        let source = variant.map_or(&archive::Archive as &dyn Source, |variant| ENGINES.of(variant));
        let settings = Settings::decode(fields, variant, source);
        let files = Files::new(&settings, source);
        Desired { variant, settings, source, files }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let name = resource.name();
        let mut claims = Claims::new();
        for path in files::paths(name) {
            claims = claims.provides(Space::PATH, &path).provides(Space::CONTENT, path);
        }
        claims =
            claims.provides(Space::UNIT, format!("infra-backup-{name}.timer")).shares(Space::UNIT, service_of(name));
        if resource.is_absent() {
            return claims;
        }
        let Desired { variant, settings, source, .. } = &resource.desired;
        claims = claims.requires(Space::PATH, &settings.dir).requires_some(Space::PATH, settings.credentials.as_ref());
        if settings.compress == "zstd" {
            claims = claims.requires(Space::PROGRAM, "zstd");
        }
        for path in &settings.paths {
            claims = claims.requires(Space::PATH, path);
        }
        let Some(variant) = variant else { return claims };
        claims = variant.required_by(claims);
        match &settings.database {
            Some(name) => source.required_by(claims, name).requires(DATABASE, format!("{}/{name}", variant.name)),
            None => claims,
        }
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let rows = all
            .iter()
            .map(|resource| {
                let mut row = row![resource.name()];
                // What should go is fetched, to say what it was.
                let hash = |content: &Content| if resource.is_absent() { "" } else { content.hash() }.into();
                row.extend(resource.desired.files.contents().map(hash));
                row
            })
            .collect();
        Probe::new(include_str!("probe.sh"), rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        output
            .records_by_row(all.len())
            .iter()
            .zip(all)
            .map(|(records, resource)| match records.split_first() {
                None if output.messages.iter().any(|message| message.contains("systemctl")) => {
                    Observation::Later { needs: Claim::new(Space::PROGRAM, "systemctl"), reason: output.explain() }
                }
                None => Observation::Failed(output.explain()),
                Some((first, more)) => match first.field(0) {
                    "absent" => Observation::Absent,
                    "denied" => {
                        Observation::Failed("a folder above its files may not be searched by this account".into())
                    }
                    _ => Observation::Present(Observed::read(first, more, &resource.desired)),
                },
            })
            .collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = observed.settings.attributes();
        attributes.push(("timer", observed.timer().into()));
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let mut changes = Changes::new();
        let Observation::Present(observed) = observed else {
            for (name, value) in desired.settings.attributes() {
                changes.push(name, Value::Null, value);
            }
            return changes;
        };
        // What cannot be read from a program that is gone or broken is not known to differ.
        if !observed.settings.is_empty() {
            let before = observed.settings.attributes();
            let value = |name: &str, all: &[(&str, Value)]| {
                all.iter().find(|(one, _)| *one == name).map_or(Value::Null, |(_, value)| value.clone())
            };
            let after = desired.settings.attributes();
            for name in settings::NAMES {
                changes.compare(name, value(name, &before), value(name, &after));
            }
        }
        let explained = !changes.is_empty();
        for (at, content) in desired.files.contents().enumerate() {
            match &observed.files[at] {
                FileState::Same => {}
                FileState::Absent => changes.push(WHICH[at], Value::Null, content.clone()),
                FileState::Differs { content: Some(found), .. } if found.hash() != content.hash() => {
                    // A setting that differs says all there is to say.
                    if !explained {
                        changes.push(WHICH[at], found.clone(), content.clone());
                    }
                }
                FileState::Differs { access, .. } => changes.push(WHICH[at], access.as_str(), files::access(at)),
            }
        }
        changes.compare("timer", observed.timer(), "active");
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let words: &[&str] = if resource.is_absent() {
            &["absent"]
        } else {
            &["present", "same", "same", "same", "enabled", "active", ""]
        };
        Some(words.iter().map(|word| Expect::Is((*word).to_string())).collect())
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, put, remove)
    }
}

/// Makes the one step that removes these backups; what they made stays.
fn remove(batch: &[Planned<'_, Backup>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![batch[at].resource.name()]).collect();
    let purpose = format!("remove {}", count(absent.len(), "backup", "backups"));
    Step::new(include_str!("remove.sh"), absent, purpose).rows(rows).locks(&[Lock::SYSTEMD])
}

/// The longest a dump or a restore may take.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes the probe that lists the backups that were made: name and size in bytes, the newest first. The first record is
/// `present`, or `absent` where the program is not on the host.
pub fn list(name: &str) -> Probe {
    Probe::new(include_str!("list.sh"), vec![row![name]])
}

/// Makes the step that makes a backup now.
pub fn run(name: &str) -> Step {
    let step = Step::new(include_str!("run.sh"), Vec::new(), format!("make backup {name}"));
    step.rows(vec![row![name, "run", ""]]).timeout(LONGEST)
}

/// Makes the step that restores the backup with this file name, after a backup of what is there where `keeps` says so.
pub fn restore(name: &str, file: &str, keeps: bool) -> Step {
    let step = Step::new(include_str!("run.sh"), Vec::new(), format!("restore {file}"));
    step.rows(vec![row![name, if keeps { "restore" } else { "replace" }, file]]).timeout(LONGEST)
}

/// Makes the one step that puts all these backups in place.
fn put(batch: &[Planned<'_, Backup>], present: Vec<usize>) -> Step {
    let mut input = Vec::new();
    let mut rows = Vec::with_capacity(present.len());
    for &at in &present {
        let planned = &batch[at];
        let desired = &planned.resource.desired;
        let mut row = row![planned.resource.name(), &desired.settings.schedule];
        for (at, content) in desired.files.contents().enumerate() {
            let stays = match planned.observed {
                Observation::Present(observed) => observed.files[at].holds(content),
                _ => false,
            };
            let bytes = content.bytes().filter(|_| !stays);
            row.push(bytes.map_or_else(|| "-".to_string(), |bytes| bytes.len().to_string()).into());
            row.push(content.hash().into());
            input.extend(bytes.map(Blob::from));
        }
        rows.push(row);
    }
    let purpose = format!("put {} in place", count(present.len(), "backup", "backups"));
    Step::new(include_str!("apply.sh"), present, purpose).rows(rows).input(input).locks(&[Lock::SYSTEMD])
}

fn service_of(name: &str) -> String {
    format!("infra-backup-{name}.service")
}
