//! The second shell on a host that runs steps: it ends them when nobody is there any more, and when asked.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::HostError;
use super::lock::Wanted;
use super::options::Options;
use super::shell::Shell;
use super::target::Target;
use super::transport::Link;

/// A watchdog that runs on a host. It holds on as long as this value lives and its task sends heartbeats.
pub(super) struct Watchdog {
    /// It has the host's lock.
    pub is_locked: bool,
    orders: mpsc::UnboundedSender<String>,
    task: JoinHandle<Shell>,
}

impl Watchdog {
    /// Starts one, through the same way and as the same user as any other shell. Where it takes the host's lock, what the run
    /// before had written into that is returned.
    pub async fn start(
        link: &Link,
        target: &Target,
        options: &Options,
        run: &str,
        lock: Option<Wanted<'_>>,
    ) -> Result<(Self, Vec<String>), HostError> {
        let is_locked = lock.is_some();
        let mut shell = Shell::open(link, target, options, run).await?;
        let before = shell.become_watchdog(options, lock).await?;
        let (orders, received) = mpsc::unbounded_channel();
        let task = tokio::spawn(keep(shell, received, options.heartbeat));
        Ok((Self { is_locked, orders, task }, before))
    }

    /// Returns whether it still listens.
    pub fn is_alive(&self) -> bool {
        !self.task.is_finished()
    }

    /// Guards a shell that is about to run steps.
    pub fn guard(&self, process: u32) {
        self.order(format!("+ {process}\n"));
    }

    /// Lets go of a shell that is done.
    pub fn release(&self, process: u32) {
        self.order(format!("- {process}\n"));
    }

    /// Makes a shell stop after the step that runs.
    pub fn stop(&self, process: u32) {
        self.order(format!("s {process}\n"));
    }

    /// Ends shells with all they have started.
    pub fn kill(&self, processes: impl Iterator<Item = u32>) {
        let processes: Vec<String> = processes.map(|process| process.to_string()).collect();
        if !processes.is_empty() {
            self.order(format!("k {}\n", processes.join(" ")));
        }
    }

    /// Writes into the lock how many of its changes the run has made.
    pub fn progress(&self, done: usize, of: usize) {
        self.order(format!("p {done} {of}\n"));
    }

    /// Ends it, and waits until its channel is closed; on this machine until it has ended itself, for the next run may follow at
    /// once. Elsewhere that would be a round trip, and the next run needs longer to get there.
    pub async fn close(self, is_here: bool) {
        drop(self.orders);
        // Of a task that panicked the channel is closed, too.
        let Ok(shell) = self.task.await else { return };
        if is_here {
            shell.end().await;
        }
    }

    fn order(&self, line: String) {
        // Where it does not listen any more, its channel is gone, and on the host it ends what it guarded.
        let _ = self.orders.send(line);
    }
}

/// Passes orders on and sends a heartbeat now and then, until there is nobody to order or nobody to listen.
async fn keep(mut shell: Shell, mut orders: mpsc::UnboundedReceiver<String>, heartbeat: Duration) -> Shell {
    let mut beat = interval(heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let line = tokio::select! {
            order = orders.recv() => match order {
                Some(line) => line,
                None => return shell,
            },
            _ = beat.tick() => "h\n".to_string(),
        };
        if shell.write_line(&line).await.is_err() {
            return shell;
        }
    }
}
