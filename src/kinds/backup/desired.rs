//! A backup as the spec wants it.

use crate::resource::Variant;

use super::files::Files;
use super::settings::Settings;
use super::source::Source;

/// A backup as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The engine, where a database is dumped.
    pub(super) variant: Option<&'static Variant>,
    pub(super) settings: Settings,
    /// What it is of.
    pub(super) source: &'static dyn Source,
    pub(super) files: Files,
}
