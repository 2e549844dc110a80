//! Sites as the spec wants them and as they were found, and where a layout of nginx has them.

use crate::kinds::shared::owned_file::OwnedFile;
use crate::model::Content;
use crate::resource::Variant;

/// Where a layout has sites, and how they are served.
pub trait Layout: Sync {
    /// Returns the folder of their files.
    fn folder(&self) -> &'static str;
    /// Returns the part of the probe that looks at them.
    fn look(&self) -> &'static str;
    /// Returns the functions that put them in place; see `apply.sh`.
    fn place(&self) -> &'static str;
    /// Returns the program that puts them in place.
    fn write(&self) -> &'static str;
}

/// A site of nginx that goes live only if nginx accepts it.
pub struct NginxSite;

/// A site as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// Left alone where the spec gives none.
    pub(super) content: Option<Content>,
    pub(super) enabled: bool,
}

/// A site as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// None where nginx is not there yet.
    pub(super) layout: Option<&'static Variant>,
    /// None where only its link is there.
    pub(super) file: Option<OwnedFile>,
    pub(super) enabled: bool,
    /// Nginx has accepted what is there; a run that was killed before it asked leaves a mark.
    pub(super) is_tested: bool,
}
