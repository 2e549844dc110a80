//! Programs that write are killed at their writes, one after another: the step's shell and all that it started, from outside. What is
//! left then is named in the list of the run, and what was to be written is there as it was or as it should be.
//!
//! Each write waits a moment, so that a kill finds it. Of each program some writes are chosen evenly, as many as `INFRA_TEST_ROUNDS`
//! says; where it has no more, all of them.

use std::collections::BTreeSet;

use infra::host::{FrameReport, StepReport, StepStatus};
use infra::spec::MemoryFiles;

use crate::support;
use crate::support::lab::LabHost;
use crate::support::programs::{Programs, filled};

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
# A shell as any other one, but that of a step is killed with all it has started, after as many writes as the file says.
for last do :; done
case ${last-} in "infra: "*) ;; *) exec /bin/sh "$@" ;; esac
read -r write </run/kill-at
: >/run/calls
# In a subshell, for strace would wait for a child.
(setsid sh -c "
    while [ \$(wc -l </run/calls) -lt $write ]; do kill -0 $$ 2>/dev/null || exit; sleep 0.001; done
    pkill -KILL -s $$
" </dev/null >/dev/null 2>&1 &)
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

const SHELL: &str = "/usr/local/bin/killed-sh";

struct Kill<'a> {
    host: &'a LabHost,
    programs: Programs,
    kind: &'static str,
    /// What is there whichever of both is wanted.
    known: BTreeSet<String>,
}

impl Kill<'_> {
    /// Looks at what steps have left that were killed at this write, and at what is left once another run has begun.
    async fn look(mut self, write: u32) -> Self {
        let told = self.host.check(&format!("{LISTING}\necho ==; cat /var/lib/infra/stages/* 2>/dev/null"));
        let (left, named) = told.split_once("==\n").unwrap();
        let named = lines(named);
        for path in lines(left).difference(&self.known) {
            let is_named = named.iter().any(|name| path == name || path.starts_with(&format!("{name}/")));
            assert!(is_named, "{}: killed at write {write}, it left {path}, which no list names: {named:?}", self.kind);
        }
        self.programs = self.programs.killed(self.host, SHELL).await;
        let stays = lines(&self.host.check(LISTING));
        let stays: Vec<_> = stays.difference(&self.known).collect();
        assert!(stays.is_empty(), "{}: killed at write {write}: {stays:?} stays", self.kind);
        self
    }

    /// Runs the steps between two specs, killed at so many of their writes; returns how often that was in time.
    async fn at(mut self, specs: &[String; 2], kills: u32, writes: u32) -> (Programs, usize) {
        let mut killed = 0;
        for round in 0..kills {
            let write = writes * (2 * round + 1) / (2 * kills) + 1;
            let way = usize::from(round % 2 == 0);
            let mut steps = self.programs.steps(self.kind, &specs[way]).await;
            if steps.is_empty() {
                steps = self.programs.steps(self.kind, &specs[1 - way]).await;
            }
            self.host.check(&format!("echo {write} >/run/kill-at"));
            let report = self.programs.run(&steps).await;
            assert!(report.failure.is_none(), "{}: {report:?}", self.kind);
            killed += usize::from(report.steps.iter().any(|step| step.status == StepStatus::Exited(137)));
            self.host.check("echo 1000000 >/run/kill-at");
            self = self.look(write).await;
        }
        (self.programs, killed)
    }
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(String::from).collect()
}

/// Returns how many kills are asked for, where there are so many writes.
fn kills(writes: u32) -> u32 {
    let asked = std::env::var("INFRA_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    asked.unwrap_or(5).min(writes)
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
    let mut programs = Programs::connect(&host, SHELL, files).await;
    for (kind, sections) in CASES {
        if place.starts_with("/home") && !sections.contains("PLACE") {
            continue;
        }
        let specs = [0, 1].map(|at| filled(&sections.replace("PLACE", place), ["first", "second"][at], &tars[at]));
        let mut known = BTreeSet::new();
        // Nobody kills yet: what is there with either of both, and how many writes that takes.
        let mut writes: Vec<u32> = Vec::new();
        host.check("echo 1000000 >/run/kill-at");
        for at in [0, 1, 0] {
            let steps = programs.steps(kind, &specs[at]).await;
            assert_fine(&programs.run(&steps).await, kind);
            let told = host.check(&format!("cat /run/calls | wc -l\n{LISTING}"));
            let (count, listing) = told.split_once('\n').unwrap();
            writes.push(count.trim().parse().unwrap());
            known.extend(lines(listing));
        }
        let writes = writes[1..].iter().copied().min().unwrap();
        let wanted = kills(writes);
        let kill = Kill { host: &host, programs, kind, known };
        let killed;
        (programs, killed) = kill.at(&specs, wanted, writes).await;
        // What comes after finishes it.
        let steps = programs.steps(kind, &specs[0]).await;
        assert_fine(&programs.run(&steps).await, kind);
        assert!(programs.is_done(kind, &specs[0]).await, "{kind}");
        println!("{kind} in {place}: {writes} writes, {wanted} kills, {killed} in time");
        assert!(killed > 0, "{kind}: nothing was killed in time");
    }
    programs.close().await;
}

#[track_caller]
fn assert_fine(report: &FrameReport, kind: &str) {
    let is_fine = |step: &StepReport| step.status == StepStatus::Exited(0) && step.failed_rows.is_empty();
    assert!(report.failure.is_none() && report.steps.iter().all(is_fine), "{kind}: {report:?}");
}
