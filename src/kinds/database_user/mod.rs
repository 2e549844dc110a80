//! `database_user`: an account of a database server, and what it may do.

mod grants;
mod pattern;
mod privileges;
mod users;
mod verifier;

use std::collections::BTreeSet;

use crate::model::{Change, Changes, Probe, ProbeOutput, Record, Records, Secret, Step, Value};
use crate::{records, variants};

use crate::kinds::shared::database_engine::{
    ACCOUNTS, CHOICE, DATABASE, DATABASE_USER, Engine, GOING_USER, LOGIN, NOUN, QUERY, SCHEMA, Server, change, observe,
};
use crate::resource::{
    Attribute, Claim, Claims, Documentation, Fields, Kind, Observation, Planned, Resource, Shape, Variants,
};

use grants::{Grants, Object};
pub use users::{DatabaseUser, Desired, Observed};
use users::{Password, ROLE, Users};

variants! {
    /// The engines that have users.
    const SERVERS: dyn Users = (NOUN, CHOICE) {
        mysql::Mysql,
        postgresql::Postgresql,
    }
}

impl Kind for DatabaseUser {
    const KIND: &'static str = "database_user";
    const SECTION: &'static str = "database_users";
    const ATTRIBUTES: &'static [Attribute] = &[
        Engine::ATTRIBUTE,
        Server::ATTRIBUTE,
        Attribute::optional("password", Shape::Text, "Its password, which may be a secret; left alone where left out."),
        Attribute::optional(
            "socket",
            Shape::Bool,
            "MySQL: whether the unix user of the same name logs in by the local socket without a password.",
        ),
        Attribute::optional(
            "tls",
            Shape::OneOf(&["required", "optional"]),
            "MySQL: whether it may connect only with encryption.",
        ),
        Attribute::optional(
            "login",
            Shape::Bool,
            "PostgreSQL: whether it may log in; true for a new one where left out.",
        ),
        Attribute::optional("superuser", Shape::Bool, "PostgreSQL: whether it may do everything."),
        Attribute::optional("createdb", Shape::Bool, "PostgreSQL: whether it may make databases."),
        Attribute::optional("createrole", Shape::Bool, "PostgreSQL: whether it may make roles."),
        Attribute::optional(
            "member_of",
            Shape::List(&Shape::Text),
            "PostgreSQL: the roles whose privileges it has too; others are taken away. Left alone where left out.",
        ),
        Attribute::optional(
            "grants",
            Shape::Map(&Shape::List(&Shape::Text)),
            "What it may do, by object, such as `{ \"shop.*\": [SELECT, INSERT] }`; others are revoked. Left alone where left out.",
        ),
    ];
    const DOCUMENTATION: Documentation = Documentation {
        summary: "An account of MySQL, MariaDB or PostgreSQL, and what it may do.",
        name: "`user@host` for MySQL and MariaDB (`app@localhost`, `app@%`), the role for PostgreSQL.",
        example: include_str!("example.yaml"),
        notes: include_str!("notes.md"),
        uses: include_str!("uses.yaml"),
    };
    const VARIANTS: Option<&'static Variants> = Some(&SERVERS.variants);

    type Desired = Desired;
    type Observed = Observed;

    fn decode(fields: &mut Fields<'_>) -> Desired {
        let server = Server::decode(fields);
        let engine = server.engine;
        let has_users = SERVERS.variants.named(engine.word()).is_some();
        let (user, host) = match has_users {
            true => users(engine).read_name(fields),
            false => {
                let message = format!("{} has no users", engine.title());
                fields.error("engine", message, "`owner` and `mode` of the database say who may read it");
                (fields.name().to_string(), String::new())
            }
        };
        if let Some(wrong) = engine.refuse_name(&user) {
            fields.error("name", format!("the name of a user {wrong}"), "choose another name");
        }
        SERVERS.variants.refuse_attributes(engine.variant(), fields);
        if has_users {
            users(engine).check(fields);
        }
        let password = fields.secret("password");
        if let Some(password) = password.as_ref().filter(|_| !fields.is_unknown("password")) {
            let text = password.expose();
            if text.is_empty() {
                fields.error("password", "the password is empty", "set one, or leave `password` out");
            } else if let Some([wrong, help]) = users(engine).refuse_password(text) {
                fields.error("password", wrong, help);
            }
        }
        let role = ROLE.iter().filter_map(|(attribute, _)| Some((*attribute, fields.bool(attribute)?))).collect();
        Desired {
            user,
            host,
            password,
            socket: fields.bool("socket"),
            tls: fields.text("tls"),
            role,
            member_of: fields.value("member_of").map(|_| fields.texts("member_of").into_iter().collect()),
            grants: has_users.then(|| privileges::decode(fields, users(engine))).flatten(),
            server,
        }
    }

    fn claims(resource: &Resource<Desired>) -> Claims {
        let desired = &resource.desired;
        let engine = desired.server.engine;
        let claims = Claims::new().provides(DATABASE_USER, engine.claim(resource.name()));
        let mut claims = claims.provides(LOGIN, engine.claim(&desired.user));
        if resource.is_absent() {
            claims = claims.shares(GOING_USER, engine.word());
        }
        let claims = desired.server.required_by(claims);
        let roles = desired.member_of.iter().flatten();
        let claims = roles.fold(claims, |claims, role| claims.requires(DATABASE_USER, engine.claim(role)));
        let objects = desired.grants.iter().flat_map(|grants| grants.keys());
        let needed: BTreeSet<Claim> = objects.filter_map(|object| needs(engine, object)).collect();
        let claims = needed.into_iter().fold(claims, |claims, claim| claims.requires(claim.space, claim.name));
        // It may be the one that migrations log in with.
        let objects = desired.grants.iter().flat_map(|grants| grants.keys()).filter(|object| object.table.is_none());
        let databases: BTreeSet<String> = objects.map(|object| database_of(object).unwrap_or("*".into())).collect();
        databases.iter().fold(claims, |claims, database| claims.provides(ACCOUNTS, engine.claim(database)))
    }

    fn probe(all: &[&Resource<Desired>]) -> Probe {
        let row = |(at, resource): (usize, &&Resource<Desired>)| {
            let desired = &resource.desired;
            desired.server.query(resource, "", users(desired.server.engine).look(at, resource))
        };
        Probe::new(&QUERY, all.iter().enumerate().map(row).collect())
    }

    fn parse(all: &[&Resource<Desired>], output: &ProbeOutput) -> Vec<Observation<Observed>> {
        observe(all, output, |desired| &desired.server, observation)
    }

    fn attributes(observed: &Observed) -> Vec<(&'static str, Value)> {
        let mut attributes = Vec::new();
        if observed.socket {
            attributes.push(("socket", true.into()));
        }
        if !observed.tls.is_empty() {
            attributes.push(("tls", observed.tls.as_str().into()));
        }
        attributes.extend(observed.role.iter().map(|(name, value)| (*name, Value::Bool(*value))));
        if !observed.member_of.is_empty() {
            attributes.push(("member_of", grants::list(&observed.member_of)));
        }
        let grants = observed.grants.iter().map(|(object, privileges)| (object.to_string(), grants::list(privileges)));
        attributes.push(("grants", Value::Map(grants.collect())));
        attributes
    }

    fn diff(resource: &Resource<Desired>, observed: &Observation<Observed>) -> Changes {
        let desired = &resource.desired;
        let found = observed.found();
        let mut changes = Changes::new();
        if found.is_none() {
            changes.push("engine", Value::Null, desired.server.engine.word());
        }
        if let Some(password) = &desired.password {
            match found.map(|found| found.password) {
                Some(Password::Same | Password::Ignored) => {}
                Some(Password::Differs) => changes.push("password", Secret::new(""), password.clone()),
                Some(Password::Missing) | None => changes.push("password", Value::Null, password.clone()),
            }
        }
        changes.compare_if("socket", found.map(|found| found.socket), desired.socket);
        changes.compare_if("tls", found.map(|found| found.tls.as_str()), desired.tls.as_deref());
        for (attribute, wanted) in &desired.role {
            let before = found.and_then(|found| found.role.iter().find(|(name, _)| name == attribute));
            changes.compare(attribute, before.map(|(_, value)| *value), *wanted);
        }
        let member_of = found.map(|found| grants::list(&found.member_of));
        changes.compare_if("member_of", member_of, desired.member_of.as_ref().map(grants::list));
        if let Some(wanted) = &desired.grants {
            let none = Grants::new();
            for (object, before, after) in grants::compare(found.map_or(&none, |found| &found.grants), wanted) {
                let shown = |privileges: &BTreeSet<String>| match privileges.is_empty() {
                    true => Value::Null,
                    false => grants::list(privileges),
                };
                changes.push(&format!("grants[{object}]"), shown(&before), shown(&after));
            }
        }
        changes
    }

    fn remarks(resource: &Resource<Desired>, observed: &Observation<Observed>, changes: &[Change]) -> Vec<String> {
        let mut remarks = Vec::new();
        if resource.is_absent() {
            return remarks;
        }
        let desired = &resource.desired;
        let logs_in = desired.socket != Some(true) && !desired.role.contains(&("login", false));
        if *observed == Observation::Absent && desired.password.is_none() && logs_in {
            remarks.push("it cannot log in until it gets a password".to_string());
        }
        let gone =
            changes.iter().filter(|change| change.attribute.starts_with("grants[") && change.after == Value::Null);
        if gone.count() > 0 {
            remarks.push("revokes what the spec does not grant".into());
        }
        remarks
    }

    fn steps(batch: &[Planned<'_, Self>]) -> Vec<Step> {
        let row = |planned: &Planned<'_, Self>| {
            let sql = users(planned.resource.desired.server.engine).change(planned);
            // It holds what is derived from a password.
            planned.resource.desired.server.query(planned.resource, "", Secret::new(sql))
        };
        let engine = |planned: &Planned<'_, Self>| Some(planned.resource.desired.server.engine);
        change(batch, engine, ["database user", "database users"], row)
    }
}

records! {
    _ =>
    /// A database that grants name, in hexadecimal, and that is not there; all engines say it so.
    enum Lacking { "lacks" => Database { database } }
}

fn observation(resource: &Resource<Desired>, records: &[&Record]) -> Observation<Observed> {
    let engine = resource.desired.server.engine;
    // A grant on nothing would be made, and then hold for whatever gets that name later.
    let lacks = records.iter().find_map(|record| Lacking::find(record)).filter(|_| !resource.is_absent());
    if let Some(database) = lacks.and_then(|Lacking::Database { database }| Engine::answer(database)) {
        return Observation::Later {
            needs: Claim::new(DATABASE, engine.claim(&database)),
            reason: format!("it has grants on the database `{database}`, which is not there"),
        };
    }
    users(engine).observation(resource, records).unwrap_or_else(Observation::Failed)
}

/// Returns what an engine does with its users.
fn users(engine: Engine) -> &'static dyn Users {
    SERVERS.of(engine.variant())
}

/// Returns what has to be there before a grant on an object.
fn needs(engine: Engine, object: &Object) -> Option<Claim> {
    let is_made_later = object.table.is_some() || object.schema.as_ref().is_some_and(|schema| schema != "public");
    let space = if is_made_later { SCHEMA } else { DATABASE };
    Some(Claim::new(space, engine.claim(&database_of(object)?)))
}

/// Returns the name of the database that an object is, or is in.
fn database_of(object: &Object) -> Option<String> {
    let database = object.database.as_ref()?;
    // Only all of a database of MySQL is named by a pattern.
    let is_pattern = object.every && object.schema.is_none();
    let name = is_pattern.then(|| pattern::literal(database)).flatten();
    Some(name.unwrap_or_else(|| database.clone()))
}
