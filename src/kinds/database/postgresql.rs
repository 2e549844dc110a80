//! Databases of PostgreSQL.

use crate::kinds::shared::database_engine::{DATABASE_USER, Engine, POSTGRESQL, connect};
use crate::model::{Expect, Record, Records, Row};
use crate::resource::{Claims, Feature, Fields, Observation, Planned, Resource, Variant};

use super::store::{Database, Desired, Observed, Store, answered, check_name, query};
use crate::{expect, records};

pub const VARIANT: Variant = Variant {
    features: &[
        Feature { name: "owners", attributes: &["owner"] },
        Feature { name: "an encoding and locale that stay", attributes: &["encoding", "lc_collate", "lc_ctype"] },
        Feature { name: "templates", attributes: &["template"] },
        Feature { name: "extensions", attributes: &["extensions"] },
    ],
    ..POSTGRESQL
};

const ENGINE: Engine = Engine::Postgresql;

/// What PostgreSQL does.
pub struct Postgresql;

impl Store for Postgresql {
    fn check_name(&self, fields: &mut Fields<'_>) {
        check_name(fields, ENGINE, &["postgres", "template0", "template1"]);
    }

    fn claims(&self, resource: &Resource<Desired>, claims: Claims) -> Claims {
        let claims = resource.desired.server.required_by(claims);
        match &resource.desired.owner {
            Some(owner) => claims.requires(DATABASE_USER, ENGINE.claim(owner)),
            _ => claims,
        }
    }

    fn row(&self, at: usize, resource: &Resource<Desired>) -> Row {
        query(resource, look(at, resource))
    }

    fn wanted<'a>(&self, desired: &'a Desired) -> Vec<(&'static str, Option<&'a str>)> {
        vec![
            ("owner", desired.owner.as_deref()),
            ("encoding", desired.encoding.as_deref()),
            ("lc_collate", desired.lc_collate.as_deref()),
            ("lc_ctype", desired.lc_ctype.as_deref()),
        ]
    }

    fn observation(&self, resource: &Resource<Desired>, records: &[&Record]) -> Result<Observation<Observed>, String> {
        Ok(observation(resource, &Seen::read_all(records)?))
    }

    fn expected(&self, resource: &Resource<Desired>) -> Vec<Expect> {
        let Desired { owner, encoding, lc_collate, lc_ctype, extensions, .. } = &resource.desired;
        match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::Present {
                owner: answered(owner),
                encoding: answered(encoding),
                lc_collate: answered(lc_collate),
                lc_ctype: answered(lc_ctype),
                extensions: extensions.len().to_string(),
            }],
        }
    }

    fn change(&self, planned: &Planned<'_, Database>) -> String {
        change(planned)
    }
}

records! {
    _ =>
    /// What [`look`] selects; names in hexadecimal, and how many of the extensions wanted are there. Each of those follows.
    enum Seen {
        "absent" => Absent { owner, encoding, lc_collate, lc_ctype, extensions, size },
        "present" => Present { owner, encoding, lc_collate, lc_ctype, extensions, size },
        "extension" => Extension { name },
    }
}

/// Selects what a [`Seen`] is.
fn look(at: usize, resource: &Resource<Desired>) -> String {
    let name = ENGINE.text(resource.name());
    let size = match resource.is_absent() {
        true => {
            format!("coalesce((SELECT pg_size_pretty(pg_database_size(oid)) FROM pg_database WHERE datname={name}),'')")
        }
        false => "''".to_string(),
    };
    let columns = [
        ENGINE.as_hex("max(pg_get_userbyid(datdba))"),
        ENGINE.as_hex("max(pg_encoding_to_char(encoding))"),
        ENGINE.as_hex("max(datcollate)"),
        ENGINE.as_hex("max(datctype)"),
    ];
    let look = |extensions: &str| {
        format!(
            "SELECT {at},CASE count(*) WHEN 0 THEN 'absent' ELSE 'present' END,{},{extensions},{size} FROM pg_database WHERE datname={name};",
            columns.join(",")
        )
    };
    if resource.desired.extensions.is_empty() {
        return look("0");
    }
    // Extensions are known inside the database only; what follows on the connection is about other resources, so it goes
    // back.
    let list: Vec<String> = resource.desired.extensions.iter().map(|extension| ENGINE.text(extension)).collect();
    let there = format!("pg_extension WHERE extname IN ({})", list.join(","));
    [
        format!("SELECT count(*)=1 AS there, current_database() AS home FROM pg_database WHERE datname={name} \\gset"),
        "\\if :there".to_string(),
        connect(resource.name()),
        look(&format!("(SELECT count(*) FROM {there})")),
        format!("SELECT {at},'extension',{} FROM {there};", ENGINE.as_hex("extname")),
        "\\connect :\"home\"".to_string(),
        "\\else".to_string(),
        look("0"),
        "\\endif".to_string(),
    ]
    .join("\n")
}

fn observation(resource: &Resource<Desired>, all: &[Seen<'_>]) -> Observation<Observed> {
    let there = all.iter().find_map(|seen| match *seen {
        Seen::Present { owner, encoding, lc_collate, lc_ctype, extensions: _, size } => {
            Some(([owner, encoding, lc_collate, lc_ctype], size))
        }
        _ => None,
    });
    let Some((values, size)) = there else { return Observation::Absent };
    let mut attributes = Vec::new();
    for ((attribute, wanted), value) in Postgresql.wanted(&resource.desired).into_iter().zip(values) {
        let Some(value) = Engine::answer(value) else {
            return Observation::Failed(format!("the server's answer about `{attribute}` cannot be read"));
        };
        let is_fixed = attribute != "owner";
        if let Some(wanted) = wanted.filter(|wanted| is_fixed && *wanted != value && !resource.is_absent()) {
            return Observation::Failed(format!(
                "its {attribute} is {value}, which cannot be changed to {wanted}; keep {value} in the spec, or dump it, \
                 drop it, and restore the dump once it has been made again"
            ));
        }
        attributes.push((attribute, value));
    }
    let extension = |seen: &Seen<'_>| match seen {
        Seen::Extension { name } => Engine::answer(name),
        _ => None,
    };
    Observation::Present(Observed {
        attributes,
        extensions: all.iter().filter_map(extension).collect(),
        holds: size.to_string(),
    })
}

fn change(planned: &Planned<'_, Database>) -> String {
    let desired = &planned.resource.desired;
    let name = ENGINE.name(planned.resource.name());
    let mut sql = Vec::new();
    let found = match planned.observed {
        Observation::Present(found) => {
            if let Some(owner) = desired.owner.as_ref().filter(|owner| found.get("owner") != owner.as_str()) {
                sql.push(format!("ALTER DATABASE {name} OWNER TO {};", ENGINE.name(owner)));
            }
            found.extensions.as_slice()
        }
        _ => {
            sql.push(create(desired, &name));
            &[]
        }
    };
    let missing: Vec<&String> = desired.extensions.iter().filter(|wanted| !found.contains(wanted)).collect();
    if !missing.is_empty() {
        sql.push(connect(planned.resource.name()));
        // A new database may have them from its template.
        sql.extend(
            missing
                .iter()
                .map(|extension| format!("CREATE EXTENSION IF NOT EXISTS {} CASCADE;", ENGINE.name(extension))),
        );
    }
    sql.join("\n")
}

fn create(desired: &Desired, name: &str) -> String {
    let mut sql = format!("CREATE DATABASE {name}");
    if let Some(owner) = &desired.owner {
        sql.push_str(&format!(" OWNER {}", ENGINE.name(owner)));
    }
    let choices =
        [("ENCODING", &desired.encoding), ("LC_COLLATE", &desired.lc_collate), ("LC_CTYPE", &desired.lc_ctype)];
    let mut is_plain = true;
    for (word, value) in choices {
        if let Some(value) = value {
            is_plain = false;
            sql.push_str(&format!(" {word} {}", ENGINE.text(value)));
        }
    }
    match &desired.template {
        Some(template) => sql.push_str(&format!(" TEMPLATE {}", ENGINE.name(template))),
        // Any other template would have to have the same.
        None if !is_plain => sql.push_str(" TEMPLATE template0"),
        None => {}
    }
    sql + ";"
}
