//! Running contestants: timed, bounded, and ended with everything they started.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Ctrl-C and SIGTERM, noticed between runs and within them.
#[derive(Debug)]
pub struct Watch {
    runtime: Runtime,
    interrupted: watch::Receiver<bool>,
}

/// How a run went.
#[derive(Debug)]
pub struct Ran {
    pub time: Duration,
    /// What it wrote, both streams.
    pub said: String,
}

impl Watch {
    pub fn new() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (sender, interrupted) = watch::channel(false);
        let entered = runtime.enter();
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        runtime.spawn(async move {
            loop {
                tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
                eprintln!("stopping; what was started is taken down");
                let _ = sender.send(true);
            }
        });
        drop(entered);
        Ok(Watch { runtime, interrupted })
    }

    /// Fails once someone has asked to stop.
    pub fn check(&self) -> Result<()> {
        if *self.interrupted.borrow() { bail!("interrupted") } else { Ok(()) }
    }

    /// The runtime that relays run in.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Runs a command to its end. What it writes goes to a file, which costs it least.
    pub fn run(&self, mut command: Command, limit: Duration, folder: &Path) -> Result<Ran> {
        self.check()?;
        let shown = command.get_program().to_string_lossy().into_owned();
        let path = folder.join("said");
        let mut file = fs::File::options().create(true).truncate(true).read(true).write(true).open(&path)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file.try_clone()?).process_group(0);
        let mut interrupted = self.interrupted.clone();
        let (time, status) = self.runtime.block_on(async {
            let mut command = tokio::process::Command::from(command);
            let started = Instant::now();
            let mut child = command.spawn().with_context(|| format!("cannot start {shown}"))?;
            let group = child.id();
            let ended = tokio::select! {
                status = child.wait() => Ok((started.elapsed(), status?)),
                () = tokio::time::sleep(limit) => Err(anyhow::anyhow!("it took longer than {} s", limit.as_secs())),
                _ = interrupted.wait_for(|asked| *asked) => Err(anyhow::anyhow!("interrupted")),
            };
            if ended.is_err() {
                if let Some(group) = group {
                    end_group(group);
                }
                let _ = child.wait().await;
            }
            ended
        })?;
        let mut said = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.read_to_end(&mut said)?;
        let said = String::from_utf8_lossy(&said).into_owned();
        if !status.success() {
            let lines: Vec<_> = said.lines().collect();
            bail!("{shown} failed ({status})\n{}", lines[lines.len().saturating_sub(25)..].join("\n"));
        }
        Ok(Ran { time, said })
    }
}

/// Ends a process group that was started here.
fn end_group(group: u32) {
    for wait in [200, 0] {
        let signal = if wait > 0 { "-TERM" } else { "-KILL" };
        let _ = Command::new("kill").args([signal, "--", &format!("-{group}")]).stderr(Stdio::null()).status();
        std::thread::sleep(Duration::from_millis(wait));
    }
}
