//! `migration`: a folder of SQL files, or the migrations of a tool, applied to a database in their order.

mod folder;
mod history;
mod migrations;
mod observed;
mod record;
mod script;
mod sql;
mod statements;
mod tool;

use std::sync::LazyLock;
use std::time::Duration;

use crate::kinds::shared::BESIDE;
use crate::kinds::shared::program::program;
use crate::model::{Changes, Expect, Probe, ProbeOutput, Step, Until, Value};
use crate::{expect, row, variants};

use crate::kinds::shared::database_engine::{
    ACCOUNTS, Answers, CHOICE, CLIENTS, Connection, DATABASE, Engine, Failure, NOUN, Programs, SCHEMA, Server, programs,
};
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Refusal, Resource, Shape, Space,
    Variants,
};

use folder::File;
use migrations::Migrations;
pub use observed::Observed;
use observed::State;
use record::{Answer, Applied, Pending};
use script::{Backup, Run, Script};
use sql::Record;
use tool::Tool;

variants! {
    /// The engines.
    const ENGINES: dyn Migrations = (NOUN, CHOICE) {
        mysql::Mysql,
        postgresql::Postgresql,
        sqlite::Sqlite,
    }
}

/// A folder of SQL files, or the migrations of a tool, applied to a database in their order.
pub struct Migration;

/// Migrations as the spec wants them.
#[derive(Clone, Debug)]
pub struct Desired {
    /// None where a tool reaches the database by itself and the spec does not say how.
    server: Option<Server>,
    database: String,
    runner: Runner,
    backup: Option<String>,
    /// How long another run is waited for, in seconds.
    wait: u64,
}

impl Desired {
    /// Returns what provides the database, where it is known to be one.
    fn claim(&self) -> Option<Claim> {
        let server = self.server.as_ref()?;
        Some(Claim::new(DATABASE, server.engine.claim(&self.database)))
    }
}

#[derive(Clone, Debug)]
enum Runner {
    Sql { files: Vec<File>, record: Record },
    Tool(Tool),
}

/// How long a step may take.
const LONGEST: Duration = Duration::from_secs(4 * 60 * 60);

/// Looks at the record of files, and asks tools.
static PROBE: LazyLock<String> = LazyLock::new(|| {
    let [quoted, tool] = [include_str!("../shared/quoted.sh"), include_str!("tool.sh")];
    let query = include_str!("../shared/database_engine/query.sh");
    format!("{quoted}{tool}{}query_rows() {{\n{query}\n}}\n{}", *CLIENTS, include_str!("probe.sh"))
});

static APPLY: Programs = LazyLock::new(|| {
    programs(|engine, client| {
        let before = program![BESIDE, include_str!("../shared/quoted.sh"), include_str!("tool.sh")];
        let own = format!("{}{}", engine.dump(), of(engine).session());
        format!("{before}{client}{own}{}", concat!(include_str!("dump.sh"), include_str!("apply.sh")))
    })
});

impl Kind for Migration {
    const KIND: &'static str = "migration";
    const SECTION: &'static str = "migrations";
    const ATTRIBUTES: &'static [Attribute] = &[
        Attribute::default(
            "runner",
            Shape::OneOf(&["sql", "alembic", "knex"]),
            "sql",
            "What applies them: `sql` for files of SQL, or the tool they are written for.",
        ),
        Attribute::optional(
            "engine",
            Shape::OneOf(ENGINES.variants.names),
            "What holds the data; `mysql` stands for MariaDB too. Required for `sql` and for `backup`.",
        ),
        Server::ATTRIBUTE,
        Attribute::optional(
            "database",
            Shape::Text,
            "The database, for SQLite the path of its file; the resource's name where left out.",
        ),
        Attribute::optional("dir", Shape::Folder, "The folder beside the spec that holds the files; for `sql`."),
        Attribute::default(
            "table",
            Shape::Text,
            "schema_migrations",
            "The table that records what is applied; for `sql`.",
        ),
        Attribute::optional(
            "backup",
            Shape::Path,
            "A folder on the host into which the database is dumped before the first file that is pending.",
        ),
        Attribute::default("wait", Shape::Duration, "1m", "How long another run is waited for."),
        Attribute::optional("directory", Shape::Path, "The folder on the host that the tool runs in."),
        Attribute::optional("venv", Shape::Path, "The virtual environment on the host that holds alembic."),
        Attribute::optional(
            "options",
            Shape::List(&Shape::Text),
            "Options for the tool before its command: `[-c, alembic.ini]`, `[--env, production]`.",
        ),
        Attribute::optional(
            "environment",
            Shape::Map(&Shape::Scalar),
            "Environment variables of the tool; they may be secret.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A folder of SQL files, or the migrations of a tool, applied to a database in their order.",
        name: "The database, or any name where `database` says which.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const VARIANTS: Option<&'static Variants> = Some(&ENGINES.variants);

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let runner = fields.text("runner").unwrap_or_else(|| "sql".into());
        let has_engine = fields.has("engine");
        let server = Server::decode(fields);
        let engine = server.engine;
        let database = fields.text("database").unwrap_or_else(|| fields.name().to_string());
        for needs in ["backup", "admin"] {
            if fields.has(needs) && !has_engine {
                let help = "add `engine`, and `database` where the resource has another name";
                fields.error(needs, format!("`{needs}` goes with `engine`"), help);
            }
        }
        if has_engine && !engine.has_server() && !database.starts_with('/') && !fields.is_unknown("database") {
            let attribute = if fields.has("database") { "database" } else { "name" };
            let help = "write `database: /var/lib/app/app.sqlite`";
            fields.error(attribute, format!("`{database}` is not the absolute path of a file"), help);
        }
        let others: &[&str] = match runner.as_str() {
            "sql" => &["directory", "venv", "options", "environment"],
            "alembic" => &["dir"],
            _ => &["dir", "venv"],
        };
        for other in others {
            if !fields.has(other) {
                continue;
            }
            fields.error(other, format!("`{other}` is not for the runner `{runner}`"), "take it away");
        }
        let runner = if runner == "sql" {
            for needed in ["engine", "dir"] {
                if !fields.has(needed) && !fields.is_absent() {
                    fields.error(needed, format!("the runner `sql` needs `{needed}`"), "add it");
                }
            }
            let table = fields.text("table").unwrap_or_default();
            if !table.split('.').all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_')) {
                fields.error(
                    "table",
                    format!("`{table}` is not taken as the name of a table"),
                    "use letters, digits and `_`",
                );
            }
            let files = folder::files(fields, of(engine));
            Runner::Sql { files, record: Record { migrations: of(engine), database: database.clone(), table } }
        } else {
            if !fields.has("directory") && !fields.is_absent() {
                fields.error(
                    "directory",
                    format!("the runner `{runner}` needs `directory`"),
                    "name the folder it runs in",
                );
            }
            Runner::Tool(Tool::decode(fields, runner))
        };
        let wait = fields.duration("wait").unwrap_or_default().as_secs().max(1);
        Desired { server: has_engine.then_some(server), database, runner, backup: fields.text("backup"), wait }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let Desired { server, database, runner, backup, .. } = &resource.desired;
        let mut claims = Claims::new().run_as(resource.run_as.as_ref()).requires_some(Space::PATH, backup.as_ref());
        if let Some(server) = server {
            let database = server.engine.claim(database);
            claims = claims.requires(DATABASE, database.as_str()).provides(SCHEMA, database.as_str());
            claims = claims.follows(ACCOUNTS, database).follows(ACCOUNTS, server.engine.claim("*"));
            claims = match matches!(runner, Runner::Sql { .. }) || backup.is_some() {
                true => server.required_by(claims),
                // The tool brings what it asks the server with.
                false => server.required_to_run(claims),
            };
        }
        match runner {
            Runner::Sql { .. } => claims,
            Runner::Tool(tool) => {
                // It reads what is there as it likes: settings, a file with its account.
                let mut claims = claims.reads(Space::PATH, &tool.directory).follows(Space::BELOW, &tool.directory);
                if let Some(venv) = &tool.venv {
                    claims = claims.reads(Space::PATH, venv);
                }
                if tool.name == "knex" {
                    claims = claims.reads(Space::PATH, format!("{}/node_modules", tool.directory));
                    claims = claims.requires(Space::PROGRAM, "node");
                } else if tool.venv.is_none() {
                    claims = claims.requires(Space::PROGRAM, &tool.name);
                }
                claims
            }
        }
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        // The answers to SQL count the rows of SQL alone.
        let mut asked = 0;
        let rows = all
            .iter()
            .map(|resource| match (&resource.desired.runner, &resource.desired.server) {
                (Runner::Sql { files, record }, server) => {
                    asked += 1;
                    match server {
                        Some(server) => {
                            server.query(resource, &resource.desired.database, record.question(asked - 1, files))
                        }
                        // Only what is absent has no engine.
                        None => Server::no_query(),
                    }
                }
                (Runner::Tool(tool), _) => tool.row(resource.run_as.as_ref()),
            })
            .collect();
        Probe::new(&PROBE, rows)
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        let answers = Answers::new(all.len(), output);
        let firsts = output.first_records(all.len());
        all.iter()
            .enumerate()
            .map(|(at, resource)| {
                if resource.is_absent() {
                    // What was applied stays.
                    return Observation::Absent;
                }
                let Desired { server, database, runner, .. } = &resource.desired;
                match (runner, server) {
                    (Runner::Sql { files, record }, Some(server)) => match answers.of(at, server.engine) {
                        Ok(rows) => match Applied::read_all(rows) {
                            Some(applied) => recorded(files, &applied, &record.table),
                            None => Observation::Failed(format!("the table {} holds something else", record.table)),
                        },
                        // Nothing was ever applied.
                        Err(Failure::NoTable(_)) => Observation::Absent,
                        Err(failure) => failure.observation(resource, server, database),
                    },
                    (Runner::Sql { .. }, None) => Observation::Failed(output.explain()),
                    (Runner::Tool(tool), _) => match firsts[at] {
                        None => Observation::Failed(output.explain()),
                        Some(first) => tool.told(first, resource.run_as.as_ref(), resource.desired.claim()),
                    },
                }
            })
            .collect()
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        vec![("applied", Value::Integer(observed.applied as i64))]
    }

    fn refusal(_resource: &Resource<Desired>, observed: &Observation<Observed>) -> Option<Refusal> {
        match observed {
            Observation::Present(Observed { state: State::Conflict(refusal), .. }) => Some(refusal.clone()),
            _ => None,
        }
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let mut changes = Changes::new();
        match (&resource.desired.runner, observed) {
            (Runner::Sql { files, .. }, _) => {
                for pending in pending(files, observed) {
                    // Where the drift of what names the files is left alone, there are none.
                    let Some(file) = files.get(pending.file) else { continue };
                    let count = file.statements.len();
                    let what = match (pending.done, pending.was_cut_off) {
                        (0, false) if count == 1 => "1 statement".to_string(),
                        (0, false) => format!("{count} statements"),
                        (done, false) => format!("from statement {} of {count}", done + 1),
                        (done, true) => {
                            format!("from statement {} of {count}, which was cut off and may be in place", done + 1)
                        }
                    };
                    changes.push(&file.name, Value::Null, what);
                }
            }
            (Runner::Tool(_), Observation::Present(Observed { state: State::Tool(waiting), .. })) => {
                for one in waiting {
                    changes.push(&one.name, Value::Null, if one.about.is_empty() { "pending" } else { &one.about });
                }
            }
            // What is pending can be told once the tool is there.
            (Runner::Tool(_), Observation::Present(_)) => {}
            (Runner::Tool(_), _) => {
                changes.push("pending", Value::Null, Value::Unknown(Until::applied(resource.address.clone())));
            }
        }
        if let Some(folder) = &resource.desired.backup
            && !changes.is_empty()
        {
            changes.push("backup", Value::Null, folder.as_str());
        }
        changes
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        match &resource.desired.runner {
            _ if resource.is_absent() => None,
            Runner::Sql { files, .. } => {
                let count = files.len().to_string();
                Some(expect![Answer::State { applied: &count, rows: &count }])
            }
            Runner::Tool(_) => None,
        }
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        batch.iter().enumerate().map(|(at, planned)| step(at, planned)).collect()
    }
}

/// Returns what an engine does with migrations.
fn of(engine: Engine) -> &'static dyn Migrations {
    ENGINES.of(engine.variant())
}

/// Makes the step that applies what is pending of one resource.
fn step(at: usize, planned: &Planned<'_, Migration>) -> Step {
    let resource = planned.resource;
    let Desired { server, database, runner, backup, wait } = &resource.desired;
    // A tool's user is nobody that the server or its files need to know.
    let account = resource.run_as.as_ref().filter(|_| matches!(runner, Runner::Sql { .. }));
    let connection = match server {
        Some(server) => server.connection(account, database),
        None => Connection::default().into_row(),
    };
    let file_name: String =
        resource.name().chars().map(|c| if c.is_ascii_alphanumeric() || "_-.".contains(c) { c } else { '_' }).collect();
    let backup = backup
        .as_ref()
        .map(|folder| row![Backup { into: folder, name: file_name.trim_start_matches(['_', '.', '-']) }]);
    let mut script = Script { rows: vec![connection], input: Vec::new() };
    let count = match runner {
        Runner::Sql { files, record } => {
            let pending = pending(files, planned.observed);
            script.apply(record, files, &pending, *wait, backup);
            match pending.as_slice() {
                [one] => format!("apply {}", files[one.file].name),
                several => format!("apply {} migrations", several.len()),
            }
        }
        Runner::Tool(tool) => {
            if let Some((server, backup)) = server.as_ref().zip(backup) {
                // alembic has no lock of its own; one on the server holds for runs from other hosts too.
                let (database, table) = (database.clone(), tool.name.clone());
                let record = Record { migrations: of(server.engine), database, table };
                script.lock(&record, *wait);
                script.tell("backup", backup);
            }
            script.tell("tool", row![Run { seconds: wait.to_string() }]);
            script.rows.push(tool.row(resource.run_as.as_ref()));
            format!("run {} in {}", tool.name, tool.directory)
        }
    };
    // Without a server, a tool runs that reaches its own.
    let engine = resource.desired.server.as_ref().map(|server| server.engine).unwrap_or_default();
    let program = engine.program_of(&APPLY);
    Step::new(program, vec![at], count)
        .rows(script.rows)
        .input(script.input)
        .timeout(resource.timeout.unwrap_or(LONGEST))
}

/// Returns what is pending: all of it where nothing is applied.
fn pending(files: &[File], observed: &Observation<Observed>) -> Vec<Pending> {
    match observed {
        Observation::Present(Observed { state: State::Files(pending), .. }) => pending.clone(),
        Observation::Present(_) => Vec::new(),
        _ => (0..files.len()).map(|file| Pending { file, done: 0, is_recorded: false, was_cut_off: false }).collect(),
    }
}

/// Says what a record and the files come to.
fn recorded(files: &[File], applied: &[Applied], table: &str) -> Observation<Observed> {
    if applied.is_empty() {
        return Observation::Absent;
    }
    let state = match record::pending(files, applied, table) {
        Ok(pending) => State::Files(pending),
        Err(conflict) => State::Conflict(conflict),
    };
    Observation::Present(Observed { applied: applied.len(), state })
}
