//! Resources of one address: modules may declare the same, if it is the same.

use rustc_hash::FxHashMap;

use crate::diagnostic::Diagnostic;
use crate::model::{Address, Value};

use super::super::Resolved;
use super::{Found, Resolver};

impl<'a> Resolver<'a, '_> {
    /// Makes one of resources that several modules declare alike; anything else of one address is a mistake.
    pub(super) fn unite(&mut self, found: Vec<Found>) -> Vec<Resolved> {
        let mut at: FxHashMap<Address, usize> = FxHashMap::default();
        at.reserve(found.len());
        let mut kept: Vec<Found> = Vec::with_capacity(found.len());
        for new in found {
            let Some(&index) = at.get(&new.resolved.address) else {
                at.insert(new.resolved.address.clone(), kept.len());
                kept.push(new);
                continue;
            };
            let old = &mut kept[index];
            if new.resolved.left_alone {
                continue;
            }
            if old.resolved.left_alone {
                *old = new;
                continue;
            }
            let address = &new.resolved.address;
            let problem = if old.instance == new.instance {
                Some(Diagnostic::error(new.resolved.span, format!("`{address}` is declared twice")))
            } else {
                difference(old, &new).map(|difference| {
                    Diagnostic::error(new.resolved.span, format!("`{address}` is declared twice, and {difference}"))
                        .help("modules may declare the same resource only with the same attributes")
                })
            };
            match problem {
                Some(problem) => self.evaluator.report(problem.related(old.resolved.span, "it is declared here too")),
                None => {
                    for selector in new.resolved.depends_on {
                        if !old.resolved.depends_on.iter().any(|(text, _)| *text == selector.0) {
                            old.resolved.depends_on.push(selector);
                        }
                    }
                }
            }
        }
        kept.into_iter().map(|found| found.resolved).collect()
    }
}

/// Says in which attribute two declarations differ.
fn difference(old: &Found, new: &Found) -> Option<String> {
    let (before, after) = (old.resolved.node.to_value(), new.resolved.node.to_value());
    if let (Value::Map(before), Value::Map(after)) = (&before, &after) {
        let names = before.keys().chain(after.keys());
        if let Some(name) = names.into_iter().find(|name| before.get(*name) != after.get(*name)) {
            return Some(format!("`{name}` differs"));
        }
    }
    (old.shared != new.shared).then(|| "what all resources have in common differs".to_string())
}
