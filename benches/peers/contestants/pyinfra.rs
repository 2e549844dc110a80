//! pyinfra, tuned as its documentation advises: all hosts in parallel, no waiting for other hosts between operations.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::{Contestant, LONG, Run, Scene, command, write};
use crate::hosts::Reach;
use crate::wanted::{ROOT, Wanted};

/// pyinfra.
#[derive(Debug)]
pub struct Pyinfra {
    /// The folder of the virtual environment.
    pub environment: PathBuf,
}

impl Contestant for Pyinfra {
    fn name(&self) -> &str {
        "pyinfra"
    }

    fn limit(&self) -> Duration {
        LONG
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn prepare(&self, scene: &Scene<'_>, _run: Run) -> Result<()> {
        write(scene.folder.join("inventory.py"), &inventory(scene.hosts))?;
        write(scene.folder.join("deploy.py"), &deploy(scene.wanted))?;
        write(scene.folder.join("part.conf.j2"), &scene.wanted.template("number", "revision"))
    }

    fn command(&self, scene: &Scene<'_>, run: Run) -> Command {
        let mut command = command(&self.environment.join("bin/pyinfra"), scene);
        command.args(["-y", "--no-wait", "--parallel", &scene.hosts.len().to_string()]);
        command.args(["--data", &format!("revision={}", run.revision), "inventory.py", "deploy.py"]);
        command
    }

    fn did_nothing(&self, said: &str) -> bool {
        // Columns: operations, successes (what was changed), errors, no changes.
        let total = said.lines().find_map(|line| line.trim().strip_prefix("Grand total"));
        total.is_some_and(|columns| columns.split_whitespace().skip(1).take(2).all(|column| column == "-"))
    }
}

/// The inventory. Names and paths are plain, so that JSON's strings are Python's.
fn inventory(hosts: &[Reach]) -> String {
    let mut text = String::from("bench = [\n");
    for Reach { name, address, port, key, known_hosts } in hosts {
        let data = json!({
            "ssh_hostname": address, "ssh_port": port, "ssh_user": Reach::USER, "ssh_key": key,
            "ssh_known_hosts_file": known_hosts, "ssh_strict_host_key_checking": "yes",
            "ssh_config_file": "/dev/null",
        });
        let _ = writeln!(text, "    ({}, {data}),", json!(name));
    }
    text + "]\n"
}

fn deploy(wanted: &Wanted) -> String {
    let mut text = String::from(
        "from pyinfra import host\nfrom pyinfra.operations import apt, crontab, files, server, systemd\n\n\
         revision = int(host.data.revision)\n\n",
    );
    if !wanted.packages.is_empty() {
        let _ = writeln!(text, "apt.packages(name=\"packages\", packages={})", json!(wanted.packages));
    }
    for (name, gid) in wanted.groups {
        let _ = writeln!(text, "server.group(name=\"group {name}\", group=\"{name}\", gid={gid})");
    }
    for user in wanted.users {
        let _ = writeln!(
            text,
            "server.user(name=\"user {0}\", user=\"{0}\", uid={1}, group=\"{2}\", home=\"{3}\", shell=\"{4}\", \
             comment=\"{5}\", ensure_home=False)",
            user.name, user.uid, user.group, user.home, user.shell, user.comment
        );
    }
    let owner = format!("user=\"{}\", group=\"{}\"", wanted.owner.0, wanted.group.0);
    let _ = write!(
        text,
        "for number in range({directories}):\n    files.directory(name=f\"folder {{number}}\", \
         path=f\"{ROOT}/d{{number}}\", {owner}, mode=\"750\")\n\
         for number in range({files}):\n    files.template(name=f\"file {{number}}\", src=\"part.conf.j2\", \
         dest=f\"{ROOT}/d{{number % {directories}}}/f{{number}}.conf\", {owner}, mode=\"640\", \
         number=number, revision=revision)\n",
        directories = wanted.directories,
        files = wanted.files,
    );
    for cron in wanted.crons {
        let [minute, hour, day, month, weekday] = cron.schedule;
        let _ = writeln!(
            text,
            "crontab.crontab(name=\"job {0}\", cron_name=\"{0}\", command=\"{1}\", minute=\"{minute}\", hour=\"{hour}\", \
             day_of_month=\"{day}\", month=\"{month}\", day_of_week=\"{weekday}\")",
            cron.name, cron.command
        );
    }
    for name in wanted.services {
        let _ =
            writeln!(text, "systemd.service(name=\"service {name}\", service=\"{name}\", running=True, enabled=True)");
    }
    text
}
