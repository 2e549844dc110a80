//! Observes: one request to every host, more only where structure or observing depends on what the first one told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::graph::{self, Graph};
use crate::host::Observed;
use crate::model::{Address, NodeValue, OwedAction, Probe, ProbeOutput, Record, Redactor, Secret, Until, Value};
use crate::plan::{Item, Plan, Scope, ScopeError};
use crate::resource::{AnyObserved, AnyResource, Space, kinds};
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
    index: HashMap<Address, usize>,
    graph: Arc<Graph>,
    /// Resources with `ignore_changes`, without the attributes it names.
    relaxed: HashMap<usize, AnyResource>,
    in_scope: Vec<bool>,
    observed: Vec<Option<AnyObserved>>,
    sightings: Vec<Sighting>,
    /// Where each resource that was asked about is: which sighting, and which row of it.
    asked: HashMap<Address, (usize, usize)>,
    is_partial: bool,
    owed: HashMap<Address, OwedAction>,
    hidden: Hidden,
}

/// All secrets seen in a run, those that were replaced too.
#[derive(Debug, Default)]
struct Hidden(Vec<Secret>);

impl Hidden {
    fn insert(&mut self, secret: &Secret) {
        for secret in [Some(secret.clone()), secret.previous()].into_iter().flatten() {
            if !self.0.contains(&secret) {
                self.0.push(secret);
            }
        }
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
            index: HashMap::new(),
            graph: Arc::new(graph::build(&[]).0),
            relaxed: HashMap::new(),
            in_scope: Vec::new(),
            observed: Vec::new(),
            sightings: Vec::new(),
            asked: HashMap::new(),
            is_partial: scope.is_partial(),
            owed: HashMap::new(),
            hidden: Hidden::default(),
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
        self.relax();
        self.tell_others_below();
        let addresses: Vec<Address> =
            self.resolution.resources.iter().map(|resolved| resolved.address.clone()).collect();
        self.in_scope = match scope.select(&addresses, &self.graph) {
            Ok(selected) => selected,
            // The target may come only with facts.
            Err(ScopeError::NoMatch(_)) if !self.resolution.pending.is_empty() => vec![true; addresses.len()],
            Err(error) => return Err(error.into()),
        };
        self.observed = vec![None; self.resolution.resources.len()];
        for at in 0..self.sightings.len() {
            self.read(at);
        }
        Ok(())
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
        if !kinds().iter().any(|kind| kind.asks_for_others_below()) {
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
        let waits_for = |host: &str| {
            let waits = |until: &Until| matches!(until, Until::Facts(name) if name == host);
            self.resolution.pending.iter().any(|pending| waits(&pending.until))
                || self.resolution.resources.iter().any(|resolved| {
                    resolved.deferrals.iter().any(|deferral| waits(&deferral.until))
                        || (resolved.address.host.as_ref() == host && resolved.address.kind.as_ref() == "secret")
                })
        };
        self.spec
            .hosts
            .iter()
            .filter(|host| match host.role {
                HostRole::Selected => true,
                HostRole::ReadOnly => waits_for(&host.name),
                HostRole::NeverContacted => false,
            })
            .map(|host| host.name.clone())
            .collect()
    }

    /// Returns the probes that can be asked now and have not been, by host and kind.
    pub fn wanted(&self) -> BTreeMap<String, Vec<(String, Probe)>> {
        let mut wanted: BTreeMap<String, Vec<(String, Probe)>> = BTreeMap::new();
        for ((host, _), resources) in self.to_ask(None) {
            let kind = resources[0].kind;
            let refs: Vec<&AnyResource> = resources.iter().collect();
            wanted.entry(host).or_default().push((kind.name().to_string(), kind.probe(&refs)));
        }
        wanted
    }

    /// Groups the resources, of one host or of all, that can be observed and have not been, by host and place of the
    /// kind in the registry.
    fn to_ask(&self, host: Option<&str>) -> BTreeMap<(String, usize), Vec<AnyResource>> {
        let places: HashMap<&str, usize> = kinds().iter().enumerate().map(|(at, kind)| (kind.name(), at)).collect();
        let mut groups: BTreeMap<(String, usize), Vec<AnyResource>> = BTreeMap::new();
        for (at, resolved) in self.resolution.resources.iter().enumerate() {
            if resolved.left_alone
                || host.is_some_and(|host| *resolved.address.host != *host)
                || self.asked.contains_key(&resolved.address)
                || !self.is_observable(at)
            {
                continue;
            }
            // Secrets are read even out of scope: others' values come from them.
            if !self.in_scope[at] && &*resolved.address.kind != "secret" {
                continue;
            }
            let place = places[resolved.resource.kind.name()];
            groups.entry((resolved.address.host.to_string(), place)).or_default().push(resolved.resource.clone());
        }
        groups
    }

    /// Says whether all values that observing it needs are known.
    fn is_observable(&self, at: usize) -> bool {
        let resolved = &self.resolution.resources[at];
        let without = resolved.resource.kind.observed_without();
        resolved.deferrals.iter().all(|deferral| without.contains(&deferral.attribute.as_str()))
    }

    /// Takes what a host told of the probes of [`Survey::wanted`].
    pub fn take(&mut self, host: &str, told: Observed) {
        if let Some(facts) = told.facts {
            self.knowledge.facts.insert(host.to_string(), facts);
        }
        for owed in told.owed {
            if let Some((kind, name)) = owed.resource.split_once(':') {
                let action = self.owed.entry(Address::new(host, kind, name)).or_insert(owed.action);
                *action = owed.action.max(*action);
            }
        }
        for (_, resources) in self.to_ask(Some(host)) {
            let kind = resources[0].kind.name();
            let addresses: Vec<Address> = resources.iter().map(AnyResource::address).collect();
            let output = told.sections.get(kind).cloned().unwrap_or_else(ProbeOutput::missing);
            self.see(addresses, output);
        }
    }

    /// Remembers what was said about resources, and reads it.
    fn see(&mut self, asked: Vec<Address>, output: ProbeOutput) {
        let place = self.sightings.len();
        self.asked.extend(asked.iter().enumerate().map(|(row, address)| (address.clone(), (place, row))));
        self.sightings.push(Sighting { asked, output });
        self.read(place);
    }

    /// Parses a sighting with the resources as they are resolved now.
    fn read(&mut self, at: usize) {
        let sighting = &self.sightings[at];
        let mut places = HashMap::new();
        let mut resources = Vec::new();
        let mut nodes = Vec::new();
        for (row, address) in sighting.asked.iter().enumerate() {
            if let Some(&node) = self.index.get(address) {
                places.insert(row, resources.len());
                resources.push(self.resolution.resources[node].resource.clone());
                nodes.push(node);
            }
        }
        let Some(first) = resources.first() else { return };
        let records = sighting
            .output
            .records
            .iter()
            .filter_map(|record| Some(Record { index: *places.get(&record.index)?, fields: record.fields.clone() }))
            .collect();
        let output = ProbeOutput { records, ..sighting.output.clone() };
        let kind = first.kind;
        let parsed = kind.parse(&resources.iter().collect::<Vec<_>>(), &output);
        for (node, observed) in nodes.into_iter().zip(parsed) {
            if let Some(Value::Secret(secret)) = kind.output(&observed) {
                let name = self.resolution.resources[node].address.name.to_string();
                self.hidden.insert(&secret);
                self.knowledge.kept.insert(name, SecretState::Known(secret));
            }
            self.observed[node] = Some(observed);
        }
    }

    /// Forgets what was seen of these, so that they are asked again.
    pub fn forget(&mut self, nodes: &[usize]) {
        for &node in nodes {
            if let Some((place, row)) = self.asked.remove(&self.resolution.resources[node].address) {
                // The row stays, so that the others keep theirs.
                self.sightings[place].asked[row] = Address::new("", "", "");
            }
            self.observed[node] = None;
        }
    }

    /// Takes what was seen of resources outside of [`Survey::wanted`]: after their steps.
    pub fn take_verified(&mut self, nodes: &[usize], output: ProbeOutput) {
        self.forget(nodes);
        let asked: Vec<Address> = nodes.iter().map(|&node| self.resolution.resources[node].address.clone()).collect();
        self.see(asked, output);
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
