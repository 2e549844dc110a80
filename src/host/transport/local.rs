//! This machine.

use std::process::Stdio;

use tokio::process::Command;

use super::super::Problem;
use super::channel::Channel;

/// Starts a command in a shell of this machine.
pub(super) fn start(command: &str) -> Result<Channel, Problem> {
    let not_started = |error| Problem::NotStarted { program: "/bin/sh".into(), error };
    let mut child = Command::new("/bin/sh")
        .arg("-c")
        .arg(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C in a terminal is for the run to handle, not for what it started.
        .process_group(0)
        .spawn()
        .map_err(not_started)?;
    let missing = || not_started(std::io::Error::other("it has no streams"));
    Ok(Channel {
        input: Box::new(child.stdin.take().ok_or_else(missing)?),
        output: Box::new(child.stdout.take().ok_or_else(missing)?),
        errors: Box::new(child.stderr.take().ok_or_else(missing)?),
        ended: Box::pin(async move {
            // However it ended, it has.
            let _ = child.wait().await;
        }),
    })
}
