//! Migrations and backups on real servers: applied, broken, cut off, taken up again; dumped, lost, brought back.
//!
//! The spec is in `tests/data/migrations`; `dir` says which folder of files it has.
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{DATABASES, LabHost, NODE, text};
use crate::support::wait_until;

const ALL: [&str; 3] = ["migration:shop", "migration:stats", "migration:app"];
const BACKUPS: [&str; 5] = ["backup:shop", "backup:stats", "backup:app", "backup:files", "backup:cache"];
/// Talks to Redis as whoever knows its password.
const REDIS: &str = "REDISCLI_AUTH=$(cat /root/redis-password) redis-cli --no-auth-warning";

fn spec() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/migrations")
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| (*name).to_string()).collect()
}

/// The spec with another folder of files.
fn with(infra: &Infra, dir: &str) -> Infra {
    infra.option("--var").option(&format!("dir={dir}"))
}

#[track_caller]
fn assert_said(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
}

/// Asks each engine the same.
fn sql(host: &LabHost, statement: &str) -> [String; 3] {
    let quoted = statement.replace('\'', "'\\''");
    [
        host.check(&format!("mysql --default-character-set=utf8mb4 -N shop -e '{quoted}' | tr '\\t' '|'")),
        host.check(&format!("cd /; runuser -u postgres -- psql -X -q -A -t stats -c '{quoted}'")),
        host.check(&format!("sqlite3 /srv/app.db '{quoted}'")),
    ]
}

#[test]
fn migrations_and_backups_live() {
    let host = LabHost::boot_having("migrations", support::release(), DATABASES);
    let infra = Infra::new(&spec(), &host.inventory());
    infra.plan().assert_no_problems();
    infra.apply();
    infra.plan().assert_empty("after the first apply");
    for rows in sql(&host, "SELECT id, text FROM items ORDER BY id") {
        assert_eq!(rows, "1|a;b\n2|it's '数据' 🐘\n");
    }
    what_was_edited_is_refused(&infra);
    a_mistake_is_named_and_mended(&host, &infra);
    let infra = with(&infra, "mended");
    what_is_lost_is_brought_back(&host, &infra);
    a_full_disk_loses_nothing(&host, &infra);
    what_is_cut_off_goes_on(&host, &infra);
}

/// Quotes, backslashes, what begins like an option, and what looks like a connection string.
#[test]
fn odd_names_are_names() {
    let host = LabHost::boot_having("odd-names", support::release(), DATABASES);
    let infra = Infra::new(&spec().with_file_name("odd-names"), &host.inventory());
    infra.plan().assert_no_problems();
    infra.apply();
    infra.plan().assert_empty("after databases with odd names");
    let rows = |statement: &str| {
        [
            host.check(&format!("mysql -N --database=\"$(cat /root/mysql)\" -e '{statement}'")),
            host.check(&format!(
                "PGDATABASE=$(cat /root/postgresql); export PGDATABASE; cd /; runuser -u postgres -- psql -X -q -A -t -c '{statement}'"
            )),
        ]
    };
    for backup in ["backup:mysql", "backup:postgresql"] {
        assert_said(&must(&infra, &["backup", backup]), &["made /var/backups/"]);
    }
    rows("INSERT INTO kept VALUES (2)");
    for backup in ["backup:mysql", "backup:postgresql"] {
        assert_said(&must(&infra, &["restore", backup, "-y"]), &["restored"]);
    }
    for found in rows("SELECT id FROM kept ORDER BY id") {
        assert_eq!(found, "1\n");
    }
    infra.plan().assert_empty("after databases with odd names were restored");
}

fn what_was_edited_is_refused(infra: &Infra) {
    let plan = with(infra, "edited").plan();
    plan.assert_refused(&names(&ALL), "an applied file is edited");
    assert_said(&plan.said, &["001_items.sql was edited after it was applied", "sha256"]);
    assert!(!with(infra, "edited").try_apply().success, "an edited file is applied");
}

fn a_mistake_is_named_and_mended(host: &LabHost, infra: &Infra) {
    let broken = with(infra, "broken");
    let report = broken.try_apply();
    assert!(!report.success, "{}", report.said);
    assert_eq!(report.outcomes("failed"), names(&ALL).into_iter().collect(), "{}", report.said);
    // The place, the statement's first line, and what the servers say.
    assert_said(&report.said, &["003_extra.sql:5: statement 3 of 4", "INSRT INTO extra", "ERROR 1064 (42000)"]);
    assert_said(&report.said, &["syntax error at or near", "near \\\"INSRT\\\": syntax error"]);
    assert_said(&report.said, &["statements 1 to 2 are in place", "nothing of the file is in place"]);
    let plan = with(infra, "mended").plan();
    plan.assert_names(&names(&ALL), "a file that failed");
    assert_said(&plan.resource("migration:shop").to_string(), &["from statement 3 of 4"]);
    assert_said(&plan.resource("migration:stats").to_string(), &["4 statements"]);
    with(infra, "mended").apply();
    with(infra, "mended").plan().assert_empty("after the file was mended");
    for rows in sql(host, "SELECT id FROM extra ORDER BY id") {
        assert_eq!(rows, "1\n2\n3\n");
    }
}

/// What the data are, in a form that can be compared.
fn data(host: &LabHost) -> Vec<String> {
    let mut data = sql(host, "SELECT id, text FROM items ORDER BY id").to_vec();
    data.extend(sql(host, "SELECT id FROM extra ORDER BY id"));
    data.push(host.check("mysql shop -N -e \"SHOW TRIGGERS\" | cut -f1; mysql shop -N -e \"CALL count_items()\""));
    data.push(host.check(&format!("{REDIS} MGET visits later")));
    data.push(host.check("cd /srv/files && find . | sort && cat a/b && stat -c '%U %a' a/b"));
    data
}

/// Runs a command that names a resource before the spec.
fn run(infra: &Infra, words: &[&str]) -> (bool, String) {
    let usual = infra.command(words[0]);
    let mut command = Command::new(usual.get_program());
    let mut arguments = usual.get_args();
    command.args(arguments.next()).arg(words[1]).args(arguments).args(&words[2..]).env("NO_COLOR", "1");
    let output = command.stdin(Stdio::null()).output().expect("infra starts");
    (output.status.success(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

#[track_caller]
fn must(infra: &Infra, words: &[&str]) -> String {
    let (success, said) = run(infra, words);
    assert!(success, "{words:?} failed\n{said}");
    said
}

fn what_is_lost_is_brought_back(host: &LabHost, infra: &Infra) {
    host.check(
        "mkdir -p /srv/files/a && echo 1 > /srv/files/a/b && chown daemon /srv/files/a/b && chmod 640 /srv/files/a/b",
    );
    host.check(&format!("{REDIS} SET visits 7"));
    let before = data(host);
    for backup in BACKUPS {
        assert_said(&must(infra, &["backup", backup]), &["made /var/backups/"]);
    }
    // As the timer does it.
    host.check("systemctl start infra-backup-shop.service && systemctl is-enabled infra-backup-shop.timer");
    sql(host, "DROP TABLE extra");
    sql(host, "CREATE TABLE later (id int)");
    host.check(&format!("rm -r /srv/files/a; {REDIS} MSET visits 8 later 1"));
    let (success, said) = run(infra, &["restore", "backup:shop"]);
    assert!(!success);
    assert_said(&said, &["there is no terminal to ask at"]);
    let (success, said) = run(infra, &["restore", "backup:shop", "-y", "--backup", "shop-of-yesterday"]);
    assert!(!success);
    assert_said(&said, &["has no backup shop-of-yesterday"]);
    for backup in BACKUPS {
        let listed = must(infra, &["restore", backup, "--list"]);
        let newest = listed.lines().next().unwrap().split(' ').next().unwrap().to_string();
        assert!(newest.starts_with(&backup["backup:".len()..]), "{listed}");
        let said = must(infra, &["restore", backup, "-y", "--backup", &newest]);
        assert_said(&said, &["restored"]);
        let kept = must(infra, &["restore", backup, "--list"]).contains("-before-restore.");
        assert!(kept || backup == "backup:files", "what was there before is not kept");
    }
    assert_eq!(data(host), before);
    for rows in [host.run("mysql shop -e 'SELECT * FROM later'"), host.run("sqlite3 /srv/app.db 'SELECT * FROM later'")]
    {
        assert!(!rows.status.success(), "what came after the backup is still there");
    }
    infra.plan().assert_empty("after everything was restored");
    // What is damaged is not restored, and changes nothing.
    let listed = must(infra, &["restore", "backup:stats", "--list"]);
    let newest = listed.lines().next().unwrap().split(' ').next().unwrap();
    host.check(&format!("truncate -s -20 /var/backups/stats/{newest}"));
    let (success, said) = run(infra, &["restore", "backup:stats", "-y", "--backup", newest]);
    assert!(!success, "{said}");
    assert_said(&said, &["is not whole; nothing was changed"]);
    host.check(&format!("rm /var/backups/stats/{newest}"));
    assert_eq!(data(host), before);
}

fn a_full_disk_loses_nothing(host: &LabHost, infra: &Infra) {
    host.check("mount -t tmpfs -o size=128k none /var/backups/shop");
    must(infra, &["backup", "backup:shop"]);
    let files = host.check("ls /var/backups/shop");
    assert_eq!(files.lines().count(), 1, "{files}");
    host.check("mysql shop -e 'CREATE TABLE noise AS SELECT SHA2(seq, 512) AS x FROM seq_1_to_4000'");
    let (success, said) = run(infra, &["backup", "backup:shop"]);
    assert!(!success, "{said}");
    assert_said(&said, &["No space left on device", "cannot write to /var/backups/shop"]);
    assert!(!host.run("systemctl start infra-backup-shop.service").status.success());
    let report = with(infra, "quick").option("--target").option("migration:shop").try_apply();
    assert!(!report.success, "{}", report.said);
    assert_said(
        &report.said,
        &["no backup, so nothing was migrated: cannot write to /var/backups/shop: ", "No space left on device"],
    );
    assert_eq!(host.check("ls -A /var/backups/shop | grep -v lock"), files, "something is left of what failed");
    assert_eq!(host.check("mysql shop -N -e 'SHOW TABLES LIKE \"late\"'"), "");
    host.check("mount -o remount,ro /var/backups/shop");
    let (success, said) = run(infra, &["backup", "backup:shop"]);
    assert!(!success && said.contains("Read-only file system"), "{said}");
    host.check("umount /var/backups/shop && mysql shop -e 'DROP TABLE noise' && systemctl reset-failed");
    infra.plan().assert_empty("after the disk was full");
}

/// Starts an apply of slow migrations and waits until they are in the middle.
fn start(host: &LabHost, infra: &Infra, running: &str) -> Child {
    let mut command = infra.command("apply");
    command.arg("--auto-approve").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("infra starts");
    wait_until("the slow statement runs", || {
        assert!(child.try_wait().unwrap().is_none(), "apply ended before the slow statement ran");
        host.run(running).status.success()
    });
    child
}

fn what_is_cut_off_goes_on(host: &LabHost, infra: &Infra) {
    let find = "mysql -N -e \"SELECT id FROM information_schema.PROCESSLIST WHERE info LIKE 'SELECT SLEEP%'\" | grep .";
    let shop = |dir: &str| with(infra, dir).option("--target").option("migration:shop");
    let child = start(host, &shop("slow"), find);
    // A second one on the host is refused. One on another host with the same server, which has a lock of its own, waits for that of the
    // migrations, and not for ever.
    let report = shop("slow").try_apply();
    assert!(!report.success);
    assert_said(&report.said, &["another run is changing it"]);
    host.check("rm /var/lib/infra/lock");
    let report = shop("slow").try_apply();
    assert!(!report.success);
    assert_said(&report.said, &["another run holds the lock"]);
    host.check(&format!("mysql -e \"KILL $({find})\""));
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_said(&text(&output.stdout), &["004_late.sql:3: statement 3 of 4", "SELECT SLEEP(600)"]);
    let plan = shop("quick").plan();
    plan.assert_names(&names(&["migration:shop"]), "a migration that was cut off");
    assert_said(&plan.resource("migration:shop").to_string(), &["from statement 3 of 4, which was cut off"]);
    shop("quick").apply();
    shop("quick").plan().assert_empty("after it went on");
    assert_eq!(host.check("mysql -N shop -e 'SELECT id FROM late ORDER BY id'"), "1\n2\n");

    // The whole host of a run of PostgreSQL's is gone at once: infra itself is killed.
    let psql = "cd /; runuser -u postgres -- psql -X -q -A -t";
    let find =
        format!("{psql} -c \"SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%'\" | grep .");
    let stats = |dir: &str| with(infra, dir).option("--target").option("migration:stats");
    let mut child = start(host, &stats("slow"), &find);
    host.check("rm /var/lib/infra/lock");
    let report = stats("slow").try_apply();
    assert!(!report.success);
    assert_said(&report.said, &["another run holds the lock"]);
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("the host ends what it was running", || !host.run("pgrep -x psql").status.success());
    host.check(&format!("{find} | while read pid; do {psql} -c \"SELECT pg_terminate_backend($pid)\"; done; true"));
    let plan = stats("quick").plan();
    assert_said(&plan.resource("migration:stats").to_string(), &["\"4 statements\""]);
    stats("quick").apply();
    stats("quick").plan().assert_empty("after a kill");
    assert_eq!(host.check(&format!("{psql} stats -c 'SELECT id FROM late ORDER BY id'")), "1\n2\n");
    assert_eq!(host.check("ls -A /tmp | grep '^tmp' || true"), "", "something is left in /tmp");
}

#[test]
fn tools_say_what_is_pending() {
    let host = LabHost::boot_having("migrations-tools", support::release(), NODE);
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/migrations-by-tools");
    let infra = Infra::new(&spec, &host.inventory()).variable("API_PASSWORD", "Knex-53cret-pass");
    infra.plan().assert_no_problems();
    infra.apply();
    infra.plan().assert_empty("after the first apply");
    assert_eq!(host.check("mysql -N api -e 'SHOW COLUMNS FROM items' | cut -f1"), "id\ntext\n");
    host.check(
        "cd /opt/backend && DATABASE_URL=sqlite:////srv/backend/app.db /opt/backend-venv/bin/alembic downgrade -1",
    );
    host.check("cd /opt/api && API_PASSWORD=Knex-53cret-pass ./node_modules/.bin/knex --env production migrate:down");
    let plan = infra.plan();
    plan.assert_names(&names(&["migration:backend", "migration:api"]), "both were taken back by one");
    assert_said(
        &plan.resource("migration:backend").to_string(),
        &["b2", "add texts, with a comma", "/var/backups/backend"],
    );
    assert_said(&plan.resource("migration:api").to_string(), &["20240102000000_texts.js"]);
    assert!(!plan.said.contains("20240101000000_items.js") && !plan.said.contains("53cret"), "{}", plan.said);
    infra.apply();
    infra.plan().assert_empty("after both went on");
    host.check("gzip -t /var/backups/backend/backend-*-before-migration.sqlite.gz");
}
