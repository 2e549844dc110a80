//! SSH, through the system's own `ssh`: its configuration, agents and jump hosts work as they do by hand.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use openssh::{ControlPersist, KnownHosts, Session, SessionBuilder, Stdio};
use tokio::time::{sleep, timeout};

use super::super::Problem;
use super::super::hello::random;
use super::super::target::{Options, SshOptions, Target};
use super::Channel;
use super::host_key;
use super::said::classify;

/// How often a server is asked that turns connections away before they start.
const TRIES: u32 = 6;
/// Seconds after which a connection nobody uses ends by itself, should this program be killed.
const IDLE: NonZeroUsize = NonZeroUsize::new(60).unwrap();

/// Connects. A server that refuses a start because too many are under way (MaxStartups) is asked again, each time after
/// a longer pause.
pub(super) async fn connect(target: &Target, ssh: &SshOptions, options: &Options) -> Result<Session, Problem> {
    check(target, ssh)?;
    let builder = builder(target, ssh, options);
    let mut tries = 1;
    loop {
        // ConnectTimeout bounds the way up to the server's banner; a login may wait for someone to touch a key.
        let longest = options.connect_timeout * 2 + Duration::from_secs(60);
        let problem = match timeout(longest, builder.connect_mux(&target.address)).await {
            Err(_) => return Err(Problem::ConnectTimedOut(longest)),
            Ok(Ok(session)) => return Ok(session),
            Ok(Err(openssh::Error::Connect(error) | openssh::Error::Master(error)))
                if error.kind() == std::io::ErrorKind::NotFound =>
            {
                return Err(Problem::NotStarted { program: "ssh".into(), error });
            }
            Ok(Err(openssh::Error::Connect(error))) => classify(&error.to_string(), target, options),
            Ok(Err(error)) => Problem::Ssh { said: whole(&error) },
        };
        match problem {
            Problem::Busy { said, .. } if tries >= TRIES => return Err(Problem::Busy { tries, said }),
            Problem::Busy { .. } => {
                // From half a second up to eight, and never in step with the others who were turned away.
                let pause = Duration::from_millis(500) * 2_u32.pow(tries - 1);
                let share = u64::from_str_radix(&random()?, 16).unwrap_or_default() % 1000;
                sleep(pause.mul_f64(0.75 + share as f64 / 2000.0)).await;
                tries += 1;
            }
            Problem::HostKeyUnknown { .. } | Problem::HostKeyChanged { .. } => {
                return Err(host_key::explain(problem, target, ssh, options).await);
            }
            other => return Err(other),
        }
    }
}

/// Starts a command on a connection.
pub(super) async fn start(session: &Arc<Session>, command: &str) -> Result<Channel, Problem> {
    let lost = || Problem::ConnectionLost { step: None, said: String::new() };
    let spawned = session
        .clone()
        .arc_raw_command(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .await;
    let mut child = match spawned {
        Ok(child) => child,
        Err(openssh::Error::Disconnected) => return Err(lost()),
        Err(error) => return Err(Problem::NoChannel { said: whole(&error) }),
    };
    Ok(Channel {
        input: Box::new(child.stdin().take().ok_or_else(lost)?),
        output: Box::new(child.stdout().take().ok_or_else(lost)?),
        errors: Box::new(child.stderr().take().ok_or_else(lost)?),
        ended: Box::pin(async move {
            // However it ended, it has.
            let _ = child.wait().await;
        }),
    })
}

/// Refuses what ssh would take for an option.
fn check(target: &Target, ssh: &SshOptions) -> Result<(), Problem> {
    let mut words = [Some(&target.address), target.user.as_ref()].into_iter().flatten().chain(&ssh.jump);
    match words.find(|word| word.starts_with('-') || word.is_empty() || word.contains(['\0', '\n', ' '])) {
        Some(word) => Err(Problem::BadAddress(word.clone())),
        None => Ok(()),
    }
}

fn builder(target: &Target, ssh: &SshOptions, options: &Options) -> SessionBuilder {
    let mut builder = SessionBuilder::default();
    builder
        .known_hosts_check(KnownHosts::Strict)
        .connect_timeout(options.connect_timeout)
        // Three unanswered questions end a connection whose other end is gone.
        .server_alive_interval(Duration::from_secs(10))
        .control_persist(ControlPersist::IdleFor(IDLE))
        .control_directory(&options.control_folder);
    if let Some(user) = &target.user {
        builder.user(user.clone());
    }
    if let Some(port) = ssh.port {
        builder.port(port);
    }
    if let Some(file) = &ssh.identity_file {
        builder.keyfile(file);
    }
    if let Some(file) = &ssh.config_file {
        builder.config_file(file);
    }
    if let Some(file) = &ssh.known_hosts {
        builder.user_known_hosts_file(option_value(file));
    }
    builder.jump_hosts(&ssh.jump);
    builder
}

/// Writes a file name as the value of an option, where `%` and spaces mean something (ssh_config(5)).
pub(super) fn option_value(file: &Path) -> String {
    let name = file.to_string_lossy().replace('%', "%%");
    if name.contains(' ') { format!("\"{name}\"") } else { name }
}

/// Says an error with all its causes.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
