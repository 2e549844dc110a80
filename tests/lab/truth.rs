//! A plan holds at the moment of each step: what the run itself brings is looked at again, what somebody changed meanwhile
//! is left alone, and an apply ends with a look that proves it.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::LabHost;

fn infra(host: &LabHost, spec: &str) -> Infra {
    Infra::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/truth").join(spec), &host.inventory())
}

/// Makes a repository, and an archive; returns the checksum of that.
fn sources(host: &LabHost) -> String {
    host.check(
        "apt-get install -y -qq git >/dev/null && cd /srv && git init -q -b main app.git && cd app.git &&
        echo '{\"port\": 1}' >config.json && echo config.json >.gitignore && echo x >x && git add x .gitignore &&
        git -c user.name=x -c user.email=x@localhost commit -q -m x && apt-get purge -y -qq git >/dev/null &&
        cd /tmp && echo '{\"port\": 1, \"name\": \"x\"}' >config.json && tar -czf /srv/a.tgz config.json",
    );
    let sum = host.check("sha256sum /srv/a.tgz");
    sum.split_whitespace().next().unwrap_or_default().to_string()
}

#[test]
fn one_apply_is_enough_for_what_packages_and_sources_bring() {
    let host = LabHost::boot("truth-bare", support::release());
    let sum = sources(&host);
    let infra = infra(&host, "bare").option("--var").option(&format!("checksum={sum}"));
    let plan = infra.plan();
    for (name, action) in [("memcached", "update"), ("vsftpd", "delete")] {
        let address = format!("app1/service:{name}");
        let resources = plan.json["resources"].as_array().expect("a plan has resources");
        let planned = resources.iter().find(|planned| planned["address"] == *address).expect("it is planned");
        assert_eq!(planned["action"], action, "{planned}");
        let until = planned["deferred_until"].as_array().expect("it says until when");
        assert!(until.contains(&format!("app1/package:{name}").into()), "{planned}");
    }
    let report = infra.apply();
    // Between its start by the package and its stop there is nothing but the look.
    let at = |words: &str| report.said.find(words).unwrap_or_else(|| panic!("no step {words}\n{}", report.said));
    assert!(at("disable and stop") < at("make or change 1 user"), "{}", report.said);

    assert_eq!(host.check("cat /opt/gen.txt; stat -c %a /opt/gen.txt"), "generated\n600\n", "{}", report.said);
    host.check("test -s /etc/default/rsync && [ \"$(stat -c '%a %G' /etc/default/rsync)\" = '640 adm' ]");
    host.check("grep -q '^-m' /etc/memcached.conf && ! grep -q never /etc/memcached.conf");
    host.check("grep -q ^anonymous_enable=NO /etc/vsftpd.conf && grep -q ^listen /etc/vsftpd.conf");
    host.check("grep -q ^EDITOR=vim /home/newu/.bashrc && grep -q HISTSIZE /home/newu/.bashrc");
    host.check("test -s /srv/app/x && grep -q 3 /srv/app/config.json");
    host.check("grep -q name /opt/dl/config.json && grep -q 3 /opt/dl/config.json");
    host.check(
        "! systemctl is-active memcached vsftpd && ! systemctl is-enabled memcached && systemctl is-active nginx",
    );
    host.check("! test -e /etc/nginx/sites-enabled/default && ! test -L /etc/nginx/sites-enabled/default");

    let found = report.json["report"]["found"].to_string();
    for address in ["file:/etc/default/rsync", "symlink:/etc/nginx/sites-enabled/default"] {
        assert!(
            found.contains(address) || report.json["report"]["applied_again"].to_string().contains(address),
            "{address}: {}",
            report.said
        );
    }
    infra.plan().assert_empty("after one apply");
    what_the_host_lacks_is_refused(&host);
}

/// What the host lacks and the spec does not make is an error before anything runs.
fn what_the_host_lacks_is_refused(host: &LabHost) {
    host.check(
        "groupadd prime; useradd -g prime pp; groupadd prime2; useradd -g prime2 pp2; mkdir -p /etc/isdir /etc/cron.d; touch /usr/local/bin/crontab; chmod +x /usr/local/bin/crontab;
        apt-get install -y -qq logrotate >/dev/null; mkdir -m 0775 /srv/open /srv/closing; chgrp daemon /srv/open /srv/closing;
        mkdir -m 0777 /srv/open/other",
    );
    let infra = infra(host, "lacking");
    let plan = infra.plan();
    let refused = [
        ("block:b", "no file /etc/none.conf"),
        ("cron:job", "no user nosuch"),
        ("directory:/ow/d", "no user nosuch"),
        ("download:/ow/dl", "no user nosuch"),
        ("file:/etc/passwd/f", "/etc/passwd is on the host, but is not a folder"),
        ("file:/opt/nowhere/f", "no folder /opt/nowhere"),
        ("file:/ow/f", "no user nosuch"),
        ("file:/ow/g", "no group nosuch"),
        ("download:/etc/isdir", "it is there, but as directory"),
        ("group:gidtaken", "the gid 1 is that of the group daemon"),
        ("group:prime", "the primary group of the user pp"),
        ("logrotate:open", "others than root may write to /srv/open"),
        ("package:nosuch-package", "no repository of the host has a package nosuch-package"),
        ("service:nosuch", "no unit nosuch.service"),
        ("unit:nouser.service", "no user nosuch"),
        ("user:npw", "it has no password"),
        ("user:uidtaken", "the uid 1 is that of the user daemon"),
        ("git_checkout:/ow/c", "nothing at /srv/none.git"),
        ("git_checkout:/ow/c2", "no user nosuch"),
        ("python_env:/ow/v", "no user nosuch"),
        ("setting:/opt/nowhere/s.json", "no folder /opt/nowhere"),
        ("setting:/ow/s.json", "no user nosuch"),
        ("symlink:/ow/l", "no user nosuch"),
        ("user:nogrp", "no group nosuch"),
        ("user:nogrp2", "no group nosuch"),
    ];
    plan.assert_refused(&refused.map(|(address, _)| address.to_string()), "what it needs is lacking");
    for (address, words) in refused {
        let problems = plan.json["problems"].as_array().expect("a plan has problems");
        let of_it = problems.iter().find(|problem| problem["address"] == format!("app1/{address}")).expect(address);
        assert!(of_it["message"].as_str().is_some_and(|message| message.contains(words)), "{address}: {of_it}");
    }
    assert!(!infra.try_apply().success);
    host.check("! test -e /ow && ! id made 2>/dev/null");
}

#[test]
fn what_is_changed_after_its_step_is_mended_or_named() {
    let host = LabHost::boot("truth-late", support::release());
    let infra = infra(&host, "late");
    let report = infra.apply();
    assert_eq!(host.check("cat /opt/late/app.conf"), "as it should be\n", "{}", report.said);
    assert!(report.json["report"]["applied_again"].to_string().contains("file:/opt/late/app.conf"), "{}", report.said);
    infra.plan().assert_empty("after what a command spoilt was mended");

    // Somebody who does it again and again.
    host.check(
        "rm /opt/late/app.conf
        (setsid timeout 60 sh -c 'while :; do [ ! -e /opt/late/app.conf ] || echo mine >/opt/late/app.conf; done' >/dev/null 2>&1 &)",
    );
    let report = infra.try_apply();
    assert!(!report.success, "{}", report.said);
    assert!(report.outcomes("failed").contains("file:/opt/late/app.conf"), "{}", report.said);
    assert!(report.said.contains("content"), "{}", report.said);
}

#[test]
fn what_somebody_changes_while_the_plan_is_read_is_not_overwritten() {
    let host = LabHost::boot("truth-read", support::release());
    host.check("for name in edited same; do echo before >/etc/truth-$name; done");
    let command = infra(&host, "read").command("apply");
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let mut child = Command::new("script")
        .args(["-qec", &words.join(" "), "/dev/null"])
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script starts");
    let mut said = String::new();
    let mut output = child.stdout.take().expect("it is piped");
    while !said.contains("Only `yes` is taken as yes") {
        let mut part = [0; 4096];
        let got = output.read(&mut part).expect("it can be read");
        assert!(got > 0, "it ended before it asked\n{said}");
        said.push_str(&String::from_utf8_lossy(&part[..got]));
    }
    host.check("for name in edited new; do echo 'by hand' >/etc/truth-$name; done");
    child.stdin.as_mut().expect("it is piped").write_all(b"yes\n").expect("it listens");
    output.read_to_string(&mut said).expect("it can be read");
    let status = child.wait().expect("it ends");

    assert!(!status.success(), "{said}");
    assert_eq!(
        host.check("cat /etc/truth-edited /etc/truth-new /etc/truth-same"),
        "by hand\nby hand\nfrom the spec\n",
        "{said}"
    );
    for name in ["edited", "new"] {
        assert!(said.contains(&format!("file:/etc/truth-{name}")), "{said}");
    }
    assert!(said.contains("somebody changed it after the plan was made"), "{said}");
}

#[test]
fn what_is_mended_restarts_what_reads_it_here_and_elsewhere() {
    let hosts = LabHost::boot_all("truth-restarts", support::release(), &["app1", "app2"]);
    let infra = infra(&hosts[0], "restarts");
    infra.apply();
    infra.plan().assert_empty("after the first apply");
    let read = |host: &LabHost, file: &str| -> Vec<String> {
        host.check(&format!("cat {file}")).lines().map(String::from).collect()
    };
    assert_eq!(read(&hosts[0], "/run/read"), ["as it should be"]);
    assert_eq!(read(&hosts[1], "/run/far"), ["started"]);

    let next = infra.option("--var").option("round=2");
    let report = next.apply();
    assert_eq!(read(&hosts[0], "/run/read"), ["as it should be", "bad", "as it should be"], "{}", report.said);
    assert_eq!(read(&hosts[1], "/run/far"), ["started", "started"], "{}", report.said);
    next.plan().assert_empty("after the file was spoilt and mended");

    // What is restarted elsewhere is recorded there, though the run leaves that host out.
    hosts[0].check("echo other >/opt/truth/conf");
    next.option("--host").option("app1").apply();
    assert_eq!(read(&hosts[1], "/run/far"), ["started", "started"]);
    assert_eq!(hosts[1].check("cut -d ' ' -f 1 /var/lib/infra/owed/*").lines().count(), 1);
    let report = next.apply();
    assert_eq!(read(&hosts[1], "/run/far"), ["started", "started", "started"], "{}", report.said);
    for host in &hosts {
        assert_eq!(host.check("ls -A /var/lib/infra/owed 2>/dev/null || true"), "", "{}", report.said);
    }
}
