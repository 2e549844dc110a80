//! Steps: gates, input, verification, timeouts, retries, and what is owed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::support::{each, gone, observe, record, section, target};
use crate::host::{
    FrameReport, FrameStep, Host, LookAgain, Options, StepEvent, StepFrame, StepStatus, Verify, VerifyItem,
};
use crate::model::{Blob, Expect, Owed, OwedAction, PART, Probe, ProbeStatus, Record, Row, Secret, Step};
use crate::row;

pub(super) fn step(id: &str, script: &'static str, rows: Vec<Row>) -> FrameStep {
    FrameStep::new(id, Step::new(script, vec![], id).rows(rows))
}

fn blob(bytes: &[u8]) -> Blob {
    Blob(Arc::from(bytes))
}

fn verify(script: &'static str, rows: Vec<Row>, items: Vec<(usize, Option<Vec<Expect>>)>) -> Option<Verify> {
    let items = items.into_iter().map(|(item, expected)| VerifyItem { item, expected }).collect();
    Some(Verify { probe: Probe::new(script, rows), items })
}

fn is(text: &str) -> Expect {
    Expect::Is(text.into())
}

async fn run(host: &Host, steps: Vec<FrameStep>) -> FrameReport {
    let (sender, _) = mpsc::unbounded_channel();
    let report = host.run(StepFrame { steps, ..StepFrame::default() }, sender).await;
    assert!(report.failure.is_none(), "{report:?}");
    report
}

#[test]
fn the_process_of_a_step_is_called_after_its_kind() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let mut of_a_kind = step("one", "echo \"$0\"", vec![]);
        of_a_kind.kind = "package";
        let report = run(&host, vec![of_a_kind]).await;
        assert_eq!(report.steps[0].output, ["infra: package"]);
    });
}

#[test]
fn what_programs_share_is_sent_to_a_shell_once() {
    each(|flavour| async move {
        let host = flavour.host().await;
        // Comments are left out.
        let shared = format!("{PART}said() {{\n    echo \"$1\" {}\n}}\n{PART}", "again ".repeat(2000));
        let program = |own: &str| -> &'static str { format!("{shared}said {own}\n").leak() };
        let mut sent = vec![0];
        for (one, other) in [("one", "two"), ("three", "four"), ("one", "four")] {
            let steps = vec![step("first", program(one), vec![]), step("second", program(other), vec![])];
            let report = run(&host, steps).await;
            let said = |at: usize| report.steps[at].output.concat();
            assert!(said(0).starts_with(&format!("{one} again")), "{report:?}");
            assert!(said(1).starts_with(&format!("{other} again")), "{report:?}");
            sent.push(host.stats().bytes_sent);
        }
        assert!(sent[1] > 12_000 + 2_000, "{sent:?}");
        assert!(sent[2] - sent[1] < 3_000 && sent[3] - sent[2] < 3_000, "{sent:?}");
        host.close().await;
    });
}

#[test]
fn steps_run_in_order_and_tell_as_they_go() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let (sender, mut events) = mpsc::unbounded_channel();
        let steps = vec![
            step(
                "one",
                "for row in $ROWS; do split_row \"$row\"; echo \"$f1 $f2\"; done; printf 'to stderr' >&2",
                vec![row!["a", "b"], row!["it's", "$x"]],
            ),
            step("two", "item_failed 1 \"no\nluck\"; return 4", vec![]),
            step("three", "emit 0 not a record here", vec![]),
        ];
        let report = host.run(StepFrame { steps, ..StepFrame::default() }, sender).await;
        assert!(report.failure.is_none(), "{report:?}");
        assert_eq!(report.steps[0].status, StepStatus::Exited(0), "{report:?}");
        assert_eq!(report.steps[0].output, ["a b", "it's $x", "to stderr"]);
        assert_eq!(report.steps[1].status, StepStatus::Exited(4));
        assert_eq!(report.steps[1].failed_rows, [(1, "no\nluck".to_string())]);
        let mut seen = Vec::new();
        while let Some(event) = events.recv().await {
            seen.push(match event {
                StepEvent::Started { id } => format!("{id} started"),
                StepEvent::Output { id, line } => format!("{id}: {line}"),
                StepEvent::RowFailed { id, row, .. } => format!("{id} row {row}"),
                StepEvent::Ended { id, status } => format!("{id} {status:?}"),
                StepEvent::Verified { id, .. } => format!("{id} verified"),
            });
        }
        let expected = [
            "one started",
            "one: a b",
            "one: it's $x",
            "one: to stderr",
            "one Exited(0)",
            "two started",
            "two row 1",
            "two Exited(4)",
            "three started",
            "three Exited(0)",
        ];
        assert_eq!(seen, expected);
        assert_eq!(host.stats().frames, 1);
        assert_eq!(host.stats().steps, 3);
    });
}

#[test]
fn a_step_gets_its_input_and_the_next_one_its_own() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        let large: Vec<u8> =
            (0..3_000_001_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let write = "for row in $ROWS; do split_row \"$row\"; take \"$f2\" >\"$f1\" || echo short; done";
        let size = |bytes: usize| bytes as u64;
        let mut first =
            step("first", write, vec![row![at("a"), 5_u64], row![at("b"), 0_u64], row![at("c"), size(large.len())]]);
        first.step.input = vec![blob(b"hel\0o"), blob(b""), blob(&large)];
        // It reads nothing; what it leaves must not become the next program.
        let mut second = step("second", "exit 1", vec![]);
        second.step.input = vec![blob(&large)];
        let mut third = step("third", "head -c 3; exec <&-", vec![]);
        third.step.input = vec![blob(b"abcdefg\n0123456789")];
        let mut fourth = step("fourth", write, vec![row![at("d"), 65_536_u64]]);
        fourth.step.input = vec![blob(&large[..65_536])];
        let mut skipped = step("skipped", "cat", vec![]);
        skipped.step.input = vec![blob(&large)];
        skipped.needs = vec![7];
        let mut short = step("short", "take 10 | cat -", vec![]);
        short.step.input = vec![blob(b"123")];
        let last = step("last", "cat; echo end", vec![]);
        let report = run(&host, vec![first, second, third, fourth, skipped, short, last]).await;
        assert_eq!(report.steps[0].output, Vec::<String>::new());
        assert_eq!(std::fs::read(at("a")).unwrap(), b"hel\0o");
        assert_eq!(std::fs::read(at("b")).unwrap(), b"");
        assert!(std::fs::read(at("c")).unwrap() == large);
        assert_eq!(report.steps[1].status, StepStatus::Exited(1));
        assert_eq!(report.steps[2].output, ["abc"]);
        assert!(std::fs::read(at("d")).unwrap() == large[..65_536]);
        assert_eq!(report.steps[4].status, StepStatus::Skipped { because: 7 });
        assert_eq!(report.steps[5].output, ["123"]);
        assert_eq!(report.steps[6].output, ["end"]);
    });
}

#[test]
fn what_needs_a_failed_item_is_skipped_and_the_rest_goes_on() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let mut one = step("one", ":", vec![]);
        one.completes = vec![1];
        let mut two = step("two", "exit 1", vec![]);
        two.completes = vec![2];
        let mut three = step("three", ":", vec![]);
        three.needs = vec![1, 2];
        three.completes = vec![3];
        let mut four = step("four", ":", vec![]);
        four.needs = vec![3];
        let mut five = step("five", "item_failed 0 no", vec![]);
        five.needs = vec![1];
        five.completes = vec![5];
        let mut six = step("six", ":", vec![]);
        six.needs = vec![5];
        let mut seven = step("seven", "echo ran", vec![]);
        seven.needs = vec![1];
        let report = run(&host, vec![one, two, three, four, five, six, seven]).await;
        let status: Vec<StepStatus> = report.steps.iter().map(|step| step.status.clone()).collect();
        let expected = [
            StepStatus::Exited(0),
            StepStatus::Exited(1),
            StepStatus::Skipped { because: 2 },
            StepStatus::Skipped { because: 3 },
            StepStatus::Exited(0),
            StepStatus::Skipped { because: 5 },
            StepStatus::Exited(0),
        ];
        assert_eq!(status, expected);
        assert_eq!(report.steps[6].output, ["ran"]);
        // Items are known only within their frame.
        let mut again = step("again", ":", vec![]);
        again.needs = vec![1];
        let report = run(&host, vec![again]).await;
        assert_eq!(report.steps[0].status, StepStatus::Skipped { because: 1 });
    });
}

#[test]
fn a_verification_is_compared_on_the_host() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let probe = r#"
            i=0
            for row in $ROWS; do
                split_row "$row"
                [ -z "$f4" ] || emit $i "$f1" "$f2" "$f3"
                emit $i second record
                i=$((i + 1))
            done
            echo said >&2
        "#;
        let cases: Vec<(Row, Option<Vec<Expect>>, bool)> = vec![
            (row!["a", "b", "c", "1"], Some(vec![is("a"), is("b"), is("c")]), true),
            (row!["a", "b", "c", "1"], Some(vec![is("a"), is("b")]), true),
            (row!["a", "b", "c", "1"], Some(vec![]), true),
            (row!["a", "b", "c", "1"], Some(vec![Expect::Any, is("b"), Expect::Any]), true),
            (row!["a", "b", "", "1"], Some(vec![is("a"), is("b"), is(""), is("")]), true),
            (row!["a", "b", "c", "1"], Some(vec![is("a"), is("b"), is("c"), is("d")]), false),
            (row!["a", "b", "c", "1"], Some(vec![is("*"), is("b")]), false),
            (row!["*", "?", "[a]", "1"], Some(vec![is("*"), is("?"), is("[a]")]), true),
            (row!["x", "?", "[a]", "1"], Some(vec![is("?")]), false),
            (row!["a", "[ab]", "c", "1"], Some(vec![is("a"), is("a")]), false),
            (row!["a", "a", "c", "1"], Some(vec![is("a"), is("[ab]")]), false),
            (row!["\\", "'\"`$(x)", "=", "1"], Some(vec![is("\\"), is("'\"`$(x)"), is("=")]), true),
            (row!["\\*", "b", "c", "1"], Some(vec![is("\\*")]), true),
            (row!["abc", "b", "c", "1"], Some(vec![is("ab")]), false),
            (row!["ab", "b", "c", "1"], Some(vec![is("abc")]), false),
            (row!["ü", "b ", " c", "1"], Some(vec![is("ü"), is("b "), is(" c")]), true),
            // The first record counts.
            (row!["a", "b", "c", ""], Some(vec![is("a")]), false),
            (row!["a", "b", "c", ""], Some(vec![is("second")]), true),
            (row!["a", "b", "c", "1"], None, false),
        ];
        let mut one = step("one", ":", vec![]);
        let items = cases.iter().enumerate().map(|(at, (_, expected, _))| (at + 10, expected.clone())).collect();
        one.verify = verify(probe, cases.iter().map(|(row, ..)| row.clone()).collect(), items);
        let mut steps = vec![one];
        for at in 0..cases.len() {
            let mut after = step("after", ":", vec![]);
            after.needs = vec![at + 10];
            steps.push(after);
        }
        let report = run(&host, steps).await;
        for (at, (row, expected, fine)) in cases.iter().enumerate() {
            assert_eq!(report.steps[0].matched.contains(&(at + 10)), *fine, "{row:?} {expected:?}");
            let status = if *fine { StepStatus::Exited(0) } else { StepStatus::Skipped { because: at + 10 } };
            assert_eq!(report.steps[at + 1].status, status);
        }
        let output = report.steps[0].verified.as_ref().unwrap();
        assert_eq!(output.status, ProbeStatus::Done);
        assert_eq!(output.records[0], record(0, &["a", "b", "c"]));
        assert_eq!(output.records.len(), 2 * cases.len() - 2);
        assert_eq!(output.messages, ["said"]);
    });
}

#[test]
fn a_verification_that_fails_or_hangs_matches_nothing() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let mut fails = step("fails", "exit 3", vec![]);
        fails.verify = verify("emit 0 there; exit 2", vec![row!["x"]], vec![(1, Some(vec![is("there")]))]);
        let mut hangs = step("hangs", ":", vec![]);
        hangs.verify = verify("emit 0 there; sleep 1000", vec![row!["x"]], vec![(2, Some(vec![is("there")]))]);
        hangs.verify.as_mut().unwrap().probe.timeout = Duration::from_secs(1);
        let mut after_failed = step("after a failed step", ":", vec![]);
        after_failed.needs = vec![1];
        let mut after_hung = step("after a hung verification", ":", vec![]);
        after_hung.needs = vec![2];
        let report = run(&host, vec![fails, hangs, after_failed, after_hung, step("last", ":", vec![])]).await;
        // It is as expected, but its step failed: only the engine may go on from there.
        assert_eq!(report.steps[0].matched, [1]);
        assert_eq!(report.steps[0].verified.as_ref().unwrap().status, ProbeStatus::Failed(2));
        assert_eq!(report.steps[1].verified.as_ref().unwrap().status, ProbeStatus::TimedOut);
        assert_eq!(report.steps[2].status, StepStatus::Skipped { because: 1 });
        assert_eq!(report.steps[3].status, StepStatus::Skipped { because: 2 });
        assert_eq!(report.steps[4].status, StepStatus::Exited(0));
    });
}

#[test]
fn a_step_that_outlives_its_timeout_is_killed_with_its_children() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids");
        let script = r#"
            split_row "$ROWS"
            trap '' TERM
            (trap '' TERM; sh -c 'echo $$ >>"$1"; trap "" TERM; while :; do sleep 1000; done' x "$f1" & echo "$!" >>"$f1"; while :; do sleep 1000; done) &
            echo "$!" >>"$f1"
            echo started
            while :; do sleep 1000; done
        "#;
        let mut hangs = step("hangs", script, vec![row![pids.to_str().unwrap()]]);
        hangs.step.timeout = Duration::from_secs(1);
        hangs.completes = vec![1];
        hangs.step.input = vec![blob(&[7; 200_000])];
        let mut after = step("after", ":", vec![]);
        after.needs = vec![1];
        let report = run(&host, vec![hangs, after, step("last", "echo fine", vec![])]).await;
        assert_eq!(report.steps[0].status, StepStatus::TimedOut);
        assert_eq!(report.steps[0].output, ["started"]);
        assert_eq!(report.steps[1].status, StepStatus::Skipped { because: 1 });
        assert_eq!(report.steps[2].output, ["fine"]);
        let pids = std::fs::read_to_string(pids).unwrap();
        assert!(pids.lines().count() >= 2, "{pids}");
        for pid in pids.lines() {
            gone(pid).await;
        }
    });
}

#[test]
fn what_a_finished_step_leaves_in_the_background_stays() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let report = run(&host, vec![step("starts", "sleep 1000 & echo $!", vec![]), step("next", ":", vec![])]).await;
        let pid = report.steps[0].output[0].clone();
        assert!(std::path::Path::new(&format!("/proc/{pid}")).exists());
        section(&host, "split_row \"$ROWS\"; kill \"$f1\"", vec![row![pid.as_str()]]).await;
        gone(&pid).await;
    });
}

#[test]
fn a_step_is_tried_again_with_its_input() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tries");
        let script = "split_row \"$ROWS\"; take 4 >>\"$f1\"; read -r all <\"$f1\"; [ ${#all} -ge 12 ]";
        let mut retried = step("retried", script, vec![row![file.to_str().unwrap()]]);
        retried.step.input = vec![blob(b"try."), blob(b" and more")];
        retried.retries = 4;
        retried.pause = Duration::ZERO;
        retried.completes = vec![1];
        let mut after = step("after", "cat", vec![]);
        after.needs = vec![1];
        after.step.input = vec![blob(b"mine")];
        let mut hopeless = step("hopeless", "exit 5", vec![]);
        hopeless.retries = 1;
        hopeless.pause = Duration::ZERO;
        // A verification that does not match is a reason to try again, too.
        let mut slow = step(
            "slow",
            "split_row \"$ROWS\"; echo x >>\"$f1\"",
            vec![row![folder.path().join("lines").to_str().unwrap()]],
        );
        slow.retries = 5;
        slow.pause = Duration::ZERO;
        slow.verify = verify(
            "split_row \"$ROWS\"; emit 0 $(wc -l <\"$f1\")",
            slow.step.rows.clone(),
            vec![(2, Some(vec![is("3")]))],
        );
        let report = run(&host, vec![retried, after, hopeless, slow]).await;
        assert_eq!(report.steps[0].tries, 3);
        assert_eq!(std::fs::read_to_string(file).unwrap(), "try.try.try.");
        assert_eq!(report.steps[1].output, ["mine"]);
        assert_eq!(report.steps[2].tries, 2);
        assert_eq!(report.steps[2].status, StepStatus::Exited(5));
        assert_eq!(report.steps[3].tries, 3);
        assert_eq!(report.steps[3].matched, [2]);
    });
}

#[test]
fn what_is_owed_is_on_disk_before_and_gone_after() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let owed = |resource: &str, action| Owed { resource: resource.into(), action };
        let restart = owed("service:nginx", OwedAction::Restart);
        let reload = owed("service:nginx", OwedAction::Reload);
        let odd = owed("service:it's a \"/../\\name\n*", OwedAction::Reload);
        let folder = flavour.options().state_folder.unwrap();

        let mut change = step(
            "change",
            "split_row \"$ROWS\"; set +f; cat \"$f1\"/owed/restart-service_nginx-*; exit 1",
            vec![row![folder.as_str()]],
        );
        change.owes = vec![restart.clone(), reload.clone(), odd.clone()];
        // It fails, so it settles nothing.
        change.settles = vec![restart.clone()];
        let report = run(&host, vec![change]).await;
        assert_eq!(report.steps[0].output, ["restartservice:nginx"]);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&folder).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o700);

        host.close().await;
        let later = flavour.host().await;
        let observed = observe(&later, vec![]).await;
        assert_eq!(observed.owed, [odd.clone(), restart.clone()]);

        let mut done = step("restart", ":", vec![]);
        done.settles = vec![restart];
        run(&later, vec![done]).await;
        let observed = observe(&flavour.host().await, vec![]).await;
        assert_eq!(observed.owed, std::slice::from_ref(&odd));

        let (sender, _) = mpsc::unbounded_channel();
        later.run(StepFrame { forget: vec![odd], ..StepFrame::default() }, sender).await;
        let observed = observe(&flavour.host().await, vec![]).await;
        assert_eq!(observed.owed, []);
    });
}

#[test]
fn a_step_that_could_owe_what_cannot_be_recorded_does_not_start() {
    each(|flavour| async move {
        let mut options = flavour.options();
        let folder = tempfile::tempdir().unwrap();
        // In its place there is something else.
        std::fs::write(folder.path().join("owed"), "").unwrap();
        options.state_folder = Some(folder.path().to_str().unwrap().into());
        let host = Host::connect(super::support::target(), options).await.unwrap();
        let mut change = step("change", "echo ran", vec![]);
        change.owes = vec![Owed { resource: "service:x".into(), action: OwedAction::Restart }];
        change.step.input = vec![blob(b"unread")];
        let report = run(&host, vec![change, step("next", "echo fine", vec![])]).await;
        assert_eq!(report.steps[0].status, StepStatus::NotRecorded);
        assert_eq!(report.steps[1].output, ["fine"]);
    });
}

#[test]
fn a_step_runs_as_another_user() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let mut other =
            step("other", "echo \"$(id -un) $LOGNAME $PWD $(umask) $LC_ALL ${XDG_STATE_HOME-none}\"; cat", vec![]);
        other.step.run_as = Some("nobody".into());
        other.step.input = vec![blob(b"input")];
        let mut missing = step("missing", ":", vec![]);
        missing.step.run_as = Some("no-such-user".into());
        let mut hangs = step("hangs", "echo $$; sleep 1000", vec![]);
        hangs.step.run_as = Some("nobody".into());
        hangs.step.timeout = Duration::from_secs(1);
        let report = run(&host, vec![other, missing, hangs]).await;
        assert_eq!(report.steps[0].output, ["nobody nobody / 0022 C none", "input"], "{report:?}");
        assert!(matches!(report.steps[1].status, StepStatus::Exited(1..)), "{report:?}");
        assert!(!report.steps[1].output.is_empty());
        assert_eq!(report.steps[2].status, StepStatus::TimedOut);
        gone(&report.steps[2].output[0]).await;
    });
}

#[test]
fn a_step_knows_its_run_and_the_folder_of_its_account() {
    each(|flavour| async move {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("it's \"a\" $state\\").to_str().unwrap().to_string();
        let options = Options { state_folder: Some(state.clone()), ..flavour.options() };
        let host = Host::connect(target(), options.clone()).await.unwrap();
        const TELL: &str = "printf '%s\n' \"$run\" \"$uid\" \"$state_folder\"; cat";
        let mut mine = step("mine", TELL, vec![row!["a row"]]);
        mine.step.input = vec![blob(b"input")];
        let mut others = step("others", TELL, vec![]);
        others.step.run_as = Some("nobody".into());
        let report = run(&host, vec![mine, others]).await;
        let [run_name, uid, told, input] = &report.steps[0].output[..] else { panic!("{report:?}") };
        let account = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").unwrap());
        assert_eq!((uid, told, input.as_str()), (&account.to_string(), &state, "input"));
        assert!(run_name.len() == 16 && run_name.bytes().all(|c| c.is_ascii_hexdigit()), "{run_name}");
        assert_eq!(report.steps[1].output, [run_name.as_str(), "", ""]);
        // Another shell of the same run is told the same name, another run is not.
        let (first, second) =
            tokio::join!(run(&host, vec![step("a", TELL, vec![])]), run(&host, vec![step("b", TELL, vec![])]));
        assert_eq!([&first.steps[0].output[0], &second.steps[0].output[0]], [run_name; 2]);
        host.close().await;
        let other = Host::connect(target(), options).await.unwrap();
        assert_ne!(&run(&other, vec![step("c", TELL, vec![])]).await.steps[0].output[0], run_name);
    });
}

#[test]
fn what_may_not_be_seen_is_denied_and_never_absent() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        let mode = |name: &str, mode| {
            std::fs::set_permissions(at(name), std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        };
        std::fs::create_dir_all(at("closed/inner")).unwrap();
        std::fs::write(at("closed/file"), "").unwrap();
        std::fs::write(at("unreadable"), "").unwrap();
        std::fs::write(at("readable"), "").unwrap();
        mode("closed", 0o700);
        mode("unreadable", 0o600);
        mode("", 0o755);
        let script = "scan_paths hash; for line in $scanned; do split_row \"$line\"; echo \"$f1 $f2\"; done";
        let names = [
            "closed/file",
            "closed/missing",
            "closed/inner/missing/below",
            "closed",
            "unreadable",
            "missing",
            "readable",
        ];
        let mut looks = step("looks", script, names.iter().map(|name| row![at(name)]).collect());
        looks.step.run_as = Some("nobody".into());
        let report = run(&host, vec![looks]).await;
        let seen: Vec<&String> = report.steps[0].output.iter().filter(|line| !line.contains("sha256sum")).collect();
        assert_eq!(seen, ["0 denied", "1 denied", "2 denied", "3 directory", "4 denied", "5 absent", "6 file"]);
    });
}

#[test]
fn secrets_are_in_no_argument_and_no_environment() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let poison = "poison-8f3a";
        // It looks at every process there is while it runs itself; what it looks for, it must not hold in an argument.
        let script = r#"
            split_row "$ROWS"
            secret=$f1
            sleep 1234 &
            until [ "$(tr '\000' ' ' <"/proc/$!/cmdline")" = "sleep 1234 " ]; do :; done
            set +f
            all=$(cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\000' ' ')
            case $all in
                *"$secret"*) echo found ;;
                *"sleep 1234"*) ;;
                *) echo blind ;;
            esac
            kill $!
            echo looked
        "#;
        let mut looks = step("looks", script, vec![row![Secret::new(poison)]]);
        looks.step.input = vec![blob(poison.as_bytes())];
        looks.verify = verify(script, vec![row![Secret::new(poison)]], vec![(1, None)]);
        let report = run(&host, vec![looks]).await;
        assert_eq!(report.steps[0].output, ["looked"]);
        assert_eq!(report.steps[0].verified.as_ref().unwrap().messages, ["looked"]);
        let output = section(&host, script, vec![row![Secret::new(poison)]]).await;
        assert_eq!(output.messages, ["looked"]);
    });
}

#[test]
fn lanes_run_side_by_side() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        // Each waits for what the other one makes.
        let script =
            "split_row \"$ROWS\"; mkdir \"$f1\"; until [ -d \"$f2\" ]; do sleep 0.05 2>/dev/null || sleep 1; done";
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        let (one, two) = tokio::join!(
            run(&host, vec![step("one", script, vec![row![at("a"), at("b")]])]),
            run(&host, vec![step("two", script, vec![row![at("b"), at("a")]])]),
        );
        assert_eq!(one.steps[0].status, StepStatus::Exited(0));
        assert_eq!(two.steps[0].status, StepStatus::Exited(0));
    });
}

#[test]
fn thousands_of_items_are_decided_on_the_host() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let count = 3_000;
        let mut many = step("many", ":", vec![]);
        many.verify = verify(
            "i=0; for row in $ROWS; do split_row \"$row\"; emit $i file \"$f1\"; i=$((i+1)); done",
            (0..count).map(|at| row![format!("/some/path/{at}")]).collect(),
            (0..count).map(|at| (at, Some(vec![is("file"), is(&format!("/some/path/{at}"))]))).collect(),
        );
        let mut after = step("after", "echo ran", vec![]);
        after.needs = (0..count).collect();
        let report = run(&host, vec![many, after]).await;
        assert_eq!(report.steps[0].matched.len(), count);
        assert_eq!(report.steps[1].output, ["ran"]);
    });
}

#[test]
fn a_step_can_tell_of_its_rows_and_of_nothing_else() {
    each(|flavour| async move {
        let host = flavour.host().await;
        // It knows the mark of steps and uses it for what is not its own.
        let script = r#"
            printf '\n%s!ended%s0%s0\n' "$R" "$US" "$US"
            printf '\n%s!done%s1\n' "$R" "$US"
            printf '%s%s0%sfaked\n' "$R" "$US" "$US"
            item_unchanged 3
            exit 4
        "#;
        let mut fakes = step("fakes", script, vec![]);
        fakes.completes = vec![1];
        let report = run(&host, vec![fakes, step("next", "echo fine", vec![])]).await;
        assert_eq!(report.steps[0].status, StepStatus::Exited(4));
        assert_eq!(report.steps[0].unchanged_rows, [3]);
        assert_eq!(report.steps[1].output, ["fine"]);
    });
}

/// A probe that writes what is in files: a line each, and "more" after it.
const TELLS: &str =
    "i=0; for row in $ROWS; do split_row \"$row\"; emit $i \"$(cat \"$f1\")\"; emit $i more; i=$((i + 1)); done";

#[test]
fn a_step_starts_only_where_all_is_as_it_was_seen() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_string();
        let (first, second) = ("it's\none \u{1f} two", "*");
        std::fs::write(at("a"), first).unwrap();
        std::fs::write(at("b"), second).unwrap();
        let record = |index, field: &str| Record { index, fields: vec![field.to_string()] };
        let look = |seen: Vec<Record>, firsts| {
            let probe = Probe::new(TELLS, vec![row![at("a")], row![at("b")]]);
            Some(LookAgain { probe, seen, firsts, item: 50 })
        };
        let all = || vec![record(0, first), record(0, "more"), record(1, second), record(1, "more")];
        let mut same = step("same", "cat; echo ran", vec![]);
        same.step.input = vec![blob(b"input\n")];
        same.look = look(all(), false);
        let mut further = step("further", "echo ran", vec![]);
        further.needs = vec![50];
        let mut firsts = step("firsts", "split_row \"$ROWS\"; echo changed >\"$f1\"; echo ran", vec![row![at("b")]]);
        firsts.look = look(vec![record(0, first), record(0, "other"), record(1, second)], true);
        let mut stale = step("stale", "cat; echo ran", vec![]);
        stale.step.input = vec![blob(b"input\n")];
        stale.look = look(all(), false);
        stale.look.as_mut().unwrap().item = 51;
        stale.owes = vec![Owed { resource: "service:x".into(), action: OwedAction::Restart }];
        let mut after = step("after", "echo ran", vec![]);
        after.needs = vec![51];
        let last = step("last", "cat; echo end", vec![]);
        let report = run(&host, vec![same, further, firsts, stale, after, last]).await;
        assert_eq!(report.steps[0].output, ["input", "ran"], "{report:?}");
        assert_eq!(report.steps[1].output, ["ran"]);
        assert_eq!(report.steps[2].output, ["ran"], "{report:?}");
        assert_eq!(report.steps[3].status, StepStatus::Stale);
        let looked = report.steps[3].looked.as_ref().unwrap();
        let now = [record(0, first), record(0, "more"), record(1, "changed"), record(1, "more")];
        assert_eq!((&looked.status, looked.records.as_slice()), (&ProbeStatus::Done, now.as_slice()));
        assert_eq!(report.steps[4].status, StepStatus::Skipped { because: 51 });
        assert_eq!(report.steps[5].output, ["end"]);
        assert_eq!(host.stats().steps, 4);
    });
}

#[test]
fn a_look_that_fails_or_hangs_is_not_as_it_was() {
    each(|flavour| async move {
        let host = flavour.host().await;
        let looking = |id: &str, script| {
            let mut step = step(id, "echo ran", vec![]);
            let mut probe = Probe::new(script, vec![row!["x"]]);
            probe.timeout = Duration::from_secs(1);
            step.look = Some(LookAgain { probe, seen: vec![], firsts: false, item: 9 });
            step
        };
        let steps = vec![
            looking("fails", "echo broken >&2; exit 3"),
            looking("hangs", "sleep 1000"),
            step("last", "echo end", vec![]),
        ];
        let report = run(&host, steps).await;
        assert_eq!(report.steps[0].status, StepStatus::Stale);
        let looked = report.steps[0].looked.as_ref().unwrap();
        assert_eq!(
            (&looked.status, looked.messages.as_slice()),
            (&ProbeStatus::Failed(3), ["broken".to_string()].as_slice())
        );
        assert_eq!(report.steps[1].status, StepStatus::Stale);
        assert_eq!(report.steps[1].looked.as_ref().unwrap().status, ProbeStatus::TimedOut);
        assert_eq!(report.steps[2].output, ["end"]);
    });
}
