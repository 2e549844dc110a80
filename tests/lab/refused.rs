//! What a host can tell while it is planned is refused by the plan, with the place in the spec; what only an apply finds out
//! leaves nothing behind.

use std::path::Path;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{LabHost, text};

fn infra(host: &LabHost, spec: &str) -> Infra {
    Infra::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/refused").join(spec), &host.inventory())
}

/// Makes a repository with a branch and a tag of one name.
const REPOSITORY: &str = "
    set -e
    git config --global user.name x && git config --global user.email x@localhost
    git init -q -b main /srv/work && cd /srv/work
    printf '{\"port\": 1}\n' >config.json && echo one >notes && echo one >whole && echo one >other && git add . && git commit -q -m one
    git tag both && git checkout -q -b both && echo branch >other && git commit -qam branch && git checkout -q main
    git clone -q --bare . /srv/app.git && git remote add origin /srv/app.git
    mkdir /srv/folder && git clone -q --branch both /srv/app.git /opt/there 2>/dev/null && git -C /opt/there checkout -q --detach
    git -C /srv/app.git config uploadpack.allowFilter true
    git clone -q /srv/app.git /opt/moved && git -C /opt/moved checkout -q --detach
    git -C /opt/moved remote set-url origin git://127.0.0.1/app.git
    git daemon --base-path=/srv --export-all --detach --listen=127.0.0.1 --reuseaddr </dev/null >/dev/null 2>&1";

#[test]
fn what_cannot_be_is_refused_before_anything_runs() {
    let host = LabHost::boot("refused", support::release());
    what_only_root_may(&host);
    what_waits(&host);
    host.check("apt-get install -y -qq ufw >/dev/null && sed -i s/^IPV6=.*/IPV6=no/ /etc/default/ufw");
    host.check(REPOSITORY);
    what_the_host_tells(&host);
    what_others_can_exchange(&host);
    numbers_of_those_that_go(&host);
    tracked_files_that_the_spec_edits(&host);
}

fn what_the_host_tells(host: &LabHost) {
    let infra = infra(host, "lacking");
    let plan = infra.plan();
    let refused = [
        ("firewall_rule:six", "ufw leaves IPv6 alone", 26),
        ("git_checkout:/opt/branch", "/srv/app.git has no branch nosuch", 7),
        ("git_checkout:/opt/commit", "/srv/folder cannot be asked", 11),
        ("git_checkout:/opt/far", "http://127.0.0.1:9/app.git cannot be asked", 10),
        ("git_checkout:/opt/folder", "/srv/folder cannot be asked", 9),
        ("git_checkout:/opt/moved", "git://127.0.0.1/app.git has no commit 2222", 17),
        ("git_checkout:/opt/never", "/srv/app.git has no commit 2222", 15),
        ("git_checkout:/opt/none", "nothing at /srv/none.git", 12),
        ("git_checkout:/opt/served", "git://127.0.0.1/app.git has no commit 2222", 16),
        ("git_checkout:/opt/tag", "/srv/app.git has no tag nosuch", 8),
        ("git_checkout:/opt/there", "/srv/app.git has no tag nosuch", 14),
        ("package:jq", "no repository of the host has the version 99.* of jq", 24),
    ];
    plan.assert_refused(&refused.map(|(address, ..)| address.to_string()), "the host tells that it cannot be");
    assert_problems(&plan.json, &refused);
    let shown = text(&infra.run("plan", &[]).stdout);
    assert!(shown.contains("infra.yaml:7:3\n  help: "), "{shown}");
    assert!(!infra.try_apply().success);
    host.check(
        "! ls -d /tmp/.infra-look-* /opt/served /opt/never /opt/branch /opt/tag /opt/far /opt/right 2>/dev/null",
    );
}

fn what_others_can_exchange(host: &LabHost) {
    host.check(
        "apt-get install -y -qq openssl python3-venv >/dev/null && useradd --create-home leia && groupadd shared
        install -d -o leia /srv/theirs && install -d -m 2775 -g shared /srv/shared && install -d -o leia /srv/closed
        for name in theirs/linked theirs/written closed.linked; do touch /srv/$name && ln /srv/$name /srv/$name.other || exit; done",
    );
    let infra = infra(host, "open");
    let plan = infra.plan();
    let theirs = "others can exchange what is in /srv/theirs (of leia and group root, mode 755), and root would run it";
    let shared =
        "others can exchange what is in /srv/shared (of root and group shared, mode 2775), and root would run it";
    let refused = [
        ("cert:theirs.test", "others can exchange what is in /home/leia (of leia", 15),
        ("file:/srv/theirs/linked", "/srv/theirs/linked has another name (a hard link)", 20),
        ("git_checkout:/srv/shared/app", shared, 8),
        ("git_checkout:/srv/theirs/app", theirs, 7),
        ("python_env:/srv/shared/env", shared, 13),
    ];
    plan.assert_refused(&refused.map(|(address, ..)| address.to_string()), "others can exchange it");
    assert_problems(&plan.json, &refused);
    let shown = text(&infra.run("plan", &[]).stdout);
    assert!(
        shown.contains("name the account that it belongs to, not root, with `owner` or `as`, or take away"),
        "{shown}"
    );
    assert!(shown.contains("choose another folder with `dir`, or take away"), "{shown}");
    assert!(!infra.try_apply().success);
    host.check("! ls /srv/theirs/app /srv/shared/app /srv/shared/env /home/leia/tls 2>/dev/null");
    // The way out that the message says.
    host.check("cd /srv/theirs && cp -p linked own && mv own linked");
    host.check("chown root /srv/theirs && chmod 0755 /srv/shared && chmod 0755 /home/leia && chown root /home/leia");
    let report = infra.apply();
    assert_eq!(
        host.check("stat -c %a /srv/theirs/linked /srv/theirs/linked.other /srv/closed.linked"),
        "600\n644\n600\n"
    );
    host.check("grep -q new /srv/theirs/written && ! [ -s /srv/theirs/written.other ]");
    host.check("test -e /srv/theirs/app/other && test -e /srv/closed/app/other && test -x /srv/shared/env/bin/python3");
    infra.plan().assert_empty(&report.said);
}

fn assert_problems(plan: &serde_json::Value, refused: &[(&str, &str, u32)]) {
    for (address, words, line) in refused {
        let problems = plan["problems"].as_array().expect("a plan has problems");
        let of_it = problems.iter().find(|problem| problem["address"] == format!("app1/{address}")).expect(address);
        assert!(of_it["message"].as_str().is_some_and(|message| message.contains(words)), "{address}: {of_it}");
        let place = format!("infra.yaml:{line}:");
        assert!(of_it["place"].as_str().is_some_and(|found| found.contains(&place)), "{address}: {of_it}");
    }
}

fn numbers_of_those_that_go(host: &LabHost) {
    host.check(
        "groupadd -g 1700 old && useradd -u 1700 -g old old && useradd -u 1701 -g users alone && groupadd -g 1702 lone &&
        groupadd -g 1703 left && groupadd -g 1704 right && useradd -m -u 1705 -g users first && useradd -m -u 1706 -g users second",
    );
    let infra = infra(host, "handed");
    let report = infra.apply();
    assert_eq!(
        host.check("id new; ! id old 2>/dev/null && ! getent group old"),
        "uid=1700(new) gid=1700(new) groups=1700(new)\n"
    );
    assert_eq!(
        host.check("id -u heir; getent group heirs; ! id alone 2>/dev/null && ! getent group lone"),
        "1701\nheirs:x:1702:\n"
    );
    infra.plan().assert_empty(&report.said);
}

fn tracked_files_that_the_spec_edits(host: &LabHost) {
    let infra = infra(host, "tracked");
    infra.apply();
    assert_eq!(host.check("cat /opt/branch/other /opt/tag/other"), "branch\none\n");
    let edited = "cd /opt/app && grep -q 'port\": *3' config.json && grep -q 'by the spec' notes && grep -qx 'by the spec' whole";
    host.check(edited);
    infra.plan().assert_empty("once the spec had edited tracked files");

    host.check("cd /srv/work && echo two >other && git commit -qam two && git push -q origin main");
    infra.apply();
    host.check(edited);
    // The next commit has these files otherwise.
    host.check(
        "cd /srv/work && printf '{\"port\": 2, \"name\": \"x\"}\n' >config.json && echo three >notes && echo three >whole &&
        git commit -qam three && git push -q origin main",
    );
    let report = infra.apply();
    host.check(edited);
    host.check("cd /opt/app && grep -q name config.json && grep -qx three notes && grep -qx two other");
    infra.plan().assert_empty(&report.said);

    host.check("echo mine >>/opt/app/other");
    infra.plan().assert_refused(&["git_checkout:/opt/app".to_string()], "somebody edited another file");
}

fn what_only_root_may(host: &LabHost) {
    let inventory = std::fs::read_to_string(host.inventory()).expect("the lab writes an inventory");
    assert!(inventory.contains("    become: true\n"), "{inventory}");
    let folder = tempfile::tempdir().expect("there is room");
    let plain = folder.path().join("inventory.yaml");
    std::fs::write(&plain, inventory.replace("    become: true\n", "")).expect("there is room");
    let infra = Infra::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/refused/become"), &plain);
    let report = infra.try_apply();
    for resource in report.json["report"]["resources"].as_array().expect("a report has resources") {
        let help = resource["failure"]["help"].as_str().unwrap_or_default();
        assert_eq!(help, "set `become: true` of the host, so that root does it", "{resource}\n{}", report.said);
    }
    assert_eq!(report.outcomes("failed").len(), 2, "{}", report.said);
    host.check("! test -e /etc/app.conf && ! test -e /usr/bin/hello");
}

fn what_waits(host: &LabHost) {
    host.check("mkdir -p /srv/app.git");
    let infra = infra(host, "waits");
    let shown = text(&infra.run("plan", &[]).stdout);
    for words in [
        "the host has no user nosuch; only something like app1/package:git can bring it",
        "? requirement:new git\n      (deferred until app1/package:git: ",
    ] {
        assert!(shown.contains(words), "no `{words}` in\n{shown}");
    }
    let report = infra.try_apply();
    assert!(report.outcomes("failed").contains("git_checkout:/opt/half"), "{}", report.said);
    host.check("git --version && ! test -e /opt/half");
    let plan = infra.plan();
    plan.assert_refused(&["file:/etc/owned", "git_checkout:/opt/half"].map(String::from), "once git is there");
    host.check("rmdir /srv/app.git");
}
