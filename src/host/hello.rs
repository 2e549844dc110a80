//! How a shell on a host is started: as root if wanted, with a clean environment, whatever the account's login shell
//! is and whatever its start files print.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::model::Secret;

use super::Problem;
use super::options::Options;
use super::random::random;
use super::target::Target;
use super::wire::{LineReader, visible};

const LOOP: &str = include_str!("program/loop.sh");
const CLEAN: &str = include_str!("program/clean.sh");
const BECOME: &str = include_str!("program/become.sh");

/// What a shell is started with.
pub(super) struct Words {
    pub connect_timeout: Duration,
    become_root: bool,
    /// What sudo is told if it asks.
    password: Option<Secret>,
    /// Says that the shell is ready, after whatever start files print.
    hello: String,
    /// What sudo asks with; empty where no password is known.
    prompt: String,
}

impl Words {
    pub fn new(target: &Target, options: &Options) -> Result<Self, Problem> {
        let prompt = match &target.password {
            // sudo reads a line; the shell after it would read the next one.
            Some(password) if password.expose().contains(['\n', '\0']) => return Err(Problem::BadPassword),
            Some(_) => format!("[infra {}]", random()?),
            None => String::new(),
        };
        Ok(Self {
            connect_timeout: options.connect_timeout,
            become_root: target.become_root,
            password: target.password.clone(),
            hello: random()?,
            prompt,
        })
    }

    /// Returns whether the shell can be sent frames before it has said that it is ready: only where nothing in between reads
    /// its input, as sudo does when it asks for a password.
    pub fn may_hurry(&self) -> bool {
        !self.become_root || self.prompt.is_empty()
    }

    /// Returns what the shell writes first, and before the word with which it gives up.
    pub fn start(&self) -> String {
        format!("infra:{}:", self.hello)
    }

    /// Says why there is no answer, from what was written so far.
    pub fn no_answer(&self, said: &[u8]) -> Problem {
        let text = String::from_utf8_lossy(said);
        let last = text.lines().map(|line| visible(line.as_bytes())).rfind(|line| !line.trim().is_empty());
        match last {
            // A prompt that is not the one asked for: who writes it is not known, so nothing is told to it.
            Some(said) if self.become_root => Problem::Sudo { said },
            _ => Problem::ShellTimedOut(self.connect_timeout),
        }
    }

    /// Returns the command for the account's login shell: constant programs in single quotes and words of our own,
    /// free of newlines, backslashes and exclamation marks, which fish and csh read differently.
    pub fn command(&self, options: &Options) -> String {
        let Options { shell, path, .. } = options;
        let (hello, prompt) = (&self.hello, &self.prompt);
        let (r#loop, clean) = (one_line(LOOP), one_line(CLEAN));
        if self.become_root {
            let r#become = one_line(BECOME);
            format!(
                "exec {shell} -c '{become}' '{loop}' {hello} {path} {shell} '{clean}' '{prompt}'",
                r#become = r#become,
                r#loop = r#loop
            )
        } else {
            format!("exec {shell} -c '{clean}' '{loop}' {hello} {path} {shell}", r#loop = r#loop)
        }
    }
}

/// Joins the lines of a program whose every line says where a command ends.
fn one_line(program: &str) -> String {
    program.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Waits until the shell is ready, and gives sudo the password if and only if it asks. Returns the shell's process id.
pub(super) async fn greet<R: AsyncRead + Unpin>(
    words: &Words,
    lines: &mut LineReader<R>,
    mut input: Option<&mut (dyn AsyncWrite + Send + Unpin)>,
    errors: &mut (dyn AsyncRead + Send + Unpin),
    said: &mut Vec<u8>,
) -> Result<u32, Problem> {
    let start = words.start();
    let mut asked = 0;
    let mut seen = 0;
    let mut chunk = vec![0; 4096];
    let mut is_open = true;
    let skipped = {
        let skip = lines.skip_past(start.as_bytes());
        tokio::pin!(skip);
        loop {
            tokio::select! {
                skipped = &mut skip => break skipped,
                got = errors.read(&mut chunk), if is_open => {
                    let got = got.unwrap_or(0);
                    is_open = got > 0;
                    said.extend_from_slice(&chunk[..got]);
                    while !words.prompt.is_empty()
                        && let Some(at) = find(&said[seen..], words.prompt.as_bytes())
                    {
                        seen += at + words.prompt.len();
                        asked += 1;
                        let Some(password) = words.password.as_ref().filter(|_| asked == 1) else {
                            return Err(Problem::SudoPasswordWrong);
                        };
                        let answer = Zeroizing::new(format!("{}\n", password.expose()));
                        // Where sudo has ended already, what it said tells why.
                        if let Some(input) = &mut input {
                            let _ = input.write_all(answer.as_bytes()).await;
                            let _ = input.flush().await;
                        }
                    }
                    // Enough for every message; the search goes on behind what was found.
                    let excess = said.len().saturating_sub(64 * 1024);
                    said.drain(..excess);
                    seen = seen.saturating_sub(excess);
                }
            }
        }
    };
    if let Err(printed) = skipped {
        let rest = timeout(Duration::from_secs(2), errors.read_to_end(said));
        let _ = rest.await;
        return Err(refused(words, asked, said, &printed));
    }
    let line = lines.plain_line().await.unwrap_or_default();
    said.clear();
    if line == "no-sudo" {
        return Err(Problem::SudoMissing);
    }
    match line.strip_prefix("missing ") {
        Some("dd") => Err(Problem::MissingTools(vec!["dd".into()])),
        // Another printf would show what it prints to everyone in the process list.
        Some(_) => Err(Problem::MissingTools(vec!["a shell with printf built in".into()])),
        None => line.parse().map_err(|_| Problem::Protocol(format!("it greets with `{line}`"))),
    }
}

/// Says why there is no shell, from what was written instead.
fn refused(words: &Words, asked: u32, said: &[u8], printed: &str) -> Problem {
    let errors = String::from_utf8_lossy(said);
    let text = errors.replace(words.prompt.as_str(), "");
    let text = if words.prompt.is_empty() { errors.into_owned() } else { text };
    let lines: Vec<String> = text
        .lines()
        .chain(printed.lines())
        .map(|line| visible(line.as_bytes()))
        .filter(|line| !line.trim().is_empty())
        .collect();
    let said = lines.iter().rev().take(3).rev().map(|line| line.trim()).collect::<Vec<_>>().join("; ");
    let has = |part: &str| text.contains(part);
    if !words.become_root || !has("sudo") && asked == 0 {
        return Problem::NoShell { said };
    }
    if has("a terminal is required") || has("must have a tty") {
        Problem::SudoTerminal { said }
    } else if has("password is required") {
        Problem::SudoPasswordNeeded
    } else if has("not in the sudoers") || has("may not run sudo") || has("not allowed to execute") {
        Problem::SudoDenied { said }
    } else if has("incorrect password") || has("Sorry, try again") {
        Problem::SudoPasswordWrong
    } else {
        Problem::Sudo { said }
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
