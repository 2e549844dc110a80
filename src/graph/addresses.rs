//! All addresses of a run, indexed so that selectors are cheap.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::Address;
use crate::spec::Selector;

use super::{Input, Node};

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
        let matches = |node: &Node| selector.matches(&self.inputs[*node].address, from);
        match (selector.only_host(from), selector.only_kind(), selector.only_name()) {
            (Some(host), Some(kind), Some(name)) => {
                self.exact.get(&Address::new(host, kind, name)).copied().into_iter().collect()
            }
            (Some(host), Some(kind), None) => {
                let of_kind = self.by_kind.get(&(Arc::from(host), Arc::from(kind)));
                of_kind.into_iter().flatten().copied().filter(matches).collect()
            }
            _ => (0..self.inputs.len()).filter(matches).collect(),
        }
    }
}
