//! `database`: a database of a server, or a file of SQLite.

mod store;

use std::sync::LazyLock;

use crate::model::{Change, Changes, Expect, Probe, ProbeOutput, Row, Step, Value};
use crate::variants;

use crate::kinds::shared::database_engine::{
    CHOICE, DATABASE, Engine, GOING_USER, NOUN, QUERY, Server, change, observe,
};
use crate::resource::{
    Attribute, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Variant, Variants,
};

use store::query;
pub use store::{Database, Desired, Observed, Store};

variants! {
    /// The engines.
    const STORES: dyn Store = (NOUN, CHOICE) {
        mysql::Mysql,
        postgresql::Postgresql,
        sqlite::Sqlite,
    }
}

/// Observes files and databases.
static PROBE: LazyLock<String> = LazyLock::new(|| format!("{}{}", include_str!("files.sh"), *QUERY));

impl Kind for Database {
    const KIND: &'static str = "database";
    const SECTION: &'static str = "databases";
    const HOLDS_DATA: bool = true;
    const ATTRIBUTES: &'static [Attribute] = &[
        Engine::attribute(STORES.variants.names),
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
        uses: include_str!("uses.yaml"),
    };
    const VARIANTS: Option<&'static Variants> = Some(&STORES.variants);
    const STAYS: &'static [&'static str] = &["owner", "group", "mode"];

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let server = Server::decode(fields);
        let engine = server.engine;
        let store = store(engine);
        store.check_name(fields);
        STORES.variants.refuse_attributes(engine.variant(), fields);
        let (charset, collation) = store.charset(fields);
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
        let mut claims = Claims::new().provides(DATABASE, engine.claim(resource.name()));
        if resource.is_absent() {
            // Its owner on the server cannot go before it, and may be another than the spec knows of.
            claims = claims.follows(GOING_USER, engine.word());
        }
        store(engine).claims(resource, claims)
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let row = |(at, resource): (usize, &&Resource<Desired>)| of(resource).row(at, resource);
        Probe::new(&PROBE, all.iter().enumerate().map(row).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        observe(
            all,
            output,
            |desired| &desired.server,
            |resource, records| of(resource).observation(resource, records).unwrap_or_else(Observation::Failed),
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
        for (attribute, wanted) in of(resource).wanted(desired) {
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
        Some(of(resource).expected(resource))
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let own = |(variant, store): (&Variant, &'static dyn Store)| {
            let is_own = |&at: &usize| batch[at].resource.desired.server.engine.variant() == variant;
            store.steps(batch, &(0..batch.len()).filter(is_own).collect::<Vec<_>>())
        };
        let mut steps: Vec<Step> = STORES.iter().flat_map(own).collect();
        let engine = |planned: &Planned<'_, Self>| {
            let engine = planned.resource.desired.server.engine;
            engine.has_server().then_some(engine)
        };
        steps.extend(change(batch, engine, ["database", "databases"], changed));
        steps
    }
}

/// Returns what an engine does with databases.
fn store(engine: Engine) -> &'static dyn Store {
    STORES.of(engine.variant())
}

/// Returns what the engine of a database does with it.
fn of(resource: &Resource<Desired>) -> &'static dyn Store {
    store(resource.desired.server.engine)
}

fn changed(planned: &Planned<'_, Database>) -> Row {
    let resource = planned.resource;
    let engine = resource.desired.server.engine;
    let sql = match resource.is_absent() {
        true => format!("DROP DATABASE {};", engine.name(resource.name())),
        false => of(resource).change(planned),
    };
    query(resource, sql)
}
