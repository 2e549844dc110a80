//! Drift that somebody has accepted, in a file: what, why, and until when.
#![allow(clippy::disallowed_methods, reason = "this is the edge: this machine's files and clock enter here")]

use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::host::now;
use crate::model::utc;
use crate::plan::{Plan, PlannedResource};
use crate::spec::Selector;

/// Accepted drift.
#[derive(Debug, Default)]
pub struct Accepted {
    entries: Vec<Entry>,
    /// A day: `2026-11-30`.
    today: String,
}

/// One entry of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// An address or a glob.
    address: String,
    /// The attributes that may differ; all where it is left out.
    #[serde(default)]
    attributes: Vec<String>,
    reason: String,
    /// The last day on which it is accepted: `2026-12-31`.
    until: String,
}

#[derive(Debug)]
struct Entry {
    selector: Selector,
    written: Written,
}

impl Accepted {
    /// Reads the file: a list of entries.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let shown = file.display();
        let text = fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
        Self::parse(&text, &utc(now())[..10]).with_context(|| format!("{shown} is no list of accepted drift"))
    }

    fn parse(text: &str, today: &str) -> anyhow::Result<Self> {
        let written: Vec<Written> = serde_saphyr::from_str(text)?;
        let mut entries = Vec::new();
        for written in written {
            let selector = Selector::parse(&written.address)?;
            let is_day = written.until.len() == 10
                && written
                    .until
                    .char_indices()
                    .all(|(at, one)| if at == 4 || at == 7 { one == '-' } else { one.is_ascii_digit() });
            if !is_day {
                anyhow::bail!("{}: `until` is `{}`: write a day as 2026-12-31", written.address, written.until);
            }
            if written.reason.trim().is_empty() {
                anyhow::bail!("{}: say in `reason` why it is accepted", written.address);
            }
            entries.push(Entry { selector, written });
        }
        Ok(Self { entries, today: today.into() })
    }

    /// Leaves in a plan only drift, and of that only what is not accepted; says what is, and what is no more.
    pub fn take_from(&self, plan: &mut Plan) {
        let mut notes = Vec::new();
        plan.resources.retain(|planned| {
            if !planned.cause.is_some_and(|cause| cause.is_drift()) {
                return false;
            }
            for entry in self.entries.iter().filter(|entry| entry.covers(planned)) {
                let Written { reason, until, .. } = &entry.written;
                if self.today <= *until {
                    notes.push(format!("{}: its drift is accepted until {until}: {reason}", planned.address));
                    return false;
                }
                notes.push(format!("{}: its drift was accepted until {until}: {reason}", planned.address));
            }
            true
        });
        plan.notes.extend(notes);
        plan.released.clear();
    }
}

impl Entry {
    fn covers(&self, planned: &PlannedResource) -> bool {
        let attributes = &self.written.attributes;
        let is_named = |attribute: &String| attributes.is_empty() || attributes.contains(attribute);
        self.selector.matches_anywhere(&planned.address)
            && planned.changes.iter().all(|change| is_named(&change.attribute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Change, Value};
    use crate::survey::Cause;

    fn plan() -> Plan {
        let planned = |address: &str, attributes: &[&str], cause| PlannedResource {
            changes: attributes
                .iter()
                .map(|attribute| Change {
                    attribute: (*attribute).into(),
                    before: Value::Null,
                    after: Value::Null,
                    forces_replacement: false,
                })
                .collect(),
            cause,
            ..PlannedResource::bare(address.parse().unwrap(), Action::Update)
        };
        let resources = vec![
            planned("a/file:/x", &["mode"], Some(Cause::Drift)),
            planned("a/file:/y", &["mode", "content"], Some(Cause::Both)),
            planned("a/file:/z", &["mode"], Some(Cause::Spec)),
            planned("a/file:/n", &["mode"], None),
        ];
        Plan { resources, ..Plan::default() }
    }

    fn left(text: &str) -> (Vec<String>, Vec<String>) {
        let mut plan = plan();
        Accepted::parse(text, "2026-11-30").unwrap().take_from(&mut plan);
        (plan.resources.iter().map(|planned| planned.address.to_string()).collect(), plan.notes)
    }

    #[test]
    fn only_drift_is_left_that_nobody_has_accepted() {
        assert_eq!(left("[]").0, ["a/file:/x", "a/file:/y"]);
        let accepted = |until: &str| {
            left(&format!("- {{ address: 'file:/*', attributes: [mode], reason: known, until: {until} }}\n"))
        };
        let (resources, notes) = accepted("2026-11-30");
        assert_eq!(resources, ["a/file:/y"]);
        assert_eq!(notes, ["a/file:/x: its drift is accepted until 2026-11-30: known"]);
        let (resources, notes) = accepted("2026-11-29");
        assert_eq!(resources, ["a/file:/x", "a/file:/y"]);
        assert_eq!(notes, ["a/file:/x: its drift was accepted until 2026-11-29: known"]);
    }

    #[test]
    fn mistakes_in_the_file_are_errors() {
        for text in [
            "- { address: x, reason: r, until: 2026-11-30 }",
            "- { address: 'file:/x', reason: '', until: 2026-11-30 }",
            "- { address: 'file:/x', reason: r, until: soon }",
            "- { address: 'file:/x', until: 2026-11-30 }",
            "- { address: 'file:/x', reason: r, until: 2026-11-30, also: 1 }",
            "a: b",
        ] {
            assert!(Accepted::parse(text, "2026-11-30").is_err(), "{text}");
        }
    }
}
