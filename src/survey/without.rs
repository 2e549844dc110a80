//! A run that goes on without some hosts: what it leaves out, and what needs that.

use crate::model::{Address, Until};

use super::Survey;
use super::missing::{Missing, Wants};

impl Survey<'_> {
    /// Goes on without a host. What is not known of it stays so.
    pub fn lose(&mut self, host: &str) {
        self.missing.insert(host.to_string(), Missing::Unreachable);
        self.is_partial = true;
        self.leave_out();
    }

    /// Returns whether a host could not be observed.
    pub fn is_lost(&self, host: &str) -> bool {
        self.missing.get(host) == Some(&Missing::Unreachable)
    }

    /// Takes out of the run what is on hosts that it goes on without.
    pub(super) fn leave_out(&mut self) {
        for host in self.missing.keys() {
            for &node in self.by_host.get(host.as_str()).into_iter().flatten() {
                self.in_scope[node] = false;
            }
        }
    }

    /// Returns what a resource needs of hosts that the run goes on without: a value, or what has to come before it. Where somebody
    /// has left a host out, what has to come before is taken to be there.
    pub fn wants(&self, node: usize) -> Option<Wants> {
        if self.missing.is_empty() {
            return None;
        }
        let value =
            self.resolution.resources[node].deferrals.iter().find_map(|deferral| self.wants_value(&deferral.until));
        let addresses = || {
            let needs = self.graph.dependencies(node).filter(|(_, reason)| reason.is_need()).map(|(before, _)| before);
            // What restarts because of it would never know.
            needs.chain(self.graph.triggered_by(node).iter().map(|(target, _)| *target))
        };
        value.or_else(|| {
            let lost = addresses().map(|other| &self.resolution.resources[other].address);
            lost.filter(|address| self.is_lost(&address.host)).find_map(|address| self.wants_address(address))
        })
    }

    /// Returns what parts of the spec need of hosts that the run goes on without before it is known what they come to; each with the
    /// host that it is for, and its name as written.
    pub fn unknown_without(&self) -> Vec<(String, Wants)> {
        let wants = self.resolution.pending.iter().filter(|pending| !self.missing.contains_key(&pending.host));
        wants
            .filter_map(|pending| {
                let wants = self.wants_value(&pending.until)?;
                Some((format!("{}/{}:{}", pending.host, pending.kind, pending.name), wants))
            })
            .collect()
    }

    fn wants_value(&self, until: &Until) -> Option<Wants> {
        match until {
            Until::Facts(host) => {
                let why = *self.missing.get(host)?;
                Some(Wants { what: format!("the facts of {host}"), host: host.clone(), why })
            }
            Until::Applied(_) => until.addresses().iter().find_map(|address| self.wants_address(address)),
        }
    }

    fn wants_address(&self, address: &Address) -> Option<Wants> {
        let why = *self.missing.get(&*address.host)?;
        Some(Wants { what: address.to_string(), host: address.host.to_string(), why })
    }
}
