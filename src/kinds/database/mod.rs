//! `database`: a database of a server, or a file of SQLite.

mod mysql;
mod postgresql;
mod sqlite;

use crate::model::{Change, Changes, Expect, Probe, ProbeOutput, Record, Row, Step, Value};
use crate::row;

use crate::kinds::shared::database_engine::{DATABASE, DATABASE_USER, Engine, Server, change, hex, observe};
use crate::resource::{Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Space};

/// A database of a server, or a file of SQLite.
pub struct Database;

/// A database as the spec wants it; what is `None` is left alone.
#[derive(Clone, Debug)]
pub struct Desired {
    server: Server,
    charset: Option<String>,
    collation: Option<String>,
    owner: Option<String>,
    group: Option<String>,
    mode: Option<String>,
    encoding: Option<String>,
    lc_collate: Option<String>,
    lc_ctype: Option<String>,
    template: Option<String>,
    extensions: Vec<String>,
}

/// A database as it was found: its attributes in the order they are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    attributes: Vec<(&'static str, String)>,
    /// Those of the extensions wanted that are there.
    extensions: Vec<String>,
    /// How much goes with it: "12 tables"; asked only of one that goes.
    holds: String,
}

impl Observed {
    fn get(&self, attribute: &str) -> &str {
        self.attributes.iter().find(|(name, _)| *name == attribute).map_or("", |(_, value)| value)
    }
}

/// Observes files and databases; see `probe.sh`.
const PROBE: &str = concat!(
    include_str!("files.sh"),
    include_str!("../shared/database_engine/client.sh"),
    include_str!("../shared/database_engine/query.sh")
);

/// Which engines know an attribute.
const KNOWN_TO: &[(&str, &[Engine])] = &[
    ("charset", &[Engine::Mysql]),
    ("collation", &[Engine::Mysql]),
    ("owner", &[Engine::Postgresql, Engine::Sqlite]),
    ("encoding", &[Engine::Postgresql]),
    ("lc_collate", &[Engine::Postgresql]),
    ("lc_ctype", &[Engine::Postgresql]),
    ("template", &[Engine::Postgresql]),
    ("extensions", &[Engine::Postgresql]),
    ("group", &[Engine::Sqlite]),
    ("mode", &[Engine::Sqlite]),
];

impl Kind for Database {
    const KIND: &'static str = "database";
    const SECTION: &'static str = "databases";
    const ATTRIBUTES: &'static [Attribute] = &[
        Engine::ATTRIBUTE,
        Server::ATTRIBUTE,
        Attribute::optional("charset", Shape::Text, "MySQL: the default character set of new tables."),
        Attribute::optional("collation", Shape::Text, "MySQL: the default collation of new tables."),
        Attribute::optional(
            "owner",
            Shape::Text,
            "PostgreSQL: the role that owns it. SQLite: the unix user that owns the file.",
        ),
        Attribute::optional("group", Shape::Account, "SQLite: the unix group of the file."),
        Attribute::optional(
            "mode",
            Shape::Mode,
            "SQLite: the mode of the file; \"0640\" for a new one where left out.",
        ),
        Attribute::optional(
            "encoding",
            Shape::Text,
            "PostgreSQL: the character set, such as UTF8; counts at creation.",
        ),
        Attribute::optional("lc_collate", Shape::Text, "PostgreSQL: the order of texts; counts at creation."),
        Attribute::optional("lc_ctype", Shape::Text, "PostgreSQL: the classes of characters; counts at creation."),
        Attribute::optional("template", Shape::Text, "PostgreSQL: the database it is a copy of; counts at creation."),
        Attribute::optional("extensions", Shape::List(&Shape::Text), "PostgreSQL: extensions that it has."),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "A database of MySQL, MariaDB or PostgreSQL, or a file of SQLite.",
        name: "The database's name; for SQLite the absolute path of its file.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
    };

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let server = Server::decode(fields);
        let engine = server.engine;
        check_name(fields, engine);
        engine.refuse_others(fields, KNOWN_TO);
        let charset = fields.text("charset").map(|charset| mysql::full_name(&charset));
        let collation = fields.text("collation").map(|collation| mysql::full_collation(&collation, charset.as_deref()));
        if let (Some(charset), Some(collation)) = (&charset, &collation)
            && collation != charset
            && collation != "binary"
            && !collation.starts_with(&format!("{charset}_"))
        {
            let message = format!("the collation `{collation}` is not one of the charset `{charset}`");
            fields.error("collation", message, format!("collations of it begin with `{charset}_`"));
        }
        let extensions = fields.texts("extensions");
        for attribute in ["owner", "template"] {
            let wrong = fields.text(attribute).and_then(|name| engine.refuse_name(&name));
            if let Some(wrong) = wrong.filter(|_| !fields.is_unknown(attribute)) {
                fields.error(attribute, format!("`{attribute}` {wrong}"), "write the name as the server has it");
            }
        }
        if let Some(wrong) = extensions.iter().find_map(|name| engine.refuse_name(name)) {
            fields.error("extensions", format!("a name {wrong}"), "`pg_available_extensions` lists what there is");
        }
        Desired {
            server,
            charset,
            collation,
            owner: fields.text("owner"),
            group: fields.text("group"),
            mode: fields.mode("mode"),
            encoding: fields.text("encoding"),
            lc_collate: fields.text("lc_collate"),
            lc_ctype: fields.text("lc_ctype"),
            template: fields.text("template"),
            extensions,
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let desired = &resource.desired;
        let engine = desired.server.engine;
        let claims = Claims::new().provides(DATABASE, engine.claim(resource.name()));
        match engine {
            Engine::Sqlite => {
                claims.provides(Space::PATH, resource.name()).owned_by(desired.owner.as_ref(), desired.group.as_ref())
            }
            _ => {
                let claims = desired.server.required_by(claims);
                match &desired.owner {
                    Some(owner) if !resource.is_absent() => claims.requires(DATABASE_USER, engine.claim(owner)),
                    _ => claims,
                }
            }
        }
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        // The index is part of the SQL, so that what is selected says which row it is about.
        let row = |(at, resource): (usize, &&Resource<Desired>)| match resource.desired.server.engine {
            Engine::Sqlite => row!["file", resource.name()],
            Engine::Mysql => query(resource, mysql::look(at, resource)),
            Engine::Postgresql => query(resource, postgresql::look(at, resource)),
        };
        Probe::new(PROBE, all.iter().enumerate().map(row).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        observe(
            all,
            output,
            |desired| &desired.server,
            |resource, records| match resource.desired.server.engine {
                _ if records[0].field(0) == "absent" => Observation::Absent,
                Engine::Sqlite => sqlite::observation(records[0]),
                Engine::Mysql => mysql::observation(records[0]),
                Engine::Postgresql => postgresql::observation(resource, records),
            },
        )
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes: Vec<(&str, Value)> =
            observed.attributes.iter().map(|(name, value)| (*name, value.as_str().into())).collect();
        if !observed.holds.is_empty() {
            attributes.push(("holds", observed.holds.as_str().into()));
        }
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let found = observed.found();
        let mut changes = Changes::new();
        if found.is_none() {
            changes.push("engine", Value::Null, desired.server.engine.word());
        }
        for (attribute, wanted) in wanted(desired) {
            changes.compare_if(attribute, found.map(|found| found.get(attribute)), wanted);
        }
        if found.is_none() {
            changes.compare_if("template", Value::Null, desired.template.as_deref());
        }
        for extension in &desired.extensions {
            if !found.is_some_and(|found| found.extensions.contains(extension)) {
                changes.push(&format!("extensions[{extension}]"), Value::Null, true);
            }
        }
        changes
    }

    fn remarks(resource: &Resource<Desired>, observed: &Observation<Observed>, changes: &[Change]) -> Vec<String> {
        let is_default = |change: &Change| matches!(change.attribute.as_str(), "charset" | "collation");
        match observed {
            Observation::Present(found) if resource.is_absent() => vec![format!("drops all data: {}", found.holds)],
            Observation::Present(_) if changes.iter().any(is_default) => {
                vec!["for tables made from now on; existing tables and columns keep theirs".into()]
            }
            _ => Vec::new(),
        }
    }

    fn expected(resource: &Resource<Desired>) -> Option<Vec<Expect>> {
        let is = |text: &str| Expect::Is(text.to_string());
        if resource.is_absent() {
            return Some(vec![is("absent")]);
        }
        let desired = &resource.desired;
        let engine = desired.server.engine;
        let first = if engine == Engine::Sqlite { "file" } else { "present" };
        let values = wanted(desired).into_iter().map(|(_, value)| match value {
            None => Expect::Any,
            Some(value) if engine == Engine::Sqlite => is(value),
            Some(value) => Expect::Is(hex(value.as_bytes())),
        });
        let mut expected: Vec<Expect> = std::iter::once(is(first)).chain(values).collect();
        if engine == Engine::Postgresql {
            expected.push(is(&desired.extensions.len().to_string()));
        }
        Some(expected)
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let mut steps = sqlite::steps(batch);
        let has_server = |planned: &Planned<'_, Self>| planned.resource.desired.server.engine != Engine::Sqlite;
        steps.extend(change(batch, has_server, ["database", "databases"], changed));
        steps
    }
}

/// Makes a row of the probe: each resource has a connection to the server, not to its database, which may not be there.
fn query(resource: &Resource<Desired>, sql: String) -> Row {
    resource.desired.server.query(resource, "", sql)
}

fn changed(planned: &Planned<'_, Database>) -> Row {
    let resource = planned.resource;
    let engine = resource.desired.server.engine;
    let sql = match (resource.is_absent(), engine) {
        (true, _) => format!("DROP DATABASE {};", engine.name(resource.name())),
        (false, Engine::Mysql) => mysql::change(planned),
        (false, _) => postgresql::change(planned),
    };
    query(resource, sql)
}

/// Returns the attributes that are compared, in the order they are shown and observed.
fn wanted(desired: &Desired) -> Vec<(&'static str, Option<&str>)> {
    match desired.server.engine {
        Engine::Mysql => vec![("charset", desired.charset.as_deref()), ("collation", desired.collation.as_deref())],
        Engine::Postgresql => vec![
            ("owner", desired.owner.as_deref()),
            ("encoding", desired.encoding.as_deref()),
            ("lc_collate", desired.lc_collate.as_deref()),
            ("lc_ctype", desired.lc_ctype.as_deref()),
        ],
        Engine::Sqlite => vec![
            ("owner", desired.owner.as_deref()),
            ("group", desired.group.as_deref()),
            ("mode", desired.mode.as_deref()),
        ],
    }
}

fn check_name(fields: &mut Fields<'_>, engine: Engine) {
    let name = fields.name().to_string();
    if engine == Engine::Sqlite {
        if !name.starts_with('/')
            || name.ends_with('/')
            || name.contains("//")
            || name.split('/').any(|part| part == "..")
        {
            fields.error(
                "name",
                format!("`{name}` is not an absolute path"),
                "a database of SQLite has the path of its file as name",
            );
        }
        return;
    }
    if let Some(wrong) = engine.refuse_name(&name) {
        fields.error("name", format!("the name of a database {wrong}"), "choose another name");
    }
    let system: &[&str] = match engine {
        Engine::Mysql => &["mysql", "information_schema", "performance_schema", "sys"],
        _ => &["postgres", "template0", "template1"],
    };
    if system.contains(&name.as_str()) {
        fields.error("name", format!("`{name}` belongs to the server itself"), "choose another name");
    }
}
