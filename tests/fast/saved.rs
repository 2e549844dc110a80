//! Saved plans: what makes one stale, and what does not; who approved it.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{infra_here, wait_until};

/// What no saved plan may hold, nor its hash.
const SECRET: &str = "hunter2-poison";

/// A folder with a spec of this machine, and what it writes.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        let out = place.path("out");
        fs::create_dir_all(&out).unwrap();
        let out = out.display();
        place.write(
            "spec/infra.yaml",
            &format!(
                "infra: 1\nname: saved\nvars: {{ word: hello }}\nhosts: {{ here: {{ transport: local }} }}\n\
                 secrets: {{ password: {{ file: ../password }} }}\n\
                 files:\n  {out}/a: {{ content: \"{{{{ vars.word }}}}\\n\", mode: \"0644\" }}\n  \
                 {out}/b: {{ template: b.j2, mode: \"0600\" }}\n  {out}/c: {{ source: c, mode: \"0644\" }}\n\
                 trees:\n  {out}/tree: {{ source: tree }}\n"
            ),
        );
        place.write("spec/b.j2", "password = {{ secrets.password }}\n");
        place.write("spec/c", "c\n");
        place.write("spec/tree/one", "one\n");
        place.write("password", SECRET);
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs the command. Returns its exit status, what it printed, and what it said.
    fn run(&self, words: &[&str]) -> (Option<i32>, String, String) {
        let mut command = infra_here(&self.path("home"));
        command.args(words).current_dir(self.0.path()).env("NO_COLOR", "1").env("HOME", self.path("home"));
        command.stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    #[track_caller]
    fn succeeds(&self, words: &[&str]) -> String {
        let (status, out, said) = self.run(words);
        assert_eq!(status, Some(0), "{words:?}:\n{out}{said}");
        out
    }

    #[track_caller]
    fn plan(&self, options: &[&str]) -> String {
        self.succeeds(&[&["plan", "spec", "--out", "plan"], options].concat())
    }

    /// Applies the saved plan, which is refused and changes nothing.
    #[track_caller]
    fn is_refused(&self, options: &[&str], words: &[&str]) {
        let before = self.state();
        let (status, out, said) = self.run(&[&["apply", "plan"], options].concat());
        assert!(matches!(status, Some(1 | 64)), "{options:?} is not refused: {words:?}\n{out}{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in\n{said}");
        }
        assert_eq!(before, self.state(), "something was changed");
    }

    /// Returns what is in the folder that the spec writes to.
    fn state(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut found = Vec::new();
        let mut todo = vec![self.path("out")];
        while let Some(folder) = todo.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                found.push((path.clone(), fs::read(&path).ok()));
                todo.extend(path.is_dir().then_some(path));
            }
        }
        found.sort();
        found
    }
}

#[test]
fn a_saved_plan_is_applied_as_it_was_read() {
    let place = Place::new();
    let planned = place.plan(&[]);
    assert!(planned.contains("+ file:"), "{planned}");
    let shown = place.succeeds(&["show", "plan"]);
    assert_eq!(planned, shown);
    let file = fs::read_to_string(place.path("plan")).unwrap();
    assert_eq!(
        fs::metadata(place.path("plan")).map(|m| std::os::unix::fs::MetadataExt::mode(&m) & 0o777).unwrap(),
        0o600
    );
    for hidden in [
        SECRET,
        &infra::model::sha256(SECRET.as_bytes()),
        &infra::model::sha256(format!("password = {SECRET}\n").as_bytes()),
    ] {
        assert!(!file.contains(hidden), "{hidden} is in the file");
    }
    let json: Value = serde_json::from_str(&place.succeeds(&["show", "plan", "--format", "json"])).unwrap();
    let read: Vec<&str> =
        json["saved"]["inputs"].as_array().unwrap().iter().map(|input| input["path"].as_str().unwrap()).collect();
    assert_eq!(read, ["b.j2", "c", "infra.yaml", "tree/one"]);
    assert_eq!(json["plan"]["summary"]["create"], 4, "{json:#}");
    assert!(place.succeeds(&["show", "plan", "--format", "markdown"]).starts_with("**Plan: 4 to create"));
    let (status, out, said) = place.run(&["apply", "plan"]);
    assert_eq!(status, Some(0), "{out}{said}");
    assert!(out.starts_with(&planned) && out.contains("Apply: 4 created"), "{out}");
    assert!(place.succeeds(&["plan", "spec"]).contains("0 to create, 0 to change, 0 to delete, 4 unchanged"));
    place.is_refused(&[], &["plan: it was applied before, and is so only once: 20", "nothing was changed"]);
    // Not even where all is again as it was for the plan, which was the first of all.
    fs::remove_dir_all(place.path("out")).unwrap();
    fs::create_dir_all(place.path("out")).unwrap();
    place.is_refused(&[], &["plan: it was applied before", " on here"]);
}

#[test]
fn what_was_changed_by_hand_makes_a_plan_stale() {
    let place = Place::new();
    place.plan(&[]);
    place.succeeds(&["apply", "plan"]);
    place.write("spec/c", "other\n");
    place.plan(&[]);
    // Its content is to be changed, its mode is not.
    let set_mode = |path: &str, mode: u32| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(place.path(path), permissions).unwrap();
    };
    set_mode("out/c", 0o666);
    let address = format!("here/file:{}", place.path("out/c").display());
    place.is_refused(&[], &[&format!("stale: {address}: mode: planned \"0644\", found \"0666\"")]);
    set_mode("out/c", 0o644);
    place.write("out/c", "by hand\n");
    place.is_refused(&[], &[&format!("{address}: content: planned (1 line, 2 B), found (1 line, 8 B)")]);
    fs::remove_file(place.path("out/c")).unwrap();
    place.is_refused(&[], &[&format!("{address}: state: planned present, found absent")]);
    place.write("out/c", "c\n");
    // What it does not touch may change, and is left as it is.
    place.write("out/a", "by hand\n");
    fs::remove_file(place.path("out/tree/one")).unwrap();
    let (status, out, said) = place.run(&["apply", "plan", "--format", "json"]);
    assert_eq!(status, Some(0), "{out}{said}");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["report"]["resources"].as_array().unwrap().len(), 1, "{json:#}");
    assert_eq!(fs::read_to_string(place.path("out/c")).unwrap(), "other\n");
    assert_eq!(fs::read_to_string(place.path("out/a")).unwrap(), "by hand\n");
    assert!(!place.path("out/tree/one").exists());
}

#[test]
fn whatever_the_spec_reads_is_bound() {
    let place = Place::new();
    place.plan(&["--var", "word=moon"]);
    let original = |path: &str| fs::read_to_string(place.path(path)).unwrap();
    let given = ["--var", "word=moon"];
    for (path, other, words) in [
        ("spec/c", Some("d\n"), "c: content: planned sha256 "),
        ("spec/c", None, "c: content: planned sha256 a3a5e715f0cc, found no such file"),
        ("spec/b.j2", Some("{{ secrets.password }}\n"), "b.j2: content: planned sha256 "),
        ("spec/infra.yaml", Some("infra: 1\nname: other\nhosts: {}\n"), "infra.yaml: content: planned sha256 "),
        ("spec/tree/one", Some("two\n"), "tree/one: content: planned sha256 "),
        ("password", Some("hunter3-poison"), "secret `password`: value: planned the one of then, found another one"),
    ] {
        let before = original(path);
        match other {
            Some(text) => place.write(path, text),
            None => fs::remove_file(place.path(path)).unwrap(),
        }
        place.is_refused(&given, &[words, "nothing was changed"]);
        place.write(path, &before);
    }
    place.write("spec/tree/two", "two\n");
    place.is_refused(&given, &["tree/two: content: planned no such file, found one that the spec reads"]);
    fs::remove_file(place.path("spec/tree/two")).unwrap();
    place.is_refused(&["--var", "word=sun"], &["var `word`: value: planned the one of then, found another one"]);
    place.is_refused(
        &[],
        &["var `word`: value: planned the one of then, found none: no values are in a saved plan, give it again"],
    );
    for option in [&["--env", "prod"][..], &["-i", "x"], &["--host", "here"], &["--exclude", "x"], &["--target", "**"]]
    {
        place.is_refused(option, &["plan is a saved plan, which says itself what it was made with: leave out --"]);
    }
    // The spec may lie elsewhere, but it must be the same.
    fs::rename(place.path("spec"), place.path("moved")).unwrap();
    place.is_refused(&given, &["say where it is: `--spec DIR`"]);
    let (status, out, said) = place.run(&["apply", "plan", "--spec", "moved", "--var", "word=moon"]);
    assert_eq!(status, Some(0), "{out}{said}");
    assert_eq!(original("out/a"), "moon\n");
}

#[test]
fn files_that_are_no_plans_say_so() {
    let place = Place::new();
    place.plan(&["--expires", "2h"]);
    let whole = fs::read(place.path("plan")).unwrap();
    for length in [0, 1, 5, 11, 40, 84, 85, 200, whole.len() - 1] {
        fs::write(place.path("plan"), &whole[..length]).unwrap();
        place.is_refused(&[], &["plan: it is "]);
        let (status, out, said) = place.run(&["show", "plan"]);
        assert_eq!((status, out.as_str()), (Some(1), ""), "{said}");
    }
    let (status, _, said) = place.run(&["show", "spec/infra.yaml"]);
    assert!(
        status == Some(1) && said.contains("spec/infra.yaml: it is no saved plan; `infra plan --out FILE` makes one"),
        "{said}"
    );
    // Nothing else is written over.
    let (status, _, said) = place.run(&["plan", "spec", "--out", "spec/infra.yaml"]);
    assert!(status == Some(1) && said.contains("something else than a saved plan, and it is left alone"), "{said}");
    for (options, word) in [
        (&["apply", "spec", "--spec", "x", "-y"][..], "for a saved plan, and spec is none"),
        (&["plan", "spec", "--expires", "2h"], "--out"),
        (&["plan", "spec", "--out", "other", "--expires", "2 weeks"], "up to 31 days"),
    ] {
        let (status, _, said) = place.run(options);
        assert!(matches!(status, Some(2 | 64)) && said.contains(word), "{options:?}: {status:?} {said}");
    }
    // One that has expired, which the digest proves.
    let text = String::from_utf8(whole).unwrap();
    let at = text.find("\"expires\":\"").unwrap() + "\"expires\":\"".len();
    let content = format!("{}2020{}", &text[85..at], &text[at + 4..]);
    let digest = infra::model::sha256(content.as_bytes());
    fs::write(place.path("plan"), format!("infra plan 1 sha256:{digest}\n{content}")).unwrap();
    place.is_refused(&[], &["it was to be applied before 2020-"]);
}

fn keygen(words: &[&str], input: &str, folder: &Path) -> (bool, String) {
    let mut child = Command::new("ssh-keygen")
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_plan_is_approved_by_people() {
    let place = Place::new();
    place.plan(&[]);
    let folder = place.0.path();
    let mut allowed = String::new();
    for (key, person) in
        [("anna", "anna@example.com"), ("anna2", "anna@example.com"), ("ben", "ben@example.com"), ("eve", "")]
    {
        let (done, _) = keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], "", folder);
        assert!(done);
        let public = fs::read_to_string(place.path(&format!("{key}.pub"))).unwrap();
        if !person.is_empty() {
            allowed.push_str(&format!("{person} namespaces=\"infra-plan,git\" {public}"));
        }
    }
    place.write("allowed", &allowed);
    let two = ["--require-approval", "allowed", "--approvals", "2"];
    place.is_refused(&two, &["plan: it needs the approval of 2, and has that of 0: nobody", "infra approve plan"]);
    for key in ["eve", "anna", "anna2", "anna"] {
        place.succeeds(&["approve", "plan", "--key", key]);
    }
    place.is_refused(&two, &["has that of 1: anna@example.com (ED25519 SHA256:", "is no key of allowed"]);
    let shown = place.run(&["show", "plan", "--allowed-signers", "allowed"]).2;
    assert!(shown.contains("anna@example.com (ED25519 SHA256:"), "{shown}");

    // What we write, ssh-keygen reads.
    let digest = fs::read_to_string(place.path("plan")).unwrap();
    let digest = format!("{}\n", digest.lines().next().unwrap().rsplit(' ').next().unwrap());
    let approvals = fs::read_to_string(place.path("plan.approvals")).unwrap();
    assert_eq!(approvals.matches("BEGIN SSH SIGNATURE").count(), 3, "{approvals}");
    let second = approvals.split_inclusive("-----END SSH SIGNATURE-----\n").nth(1).unwrap();
    place.write("anna.sig", second);
    let verify = ["-Y", "verify", "-n", "infra-plan", "-I", "anna@example.com", "-f", "allowed", "-s", "anna.sig"];
    assert!(keygen(&verify, &digest, folder).0);
    assert!(!keygen(&verify, "sha256:00\n", folder).0);
    // And we read what ssh-keygen writes: for another purpose, of another plan, and then of this.
    let sign = |namespace: &str, text: &str| {
        let (done, signature) = keygen(&["-q", "-Y", "sign", "-n", namespace, "-f", "ben"], text, folder);
        assert!(done);
        let file = fs::read_to_string(place.path("plan.approvals")).unwrap();
        place.write("plan.approvals", &format!("{file}{signature}"));
    };
    sign("git", &digest);
    sign("infra-plan", "sha256:00\n");
    place.is_refused(&two, &["has that of 1: anna@example.com", "2 more in plan.approvals are not of this plan"]);
    sign("infra-plan", &digest);
    let (status, out, said) = place.run(&["apply", "plan", "--require-approval", "allowed", "--approvals", "2"]);
    assert_eq!(status, Some(0), "{out}{said}");
    assert!(said.contains("Approved by ") && said.contains("ben@example.com (ED25519 "), "{said}");
}

#[test]
fn a_plan_whose_run_was_killed_is_used() {
    let place = Place::new();
    let out = place.path("out");
    let out = out.display();
    place.write(
        "spec/infra.yaml",
        &format!(
            "infra: 1\nname: slow\nhosts: {{ here: {{ transport: local }} }}\ncommands:\n  \
             slow: {{ run: 'touch {out}/begun; sleep 20', creates: '{out}/done' }}\n"
        ),
    );
    place.plan(&[]);
    let mut command = infra_here(&place.path("home"));
    command.args(["apply", "plan"]).current_dir(place.0.path()).env("HOME", place.path("home"));
    let mut run = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("the command runs", || {
        assert!(run.try_wait().unwrap().is_none(), "the apply has ended");
        place.path("out/begun").exists()
    });
    run.kill().unwrap();
    run.wait().unwrap();
    fs::remove_file(place.path("out/begun")).unwrap();
    let words = "in a run that did not come to its end on here";
    place.is_refused(&[], &["plan: it was applied before, and is so only once: 20", words]);
    // The next run notes that for good.
    let spec = fs::read_to_string(place.path("spec/infra.yaml")).unwrap();
    place.write("spec/infra.yaml", &spec.replace("sleep 20", &format!("touch {out}/done")));
    place.succeeds(&["apply", "spec", "-y", "--lock-wait", "60s"]);
    place.write("spec/infra.yaml", &spec);
    fs::remove_file(place.path("out/done")).unwrap();
    fs::remove_file(place.path("out/begun")).unwrap();
    place.is_refused(&[], &["plan: it was applied before", words]);
}

#[test]
fn a_run_ends_at_its_deadline() {
    let place = Place::new();
    let out = place.path("out");
    let out = out.display();
    place.write(
        "spec/infra.yaml",
        &format!(
            "infra: 1\nname: slow\nhosts: {{ here: {{ transport: local }} }}\ncommands:\n  \
             first: {{ run: 'sleep 3; touch {out}/first', creates: '{out}/first' }}\n  \
             second: {{ run: 'touch {out}/second', creates: '{out}/second', depends_on: ['command:first'] }}\n"
        ),
    );
    let (status, out, said) = place.run(&["apply", "spec", "-y", "--deadline", "2s", "--shuffle", "1"]);
    assert_eq!(status, Some(1), "{out}{said}");
    assert!(out.contains("The run was stopped, because its 2 s were over."), "{out}{said}");
    assert!(out.contains("not done: here/command:second"), "{out}");
    assert!(place.path("out/first").exists() && !place.path("out/second").exists());
    let (status, out, _) = place.run(&["apply", "spec", "-y", "--deadline", "10m"]);
    assert_eq!(status, Some(0), "{out}");
    assert!(place.path("out/second").exists());
}

#[test]
fn the_commit_is_told_and_whether_the_files_are_of_it() {
    let place = Place::new();
    let git = |words: &[&str]| {
        let named = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=trunk"];
        let output = Command::new("git").arg("-C").arg(place.0.path()).args(named).args(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_string()
    };
    let base = || {
        place.plan(&[]);
        let json: Value = serde_json::from_str(&place.succeeds(&["show", "plan", "--format", "json"])).unwrap();
        json["saved"]["base"].clone()
    };
    assert_eq!(base(), Value::Null);
    git(&["init", "--quiet"]);
    git(&["add", "spec"]);
    git(&["commit", "--quiet", "-m", "one"]);
    let commit = git(&["rev-parse", "HEAD"]);
    assert_eq!(base(), serde_json::json!({ "commit": commit, "dirty": false }));
    place.write("spec/tree/two", "two\n");
    assert_eq!(base(), serde_json::json!({ "commit": commit, "dirty": true }));
    let said = place.run(&["show", "plan"]).2;
    assert!(said.contains(&format!("from spec at commit {commit}, with changes that are not committed.")), "{said}");
}

#[test]
fn what_is_made_on_the_way_and_what_goes_is_applied_too() {
    let place = Place::new();
    let out = place.path("out");
    let out = out.display();
    let spec = |rest: &str| {
        format!(
            "infra: 1\nname: saved\nhosts: {{ here: {{ transport: local }} }}\n\
             secrets: {{ token: {{ generate: {{ length: 20 }}, keep: {{ path: {out}/kept, key: TOKEN }} }} }}\n\
             files:\n  {out}/env: {{ content: \"token={{{{ secrets.token }}}}\\n\", mode: \"0600\" }}\n{rest}"
        )
    };
    place.write("spec/infra.yaml", &spec(&format!("  {out}/left: {{ content: \"x\\n\" }}\n")));
    place.plan(&[]);
    place.succeeds(&["apply", "plan"]);
    let token = || fs::read_to_string(place.path("out/env")).unwrap();
    let first = token();
    assert_eq!(first.len(), 27, "{first}");

    let rotated = place.plan(&["--rotate", "token"]);
    assert!(rotated.contains("it is rotated, as asked"), "{rotated}");
    place.succeeds(&["apply", "plan"]);
    assert_ne!(token(), first);
    let second = token();

    // A kept secret that was changed since is another one.
    place.write("spec/infra.yaml", &spec(""));
    let planned = place.plan(&[]);
    assert!(planned.contains("1 to delete"), "{planned}");
    let kept = fs::read_to_string(place.path("out/kept")).unwrap();
    place.write("out/kept", &kept.replace(second.trim().strip_prefix("token=").unwrap(), "abcdefghijklmnopqrst"));
    place.is_refused(&[], &["stale: secret `token`: value: planned the one of then, found another one"]);
    place.write("out/kept", &kept);
    let (status, printed, said) = place.run(&["apply", "plan"]);
    assert!(status == Some(0) && printed.contains("1 deleted"), "{printed}{said}");
    assert!(!place.path("out/left").exists());
    assert!(place.succeeds(&["plan", "spec"]).contains("0 to create, 0 to change, 0 to delete"));
}

#[test]
fn other_hosts_are_neither_asked_nor_changed() {
    let place = Place::new();
    let out = place.path("out");
    let out = out.display();
    let spec = |one: &str| {
        format!(
            "infra: 1\nname: saved\nhosts: {{ one: {{ transport: local }}, two: {{ transport: local }} }}\n\
             secrets: {{ token: {{ generate: {{ length: 20 }}, keep: {{ host: three, path: {out}/kept, key: TOKEN }} }} }}\n\
             files:\n  {out}/one: {{ on: one, content: \"{one}\\n\" }}\n  {out}/two: {{ on: two, content: \"two\\n\" }}\n"
        )
        .replace("two: { transport: local } }", "two: { transport: local }, three: { transport: local } }")
    };
    place.write("spec/infra.yaml", &spec("1"));
    // All are this machine, of which one at a time can be changed.
    for host in ["three", "two", "one"] {
        place.plan(&["--host", host]);
        place.succeeds(&["apply", "plan"]);
    }
    let ledgers = || {
        fs::read_dir(place.path("home/state/ledger")).map(|all| {
            let mut all: Vec<_> = all
                .map(|entry| {
                    let path = entry.unwrap().path();
                    (path.clone(), fs::read(path).unwrap())
                })
                .collect();
            all.sort();
            all
        })
    };
    let before = ledgers().unwrap();
    place.write("spec/infra.yaml", &spec("2"));
    place.plan(&[]);
    place.write("out/two", "by hand\n");
    let (status, out, said) = place.run(&["apply", "plan", "--stats"]);
    assert_eq!(status, Some(0), "{out}{said}");
    assert!(said.contains("stats one: ") && !said.contains("stats two: "), "{said}");
    assert_eq!(fs::read_to_string(place.path("out/one")).unwrap(), "2\n");
    assert_eq!(fs::read_to_string(place.path("out/two")).unwrap(), "by hand\n");
    // A host that is only read, because it keeps a secret, remembers nothing.
    let after = ledgers().unwrap();
    let changed: Vec<String> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after)
        .map(|(_, (path, _))| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(changed, ["saved@one"], "{before:?}");

    // A part that was chosen stays a part.
    place.write("spec/infra.yaml", &spec("3"));
    let address = format!("two/file:{}", place.path("out/two").display());
    place.plan(&["--target", &address]);
    let (status, out, said) = place.run(&["apply", "plan"]);
    assert_eq!(status, Some(0), "{out}{said}");
    assert_eq!(fs::read_to_string(place.path("out/one")).unwrap(), "2\n");
    assert_eq!(fs::read_to_string(place.path("out/two")).unwrap(), "two\n");
}
