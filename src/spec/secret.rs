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
    /// In order: it comes from the first that has it.
    pub sources: Vec<SecretSource>,
}

/// One of the places a secret may come from.
#[derive(Clone, Debug)]
pub struct SecretSource {
    pub origin: SecretOrigin,
    /// Where it is written.
    pub span: Span,
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretOrigin {
    /// A variable of the environment `infra` runs in.
    Env(String),
    /// A file on the machine `infra` runs on; a last line end is no part of it.
    File(PathBuf),
    /// What a program on the machine `infra` runs on prints; a last line end is no part of it.
    Command(Vec<String>),
    /// A file that `sops` decrypts: a value in it, or all of it.
    Sops { file: PathBuf, key: Option<String> },
    /// A file that `age` decrypts with the identity in another file.
    Age { file: PathBuf, identity: PathBuf },
    /// It is made once and kept on a host, by this resource; a module's secret is placed with the module.
    Kept(Option<Address>),
}

impl SecretSpec {
    /// Returns whether it is made and kept on a host where nothing else has it.
    pub fn is_kept(&self) -> bool {
        self.sources.iter().any(|source| matches!(source.origin, SecretOrigin::Kept(_)))
    }

    /// Returns the resource that keeps it.
    pub fn keeper(&self) -> Option<&Address> {
        self.sources.iter().find_map(|source| match &source.origin {
            SecretOrigin::Kept(address) => address.as_ref(),
            _ => None,
        })
    }
}
