//! Addresses and globs that pick resources.

use std::collections::HashMap;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};

use crate::model::Address;

use super::{Input, Node};

/// A written address or glob: `kind:name`, `host/kind:name`, `file:/etc/app/**`, `*/service:*`.
#[derive(Debug)]
pub struct Selector {
    host: Option<String>,
    kind: String,
    name: Name,
}

#[derive(Debug)]
enum Name {
    Exact(String),
    Glob(Box<GlobMatcher>),
}

/// Why a text selects nothing.
#[derive(Debug, thiserror::Error)]
pub enum SelectorError {
    #[error("`{0}` is not an address: write kind:name or host/kind:name")]
    NotAnAddress(String),
    #[error("`{0}` is not a valid glob: {1}")]
    Glob(String, String),
}

impl Selector {
    /// Reads a selector. `*` matches within a path segment, `**` across them.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let wrong = || SelectorError::NotAnAddress(text.to_string());
        let (before, name) = text.split_once(':').ok_or_else(wrong)?;
        let (host, kind) = match before.split_once('/') {
            Some((host, kind)) => (Some(host.to_string()), kind),
            None => (None, before),
        };
        if kind.is_empty() || name.is_empty() {
            return Err(wrong());
        }
        let name = if name.contains(['*', '?', '[']) {
            let glob = GlobBuilder::new(name)
                .literal_separator(true)
                .build()
                .map_err(|error| SelectorError::Glob(text.to_string(), error.kind().to_string()))?;
            Name::Glob(Box::new(glob.compile_matcher()))
        } else {
            Name::Exact(name.to_string())
        };
        Ok(Self { host, kind: kind.to_string(), name })
    }

    /// Says whether it picks an address, seen from `host` where it names none.
    pub fn matches(&self, from: Option<&str>, address: &Address) -> bool {
        let host = match (&self.host, from) {
            (Some(host), _) => host == "*" || **host == *address.host,
            (None, Some(from)) => *from == *address.host,
            (None, None) => true,
        };
        host && (self.kind == "*" || *self.kind == *address.kind)
            && match &self.name {
                Name::Exact(name) => **name == *address.name,
                Name::Glob(glob) => glob.is_match(&*address.name),
            }
    }
}

/// All addresses, indexed so that selectors are cheap.
pub(super) struct Addresses<'a> {
    inputs: &'a [Input],
    exact: HashMap<&'a Address, Node>,
    by_kind: HashMap<(Arc<str>, Arc<str>), Vec<Node>>,
}

impl<'a> Addresses<'a> {
    pub(super) fn new(inputs: &'a [Input]) -> Self {
        let mut by_kind: HashMap<_, Vec<Node>> = HashMap::new();
        for (node, input) in inputs.iter().enumerate() {
            by_kind.entry((input.address.host.clone(), input.address.kind.clone())).or_default().push(node);
        }
        let exact = inputs.iter().enumerate().map(|(node, input)| (&input.address, node)).collect();
        Self { inputs, exact, by_kind }
    }

    /// Returns the resource of an address.
    pub(super) fn exact(&self, address: &Address) -> Option<Node> {
        self.exact.get(address).copied()
    }

    /// Returns `kind:name` of all resources of a host.
    pub(super) fn local_names(&self, host: &str) -> Vec<String> {
        self.inputs.iter().filter(|input| *input.address.host == *host).map(|input| input.address.local()).collect()
    }

    /// Returns the resources a selector picks, seen from a host, in input order.
    pub(super) fn select(&self, from: &Arc<str>, selector: &Selector) -> Vec<Node> {
        if let Name::Exact(name) = &selector.name
            && selector.kind != "*"
            && selector.host.as_deref() != Some("*")
        {
            let host: Arc<str> = selector.host.as_deref().map_or_else(|| from.clone(), Arc::from);
            let address = Address::new(host, selector.kind.as_str(), name.as_str());
            return self.exact.get(&address).copied().into_iter().collect();
        }
        if selector.kind != "*" && selector.host.as_deref() != Some("*") {
            let host: Arc<str> = selector.host.as_deref().map_or_else(|| from.clone(), Arc::from);
            let of_kind = self.by_kind.get(&(host, Arc::from(selector.kind.as_str())));
            return of_kind
                .into_iter()
                .flatten()
                .copied()
                .filter(|&node| selector.matches(Some(from), &self.inputs[node].address))
                .collect();
        }
        (0..self.inputs.len()).filter(|&node| selector.matches(Some(from), &self.inputs[node].address)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picks(selector: &str, address: &str) -> bool {
        Selector::parse(selector).unwrap().matches(Some("app1"), &address.parse().unwrap())
    }

    #[test]
    fn picks_by_address_glob_and_host() {
        assert!(picks("service:nginx", "app1/service:nginx"));
        assert!(!picks("service:nginx", "app2/service:nginx"));
        assert!(picks("app2/service:nginx", "app2/service:nginx"));
        assert!(picks("*/service:*", "app2/service:nginx"));
        assert!(picks("file:/etc/app/**", "app1/file:/etc/app/a/b.conf"));
        assert!(picks("file:/etc/app/*", "app1/file:/etc/app/b.conf"));
        assert!(!picks("file:/etc/app/*", "app1/file:/etc/app/a/b.conf"));
        assert!(!picks("file:/etc/app/**", "app1/directory:/etc/app/a"));
    }

    #[test]
    fn says_what_is_no_selector() {
        assert!(Selector::parse("nginx").is_err());
        assert!(Selector::parse("file:[").is_err());
    }
}
