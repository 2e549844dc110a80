//! What was measured, for people and for programs.

use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::measure::{Measured, Series};
use crate::relay::Traffic;

/// What it was measured on.
#[derive(Debug)]
pub struct Machine {
    processor: String,
    cores: usize,
    kernel: String,
    commit: String,
    ssh: String,
}

impl Machine {
    pub fn look() -> Result<Self> {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Ok(Machine {
            processor: processor.map(|(_, name)| name.to_string()).unwrap_or_default(),
            cores: std::thread::available_parallelism()?.get(),
            kernel: said("uname", &["-sr"]),
            commit: said("git", &["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"]),
            ssh: said("ssh", &["-V"]),
        })
    }
}

/// What a program says of itself; nothing where it is not there.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_string()
}

/// The median, and the least and the most; `None` where there is no time.
fn spread(times: &[Duration]) -> Option<[f64; 3]> {
    let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
    seconds.sort_by(f64::total_cmp);
    let middle = seconds.len() / 2;
    let median = match seconds.len() {
        0 => return None,
        count if count % 2 == 1 => seconds[middle],
        _ => (seconds[middle - 1] + seconds[middle]) / 2.0,
    };
    Some([median, seconds[0], seconds[seconds.len() - 1]])
}

/// The one in the middle; `None` where there is none.
fn middle(mut counts: Vec<u64>) -> Option<u64> {
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied()
}

/// A row of the table.
#[derive(Default)]
struct Row {
    contestant: String,
    median: String,
    spread: String,
    rounds: String,
    ratio: String,
    round_trips: String,
    sent: String,
    received: String,
}

/// What the columns are called that `Row::cells` fills.
const HEAD: [&str; 8] = ["", "median s", "min–max s", "rounds", "× infra", "round trips", "kB sent", "kB received"];

impl Row {
    fn new(series: &Series, infra: Option<f64>) -> Self {
        let contestant = series.contestant.clone();
        let failure = series.failure.as_deref();
        let Some([median, least, most]) = spread(&series.times) else {
            let why = failure.and_then(|why| why.lines().next()).unwrap_or_default().chars().take(60).collect();
            let median = if failure.is_some() { "failed" } else { "–" };
            return Row { contestant, median: median.into(), spread: why, rounds: "0".into(), ..Row::default() };
        };
        let counted = |count: fn(&Traffic) -> u64| middle(series.traffic.iter().map(count).collect());
        let kilobytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1000.0);
        Row {
            contestant,
            median: format!("{median:.3}"),
            spread: format!("{least:.3}–{most:.3}"),
            rounds: format!("{}{}", series.times.len(), if failure.is_some() { " (failed)" } else { "" }),
            ratio: infra.map(|infra| format!("{:.2}", median / infra)).unwrap_or_default(),
            round_trips: counted(|traffic| traffic.round_trips).map(|count| count.to_string()).unwrap_or_default(),
            sent: counted(|traffic| traffic.bytes_sent).map(kilobytes).unwrap_or_default(),
            received: counted(|traffic| traffic.bytes_received).map(kilobytes).unwrap_or_default(),
        }
    }

    /// What a contestant would take for ten times as many files; `None` where there is no time.
    fn extrapolated(series: &Series, infra: Option<f64>) -> Option<Self> {
        let [median, ..] = spread(&series.times)?;
        Some(Row {
            contestant: series.contestant.clone(),
            median: format!("~{:.0}", median * 10.0),
            spread: "10 × 1,000 files".into(),
            rounds: "0".into(),
            ratio: infra.map(|infra| format!("~{:.0}", median * 10.0 / infra)).unwrap_or_default(),
            ..Row::default()
        })
    }

    fn cells(&self) -> [&str; 8] {
        let Row { contestant, median, spread, rounds, ratio, round_trips, sent, received } = self;
        [contestant, median, spread, rounds, ratio, round_trips, sent, received]
    }
}

/// The rows of a workload. At 10,000 files, those who took part at 1,000 only are shown with ten times that.
fn rows(measured: &Measured, all: &[Measured]) -> Vec<Row> {
    let infra = measured.series.iter().find(|series| series.contestant == "infra");
    let infra = infra.and_then(|series| spread(&series.times)).map(|[median, ..]| median);
    let mut rows: Vec<Row> = measured.series.iter().map(|series| Row::new(series, infra)).collect();
    if measured.workload.name == "f10000"
        && let Some(fewer) = all.iter().find(|other| other.workload.name == "f1000")
    {
        let is_here = |one: &Series| measured.series.iter().any(|other| other.contestant == one.contestant);
        let absent = fewer.series.iter().filter(|series| !is_here(series));
        rows.extend(absent.filter_map(|series| Row::extrapolated(series, infra)));
    }
    rows
}

/// What a workload is, and whether there should be more of it.
fn title(measured: &Measured) -> String {
    let incomplete = measured.incomplete.as_deref().map(|why| format!(" (incomplete: {why})")).unwrap_or_default();
    format!("{}: {}{incomplete}", measured.workload.name, measured.workload.title)
}

/// The tables as text.
pub fn text(all: &[Measured]) -> String {
    let line = |[contestant, median, spread, rounds, ratio, round_trips, sent, received]: [&str; 8]| {
        let line = format!(
            "  {contestant:12} {median:>9} {spread:>17} {rounds:>6} {ratio:>9} {round_trips:>11} {sent:>9} {received:>11}"
        );
        line.trim_end().to_string() + "\n"
    };
    let mut text = String::new();
    for measured in all {
        let _ = write!(text, "\n{}\n{}", title(measured), line(HEAD));
        for row in rows(measured, all) {
            text.push_str(&line(row.cells()));
        }
        for series in &measured.series {
            if let Some(counts) = series.counts.first() {
                let _ = writeln!(text, "  {}: {counts}", series.contestant);
            }
        }
    }
    text
}

/// The tables as Markdown.
pub fn markdown(all: &[Measured]) -> String {
    let mut text = format!("| workload | contestant | {} |\n|---|---{}|\n", HEAD[1..].join(" | "), "|--:".repeat(7));
    for measured in all {
        let mut title = title(measured);
        for row in rows(measured, all) {
            let _ = writeln!(text, "| {} | {} |", std::mem::take(&mut title), row.cells().join(" | "));
        }
    }
    text
}

/// Everything that was measured.
pub fn json(machine: &Machine, all: &[Measured]) -> Value {
    let Machine { processor, cores, kernel, commit, ssh } = machine;
    let each = |series: &Series, count: fn(&Traffic) -> u64| series.traffic.iter().map(count).collect::<Vec<_>>();
    let series = |series: &Series| {
        json!({
            "contestant": series.contestant,
            "seconds": series.times.iter().map(Duration::as_secs_f64).collect::<Vec<_>>(),
            "median": spread(&series.times).map(|[median, ..]| median),
            "round_trips": each(series, |traffic| traffic.round_trips),
            "bytes_sent": each(series, |traffic| traffic.bytes_sent),
            "bytes_received": each(series, |traffic| traffic.bytes_received),
            "counts": series.counts,
            "failure": series.failure,
        })
    };
    let workload = |measured: &Measured| {
        let workload = &measured.workload;
        json!({
            "workload": workload.name,
            "title": workload.title,
            "resources": workload.wanted.resources(),
            "hosts": workload.hosts,
            "delay_ms": workload.way.map_or(0, |way| way.delay.as_millis() as u64),
            "bytes_a_second": workload.way.and_then(|way| way.bandwidth),
            "incomplete": measured.incomplete,
            "contestants": measured.series.iter().map(series).collect::<Vec<_>>(),
        })
    };
    json!({
        "machine": { "processor": processor, "cores": cores, "kernel": kernel, "ssh": ssh, "commit": commit },
        "incomplete": all.iter().any(|measured| measured.incomplete.is_some()),
        "workloads": all.iter().map(workload).collect::<Vec<_>>(),
    })
}
