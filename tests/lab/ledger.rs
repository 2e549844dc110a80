//! What outlives a run: who owns what, what has left the spec, who has changed what, and what a killed run had done.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{LabHost, text};

/// A spec that tests write anew.
struct Spec {
    folder: TempDir,
    name: &'static str,
    infra: Infra,
}

impl Spec {
    fn new(name: &'static str, host: &LabHost) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let infra = Infra::new(folder.path(), &host.inventory());
        Self { folder, name, infra }
    }

    /// Writes its sections.
    fn is(&self, sections: &str) -> &Infra {
        let text = format!("infra: 1\nname: {}\nhosts: {{ app1: {{}} }}\n{sections}", self.name);
        fs::write(self.folder.path().join("infra.yaml"), text).unwrap();
        &self.infra
    }

    fn beside(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stderr), text(&output.stdout))
}

/// Runs `infra state VERB …` or another command that names no spec first.
fn command(spec: &Spec, host: &LabHost, words: &[&str]) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_infra"));
    command.args(words).arg("-i").arg(host.inventory()).env("NO_COLOR", "1").current_dir(spec.folder.path());
    command.output().unwrap()
}

fn cause<'a>(plan: &'a support::infra::Plan, local: &str) -> &'a Value {
    &plan.resource(local)["cause"]
}

#[test]
fn what_outlives_a_run() {
    let host = LabHost::boot("ledger", support::release());
    what_leaves_the_spec_goes(&host);
    drift_is_told_from_a_change_of_the_spec(&host);
    specs_leave_each_others_alone(&host);
    things_are_what_they_are_on_the_host(&host);
    other_names(&host);
    brakes(&host);
    all_of_a_spec_goes(&host);
    killed_runs(&host);
    what_a_killed_run_made_is_not_lost(&host);
    damaged_ledgers(&host);
}

fn what_leaves_the_spec_goes(host: &LabHost) {
    host.check("mkdir -m 0755 /srv/there && echo old >/etc/ledger-there && groupadd there");
    let spec = Spec::new("leaves", host);
    let rest = "directories: { /srv/own: {}, /srv/there: {} }
files:
  /etc/ledger-there: { content: \"new\\n\" }
  /srv/own/stays: { content: x }
symlinks: { /srv/own/link: { target: stays } }
groups: { there: {} }
";
    let leaving = "users: { leaves: { home: /home/leaves, create_home: true } }
crons: { leaves: { schedule: '@daily', command: 'true', user: leaves } }
units: { leaves.service: { content: \"[Service]\\nUser=leaves\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n\" } }
services: { leaves: { running: true, enabled: true } }
packages: [cron]
";
    spec.is(&format!("{rest}{leaving}")).apply();
    let owned = spec.infra.owned();
    assert_eq!(owned["group:there"], "found");
    assert_eq!(owned["directory:/srv/there"], "found");
    assert_eq!(owned["file:/etc/ledger-there"], "found");
    assert_eq!(owned["user:leaves"], "created");
    spec.infra.plan().assert_empty("after the first apply");

    // Not all goes together: a run about a part deletes nothing.
    let infra = spec.is(rest).option("--allow-data-loss").option("user:*");
    infra.option("--host").option("app1").plan().assert_empty("of a part");
    let plan = infra.plan();
    plan.assert_no_problems();
    let names = ["cron:leaves", "package:cron", "service:leaves", "unit:leaves.service", "user:leaves"];
    assert_eq!(plan.names(), names.map(String::from).into(), "{}", plan.said);
    assert_eq!(cause(&plan, "user:leaves"), "left-spec");
    infra.apply();
    host.check("! id leaves 2>/dev/null && ! ls /etc/systemd/system/leaves.service 2>/dev/null && ! pgrep -fx '/bin/sleep infinity'");
    infra.plan().assert_empty("once all that had left was gone");
    // What was there before is let go.
    let infra = spec
        .is("files: { /srv/own/stays: { content: x } }\ndirectories: { /srv/own: {} }\n")
        .option("--max-delete")
        .option("9");
    let report = infra.apply();
    let released = report.json["plan"]["released"].as_array().unwrap();
    assert_eq!(released.len(), 3, "{released:?}");
    host.check("test -d /srv/there && getent group there && grep -q new /etc/ledger-there && ! test -e /srv/own/link");
    infra.plan().assert_empty("once what was there before was let go");
    assert_eq!(spec.infra.owned().len(), 2);
}

fn drift_is_told_from_a_change_of_the_spec(host: &LabHost) {
    let spec = Spec::new("drift", host);
    let files = |content: &str| {
        format!("files: {{ /etc/ledger-a: {{ content: {content} }}, /etc/ledger-b: {{ content: b, mode: '0644' }} }}\n")
    };
    spec.is(&files("one")).apply();
    let only = |options: &[&str]| spec.infra.run("plan", &[&["--drift-only"][..], options].concat());
    assert_eq!(only(&[]).status.code(), Some(0));
    spec.is(&files("two"));
    assert_eq!(cause(&spec.infra.plan(), "file:/etc/ledger-a"), "spec");
    assert_eq!(only(&[]).status.code(), Some(0), "{}", said(&only(&[])));
    host.check("echo by hand >/etc/ledger-a && chmod 0600 /etc/ledger-b");
    let plan = spec.infra.plan();
    assert_eq!(
        (cause(&plan, "file:/etc/ledger-a"), cause(&plan, "file:/etc/ledger-b")),
        (&"both".into(), &"drift".into())
    );
    assert!(plan.said.contains("drift: it was changed on the host since the apply of 20"), "{}", plan.said);
    let output = only(&[]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    let accepted = |until: &str| {
        let entries = ["a", "b"].map(|name| {
            format!("- {{ address: 'file:/etc/ledger-{name}', reason: being looked at, until: {until} }}\n")
        });
        spec.beside("accepted.yaml", &entries.concat()).to_str().unwrap().to_string()
    };
    let output = only(&["--accepted-drift", &accepted("2999-12-31")]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("its drift is accepted until 2999-12-31: being looked at"), "{}", said(&output));
    let output = only(&["--accepted-drift", &accepted("2000-01-01")]);
    assert_eq!(output.status.code(), Some(4), "{}", said(&output));
    spec.infra.apply();
    assert_eq!(only(&[]).status.code(), Some(0));
}

fn specs_leave_each_others_alone(host: &LabHost) {
    let (one, other) = (Spec::new("one", host), Spec::new("other", host));
    let both = "files: { /etc/ledger-shared: { content: shared } }\n";
    one.is(both).apply();
    other.is(both).apply();
    let report = one.is("").apply();
    assert!(
        report.json["plan"]["released"][0]["why"]
            .as_str()
            .unwrap()
            .contains("file:/etc/ledger-shared of another spec, whose ledger is other@app1, has it, too")
    );
    host.check("test -e /etc/ledger-shared");
    // The other one found it there.
    other.is("").apply();
    host.check("test -e /etc/ledger-shared");
}

/// What one thing is on the host counts, not what specs call it.
fn things_are_what_they_are_on_the_host(host: &LabHost) {
    let (one, other) = (Spec::new("whole", host), Spec::new("parts", host));
    one.is("files: { /etc/ledger-x.json: { content: '{}' } }\ndirectories: { /srv/ours: {} }\n").apply();
    let parts = "settings: { /etc/ledger-x.json: { set: { a: 1 } } }\nfiles: { /srv/ours/theirs: { content: x } }\n";
    other.is(parts).apply();
    let report = one.is("").option("--max-delete").option("9").apply();
    let released = report.json["plan"]["released"].to_string();
    for words in ["setting:/etc/ledger-x.json of another spec", "file:/srv/ours/theirs of another spec"] {
        assert!(released.contains(words), "{words}: {released}");
    }
    host.check("grep -q a /etc/ledger-x.json && test -e /srv/ours/theirs");
    other.infra.plan().assert_empty("for who has a part of it");

    // A ledger that cannot be read may have anything.
    one.is("files: { /etc/ledger-y: { content: y } }\n").apply();
    let file = "/var/lib/infra/ledger/parts@app1";
    host.check(&format!("cp -p {file} /root/parts && truncate -s 60 {file}"));
    let plan = one.is("").option("--max-delete").option("9").plan();
    assert!(!plan.success && plan.said.contains("the ledger parts@app1 on the host cannot be read"), "{}", plan.said);
    host.check(&format!("cp -p /root/parts {file}"));
    one.infra.option("--max-delete").option("9").apply();
    host.check("! test -e /etc/ledger-y");

    // Of another kind now, and created by infra all the same.
    let rule = "root ALL=(ALL:ALL) ALL";
    one.is(&format!(
        "packages: [sudo]\nfiles: {{ /etc/sudoers.d/ours: {{ content: \"{rule}\\n\", mode: '0440' }} }}\n"
    ))
    .apply();
    let sudoers = format!("packages: [sudo]\nsudoers: {{ ours: {{ content: \"{rule}\\n\" }} }}\n");
    one.is(&sudoers).apply();
    assert_eq!(one.infra.owned()["sudoers:ours"], "created");
    one.is("packages: [sudo]\n").option("--max-delete").option("9").apply();
    host.check("! test -e /etc/sudoers.d/ours");
}

fn other_names(host: &LabHost) {
    let spec = Spec::new("moved", host);
    let cron =
        |name: &str| format!("crons: {{ {name}: {{ schedule: '@daily', command: 'true' }} }}\npackages: [cron]\n");
    spec.is(&cron("before")).apply();
    let infra = spec.is(&format!("{}moved: {{ 'cron:before': 'cron:after' }}\n", cron("after")));
    infra.apply();
    let owned = infra.owned();
    assert_eq!((owned.get("cron:before"), owned["cron:after"].as_str()), (None, "created"));
    infra.plan().assert_empty("under another name");
    let infra = spec.is("").option("--max-delete").option("9");
    infra.apply();
    host.check("! ls /etc/cron.d/infra-after 2>/dev/null");
}

fn brakes(host: &LabHost) {
    let spec = Spec::new("brakes", host);
    let files = |count: usize| -> String {
        let all = (0..count).map(|at| format!("  /etc/ledger-many-{at}: {{ content: x }}\n"));
        format!("files:\n{}", all.collect::<String>())
    };
    spec.is(&files(24)).apply();
    let refused = |sections: &str, words: &str| {
        let plan = spec.is(sections).plan();
        assert!(!plan.success && plan.said.contains(words), "{words}: {}", plan.said);
        assert!(!spec.infra.try_apply().success);
        host.check("test \"$(ls /etc/ledger-many-* | wc -l)\" = 24");
    };
    refused(&files(13), "11 resources that have left the spec would be deleted, and no more than 10 may");
    spec.is(&files(14)).plan().assert_no_problems();
    refused("", "24 resources that have left the spec");
    spec.is(&files(6)).option("--max-delete").option("18").apply();
    let plan = spec.is("").plan();
    assert!(plan.said.contains("app1 would lose 6 of the 6 resources that this spec has there"), "{}", plan.said);
    spec.infra.option("--max-delete").option("6").apply();
    host.check("! ls /etc/ledger-many-* 2>/dev/null");

    let kept = "files:
  /etc/ledger-protected: { content: x, lifecycle: { prevent_destroy: true } }
  /etc/ledger-asked: { content: x, lifecycle: { prune: confirm } }
  /etc/ledger-kept: { content: x, lifecycle: { prune: keep } }
  /etc/ledger-plain: { content: x }
";
    spec.is(kept).apply();
    let infra = spec.is("files: { /etc/ledger-plain: { content: x } }\n").option("--max-delete").option("9");
    let plan = infra.plan();
    assert!(plan.said.contains("prevent_destroy"), "{}", plan.said);
    assert!(plan.said.contains("say --confirm 'app1/file:/etc/ledger-asked'"), "{}", plan.said);
    let forgotten = command(&spec, host, &["state", "forget", "app1/file:/etc/ledger-protected"]);
    assert!(forgotten.status.success(), "{}", said(&forgotten));
    let again = command(&spec, host, &["state", "forget", "app1/file:/etc/ledger-protected"]);
    assert_eq!(again.status.code(), Some(64), "{}", said(&again));
    infra.option("--confirm").option("file:/etc/ledger-asked").apply();
    host.check("ls /etc/ledger-protected /etc/ledger-kept /etc/ledger-plain && ! ls /etc/ledger-asked 2>/dev/null");
    infra.plan().assert_empty("after what was confirmed");
}

fn all_of_a_spec_goes(host: &LabHost) {
    let spec = Spec::new("destroyed", host);
    host.check("echo there >/etc/ledger-found");
    let sections = "directories: { /srv/all: {} }
files: { /srv/all/a: { content: a }, /srv/all/b: { content: b }, /etc/ledger-found: { content: mine } }
secrets: { key: { generate: { length: 20 }, keep: { path: /etc/ledger-secret, key: KEY } } }
";
    let infra = spec.is(sections);
    infra.apply();
    let refused = infra.run("destroy", &["--auto-approve"]);
    assert_eq!(refused.status.code(), Some(1), "{}", said(&refused));
    assert!(said(&refused).contains("say --allow-data-loss 'app1/secret:key'"), "{}", said(&refused));
    host.check("grep -q KEY /etc/ledger-secret && test -e /srv/all/a");
    let gone = infra.run("destroy", &["--auto-approve", "--allow-data-loss", "secret:key"]);
    assert!(gone.status.success(), "{}", said(&gone));
    host.check("! test -e /srv/all && ! grep -qs KEY /etc/ledger-secret && grep -q mine /etc/ledger-found");
    assert!(infra.owned().is_empty());
    let again = infra.run("destroy", &["--auto-approve"]);
    assert!(again.status.success(), "{}", said(&again));
}

fn killed_runs(host: &LabHost) {
    let spec = Spec::new("killed", host);
    let sections = "files: { /etc/ledger-first: { content: x } }
commands: { slow: { run: 'sleep 3; touch /run/ledger-slow', creates: /run/ledger-slow, depends_on: ['file:/etc/ledger-first'] } }
directories: { /srv/last: { depends_on: ['command:slow'] } }
";
    let infra = spec.is(sections).variable("USER", "anna");
    infra.apply_cut_in(host, 2, Duration::from_millis(500));
    host.check("test -e /etc/ledger-first && ! test -e /srv/last");
    assert_eq!(infra.owned()["file:/etc/ledger-first"], "created");
    host.check("! test -e /var/lib/infra/ledger/killed@app1");
    let listed = command(&spec, host, &["state", "list"]);
    for words in ["a run of anna on ", "create file:/etc/ledger-first: done", "run command:slow: "] {
        assert!(said(&listed).contains(words), "{words}: {}", said(&listed));
    }
    let plan = infra.plan();
    assert!(plan.said.contains("did not come to its end"), "{}", plan.said);
    // What it had noted may be cut off anywhere: no plan fails by that.
    host.check("cp /var/lib/infra/journal/killed@app1 /root/journal");
    let size: usize = host.check("stat -c %s /root/journal").trim().parse().unwrap();
    for cut in (0..size).step_by(size / 12) {
        host.check(&format!("head -c {cut} /root/journal >/var/lib/infra/journal/killed@app1"));
        infra.plan().assert_no_problems();
    }
    host.check("cp /root/journal /var/lib/infra/journal/killed@app1");
    infra.apply();
    let owned = infra.owned();
    assert_eq!(owned["file:/etc/ledger-first"], "created", "made by the run that was cut off");
    assert_eq!(owned["directory:/srv/last"], "created");
    let plan = infra.plan();
    plan.assert_empty("after a run that was cut off and one that finished it");
    assert!(!plan.said.contains("did not come to its end"), "{}", plan.said);
    let past = command(&spec, host, &["history", "app1", "--format", "json"]);
    let past: Value = serde_json::from_slice(&past.stdout).unwrap();
    let of_spec: Vec<&Value> = past["runs"].as_array().unwrap().iter().filter(|run| run["spec"] == "killed").collect();
    let outcomes: Vec<&str> = of_spec.iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["interrupted", "done"], "{past:#}");
    let shown = command(&spec, host, &["state", "show", "app1/directory:/srv/last"]);
    for words in ["created by infra", "in the spec   yes", "by            anna on "] {
        assert!(said(&shown).contains(words), "{words}: {}", said(&shown));
    }
}

/// What a run was creating is the spec's, whatever comes after it.
fn what_a_killed_run_made_is_not_lost(host: &LabHost) {
    let spec = Spec::new("cut", host);
    let slow = "commands: { slow: { run: 'sleep 3; touch /run/ledger-cut', creates: /run/ledger-cut, depends_on: ['file:/etc/ledger-cut'] } }\n";
    let cut = |sections: &str| {
        host.check("rm -f /run/ledger-cut");
        spec.is(&format!("{sections}{slow}")).apply_cut_in(host, 2, Duration::from_millis(500));
    };
    let made = "files: { /etc/ledger-cut: { content: one } }\nblocks: { cut: { path: /etc/ledger-block, content: x, create: true } }\n";
    cut(made);
    // It leaves the spec before a run has ended.
    let infra = spec.is("").option("--max-delete").option("9");
    assert!(infra.plan().names().contains("file:/etc/ledger-cut"));
    infra.apply();
    host.check("! test -e /etc/ledger-cut && ! grep -qs x /etc/ledger-block");
    // All of it is to go.
    cut(made);
    let gone = spec.infra.run("destroy", &["--auto-approve"]);
    assert!(gone.status.success(), "{}", said(&gone));
    host.check("! test -e /etc/ledger-cut && ! grep -qs x /etc/ledger-block");
    // A run about something else ends well.
    cut(made);
    host.check("touch /run/ledger-cut");
    spec.is(&format!("{made}directories: {{ /srv/cut: {{}} }}\n"))
        .option("--target")
        .option("directory:/srv/cut")
        .apply();
    let owned = spec.infra.owned();
    assert_eq!((owned["file:/etc/ledger-cut"].as_str(), owned["block:cut"].as_str()), ("created", "created"));
    // What it has changed was nobody else.
    spec.infra.apply();
    cut(&made.replace("one", "two"));
    spec.is(made);
    assert_eq!(spec.infra.run("plan", &["--drift-only"]).status.code(), Some(0));
}

fn damaged_ledgers(host: &LabHost) {
    let spec = Spec::new("damaged", host);
    let infra = spec.is("files: { /etc/ledger-damaged: { content: x } }\n");
    infra.apply();
    let file = "/var/lib/infra/ledger/damaged@app1";
    host.check(&format!("cp -p {file} /root/ledger"));
    let size: usize = host.check("stat -c %s /root/ledger").trim().parse().unwrap();
    for cut in (0..size).step_by(size / 10) {
        host.check(&format!("head -c {cut} /root/ledger >{file}"));
        let plan = infra.plan();
        assert!(!plan.success && plan.said.contains("it is damaged: "), "{cut}: {}", plan.said);
        assert!(plan.said.contains(&format!("mv {file} {file}.old")), "{}", plan.said);
        assert!(!infra.try_apply().success);
    }
    host.check(&format!("sed 's/^\\(infra-ledger.\\)1/\\12/' /root/ledger >{file}"));
    let plan = infra.plan();
    assert!(plan.said.contains("a newer infra wrote it (version 2"), "{}", plan.said);
    host.check(&format!("cp -p /root/ledger {file}"));
    infra.plan().assert_empty("with its ledger again");
    assert!(Path::new(file).is_absolute());
}
