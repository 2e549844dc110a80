//! What an engine does.

use super::failure::Failure;
use super::hex::hex;

/// What an engine does that the kinds about databases share.
pub(crate) trait Way: Sync {
    /// Returns the shell functions that find and run its client; see `client.sh`.
    fn client(&self) -> &'static str;
    /// Returns the shell functions that dump a database: `is_whole`, and `dump_with` or `copy_to`.
    fn dump(&self) -> &'static str;
    /// Returns whether a server holds its databases, which have names; where none does they are files, which have paths.
    fn has_server(&self) -> bool {
        true
    }
    /// Returns the account that one is where the spec names none.
    fn admin(&self) -> &'static str;
    /// Returns where its client reads settings, whoever runs it: files, and folders with all that lies below.
    fn settings(&self) -> &'static [&'static str] {
        &[]
    }
    /// Writes a password as its client reads it.
    fn password(&self, password: &str) -> String {
        password.to_string()
    }
    /// Tells what a complaint of its client means.
    fn complaint(&self, complaint: String) -> Failure;
    /// Says why a text that is neither empty nor has control characters cannot be a name; `None` where it can.
    fn refuse_name(&self, name: &str) -> Option<&'static str>;
    /// Writes a name.
    fn name(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
    /// Writes a text that has backslashes or control characters as a value.
    fn text(&self, text: &str) -> String;
    /// Writes bytes as a value.
    fn bytes(&self, bytes: &[u8]) -> String {
        format!("X'{}'", hex(bytes))
    }
    /// Writes an expression for the hexadecimal of a text expression's UTF-8, empty where it is null.
    fn as_hex(&self, expression: &str) -> String;
}
