//! What to ask hosts: which have to be contacted, and by which probes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::kinds;
use crate::model::{Probe, Until};
use crate::resource::AnyResource;
use crate::spec::HostRole;

use super::Survey;

impl Survey<'_> {
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
            if resolved.resource.kind.makes_value().is_some() {
                waited_for.insert(resolved.address.host.to_string());
            }
        }
        let waits_for = |host: &str| waited_for.contains(host);
        self.spec
            .hosts
            .iter()
            .filter(|host| !self.missing.contains_key(&host.name))
            .filter(|host| match host.role {
                HostRole::Selected => {
                    let of_host = self.by_host.get(host.name.as_str());
                    !(self.is_partial || self.is_exact)
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
        let hosts: BTreeSet<Arc<str>> =
            self.by_host.keys().cloned().chain(self.ledgers.keys().map(|host| host.as_str().into())).collect();
        for host in &hosts {
            let probe = |nodes: Vec<usize>| {
                let resources = self.resources(&nodes);
                let kind = resources[0].kind;
                (kind.name().to_string(), kind.probe(&resources))
            };
            let mut probes: Vec<(String, Probe)> = self.to_ask(host).into_iter().map(probe).collect();
            let left = self.left_section(host);
            if !probes.is_empty() || left.is_some() {
                probes.extend(left);
                // Alone it is not worth a request.
                probes.extend(self.needs_section(host));
                wanted.insert(host.to_string(), probes);
            }
        }
        wanted
    }

    /// Returns whether a host may be contacted; one that the inventory lacks may not, whatever is kept on it, nor one that the run goes
    /// on without.
    pub fn is_listed(&self, host: &str) -> bool {
        if self.missing.contains_key(host) {
            return false;
        }
        let named = self.spec.hosts.iter().find(|named| named.name == host);
        named.is_none_or(|named| named.role != HostRole::NeverContacted)
    }

    /// Returns whether anything waits for what hosts tell: whether a resource is there, its name, or a value of it.
    pub fn waits(&self) -> bool {
        !self.resolution.pending.is_empty()
            || self.waits_for_ledgers()
            || self.resolution.resources.iter().any(|resolved| !resolved.deferrals.is_empty())
    }

    /// Groups the resources of a host that can be observed and have not been by kind, in the order of the registry.
    pub(super) fn to_ask(&self, host: &str) -> Vec<Vec<usize>> {
        if !self.is_listed(host) {
            return Vec::new();
        }
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); kinds::all().len()];
        let mut place = 0;
        for &at in self.by_host.get(host).into_iter().flatten() {
            let resolved = &self.resolution.resources[at];
            if resolved.left_alone || self.asked[at].is_some() || !self.is_observable(at) {
                continue;
            }
            // Secrets are read even out of scope: others' values come from them, and any may stand in what is shown.
            if !self.in_scope[at] && resolved.resource.kind.makes_value().is_none() {
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
    pub(super) fn resources(&self, nodes: &[usize]) -> Vec<&AnyResource> {
        nodes.iter().map(|&node| &self.resolution.resources[node].resource).collect()
    }

    /// Returns whether all values that observing it needs are known.
    pub fn is_observable(&self, at: usize) -> bool {
        let resolved = &self.resolution.resources[at];
        let without = resolved.resource.kind.info().observed_without;
        resolved.deferrals.iter().all(|deferral| without.contains(&deferral.attribute.as_str()))
    }
}
