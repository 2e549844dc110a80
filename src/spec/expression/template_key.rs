//! What template files are known by.

use std::path::Path;

use crate::spec::files::normalize;

/// What parts the folder and the path in a template's key.
pub(super) const SEPARATOR: char = '\u{1}';

/// Returns the key the environments know a template by: names in `include` are relative to its namespace's folder.
pub fn template_key(folder: &Path, path: &Path) -> String {
    format!("{}{SEPARATOR}{}", folder.display(), path.display())
}

/// Returns the key of a template that another takes in.
pub(super) fn included(name: &str, parent: &str) -> String {
    let folder = Path::new(parent.split_once(SEPARATOR).map_or("", |(folder, _)| folder));
    template_key(folder, &normalize(&folder.join(name)))
}
