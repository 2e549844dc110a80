//! Archives of files: what a backup without an engine is.

use super::source::Source;

/// What an archive needs.
#[derive(Debug)]
pub struct Archive;

impl Source for Archive {
    fn functions(&self) -> String {
        include_str!("source.sh").into()
    }
}
