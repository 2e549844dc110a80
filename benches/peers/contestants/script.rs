//! Shell scripts over one `ssh` connection a host, written for exactly this end state: the limit.
//!
//! They look at the same things as everyone else does: one `dpkg-query`, `getent`, `stat`, `sha256sum` and
//! `systemctl show`, whose output is compared with what is expected. What differs is then changed without asking why, over
//! the same connection, and looked at once more.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Contestant, Run, Scene, command, write};
use crate::hosts::Reach;
use crate::wanted::{Wanted, sha256};
use crate::workloads::Task;

const CHANGE: &str = include_str!("../program/script-change.sh");

/// The hand-written script.
#[derive(Debug)]
pub struct Script;

impl Contestant for Script {
    fn name(&self) -> &str {
        "script"
    }

    fn prepare(&self, scene: &Scene<'_>, run: Run) -> Result<()> {
        let Scene { wanted, folder, .. } = scene;
        let options = multiplexing(scene, run.warm);
        write_tree(wanted, folder, run.revision)?;
        write(folder.join("expected"), &expected(wanted, run.revision))?;
        write(folder.join("observe"), &observe(wanted))?;
        write(
            folder.join("look.sh"),
            &in_parallel(scene, |host| format!("{}{options} sh <observe | cmp - expected", host.ssh().join(" "))),
        )?;
        write(
            folder.join("first.sh"),
            &in_parallel(scene, |host| {
                format!(
                    "{{ cat first; tar -cz --owner-map=owners --group-map=groups -C tree etc; }} | \
                     {}{options} '{}' | cmp - expected",
                    host.ssh().join(" "),
                    // The program is read whole before it runs, and the archive is what remains. The shell that is
                    // there runs it: an argument may not be as long as the program of 10,000 files.
                    format_args!(
                        "eval \"$(dd iflag=fullblock,count_bytes bs=64K count={} status=none)\"",
                        first(wanted).len()
                    ),
                )
            }),
        )?;
        write(folder.join("first"), &first(wanted))?;
        write(
            folder.join("change.sh"),
            &in_parallel(scene, |host| format!("bash change {}{options}", host.ssh().join(" "))),
        )?;
        write(folder.join("change"), CHANGE)?;
        let map = |(name, number): (&str, u32)| format!("+{number} {name}:{number}\n");
        write(folder.join("owners"), &map(wanted.owner))?;
        write(folder.join("groups"), &map(wanted.group))
    }

    fn command(&self, scene: &Scene<'_>, run: Run) -> Command {
        let program = match run.task {
            Task::First => "first.sh",
            Task::Unchanged => "look.sh",
            Task::Change => "change.sh",
        };
        let mut command = command(Path::new("/bin/sh"), scene);
        command.arg(program);
        command
    }

    fn did_nothing(&self, _said: &str) -> bool {
        // It has succeeded, so that what is there is what was expected.
        true
    }
}

/// A script that does one thing to all hosts at once.
pub fn in_parallel(scene: &Scene<'_>, line: impl Fn(&Reach) -> String) -> String {
    let mut script = String::from("processes=\n");
    for host in scene.hosts {
        let _ = writeln!(script, "( {} ) &\nprocesses=\"$processes $!\"", line(host));
    }
    script.push_str("for process in $processes; do wait \"$process\" || exit 1; done\n");
    script
}

/// The options that keep a connection, or none.
pub fn multiplexing(scene: &Scene<'_>, warm: bool) -> String {
    let path = scene.folder.join("sockets/%C");
    if warm {
        format!(" -o ControlMaster=auto -o ControlPersist=60 -o ControlPath={}", path.display())
    } else {
        String::new()
    }
}

/// Every path that is looked at, one a line.
fn paths(wanted: &Wanted) -> String {
    let directories = (0..wanted.directories).map(|at| wanted.directory(at));
    let files = (0..wanted.files).map(|at| wanted.path(at));
    let jobs = wanted.crons.iter().map(|cron| job_path(cron.name));
    directories.chain(files).chain(jobs).map(|path| path + "\n").collect()
}

fn job_path(name: &str) -> String {
    format!("/etc/cron.d/{name}")
}

fn job(cron: &crate::wanted::Cron) -> String {
    format!("{} root {}\n", cron.schedule(), cron.command)
}

/// The program that prints what a host is.
fn observe(wanted: &Wanted) -> String {
    let mut program = String::new();
    let names = |names: &mut dyn Iterator<Item = &'static str>| names.collect::<Vec<_>>().join(" ");
    if !wanted.packages.is_empty() {
        let packages = wanted.packages.join(" ");
        let _ = writeln!(program, "dpkg-query -W -f '${{Package}} ${{db:Status-Status}}\\n' {packages}");
    }
    if !wanted.groups.is_empty() {
        let _ = writeln!(program, "getent group {}", names(&mut wanted.groups.iter().map(|(name, _)| *name)));
    }
    if !wanted.users.is_empty() {
        let _ = writeln!(program, "getent passwd {}", names(&mut wanted.users.iter().map(|user| user.name)));
    }
    if !wanted.services.is_empty() {
        let services = wanted.services.join(" ");
        let _ = writeln!(program, "systemctl show -p Id,ActiveState,UnitFileState {services}");
    }
    let _ = write!(program, "paths='{}'\n{LOOK_AT_PATHS}", paths(wanted).trim_end());
    program
}

/// Looks at all paths with one `stat` and one `sha256sum`, or as many as lists of a megabyte need: `xargs` makes them of
/// 128 KiB if it is not told, and Linux takes two megabytes. `printf` is part of the shell, and has no such limit.
const LOOK_AT_PATHS: &str = "printf '%s\\n' \"$paths\" | xargs -s 1000000 stat -c '%n %F %u %g %a'\n\
                             printf '%s\\n' \"$paths\" | sed '/\\/d[0-9]$/d' | xargs -s 1000000 sha256sum\n";

/// What that program prints on a host that is as it is to be.
fn expected(wanted: &Wanted, revision: u32) -> String {
    let mut text = String::new();
    for name in wanted.packages {
        let _ = writeln!(text, "{name} installed");
    }
    for (name, gid) in wanted.groups {
        let _ = writeln!(text, "{name}:x:{gid}:");
    }
    for user in wanted.users {
        let _ =
            writeln!(text, "{}:x:{}:{}:{}:{}:{}", user.name, user.uid, user.gid, user.comment, user.home, user.shell);
    }
    let services: Vec<_> = wanted
        .services
        .iter()
        .map(|name| format!("Id={name}.service\nActiveState=active\nUnitFileState=enabled\n"))
        .collect();
    text.push_str(&services.join("\n"));
    let (owner, group) = (wanted.owner.1, wanted.group.1);
    for at in 0..wanted.directories {
        let _ = writeln!(text, "{} directory {owner} {group} 750", wanted.directory(at));
    }
    let files = (0..wanted.files).map(|at| (wanted.path(at), wanted.content(at, revision), owner, group, "640"));
    let jobs = wanted.crons.iter().map(|cron| (job_path(cron.name), job(cron), 0, 0, "644"));
    let all: Vec<_> = files.chain(jobs).collect();
    for (path, _, owner, group, mode) in &all {
        let _ = writeln!(text, "{path} regular file {owner} {group} {mode}");
    }
    for (path, content, ..) in &all {
        let _ = writeln!(text, "{}  {path}", sha256(content));
    }
    text
}

/// The program of a first apply: it reads the archive of files from its input.
fn first(wanted: &Wanted) -> String {
    let mut program = String::from("set -e\nexec 3>&1 >/dev/null\n");
    if !wanted.packages.is_empty() {
        let _ = writeln!(program, "dpkg-query -W {}", wanted.packages.join(" "));
    }
    for (name, gid) in wanted.groups {
        let _ = writeln!(program, "getent group {name} || groupadd -g {gid} {name}");
    }
    for user in wanted.users {
        let _ = writeln!(
            program,
            "getent passwd {0} || useradd -M -u {1} -g {2} -d {3} -s {4} -c '{5}' {0}",
            user.name, user.uid, user.group, user.home, user.shell, user.comment
        );
    }
    program.push_str("tar -xzp --same-owner -C /\n");
    if !wanted.services.is_empty() {
        // deb-systemd-helper and the like speak on standard error.
        let _ = writeln!(program, "systemctl enable --quiet --now {}", wanted.services.join(" "));
    }
    let _ = write!(program, "exec >&3\n{}", observe(wanted));
    program
}

/// Writes the rendered files, with the numbers of their owners.
fn write_tree(wanted: &Wanted, folder: &Path, revision: u32) -> Result<()> {
    let tree = folder.join("tree");
    let put = |path: String, content: &str, mode: u32, owner: u32, group: u32| -> Result<()> {
        let path = tree.join(path.trim_start_matches('/'));
        let written = || -> std::io::Result<()> {
            fs::write(&path, content)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
            chown(&path, Some(owner), Some(group))
        };
        written().with_context(|| format!("cannot write {}", path.display()))
    };
    let marker = tree.join("is-whole");
    if marker.exists() {
        let file = wanted.changing();
        return put(wanted.path(file), &wanted.content(file, revision), 0o640, wanted.owner.1, wanted.group.1);
    }
    let make = |path: PathBuf| fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()));
    make(tree.join("etc/cron.d"))?;
    for at in 0..wanted.directories {
        let path = tree.join(wanted.directory(at).trim_start_matches('/'));
        make(path.clone())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o750))?;
        chown(&path, Some(wanted.owner.1), Some(wanted.group.1))?;
    }
    for file in 0..wanted.files {
        put(wanted.path(file), &wanted.content(file, revision), 0o640, wanted.owner.1, wanted.group.1)?;
    }
    for cron in wanted.crons {
        put(job_path(cron.name), &job(cron), 0o644, 0, 0)?;
    }
    write(marker, "")
}
