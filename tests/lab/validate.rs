//! New files are read before they are live: by a command of the spec's, or by what their path tells.

use std::path::Path;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::LabHost;

/// What is live, with owners and modes.
const LIVE: &str = "cd /etc && find check sudoers.d ssh/sshd_config* nginx systemd/system/app.* logrotate.d apt/sources.list.d /opt/app \
                    -type f | sort | tee /tmp/live | xargs sha256sum; xargs stat -c '%n %a %U %G' </tmp/live";

#[test]
fn what_its_reader_refuses_does_not_go_live() {
    let host = LabHost::boot("validate", support::release());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/validate");
    let infra = Infra::new(&folder, &host.inventory());
    let report = infra.apply();
    assert_eq!(host.check("cat /tmp/seen"), "640 adm app.conf\n", "{}", report.said);
    infra.plan().assert_empty("after the first apply");

    // Unchanged files are not read again.
    host.check("rm /tmp/seen && chmod 0600 /etc/check/app.conf");
    let report = infra.apply();
    host.check("[ \"$(stat -c %a /etc/check/app.conf)\" = 640 ] && ! test -e /tmp/seen");
    assert!(report.success, "{}", report.said);

    let before = host.check(LIVE);
    let report = infra.environment("wrong").variable("VALIDATE_PASSWORD", "grille-pain-1").try_apply();
    assert!(!report.success, "{}", report.said);
    assert_eq!(host.check(LIVE), before, "{}", report.said);
    let failed = report.outcomes("failed");
    for address in [
        "file:/etc/check/app.conf",
        "file:/etc/check/secret.conf",
        "file:/etc/sudoers.d/file",
        "file:/etc/ssh/sshd_config.d/10-file.conf",
        "file:/etc/nginx/sites-available/default",
        "file:/etc/nginx/snippets/ours.conf",
        "file:/etc/systemd/system/app.service",
        "file:/etc/systemd/system/app.service.d/limits.conf",
        "file:/etc/logrotate.d/file",
        "file:/etc/apt/sources.list.d/ours.sources",
        "block:sshd",
        "block:nginx",
        "block:logs",
        "block:ours",
        "setting:/etc/check/app.json",
        "setting:/etc/ssh/sshd_config.d/20-setting.conf",
        "tree:/opt/app",
    ] {
        assert!(failed.contains(address), "{address} did not fail: {failed:?}\n{}", report.said);
    }
    let text = std::fs::read_to_string(folder.join("said.yaml")).expect("it is there");
    let words: Vec<String> = serde_saphyr::from_str(&text).expect("it is a list");
    for words in words {
        assert!(report.said.contains(&words), "no message says `{words}`\n{}", report.said);
    }
    // Line ends are line ends, and a reason stands beside the failure that it is of.
    assert!(!report.said.contains("\\u{a}"), "{}", report.said);
    let at_once =
        "FAILED app1/file:/etc/sudoers.d/file: visudo refuses it, and it was not put in place: /etc/sudoers.d/file:1:";
    assert!(report.said.contains(at_once), "{}", report.said);
    // A command that shows what it reads shows no secret, and nobody else could have read the new file.
    assert!(!report.said.contains("grille-pain-1") && report.said.contains("600"), "{}", report.said);
    host.check("nginx -t -q && visudo -c -q && sshd -t && ! find /etc /opt -name '.infra-*' | grep .");

    let moved = infra.environment("moved");
    let report = moved.apply();
    host.check("cd /etc && ! test -e sudoers.d/file -o -e logrotate.d/file -o -e nginx/conf.d/pool.conf");
    host.check("nginx -t -q && visudo -c -q && ! logrotate -d /etc/logrotate.conf 2>&1 | grep -i duplicate");
    assert!(report.outcomes("applied").contains("file:/etc/sudoers.d/moved"), "{}", report.said);
    moved.plan().assert_empty("after rules moved to other files");
    host.check("cd /etc && rm sudoers.d/moved logrotate.d/moved logrotate.d/block2 nginx/conf.d/moved.conf");

    let renamed = infra.environment("renamed");
    renamed.apply();
    let renamed = renamed.option("--var").option("name=second");
    renamed.apply();
    renamed.plan().assert_empty("after names that two files of nginx share were changed");
    host.check("nginx -t -q && grep -q second /etc/nginx/conf.d/up.conf && rm /etc/nginx/conf.d/up.conf /etc/nginx/conf.d/web.conf");

    let report = infra.environment("off").apply();
    assert!(report.outcomes("applied").contains("file:/etc/logrotate.d/file"), "{}", report.said);
}
