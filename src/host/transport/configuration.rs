//! What ssh makes of its configuration for a host: one `ssh -G` for all hosts of a run that it tells nothing apart.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::model::SshOptions;

use super::super::target::Target;
use super::command_line;

/// What ssh said of its configuration.
#[derive(Clone, Debug)]
pub(super) struct Configuration {
    /// The output of `ssh -G`; without the host's name where it holds for others too.
    pub settings: String,
    /// The files it was read from.
    pub files: Vec<PathBuf>,
}

/// What ssh has said in a run, by what the spec says of a connection besides its address.
#[derive(Clone, Debug, Default)]
pub(super) struct Configurations(Arc<Mutex<HashMap<String, Cell>>>);

type Cell = Arc<OnceCell<Option<First>>>;

/// What ssh said of the first host.
#[derive(Debug)]
struct First {
    address: String,
    own: Configuration,
    for_all: Option<Configuration>,
}

impl Configurations {
    /// Returns what ssh makes of its configuration for a host. `None` where ssh cannot tell.
    pub async fn of(&self, target: &Target, ssh: &SshOptions) -> Option<Configuration> {
        let given = format!("{:?} {ssh:?}", target.user);
        let cell = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(given).or_default().clone();
        let ask_first = || async {
            let own = ask(target, ssh).await?;
            Some(First { address: target.address.clone(), for_all: own.for_all(&target.address), own })
        };
        match cell.get_or_init(ask_first).await {
            Some(First { for_all: Some(for_all), .. }) => Some(for_all.clone()),
            Some(First { address, own, .. }) if *address == target.address => Some(own.clone()),
            _ => ask(target, ssh).await,
        }
    }
}

/// Asks ssh.
async fn ask(target: &Target, ssh: &SshOptions) -> Option<Configuration> {
    let mut command = command_line::start(target, ssh);
    if let Some(file) = &ssh.identity_file {
        command.arg("-i").arg(file);
    }
    let output = command.args(["-G", "-v"]).arg(&target.address).stderr(Stdio::piped()).output().await.ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let file = |line: &str| line.strip_prefix("debug1: Reading configuration data ").map(PathBuf::from);
    output.status.success().then(|| Configuration {
        settings: String::from_utf8_lossy(&output.stdout).into_owned(),
        files: said.lines().filter_map(file).collect(),
    })
}

impl Configuration {
    /// Returns what of it holds for all hosts; `None` where it may be another one for another address.
    fn for_all(&self, address: &str) -> Option<Self> {
        let is_plain = |file: &PathBuf| std::fs::read_to_string(file).is_ok_and(|text| !tells_apart(&text));
        // Where ssh does not say what it read, nothing is known of that.
        if self.files.is_empty() || !self.files.iter().all(is_plain) {
            return None;
        }
        let is_name = |line: &&str| line.starts_with("host ") || line.starts_with("hostname ");
        let settings: Vec<&str> = self.settings.lines().filter(|line| !is_name(line)).collect();
        if settings.iter().any(|line| line.contains(address)) {
            return None;
        }
        Some(Self { settings: settings.join("\n"), files: self.files.clone() })
    }
}

/// Returns whether a configuration may be another one for another host (ssh_config(5)).
fn tells_apart(text: &str) -> bool {
    text.lines().map(|line| line.trim().to_ascii_lowercase()).any(|line| {
        let end = line.find(|one: char| one.is_whitespace() || one == '=').unwrap_or(line.len());
        let (word, rest) = line.split_at(end);
        match word.trim_matches('"') {
            "host" => rest.trim_matches(|one: char| one.is_whitespace() || one == '=') != "*",
            word => word == "match" || word == "hostname" || word.starts_with("canonical"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::tells_apart;

    #[test]
    fn what_names_hosts_tells_them_apart() {
        for text in ["", "# Host a\n", "Host *\n  User x\n", "host=*", "Include ~/more\nHashKnownHosts yes\n"] {
            assert!(!tells_apart(text), "{text}");
        }
        for text in [
            "Host a\n",
            "Host * !b",
            "  host\t10.*",
            "HOST=\"a\"",
            "Match all",
            "match exec x",
            "Hostname %h.example.com",
            "CanonicalizeHostname yes",
        ] {
            assert!(tells_apart(text), "{text}");
        }
    }
}
