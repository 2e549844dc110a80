//! Roles of PostgreSQL.

mod look;
mod privileges;

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::shared::database_engine::{DATABASE_USER, Engine, POSTGRESQL, connect};
use crate::model::{Record, Records};
use crate::records;
use crate::resource::{Claim, Feature, Fields, Observation, Planned, Resource, Variant};

use super::grants::{self, Grants, Object, Things};
use super::privileges::{Privileges, as_wanted};
use super::users::{DatabaseUser, Desired, Observed, Password, ROLE, Users};
use super::verifier;
use look::{ENGINE, PUBLIC, databases, look};

pub const VARIANT: Variant = Variant {
    features: &[Feature {
        name: "attributes of a role",
        attributes: &["login", "superuser", "createdb", "createrole", "member_of"],
    }],
    ..POSTGRESQL
};

/// What PostgreSQL does.
pub struct Postgresql;

impl Users for Postgresql {
    fn read_name(&self, fields: &mut Fields<'_>) -> (String, String) {
        (fields.name().to_string(), String::new())
    }

    fn refuse_password(&self, password: &str) -> Option<[&'static str; 2]> {
        let is_ascii = password.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        (!is_ascii).then_some([
            "a password of PostgreSQL may hold ASCII characters only here",
            "others are changed by each client in its own way (SASLprep)",
        ])
    }

    fn check(&self, fields: &mut Fields<'_>) {
        if fields.name().eq_ignore_ascii_case(PUBLIC) && fields.name() != PUBLIC {
            fields.error("name", "this would be a role of that name", "write `public` for everybody");
        }
        if fields.name() != PUBLIC {
            return;
        }
        for attribute in ["password", "login", "superuser", "createdb", "createrole", "member_of"] {
            if fields.has(attribute) {
                let message = format!("`public` is everybody, and has no `{attribute}`");
                fields.error(attribute, message, "leave it out; `grants` say what everybody may do");
            }
        }
        if fields.is_absent() {
            fields.error("state", "`public` is everybody, and is always there", "list what it may do in `grants`");
        }
    }

    fn look(&self, at: usize, resource: &Resource<Desired>) -> String {
        look(at, resource)
    }

    fn observation(&self, resource: &Resource<Desired>, records: &[&Record]) -> Result<Observation<Observed>, String> {
        Ok(observation(resource, &Seen::read_all(records)?))
    }

    fn change(&self, planned: &Planned<'_, DatabaseUser>) -> String {
        change(planned)
    }
}

/// Writes whom privileges are granted to.
fn grantee(user: &str) -> String {
    if user == PUBLIC { "PUBLIC".into() } else { ENGINE.name(user) }
}

records! {
    _ =>
    /// What [`look`] selects: the role's attributes and its verifier; privileges on databases and schemas; how many
    /// tables, sequences and routines ("t", "s" or "f") of a schema there are that are not the role's own; privileges on these, and on
    /// those to come, "t" where they are on those of all who make them; databases that grants name and that are not there; roles that
    /// it is a member of, and those it is to be one of and that are not there. Names are in hexadecimal.
    enum Seen {
        "absent" => Absent { login, superuser, create_database, create_role, verifier },
        "present" => Present { login, superuser, create_database, create_role, verifier },
        "lacks" => Lacks { database },
        "member" => Member { of },
        "no-role" => NoRole { role },
        "database" => Database { database, privilege },
        "schema" => OnSchema { database, schema, privilege },
        "count" => Count { database, schema, letter, count },
        "relation" => Relation { database, schema, name, letter, privilege },
        "default" => ToCome { database, schema, letter, privilege, of_all },
    }
}

/// What is granted on the tables, the sequences or the routines of a schema.
#[derive(Default)]
struct Schema {
    count: usize,
    by_relation: BTreeMap<String, BTreeSet<String>>,
    /// On those to come, with whether that holds for all who make them.
    default: BTreeMap<String, bool>,
}

fn observation(resource: &Resource<Desired>, all: &[Seen<'_>]) -> Observation<Observed> {
    let desired = &resource.desired;
    let there = all.iter().find_map(|seen| match *seen {
        Seen::Present { login, superuser, create_database, create_role, verifier } => {
            Some(([login, superuser, create_database, create_role], verifier))
        }
        _ => None,
    });
    let missing = all.iter().find_map(|seen| match seen {
        Seen::NoRole { role } if !resource.is_absent() => Engine::answer(role),
        _ => None,
    });
    if let Some(role) = missing {
        return Observation::Later {
            needs: Claim::new(DATABASE_USER, ENGINE.claim(&role)),
            reason: format!("it is to be a member of the role `{role}`, which is not there"),
        };
    }
    let Some((flags, stored)) = there else { return Observation::Absent };
    let Some(stored) = Engine::answer(stored) else {
        return Observation::Failed("its verifier cannot be read from the server's answer".into());
    };
    let password = match (&desired.password, stored.as_str()) {
        (None, _) => Password::Ignored,
        (Some(_), "") => Password::Missing,
        (Some(wanted), stored) => match verifier::is_of_postgresql(stored, wanted.expose(), &desired.user) {
            Some(true) => Password::Same,
            Some(false) => Password::Differs,
            None => return Observation::Failed("its password is kept in a form that is not known".into()),
        },
    };
    Observation::Present(Observed {
        password,
        socket: false,
        tls: String::new(),
        role: ROLE.iter().zip(flags).map(|((name, _), flag)| (*name, flag == "t")).collect(),
        member_of: all.iter().filter_map(member).collect(),
        grants: match &desired.grants {
            Some(wanted) => {
                let mut found = granted(wanted, all);
                if desired.user == PUBLIC {
                    found.retain(|object, _| is_named(wanted, object));
                }
                as_wanted(&Postgresql, found, Some(wanted))
            }
            None => Grants::new(),
        },
    })
}

fn member(seen: &Seen<'_>) -> Option<String> {
    match seen {
        Seen::Member { of } => Engine::answer(of),
        _ => None,
    }
}

/// Returns whether grants name an object, or all things of its sort in its schema.
fn is_named(wanted: &Grants, object: &Object) -> bool {
    wanted.contains_key(object)
        || object.table.is_some() && wanted.contains_key(&Object { table: None, every: true, ..object.clone() })
}

/// Reads the grants. What is wanted on all tables of a schema counts as there only where every table has it and tables to
/// come will; what only some have, and is not wanted, is there too.
fn granted(wanted: &Grants, all: &[Seen<'_>]) -> Grants {
    let mut found = Grants::new();
    let mut schemas: BTreeMap<Object, Schema> = BTreeMap::new();
    let text = |hex: &str| Engine::answer(hex).unwrap_or_default();
    let of = |database: &str, schema: &str, letter: &str| {
        Object::database(text(database)).schema(text(schema)).all(match letter {
            "s" => Things::Sequences,
            "f" => Things::Routines,
            _ => Things::Tables,
        })
    };
    for seen in all {
        match *seen {
            Seen::Database { database, privilege } => {
                found.entry(Object::database(text(database))).or_default().insert(grants::normal(privilege));
            }
            Seen::OnSchema { database, schema, privilege } => {
                let schema = Object::database(text(database)).schema(text(schema));
                found.entry(schema).or_default().insert(privilege.into());
            }
            Seen::Count { database, schema, letter, count } => {
                schemas.entry(of(database, schema, letter)).or_default().count = count.parse().unwrap_or_default();
            }
            Seen::Relation { database, schema, name, letter, privilege } => {
                let schema = schemas.entry(of(database, schema, letter)).or_default();
                schema.by_relation.entry(text(name)).or_default().insert(privilege.into());
            }
            Seen::ToCome { database, schema, letter, privilege, of_all } => {
                let schema = schemas.entry(of(database, schema, letter)).or_default();
                schema.default.insert(privilege.into(), of_all == "t");
            }
            _ => {}
        }
    }
    for (object, schema) in schemas {
        let all = Postgresql.all(&object);
        let of_all = wanted.get(&object);
        let is_of_all =
            |privilege: &str| of_all.is_some_and(|words| words.contains(privilege) || words.contains("ALL"));
        for privilege in all.iter().chain(&["MAINTAIN"]).filter(|privilege| is_of_all(privilege)) {
            let have = schema.by_relation.values().filter(|words| words.contains(*privilege)).count();
            if have == schema.count && schema.default.get(*privilege) == Some(&true) {
                found.entry(object.clone()).or_default().insert(privilege.to_string());
            }
        }
        for privilege in schema.default.keys().filter(|privilege| !is_of_all(privilege)) {
            found.entry(object.clone()).or_default().insert(privilege.clone());
        }
        for (relation, privileges) in schema.by_relation {
            let own = Object { every: false, ..object.clone() }.table(relation);
            let kept = privileges.into_iter().filter(|privilege| {
                !is_of_all(privilege) || wanted.get(&own).is_some_and(|words| words.contains(privilege))
            });
            let kept: BTreeSet<String> = kept.collect();
            if !kept.is_empty() {
                found.insert(own, kept);
            }
        }
    }
    found
}

fn change(planned: &Planned<'_, DatabaseUser>) -> String {
    let resource = planned.resource;
    let desired = &resource.desired;
    let role = grantee(&desired.user);
    if resource.is_absent() {
        let mut lines: Vec<String> = Vec::new();
        for database in desired.grants.iter().flat_map(databases) {
            lines.extend(enter(database, &desired.user));
            lines.push(revoke_all(&desired.user));
            lines.extend(["\\connect :\"home\"".to_string(), "\\endif".into()]);
        }
        lines.push(format!("DROP ROLE {role};"));
        return lines.join("\n");
    }
    let found = planned.observed.found();
    let changes = |attribute: &str| planned.sets(attribute);
    let mut options = String::new();
    for (attribute, word) in ROLE {
        match desired.role.iter().find(|(name, _)| name == attribute) {
            Some((_, value)) if changes(attribute) => {
                options.push_str(&format!(" {}{word}", if *value { "" } else { "NO" }));
            }
            None if found.is_none() && *attribute == "login" => options.push_str(" LOGIN"),
            _ => {}
        }
    }
    if let Some(password) = desired.password.as_ref().filter(|_| changes("password")) {
        let verifier = verifier::scram(password.expose(), &desired.user);
        options.push_str(&format!(" PASSWORD {}", ENGINE.text(&verifier)));
    }
    let mut lines = Vec::new();
    if (found.is_none() || !options.is_empty()) && desired.user != PUBLIC {
        let verb = if found.is_none() { "CREATE" } else { "ALTER" };
        lines.push(format!("{verb} ROLE {role}{options};"));
    }
    if let Some(wanted) = &desired.member_of {
        let (none, to) = (BTreeSet::new(), &role);
        let has = found.map_or(&none, |found| &found.member_of);
        lines.extend(has.difference(wanted).map(|other| format!("REVOKE {} FROM {to};", ENGINE.name(other))));
        lines.extend(wanted.difference(has).map(|other| format!("GRANT {} TO {to};", ENGINE.name(other))));
    }
    let Some(wanted) = &desired.grants else { return lines.join("\n") };
    let none = Grants::new();
    let differences = grants::compare(found.map_or(&none, |found| &found.grants), wanted);
    let touched: BTreeSet<&String> = differences.iter().filter_map(|(object, ..)| object.database.as_ref()).collect();
    for database in touched {
        lines.extend(enter(database, &desired.user));
        let here = |object: &Object| object.database.as_ref() == Some(database);
        for (object, before, after) in differences.iter().filter(|(object, ..)| here(object)) {
            let gone: Vec<&str> = before.difference(after).map(String::as_str).collect();
            if !gone.is_empty() && !after.contains("ALL") {
                lines.extend(say("REVOKE", &gone, object, "FROM", &role));
            }
        }
        // All of them: what was revoked from all tables may be wanted on one.
        for (object, privileges) in wanted.iter().filter(|(object, _)| here(object)) {
            let words: Vec<&str> = privileges.iter().map(String::as_str).collect();
            lines.extend(say("GRANT", &words, object, "TO", &role));
        }
        lines.extend(["\\connect :\"home\"".to_string(), "\\endif".into()]);
    }
    lines.join("\n")
}

/// Connects to a database if it is there, and knows its owner as [`look`] does; `\endif` ends what is done in it.
fn enter(database: &str, role: &str) -> [String; 3] {
    [
        format!(
            "SELECT count(*)=1 AS there, current_database() AS home, coalesce(max(CASE WHEN pg_has_role(datdba,'MEMBER') AND \
             pg_get_userbyid(datdba)<>{} THEN pg_get_userbyid(datdba)::text END),current_user) AS owner FROM pg_database WHERE \
             datname={} \\gset",
            ENGINE.text(role),
            ENGINE.text(database)
        ),
        "\\if :there".into(),
        connect(database),
    ]
}

/// Writes a grant or its opposite; two statements for all tables of a schema, as there are tables to come.
fn say(verb: &str, privileges: &[&str], object: &Object, toward: &str, role: &str) -> Vec<String> {
    if privileges.is_empty() {
        return Vec::new();
    }
    let words = privileges.join(", ");
    let [one, all] = match object.of {
        Things::Tables => ["TABLE", "TABLES"],
        Things::Sequences => ["SEQUENCE", "SEQUENCES"],
        Things::Routines => ["ROUTINE", "ROUTINES"],
    };
    let schema = ENGINE.name(object.schema.as_deref().unwrap_or_default());
    if let Some(table) = &object.table {
        // A routine is named as the server writes it, with its arguments.
        let name = if object.of == Things::Routines { table.clone() } else { ENGINE.name(table) };
        return vec![format!("{verb} {words} ON {one} {schema}.{name} {toward} {role};")];
    }
    if object.every {
        return vec![
            format!("{verb} {words} ON ALL {all} IN SCHEMA {schema} {toward} {role};"),
            format!(
                "ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER, :\"owner\" IN SCHEMA {schema} {verb} {words} ON {all} {toward} {role};"
            ),
        ];
    }
    let database = ENGINE.name(object.database.as_deref().unwrap_or_default());
    match &object.schema {
        Some(_) => vec![format!("{verb} {words} ON SCHEMA {schema} {toward} {role};")],
        None => vec![format!("{verb} {words} ON DATABASE {database} {toward} {role};")],
    }
}

/// Revokes all that a role may do in the database that is connected to.
fn revoke_all(role: &str) -> String {
    let text = ENGINE.text(role);
    let execute = |sql: &str| format!("EXECUTE format('{sql}', s, {text}, o);");
    let inside: String = [
        "REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I",
        "REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM %I",
        "REVOKE ALL ON ALL ROUTINES IN SCHEMA %I FROM %I",
        "REVOKE ALL ON SCHEMA %I FROM %I",
        "ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER, %3$I IN SCHEMA %1$I REVOKE ALL ON TABLES FROM %2$I",
        "ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER, %3$I IN SCHEMA %1$I REVOKE ALL ON SEQUENCES FROM %2$I",
        "ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER, %3$I IN SCHEMA %1$I REVOKE ALL ON ROUTINES FROM %2$I",
    ]
    .map(execute)
    .concat();
    let body = format!(
        "DECLARE s name; o name; BEGIN SELECT coalesce(max(pg_get_userbyid(datdba)::text),current_user) INTO o FROM pg_database \
         WHERE datname=current_database() AND pg_has_role(datdba,'MEMBER') AND pg_get_userbyid(datdba)<>{text}; FOR s IN SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname<>'information_schema' \
         LOOP {inside} END LOOP; EXECUTE format('REVOKE ALL ON DATABASE %I FROM %I', current_database(), {text}); END"
    );
    format!("DO {};", ENGINE.text(&body))
}
