//! SSH, through the system's own `ssh`: its configuration, agents and jump hosts work as they do by hand.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use openssh::{ControlPersist, KnownHosts, Session, SessionBuilder, Stdio};
use tokio::time::{sleep, timeout};

use crate::model::SshOptions;

use super::super::Problem;
use super::super::options::Options;
use super::super::random::random;
use super::super::target::Target;
use super::channel::Channel;
use super::command_line::option_value;
use super::failure::classify;
use super::host_key;
use super::kept::Keep;

/// How often a server is asked that turns connections away before they start.
const TRIES: u32 = 6;
/// Seconds after which a connection nobody uses ends by itself, should this program be killed.
const IDLE: u16 = 60;
/// The longest a host may take to answer on a connection that was kept. One that is gone never answers.
const KEPT_ANSWERS: Duration = Duration::from_secs(5);

/// A connection to a host.
pub(in crate::host) struct Connection {
    session: Arc<Session>,
    /// Where it may wait for the next run.
    place: Option<(Keep, String)>,
    /// It was made by an earlier run.
    pub is_reused: bool,
}

impl Connection {
    /// Connects and starts a command: over a connection that an earlier run kept, if there is one and it still works.
    pub async fn open(
        target: &Target,
        ssh: &SshOptions,
        options: &Options,
        command: &str,
    ) -> Result<(Self, Channel), Problem> {
        check(target, ssh)?;
        let Some(keep) = &options.keep else {
            return Self::fresh(connect(target, ssh, options).await?, None, command).await;
        };
        let key = keep.key(target, ssh);
        if !keep.has_any() {
            let (session, key) = tokio::join!(connect(target, ssh, options), key);
            return Self::fresh(session?, key.map(|key| (keep.clone(), key)), command).await;
        }
        let Some(key) = key.await else {
            return Self::fresh(connect(target, ssh, options).await?, None, command).await;
        };
        let place = Some((keep.clone(), key.clone()));
        if let Some(socket) = keep.take(&key) {
            let session = Arc::new(Session::resume_mux(socket.clone().into(), None));
            // The channel is open only once the host has said so.
            if let Ok(Ok(channel)) = timeout(KEPT_ANSWERS, start(&session, command)).await {
                return Ok((Self { session, place, is_reused: true }, channel));
            }
            // Should it still be there, it ends by itself: nobody knows its name any more.
            let _ = std::fs::remove_file(socket);
        }
        Self::fresh(connect(target, ssh, options).await?, place, command).await
    }

    async fn fresh(session: Session, place: Option<(Keep, String)>, command: &str) -> Result<(Self, Channel), Problem> {
        let session = Arc::new(session);
        let channel = start(&session, command).await?;
        Ok((Self { session, place, is_reused: false }, channel))
    }

    /// Starts another command.
    pub async fn start(&self, command: &str) -> Result<Channel, Problem> {
        start(&self.session, command).await
    }

    /// Ends the connection, or lets it wait for the next run.
    pub async fn close(self, may_keep: bool) {
        // Something still runs over it; that ends with this program.
        let Ok(session) = Arc::try_unwrap(self.session) else { return };
        let Some((keep, key)) = self.place.filter(|_| may_keep) else {
            let socket = session.control_socket().to_path_buf();
            // What cannot be ended properly has ended already.
            let _ = session.close().await;
            if self.is_reused {
                let _ = std::fs::remove_file(socket);
            }
            return;
        };
        let (socket, log) = session.detach();
        if !keep.put(&key, &socket) {
            let _ = Session::resume_mux(socket.clone(), None).close().await;
            let _ = std::fs::remove_file(&socket);
        }
        // The folder that ssh made the socket in.
        if let Some(folder) = log.as_deref().and_then(Path::parent) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Adds that the key's file is not there, which ssh passes over.
fn with_missing_key(said: String, ssh: &SshOptions) -> String {
    match &ssh.identity_file {
        Some(file) if matches!(file.try_exists(), Ok(false)) => format!("{said}; there is no file {}", file.display()),
        _ => said,
    }
}

/// Connects. A server that refuses a start because too many are under way (MaxStartups) is asked again, each time after
/// a longer pause.
async fn connect(target: &Target, ssh: &SshOptions, options: &Options) -> Result<Session, Problem> {
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
            Problem::LoginRefused { said } => return Err(Problem::LoginRefused { said: with_missing_key(said, ssh) }),
            other => return Err(other),
        }
    }
}

/// Starts a command on a connection.
async fn start(session: &Arc<Session>, command: &str) -> Result<Channel, Problem> {
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
    let idle = options.keep.as_ref().map_or(IDLE, Keep::idle);
    let idle = NonZeroUsize::new(usize::from(idle)).unwrap_or(NonZeroUsize::MIN);
    let mut builder = SessionBuilder::default();
    builder
        .known_hosts_check(KnownHosts::Strict)
        .connect_timeout(options.connect_timeout)
        // Three unanswered questions end a connection whose other end is gone.
        .server_alive_interval(Duration::from_secs(10))
        .control_persist(ControlPersist::IdleFor(idle))
        .control_directory(options.keep.as_ref().map_or(options.control_folder.as_path(), Keep::folder));
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
