//! Ends: stopped, killed, and hosts whose other end is gone.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::steps::step;
use super::support::{FLAVOURS, each, gone, is_gone, section, target};
use crate::host::{FrameReport, FrameStep, Host, Options, Problem, StepEvent, StepFrame, StepStatus};

/// Starts two steps, of which the first one waits for a file, and returns once it runs, with its process.
pub(super) async fn start(host: &Host) -> (tokio::task::JoinHandle<FrameReport>, tempfile::TempDir, String) {
    start_with(host, vec![step("second", ":", vec![])]).await
}

/// The same, with other steps after the first one.
async fn start_with(
    host: &Host,
    others: Vec<FrameStep>,
) -> (tokio::task::JoinHandle<FrameReport>, tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let script = "split_row \"$ROWS\"; sleep 1000 & echo $!; while ! [ -e \"$f1/go\" ]; do sleep 1; done; kill $!";
    let mut steps = vec![step("first", script, vec![crate::row![folder.path().to_str().unwrap()]])];
    steps.extend(others);
    let (sender, mut events) = mpsc::unbounded_channel();
    let host = host.clone();
    let running = tokio::spawn(async move { host.run(StepFrame { steps, ..StepFrame::default() }, sender).await });
    loop {
        if let StepEvent::Output { line, .. } = events.recv().await.unwrap() {
            return (running, folder, line);
        }
    }
}

#[test]
fn stopping_finishes_the_step_that_runs() {
    each(|flavour| async move {
        let host = flavour.host().await;
        // The order goes to the host over a channel of its own, so the next step may just have begun when it arrives.
        let others = (0..200).map(|_| step("other", "sleep 0.1", vec![])).collect();
        let (running, folder, _) = start_with(&host, others).await;
        host.stop();
        std::fs::write(folder.path().join("go"), "").unwrap();
        let report = running.await.unwrap();
        assert!(report.failure.is_none(), "{report:?}");
        assert_eq!(report.steps[0].status, StepStatus::Exited(0));
        let done = report.steps.iter().take_while(|step| step.status == StepStatus::Exited(0)).count();
        assert!(done < report.steps.len(), "no step was cancelled");
        assert!(report.steps[done..].iter().all(|step| step.status == StepStatus::Cancelled), "{report:?}");
        let (sender, _) = mpsc::unbounded_channel();
        let later =
            host.run(StepFrame { steps: vec![step("later", ":", vec![])], ..StepFrame::default() }, sender).await;
        assert_eq!(later.steps[0].status, StepStatus::Cancelled);
    });
}

#[test]
fn stopping_before_a_step_is_tried_again_starts_nothing() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let mut tried = step("tried", "echo tried; exit 1", vec![]);
        (tried.retries, tried.pause) = (3, Duration::from_secs(600));
        let (sender, mut events) = mpsc::unbounded_channel();
        let runner = host.clone();
        let frame = StepFrame { steps: vec![tried], ..StepFrame::default() };
        let running = tokio::spawn(async move { runner.run(frame, sender).await });
        while !matches!(events.recv().await, Some(StepEvent::Output { .. })) {}
        host.stop();
        let report = running.await.unwrap();
        assert_eq!((report.steps[0].tries, &report.steps[0].status), (1, &StepStatus::Exited(1)));
    });
}

#[test]
fn killing_ends_the_step_that_runs_with_its_children() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let (running, _folder, child) = start(&host).await;
        let (other, _other_folder, other_child) = start(&host).await;
        host.kill();
        assert_eq!(other.await.unwrap().steps[0].status, StepStatus::Killed);
        gone(&other_child).await;
        let report = running.await.unwrap();
        let failure = report.failure.as_ref().unwrap();
        assert!(matches!(&failure.problem, Problem::Killed { step: Some(step) } if step == "first"), "{failure:?}");
        assert_eq!(report.steps[0].status, StepStatus::Killed);
        assert_eq!(report.steps[1].status, StepStatus::NotReached);
        gone(&child).await;
    });
}

#[test]
fn a_run_that_nobody_waits_for_is_ended() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let (running, _folder, child) = start(&host).await;
        running.abort();
        gone(&child).await;
        // The host itself is as good as before.
        assert_eq!(section(&host, "emit 0 fine", vec![]).await.records.len(), 1);
    });
}

#[test]
fn a_dead_shell_takes_its_step_with_it() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let (running, _folder, child) = start(&host).await;
        // Up from there, the session's shell is what this test has started.
        let killer = flavour.host().await;
        let script = r#"
            split_row "$ROWS"
            parent=$f1
            until [ "$parent" = "$f2" ]; do
                process=$parent
                read -r line <"/proc/$process/stat"
                IFS=' '
                set -- ${line##*) }
                IFS=$NL
                parent=$2
            done
            kill -9 "$process"
        "#;
        section(&killer, script, vec![crate::row![child.as_str(), u64::from(std::process::id())]]).await;
        let report = running.await.unwrap();
        assert!(report.failure.is_some());
        assert_eq!(report.steps[0].status, StepStatus::Lost);
        gone(&child).await;
    });
}

#[test]
fn a_step_without_its_supervisor_has_failed() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let mut orphan = step("orphan", "kill -9 $PPID; exec >&- 2>&-", vec![]);
        orphan.completes = vec![1];
        let mut after = step("after", ":", vec![]);
        after.needs = vec![1];
        let (sender, _) = mpsc::unbounded_channel();
        let report = host.run(StepFrame { steps: vec![orphan, after], ..StepFrame::default() }, sender).await;
        assert!(report.failure.is_none(), "{report:?}");
        assert_eq!(report.steps[0].status, StepStatus::Exited(137));
        assert_eq!(report.steps[1].status, StepStatus::Skipped { because: 1 });
    });
}

#[test]
fn a_client_that_dies_takes_its_steps_with_it() {
    for flavour in super::support::FLAVOURS.iter() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let child = runtime.block_on(async {
            let host = flavour.host().await;
            let (running, folder, child) = start(&host).await;
            std::mem::forget((host, running, folder));
            child
        });
        // Nothing of it is cleaned up in order; its pipes close, as they do for a process that is killed.
        runtime.shutdown_background();
        wait_until_gone(&child);
    }
}

#[test]
fn a_client_that_is_silent_is_taken_for_dead() {
    for flavour in super::support::FLAVOURS.iter() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let options = Options { heartbeat: Duration::from_secs(1), ..flavour.options() };
            let host = Host::connect(target(), options).await.unwrap();
            let (_running, _folder, child) = start(&host).await;
            // What the watchdog is to guard it is told by another task, which may not have run yet.
            tokio::time::sleep(Duration::from_millis(500)).await;
            // This blocks the only thread there is, so nothing is sent.
            wait_until_gone(&child);
        });
    }
}

fn wait_until_gone(process: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_gone(process) {
        assert!(Instant::now() < deadline, "process {process} is still running");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_frame_that_does_not_arrive_whole_is_not_run() {
    each(|flavour| async move {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made");
        let text = include_str!("../program/loop.sh").replace('\n', " ");
        let mut child = std::process::Command::new(flavour.options().shell)
            .args(["-c", &text, "infra", "hello", &flavour.options().path])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let part = format!("1000\n: >{}\n", made.display());
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), part.as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(98));
        assert!(!made.exists());
    });
}

/// A shell that learns nothing but what a signal made of `wait`, the first few times.
const WOKEN: &str = r#"
    for row in "140 7" "140 138 140 0" "140 127" "3"; do
        left=$row
        wait() {
            _next=${left%% *}
            left=${left#"$_next"}
            left=${left# }
            return "$_next"
        }
        # No process has this number.
        await 4999999 10
        printf '%s is %s\n' "$row" "$status"
    done
"#;

#[test]
fn what_wakes_the_shell_is_no_status_of_what_it_waits_for() {
    let program = include_str!("../program/session.sh");
    let function = |name: &str| {
        let start = program.find(&format!("\n{name}() {{\n")).unwrap();
        &program[start..start + program[start..].find("\n}\n").unwrap() + 3]
    };
    for flavour in FLAVOURS.iter() {
        let script = format!("{}{}{WOKEN}", function("tell_time"), function("await"));
        let shell = std::process::Command::new(flavour.options().shell).arg("-c").arg(script).output().unwrap();
        let said = String::from_utf8_lossy(&shell.stdout);
        assert_eq!(said, "140 7 is 7\n140 138 140 0 is 0\n140 127 is 140\n3 is 3\n", "{}", flavour.name);
    }
}
