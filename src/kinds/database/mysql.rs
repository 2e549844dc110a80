//! Databases of MySQL and MariaDB.

use crate::kinds::shared::database_engine::{Engine, MYSQL};
use crate::model::{Expect, Record, Records, Row};
use crate::resource::{Claims, Feature, Fields, Observation, Planned, Resource, Variant};

use super::store::{Database, Desired, Observed, Store, answered, check_name, query};
use crate::{expect, records};

pub const VARIANT: Variant = Variant {
    features: &[Feature { name: "a default character set and collation", attributes: &["charset", "collation"] }],
    ..MYSQL
};

/// What MySQL and MariaDB do.
pub struct Mysql;

impl Store for Mysql {
    fn check_name(&self, fields: &mut Fields<'_>) {
        check_name(fields, Engine::Mysql, &["mysql", "information_schema", "performance_schema", "sys"]);
    }

    fn charset(&self, fields: &mut Fields<'_>) -> (Option<String>, Option<String>) {
        let charset = fields.text("charset").map(|charset| full_name(&charset));
        let collation = fields.text("collation").map(|collation| full_collation(&collation, charset.as_deref()));
        if let (Some(charset), Some(collation)) = (&charset, &collation)
            && collation != charset
            && collation != "binary"
            && !collation.starts_with(&format!("{charset}_"))
        {
            let message = format!("the collation `{collation}` is not one of the charset `{charset}`");
            fields.error("collation", message, format!("collations of it begin with `{charset}_`"));
        }
        (charset, collation)
    }

    fn claims(&self, resource: &Resource<Desired>, claims: Claims) -> Claims {
        resource.desired.server.required_by(claims)
    }

    fn row(&self, at: usize, resource: &Resource<Desired>) -> Row {
        query(resource, look(at, resource))
    }

    fn wanted<'a>(&self, desired: &'a Desired) -> Vec<(&'static str, Option<&'a str>)> {
        vec![("charset", desired.charset.as_deref()), ("collation", desired.collation.as_deref())]
    }

    fn observation(&self, _resource: &Resource<Desired>, records: &[&Record]) -> Result<Observation<Observed>, String> {
        Ok(observation(Seen::read(records[0])?))
    }

    fn expected(&self, resource: &Resource<Desired>) -> Vec<Expect> {
        let Desired { charset, collation, .. } = &resource.desired;
        match resource.is_absent() {
            true => expect![Seen::Absent],
            false => expect![Seen::Present { charset: answered(charset), collation: answered(collation) }],
        }
    }

    fn change(&self, planned: &Planned<'_, Database>) -> String {
        change(planned)
    }
}

/// Returns the full name of a charset or collation: `utf8` is short for `utf8mb3`, which servers answer by now.
fn full_name(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("utf8") {
        Some(rest) if rest.is_empty() || rest.starts_with('_') => format!("utf8mb3{rest}"),
        _ => name,
    }
}

/// Returns the full name of a collation. MariaDB has some that are for every charset, and names them with it.
fn full_collation(name: &str, charset: Option<&str>) -> String {
    let name = full_name(name);
    match charset {
        Some(charset) if name.starts_with("uca1400_") => format!("{charset}_{name}"),
        _ => name,
    }
}

records! {
    _ =>
    /// What [`look`] selects; the names in hexadecimal.
    enum Seen {
        "absent" => Absent { charset, collation, holds },
        "present" => Present { charset, collation, holds },
    }
}

/// Selects what a [`Seen`] is.
fn look(at: usize, resource: &Resource<Desired>) -> String {
    let mysql = Engine::Mysql;
    let name = mysql.text(resource.name());
    let holds = match resource.is_absent() {
        true => format!("(SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA={name})"),
        false => "''".to_string(),
    };
    format!(
        "SELECT {at},IF(COUNT(*)=0,'absent','present'),{},{},{holds} FROM information_schema.SCHEMATA WHERE SCHEMA_NAME={name};",
        mysql.as_hex("MAX(DEFAULT_CHARACTER_SET_NAME)"),
        mysql.as_hex("MAX(DEFAULT_COLLATION_NAME)"),
    )
}

fn observation(seen: Seen<'_>) -> Observation<Observed> {
    let Seen::Present { charset, collation, holds } = seen else { return Observation::Absent };
    let text = |hex: &str| Engine::answer(hex).map(|name| full_name(&name));
    let (Some(charset), Some(collation)) = (text(charset), text(collation)) else {
        return Observation::Failed("the server's answer cannot be read".into());
    };
    let holds = match holds {
        "" => String::new(),
        "1" => "1 table".into(),
        tables => format!("{tables} tables"),
    };
    Observation::Present(Observed {
        attributes: vec![("charset", charset), ("collation", collation)],
        extensions: Vec::new(),
        holds,
    })
}

fn change(planned: &Planned<'_, Database>) -> String {
    let desired = &planned.resource.desired;
    let mysql = Engine::Mysql;
    let verb = match planned.observed {
        Observation::Present(_) => "ALTER",
        _ => "CREATE",
    };
    let mut sql = format!("{verb} DATABASE {}", mysql.name(planned.resource.name()));
    // A charset alone sets its own default collation.
    if let Some(charset) = &desired.charset {
        sql.push_str(&format!(" CHARACTER SET {}", mysql.text(charset)));
    }
    if let Some(collation) = &desired.collation {
        sql.push_str(&format!(" COLLATE {}", mysql.text(collation)));
    }
    sql + ";"
}
