//! What holds for all hosts of a run.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::Who;
use crate::trace::Trace;

use super::transport::Keep;

/// What holds for all hosts of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The longest a connection may take to come up.
    pub connect_timeout: Duration,
    /// Ask for facts with the first request.
    pub facts: bool,
    /// Observe in two halves: an answer is there sooner, at the price of four processes.
    pub side_by_side: bool,
    /// The most shells a host runs steps in at once.
    pub shells: usize,
    /// How often a host that runs steps is told that someone is there, in whole seconds. Six of them without a sign, and
    /// the host ends its steps.
    pub heartbeat: Duration,
    /// Count the processes each frame starts on the host.
    pub count_processes: bool,
    /// The shell that runs everything on the host.
    pub shell: String,
    /// Where programs are looked for on the host.
    pub path: String,
    /// The state folder on the host; `None` is `/var/lib/infra` for root, else the account's XDG state folder.
    pub state_folder: Option<String>,
    /// Where ssh's control sockets go, each into a private folder. Their names must fit into 104 bytes, so it must not
    /// be the deep folder that some systems have for temporary files.
    pub control_folder: PathBuf,
    /// Who changes hosts, for others who want one meanwhile.
    pub who: Who,
    /// The spec whose ledger is read and written; none is where this is empty.
    pub ledger: String,
    /// What takes how long.
    pub trace: Trace,
    /// Where connections wait for the next run; `None` ends them with this one.
    pub keep: Option<Keep>,
    /// What answers in the place of hosts.
    #[cfg(test)]
    pub simulated: Option<super::Simulated>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(15),
            facts: true,
            side_by_side: true,
            shells: 4,
            heartbeat: Duration::from_secs(5),
            count_processes: false,
            shell: "/bin/sh".into(),
            path: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into(),
            state_folder: None,
            control_folder: "/tmp".into(),
            who: Who::default(),
            ledger: String::new(),
            trace: Trace::default(),
            keep: None,
            #[cfg(test)]
            simulated: None,
        }
    }
}
