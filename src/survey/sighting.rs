//! What a survey keeps of what it was told.

use std::sync::{Arc, OnceLock};

use indexmap::IndexSet;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::{Address, ProbeOutput, Record, Redactor, Secret};
use crate::resource::{Lack, Need};

/// What was asked of a host about one kind, and what it said.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    /// Row `n` of the probe was about `asked[n]`.
    pub asked: Vec<Address>,
    pub output: ProbeOutput,
}

impl Sighting {
    pub fn new(asked: Vec<Address>, mut output: ProbeOutput) -> Self {
        // Those of a row in the order written, and rows in their order.
        output.records.sort_by_key(|record| record.index);
        Self { asked, output }
    }

    /// Returns what was said about one row.
    pub fn of_row(&self, row: usize) -> impl Iterator<Item = &Record> {
        let first = self.output.records.partition_point(|record| record.index < row);
        self.output.records[first..].iter().take_while(move |record| record.index == row)
    }
}

/// What a host was asked for because resources need it, and what of that it lacks.
#[derive(Debug, Default)]
pub(super) struct Needs {
    pub asked: FxHashSet<Need>,
    pub lacking: FxHashMap<Need, Lack>,
}

/// All secrets seen in a run, those that were replaced too.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    secrets: IndexSet<Secret>,
    /// What finds them, made when it is first asked for.
    redactor: OnceLock<Arc<Redactor>>,
}

impl Hidden {
    pub(super) fn insert(&mut self, secret: &Secret) {
        let before = self.secrets.len();
        self.secrets.extend([Some(secret.clone()), secret.previous()].into_iter().flatten());
        if self.secrets.len() > before {
            self.redactor = OnceLock::new();
        }
    }

    pub(super) fn redactor(&self) -> Arc<Redactor> {
        self.redactor.get_or_init(|| Arc::new(Redactor::new(&self.secrets))).clone()
    }
}
