//! Every spec of the repository, applied to simulated hosts in other orders than the usual one, with one step failing.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "specs are files, and counts are printed")]

mod disguise;
mod model;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::*;
use crate::cli::DiskFiles;
use crate::diagnostic::Sources;
use crate::host::{Options, Simulated};
use crate::model::{Observed, ProbeOutput, ProbeStatus, Record, Secret, sha256};
use crate::plan::{self, Report};
use crate::resource::Space;
use crate::spec::{Knowledge, LoadOptions, SecretState, Spec, load};
use crate::survey::{Scope, Survey, SurveyError};

use disguise::{Forgets, disguise, forgetful};
use model::Model;
use world::{Fault, World};

/// Folders with specs, and whether their environments are tried, too.
const SPECS: &[(&str, bool)] = &[
    ("specs", true),
    ("examples", true),
    ("tests/data/kinds", false),
    ("tests/data/systems", false),
    ("tests/data", false),
];

/// In which ways a step fails.
const FAULTS: [Fault; 5] = [Fault::Before, Fault::LostAfter, Fault::Some, Fault::LostBefore, Fault::After];

/// A spec with all that is known of it without hosts.
struct Loaded {
    name: String,
    spec: Spec,
    sources: Sources,
    secrets: BTreeMap<String, SecretState>,
    forgets: Option<Forgets>,
}

impl Loaded {
    fn new(folder: &Path, environment: Option<&str>) -> Self {
        let mut sources = Sources::default();
        let options = LoadOptions {
            spec: folder.to_path_buf(),
            environment: environment.map(Into::into),
            ..LoadOptions::default()
        };
        let name = folder.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(folder).display().to_string();
        let spec = load(&DiskFiles, &options, &mut sources).unwrap_or_else(|_| panic!("{name} has mistakes"));
        let known = |name: String| {
            let value = SecretState::Known(Secret::new(sha256(name.as_bytes())));
            (name, value)
        };
        let secrets = Knowledge::nothing(&spec).secrets.into_keys().map(known).collect();
        Self { name, spec, sources, secrets, forgets: None }
    }

    fn survey(&self) -> Survey<'_> {
        let mut survey =
            Survey::unresolved(&self.spec, &DiskFiles, self.sources.clone(), self.secrets.clone(), &Scope::default());
        survey.disguise = Some(match self.forgets {
            None => disguise,
            Some(forgets) => forgetful(forgets),
        });
        self.resolve(&mut survey);
        survey
    }

    fn resolve(&self, survey: &mut Survey<'_>) {
        survey.resolve(&Scope::default()).unwrap_or_else(|error| match error {
            SurveyError::Spec { diagnostics, .. } => {
                let messages: Vec<_> = diagnostics.iter().map(|wrong| &wrong.message).collect();
                panic!("{}: {messages:?}", self.name)
            }
            error => panic!("{}: {error}", self.name),
        });
    }

    /// Reads what its hosts are to be in the end: with all facts and all secrets known.
    fn model(&self) -> Model {
        let mut survey = self.survey();
        for _ in 0..4 {
            let mut wanted = survey.wanted();
            for host in survey.hosts() {
                let sections = wanted.remove(&host).unwrap_or_default().into_iter();
                let secrets = sections.filter(|(kind, _)| kind == "secret").map(|(kind, probe)| {
                    let value = |local: &str| world::secret(&format!("{host}/{local}"));
                    let record = |(index, row): (usize, &Vec<crate::model::Arg>)| Record {
                        index,
                        fields: vec!["there".into(), String::new(), value(row[0].expose())],
                    };
                    let records = probe.rows.iter().enumerate().map(record).collect();
                    (kind, ProbeOutput { status: ProbeStatus::Done, records, messages: Vec::new() })
                });
                let told = Observed { facts: Some(world::facts()), sections: secrets.collect(), ..Observed::default() };
                survey.take(&host, told);
            }
            self.resolve(&mut survey);
        }
        Model::new(&survey)
    }
}

/// Returns the specs, some with their environments.
fn specs() -> Vec<(PathBuf, Option<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = BTreeSet::new();
    for (of, has_environments) in SPECS {
        let folders = std::fs::read_dir(root.join(of)).unwrap().map(|entry| entry.unwrap().path());
        for folder in folders.filter(|folder| folder.join("infra.yaml").exists()) {
            let environments =
                std::fs::read_dir(folder.join("env")).into_iter().flatten().filter(|_| *has_environments);
            let names = environments.map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into());
            all.extend(names.map(|name| (folder.clone(), Some(name))));
            all.insert((folder, None));
        }
    }
    all.into_iter().collect()
}

/// Plans and applies once. Returns what the plan refuses, or what became of it, and whether there was anything to do.
async fn run(loaded: &Loaded, world: &Arc<World>, seed: u64) -> Result<(Report, bool), Vec<String>> {
    let scope = Scope::default();
    world.begin();
    let mut survey = loaded.survey();
    let options = Options { simulated: Some(Simulated(world.clone())), ..Options::default() };
    let reach = Reach { options, parallel: 10, passwords: BTreeMap::new() };
    let hosts = observe(&mut survey, &scope, &reach, &Events::none()).await.unwrap();
    let plan = plan::build(&survey);
    if !plan.problems.is_empty() {
        return Err(plan.problems.iter().map(|problem| format!("{problem:?}")).collect());
    }
    let terms = Terms { parallel: 10, plan_was_read: false, shuffle: Some(seed) };
    let (_stop, stop) = watch::channel(Stop::No);
    let report = apply(&mut survey, &scope, &plan, &hosts, terms, &Events::none(), stop).await;
    let changes = plan.has_changes();
    hosts.close().await;
    Ok((report, changes))
}

/// Applies until nothing is left to do: once, or twice where a step of the first run fails. Returns what is wrong. That the
/// plan after it is empty has to be seen once for each spec: hosts that have come to the same end say the same.
fn converge(loaded: &Loaded, world: &Arc<World>, seed: u64, fails: bool) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut wrong = Vec::new();
    let applies = if fails { 2 } else { 1 };
    for number in 1..=applies {
        match runtime.block_on(run(loaded, world, seed.wrapping_add(number))) {
            Err(problems) => wrong.push(format!("plan {number} refuses: {problems:?}")),
            Ok((report, _)) if number == applies && !report.is_success() => {
                wrong.push(format!("apply {number}: {:?} {:?}", failures(&report), report.hosts));
            }
            Ok(_) => {}
        }
    }
    wrong.extend(world.wrong());
    wrong.extend(world.unfinished());
    if !wrong.is_empty() || seed > 1 {
        return wrong;
    }
    let before = world.counts();
    match runtime.block_on(run(loaded, world, seed)) {
        Err(problems) => wrong.push(format!("the last plan refuses: {problems:?}")),
        Ok((_, changes)) if changes || world.counts() != before => wrong.push("the last plan is not empty".into()),
        Ok(_) => {}
    }
    wrong
}

fn failures(report: &Report) -> Vec<String> {
    let outcomes = report.outcomes.iter().filter(|(_, outcome)| {
        !matches!(outcome, plan::Outcome::Applied { .. } | plan::Outcome::Passed | plan::Outcome::NotNeeded)
    });
    outcomes.map(|(address, outcome)| format!("{address}: {outcome:?}")).collect()
}

/// What was tried.
#[derive(Default)]
struct Tried {
    runs: usize,
    steps: usize,
    restarts: usize,
    wrong: Vec<String>,
}

impl Tried {
    fn add(&mut self, loaded: &Loaded, world: &World, what: &str, wrong: &[String]) {
        let (steps, restarts) = world.counts();
        self.runs += 1;
        self.steps += steps;
        self.restarts += restarts;
        if !wrong.is_empty() {
            let wrong = wrong.join("\n    ");
            self.wrong.push(format!("{}, {what}:\n    {wrong}\n{}\n", loaded.name, world.log()));
        }
    }

    /// Has every step of a run fail once, in one way or another, each time in another order.
    fn fail_each(&mut self, loaded: &Loaded, what: &str, hosts: impl Fn(u64) -> World) {
        for step in 1.. {
            let seed = step as u64;
            let fault = FAULTS[step % FAULTS.len()];
            let world = Arc::new(hosts(seed));
            world.fail(step, fault);
            let wrong = converge(loaded, &world, seed, true);
            if !world.has_had_fault() {
                return;
            }
            self.add(loaded, &world, &format!("{what}, step {step} {fault:?}"), &wrong);
        }
    }
}

/// Tries something with every spec, several at a time.
fn try_all(what: impl Fn(&Loaded, &Arc<Model>, &mut Tried) + Sync) {
    let (work, all) = (Mutex::new(specs()), Mutex::new(Tried::default()));
    let count = work.lock().unwrap().len();
    let try_next = || {
        loop {
            let Some((folder, environment)) = work.lock().unwrap().pop() else { return };
            let loaded = Loaded::new(&folder, environment.as_deref());
            let mut tried = Tried::default();
            what(&loaded, &Arc::new(loaded.model()), &mut tried);
            let mut all = all.lock().unwrap();
            all.runs += tried.runs;
            all.steps += tried.steps;
            all.restarts += tried.restarts;
            all.wrong.extend(tried.wrong);
        }
    };
    std::thread::scope(|scope| (0..2).for_each(|_| _ = scope.spawn(try_next)));
    let Tried { runs, steps, restarts, wrong } = all.into_inner().unwrap();
    println!("{count} specs, {runs} times, {steps} steps, {restarts} restarts");
    assert!(wrong.is_empty(), "{} of {runs} ended badly:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 60 && runs > 10 * count, "little was tried");
}

#[test]
fn any_order_ends_alike() {
    try_all(|loaded, model, tried| {
        for seed in 0..20 {
            let world = Arc::new(World::bare(model, seed));
            let wrong = converge(loaded, &world, seed, false);
            tried.add(loaded, &world, &format!("seed {seed}"), &wrong);
        }
    });
}

#[test]
fn after_any_step_has_failed_once_the_next_apply_ends_alike() {
    try_all(|loaded, model, tried| {
        tried.fail_each(loaded, "bare", |seed| World::bare(model, seed));
        tried.fail_each(loaded, "worn", |seed| World::worn(model, seed));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(&loaded.name);
        if folder.join("env/remove.yaml").exists() {
            let going = Loaded::new(&folder, Some("remove"));
            let mut end = going.model();
            end.learn(model);
            let (settled, end) = (World::settled(model, 0), Arc::new(end));
            tried.fail_each(&going, "going", |seed| settled.goes_on(&end, seed));
        }
    });
}

/// A world that finds nothing proves nothing: kinds that forget a claim, so that edges or debts are missing, are found out.
#[test]
fn a_missing_edge_is_found() {
    for (forgets, words) in [
        (Forgets::Requires(Space::USER), "comes before"),
        (Forgets::Requires(Space::PATH), "comes before"),
        (Forgets::Provides(Space::PATH), "comes before"),
        (Forgets::Triggers, "runs with an older"),
    ] {
        let is_noticed = specs().into_iter().any(|(folder, environment)| {
            let mut loaded = Loaded::new(&folder, environment.as_deref());
            let model = Arc::new(loaded.model());
            loaded.forgets = Some(forgets);
            (2..6).any(|seed| {
                let is_of_debts = forgets == Forgets::Triggers;
                let world = if is_of_debts { World::worn(&model, seed) } else { World::bare(&model, seed) };
                let wrong = converge(&loaded, &Arc::new(world), seed, false);
                wrong.iter().any(|wrong| wrong.contains(words))
            })
        });
        assert!(is_noticed, "nobody notices {forgets:?}");
    }
}
