//! MySQL and MariaDB.

use crate::resource::{Confine, Variant};

use super::failure::{Failure, NO_TLS};
use super::hex::hex;
use super::way::Way;

pub(crate) const VARIANT: Variant = Variant {
    name: "mysql",
    title: "MySQL",
    features: &[],
    confine: &[Confine::Program("mysql"), Confine::Service("mysql.service")],
    default_for: &[],
};

/// What MySQL and MariaDB do alike.
pub(super) struct Mysql;

impl Way for Mysql {
    fn client(&self) -> &'static str {
        include_str!("client.sh")
    }

    fn dump(&self) -> &'static str {
        include_str!("dump.sh")
    }

    fn admin(&self) -> &'static str {
        "root"
    }

    fn settings(&self) -> &'static [&'static str] {
        &["/etc/my.cnf", "/etc/mysql"]
    }

    /// As in an option file: https://dev.mysql.com/doc/refman/8.0/en/option-files.html
    fn password(&self, password: &str) -> String {
        password.replace('\\', "\\\\").replace('"', "\\\"")
    }

    /// https://dev.mysql.com/doc/mysql-errors/8.0/en/
    fn complaint(&self, complaint: String) -> Failure {
        let number = complaint.strip_prefix("ERROR ").and_then(|rest| rest.split(' ').next()).unwrap_or("");
        match number {
            "2002" | "2003" => Failure::NoServer(complaint),
            "1044" | "1045" | "1142" | "1227" | "1698" => Failure::Refused(complaint),
            "1049" => Failure::NoDatabase(complaint),
            "1146" => Failure::NoTable(complaint),
            "2026" if complaint.contains("does not support") => Failure::Other(format!("{complaint}; {NO_TLS}")),
            _ => Failure::Other(complaint),
        }
    }

    /// https://dev.mysql.com/doc/refman/8.0/en/identifiers.html
    fn refuse_name(&self, name: &str) -> Option<&'static str> {
        if name.chars().count() > 64 {
            Some("is longer than the 64 characters MySQL allows")
        } else if name.chars().any(|c| c > '\u{ffff}') {
            Some("holds a character outside Unicode's basic plane, which MySQL does not allow in names")
        } else {
            name.ends_with(' ').then_some("ends in a space")
        }
    }

    fn name(&self, name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    /// Whether a backslash escapes depends on NO_BACKSLASH_ESCAPES; hexadecimal does not.
    fn text(&self, text: &str) -> String {
        format!("_utf8mb4 X'{}'", hex(text.as_bytes()))
    }

    fn as_hex(&self, expression: &str) -> String {
        format!("IFNULL(LOWER(HEX(CONVERT({expression} USING utf8mb4))),'')")
    }
}
