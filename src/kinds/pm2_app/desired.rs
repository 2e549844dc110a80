//! An application as the spec wants it.

use serde_json::{Map, Value as Json};

use crate::model::Arg;

/// An application as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    /// PM2's options with the names that the spec has for them, null where left out.
    pub(super) options: Map<String, Json>,
    pub(super) env: Vec<(String, Arg)>,
    /// A value of `env` is known only later.
    pub(super) env_is_unknown: bool,
    pub(super) instances: i64,
    /// Whether PM2 starts with the host.
    pub(super) startup: bool,
    pub(super) restart_on: Vec<String>,
    pub(super) reload_on: Vec<String>,
}
