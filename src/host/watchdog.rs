//! The second shell on a host that runs steps: it ends them when nobody is there any more, and when asked.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::HostError;
use super::options::Options;
use super::shell::Shell;
use super::target::Target;
use super::transport::Link;

/// A watchdog that runs on a host. It holds on as long as this value lives and its task sends heartbeats.
pub(super) struct Watchdog {
    orders: mpsc::UnboundedSender<String>,
    task: JoinHandle<()>,
}

impl Watchdog {
    /// Starts one, through the same way and as the same user as any other shell.
    pub async fn start(link: &Link, target: &Target, options: &Options, run: &str) -> Result<Self, HostError> {
        let mut shell = Shell::open(link, target, options, run).await?;
        shell.become_watchdog(options).await?;
        let (orders, received) = mpsc::unbounded_channel();
        let task = tokio::spawn(keep(shell, received, options.heartbeat));
        Ok(Self { orders, task })
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

    /// Ends it, and waits until its channel is closed.
    pub async fn close(self) {
        drop(self.orders);
        // A task that panicked has closed its channel, too.
        let _ = self.task.await;
    }

    fn order(&self, line: String) {
        // Where it does not listen any more, its channel is gone, and on the host it ends what it guarded.
        let _ = self.orders.send(line);
    }
}

/// Passes orders on and sends a heartbeat now and then, until there is nobody to order or nobody to listen.
async fn keep(mut shell: Shell, mut orders: mpsc::UnboundedReceiver<String>, heartbeat: Duration) {
    let mut beat = interval(heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let line = tokio::select! {
            order = orders.recv() => match order {
                Some(line) => line,
                None => return,
            },
            _ = beat.tick() => "h\n".to_string(),
        };
        if shell.write_line(&line).await.is_err() {
            return;
        }
    }
}
