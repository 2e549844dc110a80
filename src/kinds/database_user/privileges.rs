//! What an engine can grant: how a spec is read, and what `ALL` stands for.

use std::collections::BTreeSet;

use crate::diagnostic::did_you_mean;
use crate::kinds::shared::database_engine::Engine;
use crate::model::Value;
use crate::resource::Fields;

use super::grants::{GRANT_OPTION, Grants, Object, columns, normal};

/// What an engine can grant.
pub(super) trait Privileges: Sync {
    /// Returns the engine.
    fn engine(&self) -> Engine;
    /// Reads an object from the parts of its name; none where that is no object.
    fn object(&self, parts: &[&str]) -> Option<Object>;
    /// Says which objects there are.
    fn objects(&self) -> &'static str;
    /// Returns the privileges that `ALL` stands for, as far as every version of a server knows them.
    fn all(&self, object: &Object) -> &'static [&'static str];
    /// Returns the words that may be privileges on an object.
    fn known(&self, object: &Object) -> Vec<&'static str>;
    /// Returns whether a word that is not known may be a privilege of another version.
    fn may_know(&self, _word: &str) -> bool {
        false
    }
    /// Says what to do about a word that the server takes, and that grants nothing.
    fn is_nothing(&self, _word: &str) -> Option<&'static str> {
        None
    }
    /// Returns whether privileges on an object may be on columns of it.
    fn has_columns(&self, _object: &Object) -> bool {
        false
    }
    /// Returns whether a name means everybody, of whom only the objects that are named are looked at.
    fn is_everybody(&self, _user: &str) -> bool {
        false
    }
    /// Adds what a line of a spec means.
    fn add(&self, grants: &mut Grants, object: Object, words: BTreeSet<String>) {
        put(grants, object, words);
    }
}

/// Adds privileges on an object.
pub(super) fn put(grants: &mut Grants, object: Object, words: BTreeSet<String>) {
    grants.entry(object).or_default().extend(words);
}

/// Reads the attribute; mistakes are reported.
pub(super) fn decode(fields: &mut Fields<'_>, way: &dyn Privileges) -> Option<Grants> {
    let Value::Map(entries) = fields.value("grants")? else { return Some(Grants::new()) };
    let mut grants = Grants::new();
    for (object, privileges) in &entries {
        let Value::List(privileges) = privileges else { continue };
        let words = privileges.iter().filter_map(|privilege| match privilege {
            Value::Text(text) => Some(normal(text)),
            _ => None,
        });
        let words: BTreeSet<String> = words.collect();
        match read_object(way, object) {
            Ok(key) => {
                for wrong in words.iter().filter_map(|word| refuse(way, &key, word)) {
                    fields.error("grants", format!("in `grants`, `{object}`: {}", wrong.0), wrong.1);
                }
                if words.is_empty() && !way.is_everybody(fields.name()) {
                    let message = format!("`{object}` grants nothing");
                    fields.error("grants", message, "list privileges, or leave the object out");
                }
                way.add(&mut grants, key, words);
            }
            Err(wrong) => fields.error("grants", format!("in `grants`, `{object}` {wrong}"), way.objects()),
        }
    }
    for (object, words) in &mut grants {
        *words = united(way, object, words);
    }
    Some(grants)
}

/// Leaves out what `ALL` takes in.
fn united(way: &dyn Privileges, object: &Object, words: &BTreeSet<String>) -> BTreeSet<String> {
    if words.contains("ALL") { folded(way, object, words) } else { words.clone() }
}

fn read_object(way: &dyn Privileges, text: &str) -> Result<Object, String> {
    let parts: Vec<&str> = text.split('.').collect();
    for part in parts.iter().filter(|part| **part != "*") {
        if let Some(wrong) = way.engine().refuse_name(part) {
            return Err(format!("has a name that {wrong}"));
        }
    }
    way.object(&parts).ok_or_else(|| "is not an object".into())
}

/// Says why a word is no privilege on an object, and what to do.
fn refuse(way: &dyn Privileges, object: &Object, word: &str) -> Option<(String, String)> {
    if let Some((verb, columns)) = columns(word) {
        let is_on_columns = ["SELECT", "INSERT", "UPDATE", "REFERENCES"].contains(&verb);
        if !way.has_columns(object) || !is_on_columns {
            let help = "SELECT, INSERT, UPDATE and REFERENCES may be on columns, on a table of MySQL";
            return Some((format!("`{word}` cannot be on columns"), help.into()));
        }
        let wrong = columns.iter().find_map(|column| way.engine().refuse_name(column))?;
        return Some((format!("a column of `{word}` {wrong}"), "write `SELECT (name, value)`".into()));
    }
    let known = way.known(object);
    if known.contains(&word) || way.may_know(word) {
        return None;
    }
    let help = match way.is_nothing(word) {
        Some(help) => help.into(),
        None => did_you_mean(word, known.iter().copied()).unwrap_or_default(),
    };
    Some((format!("`{word}` is not a privilege"), help))
}

/// Writes all privileges as `ALL` where another side does.
fn folded(way: &dyn Privileges, object: &Object, privileges: &BTreeSet<String>) -> BTreeSet<String> {
    let has_all = privileges.contains("ALL") || way.all(object).iter().all(|word| privileges.contains(*word));
    if !has_all {
        return privileges.clone();
    }
    let option = privileges.iter().filter(|word| *word == GRANT_OPTION || word.contains('(')).cloned();
    option.chain(["ALL".to_string()]).collect()
}

/// Folds what was found into `ALL` wherever the spec says `ALL`, or nothing of that object.
pub(super) fn as_wanted(way: &dyn Privileges, found: Grants, wanted: Option<&Grants>) -> Grants {
    let fold = |(object, privileges): (Object, BTreeSet<String>)| {
        let is_all = match wanted.and_then(|wanted| wanted.get(&object)) {
            Some(wanted) => wanted.contains("ALL"),
            // A word says more than that it is the only one.
            None => way.all(&object).len() > 1,
        };
        let privileges = if is_all { folded(way, &object, &privileges) } else { privileges };
        (object, privileges)
    };
    found.into_iter().map(fold).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::mysql::Mysql;
    use super::super::postgresql::Postgresql;
    use super::*;

    /// Returns what a server tells of an object after it was granted these.
    fn told(way: &dyn Privileges, object: &Object, granted: &BTreeSet<String>) -> BTreeSet<String> {
        let of = |word: &String| match word.as_str() {
            "ALL" => way.all(object).iter().map(ToString::to_string).collect(),
            _ => vec![word.clone()],
        };
        granted.iter().flat_map(of).collect()
    }

    proptest! {
        #[test]
        fn what_a_server_tells_of_what_was_granted_is_what_the_spec_says(
            at in 0..9usize,
            picked in prop::collection::btree_set(0..40usize, 1..12),
            says_all: bool,
        ) {
            let objects: [(&dyn Privileges, &str); 9] = [
                (&Mysql, "*.*"),
                (&Mysql, "shop.*"),
                (&Mysql, "shop.orders"),
                (&Postgresql, "shop"),
                (&Postgresql, "shop.*"),
                (&Postgresql, "shop.public"),
                (&Postgresql, "shop.public.*"),
                (&Postgresql, "shop.public.*()"),
                (&Postgresql, "shop.public.orders"),
            ];
            let (way, text) = objects[at];
            let object = read_object(way, text).unwrap();
            let known: Vec<&str> = way.known(&object).into_iter().filter(|word| *word != "ALL").collect();
            let mut words: BTreeSet<String> = picked.iter().map(|at| known[at % known.len()].to_string()).collect();
            if says_all {
                words.insert("ALL".into());
            }
            let written = united(way, &object, &words);
            let wanted = Grants::from([(object.clone(), written.clone())]);
            let found = Grants::from([(object.clone(), told(way, &object, &written))]);
            prop_assert_eq!(&as_wanted(way, found, Some(&wanted)), &wanted);
            // What somebody added or took is seen.
            let mut other = told(way, &object, &written);
            let first = other.iter().next().unwrap().clone();
            other.remove(&first);
            let found = Grants::from([(object.clone(), other)]);
            prop_assert_ne!(&as_wanted(way, found, Some(&wanted)), &wanted, "without {}", first);
        }
    }

    #[test]
    fn objects_are_written_as_they_are_read() {
        for text in ["*.*", "shop.*", "shop.orders"] {
            assert_eq!(read_object(&Mysql, text).unwrap().to_string(), text);
        }
        for text in ["shop", "shop.*", "shop.public", "shop.public.*", "shop.public.*()", "shop.public.orders"] {
            assert_eq!(read_object(&Postgresql, text).unwrap().to_string(), text);
        }
        for text in ["", "*", "*.x", "a.b.c.d"] {
            assert!(read_object(&Mysql, text).is_err(), "{text}");
            assert!(read_object(&Postgresql, text).is_err(), "{text}");
        }
        assert!(read_object(&Postgresql, "shop.*()").is_err());
    }
}
