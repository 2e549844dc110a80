//! What a spec is loaded with.

use std::path::PathBuf;
use std::sync::Arc;

use super::Evaluating;

/// Where a spec is and what the caller sets.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// The spec's folder, or its main file; the current folder where it is empty.
    pub spec: PathBuf,
    /// `-e prod` merges `env/prod.yaml` over the spec.
    pub environment: Option<String>,
    /// `-i FILE`
    pub inventory: Option<PathBuf>,
    /// `--var name=value` in the order given.
    pub vars: Vec<(String, String)>,
    /// `INFRA_VAR_name=value`, without the prefix.
    pub environment_vars: Vec<(String, String)>,
    /// `--host NAME`; all hosts where empty.
    pub hosts: Vec<String>,
    /// Hosts that the run leaves alone; none of them is contacted.
    pub excluded: Vec<String>,
    /// `--allow-path PATH`: what the spec may read outside of its folder.
    pub allowed: Vec<PathBuf>,
    /// Is told what is being evaluated.
    pub evaluating: Arc<Evaluating>,
}
