//! What several kinds need: rooms of their own, so that no kind reaches into another.

pub(crate) mod account;
pub(crate) mod database_engine;
pub(crate) mod docker;
pub(crate) mod nginx_text;
pub(crate) mod owned_file;
pub(crate) mod package_manager;
pub(crate) mod program;
pub(crate) mod schedule;
pub(crate) mod system_file;
pub(crate) mod unit_name;
pub(crate) mod unit_text;
pub(crate) mod validation;
pub(crate) mod x509;

use crate::model::PART;

/// What a program begins with that writes where somebody else may: the stage, the way into a folder, and what is done there.
pub(crate) const PLACE: &str = program::program![PART, include_str!("place.sh"), PART];
/// What a program begins with that makes or changes what is at paths, one after another.
pub(crate) const BESIDE: &str = program::program![PLACE, include_str!("beside.sh"), PART];
/// What goes before [`BESIDE`] in a program that stands on a host by itself.
pub(crate) const ALONE: &str = include_str!("alone.sh");
/// What a program begins with that replaces files by others; see its `keep_access`.
pub(crate) const REPLACE: &str = program::program![PART, include_str!("replace.sh"), PART];
