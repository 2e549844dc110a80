//! All that a run knows, and what it still wants to know.
//!
//! A survey resolves the spec with what is known ([`resolve`]), says what to ask hosts ([`asking`]), takes what was seen
//! ([`seen`]) and hands each resource with all that is known about it to those who decide ([`item`]).

mod asking;
mod debts;
mod item;
mod ledger;
mod missing;
mod needs;
mod owned;
mod resolve;
mod rotation;
mod scope;
mod seen;
mod sighting;
mod without;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::diagnostic::{Diagnostic, Sources};
use crate::graph::{self, Graph};
use crate::model::Address;
#[cfg(test)]
use crate::resource::KindObject;
use crate::resource::{AnyObserved, AnyResource, Folder, Lack, Need};
use crate::spec::{Files, Knowledge, Resolution, Resolved, SecretState, Spec};

pub use item::Item;
pub use missing::{Missing, Wants};
pub use owned::{Cause, HostLedger, Released, ledger_file};
pub use rotation::Rotation;
pub use scope::{Scope, ScopeError};

use debts::Debts;
use sighting::{Hidden, Needs, Sighting};

/// All that is known in a run: the spec, what hosts told, and what both come to. Does no I/O: it says which probes it
/// wants and takes what they found.
pub struct Survey<'a> {
    spec: &'a Spec,
    files: &'a dyn Files,
    sources: Sources,
    knowledge: Knowledge,
    resolution: Resolution,
    index: FxHashMap<Address, usize>,
    /// The resources of each host.
    by_host: BTreeMap<Arc<str>, Vec<usize>>,
    graph: Arc<Graph>,
    /// What each resource needs that its steps do not make; nothing of one that goes or is left alone.
    needs: Vec<Vec<Need>>,
    /// The folders of each host that resources make where they are missing.
    folders: FxHashMap<Arc<str>, Vec<Folder>>,
    asked_needs: HashMap<String, Needs>,
    /// What the probes of kinds have seen to be lacking.
    seen_lacking: HashMap<usize, Vec<Lack>>,
    /// Resources with `ignore_changes`, without the attributes it names.
    relaxed: HashMap<usize, AnyResource>,
    in_scope: Vec<bool>,
    observed: Vec<Option<AnyObserved>>,
    sightings: Vec<Sighting>,
    /// Where each resource that was asked about is: which sighting, and which row of it.
    asked: Vec<Option<(usize, usize)>>,
    is_partial: bool,
    /// Hosts are contacted only where something of the run is on them.
    is_exact: bool,
    /// Hosts that the run goes on without.
    missing: BTreeMap<String, Missing>,
    debts: Debts,
    /// What hosts keep of what the spec owns there.
    ledgers: BTreeMap<String, HostLedger>,
    /// Resources that have left the spec and go.
    left: BTreeSet<usize>,
    /// Those that have left it and stay.
    released: Vec<Released>,
    /// All that it owns is to go, as if nothing were left of the spec; with what the spec says of it.
    destroys: bool,
    bodies: HashMap<Address, Resolved>,
    /// The digest of the saved plan that is applied, and who approved it.
    plan_in_use: Option<(String, Vec<String>)>,
    hidden: Hidden,
    /// The secrets that get a new value in this run.
    rotate: BTreeSet<String>,
    /// What stands in the place of each kind, for tests.
    #[cfg(test)]
    pub disguise: Option<fn(&'static dyn KindObject) -> &'static dyn KindObject>,
}

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    #[error("the spec has mistakes")]
    Spec { diagnostics: Vec<Diagnostic>, sources: Sources },
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

impl<'a> Survey<'a> {
    /// Resolves a spec as far as it goes without any host.
    pub fn new(
        spec: &'a Spec,
        files: &'a dyn Files,
        sources: Sources,
        secrets: BTreeMap<String, SecretState>,
        scope: &Scope,
    ) -> Result<Self, SurveyError> {
        let mut survey = Self::unresolved(spec, files, sources, secrets, scope);
        survey.resolve(scope)?;
        Ok(survey)
    }

    /// Knows a spec that is still to be resolved.
    pub(crate) fn unresolved(
        spec: &'a Spec,
        files: &'a dyn Files,
        sources: Sources,
        secrets: BTreeMap<String, SecretState>,
        scope: &Scope,
    ) -> Self {
        let knowledge = Knowledge { secrets, ..Knowledge::default() };
        let mut survey = Self {
            spec,
            files,
            sources,
            knowledge,
            resolution: Resolution::default(),
            index: FxHashMap::default(),
            by_host: BTreeMap::new(),
            graph: Arc::new(graph::build(&[]).0),
            needs: Vec::new(),
            folders: FxHashMap::default(),
            asked_needs: HashMap::new(),
            seen_lacking: HashMap::new(),
            relaxed: HashMap::new(),
            in_scope: Vec::new(),
            observed: Vec::new(),
            sightings: Vec::new(),
            asked: Vec::new(),
            is_partial: scope.is_partial(),
            is_exact: scope.is_exact(),
            missing: scope.excluded().map(|host| (host.to_string(), Missing::Excluded)).collect(),
            debts: Debts::default(),
            ledgers: BTreeMap::new(),
            left: BTreeSet::new(),
            released: Vec::new(),
            destroys: false,
            bodies: HashMap::new(),
            plan_in_use: None,
            hidden: Hidden::default(),
            rotate: BTreeSet::new(),
            #[cfg(test)]
            disguise: None,
        };
        for state in survey.knowledge.secrets.values() {
            if let SecretState::Known(secret) = state {
                survey.hidden.insert(secret);
            }
        }
        survey
    }

    /// Returns the graph; it stays the same for the rest of a run, because secrets decide no structure.
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// Returns what is strange in the spec, but no mistake.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.resolution.diagnostics
    }

    pub fn resolved(&self, node: usize) -> &Resolved {
        &self.resolution.resources[node]
    }

    /// Returns the files read so far, to show places in them.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    pub fn len(&self) -> usize {
        self.resolution.resources.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn find(&self, address: &Address) -> Option<usize> {
        self.index.get(address).copied()
    }

    /// Returns whether anything is left out of the run: by `--target`, `--host` or `--exclude`, or because a host could not be
    /// observed.
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    pub fn spec(&self) -> &'a Spec {
        self.spec
    }
}

#[cfg(test)]
mod tests;
