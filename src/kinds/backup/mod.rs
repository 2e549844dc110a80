//! `backup`: a dump of a database, or an archive of files, made by the host on a schedule.

mod archive;
mod desired;
mod files;
mod observed;
mod settings;
mod source;

use std::time::Duration;

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::program::program;
use crate::model::{Blob, Changes, Content, Expect, Lock, Probe, ProbeOutput, Records, Step, Value};
use crate::{expect, records, row, rows, variants};

use crate::kinds::shared::database_engine::{CHOICE, DATABASE, NOUN};
use crate::resource::batch::{by_state, count};
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space, Variants,
};

pub use desired::Desired;
use files::Files;
pub use observed::Observed;
use observed::{FileState, Seen, WHICH};
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

rows! {
    include_str!("probe.sh") => struct Looked { name, program, service, timer }
    include_str!("apply.sh") => struct Put {
        name, schedule, program_size, program_hash, service_size, service_hash, timer_size, timer_hash
    }
    include_str!("remove.sh") => struct Going { name }
    include_str!("list.sh") => struct Listed { name }
    include_str!("run.sh") => struct Ran { name, command, file }
}

records! {
    include_str!("list.sh") =>
    /// What [`list`] is answered: whether the program is on the host, then each backup.
    pub enum Listing {
        "present" => Present,
        "absent" => Absent,
        "backup" => Backup { name, size },
    }
}

impl Kind for Backup {
    const KIND: &'static str = "backup";
    const SECTION: &'static str = "backups";
    const HOLDS_DATA: bool = true;
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
        uses: include_str!("uses.yaml"),
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
        claims = claims.makes_folder(&settings.dir, "0700");
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
                // What should go is fetched, to say what it was.
                let hash = |content: &Content| if resource.is_absent() { String::new() } else { content.hash().into() };
                let [program, service, timer] = resource.desired.files.each().map(hash);
                row![Looked { name: resource.name(), program, service, timer }]
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
                Some(_) => match records.iter().map(|record| Seen::read(record)).collect::<Result<Vec<_>, _>>() {
                    Ok(seen) => observation(&seen, &resource.desired),
                    Err(wrong) => Observation::Failed(wrong),
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
        Some(match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::Present {
                program: "same",
                service: "same",
                timer: "same",
                enabled: "enabled",
                active: "active",
                stale: "",
            }],
        })
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        by_state(batch, put, remove)
    }
}

/// Makes the one step that removes these backups; what they made stays.
fn remove(batch: &[Planned<'_, Backup>], absent: Vec<usize>) -> Step {
    let rows = absent.iter().map(|&at| row![Going { name: batch[at].resource.name() }]).collect();
    let purpose = format!("remove {}", count(absent.len(), "backup", "backups"));
    Step::new(include_str!("remove.sh"), absent, purpose).rows(rows).locks(&[Lock::SYSTEMD])
}

/// The longest a dump or a restore may take.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes the probe that lists the backups that were made: name and size in bytes, the newest first ([`Listing`]).
pub fn list(name: &str) -> Probe {
    Probe::new(include_str!("list.sh"), vec![row![Listed { name }]])
}

/// Makes the step that makes a backup now.
pub fn run(name: &str) -> Step {
    let step = Step::new(include_str!("run.sh"), Vec::new(), format!("make backup {name}"));
    step.rows(vec![row![Ran { name, command: "run", .. }]]).timeout(LONGEST)
}

/// Makes the step that restores the backup with this file name, after a backup of what is there where `keeps` says so.
pub fn restore(name: &str, file: &str, keeps: bool) -> Step {
    let step = Step::new(include_str!("run.sh"), Vec::new(), format!("restore {file}"));
    step.rows(vec![row![Ran { name, command: if keeps { "restore" } else { "replace" }, file }]]).timeout(LONGEST)
}

/// Makes the one step that puts all these backups in place.
fn put(batch: &[Planned<'_, Backup>], present: Vec<usize>) -> Step {
    let mut input = Vec::new();
    let mut rows = Vec::with_capacity(present.len());
    for &at in &present {
        let planned = &batch[at];
        let desired = &planned.resource.desired;
        let mut size = |at: usize| {
            let content = desired.files.each()[at];
            let stays = match planned.observed {
                Observation::Present(observed) => observed.files[at].holds(content),
                _ => false,
            };
            let bytes = content.bytes().filter(|_| !stays);
            input.extend(bytes.map(Blob::from));
            bytes.map_or_else(|| "-".to_string(), |bytes| bytes.len().to_string())
        };
        let [program_size, service_size, timer_size] = [size(0), size(1), size(2)];
        let [program_hash, service_hash, timer_hash] = desired.files.each().map(Content::hash);
        rows.push(row![Put {
            name: planned.resource.name(),
            schedule: &desired.settings.schedule,
            program_size,
            program_hash,
            service_size,
            service_hash,
            timer_size,
            timer_hash,
        }]);
    }
    let purpose = format!("put {} in place", count(present.len(), "backup", "backups"));
    Step::new(program![BESIDE, include_str!("apply.sh")], present, purpose)
        .rows(rows)
        .input(input)
        .locks(&[Lock::SYSTEMD])
}

fn observation(all: &[Seen<'_>], desired: &Desired) -> Observation<Observed> {
    match all.first() {
        Some(Seen::Absent) => Observation::Absent,
        Some(Seen::Denied) => {
            Observation::Failed("a folder above its files may not be searched by this account".into())
        }
        Some(Seen::Present { .. }) => Observation::Present(Observed::read(all, desired)),
        _ => Observation::Failed("the probe does not say whether it is there".into()),
    }
}

fn service_of(name: &str) -> String {
    format!("infra-backup-{name}.service")
}
