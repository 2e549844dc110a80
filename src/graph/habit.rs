//! Edges of habit: they give way where the other order is asked for.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashSet;

use crate::resource::{Claim, Space};

use super::edges::Edges;
use super::{Input, Node, Reason};

/// One resource that comes before another by habit.
pub(super) struct Habit<'a> {
    first: Node,
    then: Node,
    claim: &'a Claim,
}

impl<'a> Habit<'a> {
    /// What follows a provider comes after it, and before it where the provider goes. But what follows all that is in a folder
    /// reads the folder: it comes after what goes from there, too, unless it goes itself.
    pub fn new(inputs: &[Input], provider: Node, follower: Node, claim: &'a Claim) -> Self {
        let reads_what_is_left = claim.space == Space::BELOW && !inputs[follower].absent;
        let goes_after = inputs[provider].absent && !reads_what_is_left;
        let (first, then) = if goes_after { (follower, provider) } else { (provider, follower) };
        Self { first, then, claim }
    }
}

/// Adds all habits that close no cycle with the hard edges and the habits before them.
pub(super) fn add(edges: &mut Edges<'_>, habits: &[Habit<'_>]) {
    if habits.is_empty() {
        return;
    }
    // A path from `then` to `first` lies with this habit in a cycle of the graph of all edges and habits. So only a habit
    // within one of its components has to be looked at, and only that component; nearly always there is none.
    let components = components(edges, habits);
    // What is made by a command is the reason for it: nothing that makes it as well may come before, whatever else is habit.
    let (making, others): (Vec<_>, Vec<_>) = habits.iter().partition(|habit| habit.claim.space == Space::MAKING);
    for habit in making.into_iter().chain(others) {
        let component = components[habit.first];
        let may_close = component == components[habit.then];
        if !may_close || !leads(&edges.hard, habit.then, habit.first, |node| components[node] == component) {
            edges.add(habit.first, habit.then, || Reason::Follows(habit.claim.clone()));
        }
    }
}

/// Returns the strongly connected component of each resource, were all habits edges.
fn components(edges: &Edges<'_>, habits: &[Habit<'_>]) -> Vec<usize> {
    let mut all: DiGraph<(), ()> = edges.hard.map(|_, _| (), |_, _| ());
    for habit in habits {
        all.add_edge(NodeIndex::new(habit.first), NodeIndex::new(habit.then), ());
    }
    let mut components = vec![0; all.node_count()];
    for (at, component) in kosaraju_scc(&all).into_iter().enumerate() {
        for node in component {
            components[node.index()] = at;
        }
    }
    components
}

/// Returns whether edges lead from one resource to another by way of some resources only.
fn leads(hard: &DiGraph<(), Reason>, from: Node, to: Node, by_way_of: impl Fn(Node) -> bool) -> bool {
    let mut seen = FxHashSet::from_iter([from]);
    let mut todo = vec![from];
    while let Some(node) = todo.pop() {
        if node == to {
            return true;
        }
        let next = hard.neighbors(NodeIndex::new(node)).map(NodeIndex::index);
        todo.extend(next.filter(|&next| by_way_of(next) && seen.insert(next)));
    }
    false
}
