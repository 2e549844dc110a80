//! Accounts of MySQL and MariaDB.
//!
//! What only one of the two understands stands in a comment that the other skips: `/*M! … */` is MariaDB's,
//! `/*!80000 … */` is MySQL's, as MariaDB skips the numbers that MySQL 8 has.

mod privileges;

use std::collections::{BTreeMap, BTreeSet};

use crate::kinds::shared::database_engine::{Engine, MYSQL, unhex};
use crate::model::{Record, Records};
use crate::records;
use crate::resource::{Feature, Fields, Observation, Planned, Resource, Variant};

use super::grants::{self, GRANT_OPTION, Grants, Object};
use super::pattern;
use super::privileges::as_wanted;
use super::users::{DatabaseUser, Desired, Observed, Password, Users};
use super::verifier;

pub const VARIANT: Variant = Variant {
    features: &[
        Feature { name: "logins of unix users", attributes: &["socket"] },
        Feature { name: "encryption that is required", attributes: &["tls"] },
    ],
    ..MYSQL
};

const ENGINE: Engine = Engine::Mysql;

/// What MySQL and MariaDB do.
pub struct Mysql;

impl Users for Mysql {
    fn read_name(&self, fields: &mut Fields<'_>) -> (String, String) {
        let name = fields.name().to_string();
        let Some((user, host)) = name.rsplit_once('@') else {
            let help = format!("write `{name}@localhost`, or `{name}@%` for everywhere");
            fields.error("name", format!("`{name}` has no host"), help);
            return (name, "localhost".into());
        };
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
            fields.error(
                "name",
                format!("`{host}` is not a host"),
                "a name, an address, a pattern such as `10.0.%`, or `%`",
            );
        }
        (user.to_string(), host.to_string())
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

records! {
    _ =>
    /// What [`look`] selects: how it logs in, as JSON; databases that grants name and that are not there; what is granted, and whether
    /// it may be handed on. Names and JSON are in hexadecimal.
    enum Seen {
        "absent" => Absent { login },
        "present" => Present { login },
        "lacks" => Lacks { database },
        "grant" => Grant { database, table, column, privilege, grantable },
    }
}

/// Selects what a [`Seen`] is.
fn look(at: usize, resource: &Resource<Desired>) -> String {
    let desired = &resource.desired;
    let (user, host) = (ENGINE.text(&desired.user), ENGINE.text(&desired.host));
    // Both write names between single quotes there, whatever is in them.
    let grantee = ENGINE.text(&format!("'{}'@'{}'", desired.user, desired.host));
    let mut sql = format!(
        "SELECT {at},IF(COUNT(*)=0,'absent','present'),IFNULL(LOWER(HEX(MAX(/*M! Priv */ /*!80000 CAST(JSON_OBJECT('plugin',plugin,\
         'verifier',HEX(authentication_string),'ssl_type',ssl_type) AS CHAR) */))),'') FROM /*M! mysql.global_priv */ /*!80000 mysql.user */ \
         WHERE User={user} AND Host={host};"
    );
    let Some(wanted) = desired.grants.as_ref().filter(|_| !resource.is_absent()) else {
        return sql;
    };
    let databases = wanted.keys().filter_map(|object| match (&object.database, object.every) {
        (Some(pattern), true) => pattern::literal(pattern),
        (name, _) => name.clone(),
    });
    for database in databases.collect::<BTreeSet<String>>() {
        let name = ENGINE.text(&database);
        sql.push_str(&format!(
            " SELECT {at},'lacks',{} FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME={name});",
            ENGINE.as_hex(&name)
        ));
    }
    let parts = [
        ("USER_PRIVILEGES", "''", "''", "''"),
        ("SCHEMA_PRIVILEGES", "TABLE_SCHEMA", "''", "''"),
        ("TABLE_PRIVILEGES", "TABLE_SCHEMA", "TABLE_NAME", "''"),
        ("COLUMN_PRIVILEGES", "TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME"),
    ];
    for (table, database, name, column) in parts {
        sql.push_str(&format!(
            " SELECT {at},'grant',{},{},{},PRIVILEGE_TYPE,IS_GRANTABLE FROM information_schema.{table} WHERE GRANTEE={grantee};",
            ENGINE.as_hex(database),
            ENGINE.as_hex(name),
            ENGINE.as_hex(column)
        ));
    }
    sql
}

/// How an account logs in.
struct Login {
    is_mariadb: bool,
    /// Plugin and what it stores, in the order they are tried.
    methods: Vec<(String, Vec<u8>)>,
    tls: bool,
}

impl Login {
    fn read(json: &str) -> Option<Self> {
        let all: serde_json::Value = serde_json::from_str(json).ok()?;
        let text = |value: &serde_json::Value, key: &str| value[key].as_str().unwrap_or_default().to_string();
        if let Some(verifier) = all["verifier"].as_str() {
            let tls = !text(&all, "ssl_type").is_empty();
            let methods = vec![(text(&all, "plugin"), unhex(verifier)?)];
            return Some(Self { is_mariadb: false, methods, tls });
        }
        let method =
            |value: &serde_json::Value| (text(value, "plugin"), text(value, "authentication_string").into_bytes());
        let methods = match all["auth_or"].as_array() {
            // An empty one stands for what is beside the list.
            Some(list) => list.iter().map(|one| method(if one["plugin"].is_null() { &all } else { one })).collect(),
            None => vec![method(&all)],
        };
        Some(Self { is_mariadb: true, methods, tls: all["ssl_type"].as_i64().unwrap_or(0) > 0 })
    }

    fn has_socket(&self) -> bool {
        self.methods.iter().any(|(plugin, _)| is_socket(plugin))
    }

    /// Returns the method that takes a password.
    fn password(&self) -> Option<&(String, Vec<u8>)> {
        let is_unusable = |verifier: &[u8]| verifier.is_empty() || verifier == b"invalid";
        self.methods.iter().find(|(plugin, verifier)| !is_socket(plugin) && !is_unusable(verifier))
    }
}

fn is_socket(plugin: &str) -> bool {
    matches!(plugin, "unix_socket" | "auth_socket")
}

fn observation(resource: &Resource<Desired>, all: &[Seen<'_>]) -> Observation<Observed> {
    let desired = &resource.desired;
    let login = all.iter().find_map(|seen| match seen {
        Seen::Present { login } => Some(*login),
        _ => None,
    });
    let Some(login) = login else { return Observation::Absent };
    let Some(login) = Engine::answer(login).as_deref().and_then(Login::read) else {
        return Observation::Failed("how it logs in cannot be read from the server's answer".into());
    };
    if !login.is_mariadb && desired.socket == Some(true) && desired.password.is_some() {
        return Observation::Failed(
            "MySQL allows `socket: true` or a password, not both; MariaDB does. Leave one of them out".into(),
        );
    }
    let password = match (&desired.password, login.password()) {
        (None, _) => Password::Ignored,
        (Some(_), None) => Password::Missing,
        (Some(wanted), Some((plugin, stored))) => match verifier::is_of_mysql(plugin, stored, wanted.expose()) {
            Some(true) => Password::Same,
            Some(false) => Password::Differs,
            None if resource.is_absent() => Password::Ignored,
            None => {
                return Observation::Failed(format!(
                    "its password is kept by the plugin `{plugin}`, which it cannot be compared with; leave `password` out, or \
                     drop the account first"
                ));
            }
        },
    };
    let mut found = Grants::new();
    let mut by_column: BTreeMap<(Object, String), BTreeSet<String>> = BTreeMap::new();
    for seen in all {
        let Seen::Grant { database, table, column, privilege, grantable } = *seen else { continue };
        let text = |hex: &str| Engine::answer(hex).filter(|text| !text.is_empty());
        let object = match (text(database), text(table)) {
            (None, _) => Object::server(),
            (Some(database), None) => Object::database(database).every(),
            (Some(database), Some(table)) => Object::database(database).table(table),
        };
        let privilege = grants::normal(privilege);
        match text(column) {
            Some(column) => {
                by_column.entry((object.clone(), privilege)).or_default().insert(column);
            }
            // It says that there is nothing, but perhaps the right to hand that on.
            None if privilege == "USAGE" => {}
            None => {
                found.entry(object.clone()).or_default().insert(privilege);
            }
        }
        if grantable == "YES" {
            found.entry(object).or_default().insert(GRANT_OPTION.into());
        }
    }
    for ((object, privilege), columns) in by_column {
        let columns = columns.into_iter().collect::<Vec<_>>().join(", ");
        found.entry(object).or_default().insert(format!("{privilege} ({columns})"));
    }
    Observation::Present(Observed {
        password,
        socket: login.has_socket(),
        tls: if login.tls { "required" } else { "optional" }.into(),
        role: Vec::new(),
        member_of: BTreeSet::new(),
        grants: as_wanted(&Mysql, found, desired.grants.as_ref()),
    })
}

fn change(planned: &Planned<'_, DatabaseUser>) -> String {
    let resource = planned.resource;
    let desired = &resource.desired;
    let account = format!("{}@{}", ENGINE.name(&desired.user), ENGINE.name(&desired.host));
    if resource.is_absent() {
        return format!("DROP USER {account};");
    }
    let found = planned.observed.found();
    let mut sql = Vec::new();
    let sets_login = planned.changes.iter().any(|change| matches!(change.attribute.as_str(), "password" | "socket"));
    let tls = match desired.tls.as_deref() {
        Some("required") => " REQUIRE SSL",
        Some(_) => " REQUIRE NONE",
        None => "",
    };
    match found {
        None => sql.push(format!("CREATE USER {account}{}{tls};", identified(desired, false))),
        Some(found) => {
            let login = if sets_login { identified(desired, found.socket) } else { String::new() };
            if !login.is_empty() || found.tls != desired.tls.as_deref().unwrap_or(&found.tls) {
                sql.push(format!("ALTER USER {account}{login}{tls};"));
            }
        }
    }
    if let Some(wanted) = &desired.grants {
        let none = Grants::new();
        let differences = grants::compare(found.map_or(&none, |found| &found.grants), wanted);
        for (object, before, after) in &differences {
            let (all, one_by_one): (Vec<&String>, Vec<&String>) =
                before.difference(after).partition(|privilege| *privilege == "ALL");
            // ALL covers what was there before; only what is not in it has to go.
            let is_covered = |word: &str| after.contains("ALL") && word != GRANT_OPTION && !word.contains('(');
            let one_by_one: Vec<&String> = one_by_one.into_iter().filter(|word| !is_covered(word)).collect();
            for privileges in [one_by_one, all].into_iter().filter(|privileges| !privileges.is_empty()) {
                sql.push(format!("REVOKE {} ON {} FROM {account};", written(privileges), place(object)));
            }
        }
        for (object, before, after) in &differences {
            let (option, privileges): (Vec<&String>, Vec<&String>) =
                after.difference(before).partition(|word| *word == GRANT_OPTION);
            if privileges.is_empty() && option.is_empty() {
                continue;
            }
            let words = if privileges.is_empty() { "USAGE".to_string() } else { written(privileges) };
            let option = if option.is_empty() { "" } else { " WITH GRANT OPTION" };
            sql.push(format!("GRANT {words} ON {} TO {account}{option};", place(object)));
        }
    }
    sql.join(" ")
}

/// Says how it logs in, for both servers.
fn identified(desired: &Desired, has_socket: bool) -> String {
    let socket = desired.socket.unwrap_or(has_socket);
    match (&desired.password, socket) {
        (Some(password), socket) => format!(
            " /*M! IDENTIFIED VIA {}mysql_native_password USING {} */ /*!80000 IDENTIFIED WITH caching_sha2_password AS {} */",
            if socket { "unix_socket OR " } else { "" },
            ENGINE.text(&verifier::native(password.expose())),
            ENGINE.text(&verifier::caching_sha2(password.expose(), &desired.user)),
        ),
        (None, true) => " /*M! IDENTIFIED VIA unix_socket */ /*!80000 IDENTIFIED WITH auth_socket */".to_string(),
        // No password is the one behind this.
        (None, false) => " /*M! IDENTIFIED VIA mysql_native_password USING 'invalid' */ \
                          /*!80018 IDENTIFIED WITH caching_sha2_password BY RANDOM PASSWORD */"
            .to_string(),
    }
}

fn written(privileges: Vec<&String>) -> String {
    let words = privileges.into_iter().map(|privilege| match grants::columns(privilege) {
        Some((verb, columns)) => {
            let columns: Vec<String> = columns.into_iter().map(|column| ENGINE.name(column)).collect();
            format!("{verb} ({})", columns.join(","))
        }
        None => privilege.clone(),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn place(object: &Object) -> String {
    match (&object.database, &object.table) {
        (Some(database), Some(table)) => format!("{}.{}", ENGINE.name(database), ENGINE.name(table)),
        (Some(database), None) => format!("{}.*", ENGINE.name(database)),
        (None, _) => "*.*".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    /// What a server makes of the comments that are for one of the two.
    fn read_by(sql: &str, is_mariadb: bool) -> String {
        let mut rest = sql;
        let mut read = String::new();
        while let Some((before, comment)) = rest.split_once("/*") {
            let (inside, after) = comment.split_once("*/").expect("the comment ends");
            read.push_str(before);
            let (word, inside) = inside.split_once(' ').expect("it begins with a word");
            if (word == "M!") == is_mariadb {
                read.push_str(inside);
            }
            rest = after;
        }
        read.push_str(rest);
        read.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn desired(password: Option<&str>, socket: Option<bool>) -> Desired {
        Desired {
            server: Default::default(),
            user: "app".into(),
            host: "%".into(),
            password: password.map(|password| Secret::new(password.to_string())),
            socket,
            tls: None,
            role: Vec::new(),
            member_of: None,
            grants: None,
        }
    }

    #[test]
    fn each_server_reads_its_own_syntax() {
        // https://dev.mysql.com/doc/refman/8.4/en/create-user.html, https://mariadb.com/kb/en/create-user/
        let with_password = identified(&desired(Some("secret"), None), false);
        assert_eq!(
            read_by(&with_password, true),
            "IDENTIFIED VIA mysql_native_password USING '*14E65567ABDB5135D0CFD9A70B3032C179A49EE7'"
        );
        let verifier = verifier::caching_sha2("secret", "app");
        let of_mysql = format!("IDENTIFIED WITH caching_sha2_password AS '{verifier}'");
        assert_eq!(read_by(&with_password, false), of_mysql);
        // The quotes need no escapes.
        assert!(verifier.chars().all(|c| c.is_ascii_alphanumeric() || "$./".contains(c)), "{verifier}");

        let by_socket = identified(&desired(None, Some(true)), false);
        assert_eq!(read_by(&by_socket, true), "IDENTIFIED VIA unix_socket");
        assert_eq!(read_by(&by_socket, false), "IDENTIFIED WITH auth_socket");
        let both = identified(&desired(Some("secret"), None), true);
        assert!(read_by(&both, true).starts_with("IDENTIFIED VIA unix_socket OR mysql_native_password USING "));

        let locked = identified(&desired(None, None), false);
        assert_eq!(read_by(&locked, true), "IDENTIFIED VIA mysql_native_password USING 'invalid'");
        assert_eq!(read_by(&locked, false), "IDENTIFIED WITH caching_sha2_password BY RANDOM PASSWORD");
    }
}
