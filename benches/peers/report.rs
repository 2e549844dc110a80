//! What was measured, for people and for programs.

use std::fmt::Write;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::measure::{Measured, Series};

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

/// A row of the table.
struct Row {
    contestant: String,
    median: String,
    spread: String,
    rounds: String,
    ratio: String,
    turns: String,
}

/// The rows of a workload. At 10,000 files, those who took part at 1,000 only are shown with ten times that.
fn rows(measured: &Measured, all: &[Measured]) -> Vec<Row> {
    let infra = measured.series.iter().find(|series| series.contestant == "infra");
    let infra = infra.and_then(|series| spread(&series.times)).map(|[median, ..]| median);
    let row = |series: &Series| {
        let Some([median, least, most]) = spread(&series.times) else {
            let why = series.failure.as_deref().unwrap_or("no rounds").lines().next().unwrap_or_default();
            let why: String = why.chars().take(60).collect();
            let none = String::new;
            return Row {
                contestant: series.contestant.clone(),
                median: "failed".into(),
                spread: why,
                rounds: "0".into(),
                ratio: none(),
                turns: none(),
            };
        };
        let mut turns = series.turns.clone();
        turns.sort_unstable();
        let failed = if series.failure.is_some() { " (failed)" } else { "" };
        Row {
            contestant: series.contestant.clone(),
            median: format!("{median:.3}"),
            spread: format!("{least:.3}–{most:.3}"),
            rounds: format!("{}{failed}", series.times.len()),
            ratio: infra.map(|infra| format!("{:.2}", median / infra)).unwrap_or_default(),
            turns: turns.get(turns.len() / 2).map(u64::to_string).unwrap_or_default(),
        }
    };
    let mut rows: Vec<Row> = measured.series.iter().map(row).collect();
    if measured.workload.name == "f10000"
        && let Some(fewer) = all.iter().find(|other| other.workload.name == "f1000")
    {
        for series in &fewer.series {
            let takes_part = rows.iter().any(|row| row.contestant == series.contestant);
            if let (false, Some([median, ..])) = (takes_part, spread(&series.times)) {
                rows.push(Row {
                    contestant: series.contestant.clone(),
                    median: format!("~{:.0}", median * 10.0),
                    spread: "extrapolated".into(),
                    rounds: "0".into(),
                    ratio: infra.map(|infra| format!("~{:.0}", median * 10.0 / infra)).unwrap_or_default(),
                    turns: String::new(),
                });
            }
        }
    }
    rows
}

/// The tables as text.
pub fn text(all: &[Measured]) -> String {
    let mut text = String::new();
    for measured in all {
        let _ = writeln!(text, "\n{}: {}", measured.workload.name, measured.workload.title);
        let _ = writeln!(
            text,
            "  {:12} {:>9} {:>17} {:>6} {:>9} {:>11}",
            "", "median s", "min–max", "rounds", "to infra", "round trips"
        );
        for row in rows(measured, all) {
            let _ = writeln!(
                text,
                "  {:12} {:>9} {:>17} {:>6} {:>9} {:>11}",
                row.contestant, row.median, row.spread, row.rounds, row.ratio, row.turns
            );
        }
        for series in &measured.series {
            for line in series.counts.iter().take(1) {
                let _ = writeln!(text, "  {}: {line}", series.contestant);
            }
        }
    }
    text
}

/// The tables as Markdown.
pub fn markdown(all: &[Measured]) -> String {
    let mut text = String::from(
        "| workload | contestant | median s | min–max s | rounds | × infra | round trips |\n|---|---|--:|--:|--:|--:|--:|\n",
    );
    for measured in all {
        let mut title = format!("{}: {}", measured.workload.name, measured.workload.title);
        for row in rows(measured, all) {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} |",
                std::mem::take(&mut title),
                row.contestant,
                row.median,
                row.spread,
                row.rounds,
                row.ratio,
                row.turns
            );
        }
    }
    text
}

/// Everything that was measured.
pub fn json(machine: &Machine, all: &[Measured]) -> Value {
    let Machine { processor, cores, kernel, commit, ssh } = machine;
    let series = |series: &Series| {
        json!({
            "contestant": series.contestant,
            "seconds": series.times.iter().map(Duration::as_secs_f64).collect::<Vec<_>>(),
            "median": spread(&series.times).map(|[median, ..]| median),
            "round_trips": series.turns,
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
            "delay_ms": workload.delay.as_millis() as u64,
            "contestants": measured.series.iter().map(series).collect::<Vec<_>>(),
        })
    };
    json!({
        "machine": { "processor": processor, "cores": cores, "kernel": kernel, "ssh": ssh, "commit": commit },
        "workloads": all.iter().map(workload).collect::<Vec<_>>(),
    })
}
