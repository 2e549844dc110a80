//! What PostgreSQL can grant.

use std::collections::BTreeSet;

use crate::kinds::shared::database_engine::Engine;

use super::super::grants::{Grants, Object, Things};
use super::super::privileges::{Privileges, put};
use super::Postgresql;
use super::look::PUBLIC;

impl Privileges for Postgresql {
    fn engine(&self) -> Engine {
        Engine::Postgresql
    }

    fn object(&self, parts: &[&str]) -> Option<Object> {
        let (last, before) = parts.split_last()?;
        if before.contains(&"*") {
            return None;
        }
        match (before, *last) {
            ([database, schema], "*()") => Some(Object::database(*database).schema(*schema).all(Things::Routines)),
            (_, "*()") | ([], "*") => None,
            ([], database) => Some(Object::database(database)),
            ([database], "*") => Some(Object::database(*database).every()),
            ([database], schema) => Some(Object::database(*database).schema(schema)),
            ([database, schema], "*") => Some(Object::database(*database).schema(*schema).every()),
            ([database, schema], table) => Some(Object::database(*database).schema(*schema).table(table)),
            _ => None,
        }
    }

    fn objects(&self) -> &'static str {
        "objects are `db.*`, `db`, `db.schema`, `db.schema.*`, `db.schema.table` and, for all routines, `db.schema.*()`"
    }

    fn all(&self, object: &Object) -> &'static [&'static str] {
        match object {
            Object { of: Things::Sequences, .. } => &["SELECT", "UPDATE", "USAGE"],
            Object { of: Things::Routines, .. } => &["EXECUTE"],
            Object { table: None, every: false, schema: Some(_), .. } => &["CREATE", "USAGE"],
            Object { table: None, every: false, .. } => &["CONNECT", "CREATE", "TEMPORARY"],
            _ => &["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"],
        }
    }

    fn known(&self, object: &Object) -> Vec<&'static str> {
        let more = if object.of == Things::Routines { &["ALL"][..] } else { &["ALL", "MAINTAIN"] };
        self.all(object).iter().chain(more).copied().collect()
    }

    fn is_everybody(&self, user: &str) -> bool {
        user == PUBLIC
    }

    fn add(&self, grants: &mut Grants, object: Object, words: BTreeSet<String>) {
        if !object.every || object.of == Things::Routines {
            return put(grants, object, words);
        }
        let word = |word: &str| BTreeSet::from([word.to_string()]);
        let database = Object::database(object.database.unwrap_or_default());
        let schema = match object.schema {
            Some(schema) => database.schema(schema),
            // What a whole database means elsewhere.
            None => {
                put(grants, database.clone(), word("CONNECT"));
                let public = database.schema("public");
                put(grants, public.clone(), word("USAGE"));
                public
            }
        };
        if words.contains("INSERT") || words.contains("ALL") {
            let sequences = ["SELECT", "USAGE"].map(String::from);
            put(grants, schema.clone().all(Things::Sequences), BTreeSet::from(sequences));
        }
        put(grants, schema.every(), words);
    }
}
