//! Ansible, and Ansible with Mitogen, tuned as their documentation advises.
//!
//! Ansible: pipelining, connections kept (ControlPersist), as many forks as hosts, no gathering of facts, the path of
//! Python given, packages as one list. Mitogen: its strategy instead, which brings its own transport.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use super::{Contestant, LONG, Run, Scene, command, write};
use crate::environment;
use crate::hosts::Reach;
use crate::wanted::{ROOT, Wanted};

/// Either of the two.
#[derive(Debug)]
pub struct Ansible {
    /// The folder of the virtual environment.
    pub environment: PathBuf,
    pub uses_mitogen: bool,
}

impl Contestant for Ansible {
    fn name(&self) -> &str {
        if self.uses_mitogen { "mitogen" } else { "ansible" }
    }

    fn limit(&self) -> Duration {
        LONG
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn prepare(&self, scene: &Scene<'_>, run: Run) -> Result<()> {
        let Scene { wanted, hosts, folder } = scene;
        write(folder.join("ansible.cfg"), &self.settings(hosts, folder, run.warm))?;
        write(folder.join("hosts.ini"), &inventory(hosts))?;
        write(folder.join("site.yaml"), &playbook(wanted))?;
        write(folder.join("part.conf.j2"), &wanted.template("item", "revision | int"))
    }

    fn command(&self, scene: &Scene<'_>, run: Run) -> Command {
        let mut command = command(&self.environment.join("bin/ansible-playbook"), scene);
        command.env("ANSIBLE_CONFIG", scene.folder.join("ansible.cfg"));
        command.args(["-i", "hosts.ini", "site.yaml", "-e", &format!("revision={}", run.revision)]);
        command
    }

    fn did_nothing(&self, said: &str) -> bool {
        let mut recaps = said.lines().filter(|line| line.contains("unreachable=")).peekable();
        recaps.peek().is_some() && recaps.all(|line| line.contains(" changed=0 "))
    }
}

impl Ansible {
    fn settings(&self, hosts: &[Reach], folder: &Path, warm: bool) -> String {
        let mut text = format!(
            "[defaults]\nforks = {}\ngathering = explicit\nhost_key_checking = True\nretry_files_enabled = False\n\
             interpreter_python = /usr/bin/python3\nremote_tmp = /root/.ansible/tmp\n",
            hosts.len().max(5)
        );
        if self.uses_mitogen {
            let plugins = environment::packages(&self.environment).join("ansible_mitogen/plugins/strategy");
            let _ = write!(text, "strategy_plugins = {}\nstrategy = mitogen_linear\n", plugins.display());
        }
        // Without a connection that is kept from an earlier run, one is still kept within a run.
        let persist = if warm { "60s" } else { "30s" };
        let known_hosts = hosts.first().map(|host| host.known_hosts.display().to_string()).unwrap_or_default();
        let _ = write!(
            text,
            "\n[ssh_connection]\npipelining = True\ncontrol_path_dir = {}\n\
             ssh_args = -F none -o ControlMaster=auto -o ControlPersist={persist} -o IdentitiesOnly=yes \
             -o IdentityAgent=none -o UserKnownHostsFile={known_hosts}\n",
            folder.join("sockets").display()
        );
        text
    }
}

fn inventory(hosts: &[Reach]) -> String {
    let mut text = String::from("[bench]\n");
    for Reach { name, address, port, key, .. } in hosts {
        let _ = writeln!(
            text,
            "{name} ansible_host={address} ansible_port={port} ansible_user={} ansible_ssh_private_key_file={}",
            Reach::USER,
            key.display()
        );
    }
    text
}

/// The playbook. It is written as JSON, which is YAML.
fn playbook(wanted: &Wanted) -> String {
    let mut tasks = Vec::new();
    if !wanted.packages.is_empty() {
        tasks.push(
            json!({ "name": "packages", "ansible.builtin.apt": { "name": wanted.packages, "state": "present" } }),
        );
    }
    if !wanted.groups.is_empty() {
        let groups: Vec<_> = wanted.groups.iter().map(|(name, gid)| json!({ "name": name, "gid": gid })).collect();
        tasks.push(json!({
            "name": "groups",
            "ansible.builtin.group": { "name": "{{ item.name }}", "gid": "{{ item.gid }}" },
            "loop": groups,
        }));
    }
    if !wanted.users.is_empty() {
        let user = |user: &crate::wanted::User| {
            json!({
                "name": user.name, "uid": user.uid, "group": user.group, "home": user.home, "shell": user.shell,
                "comment": user.comment,
            })
        };
        tasks.push(json!({
            "name": "users",
            "ansible.builtin.user": {
                "name": "{{ item.name }}", "uid": "{{ item.uid }}", "group": "{{ item.group }}",
                "home": "{{ item.home }}", "shell": "{{ item.shell }}", "comment": "{{ item.comment }}",
                "create_home": false,
            },
            "loop": wanted.users.iter().map(user).collect::<Vec<_>>(),
        }));
    }
    let (owner, group) = (wanted.owner.0, wanted.group.0);
    tasks.push(json!({
        "name": "folders",
        "ansible.builtin.file": {
            "path": format!("{ROOT}/d{{{{ item }}}}"), "state": "directory",
            "owner": owner, "group": group, "mode": "0750",
        },
        "loop": format!("{{{{ range({}) | list }}}}", wanted.directories),
    }));
    tasks.push(json!({
        "name": "files",
        "ansible.builtin.template": {
            "src": "part.conf.j2",
            "dest": format!("{ROOT}/d{{{{ item % {} }}}}/f{{{{ item }}}}.conf", wanted.directories),
            "owner": owner, "group": group, "mode": "0640",
        },
        "loop": format!("{{{{ range({}) | list }}}}", wanted.files),
    }));
    if !wanted.crons.is_empty() {
        let cron = |cron: &crate::wanted::Cron| {
            let [minute, hour, day, month, weekday] = cron.schedule;
            json!({
                "name": cron.name, "job": cron.command, "minute": minute, "hour": hour, "day": day, "month": month,
                "weekday": weekday,
            })
        };
        tasks.push(json!({
            "name": "jobs",
            "ansible.builtin.cron": {
                "name": "{{ item.name }}", "job": "{{ item.job }}", "minute": "{{ item.minute }}",
                "hour": "{{ item.hour }}", "day": "{{ item.day }}", "month": "{{ item.month }}",
                "weekday": "{{ item.weekday }}",
            },
            "loop": wanted.crons.iter().map(cron).collect::<Vec<_>>(),
        }));
    }
    if !wanted.services.is_empty() {
        tasks.push(json!({
            "name": "services",
            "ansible.builtin.systemd_service": { "name": "{{ item }}", "state": "started", "enabled": true },
            "loop": wanted.services,
        }));
    }
    format!("{:#}\n", json!([{ "hosts": "bench", "gather_facts": false, "tasks": tasks }]))
}
