//! The words every other module speaks: addresses, values, secrets, changes, probes and steps.

mod address;
mod base64;
mod change;
mod content;
mod node;
mod program;
mod redact;
mod secret;
mod value;

pub use address::Address;
pub use base64::decode_base64;
pub use change::{Action, Change, Changes};
pub use content::Content;
pub use node::{Entry, Node, NodeValue};
pub use program::{Arg, Blob, Expect, Lock, Owed, OwedAction, Probe, ProbeOutput, ProbeStatus, Record, Row, Step};
pub use redact::Redactor;
pub use secret::Secret;
pub use value::{Until, Value};
