//! A secret is nowhere but where the spec puts it: not in any output, not in an argument list, not in a temporary file,
//! not in the state folder.
use std::path::Path;
use std::process::{Child, Output, Stdio};

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{LabHost, text};
use infra::lab::Account;

/// The planted values, and what template filters make of the first.
const POISONS: &[&str] = &["p0ison-Ab3xY9-4f6e2d", "P0ISON-AB3XY9-4F6E2D", "p0ison-Ab3x", "file-p0ison-7d1c5e0a94"];

#[track_caller]
fn assert_clean(what: &str, output: &Output) {
    for said in [text(&output.stdout), text(&output.stderr)] {
        for poison in POISONS {
            assert!(!said.contains(poison), "{what} shows a secret:\n{said}");
        }
    }
}

#[test]
fn secrets_are_nowhere_but_where_the_spec_puts_them() {
    let host = LabHost::boot("secrets", support::release());
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/secrets");
    let folder = tempfile::TempDir::new().unwrap();
    let timeline = folder.path().join("trace.json");
    let infra = Infra::new(&spec, &host.inventory()).variable("INFRA_TEST_POISON", POISONS[0]);
    let infra = infra.option("--trace").option(timeline.to_str().unwrap());
    let assert_clean_timeline = || {
        let said = std::fs::read_to_string(&timeline).unwrap();
        assert!(said.contains("traceEvents"), "{said}");
        for poison in POISONS {
            assert!(!said.contains(poison), "the timeline shows a secret:\n{said}");
        }
    };

    // Old contents that hold the secret, once where the new content holds it too and once where it does not.
    host.check("mkdir -p /opt/secrets");
    host.check(&format!(
        "printf 'old %s\\n' {0} > /opt/secrets/no-longer; echo 'stale {0}' > /opt/secrets/plain",
        POISONS[0]
    ));

    let watcher = Watcher::start(&host);
    for options in
        [&["--format", "text"][..], &["--format", "json"], &["--format", "text", "--color", "always", "--stats"]]
    {
        let output = infra.run("plan", options);
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        assert_clean("plan", &output);
        assert!(text(&output.stdout).contains("sensitive"), "{}", text(&output.stdout));
    }
    let output = infra.run("apply", &["--auto-approve", "--stats"]);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_clean("apply", &output);
    assert_clean_timeline();

    // Now the values are on the host as the spec says, and nobody else may read them.
    assert_eq!(host.check("cat /opt/secrets/plain"), format!("password={}\n", POISONS[0]));
    assert_eq!(
        host.check("stat -c %a /opt/secrets/filtered /opt/secrets/made /etc/secrets/credentials"),
        "600\n600\n600\n"
    );
    let made = host.check("sed -n 's/^MADE=//p' /etc/secrets/credentials");
    assert_eq!(made.trim().len(), 32);
    assert_eq!(host.check("cat /opt/secrets/made"), format!("made={made}"));

    // A rotation, seen from here too: neither what is printed nor what is written tells of old or new values.
    let striking = || host.check("grep -o '[QZ]*[QZ]' /etc/secrets/striking.json").trim().to_string();
    let (here, old) = (Here::new(), striking());
    let plain = Infra::new(&spec, &host.inventory()).variable("INFRA_TEST_POISON", POISONS[0]);
    for words in [&["plan"][..], &["apply", "--auto-approve"]] {
        let trace = here.path("trace.json");
        let options = [&words[1..], &["--rotate", "striking", "--trace", trace.to_str().unwrap(), "--stats"]].concat();
        for format in ["text", "json"] {
            let mut command = plain.command(words[0]);
            command.args(&options).args(["--format", format]).env("HOME", here.path("")).env("TMPDIR", here.path(""));
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
            assert_clean("a rotation", &output);
            assert_not_striking(&format!("{}{}", text(&output.stdout), text(&output.stderr)));
        }
    }
    here.assert_clean();
    assert_ne!(striking(), old);
    assert_eq!(striking().len(), 40);
    // Not in a history, not in a log, and nobody but root may read it.
    let search = "grep -rlsaE '[QZ]{30}|p[0]ison' /etc /opt /root /home /var /run /tmp || :";
    let mut holders: Vec<String> = host.check(search).lines().map(String::from).collect();
    holders.sort();
    assert_eq!(
        holders,
        [
            "/etc/secrets/striking.json",
            "/opt/secrets/filtered",
            "/opt/secrets/joined",
            "/opt/secrets/plain",
            "/opt/secrets/striking"
        ]
    );
    assert_eq!(host.check("stat -c %a /etc/secrets/striking.json /opt/secrets/striking"), "600\n600\n");
    assert_eq!(host.check("journalctl | grep -cE '[QZ]{30}' || :").trim(), "0");

    // A second run, and one in which a step prints the secret and fails.
    infra.plan().assert_empty("after apply");
    for format in ["text", "json"] {
        let failing = infra.option("--var").option("fail=true");
        let output = failing.run("apply", &["--auto-approve", "--format", format]);
        assert_eq!(output.status.code(), Some(1));
        assert_clean("a failing apply", &output);
        assert_clean_timeline();
        assert!(text(&output.stdout).contains("using (sensitive)"), "{}", text(&output.stdout));
        assert!(!text(&output.stdout).contains(made.trim()), "{}", text(&output.stdout));
    }
    // Drift of a secret file, and a secret that leaves a file again.
    host.check("echo 'changed by hand' > /opt/secrets/plain");
    let output = infra.run("plan", &["--format", "json"]);
    assert_clean("a plan after drift", &output);
    assert!(!text(&output.stdout).contains("changed by hand"), "what a secret replaces is hidden too");

    assert_eq!(watcher.end(), "", "secrets were in these files while infra ran");

    // The watch would have seen them: it sees this.
    let watcher = Watcher::start(&host);
    host.check("echo p0ison-control > /tmp/control; sh -c 'sleep 1; : p0ison-control'");
    let seen = watcher.end();
    assert!(seen.contains("/tmp/control") && seen.contains("/cmdline"), "the watch is blind: {seen}");
}

/// A text in which no value that can be told from anything else may be.
#[track_caller]
fn assert_not_striking(said: &str) {
    let longest = said.split(|c| !['Q', 'Z'].contains(&c)).map(str::len).max().unwrap_or(0);
    assert!(longest < 20, "a secret is shown:\n{said}");
}

/// The home and temporary folder of a run on this machine.
struct Here(tempfile::TempDir);

impl Here {
    fn new() -> Self {
        Self(tempfile::TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// Nothing that was written here, the timeline included, holds a secret.
    #[track_caller]
    fn assert_clean(&self) {
        let mut folders = vec![self.0.path().to_path_buf()];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => folders.push(entry.path()),
                    kind if kind.is_file() => {
                        files += 1;
                        let held = text(&std::fs::read(entry.path()).unwrap());
                        assert_not_striking(&held);
                        assert!(!POISONS.iter().any(|poison| held.contains(poison)), "{:?}", entry.path());
                    }
                    _ => {}
                }
            }
        }
        assert!(files > 0, "the timeline is not there");
    }
}

/// Looks at all processes and temporary folders of a host until it is ended.
struct Watcher(Child);

impl Watcher {
    fn start(host: &LabHost) -> Self {
        // The pattern must not find itself.
        let watch = "while :; do
            grep -lsaE 'p[0]ison|[QZ]{30}' /proc/[0-9]*/cmdline
            grep -rlsaE --exclude-dir=rotating 'p[0]ison|[QZ]{30}' /tmp /var/tmp /run /dev/shm /var/lib/infra
            sleep 0.02
        done";
        Self(host.ssh(Account::Root).arg(watch).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Returns the files in which it saw a secret.
    fn end(mut self) -> String {
        self.0.kill().unwrap();
        text(&self.0.wait_with_output().unwrap().stdout)
    }
}

#[test]
fn a_missing_secret_says_where_it_was_looked_for() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/secrets");
    let host = LabHost::boot("missing-secret", support::release());
    let output = Infra::new(&spec, &host.inventory()).run("plan", &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("INFRA_TEST_POISON is not set"), "{said}");
    assert!(said.contains("infra.yaml:"), "{said}");
}
