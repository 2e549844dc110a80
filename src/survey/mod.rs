//! Observes: one request to every host, more only where structure or observing depends on what the first one told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::IndexSet;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::graph::{self, Graph};
use crate::kinds;
use crate::model::{
    Address, NodeValue, Observed, OwedAction, Probe, ProbeOutput, Record, Redactor, Secret, Until, Value,
};
use crate::plan::{Item, Plan, Rotation, Scope, ScopeError};
use crate::resource::{AnyObserved, AnyResource, Space};
use crate::spec::{Files, HostRole, Knowledge, Resolution, Resolved, SecretState, Spec};

/// What was asked of a host about one kind, and what it said.
#[derive(Clone, Debug)]
struct Sighting {
    /// Row `n` of the probe was about `asked[n]`.
    asked: Vec<Address>,
    output: ProbeOutput,
}

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
    /// Resources with `ignore_changes`, without the attributes it names.
    relaxed: HashMap<usize, AnyResource>,
    in_scope: Vec<bool>,
    observed: Vec<Option<AnyObserved>>,
    sightings: Vec<Sighting>,
    /// Where each resource that was asked about is: which sighting, and which row of it.
    asked: Vec<Option<(usize, usize)>>,
    is_partial: bool,
    owed: HashMap<Address, OwedAction>,
    hidden: Hidden,
    /// The secrets that get a new value in this run.
    rotate: BTreeSet<String>,
}

/// All secrets seen in a run, those that were replaced too.
#[derive(Debug, Default)]
struct Hidden(IndexSet<Secret>);

impl Hidden {
    fn insert(&mut self, secret: &Secret) {
        self.0.extend([Some(secret.clone()), secret.previous()].into_iter().flatten());
    }
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
            relaxed: HashMap::new(),
            in_scope: Vec::new(),
            observed: Vec::new(),
            sightings: Vec::new(),
            asked: Vec::new(),
            is_partial: scope.is_partial(),
            owed: HashMap::new(),
            hidden: Hidden::default(),
            rotate: BTreeSet::new(),
        };
        for state in survey.knowledge.secrets.values() {
            if let SecretState::Known(secret) = state {
                survey.hidden.insert(secret);
            }
        }
        survey.resolve(scope)?;
        Ok(survey)
    }

    /// Resolves the spec again with what is known now.
    pub fn resolve(&mut self, scope: &Scope) -> Result<(), SurveyError> {
        let resolution = self.spec.resolve(self.files, &self.knowledge, &mut self.sources);
        let mut diagnostics = resolution.diagnostics.clone();
        let inputs: Vec<graph::Input> = resolution.resources.iter().map(input).collect();
        let (graph, wrong) = graph::build(&inputs);
        // References may point at what comes only with facts.
        if resolution.pending.is_empty() {
            // What the spec says of a place is enough.
            let known: BTreeSet<_> = diagnostics.iter().filter_map(|diagnostic| diagnostic.span).collect();
            diagnostics.extend(wrong.into_iter().filter(|wrong| wrong.span.is_none_or(|span| !known.contains(&span))));
        }
        if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            return Err(SurveyError::Spec { diagnostics, sources: self.sources.clone() });
        }
        self.resolution = resolution;
        self.graph = Arc::new(graph);
        self.index =
            self.resolution.resources.iter().enumerate().map(|(at, resolved)| (resolved.address.clone(), at)).collect();
        self.by_host.clear();
        for (at, resolved) in self.resolution.resources.iter().enumerate() {
            match self.by_host.get_mut(&resolved.address.host) {
                Some(of_host) => of_host.push(at),
                None => {
                    self.by_host.insert(resolved.address.host.clone(), vec![at]);
                }
            }
        }
        self.relax();
        self.tell_others_below();
        for resolved in &mut self.resolution.resources {
            if &*resolved.address.kind == "secret" && self.rotate.contains(&*resolved.address.name) {
                resolved.resource = resolved.resource.kind.with_rotation(&resolved.resource);
            }
        }
        let addresses: Vec<Address> =
            self.resolution.resources.iter().map(|resolved| resolved.address.clone()).collect();
        self.in_scope = match scope.select(&addresses, &self.graph) {
            Ok(selected) => selected,
            // The target may come only with facts.
            Err(ScopeError::NoMatch(_)) if !self.resolution.pending.is_empty() => vec![true; addresses.len()],
            Err(error) => return Err(error.into()),
        };
        self.observed = vec![None; self.resolution.resources.len()];
        self.asked = vec![None; self.resolution.resources.len()];
        for at in 0..self.sightings.len() {
            self.read(at);
        }
        Ok(())
    }

    /// Asks for new values of kept secrets, once all has been observed with the values they have: what uses them is
    /// known again when they are made.
    pub fn rotate(&mut self, names: &BTreeSet<String>, scope: &Scope) -> Result<(), SurveyError> {
        // One that is not made yet gets its first value.
        let has_value = |name: &&String| matches!(self.knowledge.kept.get(*name), Some(SecretState::Known(_)));
        self.rotate = names.iter().filter(has_value).cloned().collect();
        // The first time tells which values are to be replaced, the second time that they are not known.
        self.resolve(scope)?;
        self.resolve(scope)
    }

    /// Asks for no new values any more, now that there are.
    pub fn end_rotation(&mut self) {
        self.rotate.clear();
    }

    /// Says where the rotation of a secret is, as it was seen last.
    pub fn rotation(&self, node: usize) -> Option<Rotation> {
        let resource = &self.resolution.resources[node].resource;
        let Some(Value::Secret(secret)) = resource.kind.output(self.observed[node].as_ref()?) else { return None };
        let name = &*self.resolution.resources[node].address.name;
        match secret.previous() {
            _ if self.rotate.contains(name) && !is_replaced(&secret) => Some(Rotation::Asked),
            Some(_) => Some(Rotation::Unfinished),
            None => None,
        }
    }

    /// Decodes resources with `ignore_changes` once more, without the attributes it names.
    fn relax(&mut self) {
        self.relaxed.clear();
        for (at, resolved) in self.resolution.resources.iter().enumerate() {
            if resolved.ignore_changes.is_empty() {
                continue;
            }
            let kind = resolved.resource.kind;
            let mut node = resolved.node.clone();
            if let NodeValue::Map(entries) = &mut node.value {
                entries.retain(|entry| {
                    !resolved
                        .ignore_changes
                        .iter()
                        .any(|ignored| *ignored == entry.key || *ignored == kind.shown_as(&entry.key))
                });
            }
            // The whole body was decoded without mistakes; what is missing now is not one.
            let common = kind.common(&resolved.resource);
            self.relaxed.insert(at, kind.decode(common, &node, &mut Vec::new(), &mut Vec::new()));
        }
    }

    /// Tells the kinds that ask for it which paths below their own others provide.
    fn tell_others_below(&mut self) {
        if !self.resolution.resources.iter().any(|resolved| resolved.resource.kind.asks_for_others_below()) {
            return;
        }
        let mut paths: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let claims: Vec<_> = self
            .resolution
            .resources
            .iter()
            .map(|resolved| resolved.resource.kind.claims(&resolved.resource))
            .collect();
        for (resolved, claims) in self.resolution.resources.iter().zip(&claims) {
            if resolved.resource.kind.asks_for_others_below() {
                continue;
            }
            let of_host = paths.entry(&resolved.address.host).or_default();
            let shared = claims.shares.iter().chain(&claims.provides).filter(|claim| claim.space == Space::PATH);
            of_host.extend(shared.map(|claim| claim.name.as_str()));
        }
        let mut told = Vec::new();
        for (at, resolved) in self.resolution.resources.iter().enumerate() {
            if !resolved.resource.kind.asks_for_others_below() {
                continue;
            }
            let prefix = format!("{}/", resolved.address.name.trim_end_matches('/'));
            let below: Vec<String> = paths
                .get(&*resolved.address.host)
                .into_iter()
                .flat_map(|of_host| of_host.range(prefix.as_str()..).take_while(|path| path.starts_with(&prefix)))
                .map(|path| (*path).to_string())
                .collect();
            told.push((at, resolved.resource.kind.with_others_below(&resolved.resource, below)));
        }
        for (at, resource) in told {
            self.resolution.resources[at].resource = resource;
        }
    }

    /// Returns the hosts that have to be contacted.
    pub fn hosts(&self) -> Vec<String> {
        let facts = |until: &'_ Until| match until {
            Until::Facts(name) => Some(name.clone()),
            Until::Applied(_) => None,
        };
        let mut waited_for: FxHashSet<String> =
            self.resolution.pending.iter().filter_map(|pending| facts(&pending.until)).collect();
        for resolved in &self.resolution.resources {
            waited_for.extend(resolved.deferrals.iter().filter_map(|deferral| facts(&deferral.until)));
            if &*resolved.address.kind == "secret" {
                waited_for.insert(resolved.address.host.to_string());
            }
        }
        let waits_for = |host: &str| waited_for.contains(host);
        self.spec
            .hosts
            .iter()
            .filter(|host| match host.role {
                HostRole::Selected => {
                    let of_host = self.by_host.get(host.name.as_str());
                    !self.is_partial
                        || of_host.is_some_and(|of_host| of_host.iter().any(|&node| self.in_scope[node]))
                        || waits_for(&host.name)
                }
                HostRole::ReadOnly => waits_for(&host.name),
                HostRole::NeverContacted => false,
            })
            .map(|host| host.name.clone())
            .collect()
    }

    /// Returns the probes that can be asked now and have not been, by host and kind.
    pub fn wanted(&self) -> BTreeMap<String, Vec<(String, Probe)>> {
        let mut wanted = BTreeMap::new();
        for host in self.by_host.keys() {
            let probe = |nodes: Vec<usize>| {
                let resources = self.resources(&nodes);
                let kind = resources[0].kind;
                (kind.name().to_string(), kind.probe(&resources))
            };
            let probes: Vec<(String, Probe)> = self.to_ask(host).into_iter().map(probe).collect();
            if !probes.is_empty() {
                wanted.insert(host.to_string(), probes);
            }
        }
        wanted
    }

    /// Groups the resources of a host that can be observed and have not been by kind, in the order of the registry.
    fn to_ask(&self, host: &str) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); kinds::all().len()];
        let mut place = 0;
        for &at in self.by_host.get(host).into_iter().flatten() {
            let resolved = &self.resolution.resources[at];
            if resolved.left_alone || self.asked[at].is_some() || !self.is_observable(at) {
                continue;
            }
            // Secrets are read even out of scope: others' values come from them, and any may stand in what is shown.
            if !self.in_scope[at] && &*resolved.address.kind != "secret" {
                continue;
            }
            let name = resolved.resource.kind.name();
            // Resources of a kind lie together.
            if kinds::all()[place].name() != name {
                place = kinds::all().iter().position(|kind| kind.name() == name).unwrap_or_default();
            }
            groups[place].push(at);
        }
        groups.retain(|group| !group.is_empty());
        groups
    }

    /// Lends resources as they are resolved now.
    fn resources(&self, nodes: &[usize]) -> Vec<&AnyResource> {
        nodes.iter().map(|&node| &self.resolution.resources[node].resource).collect()
    }

    /// Says whether all values that observing it needs are known.
    fn is_observable(&self, at: usize) -> bool {
        let resolved = &self.resolution.resources[at];
        let without = resolved.resource.kind.observed_without();
        resolved.deferrals.iter().all(|deferral| without.contains(&deferral.attribute.as_str()))
    }

    /// Takes what a host told of the probes of [`Survey::wanted`].
    pub fn take(&mut self, host: &str, mut told: Observed) {
        if let Some(facts) = told.facts {
            self.knowledge.facts.insert(host.to_string(), facts);
        }
        for owed in told.owed {
            if let Some((kind, name)) = owed.resource.split_once(':') {
                let action = self.owed.entry(Address::new(host, kind, name)).or_insert(owed.action);
                *action = owed.action.max(*action);
            }
        }
        for nodes in self.to_ask(host) {
            let kind = self.resolution.resources[nodes[0]].resource.kind.name();
            let output = told.sections.remove(kind).unwrap_or_else(ProbeOutput::missing);
            self.see(&nodes, output);
        }
    }

    /// Remembers what was said about resources, and reads it.
    fn see(&mut self, nodes: &[usize], output: ProbeOutput) {
        let asked = nodes.iter().map(|&node| self.resolution.resources[node].address.clone()).collect();
        self.sightings.push(Sighting { asked, output });
        self.read(self.sightings.len() - 1);
    }

    /// Parses a sighting with the resources as they are resolved now.
    fn read(&mut self, at: usize) {
        let sighting = &self.sightings[at];
        let mut nodes = Vec::with_capacity(sighting.asked.len());
        let mut rows = Vec::with_capacity(sighting.asked.len());
        for (row, address) in sighting.asked.iter().enumerate() {
            if let Some(&node) = self.index.get(address) {
                nodes.push(node);
                rows.push(row);
            }
        }
        let Some(&first) = nodes.first() else { return };
        let kind = self.resolution.resources[first].resource.kind;
        let parsed = if nodes.len() == sighting.asked.len() {
            kind.parse(&self.resources(&nodes), &sighting.output)
        } else {
            kind.parse(&self.resources(&nodes), &only(&rows, &sighting.output))
        };
        for ((node, row), observed) in nodes.into_iter().zip(rows).zip(parsed) {
            if let Some(Value::Secret(secret)) = kind.output(&observed) {
                let address = &self.resolution.resources[node].address;
                self.hidden.insert(&secret);
                let state = match self.rotate.contains(&*address.name) && !is_replaced(&secret) {
                    true => SecretState::Later(Until::Applied(address.clone())),
                    false => SecretState::Known(secret),
                };
                self.knowledge.kept.insert(address.name.to_string(), state);
            }
            self.observed[node] = Some(observed);
            self.asked[node] = Some((at, row));
        }
    }

    /// Forgets what was seen of these, so that they are asked again.
    pub fn forget(&mut self, nodes: &[usize]) {
        for &node in nodes {
            if let Some((place, row)) = self.asked[node].take() {
                // The row stays, so that the others keep theirs.
                self.sightings[place].asked[row] = Address::new("", "", "");
            }
            self.observed[node] = None;
        }
    }

    /// Takes what was seen of resources outside of [`Survey::wanted`]: after their steps.
    pub fn take_verified(&mut self, nodes: &[usize], output: ProbeOutput) {
        self.forget(nodes);
        self.see(nodes, output);
    }

    /// Returns the plan for what is known now.
    pub fn plan(&self) -> Plan {
        let not_yet = AnyObserved::NotYet;
        let items: Vec<Item<'_>> = (0..self.resolution.resources.len()).map(|at| self.item(at, &not_yet)).collect();
        let mut plan = crate::plan::build(&items, &self.graph, &self.redactor(), self.is_partial);
        plan.spec = self.spec.name.clone();
        plan.hosts = self.hosts();
        plan
    }

    fn item<'s>(&'s self, at: usize, not_yet: &'s AnyObserved) -> Item<'s> {
        let resolved = &self.resolution.resources[at];
        let observed = self.observed[at].as_ref().or_else(|| (!self.is_observable(at)).then_some(not_yet));
        Item {
            address: &resolved.address,
            resource: self.resource(at),
            observed,
            deferrals: &resolved.deferrals,
            owed: self.owed.get(&resolved.address).copied(),
            left_alone: resolved.left_alone,
            in_scope: self.in_scope[at],
            prevent_destroy: resolved.prevent_destroy,
            ignore_changes: &resolved.ignore_changes,
            overridden: resolved.overridden,
            rotation: self.rotation(at),
        }
    }

    /// Compares one resource with what was seen of it last.
    pub fn compare(&self, node: usize) -> Vec<crate::model::Change> {
        let not_yet = AnyObserved::NotYet;
        let item = self.item(node, &not_yet);
        item.observed.map(|observed| crate::plan::compare(&item, observed)).unwrap_or_default()
    }

    /// Knows all secrets of the run so far.
    pub fn redactor(&self) -> Redactor {
        Redactor::new(&self.hidden.0)
    }

    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Returns the graph to keep; it stays the same for the rest of a run, because secrets decide no structure.
    pub fn shared_graph(&self) -> Arc<Graph> {
        self.graph.clone()
    }

    /// Returns a resource as it is compared and applied: without the attributes whose drift is left alone, where it
    /// exists already.
    pub fn resource(&self, node: usize) -> &AnyResource {
        let is_present = matches!(self.observed[node], Some(AnyObserved::Present(_)));
        match self.relaxed.get(&node) {
            Some(relaxed) if is_present => relaxed,
            _ => &self.resolution.resources[node].resource,
        }
    }

    /// Returns the restart or reload that an earlier run left owed to a resource.
    pub fn owed(&self, node: usize) -> Option<OwedAction> {
        self.owed.get(&self.resolution.resources[node].address).copied()
    }

    /// Returns the names of all secrets whose values are known.
    pub fn known_secrets(&self) -> BTreeSet<&str> {
        let all = self.knowledge.secrets.iter().chain(&self.knowledge.kept);
        let known = all.filter(|(_, state)| matches!(state, SecretState::Known(_)));
        known.map(|(name, _)| name.as_str()).collect()
    }

    pub fn resolved(&self, node: usize) -> &Resolved {
        &self.resolution.resources[node]
    }

    pub fn observed(&self, node: usize) -> Option<&AnyObserved> {
        self.observed[node].as_ref()
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

    /// Says whether anything waits for what hosts tell: whether a resource is there, its name, or a value of it.
    pub fn waits(&self) -> bool {
        !self.resolution.pending.is_empty()
            || self.resolution.resources.iter().any(|resolved| !resolved.deferrals.is_empty())
    }

    /// Returns what still waits for facts.
    pub fn pending(&self) -> &[crate::spec::Pending] {
        &self.resolution.pending
    }

    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// Returns the password that sudo on a host may ask for, as far as secrets are known without hosts.
    pub fn spec(&self) -> &'a Spec {
        self.spec
    }
}

/// Returns what was said about some of the rows, as if only they had been asked about.
fn only(rows: &[usize], output: &ProbeOutput) -> ProbeOutput {
    let records = output.records.iter().filter_map(|record| {
        let index = rows.binary_search(&record.index).ok()?;
        Some(Record { index, fields: record.fields.clone() })
    });
    ProbeOutput { status: output.status.clone(), records: records.collect(), messages: output.messages.clone() }
}

/// Says whether a secret has its new value: what it replaces is noted before that.
fn is_replaced(secret: &Secret) -> bool {
    secret.previous().is_some_and(|previous| previous != *secret)
}

/// What the graph needs of a resource.
fn input(resolved: &Resolved) -> graph::Input {
    let kind = resolved.resource.kind;
    graph::Input {
        address: resolved.address.clone(),
        span: resolved.span,
        claims: kind.claims(&resolved.resource),
        triggers: if resolved.left_alone { Vec::new() } else { kind.triggers(&resolved.resource) },
        depends_on: resolved.depends_on.clone(),
        waits_for: resolved.deferrals.iter().map(|deferral| deferral.until.clone()).collect(),
        absent: kind.is_absent(&resolved.resource),
        left_alone: resolved.left_alone,
    }
}

#[cfg(test)]
mod tests;
