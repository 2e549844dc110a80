//! A copy of a folder: as the spec wants it, and what was found of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Content;

use super::item::{Excludes, Item};
use crate::kinds::shared::validation::Validation;

/// A folder beside the spec, copied with all that is in it.
pub struct Tree;

/// A tree as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The folder itself first.
    pub(super) items: Vec<Item>,
    pub(super) owner: Option<String>,
    pub(super) group: Option<String>,
    pub(super) excludes: Excludes,
    pub(super) prune: bool,
    pub(super) validation: Validation,
    /// Paths below its own that other resources of the host provide.
    pub(super) others_below: Vec<String>,
}

/// A tree as it was found: what is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// By number of the item. Of a tree that should go: what is there.
    pub(super) items: BTreeMap<usize, Found>,
    /// What is below the folder, belongs to nobody and should go.
    pub(super) more: BTreeSet<String>,
}

/// A thing that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    Absent,
    There {
        /// `directory`, `file`, `symlink` or `other`.
        word: String,
        owner: String,
        group: String,
        mode: String,
        content: Option<Content>,
        target: String,
    },
}
