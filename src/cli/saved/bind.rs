//! What a plan is bound to when it is saved.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::model::utc;
use crate::plan::Plan;
use crate::saved::{self, About, Base, Made};
use crate::survey::Survey;

use super::super::options::{RunOptions, SpecOptions};
use super::super::run::Run;
use super::super::who;
use super::inputs::relative;

/// Where a plan is saved to, and until when it may be applied.
#[derive(Debug)]
pub struct Target<'a> {
    pub path: &'a Path,
    /// Seconds since 1970.
    pub created: u64,
    pub expires: Option<u64>,
}

/// Returns the folder of a spec that is named by its folder or its main file, without links.
pub fn folder_of(spec: &Path) -> std::io::Result<PathBuf> {
    let spec = fs::canonicalize(if spec.as_os_str().is_empty() { Path::new(".") } else { spec })?;
    Ok(match spec.is_dir() {
        true => spec,
        false => spec.parent().map(Path::to_path_buf).unwrap_or(spec),
    })
}

/// Says all that a plan is bound to.
pub fn about(run: &Run<'_>, survey: &Survey<'_>, plan: &Plan, target: &Target<'_>) -> anyhow::Result<About> {
    let options = run.options();
    let folder = folder_of(&options.spec.spec).context("the spec's folder is gone")?;
    let spec = run.loaded.spec.given();
    let who = who::who(&options.spec.spec);
    let base =
        who::base(&folder).map(|(repository, commit)| Base { commit, dirty: run.loaded.files.is_dirty(&repository) });
    Ok(About {
        infra: env!("CARGO_PKG_VERSION").into(),
        spec: run.loaded.spec.name.clone(),
        made: made(options, target.path, &folder, spec)?,
        created: utc(target.created),
        expires: target.expires.map(utc),
        by: format!("{} on {}", who.user, who.machine),
        base,
        inputs: run.loaded.files.inputs(&run.loaded.spec, &folder),
        hosts: saved::bound(survey, plan, spec),
        touched: saved::touched(survey, plan),
    })
}

fn made(options: &RunOptions, plan: &Path, folder: &Path, vars: &[(String, String)]) -> anyhow::Result<Made> {
    let real = |path: &Path| fs::canonicalize(path).with_context(|| format!("{} is gone", path.display()));
    let beside = folder_of(&plan.parent().map(Path::to_path_buf).unwrap_or_default())?;
    let SpecOptions { spec, environment, inventory, hosts, excluded, .. } = &options.spec;
    Ok(Made {
        spec: relative(&beside, &real(if spec.as_os_str().is_empty() { Path::new(".") } else { spec })?),
        environment: environment.clone(),
        inventory: inventory.as_deref().map(|path| anyhow::Ok(relative(folder, &real(path)?))).transpose()?,
        vars: vars.iter().map(|(name, _)| name.clone()).collect(),
        targets: options.targets.clone(),
        hosts: hosts.clone(),
        excluded: excluded.clone(),
        rotate: options.rotate.clone(),
    })
}
