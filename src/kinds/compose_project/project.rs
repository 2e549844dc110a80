//! A project as the spec wants it.

use std::time::Duration;

use crate::model::{Arg, Content, Row, Secret};

use super::body::Body;
use super::own::Own;

/// Containers that Docker Compose runs together.
pub struct ComposeProject;

/// A project as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    pub(super) dir: String,
    /// The Compose file; none where the project should go.
    pub(super) content: Option<Content>,
    pub(super) body: Body,
    /// Networks and volumes that are the project's own.
    pub(super) own: Own,
    pub(super) env: Vec<(String, Arg)>,
    /// Services that are handed contents which Compose's hash leaves out, with a digest of these.
    pub(super) handed: Vec<(String, String)>,
    /// A value of `env` is known only later.
    pub(super) env_is_unknown: bool,
    pub(super) profiles: Vec<String>,
    pub(super) pull: String,
    pub(super) builds: bool,
    pub(super) remove_orphans: bool,
    pub(super) remove_volumes: bool,
    pub(super) restart_on: Vec<(String, Vec<String>)>,
    pub(super) within: Duration,
}

/// Returns the path of its Compose file.
pub(super) fn path(desired: &Desired) -> String {
    format!("{}/compose.yaml", desired.dir.trim_end_matches('/'))
}

/// Returns the mode of its Compose file.
pub(super) fn mode(desired: &Desired) -> &'static str {
    if desired.content.as_ref().is_some_and(Content::is_sensitive) { "0600" } else { "0644" }
}

/// Returns the text of a Compose file for a row.
pub(super) fn text(content: Option<&Content>) -> Arg {
    let Some(content) = content else { return Arg::Plain(String::new()) };
    let text = content.text().unwrap_or_default();
    if content.is_sensitive() { Arg::Secret(Secret::new(text)) } else { Arg::Plain(text.to_string()) }
}

/// Adds names and values of its variables to a row.
pub(super) fn with_environment(mut row: Row, desired: &Desired) -> Row {
    for (name, value) in &desired.env {
        row.push(name.into());
        row.push(value.clone());
    }
    row
}
