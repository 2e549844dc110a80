//! A user exchanges folders, files and links while root writes in folders of that user. What is root's stays as it is.
//!
//! `INFRA_TEST_ROUNDS` says how often each kind writes.

use infra::host::StepStatus;
use infra::spec::MemoryFiles;

use crate::support;
use crate::support::lab::LabHost;
use crate::support::programs::{Programs, filled};

/// What each kind writes, with one of two words in the place of WORD, and whatever depends on it.
const CASES: &[(&str, &str)] = &[
    ("file", "files: { /home/mallory/d/f: { content: WORD, owner: mallory, mode: MODE } }"),
    ("file", "files: { /home/mallory/d/f: { owner: mallory, mode: MODE } }"),
    ("file", "files: { /home/mallory/d/f: { state: STATE } }"),
    ("directory", "directories: { /home/mallory/d/sub: { owner: mallory, mode: MODE } }"),
    ("directory", "directories: { /home/mallory/d/sub/new/deep: { state: STATE } }"),
    ("setting", "settings: { /home/mallory/d/f: { format: env, set: { A: WORD }, owner: mallory, mode: MODE } }"),
    ("block", "blocks: { one: { path: /home/mallory/d/f, content: WORD } }"),
    (
        "authorized_key",
        "authorized_keys: { one: { user: mallory, path: /home/mallory/d/f, key: KEY, options: OPTIONS } }",
    ),
    ("authorized_key", "authorized_keys: { one: { user: mallory, key: KEY, options: OPTIONS } }"),
    ("tree", "trees: { /home/mallory/d: { source: WORD, owner: mallory, file_mode: MODE, prune: true } }"),
    ("symlink", "symlinks: { /home/mallory/d/f: { target: WORD, owner: mallory, group: mallory } }"),
    ("secret", "secrets: { one: { generate: {}, keep: { path: /home/mallory/d/f, key: KEPT }, state: STATE } }"),
    ("dhparam", "dhparams: { /home/mallory/d/f: { mode: MODE } }"),
    (
        "download",
        "downloads: { /home/mallory/d/f: { url: 'file:///srv/WORD', checksum: SUM, owner: mallory, mode: MODE } }",
    ),
    (
        "download",
        "downloads: { /home/mallory/d: { url: 'file:///srv/WORD.tar', checksum: TAR, unpack: true, owner: mallory } }",
    ),
    ("backup", "backups: { one: { paths: [/srv/WORD], dir: /home/mallory/d/sub, keep: 2 } }"),
    (
        "git_checkout",
        "git_checkouts: { /home/mallory/d/sub: { url: 'file:///srv/app.git', branch: WORD, owner: mallory, force: true } }",
    ),
    ("npm_project", "npm_projects: { /home/mallory/d: { owner: mallory, omit: OMIT } }"),
    ("python_env", "python_envs: { /home/mallory/d/sub: { owner: mallory, state: STATE } }"),
    (
        "compose_project",
        "compose_projects: { one: { dir: /home/mallory/d, services: { one: { image: WORD, environment: { A: WORD } } } } }",
    ),
];

/// Kinds whose steps take long: they write this many times less often.
const SLOW: (&[&str], usize) = (&["backup", "git_checkout", "npm_project", "python_env", "compose_project"], 4);

/// Root's files, one for each name that is written, and what leads a user's account to them. The hard link is root's doing: where the
/// kernel lets users make them, they can do the same.
const PREPARE: &str = r#"
set -e
apt-get install -y -qq curl openssl git python3-venv >/dev/null
useradd --create-home mallory
mkdir -p /var/lib/infra/stages /root/canary/sub /srv
chmod 0700 /var/lib/infra
for name in f sub/g .infra-download authorized_keys; do echo "root's $name" >/root/canary/$name; done
chmod 0755 /root
cd /srv
for word in first second; do
    echo $word >$word
    mkdir -p tar/sub && echo $word >tar/f && echo $word >tar/sub/g && echo $word >tar/sub/$word
    tar --sort=name --mtime=@1 --owner=0 --group=0 -C tar -cf $word.tar . && rm -r tar
done
git init -q -b first work && cd work && git config user.name x && git config user.email x@localhost
mkdir sub && echo one >f && echo one >sub/g && git add . && git commit -q -m one
git checkout -q -b second && echo two >f && git commit -q -a -m two && git clone -q --bare . /srv/app.git
# What npm and Docker do besides writing where they are told takes too long, and is not what this is about.
cat >/usr/local/bin/npm <<'END'
#!/bin/sh
[ "$1" = ci ] && rm -rf node_modules && mkdir -p node_modules/it && echo '{}' >node_modules/.package-lock.json
END
printf '#!/bin/sh\necho 115\n' >/usr/local/bin/node
printf '#!/bin/sh\nexit 0\n' >/usr/local/bin/docker
chmod +x /usr/local/bin/npm /usr/local/bin/node /usr/local/bin/docker
"#;

/// Exchanges things as fast as it can, in an order that chance chooses.
const MALLORY: &str = r#"
use strict; use warnings; no warnings;
chdir "/home/mallory" or die;
my $count = 0;
sub pause { select undef, undef, undef, rand 0.004 }
sub swap { # NAME TARGET: a link in its place for a while
    my ($name, $target) = @_;
    rename $name, "$name.away" or return;
    symlink $target, $name; pause; unlink $name;
    rename "$name.away", $name or unlink "$name.away";
}
while (! -e "/run/stop") {
    my $what = int rand 8;
    swap("d", "/root/canary") if $what == 0;
    swap(".ssh", "/root/canary") if $what == 1;
    swap("d/f", "/root/canary/f") if $what == 2;
    swap("d/sub", "/root/canary/sub") if $what == 3;
    swap(".ssh/authorized_keys", "/root/canary/authorized_keys") if $what == 4;
    if ($what == 5) { # a second name of root's file
        rename "d/f", "d/x"; rename "hard", "d/f"; pause; rename "d/f", "hard"; rename "d/x", "d/f";
    }
    if ($what == 6) { # another folder
        mkdir "o"; rename "d", "d.away"; rename "o", "d"; pause; rename "d", "o"; rename "d.away", "d";
    }
    if ($what == 7) { # whatever is made for a while
        for my $at (".", "d") {
            opendir my $folder, $at or next;
            for my $name (grep /^\.infra-[0-9a-f]{16}/, readdir $folder) {
                rename "$at/$name", "$at/gone" . $count;
                symlink "/root/canary/f", "$at/$name";
            }
        }
    }
    mkdir "d" unless -e "d" || -l "d";
    $count++;
    pause;
}
print "$count\n";
"#;

const NPM: &str = "echo '{}' >/home/mallory/d/package-lock.json";

const FINGERPRINT: &str = r#"
cd /root/canary && find . -printf '%p %U %G %m %s %T@ %y\n' | sort && find . -type f -exec sha256sum {} + | sort
"#;

fn rounds(kind: &str) -> usize {
    let asked = std::env::var("INFRA_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(40);
    if SLOW.0.contains(&kind) { asked / SLOW.1 } else { asked }
}

#[tokio::test]
async fn root_is_led_nowhere_by_a_user_who_exchanges_what_it_writes() {
    let host = LabHost::boot("races", support::release());
    host.check(PREPARE);
    let mut files = MemoryFiles::new();
    for word in ["first", "second"] {
        files = files
            .file(format!("spec/{word}/f"), format!("{word}\n"))
            .file(format!("spec/{word}/sub/g"), format!("{word}\n"))
            .file(format!("spec/{word}/sub/{word}"), format!("{word}\n"))
            .link(format!("spec/{word}/link"), word);
    }
    let programs = Programs::connect(&host, "/bin/sh", files).await;
    let tars = ["first", "second"].map(|word| host.check(&format!("sha256sum /srv/{word}.tar"))[..64].to_string());
    let before = host.check(FINGERPRINT);
    let mut told = String::new();
    for (kind, sections) in CASES {
        let [first, second] = ["first", "second"].map(|word| {
            let tar = &tars[usize::from(word == "second")];
            filled(sections, word, tar)
        });
        // While nobody is in the way: the steps that lead from each to the other.
        host.check("cd /home/mallory && rm -rf d o *.away .ssh && mkdir d && chown mallory: d");
        match *kind {
            "block" => host.check("echo text >/home/mallory/d/f && chown mallory: /home/mallory/d/f"),
            "npm_project" => host.check(NPM),
            _ => String::new(),
        };
        let begin = programs.steps(kind, &first).await;
        assert_all_well(&programs.run(&begin).await, kind);
        let onward = programs.steps(kind, &second).await;
        assert_all_well(&programs.run(&onward).await, kind);
        let back = programs.steps(kind, &first).await;
        assert!(!onward.is_empty() && !back.is_empty(), "{kind}: nothing to do");

        let script = format!("cat >/run/mallory.pl <<'END'\n{MALLORY}\nEND\n");
        host.check(&format!(
            "{script}rm -f /run/stop; chmod 0644 /run/mallory.pl
             runuser -u mallory -- perl /run/mallory.pl >/run/exchanged 2>&1 &
             (while ! [ -e /run/stop ]; do ln -fT /root/canary/f /home/mallory/hard; sleep 0.05; done) >/dev/null 2>&1 &"
        ));
        let (mut done, mut refused) = (0, 0);
        for round in 0..rounds(kind) {
            let report = programs.run(if round % 2 == 0 { &back } else { &onward }).await;
            assert!(report.failure.is_none(), "{kind}: {report:?}");
            if *kind == "backup" {
                host.run("/usr/local/sbin/infra-backup-one run");
            }
            match report.steps.iter().all(|step| step.status == StepStatus::Exited(0) && step.failed_rows.is_empty()) {
                true => done += 1,
                false => refused += 1,
            }
        }
        host.check("touch /run/stop");
        support::wait_until("they stop", || !host.run("pgrep -f '[m]allory.pl'").status.success());
        let exchanged = host.check("cat /run/exchanged");
        assert_eq!(host.check(FINGERPRINT), before, "{kind} was led to what is root's: {sections}");
        assert_eq!(
            host.check("find /home /root /srv -regex '.*/[.]infra-[0-9a-f]*-.*' ! -type l"),
            "",
            "{kind} left something"
        );
        told.push_str(&format!(
            "{kind}: {} rounds, {done} done, {refused} refused, {} exchanges\n",
            rounds(kind),
            exchanged.trim()
        ));
        assert!(done > 0, "nothing was ever written\n{told}");
        // And it works again.
        host.check(
            "cd /home/mallory && rm -rf d d.away o .ssh && mkdir d && chown mallory: d && { [ -e d/f ] || : >d/f; }",
        );
        if *kind == "symlink" || *kind == "dhparam" || *kind == "tree" || sections.contains("unpack") {
            host.check("rm -f /home/mallory/d/f");
        }
        if *kind == "npm_project" {
            host.check(NPM);
        }
        let again = programs.steps(kind, &first).await;
        assert_all_well(&programs.run(&again).await, kind);
        // There is no Docker that would run what it is about.
        assert!(*kind == "compose_project" || programs.is_done(kind, &first).await, "{kind}");
    }
    programs.close().await;
    println!("{told}");
}

#[track_caller]
fn assert_all_well(report: &infra::host::FrameReport, kind: &str) {
    assert!(report.failure.is_none(), "{kind}: {report:?}");
    for step in &report.steps {
        assert!(step.status == StepStatus::Exited(0) && step.failed_rows.is_empty(), "{kind}: {step:?}");
    }
}
