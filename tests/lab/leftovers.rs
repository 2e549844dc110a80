//! Programs that write are killed at their writes, one after another: the step's shell and all that it started, from outside. What is
//! left then is named in the list of the run, and what was to be written is there as it was or as it should be.
//!
//! Each write waits a moment, so that a kill finds it. `INFRA_TEST_ROUNDS` asks for a kill at every one of them; otherwise a few are
//! chosen evenly.

use std::collections::BTreeSet;
use std::time::Instant;

use infra::host::{FrameReport, StepReport, StepStatus};
use infra::model::sha256;
use infra::spec::MemoryFiles;

use crate::support;
use crate::support::lab::LabHost;
use crate::support::programs::Programs;

/// What each kind writes, with one of two words in the place of WORD, and whatever depends on it; in a folder of root's and in one of a
/// user's.
const CASES: &[(&str, &str)] = &[
    ("block", "blocks: { one: { path: PLACE/block, content: WORD, create: true } }"),
    ("authorized_key", "authorized_keys: { one: { user: leia, path: PLACE/keys, key: KEY, options: OPTIONS } }"),
    ("authorized_key", "authorized_keys: { one: { user: leia, key: KEY, options: OPTIONS } }"),
    ("tree", "trees: { PLACE/tree: { source: WORD, owner: leia, file_mode: MODE, prune: true } }"),
    ("tree", "trees: { PLACE/other: { source: WORD, prune: true, state: STATE } }"),
    ("symlink", "symlinks: { PLACE/link: { target: WORD, owner: leia, group: leia } }"),
    ("secret", "secrets: { one: { generate: {}, keep: { path: PLACE/env, key: KEPT }, state: STATE } }"),
    ("dhparam", "dhparams: { PLACE/dh: { mode: MODE, state: STATE } }"),
    ("download", "downloads: { PLACE/file: { url: 'file:///srv/WORD', checksum: SUM, owner: leia, mode: MODE } }"),
    (
        "download",
        "downloads: { PLACE/unpacked: { url: 'file:///srv/WORD.tar', checksum: TAR, unpack: true, owner: leia } }",
    ),
    ("cert", "certs: { one: { issuer: self_signed, domains: [WORD.test], dir: /opt/kinds/cert } }"),
    ("backup", "backups: { one: { paths: [/srv/WORD], dir: /var/backups/one, schedule: daily, keep: 2 } }"),
];

const PREPARE: &str = r#"
set -e
apt-get install -y -qq curl openssl strace >/dev/null
useradd --create-home leia
mkdir -p /var/lib/infra/stages /opt/kinds /srv
chmod 0700 /var/lib/infra
runuser -u leia -- mkdir /home/leia/kinds
cd /srv
for word in first second; do
    echo $word >$word
    mkdir -p tar/sub && echo $word >tar/f && echo $word >tar/sub/g && echo $word >tar/sub/$word
    tar --sort=name --mtime=@1 --owner=0 --group=0 -C tar -cf $word.tar . && rm -r tar
done
cat >/usr/local/bin/killed-sh <<'END'
#!/bin/sh
# A shell as any other one, but that of a step is killed with all it has started, after as many seconds as the file says.
for last do :; done
case ${last-} in "infra: "*) ;; *) exec /bin/sh "$@" ;; esac
read -r after </run/after
# In a subshell, for strace would wait for a child.
(setsid sh -c "sleep $after; pkill -KILL -s $$" </dev/null >/dev/null 2>&1 &)
calls=write,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,ftruncate
calls=$calls,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,mknod,mknodat
exec strace -f -qq -o /run/calls -e trace=$calls -e inject=$calls:delay_enter=4000 /bin/sh "$@"
END
chmod 0755 /usr/local/bin/killed-sh
"#;

/// All that is where kinds write; a set of a certificate has another name each time.
const LISTING: &str = r"
find /opt/kinds /home /srv /tmp /etc /root /usr/local /var/lib/infra ! -path '/var/lib/infra/stages*' ! -path '/root/.ssh*' |
    sed 's/[.]set-[0-9-]*/.set/' | sort -u
";

/// Does what the next run does about a run that was killed.
const CLEAR: &str = r#"
cat /var/lib/infra/stages/* 2>/dev/null | while IFS= read -r path; do
    case ${path##*/} in .infra-????????????????-*) rm -rf -- "$path" ;; esac
done
rm -f /var/lib/infra/stages/*
"#;

struct Kill<'a> {
    host: &'a LabHost,
    programs: &'a Programs,
    kind: &'static str,
    /// What is there whichever of both is wanted.
    known: BTreeSet<String>,
}

impl Kill<'_> {
    /// Looks at what steps have left that were killed after so many seconds, and sets the time of the next kill.
    fn look(&self, after: f64, next: f64) {
        let told = self.host.check(&format!(
            "{LISTING}\necho ==; cat /var/lib/infra/stages/* 2>/dev/null\n{CLEAR}\necho ==\n{LISTING}\necho {next} >/run/after"
        ));
        let parts: Vec<BTreeSet<String>> = told.split("==\n").map(lines).collect();
        let [left, named, stays] = parts.as_slice() else { panic!("{told}") };
        for path in left.difference(&self.known) {
            let is_named = named.iter().any(|name| path == name || path.starts_with(&format!("{name}/")));
            assert!(is_named, "{}: killed after {after} s, it left {path}, which no list names: {named:?}", self.kind);
        }
        let stays: Vec<_> = stays.difference(&self.known).collect();
        assert!(stays.is_empty(), "{}: killed after {after} s: {stays:?} stays", self.kind);
    }

    /// Runs the steps between two specs, killed at so many moments; returns how often that was in time.
    async fn at(&self, specs: &[String; 2], wanted: u32, time: f64) -> usize {
        let after = |round: u32| time * (f64::from(round) + 0.5) / f64::from(wanted);
        self.host.check(&format!("echo {} >/run/after", after(0)));
        let mut killed = 0;
        for round in 0..wanted {
            let way = usize::from(round % 2 == 0);
            let mut steps = self.programs.steps(self.kind, &specs[way]).await;
            if steps.is_empty() {
                steps = self.programs.steps(self.kind, &specs[1 - way]).await;
            }
            let report = self.programs.run(&steps).await;
            assert!(report.failure.is_none(), "{}: {report:?}", self.kind);
            killed += usize::from(report.steps.iter().any(|step| step.status == StepStatus::Exited(137)));
            self.look(after(round), if round + 1 == wanted { 300.0 } else { after(round + 1) });
        }
        killed
    }
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(String::from).collect()
}

/// Returns how many kills are asked for, and whether that is one for each write, or a few.
fn kills(calls: u32) -> (u32, bool) {
    if std::env::var_os("INFRA_TEST_ROUNDS").is_some() { (calls, true) } else { (5, false) }
}

fn filled(sections: &str, place: &str, word: &str, tar: &str) -> String {
    let is_first = word == "first";
    let other = |first: &'static str, second: &'static str| if is_first { first } else { second };
    sections
        .replace("PLACE", place)
        .replace("WORD", word)
        .replace("KEY,", "'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDKcPXv4rKjjxQWGWCJVVcUgcVEnBYCxdJDgdJxfTGXH it',")
        .replace("OPTIONS", other("no-pty", "no-X11-forwarding"))
        .replace("MODE", other("'0600'", "'0644'"))
        .replace("STATE", other("present", "absent"))
        .replace("SUM", &format!("'sha256:{}'", sha256(format!("{word}\n").as_bytes())))
        .replace("TAR", &format!("'sha256:{tar}'"))
}

#[tokio::test]
async fn what_a_killed_program_leaves_in_folders_of_root_is_named_in_the_list_of_its_run() {
    kill_all("/opt/kinds").await;
}

#[tokio::test]
async fn what_a_killed_program_leaves_in_folders_of_a_user_is_named_in_the_list_of_its_run() {
    kill_all("/home/leia/kinds").await;
}

async fn kill_all(place: &str) {
    let host = LabHost::boot("leftovers", support::release());
    host.check(PREPARE);
    let mut files = MemoryFiles::new();
    for word in ["first", "second"] {
        files = files
            .file(format!("spec/{word}/f"), format!("{word}\n"))
            .file(format!("spec/{word}/sub/g"), format!("{word}\n"))
            .file(format!("spec/{word}/{word}/h"), format!("{word}\n"))
            .link(format!("spec/{word}/link"), word);
    }
    let tars = ["first", "second"].map(|word| host.check(&format!("sha256sum /srv/{word}.tar"))[..64].to_string());
    let programs = Programs::connect(&host, "/usr/local/bin/killed-sh", files).await;
    for (kind, sections) in CASES {
        if place.starts_with("/home") && !sections.contains("PLACE") {
            continue;
        }
        let specs = [0, 1].map(|at| filled(sections, place, ["first", "second"][at], &tars[at]));
        let mut kill = Kill { host: &host, programs: &programs, kind, known: BTreeSet::new() };
        // Nobody kills yet: what is there with either of both, and how long it takes.
        let (mut times, mut calls) = (Vec::new(), 0);
        host.check("echo 300 >/run/after");
        for at in [0, 1, 0] {
            let steps = programs.steps(kind, &specs[at]).await;
            let start = Instant::now();
            let report = programs.run(&steps).await;
            times.push(start.elapsed().as_secs_f64());
            assert_fine(&report, kind);
            let told = host.check(&format!("cat /run/calls | wc -l\n{LISTING}"));
            let (count, listing) = told.split_once('\n').unwrap();
            calls = calls.max(count.trim().parse().unwrap());
            kill.known.extend(lines(listing));
        }
        // A few had better be in time, all of them had better miss nothing.
        let (wanted, is_all) = kills(calls);
        let time = times.into_iter().reduce(if is_all { f64::max } else { f64::min }).unwrap();
        let killed = kill.at(&specs, wanted, time).await;
        // What comes after finishes it.
        let steps = programs.steps(kind, &specs[0]).await;
        assert_fine(&programs.run(&steps).await, kind);
        assert!(programs.is_done(kind, &specs[0]).await, "{kind}");
        println!("{kind} in {place}: {calls} writes, {wanted} kills, {killed} in time");
        assert!(killed > 0, "{kind}: nothing was killed in time");
    }
    programs.close().await;
}

#[track_caller]
fn assert_fine(report: &FrameReport, kind: &str) {
    let is_fine = |step: &StepReport| step.status == StepStatus::Exited(0) && step.failed_rows.is_empty();
    assert!(report.failure.is_none() && report.steps.iter().all(is_fine), "{kind}: {report:?}");
}
