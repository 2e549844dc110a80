//! What a run notes on a host while it works: before each step what it is about to do, and afterwards what became of it.

use std::collections::BTreeMap;

use crate::model::Who;

use super::{Identity, UsedPlan};

/// Something that a run was about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// `create`, `update` and so on, as in plans.
    pub action: String,
    /// How its last step ended: `done` where its verification held too, `failed` where not; nothing where it was cut off.
    pub result: Option<String>,
    /// What finds it again, of something that was to be created.
    pub identity: Option<Identity>,
}

impl Intent {
    pub fn is_done(&self) -> bool {
        self.result.as_deref() == Some("done")
    }
}

/// A run that did not come to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interrupted {
    /// Sixteen hexadecimal digits.
    pub run: String,
    /// When it began to change the host, in UTC.
    pub when: String,
    pub who: Who,
    /// By `kind:name`.
    pub intents: BTreeMap<String, Intent>,
    /// The digest of the saved plan that it applied.
    pub plan: Option<String>,
}

impl Interrupted {
    /// What a run notes instead of an action, with the digest of the saved plan that it applies.
    pub const PLAN: &str = "plan";

    /// Returns how many of its changes are known to be done.
    pub fn done(&self) -> usize {
        self.intents.values().filter(|intent| intent.is_done()).count()
    }

    /// Returns the saved plan that it applied.
    pub fn used(&self) -> Option<UsedPlan> {
        let who = format!("{}, in a run that did not come to its end", self.who.named());
        Some(UsedPlan { digest: self.plan.clone()?, when: self.when.clone(), who })
    }
}

/// What stands in a journal: a run that ended well leaves none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    pub runs: Vec<Interrupted>,
}

impl Journal {
    /// Reads it from the fields of its lines. A line that was not written whole, at the end, says nothing.
    pub fn from_lines(lines: &[Vec<String>]) -> Self {
        let mut journal = Self::default();
        for line in lines {
            match line.as_slice() {
                [word, run, when, user, machine, spec, commit] if word == "run" => {
                    if journal.runs.iter().any(|known| known.run == *run) {
                        continue;
                    }
                    let who = Who {
                        user: user.clone(),
                        machine: machine.clone(),
                        spec: spec.clone(),
                        commit: commit.clone(),
                    };
                    let (run, when) = (run.clone(), when.clone());
                    journal.runs.push(Interrupted { run, when, who, intents: BTreeMap::new(), plan: None });
                }
                [word, run, action, digest] if word == "will" && action == Interrupted::PLAN => {
                    journal.of(run).plan = Some(digest.clone());
                }
                [word, run, action, local, rest @ ..] if word == "will" && local.contains(':') && rest.len() < 2 => {
                    let identity = rest.first().and_then(|text| Identity::read(text));
                    let intent = Intent { action: action.clone(), result: None, identity };
                    journal.of(run).intents.insert(local.clone(), intent);
                }
                [word, run, result, locals @ ..] if word == "did" => {
                    let of = journal.of(run);
                    for local in locals {
                        if let Some(intent) = of.intents.get_mut(local) {
                            intent.result = Some(result.clone());
                        }
                    }
                }
                _ => {}
            }
        }
        journal
    }

    fn of(&mut self, run: &str) -> &mut Interrupted {
        let at = match self.runs.iter().position(|known| known.run == run) {
            Some(at) => at,
            None => {
                self.runs.push(Interrupted { run: run.into(), ..Interrupted::default() });
                self.runs.len() - 1
            }
        };
        &mut self.runs[at]
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Returns whether a run was about to do something to a resource.
    pub fn mentions(&self, local: &str) -> bool {
        self.runs.iter().any(|run| run.intents.contains_key(local))
    }

    /// Returns what runs were about to create, by `kind:name`.
    pub fn created(&self) -> impl Iterator<Item = (&Interrupted, &String, &Intent)> {
        let all = self.runs.iter().flat_map(|run| run.intents.iter().map(move |(local, intent)| (run, local, intent)));
        all.filter(|(_, _, intent)| intent.action == "create" || intent.action == "replace")
    }
}
