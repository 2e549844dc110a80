//! Who provides what.

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::diagnostic::Diagnostic;
use crate::resource::{Claim, Space};

use super::{Input, Node};

/// Spaces in which only one resource of a host may provide a name.
const EXCLUSIVE: &[Space] = &[Space::PATH, Space::USER, Space::UNIT, Space::CONTENT];

/// All claims provided, by host.
#[derive(Debug, Default)]
pub struct ClaimIndex {
    hosts: FxHashMap<Arc<str>, OfHost>,
}

/// The claims provided on one host.
#[derive(Debug, Default)]
pub struct OfHost {
    spaces: FxHashMap<Space, FxHashMap<Arc<str>, Providers>>,
    /// All paths, sorted; made where what lies below one is asked for, once all are in.
    paths: OnceLock<Vec<Arc<str>>>,
}

/// What provides one thing; hardly ever more than one resource.
#[derive(Debug)]
struct Providers {
    first: Node,
    others: Vec<Node>,
}

impl Providers {
    fn iter(&self) -> impl Iterator<Item = Node> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

impl OfHost {
    fn get(&self, space: Space, name: &str) -> Option<&Providers> {
        self.spaces.get(&space)?.get(name)
    }

    /// Adds a provider. Returns the first there was before.
    fn add(&mut self, claim: &Claim, node: Node) -> Option<Node> {
        let names = self.spaces.entry(claim.space).or_default();
        if let Some(providers) = names.get_mut(claim.name.as_str()) {
            providers.others.push(node);
            return Some(providers.first);
        }
        self.paths.take();
        names.insert(claim.name.as_str().into(), Providers { first: node, others: Vec::new() });
        None
    }

    /// Returns whether another resource provides exactly this.
    pub fn is_provided_for(&self, node: Node, claim: &Claim) -> bool {
        self.get(claim.space, &claim.name).is_some_and(|providers| providers.iter().any(|provider| provider != node))
    }

    /// Returns what provides a claim: for a path, its nearest provided ancestor where nothing provides it.
    pub fn find(&self, claim: &Claim) -> impl Iterator<Item = Node> {
        let providers = self.get(claim.space, &claim.name);
        let container = match providers {
            None if claim.space == Space::PATH => self.container(&claim.name),
            _ => None,
        };
        providers.into_iter().flat_map(Providers::iter).chain(container)
    }

    /// Returns what a claim of habit, or of what is read, means: all that provides it, or all that provides a path below.
    pub fn find_all(&self, claim: &Claim) -> Vec<Node> {
        if claim.space != Space::BELOW {
            return self.find(claim).collect();
        }
        let paths = self.paths_below(&claim.name).iter();
        let providers = paths.filter_map(|path| self.get(Space::PATH, path));
        let mut found: Vec<Node> = providers.flat_map(Providers::iter).collect();
        found.sort_unstable();
        found
    }

    /// Returns the paths provided below one.
    fn paths_below(&self, folder: &str) -> &[Arc<str>] {
        let all = self.paths.get_or_init(|| {
            let mut all: Vec<Arc<str>> =
                self.spaces.get(&Space::PATH).into_iter().flatten().map(|(path, _)| path.clone()).collect();
            all.sort_unstable();
            all
        });
        let prefix = format!("{folder}/");
        let first = all.partition_point(|path| **path < *prefix);
        let count = all[first..].partition_point(|path| path.starts_with(&prefix));
        &all[first..first + count]
    }

    /// Returns what provides the nearest ancestor of a path.
    pub fn container(&self, path: &str) -> Option<Node> {
        let paths = self.spaces.get(&Space::PATH)?;
        let mut rest = path;
        while let Some(slash) = rest.rfind('/') {
            rest = &rest[..slash];
            if rest.is_empty() {
                return None;
            }
            if let Some(providers) = paths.get(rest) {
                return Some(providers.first);
            }
        }
        None
    }
}

impl ClaimIndex {
    /// Indexes the inputs; two resources that provide the same path, user or unit, or settle the same, are an error.
    pub fn new(inputs: &[Input], diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut index = Self::default();
        let mut settled: FxHashMap<(&str, &Claim), Node> = FxHashMap::default();
        for (node, input) in inputs.iter().enumerate() {
            let of_host = index.of_host_mut(&input.address.host);
            if input.left_alone {
                continue;
            }
            for claim in &input.claims.provides {
                let first = of_host.add(claim, node).filter(|_| EXCLUSIVE.contains(&claim.space));
                diagnostics.extend(first.map(|first| both_claim(inputs, first, node, claim)));
            }
            for claim in input.claims.settles.iter().map(|settled| &settled.claim) {
                let first = *settled.entry((&input.address.host, claim)).or_insert(node);
                diagnostics.extend((first != node).then(|| both_claim(inputs, first, node, claim)));
            }
        }
        // After all of the above, so that the first provider of a path is the one that claims it for itself.
        for (node, input) in inputs.iter().enumerate().filter(|(_, input)| !input.left_alone) {
            let of_host = index.of_host_mut(&input.address.host);
            for claim in &input.claims.shares {
                if claim.space == Space::CONTENT {
                    refuse_editors(of_host, inputs, node, claim, diagnostics);
                }
                of_host.add(claim, node);
            }
        }
        index.refuse_what_excludes(inputs, diagnostics);
        index
    }

    /// Reports what requires something that nobody provides, and of which a resource says that it surely does not.
    fn refuse_what_excludes(&self, inputs: &[Input], diagnostics: &mut Vec<Diagnostic>) {
        let mut excluded: FxHashMap<(&str, &Claim), Node> = FxHashMap::default();
        for (node, input) in inputs.iter().enumerate().filter(|(_, input)| !input.left_alone && !input.absent) {
            excluded.extend(input.claims.excludes.iter().map(|claim| ((&*input.address.host, claim), node)));
        }
        if excluded.is_empty() {
            return;
        }
        for input in inputs.iter().filter(|input| !input.left_alone && !input.absent) {
            let Some(of_host) = self.of_host(&input.address.host) else { continue };
            for claim in &input.claims.requires {
                let Some(&by) = excluded.get(&(&*input.address.host, claim)) else { continue };
                if of_host.get(claim.space, &claim.name).is_none() {
                    diagnostics.push(without(input, claim, &inputs[by]));
                }
            }
        }
    }

    fn of_host_mut(&mut self, host: &Arc<str>) -> &mut OfHost {
        self.hosts.entry(host.clone()).or_default()
    }

    /// Returns what is provided on a host.
    pub fn of_host(&self, host: &str) -> Option<&OfHost> {
        self.hosts.get(host)
    }
}

/// Reports a thing that two resources decide about.
fn both_claim(inputs: &[Input], first: Node, second: Node, claim: &Claim) -> Diagnostic {
    let (first, second) = (&inputs[first], &inputs[second]);
    let what = format!("{} {}", claim.space.0, claim.name);
    Diagnostic::error(second.span, format!("`{}` and `{}` both claim the {what}", first.address, second.address))
        .related(first.span, "claimed first here")
        .help("declare it once; what two kinds want of one thing belongs in one of them")
}

/// Reports what a resource requires and another one has not.
fn without(input: &Input, claim: &Claim, other: &Input) -> Diagnostic {
    let message =
        format!("`{}` needs the {} {}, and `{}` has none", input.address, claim.space.0, claim.name, other.address);
    Diagnostic::error(input.span, message)
        .related(other.span, "has none")
        .help("add it there, or leave out what needs it")
}

/// Who provides the whole content of a file allows nobody else to edit it: the two would undo each other for ever.
fn refuse_editors(of_host: &OfHost, inputs: &[Input], node: Node, claim: &Claim, diagnostics: &mut Vec<Diagnostic>) {
    // Who provides it was added before all who share it.
    let first = of_host.get(claim.space, &claim.name).map(|providers| providers.first);
    if let Some(whole) = first.filter(|&first| inputs[first].claims.provides.contains(claim)) {
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
