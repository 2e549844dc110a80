//! Running the programs of this machine.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use super::wait::Deadline;

/// Where system programs are, whatever `PATH` the caller has: an account's own often lacks the `sbin` folders.
const FOLDERS: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The programs a lab runs, and the Debian package that brings each.
const NEEDED: [(&str, &str); 14] = [
    ("debootstrap", "debootstrap"),
    ("systemd-nspawn", "systemd-container"),
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("mount", "mount"),
    ("umount", "mount"),
    ("unshare", "util-linux"),
    ("setpriv", "util-linux"),
    ("setsid", "util-linux"),
    ("chroot", "coreutils"),
    ("rm", "coreutils"),
    ("sh", "dash"),
];

/// The keys debootstrap checks signatures with; without them it would install unsigned packages.
pub const ARCHIVE_KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Checks that this process is root and that every program a lab needs is here.
pub fn check_machine() -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("throwaway hosts need Linux: they are booted with systemd-nspawn");
    }
    // The kernel shows a process as belonging to whom it acts for.
    let account = fs::metadata("/proc/self").context("cannot read /proc/self")?.uid();
    if account != 0 {
        bail!("throwaway hosts need root: run the command again with sudo");
    }
    match lacking(&|path| path.exists()) {
        None => Ok(()),
        Some(lacking) => bail!("throwaway hosts need what this machine lacks: {lacking}"),
    }
}

/// Says what is missing and how to get it.
fn lacking(exists: &dyn Fn(&Path) -> bool) -> Option<String> {
    let here = |program: &str| FOLDERS.split(':').any(|folder| exists(&Path::new(folder).join(program)));
    let mut missing: Vec<_> = NEEDED.into_iter().filter(|(program, _)| !here(program)).collect();
    if !exists(Path::new(ARCHIVE_KEYRING)) {
        missing.push((ARCHIVE_KEYRING, "debian-archive-keyring"));
    }
    let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    packages.sort_unstable();
    packages.dedup();
    let names: Vec<_> = missing.iter().map(|(name, _)| *name).collect();
    (!names.is_empty())
        .then(|| format!("{}\ninstall it with: apt-get install {}", names.join(", "), packages.join(" ")))
}

fn find(program: &str) -> Option<PathBuf> {
    FOLDERS.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

/// Makes a command that reads nothing and finds its programs in the system's folders.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(find(program).unwrap_or_else(|| PathBuf::from(program)));
    command.env("PATH", FOLDERS).env("LC_ALL", "C").stdin(Stdio::null());
    command
}

/// Runs a program to its end and returns what it printed; failing is an error that quotes its last lines.
pub fn run<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> Result<String> {
    let mut command = command(program);
    command.args(arguments);
    let output = command.output().with_context(|| format!("cannot start {}", describe(&command)))?;
    check(&command, &output)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program that answers by its exit status.
pub fn succeeds<A: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = A>) -> Result<bool> {
    let mut command = command(program);
    command.args(arguments);
    let output = command.output().with_context(|| format!("cannot start {}", describe(&command)))?;
    Ok(output.status.success())
}

/// Runs a command to its end, handing each line it prints to `line`; failing is an error that quotes the last ones.
pub fn run_with_lines(mut command: Command, mut line: impl FnMut(&str)) -> Result<()> {
    let what = describe(&command);
    let (reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    command.stdout(writer.try_clone().context("cannot duplicate a pipe")?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot start {what}"))?;
    // The command holds write ends of the pipe; reading ends only when all are closed.
    drop(command);
    let mut last = Tail::default();
    for text in BufReader::new(reader).split(b'\n') {
        let text = text.with_context(|| format!("cannot read what {what} prints"))?;
        let text = String::from_utf8_lossy(&text);
        let text = text.trim_end();
        last.push(text);
        line(text);
    }
    let status = child.wait().with_context(|| format!("cannot wait for {what}"))?;
    if !status.success() {
        bail!("{what} failed ({status})\n{}", last.text());
    }
    Ok(())
}

/// Runs a command, ending it at the deadline; `None` means that it was ended.
pub fn output_until(mut command: Command, deadline: Deadline) -> Result<Option<Output>> {
    let what = describe(&command);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {what}"))?;
    let stdout = read_aside(child.stdout.take());
    let stderr = read_aside(child.stderr.take());
    let status = deadline.poll(|| child.try_wait()).with_context(|| format!("cannot wait for {what}"))?;
    let Some(status) = status else {
        // Fails only where the child has ended by itself meanwhile.
        let _ = child.kill();
        child.wait().with_context(|| format!("cannot wait for {what}"))?;
        return Ok(None);
    };
    Ok(Some(Output { status, stdout: stdout.join().unwrap_or_default(), stderr: stderr.join().unwrap_or_default() }))
}

fn read_aside(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Turns a failed program into an error that quotes its last lines.
pub fn check(command: &Command, output: &Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let mut last = Tail::default();
    for text in [&output.stdout, &output.stderr] {
        String::from_utf8_lossy(text).lines().for_each(|text| last.push(text));
    }
    bail!("{} failed ({})\n{}", describe(command), output.status, last.text())
}

fn describe(command: &Command) -> String {
    let mut words = vec![Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy()];
    words.extend(command.get_args().map(|word| word.to_string_lossy()));
    let text = words.join(" ").replace('\n', " ");
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// The last lines of an output.
#[derive(Default)]
pub struct Tail(std::collections::VecDeque<String>);

impl Tail {
    const LINES: usize = 20;

    /// Adds a line, forgetting the oldest when there are too many; empty ones do not count.
    pub fn push(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        if self.0.len() == Self::LINES {
            self.0.pop_front();
        }
        self.0.push_back(line.to_owned());
    }

    /// Returns the lines, each indented.
    pub fn text(&self) -> String {
        self.0.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
    }
}

/// A signal that ends a process, or asks it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    Terminate,
    Kill,
}

/// Sends a signal; a process that is gone already is no error.
pub fn signal(pid: u32, signal: Signal) -> Result<()> {
    let name = match signal {
        Signal::Terminate => "TERM",
        Signal::Kill => "KILL",
    };
    let sent = run("sh", ["-c", "kill -s \"$1\" \"$2\"", "sh", name, &pid.to_string()]);
    match sent {
        Err(error) if Path::new("/proc").join(pid.to_string()).exists() => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_packages_that_bring_it() {
        assert_eq!(lacking(&|_| true), None);
        let bare = lacking(&|path| !["ssh", "ssh-keygen", "debootstrap"].iter().any(|name| path.ends_with(name)));
        assert_eq!(
            bare.unwrap(),
            "debootstrap, ssh, ssh-keygen\ninstall it with: apt-get install debootstrap openssh-client"
        );
    }

    #[test]
    fn a_failing_program_is_quoted() {
        let error = run("sh", ["-c", "echo first; echo second >&2; exit 3"]).unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("first") && error.contains("second"), "{error}");
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let mut slow = command("sh");
        slow.args(["-c", "exec cat"]).stdin(Stdio::piped());
        assert!(output_until(slow, Deadline::after(Duration::from_millis(50))).unwrap().is_none());
    }
}
