//! One run at a time changes a host: others are refused by name, or wait. However many there are and whichever are killed, no file
//! is ever torn.

#![allow(clippy::disallowed_macros, reason = "tests may print")]

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{LabHost, text};
use crate::support::wait_until;

/// The exit status of a run that was refused.
const LOCKED: i32 = 75;

fn start(infra: &Infra, options: &[&str]) -> Child {
    let mut command = infra.command("apply");
    command.arg("--auto-approve").args(options).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("infra starts")
}

fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stderr), text(&output.stdout))
}

#[test]
fn two_people_on_one_host() {
    let host = LabHost::boot("lock", support::release());
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/faults");
    let infra = Infra::new(&spec, &host.inventory());
    infra.apply();
    host.check("rm /run/faults-slow-begun");
    let generation = |seconds: u32| {
        infra.option("--var").option("generation=2").option("--var").option(&format!("seconds={seconds}"))
    };
    let mut anna = start(&generation(300).variable("USER", "anna"), &[]);
    wait_until("the slow command runs", || {
        assert!(anna.try_wait().unwrap().is_none(), "anna's apply ended");
        host.run("test -e /run/faults-slow-begun").status.success()
    });

    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let ben = generation(0).variable("USER", "ben");
    let refused = ben.run("apply", &["--auto-approve"]);
    let words = said(&refused);
    assert_eq!(refused.status.code(), Some(LOCKED), "{words}");
    let holder = format!("app1: another run is changing it: anna on {}, with {}", machine.trim(), spec.display());
    for part in [holder.as_str(), " UTC (", ", 1 of 3 changes done", "help: ", "--lock-wait 10m"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let refused = ben.run("apply", &["--auto-approve", "--format", "json"]);
    assert_eq!(refused.status.code(), Some(LOCKED), "{}", said(&refused));
    let json: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(json["report"], Value::Null);
    let locked = &json["locked"][0];
    assert_eq!((&locked["host"], &locked["holder"]["user"]), (&"app1".into(), &"anna".into()), "{json:#}");
    assert_eq!((&locked["holder"]["done"], &locked["holder"]["of"]), (&1.into(), &3.into()), "{json:#}");
    let before = Instant::now();
    let refused = ben.run("apply", &["--auto-approve", "--lock-wait", "2s"]);
    assert_eq!(refused.status.code(), Some(LOCKED), "{}", said(&refused));
    assert!(before.elapsed() >= Duration::from_secs(2));
    assert!(said(&refused).contains("app1: waiting for anna on "), "{}", said(&refused));
    // Who changes nothing neither takes it nor waits for it.
    ben.plan().assert_no_problems();
    let nothing = infra.option("--target").option("directory:/opt/faults");
    nothing.apply();

    let waiting = start(&ben, &["--lock-wait", "120s"]);
    wait_until("ben's run asks for the lock", || {
        host.run("grep -q anna /var/lib/infra/lock && [ \"$(pgrep -fc '^/bin/sh -c .* infra')\" -ge 3 ]")
            .status
            .success()
    });
    // What is noted as owed holds even where nothing is left in the note.
    host.check("cd /var/lib/infra/owed && ls restart-service_faults-* && truncate -s 0 *");
    anna.kill().unwrap();
    assert_eq!(anna.wait().unwrap().signal(), Some(9));
    let ended = waiting.wait_with_output().unwrap();
    let words = said(&ended);
    assert!(ended.status.success(), "{words}");
    assert!(words.contains("Another run was at work on app1 meanwhile; planning again."), "{words}");
    assert_eq!(host.check("cat /opt/faults/app.conf /run/faults-read"), "generation 2\ngeneration 2\n");
    assert_eq!(
        host.check("ls -A /var/lib/infra/owed /var/lib/infra/stages"),
        "/var/lib/infra/owed:\n\n/var/lib/infra/stages:\n"
    );
    ben.plan().assert_empty("after the run that waited");

    state_folders_that_are_not_ours(&host, &infra.option("--var").option("generation=3"));
}

fn state_folders_that_are_not_ours(host: &LabHost, infra: &Infra) {
    let folder = "its state folder /var/lib/infra";
    for (harm, mend, why) in [
        ("chmod 0770 /var/lib/infra", "chmod 0700 /var/lib/infra", "may be written to by others (mode 770)"),
        ("chown nobody /var/lib/infra", "chown root /var/lib/infra", "belongs to another account"),
        (
            "ln -sf /etc/passwd /var/lib/infra/lock",
            "rm /var/lib/infra/lock",
            "has a lock that is a link or belongs to another account",
        ),
    ] {
        host.check(harm);
        let output = infra.run("apply", &["--auto-approve"]);
        let words = said(&output);
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(words.contains(&format!("{folder} {why}")), "{words}");
        assert_eq!(host.check("cat /opt/faults/app.conf; grep -c infra /etc/passwd || :"), "generation 2\n0\n");
        host.check(mend);
    }
    infra.apply();
    infra.plan().assert_empty("once the state folder is ours again");
}

/// Lines of a file that is written whole; enough that writing them takes several writes.
const LINES: usize = 40_000;
const GENERATIONS: [&str; 3] = ["1", "2", "3"];

/// Two specs that write into the same folders, and into files of their own.
fn specs(folder: &Path) -> [PathBuf; 2] {
    let line = |generation: &str| format!("generation {generation}\n");
    for generation in GENERATIONS {
        std::fs::write(folder.join(format!("big-{generation}")), line(generation).repeat(LINES)).unwrap();
        let tree = folder.join(format!("tree-{generation}"));
        std::fs::create_dir(&tree).unwrap();
        for at in 0..40 {
            std::fs::write(tree.join(at.to_string()), line(generation).repeat(500)).unwrap();
        }
    }
    ["one", "two"].map(|name| {
        let spec = folder.join(name);
        std::fs::create_dir(&spec).unwrap();
        let big = "source: \"../big-{{ vars.generation }}\"";
        let text = format!(
            "infra: 1\nname: {name}\nvars: {{ generation: \"1\" }}\nhosts: {{ app1: {{}} }}\n\
             directories: {{ /srv/lock: {{}} }}\n\
             files:\n  /srv/lock/{name}-a: {{ {big} }}\n  /srv/lock/{name}-b: {{ {big} }}\n  /etc/{name}.lock-test: {{ {big} }}\n\
             trees:\n  /srv/lock/{name}-tree: {{ source: \"../tree-{{{{ vars.generation }}}}\" }}\n\
             commands:\n  linger:\n    run: sleep 1; echo {{{{ vars.generation }}}} >/srv/lock/{name}-lingered\n    \
             unless: grep -qx {{{{ vars.generation }}}} /srv/lock/{name}-lingered\n\
             blocks:\n  {name}: {{ path: /etc/hosts, content: \"# generation {{{{ vars.generation }}}} of {name}\\n\" }}\n"
        );
        std::fs::write(spec.join("infra.yaml"), text).unwrap();
        spec
    })
}

/// Says what is torn on the host: files that hold anything else than one generation, whole.
const TORN: &str = "for file in /srv/lock/*-[ab] /etc/*.lock-test; do \
     [ ! -e $file ] || [ \"$(sort $file | uniq -c | awk '{ print $1, $2 }')\" = '40000 generation' ] || echo $file; done; \
     for file in /srv/lock/*-tree/[0-9]*; do \
     [ ! -e $file ] || [ \"$(sort $file | uniq -c | awk '{ print $1, $2 }')\" = '500 generation' ] || echo $file; done; \
     grep -q localhost /etc/hosts || echo /etc/hosts";

#[derive(Default, Debug)]
struct Counts {
    rounds: usize,
    applies: usize,
    done: usize,
    /// Of those done, how many waited for another one, and how many planned again because of one.
    waited: usize,
    planned_again: usize,
    refused: usize,
    killed: usize,
}

#[test]
fn many_applies_at_once_leave_nothing_torn() {
    let host = LabHost::boot("lock-many", support::release());
    let folder = tempfile::tempdir().unwrap();
    let specs = specs(folder.path());
    let rounds = std::env::var("INFRA_TEST_LOCK_ROUNDS").map_or(6, |rounds| rounds.parse().expect("a number"));
    let seed: u64 = std::env::var("INFRA_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut random = fastrand::Rng::with_seed(seed);
    let shared = folder.path().to_str().unwrap();
    let mut counts = Counts::default();
    for round in 0..rounds {
        let many = [2, 4][round % 2];
        let same_values = round % 4 < 2;
        let kills = round % 3 > 0;
        let mut runs: Vec<(Child, bool, PathBuf)> = Vec::new();
        for at in 0..many {
            // Either all with one spec, or side by side with two.
            let spec = &specs[if round % 5 < 3 { 0 } else { at % 2 }];
            let generation = GENERATIONS[(round + if same_values { 0 } else { at }) % GENERATIONS.len()];
            let infra = Infra::new(spec, &host.inventory()).option("--allow-path").option(shared);
            let infra = infra.option("--var").option(&format!("generation={generation}"));
            let waits = random.bool();
            // A pipe that nobody reads yet would hold it up.
            let plan = folder.path().join(format!("plan-{at}"));
            let mut command = infra.command("apply");
            command.arg("--auto-approve").args(if waits { &["--lock-wait", "120s"][..] } else { &[] });
            command.stdout(std::fs::File::create(&plan).unwrap()).stderr(Stdio::piped());
            runs.push((command.spawn().expect("infra starts"), waits, plan));
        }
        if kills {
            std::thread::sleep(Duration::from_millis(random.u64(200..2500)));
            for (run, ..) in runs.iter_mut().step_by(2) {
                let _ = run.kill();
            }
        }
        for (run, waits, plan) in runs {
            let mut output = run.wait_with_output().unwrap();
            output.stdout = std::fs::read(plan).unwrap();
            count(&mut counts, &output, waits);
        }
        counts.rounds += 1;
        let settled = |spec: &Path| {
            let infra = Infra::new(spec, &host.inventory()).option("--allow-path").option(shared);
            let infra = infra.option("--var").option(&format!("generation={}", GENERATIONS[round % 3]));
            infra.option("--lock-wait").option("60s").apply();
            infra.plan().assert_empty("after applies side by side");
        };
        let torn = host.check(TORN);
        assert_eq!(torn, "", "torn after round {round} of seed {seed}: {counts:?}");
        // What was killed is mended by the next run, of whichever spec.
        specs.iter().for_each(|spec| settled(spec));
        wait_until("the last run has tidied up", || host.check("ls -A /var/lib/infra/stages").is_empty());
    }
    eprintln!("{counts:?}, 0 torn, seed {seed}");
    assert_eq!(counts.applies, counts.done + counts.refused + counts.killed);
    let all = [counts.done, counts.refused, counts.killed, counts.waited, counts.planned_again];
    assert!(all.iter().all(|count| *count > 0), "{counts:?}");
}

/// Counts how an apply ended: done, refused by name, or killed. It may end in no other way.
fn count(counts: &mut Counts, output: &Output, waits: bool) {
    let words = said(output);
    counts.applies += 1;
    counts.waited += usize::from(words.contains("waiting for ") && output.status.success());
    counts.planned_again += usize::from(words.contains("planning again") && output.status.success());
    match end(output.status) {
        (Some(0), _) => counts.done += 1,
        (Some(LOCKED), _) => {
            assert!(!waits && words.contains("another run is changing it: "), "{words}");
            counts.refused += 1;
        }
        (None, Some(9)) => counts.killed += 1,
        other => panic!("an apply ended with {other:?}\n{words}"),
    }
}

fn end(status: ExitStatus) -> (Option<i32>, Option<i32>) {
    (status.code(), status.signal())
}
