//! What a spec or a module holds, merged from its files, before anything is evaluated.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::{FileId, Span};
use crate::model::{Entry, YamlNode};
use crate::resource::KindObject;

use super::input::InputSpec;

/// A spec or a module.
#[derive(Debug)]
pub(super) struct Namespace {
    /// Its files are relative to this.
    pub folder: PathBuf,
    /// Its main file.
    pub file: FileId,
    pub vars: IndexMap<String, Entry>,
    /// Only a module has some.
    pub inputs: IndexMap<String, InputSpec>,
    pub secrets: IndexMap<String, Secret>,
    /// By kind in the registry's order, then as written.
    pub bodies: Vec<Body>,
    pub calls: IndexMap<String, Call>,
    /// Only a module has some.
    pub outputs: IndexMap<String, Entry>,
}

/// One entry of a kind's section.
pub(super) struct Body {
    pub kind: &'static dyn KindObject,
    /// Name and attributes as written.
    pub entry: Entry,
    pub overridden: Overridden,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.entry.key)
    }
}

/// What the inventory says about a requirement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Overridden {
    #[default]
    No,
    Changed,
    TakenAway,
}

/// A secret as written.
#[derive(Debug)]
pub(super) struct Secret {
    pub entry: Entry,
    /// Where it comes from, in order, each with its place; none where that was reported as a mistake.
    pub forms: Vec<(SecretForm, Span)>,
}

/// Where a secret comes from, as written.
#[derive(Debug)]
pub(super) enum SecretForm {
    Env(YamlNode),
    File(YamlNode),
    Command(YamlNode),
    Sops {
        file: YamlNode,
        key: Option<YamlNode>,
    },
    Age {
        file: YamlNode,
        identity: YamlNode,
    },
    /// Its body is among the namespace's bodies.
    Kept {
        /// `keep.host`.
        host: Option<YamlNode>,
        absent: bool,
    },
}

impl SecretForm {
    /// Returns the values that say where it is.
    pub(super) fn nodes(&self) -> Vec<&YamlNode> {
        match self {
            Self::Env(node) | Self::File(node) | Self::Command(node) => vec![node],
            Self::Sops { file, key } => std::iter::once(file).chain(key).collect(),
            Self::Age { file, identity } => vec![file, identity],
            Self::Kept { host, .. } => host.iter().collect(),
        }
    }
}

impl Secret {
    /// Returns how it is kept on a host, where it is.
    pub(super) fn kept(&self) -> Option<&SecretForm> {
        self.forms.iter().map(|(form, _)| form).find(|form| matches!(form, SecretForm::Kept { .. }))
    }
}

/// One entry of `modules:`.
#[derive(Debug)]
pub(super) struct Call {
    pub entry: Entry,
    /// `None` where it could not be loaded; reported.
    pub namespace: Option<Arc<Namespace>>,
    /// Where `source` is written.
    pub source_span: Span,
}

impl Call {
    /// Returns an attribute of the call.
    pub(super) fn get(&self, name: &str) -> Option<&YamlNode> {
        self.entry.value.get(name).filter(|node| !node.is_null())
    }
}
