//! Every kind on a real host: planned bare, applied, planned again, broken by hand, mended, rebooted, removed.
//!
//! What is tried is found by folder: `tests/data/kinds/NAME` has a spec, `breaks.yaml`, and may have the overlays
//! `env/remove.yaml` and `env/fails.yaml`, and `host.yaml` about its host. The release is `INFRA_TEST_RELEASE` (bookworm
//! where it is not set).
//!
//! Folders that share a host are one test, named after all of them; each is an ignored test as well, so that it can be
//! run alone: `cargo nextest run --run-ignored only -E 'binary(lab_kinds) and test(=cron)'`.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests have files, programs and a terminal")]

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial as Test};
use support::infra::{Break, Infra};
use support::kinds::Trial;
use support::lab::LabHost;
use support::uses::{Recorder, Recording};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut shared: BTreeMap<String, Vec<Trial>> = BTreeMap::new();
    let mut tests = Vec::new();
    for trial in Trial::all() {
        let host = trial.host.shared.clone();
        let alone = Trial::all().into_iter().filter(|one| one.name == trial.name).collect();
        tests.push(test(trial.name.clone(), alone).with_ignored_flag(host.is_some()));
        if let Some(host) = host {
            shared.entry(host).or_default().push(trial);
        }
    }
    for trials in shared.into_values() {
        let names: Vec<_> = trials.iter().map(|trial| trial.name.as_str()).collect();
        tests.push(test(names.join("+"), trials));
    }
    libtest_mimic::run(&arguments, tests).exit_code()
}

fn test(name: String, trials: Vec<Trial>) -> Test {
    Test::test(name, move || {
        match Recording::wanted() {
            None => live(&trials),
            Some(recording) => record(&trials, recording),
        }
        Ok(())
    })
}

fn boot(trial: &Trial) -> LabHost {
    let release = support::release();
    match trial.host.containers {
        true => LabHost::boot_for_containers(&trial.name, release),
        false => LabHost::boot_having(&trial.name, release, trial.host.packages()),
    }
}

/// Applies and removes what is tried on a host that records what the kinds use.
fn record(trials: &[Trial], recording: Recording) {
    let mut recorder = Recorder::new(&trials[0].name);
    if recording != Recording::Again {
        let host = boot(&trials[0]);
        recorder.start(&host);
        for trial in trials {
            Infra::new(&trial.folder, &host.inventory()).apply();
        }
        recorder.look(&host, "applied");
        for trial in trials.iter().filter(|trial| trial.folder.join("env/remove.yaml").exists()) {
            Infra::new(&trial.folder, &host.inventory()).environment("remove").apply();
        }
        recorder.look(&host, "removed");
    }
    recorder.tell(trials, recording);
}

/// Takes what is tried through its life on one host, one after the other; they are rebooted together.
fn live(trials: &[Trial]) {
    let mut host = boot(&trials[0]);
    let lives: Vec<_> = trials.iter().map(|trial| (trial, Infra::new(&trial.folder, &host.inventory()))).collect();
    for (trial, infra) in &lives {
        eprintln!("{}: applied and broken", trial.name);
        apply_and_break(trial, &host, infra);
    }
    host.reboot();
    for (trial, infra) in &lives {
        infra.plan().assert_empty(&format!("after a reboot ({})", trial.name));
    }
    for (trial, infra) in &lives {
        left_the_spec(trial, infra);
    }
    for (trial, infra) in &lives {
        if trial.folder.join("env/remove.yaml").exists() {
            eprintln!("{}: removed", trial.name);
            let infra = infra.environment("remove");
            infra.apply();
            infra.plan().assert_empty(&format!("after removal ({})", trial.name));
        }
    }
}

/// Plans a spec of the same name that has nothing left: what was created would go, found by what the ledger knows of it, and as it was
/// left; all else is let go.
fn left_the_spec(trial: &Trial, infra: &Infra) {
    let owned = infra.owned();
    // A host owns no requirements.
    assert!(!owned.is_empty() || trial.name == "requirement", "the ledger has nothing ({})", trial.name);
    let plan = infra
        .emptied(&trial.folder)
        .option("--max-delete")
        .option("1000")
        .option("--allow-data-loss")
        .option("*:**")
        .plan();
    let goes = plan.names();
    let released: BTreeMap<String, String> = plan.json["released"]
        .as_array()
        .expect("a plan says what is let go")
        .iter()
        .map(|one| (one["address"].as_str().unwrap().replacen("app1/", "", 1), one["why"].as_str().unwrap().into()))
        .collect();
    for (local, origin) in &owned {
        let why = released.get(local);
        let is_right = match origin.as_str() {
            "found" => why.is_some_and(|why| why == "it was there before this spec had it"),
            // No ledger holds the keys without which no bucket can be deleted, nor the names of what was copied.
            _ if local.starts_with("bucket:") => why.is_some_and(|why| why.contains("`access_key`")),
            _ if local.starts_with("tree:") => {
                goes.contains(local) || why.is_some_and(|why| why.contains("`source`") || why.ends_with(" is in it"))
            }
            // What migrations have done stays, and so do rows that were there.
            _ if local.starts_with("migration:") || local.starts_with("seed:") => why.is_none(),
            _ => {
                goes.contains(local)
                    || why.is_some_and(|why| why.ends_with(" has it now") || why.ends_with(" is in it"))
            }
        };
        assert!(is_right, "{local}, {origin}: {why:?} ({})\n{}", trial.name, plan.said);
    }
}

fn apply_and_break(trial: &Trial, host: &LabHost, infra: &Infra) {
    infra.plan().assert_no_problems();
    infra.apply_in_any_order(host);
    infra.plan().assert_empty(&format!("after apply ({})", trial.name));
    for broken in Break::read(&trial.folder.join("breaks.yaml")) {
        let when = format!("{} ({})", broken.name, trial.name);
        host.check(&broken.run);
        if !broken.refused.is_empty() {
            infra.plan().assert_refused(&broken.refused, &when);
            assert!(!infra.try_apply().success, "apply goes on although the plan is refused: {when}");
            host.check(&broken.mend);
            infra.plan().assert_empty(&format!("after mending: {when}"));
            continue;
        }
        infra.plan().assert_names(&broken.plan, &when);
        infra.apply().assert_applied(&broken.applied(), &when);
        infra.plan().assert_empty(&format!("after mending: {when}"));
    }
    if trial.folder.join("env/fails.yaml").exists() {
        let report = infra.environment("fails").try_apply();
        assert!(!report.success, "what the host cannot take was applied ({})", trial.name);
        for words in said(trial) {
            assert!(report.said.contains(&words), "a message does not say `{words}` ({})\n{}", trial.name, report.said);
        }
        let when = format!("after what the host could not take ({})", trial.name);
        let plan = infra.plan();
        if !plan.names().is_empty() {
            // What only that had goes again.
            plan.assert_only_leaving(&when);
            infra.option("--allow-data-loss").option("*:**").apply();
            infra.plan().assert_empty(&when);
        }
    }
}

/// Returns what the messages must say of what a host cannot take: all of `said.yaml`, where there is one.
fn said(trial: &Trial) -> Vec<String> {
    let path = trial.folder.join("said.yaml");
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
        Err(_) => Vec::new(),
    }
}
