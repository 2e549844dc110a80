//! Roles of PostgreSQL.

mod privileges;

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::shared::database_engine::{Engine, POSTGRESQL};
use crate::model::{Record, Records};
use crate::records;
use crate::resource::{Feature, Fields, Observation, Planned, Resource, Variant};

use super::grants::{self, Grants, Object};
use super::privileges::{Privileges, as_wanted};
use super::users::{DatabaseUser, Desired, Observed, Password, ROLE, Users};
use super::verifier;

pub const VARIANT: Variant = Variant {
    features: &[Feature {
        name: "attributes of a role",
        attributes: &["login", "superuser", "createdb", "createrole"],
    }],
    ..POSTGRESQL
};

const ENGINE: Engine = Engine::Postgresql;

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

/// Tables, views, sequences and the like of schemas that are not the server's own.
const RELATIONS: &str = "pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace \
                         WHERE c.relkind IN ('r','p','v','m','f','S') AND n.nspname NOT IN ('pg_catalog','information_schema') \
                         AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'";

records! {
    _ =>
    /// What [`look`] and [`look_inside`] select: the role's attributes and its verifier; privileges on databases and schemas; how many
    /// tables and sequences ("t" or "s") of a schema there are that are not the role's own; privileges on these, and on those to come,
    /// "t" where they are on those of all [`makers`]; databases that grants name and that are not there. Names are in hexadecimal.
    enum Seen {
        "absent" => Absent { login, superuser, create_database, create_role, verifier },
        "present" => Present { login, superuser, create_database, create_role, verifier },
        "lacks" => Lacks { database },
        "database" => Database { database, privilege },
        "schema" => OnSchema { database, schema, privilege },
        "count" => Count { database, schema, letter, count },
        "relation" => Relation { database, schema, name, letter, privilege },
        "default" => ToCome { database, schema, letter, privilege, of_all },
    }
}

/// Selects what is known of the role, and for each database that grants name, that it lacks, or what [`look_inside`] selects.
fn look(at: usize, resource: &Resource<Desired>) -> String {
    let role = ENGINE.text(&resource.desired.user);
    let flags = ["rolcanlogin", "rolsuper", "rolcreatedb", "rolcreaterole"].map(|column| format!("bool_or({column})"));
    let mut lines = vec![format!(
        "SELECT {at},CASE count(*) WHEN 0 THEN 'absent' ELSE 'present' END,{},{} FROM pg_authid WHERE rolname={role};",
        flags.join(","),
        ENGINE.as_hex("max(rolpassword)")
    )];
    let Some(wanted) = resource.desired.grants.as_ref().filter(|_| !resource.is_absent()) else {
        return lines.remove(0);
    };
    lines.push(format!(
        "SELECT {at},'database',{},a.privilege_type FROM pg_database d, aclexplode(d.datacl) a JOIN pg_roles r ON r.oid=a.grantee \
         WHERE r.rolname={role} AND d.datdba<>r.oid;",
        ENGINE.as_hex("d.datname")
    ));
    for database in databases(wanted) {
        let name = ENGINE.text(database);
        lines.push(format!(
            "SELECT count(*)=1 AS there, current_database() AS home FROM pg_database WHERE datname={name} \\gset"
        ));
        lines.push("\\if :there".into());
        lines.push(format!("\\connect {}", ENGINE.name(database)));
        lines.extend(look_inside(at, &role));
        lines.push("\\connect :\"home\"".into());
        lines.push("\\else".into());
        lines.push(format!("SELECT {at},'lacks',{};", ENGINE.as_hex(&name)));
        lines.push("\\endif".into());
    }
    lines.join("\n")
}

/// Selects what there is of grants in the schemas of the database that it is connected to.
fn look_inside(at: usize, role: &str) -> [String; 4] {
    let database = ENGINE.as_hex("current_database()");
    let schema = ENGINE.as_hex("n.nspname");
    let letter = "CASE c.relkind WHEN 'S' THEN 's' ELSE 't' END";
    [
        format!(
            "SELECT {at},'schema',{database},{schema},a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a JOIN pg_roles r \
             ON r.oid=a.grantee WHERE r.rolname={role} AND n.nspowner<>r.oid;"
        ),
        format!(
            "SELECT {at},'count',{database},{schema},{letter},count(*) FROM {RELATIONS} AND NOT EXISTS (SELECT 1 FROM pg_roles r \
             WHERE r.rolname={role} AND r.oid=c.relowner) GROUP BY 4,5;"
        ),
        format!(
            "SELECT {at},'relation',{database},{schema},{},{letter},a.privilege_type FROM {} AND r.rolname={role} AND c.relowner<>r.oid;",
            ENGINE.as_hex("c.relname"),
            RELATIONS.replacen(
                " WHERE ",
                " CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid=a.grantee WHERE ",
                1
            )
        ),
        format!(
            "SELECT {at},'default',{database},{schema},CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE 't' END,a.privilege_type,\
             count(DISTINCT d.defaclrole)=(SELECT count(*) FROM ({makers}) m) FROM \
             pg_default_acl d JOIN pg_namespace n ON n.oid=d.defaclnamespace, aclexplode(d.defaclacl) a JOIN pg_roles r ON \
             r.oid=a.grantee WHERE r.rolname={role} AND d.defaclobjtype IN ('r','S') AND d.defaclrole IN ({makers}) GROUP BY 4,5,6;",
            makers = makers(role)
        ),
    ]
}

/// Selects those whose tables to come a role gets privileges on: whoever is connected, and the owner of the database, whose
/// own migrations make them. `pg_has_role` tells whether that may be asked for in the owner's name.
fn makers(role: &str) -> String {
    format!(
        "SELECT oid FROM pg_roles WHERE rolname=current_user UNION SELECT datdba FROM pg_database WHERE datname=current_database() \
         AND pg_has_role(datdba,'MEMBER') AND pg_get_userbyid(datdba)<>{role}"
    )
}

/// What is granted on the tables, or the sequences, of a schema.
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
        grants: match &desired.grants {
            Some(wanted) => as_wanted(&Postgresql, granted(wanted, all), Some(wanted)),
            None => Grants::new(),
        },
    })
}

/// Reads the grants. What is wanted on all tables of a schema counts as there only where every table has it and tables to
/// come will; what only some have, and is not wanted, is there too.
fn granted(wanted: &Grants, all: &[Seen<'_>]) -> Grants {
    let mut found = Grants::new();
    let mut schemas: BTreeMap<Object, Schema> = BTreeMap::new();
    let text = |hex: &str| Engine::answer(hex).unwrap_or_default();
    let of = |database: &str, schema: &str, letter: &str| {
        let schema = Object::database(text(database)).schema(text(schema));
        if letter == "s" { schema.sequences() } else { schema.every() }
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
    let role = ENGINE.name(&desired.user);
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
    if found.is_none() || !options.is_empty() {
        let verb = if found.is_none() { "CREATE" } else { "ALTER" };
        lines.push(format!("{verb} ROLE {role}{options};"));
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

/// Connects to a database if it is there, and knows its owner as [`makers`] does; `\endif` ends what is done in it.
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
        format!("\\connect {}", ENGINE.name(database)),
    ]
}

/// Writes a grant or its opposite; two statements for all tables of a schema, as there are tables to come.
fn say(verb: &str, privileges: &[&str], object: &Object, toward: &str, role: &str) -> Vec<String> {
    let words = privileges.join(", ");
    let schema = ENGINE.name(object.schema.as_deref().unwrap_or_default());
    if let Some(table) = &object.table {
        let kind = if object.sequences { "SEQUENCE" } else { "TABLE" };
        return vec![format!("{verb} {words} ON {kind} {schema}.{} {toward} {role};", ENGINE.name(table))];
    }
    if object.every {
        let kind = if object.sequences { "SEQUENCES" } else { "TABLES" };
        return vec![
            format!("{verb} {words} ON ALL {kind} IN SCHEMA {schema} {toward} {role};"),
            format!(
                "ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER, :\"owner\" IN SCHEMA {schema} {verb} {words} ON {kind} {toward} {role};"
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
        "REVOKE ALL ON SCHEMA %I FROM %I",
        "ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER, %3$I IN SCHEMA %1$I REVOKE ALL ON TABLES FROM %2$I",
        "ALTER DEFAULT PRIVILEGES FOR ROLE CURRENT_USER, %3$I IN SCHEMA %1$I REVOKE ALL ON SEQUENCES FROM %2$I",
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

fn databases(grants: &Grants) -> BTreeSet<&String> {
    grants.keys().filter_map(|object| object.database.as_ref()).collect()
}
