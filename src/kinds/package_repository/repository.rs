//! A repository as the spec wants it, and what becomes of it on a host.

use crate::model::Content;

use super::key::Form;

/// A repository as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    pub(super) uris: Vec<String>,
    pub(super) suites: Vec<String>,
    pub(super) components: Vec<String>,
    pub(super) types: Vec<String>,
    pub(super) architectures: Vec<String>,
    pub(super) key: Option<(Form, Content)>,
    /// A key on the host that the spec only points to.
    pub(super) signed_by: Option<String>,
    pub(super) trusted: bool,
    pub(super) priority: Option<i64>,
    pub(super) pin: Option<String>,
}

/// The files of a repository, but for its key.
pub struct Files {
    pub(super) sources: Content,
    pub(super) pin: Option<Content>,
}
