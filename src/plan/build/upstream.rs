//! What a plan knows of the rest of the run when it decides about a resource: what comes before it has been planned.

use std::collections::HashMap;

use crate::graph::Reason;
use crate::model::Address;
use crate::plan::decide::{Owing, Upstream};
use crate::resource::{AnyObserved, Claim, Mode, Phase};

use super::{Acting, Builder};

impl Builder<'_> {
    /// Returns what the rest of the run means for a resource, and why it is owed a restart or reload.
    pub(super) fn upstream(&mut self, node: usize, observed: &AnyObserved) -> (Upstream, Vec<String>) {
        let (owed, why_owed) = self.owing(node, observed);
        let upstream = Upstream {
            is_partial: self.is_partial,
            wants: self.wants[node].clone(),
            withheld: self.withheld[node].map(|other| self.items[other].address.clone()),
            brings: match observed {
                AnyObserved::Later { needs, .. } => self.brought_by(node, needs),
                _ => Vec::new(),
            },
            packages: self.packages_before(node, observed),
            lacks: self.lacks(node),
            makes: self.items[node].sources().into_iter().filter(|address| self.is_acting(address)).collect(),
            changes: self.acting_addresses(self.graph.reads(node).iter().copied()),
            asks_again: self.asks_again(node),
            owed,
        };
        (upstream, why_owed)
    }

    /// Returns what a resource needs, near or far, and is left as it is.
    pub(super) fn withheld_before(&self, node: usize) -> Option<usize> {
        if self.plan.withheld.is_empty() {
            return None;
        }
        let needs = self.graph.dependencies(node).filter(|(_, reason)| reason.is_need());
        needs.filter_map(|(before, _)| self.withheld[before]).min()
    }

    /// Returns what has to be applied before a claim holds: its providers that act; or else what the resource names in
    /// `depends_on` or comes after by habit, and acts (a command that makes tables, an account whose password is mended);
    /// or else, where nothing provides the claim, the packages that act.
    fn brought_by(&mut self, node: usize, needs: &Claim) -> Vec<Address> {
        // Requirements stand before the packages, so those have not been planned yet.
        if self.items[node].resource.kind.mode() == Mode::Requirement {
            let mut packages = self.packages_to_come(node);
            // What comes after it brings nothing for it.
            let after = self.graph.after(node);
            packages.retain(|address| !after.iter().any(|&other| self.items[other].address == address));
            return packages;
        }
        let host = &self.items[node].address.host;
        let providers = self.graph.providers(host, needs);
        let until = self.acting_addresses(providers.iter().copied());
        if !until.is_empty() {
            return until;
        }
        let named = self
            .graph
            .dependencies(node)
            .filter(|(_, reason)| matches!(reason, Reason::DependsOn(_) | Reason::Follows(_)));
        let named = self.acting_addresses(named.map(|(other, _)| other));
        if named.is_empty() && providers.is_empty() {
            return self.packages.get(host).cloned().unwrap_or_default();
        }
        named
    }

    /// Returns the packages that are about to be installed before a resource that is not there, and that may bring it.
    fn packages_before(&self, node: usize, observed: &AnyObserved) -> Vec<Address> {
        let may_come = matches!(observed, AnyObserved::Absent(_)) && self.graph.relies_on_packages(node);
        let packages = self.packages.get(&self.items[node].address.host);
        packages.filter(|_| may_come && self.graph.phase(node) > Phase::Package).cloned().unwrap_or_default()
    }

    /// Returns the packages of the resource's host that are about to be installed, wherever they stand in the order.
    fn packages_to_come(&mut self, node: usize) -> Vec<Address> {
        let host = &self.items[node].address.host;
        if let Some(known) = self.packages_to_come.get(host) {
            return known.clone();
        }
        let of_host = self.installs.get_or_init(|| {
            let mut of_host: HashMap<&str, Vec<usize>> = HashMap::new();
            for (other, item) in self.items.iter().enumerate() {
                if self.graph.phase(other) == Phase::Package && !item.left_alone && item.in_scope {
                    of_host.entry(&item.address.host).or_default().push(other);
                }
            }
            of_host
        });
        let packages = of_host.get(&**host).into_iter().flatten().map(|&other| &self.items[other]);
        let come = packages
            .filter(|item| item.observed.is_some_and(|observed| !item.compare(observed).is_empty()))
            .map(|item| item.address.clone())
            .collect::<Vec<_>>();
        self.packages_to_come.insert(host.clone(), come.clone());
        come
    }

    /// Returns whether a guard is asked again at its turn: something before it changes, on its host or what it depends on.
    fn asks_again(&self, node: usize) -> bool {
        let phases = self.hosts.get(&self.items[node].address.host);
        self.upstream[node] != Acting::No || phases.is_some_and(|first| *first < self.graph.phase(node))
    }

    /// Returns the restart or reload that others' changes, or an earlier run, ask for, and why.
    fn owing(&self, node: usize, observed: &AnyObserved) -> (Option<Owing>, Vec<String>) {
        let item = &self.items[node];
        let mut reasons = Vec::new();
        if !item.resource.kind.owed_applies(item.resource, observed) {
            return (None, reasons);
        }
        let mut owed = item.owed;
        if owed.is_some() {
            reasons.push("owed since an earlier run".into());
        }
        let mut is_sure = owed.is_some();
        for &(source, action) in self.graph.triggers(node) {
            let verb = match self.acting[source] {
                Acting::No => continue,
                Acting::Maybe => "may change",
                Acting::Yes => "changes",
            };
            owed = owed.max(Some(action));
            is_sure |= self.acting[source] == Acting::Yes;
            reasons.push(format!("{} {verb}", self.items[source].address.local()));
        }
        (owed.map(if is_sure { Owing::Surely } else { Owing::Perhaps }), reasons)
    }

    fn acting_addresses(&self, nodes: impl Iterator<Item = usize>) -> Vec<Address> {
        let acting = nodes.filter(|&other| self.acting[other] != Acting::No);
        acting.map(|other| self.items[other].address.clone()).collect()
    }

    fn is_acting(&self, address: &Address) -> bool {
        let places = || self.items.iter().enumerate().map(|(node, item)| (item.address, node)).collect();
        self.places.get_or_init(places).get(address).is_some_and(|&node| self.acting[node] != Acting::No)
    }
}
