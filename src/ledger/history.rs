//! The history of a host: a line for each run that changed it, whatever its spec.

use crate::model::Who;

use super::Interrupted;
use super::text::line;

/// How the lines are written that this program knows.
const VERSION: &str = "1";

/// A run that changed a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// When it began, in UTC.
    pub when: String,
    /// The name of its spec, and what that calls the host.
    pub spec: String,
    pub host: String,
    pub who: Who,
    /// `done`, `failed` or [`Past::INTERRUPTED`].
    pub outcome: String,
    pub created: Option<u64>,
    pub changed: Option<u64>,
    pub deleted: Option<u64>,
    /// Of one that was interrupted, all that is known to be done.
    pub run: Option<u64>,
    /// Of one that was interrupted, all that is not known to be done.
    pub failed: Option<u64>,
    pub seconds: Option<u64>,
    /// That of the ledger which it wrote.
    pub serial: Option<u64>,
}

impl Past {
    pub const INTERRUPTED: &str = "interrupted";

    /// Tells of a run that did not come to its end.
    pub fn interrupted(run: &Interrupted, spec: &str, host: &str) -> Self {
        let done = run.done();
        Self {
            when: run.when.clone(),
            spec: spec.into(),
            host: host.into(),
            who: run.who.clone(),
            outcome: Self::INTERRUPTED.into(),
            run: Some(done as u64),
            failed: Some((run.intents.len() - done) as u64),
            ..Self::default()
        }
    }

    /// Writes its line.
    pub fn write(&self) -> String {
        let number = |number: &Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let numbers =
            [&self.created, &self.changed, &self.deleted, &self.run, &self.failed, &self.seconds, &self.serial];
        let Who { user, machine, spec, commit } = &self.who;
        let texts = [VERSION, &self.when, &self.spec, &self.host, user, machine, spec, commit, &self.outcome];
        line(texts.map(str::to_string).into_iter().chain(numbers.map(number)))
    }

    /// Reads it from the fields of its line; nothing where another version of this program wrote another form.
    pub fn read(fields: &[String]) -> Option<Self> {
        let [version, when, spec, host, user, machine, path, commit, outcome, numbers @ ..] = fields else {
            return None;
        };
        let numbers: Vec<Option<u64>> = numbers.iter().map(|number| number.parse().ok()).collect();
        let [created, changed, deleted, run, failed, seconds, serial] = numbers[..] else { return None };
        let [when, spec, host, outcome] = [when, spec, host, outcome].map(String::clone);
        let who = Who { user: user.clone(), machine: machine.clone(), spec: path.clone(), commit: commit.clone() };
        let past = Self { when, spec, host, who, outcome, created, changed, deleted, run, failed, seconds, serial };
        (version == VERSION).then_some(past)
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::SEPARATOR;
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let who = Who { user: "a\u{1f}b\nc".into(), machine: "m".into(), spec: "specs/web".into(), ..Who::default() };
        let past = Past {
            when: "2026-11-30T14:05:10Z".into(),
            spec: "web".into(),
            host: "app1".into(),
            who,
            outcome: "done".into(),
            created: Some(1),
            serial: Some(12),
            ..Past::default()
        };
        let text = past.write();
        let fields: Vec<String> = text.trim_end_matches('\n').split(SEPARATOR).map(str::to_string).collect();
        assert_eq!(text.lines().count(), 1);
        let read = Past::read(&fields).unwrap();
        assert_eq!(read, Past { who: Who { user: "a b c".into(), ..past.who.clone() }, ..past });
        assert_eq!(Past::read(&fields[..fields.len() - 1]), None);
        assert_eq!(Past::read(&[&["2".to_string()], &fields[1..]].concat()), None);
    }
}
