//! The ledger as a file.

use std::collections::BTreeMap;

use crate::model::Secret;

use super::{Entry, Identity, Ledger, Origin, Prune, UsedPlan};

/// The version of the format that is written and read.
const VERSION: u64 = 1;
/// Separates the fields of a line.
pub(super) const SEPARATOR: char = '\u{1f}';

/// Why a ledger cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("a newer infra wrote it (version {0} of the format, this one reads {VERSION})")]
    Newer(u64),
}

impl LedgerError {
    /// Says what to do.
    pub fn help(&self, file: &str) -> String {
        match self {
            Self::Damaged(_) => format!(
                "look at {file} on the host and bring it back from a backup; without it (`mv {file} {file}.old`) the next apply begins a new one, takes what is there for found, and never deletes that"
            ),
            Self::Newer(_) => "use the infra that wrote it, or a newer one".into(),
        }
    }
}

fn damaged<T>(why: impl Into<String>) -> Result<T, LedgerError> {
    Err(LedgerError::Damaged(why.into()))
}

impl Ledger {
    /// Writes the file: what it is, a line for each entry and each plan that was used, and how many lines those are. An identity that is
    /// not known here is written as `=`: the host puts the one there that the entry has.
    pub fn write(&self) -> String {
        let mut lines =
            vec![vec!["infra-ledger".into(), VERSION.to_string(), self.serial.to_string(), self.key.expose().into()]];
        for (local, entry) in &self.entries {
            lines.push(vec![
                local.clone(),
                entry.origin.word().into(),
                flags(entry),
                entry.desired.clone(),
                entry.observed.clone(),
                entry.serial.to_string(),
                entry.when.clone(),
                entry.identity.as_ref().map_or_else(|| "=".into(), ToString::to_string),
            ]);
        }
        for used in &self.used {
            lines.push(vec!["plan".into(), used.digest.clone(), used.when.clone(), used.who.clone()]);
        }
        lines.push(vec!["end".into(), (lines.len() - 1).to_string()]);
        lines.into_iter().map(line).collect()
    }

    /// Reads the file as text.
    pub fn read(text: &str) -> Result<Self, LedgerError> {
        if !text.ends_with('\n') {
            return damaged("its last line is cut off");
        }
        let lines: Vec<Vec<String>> =
            text.lines().map(|line| line.split(SEPARATOR).map(str::to_string).collect()).collect();
        Self::from_lines(&lines)
    }

    /// Reads it from the fields of its lines. The last field of an entry may be left out: the first request of a run does
    /// not tell it.
    pub fn from_lines(lines: &[Vec<String>]) -> Result<Self, LedgerError> {
        let [head, rest @ ..] = lines else { return damaged("it is empty") };
        let [word, version, head @ ..] = head.as_slice() else { return damaged("its first line is none of a ledger") };
        if word != "infra-ledger" {
            return damaged("its first line is none of a ledger");
        }
        match version.parse() {
            Ok(VERSION) => {}
            Ok(version) if version > VERSION => return Err(LedgerError::Newer(version)),
            _ => return damaged(format!("its version is `{version}`")),
        }
        let [serial, key] = head else { return damaged("its first line is cut off") };
        let (Ok(serial), false) = (serial.parse(), key.len() < 32) else {
            return damaged("its first line has no serial or no key");
        };
        let [body @ .., end] = rest else { return damaged("its last line is missing") };
        match end.as_slice() {
            [word, count] if word == "end" && *count == body.len().to_string() => {}
            [word, count] if word == "end" => {
                return damaged(format!("it has {} lines and says {count}", body.len()));
            }
            _ => return damaged("its last line is missing"),
        }
        let mut ledger = Self { key: Secret::new(key.clone()), serial, entries: BTreeMap::new(), used: Vec::new() };
        for (at, line) in body.iter().enumerate() {
            let number = at + 2;
            match line.as_slice() {
                [word, digest, when, who] if word == "plan" => {
                    ledger.used.push(UsedPlan { digest: digest.clone(), when: when.clone(), who: who.clone() });
                }
                line => match entry(line) {
                    Some((local, entry)) => {
                        if ledger.entries.insert(local.clone(), entry).is_some() {
                            return damaged(format!("{local} is in it twice, in line {number} too"));
                        }
                    }
                    None => return damaged(format!("line {number} is none of an entry")),
                },
            }
        }
        Ok(ledger)
    }
}

/// Writes fields as a line. What would end one is a blank.
pub(super) fn line(fields: impl IntoIterator<Item = String>) -> String {
    let fields: Vec<String> = fields.into_iter().map(|field| field.replace([SEPARATOR, '\n', '\0'], " ")).collect();
    fields.join("\u{1f}") + "\n"
}

fn flags(entry: &Entry) -> String {
    let flags = [(entry.prevent_destroy, 'p'), (entry.prune == Prune::Confirm, 'c'), (entry.prune == Prune::Keep, 'k')];
    flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).collect()
}

fn entry(fields: &[String]) -> Option<(String, Entry)> {
    let [local, origin, flags, desired, observed, serial, when, rest @ ..] = fields else { return None };
    let is_hash = |hash: &str| hash.is_empty() || hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (kind, name) = local.split_once(':')?;
    if kind.is_empty() || name.is_empty() || !is_hash(desired) || !is_hash(observed) || rest.len() > 1 {
        return None;
    }
    let origin = match origin.as_str() {
        "created" => Origin::Created,
        "found" => Origin::Found,
        _ => return None,
    };
    let identity = match rest.first().map(String::as_str) {
        None | Some("" | "=") => None,
        Some(text) => Some(Identity::read(text)?),
    };
    let entry = Entry {
        origin,
        prevent_destroy: flags.contains('p'),
        prune: match (flags.contains('c'), flags.contains('k')) {
            (_, true) => Prune::Keep,
            (true, false) => Prune::Confirm,
            (false, false) => Prune::Delete,
        },
        desired: desired.clone(),
        observed: observed.clone(),
        serial: serial.parse().ok()?,
        when: when.clone(),
        identity,
    };
    Some((local.clone(), entry))
}
