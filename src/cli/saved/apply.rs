//! `infra apply FILE`: just what a saved plan says, or nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use crate::apply::{Hosts, Locking};
use crate::host::now;
use crate::model::utc;
use crate::plan::{self, Plan};
use crate::render::{PlanJson, Role, visible};
use crate::saved::{self, SavedPlan, Stale};
use crate::survey::Survey;
use crate::trace::{MACHINE, Trace};
use crate::ui::Terminal;

use super::super::apply::{self, Whole, carry_out, locks_json};
use super::super::exit::{Exit, Usage};
use super::super::options::{Format, RunOptions};
use super::super::run::Run;
use super::super::timeline::traced;
use super::bind::folder_of;
use super::inputs::{self, RecordedFiles};
use super::{approval, is_saved_plan, read};

/// Says why a plan is not applied.
fn refused(path: &Path, why: &str) -> anyhow::Error {
    anyhow!("{}: {why}; nothing was changed", path.display())
}

#[derive(Debug, Args)]
#[command(mut_arg("spec", |spec| spec.help("The spec's folder or its main file, or a saved plan")))]
pub struct ApplyArguments {
    #[command(flatten)]
    apply: apply::Arguments,

    /// Of a saved plan: where its spec is now.
    #[arg(long = "spec", value_name = "DIR", id = "moved")]
    moved: Option<PathBuf>,

    /// Of a saved plan: refuses it unless somebody has approved it whose key this file names (ssh-keygen(1), ALLOWED SIGNERS).
    #[arg(long, value_name = "ALLOWED_SIGNERS")]
    require_approval: Option<PathBuf>,

    /// How many people have to have approved a saved plan.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        requires = "require_approval",
        value_parser = clap::value_parser!(u8).range(1..)
    )]
    approvals: u8,
}

/// Applies a spec, or a saved plan.
pub fn run(arguments: &ApplyArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let named = &arguments.apply.run.spec.spec;
    if is_saved_plan(named) {
        return run_saved(arguments, terminal);
    }
    if arguments.moved.is_some() || arguments.require_approval.is_some() {
        let words = format!("--spec and --require-approval are for a saved plan, and {} is none", named.display());
        return Err(Usage(words).into());
    }
    apply::run(&arguments.apply, terminal)
}

/// Reads, checks, observes and compares; then applies.
fn run_saved(arguments: &ApplyArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let path = &arguments.apply.run.spec.spec;
    refuse_options(&arguments.apply)?;
    let saved = read(path)?;
    if let Some(expires) = saved.about.expires.as_deref().filter(|expires| utc(now()).as_str() >= *expires) {
        return Err(refused(path, &format!("it was to be applied before {}; plan again", visible(expires))));
    }
    let mut approved_by = Vec::new();
    if let Some(allowed) = &arguments.require_approval {
        let signatures = approval::required(path, &saved.digest, allowed, arguments.approvals.into())?;
        let names: Vec<String> = signatures.iter().map(approval::Signature::name).collect();
        terminal.status(&format!("Approved by {}.", names.join(", ")));
        approved_by = names;
    }
    let options = options(arguments, &saved);
    let trace = options.trace.as_deref();
    traced(trace, |trace| compare_and_apply((path, &saved, approved_by), &arguments.apply, &options, terminal, trace))
}

/// Refuses what the plan says itself.
fn refuse_options(arguments: &apply::Arguments) -> anyhow::Result<()> {
    let (options, spec) = (&arguments.run, &arguments.run.spec);
    let given: Vec<&str> = [
        ("--env", spec.environment.is_some()),
        ("--inventory", spec.inventory.is_some()),
        ("--target", !options.targets.is_empty()),
        ("--host", !spec.hosts.is_empty()),
        ("--exclude", !spec.excluded.is_empty()),
        ("--rotate", !options.rotate.is_empty()),
        ("--max-delete, --allow-data-loss and --confirm", arguments.prune.is_given()),
    ]
    .into_iter()
    .filter_map(|(name, is_given)| is_given.then_some(name))
    .collect();
    match given.is_empty() {
        true => Ok(()),
        false => {
            let path = spec.spec.display();
            let words = format!(
                "{path} is a saved plan, which says itself what it was made with: leave out {}",
                given.join(", ")
            );
            Err(Usage(words).into())
        }
    }
}

/// Returns the options of the run that made the plan, with what the one that applies it says of connections.
fn options(arguments: &ApplyArguments, saved: &SavedPlan) -> RunOptions {
    let made = &saved.about.made;
    let given = &arguments.apply.run;
    let beside = given.spec.spec.parent().map(Path::to_path_buf).unwrap_or_default();
    let spec = arguments.moved.clone().unwrap_or_else(|| beside.join(&made.spec));
    // What is not there says so when it is loaded.
    let folder = folder_of(&spec).unwrap_or_else(|_| spec.clone());
    let mut options = given.clone();
    options.spec.spec = spec;
    options.spec.environment.clone_from(&made.environment);
    options.spec.inventory = made.inventory.as_ref().map(|path| folder.join(path));
    options.spec.hosts.clone_from(&made.hosts);
    options.spec.excluded.clone_from(&made.excluded);
    options.rotate.clone_from(&made.rotate);
    options
}

fn compare_and_apply(
    (path, saved, approved_by): (&Path, &SavedPlan, Vec<String>),
    arguments: &apply::Arguments,
    options: &RunOptions,
    terminal: &Terminal,
    trace: &Trace,
) -> anyhow::Result<Exit> {
    let folder = folder_of(&options.spec.spec).unwrap_or_else(|_| PathBuf::new());
    if folder.as_os_str().is_empty() {
        let spec = options.spec.spec.display();
        return Err(refused(path, &format!("its spec is not at {spec}; say where it is: `--spec DIR`")));
    }
    let changed = inputs::changed(&saved.about.inputs, &folder);
    if !changed.is_empty() {
        return Refusal::Stale(changed).refuse(path, saved, arguments.format, terminal);
    }
    let run = Run::with(options, RecordedFiles::recording(), terminal, trace)?.scoped(saved::scope(saved));
    if run.loaded.spec.name != saved.about.spec {
        let (name, other) = (visible(&saved.about.spec), &run.loaded.spec.name);
        return Err(refused(path, &format!("it is of the spec `{name}`, and this is `{other}`")));
    }
    if !saved.plan.has_changes() {
        terminal.status("The saved plan changes nothing.");
        return Ok(Exit::Success);
    }
    let (mut survey, mut hosts) = run.observe()?;
    survey.use_plan(in_ledger(saved).into(), approved_by);
    loop {
        let compared = {
            let _comparing = trace.span(MACHINE, "compare");
            compared(&run, saved, &survey, &hosts, &folder)
        };
        let plan = match compared {
            Ok(plan) => plan,
            Err(why) => {
                run.close(hosts);
                return why.refuse(path, saved, arguments.format, terminal);
            }
        };
        match run.lock(&survey, &plan, &hosts, arguments.lock_wait()) {
            Locking::Refused(errors) => {
                if arguments.format == Format::Json {
                    let locked = locks_json(&errors);
                    terminal.json(&Whole { plan: PlanJson(&saved.plan), report: None, locked, stale: &[] })?;
                }
                errors.into_iter().for_each(|error| run.show_host_failure(&error.into()));
                run.show_stats(&run.close(hosts));
                return Ok(Exit::Locked);
            }
            Locking::Taken { changed } if changed.is_empty() => {
                if arguments.format == Format::Text {
                    terminal.plan(&saved.plan)?;
                }
                return carry_out(&run, arguments, survey, hosts, &plan, Some(&saved.plan));
            }
            // Others have changed the hosts meanwhile.
            Locking::Taken { changed } => run.observe_again(&mut survey, &mut hosts, &changed)?,
        }
    }
}

/// Returns what ledgers have of a plan that was applied.
fn in_ledger(saved: &SavedPlan) -> &str {
    saved.digest.strip_prefix("sha256:").unwrap_or(&saved.digest)
}

/// Why a plan is not applied to what is there.
enum Refusal {
    /// A second time.
    Used(Vec<String>),
    Unobserved(Vec<String>),
    Stale(Vec<Stale>),
}

impl Refusal {
    fn refuse(self, path: &Path, saved: &SavedPlan, format: Format, terminal: &Terminal) -> anyhow::Result<Exit> {
        match self {
            Self::Used(hosts) => Err(refused(
                path,
                &format!("it was applied before, and is so only once: {}; plan again", hosts.join(", ")),
            )),
            Self::Unobserved(hosts) => Err(refused(path, &format!("{} could not be observed", hosts.join(", ")))),
            Self::Stale(stale) => {
                if format == Format::Json {
                    let plan = PlanJson(&saved.plan);
                    terminal.json(&Whole { plan, report: None, locked: Vec::new(), stale: &stale })?;
                }
                refuse_stale(path, &stale, terminal).map(|()| Exit::Failure)
            }
        }
    }
}

/// Compares all that a saved plan is bound to with what is there now, and plans what it says.
fn compared(
    run: &Run<'_>,
    saved: &SavedPlan,
    survey: &Survey<'_>,
    hosts: &Hosts,
    folder: &Path,
) -> Result<Plan, Refusal> {
    let acting = saved.plan.resources.iter().filter(|planned| planned.acts());
    let touched: BTreeSet<&str> = acting.map(|planned| &*planned.address.host).collect();
    let lost = hosts.unreachable().iter().filter(|failure| touched.contains(failure.host.as_str()));
    let lost: Vec<String> =
        lost.inspect(|failure| run.show_host_failure(failure)).map(|lost| lost.host.clone()).collect();
    if !lost.is_empty() {
        return Err(Refusal::Unobserved(lost));
    }
    let used = touched.into_iter().filter_map(|host| {
        let used = survey.was_used(host, in_ledger(saved))?;
        Some(format!("{} by {} on {}", visible(&used.when), visible(&used.who), visible(host)))
    });
    let used: Vec<String> = used.collect();
    if !used.is_empty() {
        return Err(Refusal::Used(used));
    }
    // What may be deleted was decided when it was made. A host that it does not touch is missed only where something differs
    // without it.
    let plan = plan::build(survey);
    let now = run.loaded.files.inputs(&run.loaded.spec, folder);
    let mut stale = inputs::added(&saved.about.inputs, &now);
    stale.extend(saved::of_hosts(saved, survey, run.loaded.spec.given()));
    if stale.is_empty() {
        stale = saved::of_resources(saved, survey, &plan);
    }
    if stale.is_empty() { Ok(plan) } else { Err(Refusal::Stale(stale)) }
}

/// Says what is otherwise than the plan has it.
fn refuse_stale(path: &Path, stale: &[Stale], terminal: &Terminal) -> anyhow::Result<()> {
    let head = terminal.status_paint().paint(Role::Error, "stale:");
    for one in stale {
        terminal.status(&format!("{head} {one}"));
    }
    let is = if stale.len() == 1 { "one thing is" } else { "things are" };
    Err(refused(path, &format!("{is} not as the plan has it; plan again")))
}
