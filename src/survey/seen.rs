//! What was seen: of each resource, and of secrets.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{Address, Observed, ProbeOutput, Record, Redactor, Until, Value};
use crate::resource::AnyObserved;
use crate::spec::SecretState;

use super::Survey;
use super::needs::seen_lacking;
use super::rotation::is_replaced;
use super::sighting::Sighting;

impl Survey<'_> {
    /// Takes what a host told of the probes of [`Survey::wanted`].
    pub fn take(&mut self, host: &str, mut told: Observed) {
        if let Some(facts) = told.facts.take() {
            self.knowledge.facts.insert(host.to_string(), facts);
        }
        self.debts.take(host, std::mem::take(&mut told.owed), std::mem::take(&mut told.damaged));
        self.take_ledger(host, &mut told);
        self.take_needs(host, &mut told);
        for nodes in self.to_ask(host) {
            let kind = self.resolution.resources[nodes[0]].resource.kind.name();
            let output = told.sections.remove(kind).unwrap_or_else(ProbeOutput::missing);
            self.see(&nodes, output);
        }
    }

    /// Takes what was seen of resources outside of [`Survey::wanted`]: after their steps.
    pub fn take_verified(&mut self, nodes: &[usize], output: ProbeOutput) {
        self.forget(nodes);
        self.see(nodes, output);
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

    /// Forgets all that a host has told but its facts, so that it is asked again.
    pub fn forget_host(&mut self, host: &str) {
        let nodes = self.by_host.get(host).cloned().unwrap_or_default();
        self.forget(&nodes);
        nodes.iter().for_each(|node| _ = self.seen_lacking.remove(node));
        self.asked_needs.remove(host);
        self.debts.forget(host);
        self.ledgers.remove(host);
    }

    /// Returns the records in which resources of one kind were seen last, numbered by their places here.
    pub fn records(&self, nodes: &[usize]) -> Vec<Record> {
        let mut records = Vec::new();
        for (index, &node) in nodes.iter().enumerate() {
            let Some((place, row)) = self.asked[node] else { continue };
            let of_row = self.sightings[place].of_row(row);
            records.extend(of_row.map(|record| Record { index, fields: record.fields.clone() }));
        }
        records
    }

    /// Returns what was seen of a resource last.
    pub fn observed(&self, node: usize) -> Option<&AnyObserved> {
        self.observed[node].as_ref()
    }

    /// Remembers what was said about resources, and reads it.
    fn see(&mut self, nodes: &[usize], output: ProbeOutput) {
        let asked = nodes.iter().map(|&node| self.resolution.resources[node].address.clone()).collect();
        self.sightings.push(Sighting::new(asked, output));
        self.read(self.sightings.len() - 1);
    }

    /// Parses a sighting with the resources as they are resolved now.
    pub(super) fn read(&mut self, at: usize) {
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
        let lacking = seen_lacking(&nodes, &rows, &sighting.output.records);
        self.note_lacking(&nodes, lacking);
        for ((node, row), observed) in nodes.into_iter().zip(rows).zip(parsed) {
            if let Some(Value::Secret(secret)) = kind.makes_value().and_then(|values| values.value(&observed)) {
                let address = &self.resolution.resources[node].address;
                self.hidden.insert(&secret);
                let state = match self.rotate.contains(&*address.name) && !is_replaced(&secret) {
                    true => SecretState::Later(Until::applied(address.clone())),
                    false => SecretState::Known(secret),
                };
                self.knowledge.kept.insert(address.name.to_string(), state);
            }
            self.observed[node] = Some(observed);
            self.asked[node] = Some((at, row));
        }
    }

    /// Returns whether root works on a host: as it has told, or else as the spec has it.
    pub fn is_root(&self, host: &str) -> bool {
        match self.knowledge.facts.get(host) {
            Some(Value::Map(facts)) => facts.get("is_root") != Some(&Value::Bool(false)),
            _ => {
                let spec = self.spec.hosts.iter().find(|spec| spec.name == host);
                spec.is_none_or(|spec| spec.r#become || spec.user.as_deref() == Some("root"))
            }
        }
    }

    /// Returns the names of all secrets whose values are known.
    pub fn known_secrets(&self) -> BTreeSet<&str> {
        let all = self.knowledge.secrets.iter().chain(&self.knowledge.kept);
        let known = all.filter(|(_, state)| matches!(state, SecretState::Known(_)));
        known.map(|(name, _)| name.as_str()).collect()
    }

    /// Knows all secrets of the run so far.
    pub fn redactor(&self) -> Arc<Redactor> {
        self.hidden.redactor()
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
