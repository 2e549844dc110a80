//! Says which key a host shows, and the command that accepts exactly that one.

use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;

use crate::model::SshOptions;

use super::super::Problem;
use super::super::options::Options;
use super::super::target::Target;
use super::command_line::{self, option_value};
use super::kept::Keep;

/// Adds fingerprints and a command to a problem with a host key.
///
/// The key is fetched by ssh itself, into a file of its own and without logging in. Unlike ssh-keyscan, that goes over
/// the same jump hosts and under the same name as the connection.
pub(super) async fn explain(problem: Problem, target: &Target, ssh: &SshOptions, options: &Options) -> Problem {
    let Some(shown) = shown_key(target, ssh, options).await else { return problem };
    match problem {
        Problem::HostKeyChanged { forget, .. } => {
            let command = forget.map(|file| format!("ssh-keygen -f {} -R {}", quoted(&file), quoted(&shown.pattern)));
            Problem::HostKeyChanged { fingerprints: shown.fingerprints, forget: command }
        }
        Problem::HostKeyUnknown { .. } => {
            let file = known_hosts_file(target, ssh).await;
            let accept = file.map(|file| {
                shown
                    .lines
                    .iter()
                    .map(|line| format!("echo {} >>{}", quoted(line), quoted(&file)))
                    .collect::<Vec<_>>()
                    .join("\n    ")
            });
            Problem::HostKeyUnknown { fingerprints: shown.fingerprints, accept }
        }
        other => other,
    }
}

struct Shown {
    /// As known_hosts holds them.
    lines: Vec<String>,
    /// The name ssh looks the key up by.
    pattern: String,
    fingerprints: Vec<String>,
}

async fn shown_key(target: &Target, ssh: &SshOptions, options: &Options) -> Option<Shown> {
    let own = options.keep.as_ref().map_or(options.control_folder.as_path(), Keep::folder);
    let folder = tempfile::Builder::new().prefix("key-").tempdir_in(own).ok()?;
    let file = folder.path().join("known_hosts");
    let mut command = command_line::start(target, ssh);
    for option in [
        "StrictHostKeyChecking=accept-new",
        "GlobalKnownHostsFile=/dev/null",
        "HashKnownHosts=no",
        "CheckHostIP=no",
        "BatchMode=yes",
        "PreferredAuthentications=none",
        "ControlPath=none",
        "ControlMaster=no",
        "LogLevel=QUIET",
    ] {
        command.arg("-o").arg(option);
    }
    command.arg("-o").arg(format!("UserKnownHostsFile={}", option_value(&file)));
    command.arg("-o").arg(format!("ConnectTimeout={}", options.connect_timeout.as_secs().max(1)));
    // It cannot log in, so it fails; the key is in the file then.
    timeout(options.connect_timeout * 2, command.arg(&target.address).arg("true").status()).await.ok()?.ok()?;
    let text = std::fs::read_to_string(&file).ok()?;
    let lines: Vec<String> = text.lines().map(ToString::to_string).collect();
    let pattern = lines.first()?.split(' ').next()?.to_string();
    let listed = Command::new("ssh-keygen").arg("-lf").arg(&file).stdin(Stdio::null()).output().await.ok()?;
    let fingerprints = String::from_utf8_lossy(&listed.stdout).lines().map(ToString::to_string).collect();
    Some(Shown { lines, pattern, fingerprints })
}

/// Returns the file ssh would add the key to.
async fn known_hosts_file(target: &Target, ssh: &SshOptions) -> Option<String> {
    if let Some(file) = &ssh.known_hosts {
        return Some(file.to_string_lossy().into_owned());
    }
    let output = command_line::start(target, ssh).arg("-G").arg(&target.address).output().await.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let files = text.lines().find_map(|line| line.strip_prefix("userknownhostsfile "))?;
    files.split(' ').next().map(ToString::to_string)
}

/// Quotes a word for the shell of whoever reads the message.
fn quoted(word: &str) -> String {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || "/._-:@%+=,~".contains(one);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
