//! What a run cost on a host.

use std::time::Duration;

/// Counts of one host, for `--stats`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// SSH connections made; one that an earlier run kept needs none.
    pub logins: u64,
    /// Requests sent.
    pub frames: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    /// Steps started.
    pub steps: u64,
    /// Processes started on the host while frames ran, of whatever program; `None` where they were not counted.
    pub processes: Option<u64>,
    /// From connecting to now.
    pub time: Duration,
}
