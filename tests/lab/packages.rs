//! What goes wrong with packages: names nobody has, packages others need, a package database that is held or was left
//! in the middle of something.

use std::path::Path;
use std::process::Stdio;

use crate::support;
use crate::support::infra::{Infra, Report};
use crate::support::lab::{LabHost, text};
use crate::support::wait_until;

fn boot(test: &str) -> (LabHost, Infra) {
    let host = LabHost::boot(test, support::release());
    let infra = Infra::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/packages"), &host.inventory());
    (host, infra)
}

/// The apply failed, and what it said of the failure has these words.
#[track_caller]
fn assert_failed(report: &Report, failed: &[&str], words: &str) {
    assert!(!report.success, "{}", report.said);
    assert_eq!(report.outcomes("failed"), failed.iter().map(ToString::to_string).collect(), "{}", report.said);
    assert!(report.said.contains(words), "`{words}` is missing\n{}", report.said);
}

#[test]
fn a_package_that_nobody_has_fails_alone() {
    let (host, infra) = boot("packages-unknown");
    // Without lists on the host: that nobody has it turns out on the way, and the others go on.
    host.check("rm -rf /var/lib/apt/lists/*");
    let mistyped = infra.environment("mistyped");
    let report = mistyped.try_apply();
    assert_failed(
        &report,
        &["package:sqlite33"],
        "no repository of the host has a package of this name; did you mean sqlite3?",
    );
    report.assert_applied(&["package:tree".into()], "beside a package that nobody has");
    host.check("command -v tree && apt-get -qq remove tree");
    // Now it has, and the plan says so before anything is done.
    mistyped.plan().assert_refused(&["package:sqlite33".into()], "with lists that do not name it");

    // A version likewise.
    let versioned = infra.environment("unknown-version");
    versioned.plan().assert_refused(&["package:tree".into()], "with lists that do not name the version");
    host.check("rm -rf /var/lib/apt/lists/*");
    let report = versioned.try_apply();
    assert_failed(&report, &["package:tree"], "no repository of the host has version 99.* of it; there are: ");
}

#[test]
fn nothing_goes_that_the_spec_does_not_name() {
    let (host, infra) = boot("packages-needed");
    // Somebody else's, so that it does not go as what has left the spec.
    host.check("apt-get update -qq && apt-get install -y -qq jq tree sl >/dev/null && apt-mark hold sl");
    let report = infra.environment("needed").try_apply();
    assert_failed(
        &report,
        &["package:libjq1", "package:sl"],
        "it would also remove jq; make these absent too, or keep it",
    );
    assert!(report.said.contains("Held packages were changed"), "{}", report.said);
    // What nothing keeps goes.
    host.check("jq --version && dpkg-query -s sl >/dev/null && ! command -v tree");

    infra.environment("both-go").apply();
    infra.environment("both-go").plan().assert_empty("after both are gone");
}

/// Holds the locks of dpkg until it is told to let go.
const HOLD: &str = r#"
use Fcntl;
my @held;
for my $path ('/var/lib/dpkg/lock-frontend', '/var/lib/dpkg/lock') {
    open(my $file, '>>', $path) or die;
    my $lock = pack('s s l! l! i', F_WRLCK, 0, 0, 0, 0);
    fcntl($file, F_SETLK, $lock) or die;
    push @held, $file;
}
open(my $ready, '>', '/tmp/held') or die;
for (1 .. 600) {
    last if -e '/tmp/let-go';
    select(undef, undef, undef, 0.5);
}
"#;

#[test]
fn waits_for_who_holds_the_database_and_finishes_what_was_left() {
    let (host, infra) = boot("packages-held");
    let infra = infra.environment("tree");
    host.check("apt-get -qq update && cd /tmp && apt-get -qq download jq libjq1 libonig5 && dpkg --unpack ./*.deb");
    host.check(&format!("cat >/tmp/hold.pl <<'END'\n{HOLD}END\nsetsid perl /tmp/hold.pl </dev/null >/dev/null 2>&1 &"));
    wait_until("the database is held", || host.run("test -e /tmp/held").status.success());

    let mut apply = infra.command("apply");
    let mut apply = apply.arg("--auto-approve").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the step waits", || {
        assert!(apply.try_wait().unwrap().is_none(), "apply did not wait for who holds the database");
        // The apt of Debian 13 waits by itself.
        host.run("pgrep -fx 'sleep 3' || { pgrep -x apt-get && sleep 2 && pgrep -x apt-get; }").status.success()
    });
    host.check("touch /tmp/let-go");
    let output = apply.wait_with_output().unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stderr), text(&output.stdout));
    infra.plan().assert_empty("after waiting");
    host.check("tree --version && jq --version && test -z \"$(dpkg --audit)\"");
}
