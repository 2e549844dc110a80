//! What keeps a plan from deleting more than somebody meant: of what has left the spec.

use std::collections::BTreeMap;

use crate::ledger::Prune;
use crate::model::{Action, Address};
use crate::spec::Selector;
use crate::survey::Survey;

use super::{Plan, PlannedResource, Problem};

/// What a user allows to be deleted because it has left the spec.
#[derive(Clone, Debug, Default)]
pub struct Brakes {
    /// The most that may go, where it was said.
    pub max_delete: Option<usize>,
    /// Addresses of resources whose data may be lost.
    pub allow_data_loss: Vec<Selector>,
    /// Addresses of resources that were confirmed.
    pub confirmed: Vec<Selector>,
    /// All of the spec is to go, as asked.
    pub destroys: bool,
}

impl Brakes {
    /// The most resources that go unless another number was said.
    pub const MAX_DELETE: usize = 10;
    /// From how many entries of a ledger on a host may not lose most of them.
    const MANY: usize = 4;

    /// Refuses a plan that would delete too much, or what only somebody who names it may delete.
    pub fn hold(&self, plan: &mut Plan, survey: &Survey<'_>) {
        let goes = |planned: &&PlannedResource| planned.action == Action::Delete && survey.has_left(planned.node);
        let going: Vec<&PlannedResource> = plan.resources.iter().filter(goes).collect();
        let Some(first) = going.first() else { return };
        let mut problems = Vec::new();
        let place = |planned: &PlannedResource| survey.sources().place(survey.resolved(planned.node).span);
        let mut problem = |planned: &PlannedResource, message: String, help: String| {
            problems.push(Problem { address: planned.address.clone(), message, place: place(planned), help });
        };
        let most = self.max_delete.unwrap_or(Self::MAX_DELETE);
        if going.len() > most {
            let message = format!(
                "{} resources that have left the spec would be deleted, and no more than {most} may",
                going.len()
            );
            let help =
                format!("look whether something is missing in the spec; if not, say --max-delete {}", going.len());
            problem(first, message, help);
        }
        if self.max_delete.is_none() && !self.destroys {
            let mut of_hosts: BTreeMap<&str, Vec<&PlannedResource>> = BTreeMap::new();
            for planned in &going {
                of_hosts.entry(&planned.address.host).or_default().push(planned);
            }
            for (host, of_host) in of_hosts {
                let all =
                    survey.ledger(host).and_then(|ledger| ledger.known()).map_or(0, |ledger| ledger.entries.len());
                if all >= Self::MANY && of_host.len() * 2 > all && going.len() <= most {
                    let message =
                        format!("{host} would lose {} of the {all} resources that this spec has there", of_host.len());
                    let help = format!(
                        "look whether something is missing in the spec or the inventory; if not, say --max-delete {}",
                        going.len()
                    );
                    problem(of_host[0], message, help);
                }
            }
        }
        for planned in &going {
            let resolved = survey.resolved(planned.node);
            let address = &planned.address;
            if resolved.resource.kind.info().holds_data && !names(&self.allow_data_loss, address) {
                let message = "it has left the spec, and what it holds would be lost with it".to_string();
                let help = format!(
                    "put it back, let it go with `infra state forget {address}`, or say --allow-data-loss '{address}'"
                );
                problem(planned, message, help);
            } else if resolved.prune == Prune::Confirm && !names(&self.confirmed, address) {
                let message = "it has left the spec, and its `lifecycle` wants its deletion confirmed".to_string();
                problem(planned, message, format!("say --confirm '{address}', or put it back"));
            }
        }
        plan.problems.extend(problems);
    }
}

/// Returns whether an address was named.
fn names(named: &[Selector], address: &Address) -> bool {
    named.iter().any(|named| named.matches_anywhere(address))
}
