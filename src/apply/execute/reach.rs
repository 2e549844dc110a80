//! Which resources each resource may change besides what it is about.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::graph::Node;
use crate::plan::Plan;
use crate::resource::{Claims, Mode, Touches};
use crate::schedule::Task;

use super::Execution;

impl Execution<'_, '_> {
    /// Writes into each task what its change may change too, on the hosts where anything is going to change: what it touches, and
    /// what is seen of those that read it.
    pub(super) fn set_reach(&self, plan: &Plan, tasks: &mut [Task]) {
        let hosts: BTreeSet<&str> =
            plan.resources.iter().filter(|planned| planned.acts()).map(|planned| &*planned.address.host).collect();
        for host in hosts {
            let of_host = (0..tasks.len()).filter(|&node| &*tasks[node].host == host);
            let claims: Vec<(Node, Claims)> = of_host
                .map(|node| {
                    let resource = &self.survey.resolved(node).resource;
                    (node, resource.kind.claims(resource))
                })
                .collect();
            // Packages of a host touch the same, and so do commands.
            let mut known: HashMap<&Touches, Arc<[Node]>> = HashMap::new();
            for (node, own) in claims.iter().filter(|(_, own)| own.touches != Touches::Nothing) {
                let reached = || {
                    let reached = claims.iter().filter(|(other, claims)| {
                        self.is_looked_at_again(*other) && own.touches.reaches(claims.looked_at())
                    });
                    reached.map(|(other, _)| *other).collect()
                };
                tasks[*node].touches = known.entry(&own.touches).or_insert_with(reached).clone();
            }
            let looked_at_again = claims.iter().map(|(node, _)| *node).filter(|&node| self.is_looked_at_again(node));
            for reader in looked_at_again {
                for &read in self.survey.graph().reads(reader) {
                    add(&mut tasks[read].touches, reader);
                }
            }
        }
    }

    /// Returns whether it is part of the run, and compared with what was seen; a command asks its own guard at its turn.
    pub(super) fn is_looked_at_again(&self, node: Node) -> bool {
        let item = self.survey.item(node);
        item.in_scope && !item.left_alone && item.resource.kind.mode() == Mode::Converge
    }
}

/// Adds one that a change may change too.
fn add(touches: &mut Arc<[Node]>, reader: Node) {
    if !touches.contains(&reader) {
        *touches = touches.iter().copied().chain([reader]).collect();
    }
}
