//! Reads what one request tells of a host.

use std::collections::{HashSet, VecDeque};

use crate::model::{LedgerLines, Owed, OwedAction, ProbeOutput, ProbeStatus, Record};

use super::Problem;
use super::wire::{BYTES_A_FIELD, Line};

/// Messages kept of one section.
const MOST_MESSAGES: usize = 50;
/// Bytes of records kept of one answer.
const MOST_BYTES: usize = 128 * 1024 * 1024;
/// What a record takes besides its fields, about.
const BYTES_A_RECORD: usize = 64;

/// Collects the sections of an answer as they arrive.
pub(super) struct Sections {
    done: Vec<Option<ProbeOutput>>,
    current: Option<Section>,
    kept: Kept,
    /// The process ids between which the frame ran.
    pub processes: Option<(u64, u64)>,
}

/// How much of an answer is kept.
#[derive(Default)]
pub(super) struct Kept(usize);

impl Kept {
    /// Counts a record; an error where there are more than any host has to tell.
    pub fn count(&mut self, line: &Line) -> Result<(), Problem> {
        if let Line::Record(record) = line {
            self.0 += BYTES_A_RECORD + record.fields.iter().map(|field| BYTES_A_FIELD + field.len()).sum::<usize>();
        }
        match self.0 > MOST_BYTES {
            true => Err(Problem::Protocol("its answer takes more than 128 MiB of memory".into())),
            false => Ok(()),
        }
    }
}

/// A section that is being received.
#[derive(Default)]
pub(super) struct Section {
    number: usize,
    records: Vec<Record>,
    messages: VecDeque<String>,
}

impl Section {
    pub fn new(number: usize) -> Self {
        Self { number, ..Self::default() }
    }

    /// Takes a line in; the last messages are kept.
    pub fn take(&mut self, line: Line) {
        match line {
            Line::Record(record) => self.records.push(record),
            Line::Message(message) => {
                if self.messages.len() == MOST_MESSAGES {
                    self.messages.pop_front();
                }
                self.messages.push_back(message);
            }
            Line::Control(..) => {}
        }
    }

    pub fn finish(self, status: ProbeStatus) -> ProbeOutput {
        ProbeOutput { status, records: self.records, messages: self.messages.into() }
    }
}

/// Reads how a section ended.
pub(super) fn status(text: &str) -> ProbeStatus {
    match text.parse() {
        Ok(0) => ProbeStatus::Done,
        Ok(status) => ProbeStatus::Failed(status),
        Err(_) => ProbeStatus::TimedOut,
    }
}

impl Sections {
    pub fn new(count: usize) -> Self {
        Self { done: vec![None; count], current: None, kept: Kept::default(), processes: None }
    }

    /// Takes the next line of the answer in.
    pub fn take(&mut self, line: Line) -> Result<(), Problem> {
        match line {
            Line::Control(word, fields) => self.take_control(&word, &fields),
            line => {
                self.kept.count(&line)?;
                if let Some(section) = &mut self.current {
                    section.take(line);
                }
                Ok(())
            }
        }
    }

    fn take_control(&mut self, word: &str, fields: &[String]) -> Result<(), Problem> {
        let number = fields.first().and_then(|number| number.parse::<usize>().ok());
        let second = fields.get(1).map_or("", String::as_str);
        match (word, number) {
            ("begin", Some(number)) if number < self.done.len() => self.current = Some(Section::new(number)),
            ("end", Some(number)) => match self.current.take() {
                Some(section) if section.number == number => {
                    self.done[number] = Some(section.finish(status(second)));
                }
                _ => return Err(Problem::Protocol(format!("section {number} ends without having begun"))),
            },
            ("processes", first) => {
                self.processes = first.map(|first| first as u64).zip(second.parse().ok());
            }
            ("frame" | "half", _) => {}
            _ => return Err(Problem::Protocol(format!("it tells of `{word}`"))),
        }
        Ok(())
    }

    /// Returns the sections; a frame that is done has answered all.
    pub fn finish(self) -> Result<Vec<ProbeOutput>, Problem> {
        let count = self.done.len();
        let done: Vec<ProbeOutput> = self.done.into_iter().flatten().collect();
        if done.len() == count { Ok(done) } else { Err(Problem::Protocol("a section is missing in its answer".into())) }
    }
}

/// What a host tells of itself at the start of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Start {
    pub owed: Vec<Owed>,
    /// Names of records of debts that do not hold any more what they are about.
    pub damaged: Vec<String>,
    /// What the last run that changed the host wrote into its lock.
    pub lock: Vec<String>,
    pub ledger: LedgerLines,
}

impl Start {
    /// Reads it; fails where programs are missing that are always needed, and where what is noted is another account's.
    pub fn read(output: &ProbeOutput) -> Result<Self, Problem> {
        let all = |word: &'static str| output.records.iter().filter(move |record| record.field(0) == word);
        let missing: Vec<String> = all("missing").map(|record| record.field(1).to_string()).collect();
        if !missing.is_empty() {
            return Err(Problem::MissingTools(missing));
        }
        if let Some(record) = all("foreign").next() {
            let why = "belongs to another account than the one that works here".into();
            return Err(Problem::StateFolder { folder: record.field(1).to_string(), why });
        }
        let mut start = Self::default();
        for record in all("owed") {
            match debt(record) {
                Some(owed) => start.owed.push(owed),
                None => start.damaged.push(record.field(1).to_string()),
            }
        }
        start.owed = without_covered(start.owed);
        start.lock = all("lock").next().map(|record| record.fields[1..].to_vec()).unwrap_or_default();
        let lines = |word: &'static str| all(word).map(|record| record.fields[1..].to_vec()).collect();
        let machine = all("machine").next().map(|record| record.field(1).to_string()).unwrap_or_default();
        start.ledger = LedgerLines { ledger: lines("ledger"), journal: lines("journal"), machine };
        Ok(start)
    }
}

/// Reads a debt from its record, whose name must be the one for what it holds.
fn debt(record: &Record) -> Option<Owed> {
    let action = match record.field(2) {
        "restart" => OwedAction::Restart,
        "reload" => OwedAction::Reload,
        _ => return None,
    };
    let owed = Owed { resource: record.field(3).to_string(), action };
    (owed.record() == record.field(1)).then_some(owed)
}

/// Leaves out reloads of what is restarted.
fn without_covered(mut all: Vec<Owed>) -> Vec<Owed> {
    let restarts: HashSet<String> =
        all.iter().filter(|owed| owed.action == OwedAction::Restart).map(|owed| owed.resource.clone()).collect();
    all.retain(|owed| owed.action == OwedAction::Restart || !restarts.contains(&owed.resource));
    all.sort_by(|a, b| a.resource.cmp(&b.resource));
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(records: &[&[&str]]) -> Result<Start, Problem> {
        let fields = |fields: &&[&str]| fields.iter().map(ToString::to_string).collect();
        let records = records.iter().map(|record| Record { index: 0, fields: fields(record) }).collect();
        Start::read(&ProbeOutput { status: ProbeStatus::Done, records, messages: Vec::new() })
    }

    #[test]
    fn a_record_that_was_cut_anywhere_is_still_one() {
        let owed = Owed { resource: "service:it's \u{e9}".into(), action: OwedAction::Restart };
        let (name, resource) = (owed.record(), owed.resource.as_str());
        let whole = told(&[&["owed", &name, "restart", resource]]).unwrap();
        assert_eq!((whole.owed.as_slice(), whole.damaged.as_slice()), (std::slice::from_ref(&owed), &[][..]));
        for cut in resource.char_indices().map(|(at, _)| &resource[..at]) {
            let start = told(&[&["owed", &name, "restart", cut]]).unwrap();
            assert_eq!((start.owed.as_slice(), start.damaged.as_slice()), (&[][..], &[name.clone()][..]), "{cut}");
        }
        for rest in [&["owed", name.as_str()][..], &["owed", &name, ""], &["owed", &name, "rest"]] {
            assert_eq!(told(&[rest]).unwrap().damaged, std::slice::from_ref(&name), "{rest:?}");
        }
    }

    #[test]
    fn a_foreign_folder_is_refused_and_tools_that_are_missing_are_all_named() {
        let problem = told(&[&["foreign", "/var/lib/infra"]]).unwrap_err().to_string();
        assert_eq!(problem, "its state folder /var/lib/infra belongs to another account than the one that works here");
        let problem = told(&[&["missing", "tar"], &["missing", "flock"]]).unwrap_err().to_string();
        assert_eq!(problem, "it lacks programs that are needed: tar, flock");
    }
}
