//! The shells on one connection: as many as run at once, and the watchdog that guards them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::lock::Wanted;
use super::options::Options;
use super::random::random;
use super::shell::Shell;
use super::target::Target;
use super::transport::Link;
use super::watchdog::Watchdog;
use super::{HostError, Problem};

/// What is asked of all that runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    #[default]
    GoOn,
    Stop,
    Kill,
}

/// The shells on one connection.
pub(super) struct Shells {
    pub target: Target,
    pub options: Options,
    /// Names this run on the host.
    run: String,
    link: Link,
    /// What a login sets up may have changed.
    ran_steps: AtomicBool,
    permits: Semaphore,
    idle: Mutex<Vec<Shell>>,
    watchdog: AsyncMutex<()>,
    running: Mutex<Running>,
}

/// What runs steps, and what is asked of it.
#[derive(Default)]
struct Running {
    asked: Asked,
    watchdog: Option<Watchdog>,
    /// The processes of the shells that run steps; true once they listen to signals.
    shells: BTreeMap<u32, bool>,
}

impl Running {
    /// Stops the shells that listen; the others hear of it as soon as they do.
    fn stop(&self) {
        if let Some(watchdog) = &self.watchdog {
            self.shells.iter().filter(|(_, listens)| **listens).for_each(|(&process, _)| watchdog.stop(process));
        }
    }
}

impl Shells {
    /// Connects and starts the first shell.
    pub async fn open(target: Target, options: Options) -> Result<Self, HostError> {
        let run = random().map_err(|problem| problem.at(&target.name))?;
        let (link, shell) = Shell::connect(&target, &options, &run).await?;
        Ok(Self {
            run,
            link,
            ran_steps: AtomicBool::new(false),
            permits: Semaphore::new(options.shells.max(1)),
            idle: Mutex::new(vec![shell]),
            watchdog: AsyncMutex::default(),
            running: Mutex::default(),
            target,
            options,
        })
    }

    /// Waits for a free shell; takes its shell, or starts another.
    pub async fn take(&self) -> Result<Lease<'_>, HostError> {
        let closed = |_| Problem::ConnectionLost { step: None, said: String::new() }.at(&self.target.name);
        let permit = self.permits.acquire().await.map_err(closed)?;
        let idle = self.idle().pop();
        let shell = match idle {
            Some(shell) => shell,
            None => Shell::open(&self.link, &self.target, &self.options, &self.run).await?,
        };
        let before = (shell.sent, shell.received());
        Ok(Lease { shell, before, shells: self, _permit: permit })
    }

    /// Takes the host's lock, unless this run has it; other runs that have it are waited for as it is said there. Returns what the
    /// run before had written into it, where it was taken now.
    pub async fn lock(&self, wanted: Wanted<'_>) -> Result<Option<Vec<String>>, HostError> {
        self.watch(Some(wanted)).await
    }

    /// Lets go of the lock.
    pub async fn unlock(&self) {
        let watchdog = self.running().watchdog.take();
        if let Some(watchdog) = watchdog {
            watchdog.close(self.link.is_here()).await;
        }
    }

    /// Writes into the lock how many of its changes the run has made.
    pub fn progress(&self, done: usize, of: usize) {
        if let Some(watchdog) = self.running().watchdog.as_ref().filter(|watchdog| watchdog.is_locked) {
            watchdog.progress(done, of);
        }
    }

    /// Starts a watchdog, where none runs that has what is wanted.
    async fn watch(&self, wanted: Option<Wanted<'_>>) -> Result<Option<Vec<String>>, HostError> {
        // One at a time, so that only one watchdog is started.
        let _starting = self.watchdog.lock().await;
        let is_enough = |watchdog: &Watchdog| watchdog.is_alive() && (watchdog.is_locked || wanted.is_none());
        if self.running().watchdog.as_ref().is_some_and(is_enough) {
            return Ok(None);
        }
        let started = Watchdog::start(&self.link, &self.target, &self.options, &self.run, wanted).await;
        let (watchdog, before) = started?;
        let mut running = self.running();
        running.shells.keys().for_each(|&process| watchdog.guard(process));
        if let Some(other) = running.watchdog.replace(watchdog) {
            // It ends now, and what it guarded must not.
            running.shells.keys().for_each(|&process| other.release(process));
        }
        Ok(Some(before))
    }

    /// Guards a shell that is about to run steps, until what is returned is dropped. Where they change the host, the run needs
    /// its lock; by now nobody waits for it.
    pub async fn guard(&self, process: u32, changes: bool) -> Result<Guard<'_>, HostError> {
        self.ran_steps.store(true, Ordering::Relaxed);
        let wanted = Wanted { of: 0, until: Instant::now(), waiting: &mut |_| () };
        self.watch(changes.then_some(wanted)).await?;
        let mut running = self.running();
        if running.asked == Asked::Kill {
            return Err(Problem::Killed { step: None }.at(&self.target.name));
        }
        running.shells.insert(process, false);
        if let Some(watchdog) = &running.watchdog {
            watchdog.guard(process);
        }
        drop(running);
        Ok(Guard { shells: self, process, is_done: false })
    }

    /// Returns what is asked of all that runs.
    pub fn asked(&self) -> Asked {
        self.running().asked
    }

    /// Asks something of all that runs.
    pub fn ask(&self, asked: Asked) {
        let mut running = self.running();
        if asked <= running.asked {
            return;
        }
        running.asked = asked;
        match asked {
            Asked::GoOn => {}
            Asked::Stop => running.stop(),
            Asked::Kill => {
                if let Some(watchdog) = &running.watchdog {
                    watchdog.kill(running.shells.keys().copied());
                }
            }
        }
    }

    /// Returns whether this run has logged in for the connection.
    pub fn is_login(&self) -> bool {
        self.link.is_login()
    }

    /// Ends all shells and the connection. It may wait for the next run where nothing was changed over it: groups, limits
    /// and environment stay what they were at the login.
    pub async fn close(self) {
        self.idle().clear();
        self.unlock().await;
        self.link.close(!self.ran_steps.into_inner()).await;
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Shell>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A shell in use. Dropped, it ends; given back, it is used again.
pub(super) struct Lease<'a> {
    pub shell: Shell,
    before: (u64, u64),
    shells: &'a Shells,
    _permit: SemaphorePermit<'a>,
}

impl Lease<'_> {
    /// Returns the bytes sent and received since it was taken.
    pub fn traffic(&self) -> (u64, u64) {
        (self.shell.sent - self.before.0, self.shell.received() - self.before.1)
    }

    pub fn give_back(self) {
        self.shells.idle().push(self.shell);
    }
}

/// Keeps a shell guarded while it runs steps. Dropped before the shell is done, it ends the shell with all it has
/// started: what nobody listens to must not go on.
pub(super) struct Guard<'a> {
    shells: &'a Shells,
    process: u32,
    is_done: bool,
}

impl Guard<'_> {
    /// Says that the shell listens to signals now.
    pub fn is_under_way(&self) {
        let mut running = self.shells.running();
        running.shells.insert(self.process, true);
        if running.asked == Asked::Stop {
            running.stop();
        }
    }

    /// Says that the shell has run its steps.
    pub fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let mut running = self.shells.running();
        running.shells.remove(&self.process);
        if let Some(watchdog) = &running.watchdog {
            if !self.is_done {
                watchdog.kill(std::iter::once(self.process));
            }
            watchdog.release(self.process);
        }
    }
}
