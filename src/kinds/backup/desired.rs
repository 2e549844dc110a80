//! A backup as the spec wants it.

use super::files::Files;
use super::settings::Settings;

/// A backup as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    pub(super) settings: Settings,
    pub(super) files: Files,
}
