//! Who provides what.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::resource::{Claim, Space};

use super::{Input, Node};

/// Spaces in which only one resource of a host may provide a name.
const EXCLUSIVE: &[Space] = &[Space::PATH, Space::USER, Space::UNIT, Space::CONTENT];

/// All claims provided, by host.
#[derive(Debug, Default)]
pub struct ClaimIndex {
    providers: HashMap<Arc<str>, HashMap<Claim, Vec<Node>>>,
}

impl ClaimIndex {
    /// Indexes the inputs; two resources that provide the same path, user or unit are an error.
    pub fn new(inputs: &[Input], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut index = Self::default();
        for (node, input) in inputs.iter().enumerate() {
            let of_host = index.providers.entry(input.address.host.clone()).or_default();
            if input.left_alone {
                continue;
            }
            for claim in &input.claims.provides {
                let providers = of_host.entry(claim.clone()).or_default();
                if let Some(&first) = providers.first()
                    && EXCLUSIVE.contains(&claim.space)
                {
                    diagnostics.push(
                        Diagnostic::error(
                            input.span,
                            format!(
                                "`{}` and `{}` both claim the {} {}",
                                inputs[first].address, input.address, claim.space.0, claim.name
                            ),
                        )
                        .related(inputs[first].span, "claimed first here")
                        .help("declare it once; what two kinds want of one thing belongs in one of them"),
                    );
                }
                providers.push(node);
            }
        }
        // After all of the above, so that the first provider of a path is the one that claims it for itself.
        for (node, input) in inputs.iter().enumerate().filter(|(_, input)| !input.left_alone) {
            for claim in &input.claims.shares {
                if claim.space == Space::CONTENT {
                    Self::refuse_editors(&index, inputs, node, claim, diagnostics);
                }
                let of_host = index.providers.entry(input.address.host.clone()).or_default();
                of_host.entry(claim.clone()).or_default().push(node);
            }
        }
        index
    }

    /// Who provides the whole content of a file allows nobody else to edit it: the two would undo each other for ever.
    fn refuse_editors(index: &Self, inputs: &[Input], node: Node, claim: &Claim, diagnostics: &mut Vec<Diagnostic>) {
        let of_host = index.providers.get(&inputs[node].address.host);
        let whole = of_host
            .and_then(|of_host| of_host.get(claim))
            .into_iter()
            .flatten()
            .find(|&&other| inputs[other].claims.provides.contains(claim));
        if let Some(&whole) = whole {
            let (owner, editor) = (&inputs[whole].address, &inputs[node].address);
            diagnostics.push(
                Diagnostic::error(
                    inputs[node].span,
                    format!("`{editor}` edits {}, and `{owner}` writes all of it", claim.name),
                )
                .related(inputs[whole].span, "writes all of it")
                .help("put what the one adds into the other"),
            );
        }
    }

    /// Returns what provides a claim on a host: for a path, its nearest provided ancestor where nothing provides it.
    pub fn find(&self, host: &str, claim: &Claim) -> Vec<Node> {
        let Some(of_host) = self.providers.get(host) else { return Vec::new() };
        if let Some(nodes) = of_host.get(claim) {
            return nodes.clone();
        }
        if claim.space == Space::PATH { self.container(host, &claim.name).into_iter().collect() } else { Vec::new() }
    }

    /// Returns what provides the nearest ancestor of a path.
    pub fn container(&self, host: &str, path: &str) -> Option<Node> {
        let of_host = self.providers.get(host)?;
        let mut rest = path;
        while let Some(slash) = rest.rfind('/') {
            rest = &rest[..slash];
            if rest.is_empty() {
                return None;
            }
            if let Some(nodes) = of_host.get(&Claim::path(rest)) {
                return nodes.first().copied();
            }
        }
        None
    }
}
