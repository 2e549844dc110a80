//! PostgreSQL.

use std::fmt::Write;

use crate::resource::{Confine, Variant};

use super::failure::{Failure, NO_TLS};
use super::hex::hex;
use super::way::Way;

pub(crate) const VARIANT: Variant = Variant {
    name: "postgresql",
    title: "PostgreSQL",
    features: &[],
    confine: &[Confine::Program("psql"), Confine::Service("postgresql.service")],
    default_for: &[],
};

/// Writes what makes psql connect to another database of the same server. A name with `=` in it, or that begins like an address,
/// would be read as a connection string (libpq, dbname), so that one is written around it.
pub(crate) fn connect(database: &str) -> String {
    let is_read =
        database.contains('=') || database.starts_with("postgres://") || database.starts_with("postgresql://");
    if !is_read {
        return format!("\\connect {}", Postgresql.name(database));
    }
    let quoted = database.replace('\\', "\\\\").replace('\'', "\\'");
    format!("\\connect -reuse-previous=on {}", Postgresql.name(&format!("dbname='{quoted}'")))
}

/// What PostgreSQL does.
pub(super) struct Postgresql;

impl Way for Postgresql {
    fn client(&self) -> &'static str {
        include_str!("client.sh")
    }

    fn dump(&self) -> &'static str {
        include_str!("dump.sh")
    }

    fn admin(&self) -> &'static str {
        "postgres"
    }

    fn settings(&self) -> &'static [&'static str] {
        &["/etc/postgresql", "/etc/postgresql-common"]
    }

    fn complaint(&self, text: String) -> Failure {
        let has = |words: &[&str]| words.iter().any(|words| text.contains(words));
        if text.starts_with("psql: ") {
            if has(&["No such file or directory", "Connection refused"]) {
                Failure::NoServer(text)
            } else if has(&["FATAL:  database \""]) && has(&["does not exist"]) {
                Failure::NoDatabase(text)
            } else if has(&["authentication failed", "no pg_hba.conf entry", "no password supplied", "FATAL:  role \""])
            {
                Failure::Refused(text)
            } else if has(&["server does not support SSL"]) {
                Failure::Other(format!("{text}; {NO_TLS}"))
            } else {
                Failure::Other(text)
            }
        } else if has(&["user postgres does not exist", "unknown user"]) {
            // The account that the server's package makes.
            Failure::NoServer(text)
        } else if has(&["relation \"", "schema \""]) && has(&["does not exist"]) {
            Failure::NoTable(text)
        } else if has(&["permission denied", "must be superuser", "must be owner"]) {
            Failure::Refused(text)
        } else {
            Failure::Other(text)
        }
    }

    /// NAMEDATALEN - 1; a longer name would be cut without an error.
    fn refuse_name(&self, name: &str) -> Option<&'static str> {
        (name.len() > 63).then_some("is longer than the 63 bytes PostgreSQL allows")
    }

    /// In E'…' a backslash always escapes, whatever standard_conforming_strings is.
    fn text(&self, text: &str) -> String {
        let mut escaped = String::with_capacity(text.len() + 8);
        for c in text.chars() {
            match c {
                '\'' => escaped.push_str("''"),
                '\\' => escaped.push_str("\\\\"),
                c if c.is_control() => {
                    let _ = write!(escaped, "\\u{:04x}", u32::from(c));
                }
                c => escaped.push(c),
            }
        }
        format!("E'{escaped}'")
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        format!("'\\x{}'::bytea", hex(bytes))
    }

    fn as_hex(&self, expression: &str) -> String {
        format!("coalesce(encode(convert_to(({expression})::text,'UTF8'),'hex'),'')")
    }
}

#[cfg(test)]
mod tests {
    use super::connect;

    #[test]
    fn no_name_is_read_as_a_connection_string() {
        assert_eq!(connect("a'b\"c"), "\\connect \"a'b\"\"c\"");
        assert_eq!(connect("host=x"), "\\connect -reuse-previous=on \"dbname='host=x'\"");
        assert_eq!(connect("a='\\"), "\\connect -reuse-previous=on \"dbname='a=\\'\\\\'\"");
    }
}
