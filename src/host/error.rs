//! What can go wrong between here and a host.

use std::time::Duration;

use crate::model::Holder;

/// Something went wrong with a host.
#[derive(Debug, thiserror::Error)]
#[error("{host}: {problem}")]
pub struct HostError {
    /// What the spec calls it.
    pub host: String,
    #[source]
    pub problem: Problem,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("`{0}` is not an address: it starts with a dash")]
    BadAddress(String),
    #[error("`{program}` cannot be used on this machine: {error}")]
    NotStarted { program: String, error: std::io::Error },
    #[error("the name {address} is not known to this machine")]
    NameNotResolved { address: String },
    #[error("nothing listens there: {said}")]
    Refused { said: String },
    #[error("it cannot be reached: {said}")]
    Unreachable { said: String },
    #[error("no connection after {0:?}")]
    ConnectTimedOut(Duration),
    #[error("its SSH server turns connections away, {tries} times in a row: {said}")]
    Busy { tries: u32, said: String },
    #[error("its host key is not known{}", list(.fingerprints))]
    HostKeyUnknown { fingerprints: Vec<String>, accept: Option<String> },
    #[error("its host key is not the one that was known{}", list(.fingerprints))]
    HostKeyChanged { fingerprints: Vec<String>, forget: Option<String> },
    #[error("its SSH server refuses the login: {said}")]
    LoginRefused { said: String },
    #[error("ssh failed: {said}")]
    Ssh { said: String },
    #[error("the account has no shell that runs commands{}", after_colon(.said))]
    NoShell { said: String },
    #[error(
        "something there reads the session's input before its shell does: a start file of the account, such as ~/.bashrc"
    )]
    InputTaken,
    #[error("another program runs there in the place of the shell that was asked for")]
    ShellReplaced,
    #[error("its shell did not start in {0:?}")]
    ShellTimedOut(Duration),
    #[error("another run is changing it{}", .0.as_ref().map_or_else(|| ", which has just begun or is about to end".into(), |holder| format!(": {holder}")))]
    Locked(Option<Box<Holder>>),
    #[error("its state folder {folder} {why}")]
    StateFolder { folder: String, why: String },
    #[error("it lacks programs that are needed: {}", .0.join(", "))]
    MissingTools(Vec<String>),
    #[error("sudo is not installed there")]
    SudoMissing,
    #[error("sudo wants a password, and none is given")]
    SudoPasswordNeeded,
    #[error("sudo does not take the password")]
    SudoPasswordWrong,
    #[error("sudo does not let this account become root: {said}")]
    SudoDenied { said: String },
    #[error("sudo wants a terminal: {said}")]
    SudoTerminal { said: String },
    #[error("the password for sudo holds a newline or a NUL byte")]
    BadPassword,
    #[error("its SSH server does not open another channel: {said}")]
    NoChannel { said: String },
    #[error("sudo failed: {said}")]
    Sudo { said: String },
    #[error("the connection was lost{}{}", during(.step), after_colon(.said))]
    ConnectionLost { step: Option<String>, said: String },
    #[error("it was killed as asked{}", during(.step))]
    Killed { step: Option<String> },
    #[error("it did not answer in {0:?}")]
    NoAnswer(Duration),
    #[error("it answers what makes no sense: {0}")]
    Protocol(String),
    #[error("a value for {0} holds a NUL byte, which no shell can carry")]
    NulByte(String),
}

fn list(all: &[String]) -> String {
    all.iter().map(|one| format!("\n    {one}")).collect()
}

fn during(step: &Option<String>) -> String {
    step.as_ref().map_or_else(String::new, |step| format!(" while this step ran: {step}"))
}

fn after_colon(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

impl HostError {
    pub(super) fn new(host: &str, problem: Problem) -> Self {
        Self { host: host.to_string(), problem }
    }

    /// Returns what to do next.
    pub fn help(&self) -> Option<String> {
        self.problem.help()
    }
}

impl Problem {
    /// Returns what to do next.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::BadAddress(_) | Self::Protocol(_) => return None,
            Self::NotStarted { .. } => "install it, or correct PATH".into(),
            Self::NameNotResolved { .. } => "correct `address`, or add the name to DNS or to ~/.ssh/config".into(),
            Self::Refused { .. } => "check that sshd runs there, and `ssh.port`".into(),
            Self::Unreachable { .. } | Self::ConnectTimedOut(_) => {
                "check that the host is up, the address, and the firewalls in between".into()
            }
            Self::Busy { .. } => {
                "wait, use `--parallel` with a smaller number, or raise MaxStartups in its sshd_config".into()
            }
            Self::HostKeyUnknown { accept: Some(command), .. } => {
                format!("compare the fingerprint with the host's own; if it is the same, accept it:\n    {command}")
            }
            Self::HostKeyUnknown { accept: None, .. } => {
                "connect once with ssh by hand, and compare the fingerprint with the host's own".into()
            }
            Self::HostKeyChanged { forget: Some(command), .. } => format!(
                "someone may be in between. If the host was set up anew, compare the fingerprint with its own, then \
                 forget the old key:\n    {command}"
            ),
            Self::HostKeyChanged { forget: None, .. } => {
                "someone may be in between. If the host was set up anew, remove its old key from known_hosts".into()
            }
            Self::LoginRefused { .. } => {
                "check `user`, `ssh.identity_file` and the keys in the agent (`ssh-add -l`); passwords are not asked for"
                    .into()
            }
            Self::Ssh { said } if said.contains("Connection closed by") => {
                "see the log of sshd there: the account may have expired, or sshd_config leaves it out".into()
            }
            Self::Ssh { .. } => "try the same with `ssh -v`".into(),
            Self::NoShell { .. } | Self::ShellTimedOut(_) => {
                "use an account whose login shell runs commands, without a forced command, and whose start files do not end it".into()
            }
            Self::InputTaken => {
                "have what reads there (`read`, `cat`, another shell) run only on a terminal: `[ -t 0 ] && …`".into()
            }
            Self::ShellReplaced => {
                "have `exec` in start files of the account (~/.bashrc, ~/.profile, ~/.zshenv) run only on a terminal: \
                 `[ -t 0 ] && exec …`; and use no forced command"
                    .into()
            }
            Self::MissingTools(_) => "install them on the host; docs/host-protocol.md says what is needed".into(),
            Self::Locked(_) => {
                "run the same again once that is done, or let it wait: --lock-wait 10m. A run that hangs lets go of the host as soon \
                 as it is ended where it was started"
                    .into()
            }
            Self::StateFolder { folder, .. } => format!(
                "find out who put it there; restarts that are owed are noted in it. It must belong to the account that works there, \
                 and others must not write to it: move it away, or look through it and `chown` and `chmod 700 {folder}`"
            ),
            Self::SudoMissing => "install sudo there, or connect as root without `become`".into(),
            Self::SudoPasswordNeeded => "give the host's `become_password` a secret, or allow NOPASSWD in sudoers".into(),
            Self::SudoPasswordWrong => "correct the host's `become_password`".into(),
            Self::BadPassword => "correct the host's `become_password`; where it comes from a file, without a last newline".into(),
            Self::NoChannel { .. } => "raise MaxSessions in its sshd_config to 6 or more".into(),
            Self::SudoDenied { .. } => "allow the account in sudoers, or connect as another".into(),
            Self::SudoTerminal { .. } => "remove `requiretty` for this account from sudoers".into(),
            Self::Sudo { .. } => "try `sudo -v` there".into(),
            Self::ConnectionLost { .. } => {
                "the host ends what it was running; run the same command again, it goes on from what is there".into()
            }
            Self::Killed { .. } => "run the same command again, it goes on from what is there".into(),
            Self::NoAnswer(_) => "look at the host's load and its mounts".into(),
            Self::NulByte(_) => "remove the NUL byte".into(),
        })
    }

    /// The connection was lost, and nothing is known of why.
    pub(super) fn lost() -> Self {
        Self::ConnectionLost { step: None, said: String::new() }
    }

    pub(super) fn at(self, host: &str) -> HostError {
        HostError::new(host, self)
    }
}
