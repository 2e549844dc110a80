//! Transcripts of commands: `$ infra …`, and below it what the command printed.
//!
//! `…` stands for what a page leaves out: alone on a line for any number of lines, within a line for any text. Addresses
//! of throwaway hosts and counts of logins, bytes, processes and seconds differ from run to run, and count as equal.

use std::io::Read;
use std::process::{Command, Stdio};

/// A command of a transcript, and what it prints according to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    pub command: String,
    pub printed: Vec<String>,
}

/// Reads a transcript. It begins with a command.
pub fn exchanges(text: &str) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), exchanges.last_mut()) {
            (Some(command), _) => exchanges.push(Exchange { command: command.to_string(), printed: Vec::new() }),
            (None, Some(exchange)) => exchange.printed.push(line.to_string()),
            (None, None) => panic!("a transcript begins with a command: `{line}`"),
        }
    }
    exchanges
}

/// Runs a command and returns what it printed on both outputs, in the order in which it did.
pub fn run(command: &mut Command) -> String {
    let (mut reader, writer) = std::io::pipe().unwrap();
    command.stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    // The command holds the writing ends, and reading would not end before they are gone.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut printed = Vec::new();
    reader.read_to_end(&mut printed).unwrap();
    child.wait().unwrap();
    String::from_utf8(printed).unwrap()
}

/// Returns whether what was printed is what a transcript shows.
pub fn is_as_shown(shown: &[String], printed: &str) -> bool {
    let shown: Vec<String> = shown.iter().map(|line| without_measures(line.trim_end())).collect();
    let printed: Vec<String> = printed.lines().map(|line| without_measures(line.trim_end())).collect();
    lines_match(&shown, &printed)
}

fn lines_match(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=printed.len()).any(|skipped| lines_match(rest, &printed[skipped..]))
        }
        Some((first, rest)) => {
            printed.split_first().is_some_and(|(line, others)| line_matches(first, line) && lines_match(rest, others))
        }
    }
}

fn line_matches(shown: &str, printed: &str) -> bool {
    let (begin, rest) = match shown.split_once('…') {
        None => return shown == printed,
        Some(parts) => parts,
    };
    printed.strip_prefix(begin).is_some_and(|printed| {
        let mut ends = printed.char_indices().map(|(at, _)| at).chain([printed.len()]);
        ends.any(|at| line_matches(rest, &printed[at..]))
    })
}

/// Replaces what differs from run to run.
fn without_measures(line: &str) -> String {
    let mut line = line.to_string();
    for (pattern, word) in
        [(r"\b10\.\d+\.\d+\.\d+\b", "ADDRESS"), (r"[0-9.]+ (logins|bytes|processes|seconds)\b", "MANY $1")]
    {
        line = regex::Regex::new(pattern).unwrap().replace_all(&line, word).into_owned();
    }
    line
}
