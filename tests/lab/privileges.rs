//! Becoming root with sudo in every way it can be set up, and accounts with odd login shells, on a real host.

use std::collections::BTreeMap;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{LabHost, text};
use infra::host::{
    FrameReport, FrameStep, Host, Options, Problem, StepEvent, StepFrame, StepStatus, Target, Transport,
};
use infra::model::{Probe, ProbeOutput, Secret, SshOptions, Step, Value};
use infra::row;
use tokio::sync::mpsc;

const PASSWORD: &str = "p0ison 'quoted' $1 \\ pass";

fn target(host: &LabHost, user: &str, password: Option<&str>) -> Target {
    let details = host.details();
    Target {
        name: "app1".into(),
        address: host.address(),
        user: Some(user.into()),
        become_root: true,
        password: password.map(Secret::new),
        transport: Transport::Ssh(SshOptions {
            identity_file: Some(details.key.clone()),
            config_file: Some("/dev/null".into()),
            known_hosts: Some(details.known_hosts.clone()),
            ..SshOptions::default()
        }),
    }
}

/// Adds an account that root's key opens, with what sudoers says of it and a login shell.
fn add_account(host: &LabHost, name: &str, sudoers: &str, shell: &str) {
    host.check(&format!(
        "useradd -m -s {shell} {name} && mkdir -m 0700 ~{name}/.ssh && cp /root/.ssh/authorized_keys ~{name}/.ssh/ && \
         chown -R {name}: ~{name}/.ssh"
    ));
    let password = PASSWORD.replace('\'', "'\\''");
    host.check(&format!("printf '%s:%s\\n' {name} '{password}' | chpasswd"));
    if !sudoers.is_empty() {
        host.check(&format!(
            "printf '%s\\n' '{sudoers}' >/etc/sudoers.d/{name} && chmod 0440 /etc/sudoers.d/{name} && visudo -c"
        ));
    }
}

async fn connect(target: Target) -> Result<Host, Problem> {
    Host::connect(target, Options::default()).await.map_err(|error| error.problem)
}

/// Connects and returns who works there, and what a program in a section wrote.
async fn look(target: Target, script: &'static str) -> (String, ProbeOutput) {
    let host = connect(target).await.unwrap();
    let probe = Probe::new(script, vec![row![Secret::new(PASSWORD)]]);
    let mut observed = host.observe(vec![("it".into(), probe)]).await.unwrap();
    let Some(Value::Map(facts)) = observed.facts else { panic!("no facts") };
    let Value::Text(user) = &facts["user"] else { panic!("no user") };
    host.close().await;
    (user.clone(), observed.sections.remove("it").unwrap())
}

async fn refused(target: Target) -> Problem {
    match connect(target).await {
        Ok(host) => host.observe(vec![]).await.expect_err("it answers").problem,
        Err(problem) => problem,
    }
}

async fn run(host: &Host, step: Step) -> FrameReport {
    let (sender, _) = mpsc::unbounded_channel();
    host.run(StepFrame { steps: vec![FrameStep::new("it", step)], ..StepFrame::default() }, sender).await
}

/// Every process there is: does an argument or the environment of one hold the password?
const SEARCH: &str = r#"
    split_row "$ROWS"
    set +f
    for file in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do
        { found=$(tr '\000' ' ' <"$file"); } 2>/dev/null
        case $found in
            *"$f1"*) emit 0 "$file" ;;
        esac
    done
"#;

#[tokio::test]
async fn sudo_gets_the_password_if_and_only_if_it_asks() {
    let host = LabHost::boot("become", support::release());
    let cases = BTreeMap::from([
        ("asks", "asks ALL=(ALL) ALL"),
        ("free", "free ALL=(ALL) NOPASSWD: ALL"),
        ("cached", "Defaults:cached timestamp_type=global\ncached ALL=(ALL) ALL"),
        ("lectured", "Defaults:lectured lecture=always\nlectured ALL=(ALL) ALL"),
        ("pty", "Defaults:pty use_pty\npty ALL=(ALL) ALL"),
        ("prompted", "Defaults:prompted passprompt=\"Give me %u: \", passprompt_override\nprompted ALL=(ALL) ALL"),
        ("terminal", "Defaults:terminal requiretty\nterminal ALL=(ALL) NOPASSWD: ALL"),
        ("other", "other ALL=(ALL) NOPASSWD: /usr/bin/true"),
        ("denied", ""),
    ]);
    for (name, sudoers) in &cases {
        add_account(&host, name, sudoers, "/bin/bash");
    }

    for name in ["asks", "free", "cached", "lectured", "pty", "prompted"] {
        let (user, output) = look(target(&host, name, Some(PASSWORD)), SEARCH).await;
        assert_eq!(user, "root", "{name}");
        // Had the password been written where nobody asked for it, the shell would have read it instead of a frame.
        assert!(output.records.is_empty() && output.messages.is_empty(), "{name}: {output:?}");
    }
    // Without a password, sudo is asked not to ask.
    let (user, _) = look(target(&host, "free", None), ":").await;
    assert_eq!(user, "root");
    assert!(matches!(refused(target(&host, "asks", None)).await, Problem::SudoPasswordNeeded));
    // Credentials that sudo still holds are enough where no password is given, and in nobody's way where one is.
    let password = PASSWORD.replace('\'', "'\\''");
    host.check(&format!("printf '%s\\n' '{password}' | runuser -u cached -- sudo -S -v 2>/dev/null"));
    for password in [None, Some(PASSWORD)] {
        let (user, output) = look(target(&host, "cached", password), "emit 0 fine").await;
        assert_eq!((user.as_str(), output.records.len()), ("root", 1), "{password:?}");
    }

    assert!(matches!(refused(target(&host, "asks", Some("wrong"))).await, Problem::SudoPasswordWrong));
    assert!(matches!(refused(target(&host, "asks", Some(""))).await, Problem::SudoPasswordWrong));
    let problem = refused(target(&host, "denied", Some(PASSWORD))).await;
    assert!(matches!(&problem, Problem::SudoDenied { .. }), "{problem:?}");
    let problem = refused(target(&host, "other", Some(PASSWORD))).await;
    assert!(matches!(&problem, Problem::SudoDenied { .. }), "{problem:?}");
    let problem = refused(target(&host, "terminal", None)).await;
    assert!(matches!(&problem, Problem::SudoTerminal { .. }), "{problem:?}");

    // What runs below sudo ends when it is killed, and with its timeout.
    for name in ["asks", "pty"] {
        let connected = connect(target(&host, name, Some(PASSWORD))).await.unwrap();
        let mut slow = Step::new("sleep 4321 & sleep 4321", vec![], "it");
        slow.timeout = std::time::Duration::from_secs(1);
        assert_eq!(run(&connected, slow).await.steps[0].status, StepStatus::TimedOut);
        support::wait_until("the children are gone", || !host.run("pgrep -f 'sleep 432[1]'").status.success());
        let (sender, mut events) = mpsc::unbounded_channel();
        let running = connected.clone();
        let hangs = FrameStep::new("it", Step::new("echo here; sleep 4321 & sleep 4321", vec![], "it"));
        let running =
            tokio::spawn(
                async move { running.run(StepFrame { steps: vec![hangs], ..StepFrame::default() }, sender).await },
            );
        while !matches!(events.recv().await.unwrap(), StepEvent::Output { .. }) {}
        connected.kill();
        assert_eq!(running.await.unwrap().steps[0].status, StepStatus::Killed, "{name}");
        support::wait_until("the children are gone", || !host.run("pgrep -f 'sleep 432[1]'").status.success());
    }

    // Without `become`, a step may still run as another account.
    let mut plain = target(&host, "free", None);
    plain.become_root = false;
    let connected = connect(plain).await.unwrap();
    let report = run(&connected, Step::new("id -un; echo $HOME; cat", vec![], "it").run_as(Some("asks".into()))).await;
    assert_eq!(report.steps[0].output, ["asks", "/home/asks"], "{report:?}");
    let mut slow =
        Step::new("trap '' TERM; sleep 4321 & sleep 4321; sleep 4321", vec![], "it").run_as(Some("asks".into()));
    slow.timeout = std::time::Duration::from_secs(1);
    assert_eq!(run(&connected, slow).await.steps[0].status, StepStatus::TimedOut);
    support::wait_until("the children are gone", || !host.run("pgrep -f 'sleep 432[1]'").status.success());
    connected.close().await;

    // Root needs no sudo.
    host.check("mv /usr/bin/sudo /usr/bin/sudo.away");
    let (user, _) = look(target(&host, "root", Some(PASSWORD)), ":").await;
    assert_eq!(user, "root");
    assert!(matches!(refused(target(&host, "asks", Some(PASSWORD))).await, Problem::SudoMissing));
}

#[tokio::test]
async fn any_login_shell_will_do() {
    let host = LabHost::boot("shells", support::release());
    host.check("apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends fish tcsh zsh busybox >/dev/null");
    host.check("printf '#!/bin/sh\\nexec busybox sh \"$@\"\\n' >/usr/local/bin/bbsh && chmod 0755 /usr/local/bin/bbsh");
    let shells = [
        ("s-dash", "/bin/dash"),
        ("s-bash", "/bin/bash"),
        ("s-fish", "/usr/bin/fish"),
        ("s-tcsh", "/usr/bin/tcsh"),
        ("s-zsh", "/usr/bin/zsh"),
        ("s-busybox", "/usr/local/bin/bbsh"),
    ];
    let noise = "echo Welcome; printf unfinished; cd /tmp; export ROWS=leak IFS=x LC_ALL=de_DE.UTF-8 program=leak PATH=/nowhere";
    for (name, shell) in shells {
        add_account(&host, name, &format!("{name} ALL=(ALL) ALL"), shell);
        for password in [None, Some(PASSWORD)] {
            let mut target = target(&host, name, password);
            target.become_root = password.is_some();
            let (user, output) = look(target, SEARCH).await;
            assert_eq!(user, if password.is_some() { "root" } else { name });
            assert!(output.records.is_empty() && output.messages.is_empty(), "{name}: {output:?}");
        }
        // bash reads its start file when sshd starts it, zsh and fish theirs.
        host.check(&format!(
            "cd ~{name} && printf '%s\\n' '{noise}' | tee .bashrc .zshenv >/dev/null && mkdir -p .config/fish && \
             echo 'echo Welcome; printf unfinished' | tee .config/fish/config.fish .tcshrc >/dev/null"
        ));
        let (_, output) = look(target(&host, name, Some(PASSWORD)), SEARCH).await;
        assert!(output.records.is_empty() && output.messages.is_empty(), "{name}: {output:?}");
    }
    add_account(&host, "s-nologin", "", "/usr/sbin/nologin");
    add_account(&host, "s-false", "", "/bin/false");
    let problem = refused(target(&host, "s-nologin", None)).await;
    assert!(matches!(&problem, Problem::NoShell { said } if said.contains("not available")), "{problem:?}");
    let problem = refused(target(&host, "s-false", None)).await;
    assert!(matches!(&problem, Problem::NoShell { .. }), "{problem:?}");
}

/// Hands a folder over again and again while its new owner exchanges a folder in it for a link to one of root's.
const HAND_OVER_RACE: &str = r#"
useradd --create-home mallory
mkdir /root/canary /home/mallory/top /home/mallory/top/d
for i in $(seq 30); do : >/root/canary/$i; : >/home/mallory/top/d/$i; done
chown mallory: /home/mallory/top /home/mallory/top/d
runuser -u mallory -- sh -c 'cd /home/mallory/top || exit
    while ! [ -e stop ]; do mv d e; ln -s /root/canary d; rm d; mv e d; done' >/dev/null 2>&1 &
for round in $(seq 300); do
    chown -R -h root /home/mallory/top/d /home/mallory/top/e 2>/dev/null
    hand_over mallory /home/mallory/top 2>/dev/null
done
: >/home/mallory/top/stop
wait
hand_over mallory /home/mallory/top
find /root/canary ! -user root | wc -l
find /home/mallory/top ! -user mallory | wc -l
"#;

#[test]
fn what_is_handed_over_is_reached_through_no_link() {
    let host = LabHost::boot("hand-over", support::release());
    let program = include_str!("../../src/kinds/shared/hand_over.sh");
    assert_eq!(host.check(&format!("{program}{HAND_OVER_RACE}")), "0\n0\n");
}

/// Folders of a user with what leads to root's.
const TRAPS: &str = r#"
useradd --create-home mallory
mkdir -p /srv/canary /srv/target && cd /srv/canary
for name in f w s.env sub/g; do mkdir -p $(dirname $name); echo "A=$name" >$name; done
chmod 0666 w
ln -s target /srv/good
runuser -u mallory -- sh -ec 'cd; mkdir d real d/sub
    ln -s /srv/canary linked; ln -s real own; ln -s /srv/canary d/.infra-new; ln -s /srv/canary/s.env d/foreign.env
    ln -s ../real/mine.env d/mine.env; echo A=1 >real/mine.env; echo text >d/plain; echo text >d/sub/stays'
ln w /home/mallory/d/hard
ln w /home/mallory/d/replaced
mkdir /home/mallory/mount && mount -t tmpfs none /home/mallory/mount
echo text >/home/mallory/mount/stays && chown -R mallory: /home/mallory/mount
"#;

const SAFE: &str = "
directories:
  /home/mallory/d/new/deep: { owner: mallory, mode: '0750' }
  /home/mallory/mount/sub: { owner: mallory }
  /srv/given: { owner: mallory }
  /srv/given/inner: { owner: root, mode: '0700' }
files:
  /home/mallory/own/x: { content: x, owner: mallory }
  /home/mallory/d/plain: { content: new, owner: mallory, mode: '0640' }
  /home/mallory/d/replaced: { content: new, owner: mallory, mode: '0600' }
  /home/mallory/d/sub/stays: { owner: root, mode: '0640' }
  /home/mallory/mount/x: { content: x, owner: mallory }
  /home/mallory/mount/stays: { owner: root, mode: '0640' }
  /srv/good/x: { content: x }
  /tmp/guarded: { content: x }
settings:
  /home/mallory/d/mine.env: { format: env, set: { A: '2' } }
";

/// Specs that are refused, and why.
const UNSAFE: &[(&str, &str)] = &[
    ("files: { /home/mallory/linked/x: { content: x } }", "/home/mallory/linked is a symbolic link of mallory"),
    ("files: { /home/mallory/linked/f: { mode: '0600' } }", "/home/mallory/linked is a symbolic link of mallory"),
    ("files: { /home/mallory/linked/f: { state: absent } }", "/home/mallory/linked is a symbolic link of mallory"),
    ("files: { /home/mallory/d/hard: { owner: mallory } }", "/home/mallory/d/hard has another name"),
    ("directories: { /home/mallory/linked/x: {} }", "/home/mallory/linked is a symbolic link of mallory"),
    (
        "directories: { /home/mallory/linked/sub: { owner: mallory } }",
        "/home/mallory/linked is a symbolic link of mallory",
    ),
    (
        "settings: { /home/mallory/linked/s.env: { format: env, set: { A: '2' } } }",
        "/home/mallory/linked is a symbolic link of mallory",
    ),
    (
        "settings: { /home/mallory/d/foreign.env: { format: env, set: { A: '2' } } }",
        "/home/mallory/d/foreign.env is a symbolic link of mallory",
    ),
];

#[test]
fn a_users_links_lead_root_to_nothing_of_its_own() {
    let host = LabHost::boot("traps", support::release());
    host.check(TRAPS);
    let facts = "cd /srv/canary && find . -printf '%p %U %G %m %s %T@ %y\\n' | sort && find . -type f -exec sha256sum {} + | sort";
    let before = host.check(facts);
    let folder = tempfile::tempdir().unwrap();
    let spec = |sections: &str| {
        let text = format!("infra: 1\nname: traps\nhosts: {{ app1: {{}} }}\n{sections}\n");
        std::fs::write(folder.path().join("infra.yaml"), text).unwrap();
        Infra::new(folder.path(), &host.inventory())
    };
    for (sections, why) in UNSAFE {
        let output = spec(sections).run("apply", &["--auto-approve"]);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{sections}\n{said}");
        assert!(said.contains(why), "{sections}\n{said}");
        assert_eq!(host.check(facts), before, "{sections}");
    }
    let safe = spec(SAFE);
    safe.apply();
    safe.plan().assert_empty("after the first apply");
    // Again, with something in all places.
    host.check(
        "cd /home/mallory && echo old | tee d/plain own/x mount/x /srv/good/x /tmp/guarded >/dev/null && chmod 0666 mount/stays d/sub/stays \
         && chown mallory d/sub/stays && chmod 0777 mount/sub d/new/deep && echo A=1 >real/mine.env",
    );
    safe.apply();
    safe.plan().assert_empty("after the second apply");
    assert_eq!(host.check(facts), before);
    assert_eq!(host.check("cat /home/mallory/d/replaced /srv/canary/w"), "newA=w\n");
    assert_eq!(
        host.check("readlink /home/mallory/d/mine.env /home/mallory/d/.infra-new"),
        "../real/mine.env\n/srv/canary\n"
    );
    host.check("rm /home/mallory/d/.infra-new");
    assert_eq!(
        host.check("find / -xdev -name '.infra-*'; find /home/mallory/mount -name '.infra-*'"),
        "",
        "something is left"
    );
}

/// An account that is not root keeps what is its own, and what its group may write.
#[test]
fn an_account_without_privileges_writes_where_it_may() {
    let host = LabHost::boot("plain", support::release());
    host.check("install -d -o root -g deploy -m 2775 /srv/shared /srv/shared/in && install -d -o deploy -m 0775 -g deploy /home/deploy/app");
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory.yaml");
    let given = std::fs::read_to_string(host.inventory()).unwrap();
    assert!(given.contains("become: true"), "{given}");
    std::fs::write(&inventory, given.replace("become: true", "become: false")).unwrap();
    std::fs::write(
        folder.path().join("infra.yaml"),
        "infra: 1\nname: plain\nhosts: { app1: {} }\ndirectories: { /home/deploy/app/new: { mode: '0700' }, /srv/shared/new: {} }\nfiles:\n  \
         /home/deploy/app/a: { content: one }\n  /home/deploy/b: { content: one }\n  /srv/shared/in/c: { content: one, mode: '0664' }\n  \
         /srv/shared/new/d: { content: one }\n",
    )
    .unwrap();
    let infra = Infra::new(folder.path(), &inventory);
    infra.apply();
    infra.plan().assert_empty("after the first apply");
    host.check("cd /home/deploy && echo two | tee app/a b /srv/shared/in/c && chmod 0600 /srv/shared/in/c && chmod 0755 app/new");
    infra.apply();
    infra.plan().assert_empty("after the second apply");
    assert_eq!(host.check("find / -xdev -name '.infra-*'"), "", "something is left");
}
