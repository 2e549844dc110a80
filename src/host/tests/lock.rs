//! The lock of a host: who has it, who waits, and what killed runs have left.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::steps::step;
use super::support::{Flavour, each, gone, observe, target};
use crate::host::{Host, HostError, Options, Problem, StepFrame};
use crate::model::{Holder, Owed, OwedAction, Who};

/// A state folder of its own, that does not exist yet, and two runs that use it.
struct Lab {
    folder: TempDir,
    options: Options,
}

impl Lab {
    fn new(flavour: &Flavour) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state_folder = Some(folder.path().join("state").to_str().unwrap().to_string());
        Self { folder, options: Options { state_folder, ..flavour.options() } }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Waits until the run before has tidied up.
    async fn ended(&self) {
        while !fs::read_to_string(self.state().join("lock")).unwrap().lines().next().unwrap().ends_with("ended") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn host(&self, user: &str) -> Host {
        let who = Who {
            user: user.into(),
            machine: "lap\u{1f}top\n".into(),
            spec: "specs/it's".into(),
            commit: if user == "dora" { String::new() } else { "1a2b3c".into() },
        };
        Host::connect(target(), Options { who, ..self.options.clone() }).await.unwrap()
    }
}

async fn lock(host: &Host, of: usize) -> Result<bool, HostError> {
    host.lock(of, Instant::now(), &mut |_| ()).await
}

#[track_caller]
fn holder(result: Result<bool, HostError>) -> Holder {
    match result.unwrap_err().problem {
        Problem::Locked(Some(holder)) => *holder,
        other => panic!("{other:?}"),
    }
}

async fn change(host: &Host, script: &'static str) -> Option<HostError> {
    let (sender, _) = mpsc::unbounded_channel();
    host.run(StepFrame { steps: vec![step("change", script, vec![])], ..StepFrame::default() }, sender).await.failure
}

#[test]
fn one_run_at_a_time_has_it_and_is_named() {
    each(|flavour| async move {
        let lab = Lab::new(flavour);
        let (anna, ben) = (lab.host("anna").await, lab.host("ben").await);
        assert!(!lock(&anna, 12).await.unwrap());
        let seen = holder(lock(&ben, 1).await);
        let Who { user, machine, spec, commit } = &seen.who;
        assert_eq!([user, machine, spec, commit], ["anna", "lap\u{1f}top\n", "specs/it's", "1a2b3c"]);
        assert_eq!((seen.done, seen.of), (0, 12));
        assert!(seen.seconds < 60, "{seen:?}");
        anna.progress(3, 10);
        // Orders go over a channel of their own.
        while holder(lock(&ben, 1).await).done != 3 {}
        // A run that did not ask for the lock before its first step needs it all the same.
        let failure = change(&ben, ":").await.unwrap();
        assert!(matches!(failure.problem, Problem::Locked(Some(_))), "{failure:?}");
        // One that changes nothing does not.
        observe(&ben, vec![]).await;
        let (sender, _) = mpsc::unbounded_channel();
        let mut look = step("look", ":", vec![]);
        look.only_looks = true;
        let report = ben.run(StepFrame { steps: vec![look], ..StepFrame::default() }, sender).await;
        assert!(report.failure.is_none(), "{report:?}");
        anna.close().await;
        assert!(lock(&ben, 1).await.is_ok());
        assert!(change(&ben, ":").await.is_none());
    });
}

#[test]
fn a_run_waits_as_long_as_it_is_told_and_sees_who_has_it() {
    each(|flavour| async move {
        let lab = Lab::new(flavour);
        let (anna, ben) = (lab.host("anna").await, lab.host("ben").await);
        lock(&anna, 2).await.unwrap();
        let (sender, mut waits) = mpsc::unbounded_channel();
        let waiting = tokio::spawn(async move {
            let mut tell = |holder: Option<&Holder>| _ = sender.send(holder.cloned());
            let taken = ben.lock(1, Instant::now() + Duration::from_secs(60), &mut tell).await;
            (taken, ben)
        });
        let seen = waits.recv().await.unwrap().unwrap();
        assert_eq!(seen.who.user, "anna");
        anna.close().await;
        let (taken, ben) = waiting.await.unwrap();
        assert!(taken.is_ok(), "{taken:?}");
        // One that gives up waits no longer.
        let carla = lab.host("carla").await;
        let before = Instant::now();
        let taken = carla.lock(1, before + Duration::from_millis(700), &mut |_| ()).await;
        assert!(before.elapsed() >= Duration::from_millis(700));
        assert_eq!(holder(taken).who.user, "ben");
        drop(ben);
    });
}

#[test]
fn what_was_seen_is_old_once_another_run_has_had_it() {
    each(|flavour| async move {
        let lab = Lab::new(flavour);
        let (anna, ben, carla) = (lab.host("anna").await, lab.host("ben").await, lab.host("carla").await);
        for host in [&anna, &ben] {
            observe(host, vec![]).await;
        }
        assert!(!lock(&anna, 1).await.unwrap(), "nobody had it");
        // Seen while another run is at it.
        observe(&carla, vec![]).await;
        anna.close().await;
        assert!(lock(&ben, 1).await.unwrap(), "anna has had it since");
        ben.close().await;
        assert!(lock(&carla, 1).await.unwrap(), "others have had it since");
        carla.close().await;
        lab.ended().await;
        let dora = lab.host("dora").await;
        observe(&dora, vec![]).await;
        assert!(!lock(&dora, 1).await.unwrap(), "nobody has had it since");
        dora.unlock().await;
        assert!(lock(&dora, 1).await.unwrap());
        // Told anew, it is fresh again.
        dora.unlock().await;
        lab.ended().await;
        dora.forget();
        observe(&dora, vec![]).await;
        assert!(!lock(&dora, 1).await.unwrap(), "a lock without a commit");
    });
}

#[test]
fn nothing_that_was_started_keeps_it() {
    each(|flavour| async move {
        let lab = Lab::new(flavour);
        let anna = lab.host("anna").await;
        lock(&anna, 1).await.unwrap();
        let path = lab.state().join("lock");
        let holders = || {
            let mut found = Vec::new();
            for entry in fs::read_dir("/proc").unwrap().flatten() {
                let files = fs::read_dir(entry.path().join("fd")).into_iter().flatten().flatten();
                if files.filter_map(|file| fs::read_link(file.path()).ok()).any(|target| target == path) {
                    found.push(entry.file_name().into_string().unwrap());
                }
            }
            found
        };
        let script = "sleep 1000 >/dev/null 2>&1 & echo $!";
        let (sender, _) = mpsc::unbounded_channel();
        let report =
            anna.run(StepFrame { steps: vec![step("leaves", script, vec![])], ..StepFrame::default() }, sender).await;
        let left = report.steps[0].output[0].clone();
        let own = holders();
        assert_eq!(own.len(), 1, "only the watchdog itself has it");
        // Killed, it leaves nobody behind who has.
        std::process::Command::new("kill").args(["-9", &own[0]]).status().unwrap();
        gone(&own[0]).await;
        assert_eq!(holders(), Vec::<String>::new());
        let ben = lab.host("ben").await;
        assert!(lock(&ben, 1).await.unwrap(), "what a killed run did is not known");
        std::process::Command::new("kill").arg(&left).status().unwrap();
    });
}

#[test]
fn the_next_run_removes_what_a_killed_one_noted_and_nothing_else() {
    each(|flavour| async move {
        let lab = Lab::new(flavour);
        let run = "0123456789abcdef";
        let at = |name: &str| lab.folder.path().join(name);
        let stages = lab.state().join("stages");
        fs::create_dir_all(&stages).unwrap();
        fs::set_permissions(lab.state(), fs::Permissions::from_mode(0o700)).unwrap();
        let named = format!(".infra-{run}");
        fs::create_dir_all(at(&named).join("deep/er")).unwrap();
        let (file, other) = (at(&format!("{named}-a b")), at(&format!(".infra-{}", "f".repeat(16))));
        fs::create_dir_all(at("kept")).unwrap();
        for path in [&file, &other, &at("kept/file"), &at(&format!("{named}x"))] {
            fs::write(path, "x").unwrap();
        }
        symlink(at("kept"), at(&format!("{named}-link"))).unwrap();
        let listed: Vec<String> = [
            at(&named),
            file.clone(),
            at(&format!("{named}-link")),
            other.clone(),
            at("kept"),
            at(&format!("{named}-x/../kept")),
            at(&format!("{named}x")),
            PathBuf::from(format!("relative/{named}")),
            at("was never made"),
        ]
        .iter()
        .map(|path| path.display().to_string())
        .collect();
        fs::write(stages.join(run), format!("{}\n{}", listed.join("\n"), at(&format!("{named}-cut")).display()))
            .unwrap();
        // No lists of runs.
        fs::write(stages.join("notes"), at("kept").display().to_string()).unwrap();
        let anna = lab.host("anna").await;
        lock(&anna, 1).await.unwrap();
        let names = |folder: &Path| {
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = entries.collect();
            names.sort();
            names
        };
        let mut left = vec![other.file_name().unwrap().to_str().unwrap().to_string(), format!("{named}x")];
        left.extend(["kept".to_string(), "state".into()]);
        left.sort();
        assert_eq!(names(lab.folder.path()), left);
        assert_eq!(names(&at("kept")), ["file"]);
        let lists = names(&stages);
        assert_eq!(lists.len(), 2, "{lists:?}");
        // Its own are removed at its end.
        let own = lists.iter().find(|name| *name != "notes").unwrap();
        let stage = at(&format!(".infra-{own}"));
        fs::create_dir(&stage).unwrap();
        fs::write(stages.join(own), format!("{}\n", stage.display())).unwrap();
        anna.close().await;
        while names(&stages) != ["notes"] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!stage.exists());
    });
}

#[test]
fn a_state_folder_that_others_could_have_written_to_is_refused() {
    each(|flavour| async move {
        let why = |result: Result<bool, HostError>| match result.unwrap_err().problem {
            Problem::StateFolder { why, .. } => why,
            other => panic!("{other:?}"),
        };
        for (mode, is_refused) in [(0o770, true), (0o702, true), (0o1777, true), (0o755, false), (0o700, false)] {
            let lab = Lab::new(flavour);
            fs::create_dir(lab.state()).unwrap();
            fs::set_permissions(lab.state(), fs::Permissions::from_mode(mode)).unwrap();
            let host = lab.host("anna").await;
            match (is_refused, lock(&host, 1).await) {
                (true, result) => assert!(why(result).contains("may be written to by others"), "{mode:o}"),
                (false, result) => assert!(result.is_ok(), "{mode:o}: {result:?}"),
            }
            if is_refused {
                assert_eq!(fs::read_dir(lab.state()).unwrap().count(), 0, "nothing is made in it");
            }
        }
        for planted in ["lock", "stages", "owed"] {
            let lab = Lab::new(flavour);
            fs::create_dir(lab.state()).unwrap();
            let canary = lab.folder.path().join("canary");
            fs::write(&canary, "whole\n").unwrap();
            symlink(&canary, lab.state().join(planted)).unwrap();
            let host = lab.host("anna").await;
            let why = why(lock(&host, 1).await);
            assert!(why.contains(planted) && why.contains("is a link"), "{why}");
            assert_eq!(fs::read_to_string(&canary).unwrap(), "whole\n");
        }
        let lab = Lab::new(flavour);
        let options = Options { state_folder: Some("/dev/null/state".into()), ..lab.options.clone() };
        let host = Host::connect(target(), options).await.unwrap();
        assert!(why(lock(&host, 1).await).starts_with("cannot be made: "));
        // Another account's: what is owed there would be believed.
        if rustix::process::geteuid().is_root() {
            fs::create_dir(lab.state()).unwrap();
            std::os::unix::fs::chown(lab.state(), Some(65534), None).unwrap();
            let host = lab.host("anna").await;
            let why = why(lock(&host, 1).await);
            assert!(why.starts_with("belongs to the account 65534"), "{why}");
            let problem = host.observe(vec![]).await.unwrap_err().problem;
            assert!(matches!(&problem, Problem::StateFolder { .. }), "{problem:?}");
        }
    });
}

#[test]
fn a_debt_whose_record_is_damaged_is_told_and_written_anew() {
    each(|flavour| async move {
        let lab = Lab::new(flavour);
        let host = lab.host("anna").await;
        let owed = Owed { resource: "service:app".into(), action: OwedAction::Restart };
        let record = lab.state().join("owed").join(owed.record());
        let owing = || {
            let mut change = step("change", "exit 1", vec![]);
            change.owes = vec![owed.clone()];
            StepFrame { steps: vec![change], ..StepFrame::default() }
        };
        let (sender, _) = mpsc::unbounded_channel();
        host.run(owing(), sender.clone()).await;
        let whole = fs::read_to_string(&record).unwrap();
        assert_eq!(whole, "restart\u{1f}service:app\n");
        for cut in 0..whole.len() {
            fs::write(&record, &whole[..cut]).unwrap();
            let observed = observe(&lab.host("ben").await, vec![]).await;
            assert_eq!((observed.owed, observed.damaged), (vec![], vec![owed.record()]), "{cut}");
            // It does not stand in for the next one.
            host.run(owing(), sender.clone()).await;
            assert_eq!(fs::read_to_string(&record).unwrap(), whole, "{cut}");
        }
        fs::write(&record, "").unwrap();
        host.run(StepFrame { forget: vec![owed.clone()], ..StepFrame::default() }, sender).await;
        assert!(!record.exists());
    });
}
