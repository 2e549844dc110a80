//! `--target`, `--host` and `--exclude`: which resources a run may change.

use std::collections::{HashMap, HashSet};

use crate::graph::{Graph, Node};
use crate::model::Address;
use crate::resource::Phase;
use crate::spec::{NotASelector, Selector};

/// Which resources a run may change. Everything by default.
#[derive(Debug, Default)]
pub struct Scope {
    targets: Vec<(String, Selector)>,
    hosts: Vec<String>,
    excluded: Vec<String>,
    chosen: Option<Chosen>,
}

/// Resources that a run is about, each by its name.
#[derive(Debug)]
struct Chosen {
    addresses: HashSet<Address>,
    /// The run that they were chosen from left something out.
    is_partial: bool,
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
    pub fn new(targets: &[String], hosts: &[String], excluded: &[String]) -> Result<Self, ScopeError> {
        let targets = targets
            .iter()
            .map(|text| Ok((text.clone(), Selector::parse(text)?)))
            .collect::<Result<_, NotASelector>>()?;
        Ok(Self { targets, hosts: hosts.to_vec(), excluded: excluded.to_vec(), chosen: None })
    }

    /// Takes just these resources, and not what they depend on: somebody has chosen them from a whole plan. No other host
    /// is contacted, unless something is to be learnt of it, and none of those excluded.
    pub fn exactly(addresses: HashSet<Address>, is_partial: bool, excluded: Vec<String>) -> Self {
        Self { excluded, chosen: Some(Chosen { addresses, is_partial }), ..Self::default() }
    }

    /// Returns whether only hosts are contacted that it has something on.
    pub(super) fn is_exact(&self) -> bool {
        self.chosen.is_some()
    }

    /// Returns whether it leaves anything out.
    pub fn is_partial(&self) -> bool {
        if let Some(chosen) = &self.chosen {
            return chosen.is_partial;
        }
        !self.targets.is_empty() || !self.hosts.is_empty() || !self.excluded.is_empty()
    }

    /// Returns the hosts that are left alone.
    pub fn excluded(&self) -> impl Iterator<Item = &str> {
        self.excluded.iter().map(String::as_str)
    }

    /// Marks what may be changed: the targets and, on their own hosts, what they depend on.
    pub fn select(&self, addresses: &[Address], graph: &Graph) -> Result<Vec<bool>, ScopeError> {
        if let Some(chosen) = &self.chosen {
            return Ok(addresses.iter().map(|address| chosen.addresses.contains(address)).collect());
        }
        let named: HashSet<&str> = self.hosts.iter().map(String::as_str).collect();
        let allowed_host = |host: &str| named.is_empty() || named.contains(host);
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
        let mut packages: HashMap<&str, Vec<Node>> = HashMap::new();
        for (node, address) in addresses.iter().enumerate().filter(|(node, _)| graph.phase(*node) <= Phase::Package) {
            packages.entry(&address.host).or_default().push(node);
        }
        let target_hosts: HashSet<&str> = work.iter().map(|&node| &*addresses[node].host).collect();
        while let Some(node) = work.pop() {
            let host = &*addresses[node].host;
            if selected[node] || !target_hosts.contains(host) || !allowed_host(host) {
                continue;
            }
            selected[node] = true;
            work.extend(graph.dependencies(node).map(|(before, _)| before));
            if graph.relies_on_packages(node) {
                // Once for each host is enough.
                work.extend(packages.remove(host).unwrap_or_default());
            }
        }
        Ok(selected)
    }
}
