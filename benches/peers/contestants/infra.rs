//! `infra`, the release binary.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{Contestant, Run, Scene, command, write};
use crate::hosts::Reach;
use crate::wanted::{ROOT, Wanted};

/// One binary; several can be compared with each other.
#[derive(Debug)]
pub struct Infra {
    pub name: String,
    pub binary: PathBuf,
}

impl Contestant for Infra {
    fn name(&self) -> &str {
        &self.name
    }

    fn class(&self) -> &str {
        "infra"
    }

    fn prepare(&self, scene: &Scene<'_>, _run: Run) -> Result<()> {
        write(scene.folder.join("infra.yaml"), &spec(scene.wanted, scene.hosts))?;
        write(scene.folder.join("part.conf.j2"), &scene.wanted.template("each.value", "vars.revision"))
    }

    fn command(&self, scene: &Scene<'_>, run: Run) -> Command {
        let mut command = command(&self.binary, scene);
        command.args(["apply", "--auto-approve", "--var", &format!("revision={}", run.revision)]);
        command.args(["--parallel", &scene.hosts.len().to_string()]);
        command
    }

    fn did_nothing(&self, said: &str) -> bool {
        said.contains("Apply: 0 created, 0 changed, 0 deleted, ")
    }

    fn counting_flag(&self) -> Option<&str> {
        Some("--stats")
    }
}

/// The spec, as one would write it by hand.
fn spec(wanted: &Wanted, hosts: &[Reach]) -> String {
    let mut text = String::from("infra: 1\nname: bench\n\nvars: { revision: 1 }\n\nhosts:\n");
    for host in hosts {
        let Reach { name, address, port, key, known_hosts } = host;
        let (user, key, known_hosts) = (Reach::USER, key.display(), known_hosts.display());
        let _ = writeln!(
            text,
            "  {name}:\n    address: {address}\n    user: {user}\n    \
             ssh: {{ port: {port}, identity_file: \"{key}\", known_hosts: \"{known_hosts}\" }}"
        );
    }
    let mut section = |name: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            let _ = writeln!(text, "\n{name}:\n{}", entries.join("\n"));
        }
    };
    section("packages", wanted.packages.iter().map(|name| format!("  {name}: {{}}")).collect());
    section("groups", wanted.groups.iter().map(|(name, gid)| format!("  {name}: {{ gid: {gid} }}")).collect());
    let users = wanted.users.iter().map(|user| {
        format!(
            "  {}: {{ uid: {}, group: {}, home: {}, create_home: false, shell: {}, comment: {} }}",
            user.name, user.uid, user.group, user.home, user.shell, user.comment
        )
    });
    section("users", users.collect());
    let owner = format!("owner: {}\n    group: {}", wanted.owner.0, wanted.group.0);
    let directory = format!(
        "  {ROOT}/d{{{{ each.value }}}}:\n    for_each: \"{{{{ range({}) }}}}\"\n    {owner}\n    mode: \"0750\"",
        wanted.directories
    );
    section("directories", vec![directory]);
    let file = format!(
        "  \"{ROOT}/d{{{{ each.value % {} }}}}/f{{{{ each.value }}}}.conf\":\n    \
         for_each: \"{{{{ range({}) }}}}\"\n    template: part.conf.j2\n    {owner}\n    mode: \"0640\"",
        wanted.directories, wanted.files
    );
    section("files", vec![file]);
    let crons = wanted
        .crons
        .iter()
        .map(|cron| format!("  {}: {{ schedule: \"{}\", command: {} }}", cron.name, cron.schedule(), cron.command));
    section("crons", crons.collect());
    let services = wanted.services.iter().map(|name| format!("  {name}: {{ running: true, enabled: true }}"));
    section("services", services.collect());
    text
}
