//! A saved plan does on a host just what was read, or nothing: stale where something it touches was changed by hand, applied once,
//! approved by people.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support;
use crate::support::lab::{LabHost, text};

const SPEC: &str = "infra: 1
name: saved
vars: { generation: one }
hosts: { app1: {} }
files:
  /etc/saved/app.conf: { content: \"{{ vars.generation }}\\n\", mode: \"0644\" }
  /etc/saved/other.conf: { content: \"other\\n\", mode: \"0644\" }
directories: { /etc/saved: {} }
units:
  saved.service:
    content: |
      [Service]
      ExecStart=/bin/sleep infinity
      [Install]
      WantedBy=multi-user.target
services:
  saved: { running: true, enabled: true, restart_on: [\"file:/etc/saved/app.conf\"] }
checks:
  there: { command: test -s /etc/saved/app.conf }
";

/// A folder with a spec, its inventory, and the plans that are saved beside it.
struct Place<'h> {
    folder: tempfile::TempDir,
    inventory: PathBuf,
    host: &'h LabHost,
}

impl Place<'_> {
    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn generation(&self, generation: &str) {
        self.write("spec/infra.yaml", &SPEC.replace("generation: one", &format!("generation: {generation}")));
    }

    fn infra(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        command.args(words).current_dir(self.folder.path()).env("NO_COLOR", "1").env("USER", "anna");
        command.output().expect("infra starts")
    }

    /// Plans and saves; returns what was printed.
    #[track_caller]
    fn save(&self, name: &str) -> String {
        let output = self.infra(&["plan", "spec", "-i", self.inventory.to_str().unwrap(), "--out", name]);
        assert!(output.status.success(), "{}", said(&output));
        text(&output.stdout)
    }

    #[track_caller]
    fn apply(&self, words: &[&str]) -> Output {
        let output = self.infra(&[&["apply"], words].concat());
        assert!(output.status.success(), "{words:?}\n{}", said(&output));
        output
    }

    /// Applies, which is refused and changes nothing.
    #[track_caller]
    fn is_refused(&self, words: &[&str], expected: &[&str]) {
        let state = || self.host.check("cd /etc/saved 2>/dev/null && head -n99 * && stat -c '%n %a %Y' * || echo none");
        let before = state();
        let output = self.infra(&[&["apply"], words].concat());
        let words = said(&output);
        assert_eq!(output.status.code(), Some(1), "{words}");
        for part in expected.iter().chain(&["nothing was changed"]) {
            assert!(words.contains(part), "{part:?} is not in\n{words}");
        }
        assert_eq!(before, state());
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stderr), text(&output.stdout))
}

#[test]
fn a_saved_plan_does_what_was_read_or_nothing() {
    let host = LabHost::boot("saved", support::release());
    let place = Place { folder: tempfile::tempdir().unwrap(), inventory: host.inventory(), host: &host };
    place.generation("one");
    let first = place.save("first");
    // Without network, spec and host.
    let shown = Command::new("unshare")
        .args(["-n", "--", env!("CARGO_BIN_EXE_infra"), "show"])
        .arg(place.folder.path().join("first"))
        .current_dir("/")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert_eq!(text(&shown.stdout), first, "{}", said(&shown));
    assert!(said(&shown).contains("by anna on "), "{}", said(&shown));

    // The first of all is applied once, even where the host is as it was before.
    place.apply(&["first"]);
    assert_eq!(host.check("cat /etc/saved/app.conf; systemctl is-active saved"), "one\nactive\n");
    place.is_refused(&["first"], &["first: it was applied before, and is so only once: 20", " by anna on "]);
    host.check(
        "systemctl disable --now saved; rm -r /etc/saved /etc/systemd/system/saved.service; systemctl daemon-reload",
    );
    place.is_refused(&["first"], &["it was applied before"]);
    place.save("again");
    place.apply(&["again"]);

    changed_by_hand(&place);
    changed_elsewhere(&place);
    approved(&place);
}

fn changed_by_hand(place: &Place<'_>) {
    let host = place.host;
    place.generation("two");
    place.save("plan");
    let file = "stale: app1/file:/etc/saved/app.conf: ";
    for (harm, mend, stale) in [
        (
            "chmod 0600 /etc/saved/app.conf",
            "chmod 0644 /etc/saved/app.conf",
            format!("{file}mode: planned \"0644\", found \"0600\""),
        ),
        (
            "chown nobody /etc/saved/app.conf",
            "chown root /etc/saved/app.conf",
            format!("{file}owner: planned \"root\", found \"nobody\""),
        ),
        (
            "echo by hand >/etc/saved/app.conf",
            "echo one >/etc/saved/app.conf",
            format!("{file}content: planned (1 line, 4 B), found (1 line, 8 B)"),
        ),
        (
            "mv /etc/saved/app.conf /root/",
            "mv /root/app.conf /etc/saved/",
            format!("{file}state: planned present, found absent"),
        ),
        // What it restarts is touched, too.
        ("systemctl stop saved", "systemctl start saved", "stale: app1/service:saved: ".into()),
    ] {
        host.check(harm);
        place.is_refused(&["plan"], &[&stale]);
        host.check(mend);
    }
    place.is_refused(
        &["plan", "--var", "generation=three"],
        &["stale: var `generation`: value: planned none given, found one"],
    );
}

fn changed_elsewhere(place: &Place<'_>) {
    let host = place.host;
    host.check("echo by hand >/etc/saved/other.conf; chmod 0700 /etc/systemd/system/saved.service");
    let started = host.check("systemctl show -P ActiveEnterTimestampMonotonic saved");
    let output = place.apply(&["plan", "--format", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let outcomes: Vec<_> = json["report"]["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["address"].as_str().unwrap(), one["outcome"].as_str().unwrap()))
        .collect();
    let expected = [
        ("app1/file:/etc/saved/app.conf", "applied"),
        ("app1/service:saved", "applied"),
        ("app1/check:there", "passed"),
    ];
    assert_eq!(outcomes, expected, "{json:#}");
    assert_eq!(host.check("cat /etc/saved/app.conf /etc/saved/other.conf"), "two\nby hand\n");
    assert_ne!(started, host.check("systemctl show -P ActiveEnterTimestampMonotonic saved"));
    place.is_refused(&["plan"], &["it was applied before"]);
}

fn approved(place: &Place<'_>) {
    let key = place.folder.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&key).status();
    assert!(made.unwrap().success());
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    place.write("allowed", &format!("ben@example.com {public}"));
    place.generation("three");
    place.save("plan");
    let approval = ["plan", "--require-approval", "allowed"];
    place.is_refused(&approval, &["plan: it needs the approval of 1, and has that of 0: nobody"]);
    let output = place.infra(&["approve", "plan", "--key", Path::new(&key).to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    let shown = said(&place.infra(&["show", "plan", "--allowed-signers", "allowed"]));
    assert!(shown.contains("Approved by ben@example.com (ED25519 SHA256:"), "{shown}");
    let output = place.apply(&approval);
    assert!(said(&output).contains("Approved by ben@example.com"), "{}", said(&output));
    assert_eq!(place.host.check("cat /etc/saved/app.conf"), "three\n");
    // Whoever asks the host later learns who it was.
    place.is_refused(&["plan"], &["it was applied before", "approved by ben@example.com (ED25519 SHA256:"]);
    assert!(place.host.check("cat /var/lib/infra/ledger/*").contains("approved by ben@example.com"));
}
