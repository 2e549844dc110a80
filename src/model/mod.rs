//! The words every other module speaks: addresses, values, secrets, changes, probes and steps.

mod address;
mod base64;
mod change;
pub mod columns;
mod content;
mod holder;
mod json_text;
mod looked;
mod node;
mod observed;
mod open_lines;
mod owed;
mod program;
mod redact;
mod secret;
mod ssh;
mod value;

pub use address::Address;
pub use base64::decode_base64;
pub use change::{Action, Change, Changes};
pub use columns::Records;
pub use content::{Content, sha256};
pub use holder::{Holder, Who};
pub use json_text::{JsonError, json_scalar, remove_json, set_json_string};
pub use looked::{Looked, Looking};
pub use node::{Entry, YamlNode, YamlValue};
pub use observed::Observed;
pub use open_lines::{OpenLines, OpenLinesFinder};
pub use owed::{Owed, OwedAction};
pub use program::{Arg, Blob, Expect, Lock, Look, PART, Probe, ProbeOutput, ProbeStatus, Record, Row, Step};
pub use redact::{LONGEST_LINE, Redactor, Stream};
pub use secret::Secret;
pub use ssh::SshOptions;
pub use value::{Until, Value};
