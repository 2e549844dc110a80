//! The spec language: YAML text to typed resources.

mod expression;
mod files;
mod host;
mod options;
mod resolution;
mod secret;
mod selector;
mod yaml;

pub use files::{FileKind, Files, MemoryFiles};
pub use host::{HostRole, HostSpec, SshOptions, Transport};
pub use options::LoadOptions;
pub use resolution::{Knowledge, Pending, Resolution, Resolved, SecretState};
pub use secret::{SecretSource, SecretSpec};
pub use selector::{NotASelector, Selector};
