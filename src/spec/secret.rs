//! Secrets of a spec.

use std::path::PathBuf;

use crate::diagnostic::Span;
use crate::model::Address;

/// A secret and where it comes from.
#[derive(Clone, Debug)]
pub struct SecretSpec {
    pub name: String,
    /// Where its name is written.
    pub span: Span,
    pub source: SecretSource,
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of the environment `infra` runs in.
    Env(String),
    /// A file on the machine `infra` runs on; a last line end is no part of it.
    File(PathBuf),
    /// What a program on the machine `infra` runs on prints; a last line end is no part of it.
    Command(Vec<String>),
    /// It is made once and kept on a host, by this resource.
    Kept(Address),
}
