//! Hard edges, from claims, values, triggers and `depends_on`.

use petgraph::graph::DiGraph;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::{Diagnostic, MOST_SUGGESTIONS, nearest};
use crate::model::{OwedAction, Until};
use crate::resource::{Space, TriggerSource};

use crate::spec::{AddressIndex, NotASelector, Selector};

use super::edges::Edges;
use super::habit::{self, Habit};
use super::index::ClaimIndex;
use super::{Graph, Input, Node, Reason, cycle, phase};

/// Builds the graph; every dangling reference and every cycle is reported.
pub fn build(inputs: &[Input]) -> (Graph, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let index = ClaimIndex::new(inputs, &mut diagnostics);
    let mut selections = Selections {
        inputs,
        addresses: AddressIndex::new(inputs.iter().map(|input| &input.address).collect()),
        parsed: FxHashMap::default(),
    };
    let mut edges =
        Edges { inputs, hard: DiGraph::with_capacity(inputs.len(), inputs.len() * 2), known: FxHashSet::default() };
    for _ in inputs {
        edges.hard.add_node(());
    }
    let mut triggers = vec![Vec::new(); inputs.len()];
    let mut triggered = vec![Vec::new(); inputs.len()];
    let mut reads = vec![Vec::new(); inputs.len()];
    let mut relies_on_packages = vec![false; inputs.len()];
    let mut habits = Vec::new();
    for (node, input) in inputs.iter().enumerate() {
        // Every host of a resource is in the index.
        let Some(of_host) = index.of_host(&input.address.host) else { continue };
        for claim in &input.claims.requires {
            let mut is_provided = claim.space == Space::PATH;
            for provider in of_host.find(claim) {
                is_provided = true;
                edges.inferred(provider, node, || Reason::Provides(claim.clone()));
            }
            relies_on_packages[node] |= !is_provided;
        }
        for claim in &input.claims.follows {
            habits
                .extend(of_host.find_all(claim).into_iter().map(|provider| Habit::new(inputs, provider, node, claim)));
        }
        for claim in &input.claims.reads {
            reads[node].extend(of_host.find(claim).filter(|&provider| provider != node));
        }
        for claim in input.claims.provides.iter().filter(|claim| claim.space == Space::PATH) {
            if let Some(container) = of_host.container(&claim.name) {
                edges.inferred(container, node, || Reason::Contains(inputs[container].address.name.clone()));
            }
        }
        for until in &input.waits_for {
            if let Until::Applied(address) = until
                && let Some(source) = selections.addresses.exact(address)
            {
                edges.add(source, node, || Reason::Value);
            }
        }
        for (selector, span) in &input.depends_on {
            let found = selections.select(input, selector, |error| Diagnostic::error(*span, error), &mut diagnostics);
            for source in found {
                edges.explicit(source, node, *span);
            }
        }
        for claim in &input.claims.reloads {
            let services: Vec<Node> = of_host.find(claim).filter(|&service| service != node).collect();
            if services.is_empty() && !input.absent && !input.left_alone {
                let message =
                    format!("no resource provides the {} {}, which is to be reloaded", claim.space.0, claim.name);
                let help = "declare it in `services` with `running: true`";
                diagnostics.push(Diagnostic::error(input.span, message).help(help));
            }
            for service in services.into_iter().filter(|&service| !inputs[service].absent) {
                edges.add(node, service, || Reason::Triggers(OwedAction::Reload));
                triggers[service].push((node, OwedAction::Reload));
                triggered[node].push((service, OwedAction::Reload));
            }
        }
        for trigger in &input.triggers {
            let sources = match &trigger.source {
                TriggerSource::Provider(claim) => of_host.find(claim).collect(),
                TriggerSource::Selector(selector) => selections.select(
                    input,
                    selector,
                    |error| Diagnostic::error(input.span, format!("in restart_on or reload_on: {error}")),
                    &mut diagnostics,
                ),
            };
            // Also what goes comes first: its going is what restarts the other.
            for source in sources.into_iter().filter(|&source| source != node && !input.absent) {
                edges.add(source, node, || Reason::Triggers(trigger.action));
                triggers[node].push((source, trigger.action));
                triggered[source].push((node, trigger.action));
            }
        }
    }
    habit::add(&mut edges, &habits);
    let hard = edges.hard;
    let phases = phase::settle(inputs, &hard);
    let order = match cycle::order(&hard, &phases) {
        Ok(order) => order,
        Err(cycles) => {
            diagnostics.extend(cycles.iter().map(|path| cycle::describe(path, &hard, inputs)));
            Vec::new()
        }
    };
    let hosts = inputs.iter().map(|input| input.address.host.clone()).collect();
    (Graph { hard, phases, hosts, order, triggers, triggered, reads, relies_on_packages, index }, diagnostics)
}

/// Selectors with what they select; one text often stands at many resources.
struct Selections<'a> {
    inputs: &'a [Input],
    addresses: AddressIndex<'a>,
    parsed: FxHashMap<&'a str, Result<Selector, NotASelector>>,
}

impl<'a> Selections<'a> {
    fn select(
        &mut self,
        input: &Input,
        text: &'a str,
        error: impl Fn(String) -> Diagnostic,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<Node> {
        let host = &*input.address.host;
        let selector = match self.parsed.entry(text).or_insert_with(|| Selector::parse(text)) {
            Ok(selector) => selector,
            Err(wrong) => {
                diagnostics.push(error(wrong.to_string()));
                return Vec::new();
            }
        };
        let found = self.addresses.select(selector, host);
        if found.is_empty() {
            let mut diagnostic = error(format!("no resource matches `{text}`"));
            let of_host = self.inputs.iter().filter(|input| *input.address.host == *host);
            let known: Vec<String> = match diagnostics.len() {
                0..MOST_SUGGESTIONS => of_host.map(|input| input.address.local()).collect(),
                _ => Vec::new(),
            };
            if let Some(near) = nearest(text, known.iter().map(String::as_str)) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            }
            diagnostics.push(diagnostic);
        }
        found
    }
}
