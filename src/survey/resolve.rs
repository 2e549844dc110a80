//! What the spec comes to with what is known: its resources, their graph, and which of them the run may change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::Severity;
use crate::graph;
use crate::model::{Address, YamlValue};
use crate::resource::{AnyResource, Need, Space};
use crate::spec::Resolved;

use super::{Scope, ScopeError, Survey, SurveyError};

impl Survey<'_> {
    /// Resolves the spec again with what is known now.
    pub fn resolve(&mut self, scope: &Scope) -> Result<(), SurveyError> {
        let mut resolution = self.spec.resolve(self.files, &self.knowledge, &mut self.sources);
        if self.destroys {
            let all = std::mem::take(&mut resolution.resources).into_iter();
            self.bodies = all.map(|resolved| (resolved.address.clone(), resolved)).collect();
            resolution.pending.clear();
        }
        self.add_left(&mut resolution);
        #[cfg(test)]
        let resolution = self.disguised(resolution);
        let mut diagnostics = resolution.diagnostics.clone();
        let mut inputs: Vec<graph::Input> = resolution.resources.iter().map(input).collect();
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
        let needs = |input: &mut graph::Input| -> Vec<Need> {
            let needs = std::mem::take(&mut input.claims.needs).into_iter();
            needs.filter(|need| !input.left_alone && need.is_of_going() == input.absent).collect()
        };
        self.needs = inputs.iter_mut().map(needs).collect();
        self.folders.clear();
        for input in inputs.iter_mut().filter(|input| !input.left_alone && !input.claims.folders.is_empty()) {
            let of_host = self.folders.entry(input.address.host.clone()).or_default();
            of_host.append(&mut input.claims.folders);
        }
        resolution.derived.iter().for_each(|derived| self.hidden.insert(derived));
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
        self.tell_what_goes();
        for resolved in &mut self.resolution.resources {
            if let Some(values) = resolved.resource.kind.makes_value()
                && self.rotate.contains(&*resolved.address.name)
            {
                resolved.resource = values.with_rotation(&resolved.resource);
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
        self.seen_lacking.clear();
        self.leave_out();
        self.observed = vec![None; self.resolution.resources.len()];
        self.asked = vec![None; self.resolution.resources.len()];
        for at in 0..self.sightings.len() {
            self.read(at);
        }
        Ok(())
    }

    #[cfg(test)]
    fn disguised(&self, mut resolution: crate::spec::Resolution) -> crate::spec::Resolution {
        for resolved in resolution.resources.iter_mut().filter(|_| self.disguise.is_some()) {
            resolved.resource.kind =
                self.disguise.map_or(resolved.resource.kind, |disguise| disguise(resolved.resource.kind));
        }
        resolution
    }

    /// Decodes resources with `ignore_changes` once more, without the attributes it names: their steps leave those alone.
    /// What is shown for several attributes is left alone because it is not among the changes.
    fn relax(&mut self) {
        self.relaxed.clear();
        for (at, resolved) in self.resolution.resources.iter().enumerate() {
            if resolved.ignore_changes.is_empty() {
                continue;
            }
            let kind = resolved.resource.kind;
            let is_of_several = |name: &str| kind.info().shown_as.iter().any(|(_, shown)| *shown == name);
            let mut node = resolved.node.clone();
            if let YamlValue::Map(entries) = &mut node.value {
                entries.retain(|entry| !resolved.ignore_changes.contains(&entry.key) || is_of_several(&entry.key));
            }
            // The whole body was decoded without mistakes; what is missing now is not one.
            let common = kind.common(&resolved.resource);
            self.relaxed.insert(at, kind.decode(common, &node, &mut Vec::new(), &mut Vec::new()));
        }
    }

    /// Tells the kinds that ask for it which paths below their own others provide.
    fn tell_others_below(&mut self) {
        if !self.resolution.resources.iter().any(|resolved| resolved.resource.kind.knows_others_below().is_some()) {
            return;
        }
        let mut paths: BTreeMap<&str, BTreeSet<(&str, &'static str)>> = BTreeMap::new();
        let claims: Vec<_> = self
            .resolution
            .resources
            .iter()
            .map(|resolved| resolved.resource.kind.claims(&resolved.resource))
            .collect();
        for (resolved, claims) in self.resolution.resources.iter().zip(&claims) {
            let kind = resolved.resource.kind.name();
            let of_host = paths.entry(&resolved.address.host).or_default();
            let shared = claims.shares.iter().chain(&claims.provides).filter(|claim| claim.space == Space::PATH);
            of_host.extend(shared.map(|claim| (claim.name.as_str(), kind)));
        }
        let mut told = Vec::new();
        for (at, resolved) in self.resolution.resources.iter().enumerate() {
            if resolved.resource.kind.knows_others_below().is_none() {
                continue;
            }
            let prefix = format!("{}/", resolved.address.name.trim_end_matches('/'));
            let below: Vec<String> = paths
                .get(&*resolved.address.host)
                .into_iter()
                .flat_map(|of_host| of_host.range((prefix.as_str(), "")..))
                .take_while(|(path, _)| path.starts_with(&prefix))
                // Its own are no others.
                .filter(|(_, kind)| *kind != &*resolved.address.kind)
                .map(|(path, _)| (*path).to_string())
                .collect();
            told.push((at, below));
        }
        for (at, below) in told {
            self.tell(at, |resource| match resource.kind.knows_others_below() {
                Some(knows) => knows.with_others_below(resource, below.clone()),
                None => resource.clone(),
            });
        }
    }

    /// Tells the kinds that ask for it which others of theirs go from the host. A partial run deletes nothing.
    fn tell_what_goes(&mut self) {
        let mut going: BTreeMap<(Arc<str>, &'static str), Vec<String>> = BTreeMap::new();
        for resolved in &self.resolution.resources {
            let kind = resolved.resource.kind;
            if kind.knows_going().is_none() || resolved.left_alone || self.is_partial {
                continue;
            }
            // Who gets another number, which no two of a spec share, is in nobody's way for long either.
            if kind.is_absent(&resolved.resource) || !kind.claims(&resolved.resource).settles.is_empty() {
                let of_host = going.entry((resolved.address.host.clone(), kind.name())).or_default();
                of_host.push(resolved.address.name.to_string());
            }
        }
        if going.is_empty() {
            return;
        }
        for at in 0..self.resolution.resources.len() {
            let Resolved { resource, address, .. } = &self.resolution.resources[at];
            let Some(names) = going.get(&(address.host.clone(), resource.kind.name())) else { continue };
            self.tell(at, |resource| match resource.kind.knows_going() {
                Some(knows) if !resource.kind.is_absent(resource) => knows.with_going(resource, names.clone()),
                _ => resource.clone(),
            });
        }
    }

    /// Tells a resource something, as the spec has it and as its steps are made.
    fn tell(&mut self, at: usize, told: impl Fn(&AnyResource) -> AnyResource) {
        let resolved = &mut self.resolution.resources[at].resource;
        *resolved = told(resolved);
        if let Some(relaxed) = self.relaxed.get_mut(&at) {
            *relaxed = told(relaxed);
        }
    }
}

/// What the graph needs of a resource.
fn input(resolved: &Resolved) -> graph::Input {
    let kind = resolved.resource.kind;
    let mut claims = kind.claims(&resolved.resource);
    let is_later = |attribute: &&str| resolved.deferrals.iter().any(|deferral| deferral.attribute == *attribute);
    claims.settles.retain(|settled| !settled.by.iter().any(is_later));
    graph::Input {
        address: resolved.address.clone(),
        span: resolved.span,
        claims,
        triggers: if resolved.left_alone { Vec::new() } else { kind.triggers(&resolved.resource) },
        depends_on: resolved.depends_on.clone(),
        waits_for: resolved.deferrals.iter().map(|deferral| deferral.until.clone()).collect(),
        absent: kind.is_absent(&resolved.resource),
        left_alone: resolved.left_alone,
    }
}
