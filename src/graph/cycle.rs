//! Order, and what stands in its way.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::Diagnostic;
use crate::resource::Phase;

use super::{Input, Node, Reason};

/// Orders all nodes, each after its dependencies and, among those free to go, by phase and then in input order; or
/// returns the cycles. As phases never fall along an edge, this is also an order of phases.
pub fn order(hard: &DiGraph<(), Reason>, phases: &[Phase]) -> Result<Vec<Node>, Vec<Vec<Node>>> {
    let mut missing: Vec<usize> =
        hard.node_indices().map(|node| hard.neighbors_directed(node, petgraph::Direction::Incoming).count()).collect();
    let mut free: BinaryHeap<Reverse<(Phase, Node)>> = missing
        .iter()
        .enumerate()
        .filter(|(_, count)| **count == 0)
        .map(|(node, _)| Reverse((phases[node], node)))
        .collect();
    let mut order = Vec::with_capacity(missing.len());
    while let Some(Reverse((_, node))) = free.pop() {
        order.push(node);
        for next in hard.neighbors(NodeIndex::new(node)) {
            missing[next.index()] -= 1;
            if missing[next.index()] == 0 {
                free.push(Reverse((phases[next.index()], next.index())));
            }
        }
    }
    if order.len() == missing.len() {
        return Ok(order);
    }
    // Not `tarjan_scc`, which recurses as deep as the cycle is long.
    let mut cycles: Vec<Vec<Node>> = kosaraju_scc(hard)
        .into_iter()
        .filter(|component| component.len() > 1 || hard.contains_edge(component[0], component[0]))
        .map(|component| shortest(hard, &component.iter().map(|node| node.index()).collect::<Vec<_>>()))
        .collect();
    cycles.sort();
    Err(cycles)
}

/// Returns a shortest cycle through the first resource of a strongly connected component.
fn shortest(hard: &DiGraph<(), Reason>, component: &[Node]) -> Vec<Node> {
    let start = component.iter().copied().min().unwrap_or_default();
    // As large as the component, not as the graph: there may be very many components.
    let members: FxHashSet<Node> = component.iter().copied().collect();
    let mut came_from: FxHashMap<Node, Node> = FxHashMap::default();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in hard.neighbors(NodeIndex::new(node)).map(NodeIndex::index).filter(|next| members.contains(next)) {
            if next == start {
                let mut path = vec![node];
                while path[path.len() - 1] != start {
                    match came_from.get(&path[path.len() - 1]).copied() {
                        Some(before) => path.push(before),
                        None => break,
                    }
                }
                path.reverse();
                return path;
            }
            if let Entry::Vacant(slot) = came_from.entry(next) {
                slot.insert(node);
                queue.push_back(next);
            }
        }
    }
    vec![start]
}

/// Prints a cycle whole, with the place of each edge.
pub fn describe(path: &[Node], hard: &DiGraph<(), Reason>, inputs: &[Input]) -> Diagnostic {
    let names: Vec<String> = path.iter().chain(path.first()).map(|&node| inputs[node].address.to_string()).collect();
    let first = &inputs[path[0]];
    let mut diagnostic = Diagnostic::error(first.span, format!("dependency cycle: {}", names.join(" -> ")))
        .help("take one of these edges away: each arrow reads \"comes before\"");
    for (at, &node) in path.iter().enumerate() {
        let next = path[(at + 1) % path.len()];
        let Some(edge) = hard.edges_connecting(NodeIndex::new(node), NodeIndex::new(next)).next() else { continue };
        let (place, words) = match edge.weight() {
            Reason::DependsOn(span) => (*span, "depends_on says so".to_string()),
            Reason::Provides(claim) => (inputs[next].span, format!("requires the {} {}", claim.space.0, claim.name)),
            Reason::Follows(claim) => (inputs[next].span, format!("follows the {} {}", claim.space.0, claim.name)),
            Reason::Contains(folder) => (inputs[next].span, format!("lies in {folder}")),
            Reason::Value => (inputs[next].span, "uses its value".to_string()),
            Reason::Triggers(action) => (inputs[next].span, format!("{}s when it changes", action.word())),
        };
        diagnostic = diagnostic.related(
            place,
            format!("{} comes before {}: {words}", inputs[edge.source().index()].address, inputs[next].address),
        );
    }
    diagnostic
}
