//! `--target` and `--host`: which resources a run may change.

use crate::graph::Graph;
use crate::model::Address;
use crate::resource::Phase;
use crate::spec::{NotASelector, Selector};

/// Which resources a run may change. Everything by default.
#[derive(Debug, Default)]
pub struct Scope {
    targets: Vec<(String, Selector)>,
    hosts: Vec<String>,
}

/// Why `--target` or `--host` makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    #[error("--target: {0}")]
    Selector(#[from] NotASelector),
    #[error("--target: no resource matches `{0}`")]
    NoMatch(String),
}

impl Scope {
    /// Reads the options as written.
    pub fn new(targets: &[String], hosts: &[String]) -> Result<Self, ScopeError> {
        let targets = targets
            .iter()
            .map(|text| Ok((text.clone(), Selector::parse(text)?)))
            .collect::<Result<_, NotASelector>>()?;
        Ok(Self { targets, hosts: hosts.to_vec() })
    }

    /// Says whether it leaves anything out.
    pub fn is_partial(&self) -> bool {
        !self.targets.is_empty() || !self.hosts.is_empty()
    }

    /// Marks what may be changed: the targets and, on their own hosts, what they depend on.
    pub fn select(&self, addresses: &[Address], graph: &Graph) -> Result<Vec<bool>, ScopeError> {
        let allowed_host = |host: &str| self.hosts.is_empty() || self.hosts.iter().any(|name| name == host);
        if self.targets.is_empty() {
            return Ok(addresses.iter().map(|address| allowed_host(&address.host)).collect());
        }
        let mut selected = vec![false; addresses.len()];
        let mut work = Vec::new();
        for (text, selector) in &self.targets {
            let before = work.len();
            work.extend((0..addresses.len()).filter(|&node| selector.matches_anywhere(&addresses[node])));
            if work.len() == before {
                return Err(ScopeError::NoMatch(text.clone()));
            }
        }
        let mut with_packages = std::collections::BTreeSet::new();
        let target_hosts: std::collections::BTreeSet<_> =
            work.iter().map(|&node| addresses[node].host.clone()).collect();
        while let Some(node) = work.pop() {
            let host = &addresses[node].host;
            if selected[node] || !target_hosts.contains(host) || !allowed_host(host) {
                continue;
            }
            selected[node] = true;
            work.extend(graph.dependencies(node).map(|(before, _)| before));
            if graph.relies_on_packages(node) && with_packages.insert(host) {
                let of_host = (0..addresses.len()).filter(|&other| addresses[other].host == *host);
                work.extend(of_host.filter(|&other| graph.phase(other) <= Phase::Package));
            }
        }
        Ok(selected)
    }
}
