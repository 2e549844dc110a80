//! What is measured.

use std::time::Duration;

use crate::wanted::Wanted;
use crate::way::Way;

/// What a contestant is asked to do in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Everything but the packages has to be made.
    First,
    /// Nothing has to be done.
    Unchanged,
    /// One file on each host gets another content.
    Change,
}

/// One workload.
#[derive(Clone, Debug)]
pub struct Workload {
    /// A letter, and what tells it apart from others of this letter.
    pub name: &'static str,
    pub title: &'static str,
    pub wanted: Wanted,
    pub task: Task,
    pub hosts: usize,
    /// The way to the hosts, where it is long.
    pub way: Option<Way>,
    /// Whether an earlier run has left a connection.
    pub warm: bool,
    /// The most rounds of those that take long.
    pub slow_rounds: usize,
    /// Who takes part; everyone where empty.
    pub contestants: &'static [&'static str],
}

/// All workloads. Those on the same hosts with the same end state are next to each other, as that saves making it anew.
pub fn all() -> Vec<Workload> {
    let one = |name, title, wanted, task| Workload {
        name,
        title,
        wanted,
        task,
        hosts: 1,
        way: None,
        warm: false,
        slow_rounds: usize::MAX,
        contestants: &[],
    };
    let over = |way, name, title, task| Workload { way: Some(way), ..one(name, title, Wanted::server(), task) };
    let far = |delay| Way { delay: Duration::from_millis(delay), bandwidth: None };
    let narrow = Way { bandwidth: Some(10_000_000 / 8), ..far(80) };
    let fleet = |name, title, hosts, task| Workload { hosts, ..one(name, title, Wanted::node(), task) };
    let full_fleet = |name, title, hosts| Workload { hosts, ..one(name, title, Wanted::server(), Task::Unchanged) };
    // Some take ten minutes for a round of these.
    let many = |name, title, count, task| Workload { slow_rounds: 1, ..one(name, title, Wanted::files(count), task) };
    let quick = |workload| Workload { contestants: QUICK, ..workload };
    vec![
        one("a", "85 resources, first apply", Wanted::server(), Task::First),
        one("b-cold", "85 resources, no change", Wanted::server(), Task::Unchanged),
        Workload {
            warm: true,
            contestants: &["infra", "script", "ssh-true", "ansible", "mitogen"],
            ..one("b-warm", "85 resources, no change, within a minute", Wanted::server(), Task::Unchanged)
        },
        over(far(40), "e40", "40 ms each way: 85 resources, no change", Task::Unchanged),
        quick(over(far(40), "e40-first", "40 ms each way: 85 resources, first apply", Task::First)),
        over(far(80), "e80", "80 ms each way: 85 resources, no change", Task::Unchanged),
        over(far(80), "e80-first", "80 ms each way: 85 resources, first apply", Task::First),
        quick(over(narrow, "g", "80 ms each way, 10 Mbit/s: 85 resources, no change", Task::Unchanged)),
        quick(over(narrow, "g-first", "80 ms each way, 10 Mbit/s: 85 resources, first apply", Task::First)),
        many("c", "1,000 files, one changed", 1000, Task::Change),
        many("f1000", "1,000 files, no change", 1000, Task::Unchanged),
        quick(many("f10000", "10,000 files, no change", 10_000, Task::Unchanged)),
        fleet("d20", "20 hosts, no change", 20, Task::Unchanged),
        fleet("d20-change", "20 hosts, one file changed on each", 20, Task::Change),
        quick(full_fleet("d20-full", "20 hosts with 85 resources each, no change", 20)),
        fleet("d50", "50 hosts, no change", 50, Task::Unchanged),
        fleet("d50-change", "50 hosts, one file changed on each", 50, Task::Change),
    ]
}

/// Those that take a second or so.
const QUICK: &[&str] = &["infra", "script", "ssh-true"];

impl Workload {
    /// Whether a name on the command line means this workload: its own name, or the letter it begins with.
    pub fn is_meant_by(&self, name: &str) -> bool {
        self.name == name || (name.len() == 1 && self.name.starts_with(name))
    }
}
