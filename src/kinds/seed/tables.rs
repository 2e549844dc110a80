//! How an engine writes what is about tables and their values.

use std::fmt::Debug;

use crate::kinds::shared::database_engine::Engine;

use super::class::Class;

/// How an engine writes what is about tables and their values.
pub(super) trait Tables: Debug + Sync {
    /// Returns the engine.
    fn engine(&self) -> Engine;
    /// Splits the name of a table into schema and name.
    fn split<'a>(&self, table: &'a str) -> (Option<&'a str>, &'a str) {
        (None, table)
    }
    /// Selects `at`, "column", name, type and scale of each column of a table.
    fn columns(&self, at: usize, database: &str, table: &str) -> String;
    /// Returns the class of columns of a type that no other engine has.
    fn class(&self) -> Class {
        Class::Other
    }
    /// Selects the value of a column: a letter, which is the class of the value where it has one of its own, and hexadecimal;
    /// `-` for null.
    fn value(&self, column: &str) -> String;
    /// Returns the bytes of a value as it was found.
    fn bytes(&self, _class: Class, found: &[u8]) -> Option<Vec<u8>> {
        Some(found.to_vec())
    }
    /// Returns whether what is found in a column of bytes may be bits.
    fn has_bits(&self) -> bool {
        false
    }
    /// Writes a truth value.
    fn truth(&self, value: bool) -> String {
        u8::from(value).to_string()
    }
    /// Writes a number.
    fn number(&self, number: String) -> String {
        number
    }
    /// Returns whether a number and a text in one list are still different values; MySQL compares such texts as numbers.
    fn has_mixed_lists(&self) -> bool {
        false
    }
    /// Returns what begins a list of rows that a row is looked up in.
    fn list(&self) -> &'static str {
        ""
    }
    /// Begins a transaction that writes.
    fn begin(&self) -> &'static str;
}
