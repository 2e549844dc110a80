//! Secrets get new values: everything that holds one follows, whatever comes in between, and the old ones are nowhere.

use std::path::Path;
use std::process::{Output, Stdio};

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{DATABASES, LabHost, text};
use crate::support::wait_until;
use infra::lab::Account;

/// The two hosts: the application's and the database's.
struct Hosts {
    app: LabHost,
    db: LabHost,
}

impl Hosts {
    fn boot(test: &str) -> (Self, Infra) {
        let mut hosts = LabHost::boot_all(test, support::release(), &["app1", "db1"]);
        let (db, app) = (hosts.pop().unwrap(), hosts.pop().unwrap());
        let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rotation");
        let infra = Infra::new(&spec, &app.inventory());
        (Self { app, db }, infra)
    }

    fn db_password(&self) -> String {
        self.db.check("sed -n 's/^DB=//p' /etc/rotation/credentials").trim().to_string()
    }

    fn jwt(&self) -> String {
        let text = self.app.check("cat /etc/rotation/secrets.json");
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["jwt"]["secret"].as_str().unwrap().to_string()
    }

    /// Returns the files of both hosts that hold a text, in capitals too, and what remembers an interrupted rotation.
    fn holders(&self, value: &str) -> String {
        let search =
            "grep -rlFi -f /dev/stdin /etc /root /home /opt /run /tmp /var/lib/infra /var/log 2>/dev/null || :";
        let of = |host: &LabHost| {
            let mut child = host
                .ssh(Account::Root)
                .arg(search)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("ssh starts");
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), value.as_bytes()).unwrap();
            text(&child.wait_with_output().unwrap().stdout)
        };
        let mut files: Vec<String> =
            [of(&self.app), of(&self.db)].iter().flat_map(|all| all.lines()).map(String::from).collect();
        files.sort();
        files.join(" ")
    }

    fn notes(&self) -> String {
        [&self.app, &self.db].map(|host| host.check("ls -A /var/lib/infra/rotating 2>/dev/null || :")).concat()
    }

    /// The account and the service have the password that is kept.
    #[track_caller]
    fn assert_in_use(&self, password: &str) {
        let hash = self.db.check("cat /opt/rotation-login");
        assert_eq!(self.app.check("cat /run/rotation-read"), hash, "the service read another password");
        let kept = self.db.check("sed -n 's/^DB=//p' /etc/rotation/credentials | tr -d '\\n' | sha256sum");
        assert_eq!(kept, hash);
        assert_eq!(self.db_password(), password);
    }
}

#[track_caller]
fn assert_silent(values: &[&str], output: &Output) {
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    for value in values {
        assert!(!said.to_lowercase().contains(&value.to_lowercase()), "a secret is shown:\n{said}");
    }
}

const USES_DB: [&str; 5] = [
    "file:/etc/rotation/app.env",
    "file:/etc/rotation/db.conf",
    "file:/root/flowclip_credentials.txt",
    "file:/home/flowclip/credentials.txt",
    "command:alter",
];

#[test]
fn a_new_value_reaches_everything_that_holds_it() {
    let (hosts, infra) = Hosts::boot("rotation");
    // Complete though nothing is there: what is not made yet is known after apply, on the other host too.
    let plan = infra.plan();
    plan.assert_no_problems();
    for name in USES_DB {
        let unknown = &plan.resource(name)["after_unknown"];
        assert!(unknown.as_array().is_some_and(|all| !all.is_empty()), "{name}: {}", plan.said);
    }
    infra.apply();
    infra.plan().assert_empty("after the first apply");
    let (first, first_jwt) = (hosts.db_password(), hosts.jwt());
    hosts.assert_in_use(&first);
    assert_eq!((first.len(), first_jwt.len()), (32, 64));
    assert_eq!(
        hosts.app.check(
            "stat -c '%a %U' /etc/rotation/secrets.json /root/flowclip_credentials.txt /home/flowclip/credentials.txt"
        ),
        "600 root\n600 root\n600 flowclip\n"
    );
    assert_eq!(hosts.app.check("head -1 /home/flowclip/credentials.txt"), format!("db: {first}\n"));

    // The plan shows the whole rotation and no value.
    let plan = infra.option("--rotate").option("db").plan();
    let mut expected: Vec<String> = USES_DB.iter().map(ToString::to_string).collect();
    expected.extend(["secret:db".into(), "service:rotation".into()]);
    plan.assert_names(&expected, "a rotation");
    let secret = plan.resource("secret:db");
    assert_eq!((&secret["action"], &secret["after_unknown"]), (&"update".into(), &serde_json::json!(["value"])));
    assert!(!plan.said.contains(&first), "{}", plan.said);
    assert_eq!(hosts.db_password(), first, "a plan changes nothing");

    let output = infra.run("apply", &["--auto-approve", "--rotate", "db"]);
    let second = hosts.db_password();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_silent(&[&first, &second, &first_jwt], &output);
    assert_ne!(first, second);
    assert_eq!(hosts.jwt(), first_jwt, "others stay");
    hosts.assert_in_use(&second);
    assert_eq!(hosts.holders(&first), "", "the old password is still in these");
    assert_eq!(hosts.notes(), "");
    infra.plan().assert_empty("after a rotation");

    // In a JSON file, what is beside it stays as it is.
    hosts.app.check("sed -i 's/^{/{ \"port\" : 1,/' /etc/rotation/secrets.json");
    infra.option("--rotate").option("jwt").apply();
    assert_ne!(hosts.jwt(), first_jwt);
    assert_eq!(hosts.app.check("head -1 /etc/rotation/secrets.json"), "{ \"port\" : 1,\n");
    assert_eq!(hosts.holders(&first_jwt), "");
    infra.plan().assert_empty("after the rotation of the other");
}

#[test]
fn a_rotation_that_was_interrupted_is_finished_by_the_next_run() {
    let (hosts, infra) = Hosts::boot("rotation-interrupted");
    infra.apply();
    let (first, first_jwt) = (hosts.db_password(), hosts.jwt());
    hosts.db.check("rm /run/rotation-begun");

    let slow = infra.option("--var").option("seconds=300");
    let mut command = slow.command("apply");
    command.args(["--auto-approve", "--rotate", "db", "--rotate", "jwt"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("infra starts");
    wait_until("the account is being changed", || {
        assert!(child.try_wait().unwrap().is_none(), "apply ended before the account was changed");
        hosts.db.run("test -e /run/rotation-begun").status.success()
    });
    hosts.db.kill_connections();
    hosts.app.kill_connections();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    let (second, second_jwt) = (hosts.db_password(), hosts.jwt());
    assert_silent(&[&first, &second, &first_jwt, &second_jwt], &output);
    assert!(first != second && first_jwt != second_jwt);
    assert_eq!(hosts.notes().lines().count(), 2, "what was replaced is noted: {}", hosts.notes());
    assert_eq!(hosts.db.check("stat -c %a /var/lib/infra/rotating /var/lib/infra/rotating/*"), "700\n600\n");

    // The next plan is not empty, and says why; it makes no new values, whether asked again or not.
    wait_until("the host ends what it was running", || !hosts.db.run("pgrep -f '^sleep 300$'").status.success());
    let plan = infra.plan();
    plan.assert_no_problems();
    let secret = plan.resource("secret:db");
    assert_eq!(secret["action"], "update", "{}", plan.said);
    assert!(secret["reasons"].to_string().contains("rotation"), "{}", plan.said);
    assert!(plan.names().contains("command:alter") && plan.names().contains("service:rotation"), "{}", plan.said);
    assert!(![&first, &second].iter().any(|value| plan.said.contains(*value)), "{}", plan.said);
    let again = infra.option("--rotate").option("db").plan();
    assert_eq!(again.names(), plan.names(), "the same command goes on with what was begun");

    // A part of it does not end it.
    let part = infra.option("--host").option("app1").plan();
    assert!(part.json["notes"].to_string().contains("stays unfinished"), "{}", part.said);

    let report = infra.apply();
    assert!(report.outcomes("applied").contains("secret:db"), "{}", report.said);
    assert_eq!((hosts.db_password(), hosts.jwt()), (second.clone(), second_jwt));
    hosts.assert_in_use(&second);
    for old in [&first, &first_jwt] {
        assert_eq!(hosts.holders(old), "", "an old value is still in these");
    }
    assert_eq!(hosts.notes(), "");
    infra.plan().assert_empty("once the rotation is finished");
}

/// The files that may hold values of the spec with a real server.
const PLACES: &str = "/opt/shop/my.cnf\n/root/credentials.txt\n";

#[test]
fn the_accounts_of_a_server_get_the_new_password_and_nobody_sees_it() {
    let host = LabHost::boot_having("rotation-server", support::release(), DATABASES);
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rotation-server");
    let infra = Infra::new(&spec, &host.inventory());
    infra.apply();
    infra.plan().assert_empty("after the first apply");
    let value = |key: &str| host.check(&format!("sed -n 's/^{key}=//p' /root/credentials.txt")).trim().to_string();
    let (old_app, old_root) = (value("APP"), value("ROOT"));
    host.check("cp /opt/shop/my.cnf /root/old.cnf");

    // What watches must not find itself.
    let watch = "while :; do grep -lsaE '[QZ]{30}' /proc/[0-9]*/cmdline; sleep 0.02; done";
    let watcher = host.ssh(Account::Root).arg(watch).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut watcher = watcher.expect("ssh starts");
    let output = infra.run("apply", &["--auto-approve", "--rotate", "app", "--rotate", "root"]);
    watcher.kill().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_silent(&[&old_app, &old_root, &value("APP"), &value("ROOT")], &output);
    assert_eq!(text(&watcher.wait_with_output().unwrap().stdout), "", "passwords were in these argument lists");
    assert!(value("APP") != old_app && value("ROOT") != old_root);

    // The new one is let in, the old one is not, and it is in no history, log or file.
    host.check("mysql --defaults-file=/opt/shop/my.cnf shop -e 'SELECT 1'");
    let refused = host.run("mysql --defaults-file=/root/old.cnf shop -e 'SELECT 1'");
    assert!(text(&refused.stderr).contains("Access denied"), "{}", text(&refused.stderr));
    host.check("rm /root/old.cnf; mysql -e 'SELECT 1'");
    let holders = "grep -rlsaE '[QZ]{30}' /etc /opt /root /home /var /run /tmp | sort";
    assert_eq!(host.check(holders), PLACES);
    assert_eq!(host.check("stat -c %a /opt/shop/my.cnf /root/credentials.txt"), "600\n600\n");
    infra.plan().assert_empty("after the rotation");
}
