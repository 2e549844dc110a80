//! SQLite.

use crate::resource::{Confine, Variant};

use super::failure::Failure;
use super::hex::hex;
use super::way::Way;

pub(crate) const VARIANT: Variant = Variant {
    name: "sqlite",
    title: "SQLite",
    features: &[],
    confine: &[Confine::Program("sqlite3")],
    default_for: &[],
};

/// What SQLite does.
pub(super) struct Sqlite;

impl Way for Sqlite {
    fn client(&self) -> &'static str {
        include_str!("client.sh")
    }

    fn dump(&self) -> &'static str {
        include_str!("dump.sh")
    }

    fn has_server(&self) -> bool {
        false
    }

    fn admin(&self) -> &'static str {
        "root"
    }

    fn complaint(&self, complaint: String) -> Failure {
        if complaint.contains("unable to open database") {
            Failure::NoDatabase(complaint)
        } else if complaint.contains("no such table") {
            Failure::NoTable(complaint)
        } else {
            Failure::Other(complaint)
        }
    }

    fn refuse_name(&self, _name: &str) -> Option<&'static str> {
        None
    }

    fn text(&self, text: &str) -> String {
        format!("CAST(X'{}' AS TEXT)", hex(text.as_bytes()))
    }

    fn as_hex(&self, expression: &str) -> String {
        format!("ifnull(lower(hex({expression})),'')")
    }
}
