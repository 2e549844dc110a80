//! The command line of ssh: what a spec says of a connection, as options.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::model::SshOptions;

use super::super::target::Target;

/// Starts a command line for ssh with what a spec says of the connection.
pub(super) fn start(target: &Target, ssh: &SshOptions) -> Command {
    let mut command = Command::new("ssh");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut add = |option: &str, value: &Path| {
        command.arg(option).arg(value);
    };
    if let Some(file) = &ssh.config_file {
        add("-F", file);
    }
    if let Some(port) = ssh.port {
        add("-p", Path::new(&port.to_string()));
    }
    if let Some(user) = &target.user {
        add("-l", Path::new(user));
    }
    if !ssh.jump.is_empty() {
        add("-J", Path::new(&ssh.jump.join(",")));
    }
    command
}

/// Writes a file name as the value of an option, where `%` and spaces mean something (ssh_config(5)).
pub(super) fn option_value(file: &Path) -> String {
    let name = file.to_string_lossy().replace('%', "%%");
    if name.contains(' ') { format!("\"{name}\"") } else { name }
}
