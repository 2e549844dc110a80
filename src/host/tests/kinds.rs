//! The programs of kinds under every shell: what a spec asks for is made, broken by hand, mended and taken away, in a
//! scratch folder of this machine. `tests/lab_kinds` does the same on whole hosts.

use std::path::Path;

use tempfile::TempDir;
use tokio::sync::mpsc;

use super::support::{Flavour, each, observe, section};
use crate::diagnostic::Sources;
use crate::host::{FrameStep, Host, StepFrame, StepStatus, Verify, VerifyItem};
use crate::kinds::by_name;
use crate::model::{Action, Change, Row};
use crate::resource::{AnyObserved, AnyResource, ErasedPlanned, KindObject, Mode};
use crate::row;
use crate::spec::{Knowledge, LoadOptions, MemoryFiles};

/// A turn in the life of some resources.
struct Turn {
    /// What somebody does by hand first, with the scratch folder in `$ROOT`.
    by_hand: &'static str,
    /// Sections of a spec, with the scratch folder written as ROOT.
    spec: &'static str,
    /// The resources that differ then, by what follows the scratch folder in their names.
    differ: &'static [&'static str],
}

const fn turn(by_hand: &'static str, spec: &'static str, differ: &'static [&'static str]) -> Turn {
    Turn { by_hand, spec, differ }
}

/// Runs the turns under every shell; after each of them nothing may be left to do.
fn live(kind: &'static str, turns: &[Turn]) {
    each(|flavour| async move {
        let root = tempfile::tempdir().unwrap();
        let host = flavour.host().await;
        for (number, turn) in turns.iter().enumerate() {
            let place = format!("{kind} under {}, turn {number}", flavour.name);
            by_hand(turn.by_hand, root.path());
            let kind = by_name(kind).unwrap();
            let resources = resources(kind, turn.spec, root.path());
            let all: Vec<&AnyResource> = resources.iter().map(|(_, resource)| resource).collect();
            let seen = look(&host, kind, &all).await;
            let changes: Vec<Vec<Change>> = all.iter().zip(&seen).map(|(r, s)| kind.diff(r, s).into_vec()).collect();
            let differ: Vec<&str> = resources
                .iter()
                .zip(&changes)
                .filter(|(_, changes)| !changes.is_empty())
                .map(|((name, _), _)| name.strip_prefix(root.path().to_str().unwrap()).unwrap_or(name))
                .collect();
            assert_eq!(differ, turn.differ, "{place}: {changes:?}");
            apply(&host, kind, &all, &seen, &changes, &place).await;
            let seen = look(&host, kind, &all).await;
            for (resource, seen) in resources.iter().zip(&seen) {
                let left = kind.diff(&resource.1, seen);
                assert!(left.is_empty(), "{place}: {} still differs: {left:?}", resource.0);
            }
        }
        host.close().await;
    });
}

fn by_hand(text: &str, root: &Path) {
    let status = std::process::Command::new("sh").args(["-ec", text]).env("ROOT", root).status().unwrap();
    assert!(status.success(), "{text}");
}

/// Reads a spec; its files are `note.txt`, `app/main.py`, `app/bin/run`, `app/it's a\link` and `app/empty`.
fn resources(kind: &dyn KindObject, sections: &str, root: &Path) -> Vec<(String, AnyResource)> {
    let text = format!("infra: 1\nname: kinds\nhosts: {{ here: {{}} }}\n{sections}");
    let files = MemoryFiles::new()
        .file("spec/infra.yaml", text.replace("ROOT", root.to_str().unwrap()))
        .file("spec/note.txt", "a note\0\u{e4}\r\n")
        .file("spec/app/main.py", "print(1)\n")
        .executable("spec/app/bin/run", "#!/bin/sh\n")
        .link("spec/app/it's a\\link", "bin/../bin -> x")
        .folder("spec/app/empty");
    let mut sources = Sources::default();
    let options = LoadOptions { spec: "spec".into(), ..LoadOptions::default() };
    let spec = crate::spec::load(&files, &options, &mut sources).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
    let resolution = spec.resolve(&files, &Knowledge::default(), &mut sources);
    assert!(resolution.diagnostics.is_empty(), "{:#?}", resolution.diagnostics);
    let of_kind = resolution.resources.into_iter().filter(|resolved| *resolved.address.kind == *kind.name());
    of_kind.map(|resolved| (resolved.address.name.to_string(), resolved.resource)).collect()
}

/// Observes resources; all of them must be there or not.
async fn look(host: &Host, kind: &'static dyn KindObject, all: &[&AnyResource]) -> Vec<AnyObserved> {
    let mut observed = observe(host, vec![("it", kind.probe(all))]).await;
    let output = observed.sections.remove("it").unwrap();
    let seen = kind.parse(all, &output);
    for seen in &seen {
        assert!(matches!(seen, AnyObserved::Absent(_) | AnyObserved::Present(_)), "{seen:?}\n{output:?}");
    }
    seen
}

async fn apply(
    host: &Host,
    kind: &'static dyn KindObject,
    all: &[&AnyResource],
    seen: &[AnyObserved],
    changes: &[Vec<Change>],
    place: &str,
) {
    let wanted: Vec<usize> = (0..all.len()).filter(|&at| !changes[at].is_empty()).collect();
    let planned: Vec<ErasedPlanned<'_>> = wanted
        .iter()
        .map(|&at| ErasedPlanned {
            resource: all[at],
            observed: &seen[at],
            changes: &changes[at],
            action: if kind.mode() == Mode::Run { Action::Run } else { Action::Update },
            owed: None,
        })
        .collect();
    if planned.is_empty() {
        return;
    }
    let mut frame = StepFrame::default();
    for step in kind.steps(&planned) {
        let covered: Vec<&AnyResource> = step.covers.iter().map(|&at| planned[at].resource).collect();
        let items = covered.iter().enumerate();
        let verify = Verify {
            probe: kind.probe(&covered),
            items: items.map(|(item, resource)| VerifyItem { item, expected: kind.expected(resource) }).collect(),
        };
        let purpose = step.purpose.clone();
        frame.steps.push(FrameStep { verify: Some(verify), ..FrameStep::new(purpose, step) });
    }
    let gates: Vec<Vec<usize>> = frame.steps.iter().map(|step| gated(&step.verify.as_ref().unwrap().items)).collect();
    let (sender, _) = mpsc::unbounded_channel();
    let report = host.run(frame, sender).await;
    assert!(report.failure.is_none(), "{place}: {report:?}");
    for (step, gated) in report.steps.iter().zip(gates) {
        assert!(step.status == StepStatus::Exited(0) && step.failed_rows.is_empty(), "{place}: {step:?}");
        assert_eq!(step.matched, gated, "{place}: the host does not see what is expected: {step:?}");
    }
}

/// Returns the items of which the host itself can tell whether they are as expected.
fn gated(items: &[VerifyItem]) -> Vec<usize> {
    items.iter().filter(|item| item.expected.is_some()).map(|item| item.item).collect()
}

#[test]
fn directories() {
    const SPEC: &str = r#"
directories:
  ROOT/a/b: { mode: "0750" }
  "ROOT/it's a\\folder": {}
  ROOT/c: { mode: "2775" }
"#;
    const GONE: &str = r#"
directories:
  ROOT/a/b: { state: absent }
  ROOT/never: { state: absent }
"#;
    live(
        "directory",
        &[
            turn("", SPEC, &["/a/b", "/it's a\\folder", "/c"]),
            turn("chmod 0700 $ROOT/a/b; chmod g-s $ROOT/c", SPEC, &["/a/b", "/c"]),
            // Made in a folder whose group is handed down.
            turn("rmdir $ROOT/a/b; chmod 2755 $ROOT/a", SPEC, &["/a/b"]),
            turn("", GONE, &["/a/b"]),
        ],
    );
}

#[test]
fn files() {
    const SPEC: &str = r#"
files:
  ROOT/a: { content: "x\ny" }
  ROOT/b: { source: note.txt, mode: "0600" }
  "ROOT/it's a\\file": {}
"#;
    const GONE: &str = r#"
files:
  ROOT/a: { state: absent }
  "ROOT/it's a\\file": { state: absent }
  ROOT/never: { state: absent }
"#;
    live(
        "file",
        &[
            turn("", SPEC, &["/a", "/b", "/it's a\\file"]),
            turn("echo more >>$ROOT/a; chmod 0644 $ROOT/b", SPEC, &["/a", "/b"]),
            turn("echo mine >\"$ROOT/it's a\\\\file\"; rm $ROOT/a", SPEC, &["/a"]),
            turn("", GONE, &["/a", "/it's a\\file"]),
        ],
    );
}

#[test]
fn what_lies_where_others_may_write() {
    const PREPARE: &str = "umask 022; mkdir -p $ROOT/o/sub/in $ROOT/s; chown -R nobody $ROOT/o; chmod 1777 $ROOT/s";
    const FILES: &str = r#"
files:
  ROOT/o/a: { content: "x\ny" }
  ROOT/o/sub/in/b: { source: note.txt, owner: nobody, mode: "0600" }
  "ROOT/o/it's a\\file": {}
  ROOT/s/c: { content: c }
  ROOT/d: { content: d }
"#;
    const GONE: &str = r#"
files:
  ROOT/o/a: { state: absent }
  "ROOT/o/it's a\\file": { state: absent }
  ROOT/s/c: { state: absent }
"#;
    live(
        "file",
        &[
            turn(PREPARE, FILES, &["/o/a", "/o/sub/in/b", "/o/it's a\\file", "/s/c", "/d"]),
            turn(
                "test -z \"$(find $ROOT -name '.infra*')\"; echo more >>$ROOT/o/a; chmod 0644 $ROOT/o/sub/in/b; chown 1 $ROOT/o/sub/in/b; echo >$ROOT/s/c",
                FILES,
                &["/o/a", "/o/sub/in/b", "/s/c"],
            ),
            turn("rm $ROOT/o/sub/in/b; echo >$ROOT/d", FILES, &["/o/sub/in/b", "/d"]),
            turn("", GONE, &["/o/a", "/o/it's a\\file", "/s/c"]),
        ],
    );
    const FOLDERS: &str = r#"
directories:
  ROOT/o/a: { owner: nobody, mode: "0750" }
  ROOT/o/a/b: { mode: "2755" }
  ROOT/o/x/y/z: { owner: nobody }
  ROOT/s/c: {}
  ROOT/p: { owner: nobody }
  ROOT/p/q: { owner: daemon, mode: "0700" }
  ROOT/p/q/r: { owner: nobody }
"#;
    live(
        "directory",
        &[
            turn(PREPARE, FOLDERS, &["/o/a", "/o/a/b", "/o/x/y/z", "/s/c", "/p", "/p/q", "/p/q/r"]),
            turn("chmod 0700 $ROOT/o/a $ROOT/o/a/b; chown 1 $ROOT/p/q/r", FOLDERS, &["/o/a", "/o/a/b", "/p/q/r"]),
            turn(
                "",
                "directories: { ROOT/o/a/b: { state: absent }, ROOT/s/c: { state: absent } }",
                &["/o/a/b", "/s/c"],
            ),
        ],
    );
    const SETTINGS: &str = r#"
settings:
  ROOT/o/a.env: { set: { A: "2" }, mode: "0600" }
  ROOT/o/link.env: { set: { A: "2" } }
"#;
    live(
        "setting",
        &[
            turn(PREPARE, "settings: {}", &[]),
            turn(
                "cd $ROOT/o; echo A=1 >sub/b.env; ln -s sub/b.env link.env; chown -h nobody link.env sub/b.env",
                SETTINGS,
                &["/o/a.env", "/o/link.env"],
            ),
            turn(
                "cd $ROOT/o; test -L link.env; echo B=1 >a.env; echo A=3 >sub/b.env",
                SETTINGS,
                &["/o/a.env", "/o/link.env"],
            ),
        ],
    );
}

#[test]
fn links() {
    const SPEC: &str = r#"
symlinks:
  ROOT/a: { target: "it's -> 'there'" }
  ROOT/b -> c: { target: ../x }
  ROOT/d: { target: y, force: true }
"#;
    const GONE: &str = r#"
symlinks:
  ROOT/a: { state: absent }
  ROOT/never: { state: absent }
"#;
    live(
        "symlink",
        &[
            turn("", SPEC, &["/a", "/b -> c", "/d"]),
            turn("ln -sfn elsewhere \"$ROOT/b -> c\"; rm $ROOT/d; echo >$ROOT/d", SPEC, &["/b -> c", "/d"]),
            turn("rm $ROOT/d; mkdir $ROOT/d", SPEC, &["/d"]),
            turn("", GONE, &["/a"]),
        ],
    );
}

#[test]
fn trees() {
    const SPEC: &str = r#"
trees:
  ROOT/t: { source: app }
  ROOT/p/q: { source: app, file_mode: "0640", directory_mode: "0750", prune: true }
"#;
    const GONE: &str = r#"
trees:
  ROOT/t: { source: app, state: absent }
  ROOT/p/q: { prune: true, state: absent }
"#;
    live(
        "tree",
        &[
            turn("", SPEC, &["/t", "/p/q"]),
            turn("echo mine >$ROOT/t/mine", SPEC, &[]),
            turn("echo hacked >$ROOT/t/main.py; rm -r $ROOT/t/empty; chmod 0600 $ROOT/t/bin/run", SPEC, &["/t"]),
            turn(
                "ln -sfn x \"$ROOT/t/it's a\\\\link\"; rm $ROOT/t/main.py; ln -s /etc/passwd $ROOT/t/main.py",
                SPEC,
                &["/t"],
            ),
            turn(
                "mkdir -p $ROOT/p/q/a/b; touch \"$ROOT/p/q/a/b/it's c\\\\d\" $ROOT/p/q/.e; chmod 2750 $ROOT/p/q",
                SPEC,
                &["/p/q"],
            ),
            turn("touch $ROOT/p/q/f", GONE, &["/t", "/p/q"]),
            turn("test -e $ROOT/t/mine; test ! -e $ROOT/t/main.py; test ! -e $ROOT/p/q", GONE, &[]),
        ],
    );
}

#[test]
fn blocks() {
    const SPEC: &str = r#"
blocks:
  one: { path: ROOT/a, content: "it's \\ $x" }
  two: { path: ROOT/a, content: two, position: start }
  new: { path: ROOT/b, content: "1\n2", create: true }
"#;
    const GONE: &str = r#"
blocks:
  one: { path: ROOT/a, state: absent }
  new: { path: ROOT/never, state: absent }
"#;
    live(
        "block",
        &[
            turn(
                "printf 'no newline' >$ROOT/real; chmod 0640 $ROOT/real; ln -s real $ROOT/a",
                SPEC,
                &["one", "two", "new"],
            ),
            turn(
                "test -L $ROOT/a; test \"$(stat -c %a $ROOT/real)\" = 640; sed -i s/two/three/ $ROOT/real",
                SPEC,
                &["two"],
            ),
            turn("", GONE, &["one"]),
            turn("grep -q 'no newline' $ROOT/a; ! grep -q one $ROOT/a; grep -q two $ROOT/a", GONE, &[]),
        ],
    );
}

#[test]
fn settings() {
    const SPEC: &str = r#"
settings:
  ROOT/a.json: { set: { a: 2 } }
  ROOT/new.env: { set: { A: "it's \\ $x" }, mode: "0600" }
  ROOT/sub/link.conf: { format: words, set: { key: value }, mode: "0640" }
"#;
    live(
        "setting",
        &[
            turn(
                "cd $ROOT; echo '{\"a\": 1, \"b\": 2}' >a.json; chmod 0604 a.json; mkdir sub; echo other x >real; ln -s ../real sub/link.conf",
                SPEC,
                &["/a.json", "/new.env", "/sub/link.conf"],
            ),
            turn(
                "cd $ROOT; test \"$(stat -c %a a.json new.env real | tr '\\n' ' ')\" = '604 600 640 '; grep -q b a.json; \
                 test -L sub/link.conf; grep -qx 'other x' real; grep -qx 'key value' real; test -z \"$(find . -name '.infra*')\"; chmod 0600 real",
                SPEC,
                &["/sub/link.conf"],
            ),
            turn("", SPEC, &[]),
        ],
    );
}

#[test]
fn secrets() {
    const SPEC: &str = r#"
secrets:
  a: { generate: {}, keep: { path: ROOT/k/eys, key: A } }
  b: { generate: { hex_bytes: 16 }, keep: { path: ROOT/k/eys, key: B } }
  c: { generate: { base64_bytes: 16 }, keep: { path: ROOT/k/eys, key: C } }
"#;
    live(
        "secret",
        &[
            turn("", SPEC, &["a", "b", "c"]),
            turn("cp $ROOT/k/eys $ROOT/before; sed -i /^B=/d $ROOT/k/eys; printf LAST=x >>$ROOT/k/eys", SPEC, &["b"]),
            turn(
                "cd $ROOT/k; grep -qx LAST=x eys; grep -qxE 'B=[0-9a-f]{32}' eys; grep -qx \"$(grep ^A= ../before)\" eys",
                SPEC,
                &[],
            ),
        ],
    );
}

#[test]
fn commands() {
    const SPEC: &str = r#"
commands:
  made: { run: touch x, creates: ROOT/x, directory: ROOT }
  noted:
    run: printf '%s' "$rest" >y
    unless: '[ "$(cat y)" = "$rest" ]'
    directory: ROOT
    environment: { rest: "it's\n$x", US: u }
  swept: { run: rm z, only_if: test -e z, directory: ROOT }
"#;
    live(
        "command",
        &[
            turn("", SPEC, &["made", "noted"]),
            turn("touch $ROOT/z", SPEC, &["swept"]),
            turn("rm $ROOT/x; echo >$ROOT/y", SPEC, &["made", "noted"]),
        ],
    );
}

#[test]
fn checks() {
    const SPEC: &str = r#"
checks:
  there: { command: test -e ROOT/x, within: 0s }
  nothing to read: { command: "! cat | grep ." }
"#;
    live("check", &[turn("touch $ROOT/x", SPEC, &[])]);
}

#[test]
fn requirements() {
    const SPEC: &str = r#"
requirements:
  machine: { cpus: 1, memory: 1MB, disk: { path: /not/there/yet, free: 1 }, program: { name: sh } }
"#;
    live("requirement", &[turn("", SPEC, &[])]);
}

/// Asks the host's own reader of JSON for everything a text holds.
async fn read_json(flavour: &Flavour, text: &str, expected: &serde_json::Value) -> Vec<(String, String)> {
    let kind = by_name("check").unwrap();
    let spec = serde_json::json!({ "check": { "http": "http://x/", "json": { "$.": expected } } });
    let root = TempDir::new().unwrap();
    let sections = format!("checks: {spec}");
    let resources = resources(kind, &sections, root.path());
    let probe = kind.probe(&[&resources[0].1]);
    // After form, times, configuration and status: word, number, path and token of each expectation.
    let mut rows: Vec<Row> = probe.rows[0][5..].chunks(4).map(|fields| fields[1..].to_vec()).collect();
    let host = flavour.host().await;
    let script = concat!(
        include_str!("../../kinds/check/look.sh"),
        r#"
        decode "$(printf '%s\n' "$ROWS" | sed -n '$p' | cut -d "$US" -f 1)"
        {
            printf '%s\n' "$ROWS" | sed '$d'
            printf '\n%s\n' "$decoded"
        } | look_json | while IFS= read -r line; do printf '%s\n' "$R${US}0$US$line"; done
        "#
    );
    rows.push(row![text]);
    let output = section(&host, script, rows).await;
    host.close().await;
    assert!(output.messages.is_empty(), "{output:?}");
    output.records.iter().map(|record| (record.field(1).to_string(), record.field(2).to_string())).collect()
}

#[test]
fn json_is_read_as_others_read_it() {
    let text = r#" {"a": [1, 2.50, -0e1, "x\ny\t\"\\\/", {"deep": [[], {}, null]}], "ä": "\u00e4\u20ac\ud83d\ude00€",
        "t": true, "f": false, "big": 1234567890123, "US": "\u001f\u001c" } "#;
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let value = &value;
    each(|flavour| async move {
        let read = read_json(flavour, text, value).await;
        let wrong: Vec<_> = read.iter().filter(|(verdict, _)| verdict != "ok").collect();
        assert!(read.len() == 14 && wrong.is_empty(), "{wrong:?} in {read:?}");
        for broken in ["{", "[1,]", "{\"a\" 1}", "{\"a\": tru}", "\"open", "[1] 2", "", "{a: 1}"] {
            let read = read_json(flavour, broken, &serde_json::json!({ "a": 1 })).await;
            assert_eq!(read, [("bad".to_string(), "no JSON".to_string())], "{broken}");
        }
        let read = read_json(flavour, r#"{"a": [1, "2"], "c": {}}"#, &serde_json::json!({ "a": [1, 2], "b": 1 })).await;
        let read: Vec<(&str, &str)> = read.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(read, [("ok", "a list of 2"), ("ok", "1"), ("bad", "2"), ("bad", "nothing")]);
    });
}

/// Writes texts as blocks into files of all sorts, reads them back, and looks that every other line is where it was.
#[test]
fn a_block_is_read_back_as_it_was_written_and_the_rest_stays() {
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;
    const LINES: &str = r#"([a-c&/$\\.* '"%=#\t-]{0,9}\n){0,4}"#;
    each(|flavour| async move {
        let root = tempfile::tempdir().unwrap();
        let host = flavour.host().await;
        let mut runner = TestRunner::deterministic();
        let mut any =
            |pattern: &str| proptest::string::string_regex(pattern).unwrap().new_tree(&mut runner).unwrap().current();
        let cases: Vec<(String, String, bool, bool)> = (0..24)
            .map(|at| (any(LINES), any(LINES), at % 2 == 0, at % 3 == 0))
            .filter(|(_, block, ..)| !block.trim().is_empty())
            .collect();
        let mut spec = String::from("blocks:\n");
        for (at, (text, block, is_first, is_of_dos)) in cases.iter().enumerate() {
            let text = if *is_of_dos { text.replace('\n', "\r\n") } else { text.clone() };
            std::fs::write(root.path().join(at.to_string()), text).unwrap();
            let position = if *is_first { "start" } else { "end" };
            let block = serde_json::Value::from(block.as_str());
            spec.push_str(&format!("  b{at}: {{ path: ROOT/{at}, content: {block}, position: {position} }}\n"));
        }
        let kind = by_name("block").unwrap();
        let resources = resources(kind, &spec, root.path());
        let all: Vec<&AnyResource> = resources.iter().map(|(_, resource)| resource).collect();
        let seen = look(&host, kind, &all).await;
        let changes: Vec<Vec<Change>> = all.iter().zip(&seen).map(|(r, s)| kind.diff(r, s).into_vec()).collect();
        apply(&host, kind, &all, &seen, &changes, flavour.name).await;
        for (resource, seen) in resources.iter().zip(&look(&host, kind, &all).await) {
            assert!(kind.diff(&resource.1, seen).is_empty(), "{} under {}", resource.0, flavour.name);
        }
        for (at, (text, block, ..)) in cases.iter().enumerate() {
            let written = std::fs::read_to_string(root.path().join(at.to_string())).unwrap();
            let lines: Vec<&str> = written.lines().collect();
            let first = lines.iter().position(|line| line.contains(" BEGIN infra ")).unwrap();
            let last = lines.iter().position(|line| line.contains(" END infra ")).unwrap();
            assert_eq!(lines[first + 1..last], block.lines().collect::<Vec<_>>(), "{block:?} in {text:?}");
            let rest: Vec<&str> = lines[..first].iter().chain(&lines[last + 1..]).copied().collect();
            assert_eq!(rest, text.lines().collect::<Vec<_>>(), "{block:?} in {text:?}");
        }
        host.close().await;
    });
}
