//! What ledgers tell a reader of a plan: who has made a resource differ, and what a killed run has left.

use crate::ledger::Interrupted;
use crate::model::Address;
use crate::survey::{Cause, ledger_file};

use super::super::Problem;
use super::Builder;

/// Resources of an interrupted run that are named before the rest is counted.
const MOST_NAMES: usize = 4;

impl Builder<'_> {
    /// Says who has made a resource differ, where that is not the spec alone.
    pub(super) fn why_it_differs(&self, node: usize, cause: Cause) -> Option<String> {
        let address = self.items[node].address;
        let ledger = self.survey.ledger(&address.host)?.known()?;
        let when = &ledger.entries.get(&address.local())?.when;
        Some(match cause {
            Cause::Spec => return None,
            Cause::Drift => format!("drift: it was changed on the host since the apply of {when}"),
            Cause::Both => {
                format!("the spec has changed, and drift: it was changed on the host, too, since the apply of {when}")
            }
            Cause::Left => format!("it has left the spec; infra created it, and applied it last {when}"),
        })
    }

    /// Refuses what ledgers cannot tell, and says what runs have left that did not come to their end.
    pub(super) fn note_ledgers(&mut self) {
        for host in self.survey.hosts() {
            let Some(of_host) = self.survey.ledger(&host) else { continue };
            if let Err(error) = &of_host.ledger {
                let spec = &self.survey.spec().name;
                let file = ledger_file(spec, &host, self.survey.is_root(&host));
                self.plan.problems.push(Problem {
                    address: Address::new(host.as_str(), "ledger", spec.as_str()),
                    message: format!("what this spec owns here cannot be read, {file}: {error}"),
                    place: self
                        .survey
                        .spec()
                        .hosts
                        .iter()
                        .find(|named| named.name == host)
                        .map_or_else(String::new, |named| self.survey.sources().place(named.span)),
                    help: error.help(&file),
                });
            }
            let going =
                self.plan.resources.iter().find(|one| *one.address.host == *host && self.survey.has_left(one.node));
            if let (Some(unread), Some(going)) = (of_host.unreadable.first(), going) {
                self.plan.problems.push(Problem {
                    address: going.address.clone(),
                    message: format!("it has left the spec, and another spec may own it: the ledger {unread} on the host cannot be read"),
                    place: self.survey.sources().place(self.survey.resolved(going.node).span),
                    help: "mend that ledger, or take it away if nothing is managed by that spec any more".into(),
                });
            }
            for run in &of_host.journal.runs {
                self.plan.notes.push(interrupted(&host, run));
            }
        }
    }
}

/// Says what a run that was killed had done, and what not.
fn interrupted(host: &str, run: &Interrupted) -> String {
    let all = run.intents.len();
    let done = run.done();
    let open = run.intents.iter().filter(|(_, intent)| !intent.is_done());
    let mut names: Vec<String> = open.map(|(local, intent)| format!("{} ({})", local, intent.action)).collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let left = if names.is_empty() { String::new() } else { format!(", not known to be done: {}", names.join(", ")) };
    format!(
        "{host}: the run of {}, {}, did not come to its end: {done} of {all} changes done{left}",
        run.who.named(),
        run.when
    )
}
