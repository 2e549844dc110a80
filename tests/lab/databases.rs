//! Databases on real servers, and what goes wrong with them: each mistake is a clear error that names its place, nothing is
//! lost, and the next run goes on. Thousands of rows cost a handful of statements.
//!
//! What goes wrong with migrations and dumps (mistakes in SQL, edited files, full disks, locks) is in `migrations.rs`.
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support;
use crate::support::infra::{Infra, Plan};
use crate::support::lab::{LabHost, text};
use crate::support::wait_until;

fn spec() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/databases")
}

#[track_caller]
fn assert_said(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
}

/// The plan has problems with these resources and no others.
#[track_caller]
fn assert_problems(plan: &Plan, expected: &[&str]) {
    assert!(!plan.success, "the plan has no problems\n{}", plan.said);
    let problems = plan.json["problems"].as_array().expect("a plan has problems");
    let local =
        |problem: &serde_json::Value| problem["address"].as_str().unwrap().split_once('/').unwrap().1.to_string();
    let found: BTreeSet<String> = problems.iter().map(local).collect();
    assert_eq!(found, expected.iter().map(ToString::to_string).collect(), "{}", plan.said);
}

#[test]
fn databases_live() {
    let host = LabHost::boot("databases", support::release());
    let infra = Infra::new(&spec(), &host.inventory());
    // Before there is a server, and before there are the accounts that the rest logs in with.
    infra.plan().assert_no_problems();
    infra.apply();
    infra.plan().assert_empty("after the first apply");
    assert_eq!(
        host.check("mysql -N shop -e 'SELECT * FROM sessions'").trim(),
        "NULL\tutf8mb4",
        "a session is left over"
    );

    what_is_wrong_in_a_spec_is_told_at_once(&infra);
    what_servers_refuse_is_told(&host, &infra);
    a_killed_client_loses_nothing(&host, &infra);
    a_server_without_tls_is_met_at_home_only(&host, &infra);
    many_rows_take_few_statements(&host);
    a_rotation_of_the_admin_is_finished(&host, &infra);
}

fn what_is_wrong_in_a_spec_is_told_at_once(infra: &Infra) {
    let output = infra.environment("mistakes").run("plan", &[]);
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert_said(&said, &["env/mistakes.yaml:2:22", "`engine` is one of mysql, postgresql, sqlite"]);
    assert_said(&said, &["env/mistakes.yaml:5:41", "row 2 lacks `name`, which is part of its key"]);
}

fn what_servers_refuse_is_told(host: &LabHost, infra: &Infra) {
    let plan = infra.environment("refused").plan();
    assert_problems(&plan, &["database:denied", "database:refused", "database:gone"]);
    assert_said(
        &plan.said,
        &["MySQL refuses `root` at 127.0.0.1, with the password of `admin`", "Access denied for user"],
    );
    assert_said(&plan.said, &["PostgreSQL refuses `postgres` at 127.0.0.1", "password authentication failed"]);
    assert!(!plan.said.contains("not-the-password"), "{}", plan.said);

    let plan = infra.environment("nowhere").plan();
    assert_problems(&plan, &["database_user:lost@localhost", "database_user:lost"]);
    assert_said(&plan.said, &["it has grants on the database `nowhere`, which is not there"]);

    let plan = infra.environment("column").plan();
    assert_problems(&plan, &["seed:settings", "seed:unknown table", "seed:too long", "seed:no number"]);
    assert_said(&plan.said, &["does not take these rows: ERROR 1406 (22001) Data too long for column 'name' at row 2"]);
    assert_said(&plan.said, &["row 2, column id: invalid input syntax for type integer"]);
    assert_said(&plan.said, &["the table `settings` has no column `valeu`; did you mean `value`?", "nothing"]);
    assert_eq!(host.check("mysql -N shop -e 'SELECT * FROM settings'"), "first\t1\n");

    // A server that is stopped is started by the plan, if that is asked for; and nothing else is to do.
    host.check("systemctl stop mariadb postgresql");
    let plan = infra.plan();
    plan.assert_no_problems();
    assert!(plan.names().contains("service:mariadb"), "{}", plan.said);
    let plan = infra.environment("stopped").plan();
    assert!(!plan.success, "{}", plan.said);
    assert_said(&plan.said, &["no MySQL server answers: ERROR 2002", "no PostgreSQL server answers"]);
    host.check("systemctl restart mariadb postgresql");
    wait_until("the servers answer", || {
        host.run("mysql -e 'SELECT 1' && cd / && runuser -u postgres -- psql -c 'SELECT 1'").status.success()
    });
    infra.plan().assert_empty("after the servers were stopped");
}

fn a_killed_client_loses_nothing(host: &LabHost, infra: &Infra) {
    // Take the third file back, so that it is pending.
    host.check("mysql shop -e 'DROP TABLE late; DELETE FROM schema_migrations WHERE name LIKE \"003%\"'");
    let slow = infra.option("--var").option("dir=slow").option("--target").option("migration:shop");
    let mut command = slow.command("apply");
    command.arg("--auto-approve").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("infra starts");
    let find = "mysql -N -e \"SELECT id FROM information_schema.PROCESSLIST WHERE info LIKE 'SELECT SLEEP%'\" | grep .";
    wait_until("the slow statement runs", || {
        assert!(child.try_wait().unwrap().is_none(), "apply ended before the slow statement ran");
        host.run(find).status.success()
    });
    host.check("pkill -KILL -x 'mysql|mariadb'");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert_said(&said, &["slow/mysql/003_late.sql:3: statement 3 of 4", "statements 1 to 2 are in place"]);
    host.check(&format!("{find} | while read id; do mysql -e \"KILL $id\"; done"));
    let plan = infra.plan();
    plan.assert_names(&["migration:shop".to_string()], "a client that was killed");
    assert_said(&plan.resource("migration:shop").to_string(), &["from statement 3 of 4, which was cut off"]);
    infra.apply();
    infra.plan().assert_empty("after it went on");
    assert_eq!(host.check("mysql -N shop -e 'SELECT id FROM late ORDER BY id'"), "1\n2\n");
}

/// The client of MariaDB 11.8 refuses such a server by itself, that of 10.11 takes it though it is told to encrypt.
fn a_server_without_tls_is_met_at_home_only(host: &LabHost, infra: &Infra) {
    host.check(
        "printf '[mariadbd]\nskip-ssl\nbind-address=0.0.0.0\n' >/etc/mysql/mariadb.conf.d/99-tls.cnf
        echo \"listen_addresses = '*'\" >>$(ls /etc/postgresql/*/main/postgresql.conf)
        echo 'host all all 0.0.0.0/0 scram-sha-256' >>$(ls /etc/postgresql/*/main/pg_hba.conf)
        sed -i 's/^ssl = on/ssl = off/' /etc/postgresql/*/main/postgresql.conf
        systemctl restart mariadb postgresql
        mariadb --skip-ssl -e \"CREATE USER far@'%' IDENTIFIED BY 'far'; GRANT ALL ON shop.* TO far@'%'\"
        cd / && runuser -u postgres -- psql -q -c \"CREATE ROLE far LOGIN SUPERUSER PASSWORD 'far'\"",
    );
    infra.plan().assert_empty("by socket and loopback");
    let there = format!("there={}", host.check("hostname -I | cut -d' ' -f1").trim());
    let plan = infra.environment("far").option("--var").option(&there).plan();
    assert_problems(&plan, &["seed:far by mysql", "seed:far by postgresql", "seed:encrypted by mysql"]);
    assert!(plan.names().contains("seed:plain by postgresql"), "{}", plan.said);
    assert_said(
        &plan.said,
        &["ERROR 2026 (HY000): TLS/SSL error: ", "does not support SSL, but SSL was required; let"],
    );
    assert_said(&plan.said, &["does not support it; let the server encrypt, or write `tls: { mode: plain }`"]);
    host.check("rm /etc/mysql/mariadb.conf.d/99-tls.cnf; systemctl restart mariadb");
}

const ROWS: usize = 10_000;

/// The spec with a seed of many rows for each engine; `changed` is the note of one row.
fn with_many_rows(folder: &Path, host: &LabHost, changed: &str) -> Infra {
    let mut seeds = String::from("seeds:\n");
    let admin = "admin: { user: boss, password: \"{{ secrets.admin }}\"";
    for (engine, database, admin) in [
        ("mysql", "shop", format!("{admin} }}")),
        ("postgresql", "stats", format!("{admin}, host: 127.0.0.1 }}")),
        ("sqlite", "/srv/app.db", String::new()),
    ] {
        let _ = writeln!(
            seeds,
            "  many of {engine}:\n    engine: {engine}\n    database: {database}\n    table: many\n    key: [id]\n    {admin}\n    rows:"
        );
        for id in 0..ROWS {
            let note = if id == ROWS / 2 { changed } else { "数据 🐘" };
            let _ = writeln!(seeds, "      - {{ id: {id}, name: row number {id}, note: {note} }}");
        }
    }
    let copied = Command::new("cp").arg("-a").arg(spec()).arg(folder.join("spec")).status().expect("cp starts");
    assert!(copied.success());
    std::fs::write(folder.join("spec/env/many.yaml"), seeds).unwrap();
    Infra::new(&folder.join("spec"), &host.inventory()).environment("many")
}

/// Statements of MySQL that reached its binary log after `position`, and with it replicas.
fn logged(host: &LabHost, position: u64) -> Vec<String> {
    let events = host.check(&format!("mysql -N --raw -e 'SHOW BINLOG EVENTS FROM {position}' | cut -f6"));
    events
        .lines()
        .filter(|line| line.contains("INTO") || line.contains("UPDATE") || line.contains("TABLE"))
        .map(String::from)
        .collect()
}

fn position(host: &LabHost) -> u64 {
    host.check("mysql -N -e 'SHOW MASTER STATUS' | cut -f2").trim().parse().expect("there is a binary log")
}

/// What the servers have been asked: SELECT, INSERT and UPDATE statements of MySQL, all statements of PostgreSQL, and rows
/// of its table that were inserted and updated.
fn counters(host: &LabHost) -> Vec<u64> {
    let said = host.check(
        "mysql -N -e \"SHOW GLOBAL STATUS WHERE Variable_name IN ('Com_select', 'Com_insert', 'Com_update')\" | sort | cut -f2
        cat /var/log/postgresql/*.log | grep -c 'statement: ' || :
        cd / && runuser -u postgres -- psql -X -q -A -t -F ' ' stats -c \
            \"SELECT n_tup_ins, n_tup_upd FROM pg_stat_user_tables WHERE relname = 'many'\" | tr ' ' '\\n'",
    );
    said.lines().map(|line| line.parse().unwrap_or_else(|_| panic!("no number: {said}"))).collect()
}

fn many_rows_take_few_statements(host: &LabHost) {
    host.check(
        "cd / && runuser -u postgres -- psql -q -c \"ALTER SYSTEM SET log_statement = 'all'\" -c 'SELECT pg_reload_conf()'",
    );
    // Its format is the default, so that statements are in it.
    host.check("printf '[mariadbd]\\nlog_bin\\n' >/etc/mysql/mariadb.conf.d/99-log.cnf && systemctl restart mariadb");
    let folder = tempfile::tempdir().unwrap();
    let before = counters(host);
    let infra = with_many_rows(folder.path(), host, "as it was");
    infra.apply();
    let applied = |counters: &[u64]| counters[4] - before[4] == ROWS as u64;
    wait_until("the rows are counted", || applied(&counters(host)));
    let made = counters(host);
    // A statement takes up to 256 KiB of values; it is looked three times.
    assert!(made[0] - before[0] <= 40, "INSERT statements: {before:?} {made:?}");

    let (file, start) = (host.check("sha256sum /srv/app.db"), position(host));
    infra.plan().assert_empty("after many rows were written");
    assert_eq!(logged(host, start), Vec::<String>::new(), "a plan writes");
    let looked = counters(host);
    let differences: Vec<u64> = looked.iter().zip(&made).map(|(after, before)| after - before).collect();
    let [inserts, selects, updates, statements, inserted, updated] = differences[..] else { panic!("{differences:?}") };
    assert_eq!((updates, inserted, updated), (0, 0, 0), "a plan writes");
    // Into temporary tables.
    assert!(inserts <= 10, "INSERT statements: {inserts}");
    // The whole spec is looked at: two databases, three accounts, migrations and four seeds; and this test looks itself.
    assert!(selects < 40 && statements < 60, "{selects} of MySQL, {statements} of PostgreSQL");

    // What is changed by hand is one statement, and no other row is written.
    host.check("mysql shop -e \"UPDATE many SET note = 'x' WHERE id = 7\"");
    host.check("sqlite3 /srv/app.db \"UPDATE many SET note = 'x' WHERE id = 7\"");
    let (before, start) = (counters(host), position(host));
    std::fs::remove_dir_all(folder.path().join("spec")).unwrap();
    let infra = with_many_rows(folder.path(), host, "as it is now");
    let plan = infra.plan();
    plan.assert_names(
        &["mysql", "postgresql", "sqlite"].map(|engine| format!("seed:many of {engine}")),
        "one row is another",
    );
    assert_said(
        &plan.resource("seed:many of mysql").to_string(),
        &["rows[id=7].note", "rows[id=5000].note", "as it is now"],
    );
    infra.apply();
    wait_until("the row is counted", || counters(host)[5] > before[5]);
    let after = counters(host);
    let logged = logged(host, start);
    assert!(logged.len() == 1 && logged[0].contains("UPDATE `many`"), "{logged:?}");
    assert_eq!((after[4] - before[4], after[5] - before[5]), (0, 1), "rows: {before:?} {after:?}");
    infra.plan().assert_empty("after a row was changed");
    assert_ne!(host.check("sha256sum /srv/app.db"), file);
    assert_eq!(host.check("mysql -N shop -e 'SELECT COUNT(*), COUNT(DISTINCT note) FROM many'"), "10000\t2\n");
}

fn a_rotation_of_the_admin_is_finished(host: &LabHost, infra: &Infra) {
    let kept = || host.check("sed -n 's/^ADMIN=//p' /root/credentials.txt").trim().to_string();
    let logs_in = |password: &str| {
        let of_mysql = format!("MYSQL_PWD={password} mysql -u boss -e 'SELECT 1'");
        let of_postgresql = format!("PGPASSWORD={password} psql -h 127.0.0.1 -U boss postgres -c 'SELECT 1'");
        [of_mysql, of_postgresql].map(|line| host.run(&line).status.success())
    };
    let old = kept();
    host.check("touch /run/gate");
    assert!(!infra.option("--rotate").option("admin").try_apply().success, "the gate was shut");
    let new = kept();
    assert_ne!(old, new);
    assert_eq!((logs_in(&old), logs_in(&new)), ([true, true], [false, false]));

    // The servers still know the password before: that is what the next run logs in with.
    host.check("rm /run/gate");
    let plan = infra.plan();
    plan.assert_no_problems();
    let names = plan.names();
    assert!(names.contains("database_user:boss@localhost") && names.contains("database_user:boss"), "{}", plan.said);
    let report = infra.apply();
    assert!(![&old, &new].iter().any(|value| report.said.contains(*value)), "{}", report.said);
    assert_eq!((logs_in(&old), logs_in(&new)), ([false, false], [true, true]));
    infra.plan().assert_empty("once the rotation is finished");
    assert_eq!(kept(), new);
    let holders = "grep -rlsaE '[QZ]{40}' /etc /opt /root /home /var /run /tmp | sort";
    assert_eq!(host.check(holders), "/root/credentials.txt\n");
}
