//! A host that is down does not stop the others: what needs it waits, and the end says so.

use std::path::Path;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{LabHost, text};

#[test]
fn what_does_not_need_a_host_that_is_down_goes_on() {
    let mut hosts = LabHost::boot_all("missing", support::release(), &["db1", "web1"]);
    let web1 = hosts.pop().expect("two were booted");
    let mut db1 = hosts.pop().expect("two were booted");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/missing");
    let infra = Infra::new(&folder, &web1.inventory());
    infra.apply();
    infra.plan().assert_empty("while both are up");
    let second = infra.option("--var").option("text=second");

    // It is lost in the middle: what waits for it is not done, and all else is.
    let report = infra.environment("cut").try_apply();
    assert!(!report.success, "{}", report.said);
    assert_eq!(report.json["report"]["hosts_lost"][0]["host"], "db1", "{}", report.said);
    assert!(report.outcomes("applied").contains("file:/etc/beside"), "{}", report.said);
    assert!(!report.outcomes("applied").contains("file:/etc/behind"), "{}", report.said);
    web1.check("test -e /etc/beside && ! test -e /etc/behind");

    // It does not answer from the beginning.
    let output = second.run("plan", &["--format", "text", "--detailed-exitcode"]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    for words in [
        "~ file:/etc/alone",
        "unreachable: db1: ",
        "web1/file:/etc/secret is left as it is, because it needs db1/secret:db_password, and db1 cannot be reached",
        "web1/file:/etc/facts is left as it is, because it needs the facts of db1, and db1 cannot be reached",
        "web1/file:/etc/after is left as it is, because it needs db1/file:/etc/db, and db1 cannot be reached",
        "1 to change, 0 to delete, 0 unchanged on 1 host. Partial: db1 could not be observed.",
    ] {
        assert!(shown.contains(words), "no `{words}` in\n{shown}");
    }
    let report = second.try_apply();
    assert!(!report.success, "{}", report.said);
    assert_eq!(report.json["plan"]["partial"], true);
    assert_eq!(report.json["report"]["unreachable"][0]["host"], "db1");
    assert_eq!(report.outcomes("applied").into_iter().collect::<Vec<_>>(), ["file:/etc/alone"], "{}", report.said);
    assert_eq!(report.outcomes("not-done").len(), 3, "{}", report.said);
    assert_eq!(
        web1.check("cat /etc/alone; cut -d' ' -f1 /etc/secret /etc/facts /etc/after"),
        "second\nfirst\nfirst\nfirst\n"
    );

    // Left out by name it is not asked for, and what needs no value of it goes on.
    let report = second.option("--exclude").option("db1").try_apply();
    assert_eq!(report.outcomes("applied").into_iter().collect::<Vec<_>>(), ["file:/etc/after"], "{}", report.said);
    assert_eq!(report.outcomes("not-done").len(), 2, "{}", report.said);
    assert_eq!(report.json["report"]["unreachable"].as_array().map(Vec::len), Some(0), "{}", report.said);

    // None is left.
    let output = second.option("--host").option("db1").run("plan", &[]);
    let said = text(&output.stderr);
    assert!(said.contains("no plan, because the host could not be observed"), "{said}");

    db1.cut_power();
    second.apply();
    second.plan().assert_empty("once both are up again");
    assert_eq!(web1.check("cut -d' ' -f1 /etc/secret /etc/facts /etc/after"), "second\nsecond\nsecond\n");
}
