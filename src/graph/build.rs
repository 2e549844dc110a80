//! Hard edges, from claims, values, triggers and `depends_on`.

use rustc_hash::FxHashMap;

use crate::diagnostic::Diagnostic;
use crate::model::{OwedAction, Until};
use crate::resource::{Claim, Claims, Need, Space, TriggerSource};

use crate::spec::{AddressIndex, Selector};

use super::edges::Edges;
use super::habit::{self, Habit};
use super::index::{ClaimIndex, OfHost};
use super::{Graph, Input, Node, Reason, cycle, phase};

/// Builds the graph; every cycle, and every thing that two resources claim, is reported.
pub fn build(inputs: &[Input]) -> (Graph, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let index = ClaimIndex::new(inputs, &mut diagnostics);
    let mut builder = Builder::new(inputs, diagnostics);
    for (node, input) in inputs.iter().enumerate() {
        // Every host of a resource is in the index.
        let Some(of_host) = index.of_host(&input.address.host) else { continue };
        builder.claims(node, of_host);
        builder.values(node);
        builder.written(node);
        builder.reloads(node, of_host);
        builder.triggers(node, of_host);
    }
    let Builder { mut edges, habits, mut diagnostics, triggers, triggered, reads, relies_on_packages, .. } = builder;
    habit::add(&mut edges, &habits);
    let hard = edges.hard;
    let (phases, moved_by) = phase::settle(inputs, &hard);
    let order = match cycle::order(&hard, &phases) {
        Ok(order) => order,
        Err(cycles) => {
            diagnostics.extend(cycles.iter().map(|path| cycle::describe(path, &hard, inputs)));
            Vec::new()
        }
    };
    let hosts = inputs.iter().map(|input| input.address.host.clone()).collect();
    (Graph { hard, phases, moved_by, hosts, order, triggers, triggered, reads, relies_on_packages, index }, diagnostics)
}

/// What is gathered resource by resource; see [`Graph`] for what it becomes.
struct Builder<'a> {
    inputs: &'a [Input],
    selections: Selections<'a>,
    edges: Edges<'a>,
    habits: Vec<Habit<'a>>,
    diagnostics: Vec<Diagnostic>,
    triggers: Vec<Vec<(Node, OwedAction)>>,
    triggered: Vec<Vec<(Node, OwedAction)>>,
    reads: Vec<Vec<Node>>,
    relies_on_packages: Vec<bool>,
}

impl<'a> Builder<'a> {
    fn new(inputs: &'a [Input], diagnostics: Vec<Diagnostic>) -> Self {
        let addresses = AddressIndex::new(inputs.iter().map(|input| &input.address).collect());
        Self {
            inputs,
            selections: Selections { addresses, parsed: FxHashMap::default() },
            edges: Edges::new(inputs),
            habits: Vec::new(),
            diagnostics,
            triggers: vec![Vec::new(); inputs.len()],
            triggered: vec![Vec::new(); inputs.len()],
            reads: vec![Vec::new(); inputs.len()],
            relies_on_packages: vec![false; inputs.len()],
        }
    }

    /// Adds what follows from a resource's claims.
    fn claims(&mut self, node: Node, of_host: &OfHost) {
        let inputs = self.inputs;
        let claims = &inputs[node].claims;
        for claim in &claims.requires {
            let mut is_provided = claim.space == Space::PATH;
            // Those who share a thing have no order among each other: it needs who makes it, or the folder it is in. Who comes
            // after what this one brings does not make it for this one.
            let shares = claims.shares.contains(claim);
            let comes_after = |provider: &Claims| provider.follows.iter().any(|claim| claims.brings(claim));
            let makes = |provider: &Claims| provider.provides.contains(claim) && !comes_after(provider);
            let makes = |&provider: &Node| !shares || makes(&inputs[provider].claims);
            let mut providers: Vec<Node> = of_host.find(claim).filter(makes).collect();
            if shares && providers.is_empty() && claim.space == Space::PATH {
                providers.extend(of_host.container(&claim.name));
            }
            for provider in providers {
                is_provided = true;
                self.edges.inferred(provider, node, || Reason::Provides(claim.clone()));
            }
            self.relies_on_packages[node] |= !is_provided;
        }
        for claim in &claims.follows {
            let found = if claim.space == Space::HOME { self.homes(claim, of_host) } else { of_host.find_all(claim) };
            let providers = found.into_iter().filter(|&provider| provider != node);
            self.habits.extend(providers.map(|provider| Habit::new(inputs, provider, node, claim)));
        }
        for (first, then) in &claims.orders {
            for provider in of_host.find(first) {
                let followers = of_host.find_all(then).into_iter().filter(|&follower| follower != provider);
                self.habits.extend(followers.map(|follower| Habit::new(inputs, provider, follower, first)));
            }
        }
        // Packages bring files, and nothing else of the spec says so.
        let is_file = |need: &&Need| matches!(need, Need::File { .. });
        let mut files = claims.needs.iter().filter(is_file);
        self.relies_on_packages[node] |= files.any(|need| !of_host.is_provided_for(node, &Claim::from(need)));
        for claim in &claims.reads {
            self.reads[node].extend(of_host.find_all(claim).into_iter().filter(|&provider| provider != node));
        }
        for claim in claims.provides.iter().filter(|claim| claim.space == Space::PATH) {
            if let Some(container) = of_host.container(&claim.name) {
                self.edges.inferred(container, node, || Reason::Contains(inputs[container].address.name.clone()));
            }
        }
    }

    /// Returns what makes the home of a user, besides the user itself, or what lies in it.
    fn homes(&self, claim: &Claim, of_host: &OfHost) -> Vec<Node> {
        let (name, inside) = claim.name.split_once('/').unwrap_or((&claim.name, ""));
        let user = Claim::new(Space::USER, name);
        let root = Claim::path("/root");
        let homes = of_host
            .find(&user)
            .flat_map(|user| &self.inputs[user].claims.shares)
            .filter(|claim| claim.space == Space::PATH)
            .chain((name == "root").then_some(&root));
        if inside.is_empty() {
            let makes = |home: &Claim, maker: Node| self.inputs[maker].claims.provides.contains(home);
            return homes.flat_map(|home| of_host.find(home).filter(|&maker| makes(home, maker))).collect();
        }
        let path = |home: &Claim| format!("{}/{inside}", home.name);
        let means = |home: &Claim| match path(home).strip_suffix('/') {
            Some(folder) => Claim::new(Space::BELOW, folder),
            None => Claim::path(path(home)),
        };
        homes.flat_map(|home| of_host.find_all(&means(home))).collect()
    }

    /// Adds what a resource's values wait for.
    fn values(&mut self, node: Node) {
        for address in self.inputs[node].waits_for.iter().flat_map(Until::addresses) {
            if let Some(source) = self.selections.addresses.exact(address) {
                self.edges.add(source, node, || Reason::Value);
            }
        }
    }

    /// Adds what `depends_on` says.
    fn written(&mut self, node: Node) {
        let input = &self.inputs[node];
        for (selector, span) in &input.depends_on {
            for source in self.selections.select(input, selector) {
                self.edges.explicit(source, node, *span);
            }
        }
    }

    /// Adds the services that a resource reloads.
    fn reloads(&mut self, node: Node, of_host: &OfHost) {
        let inputs = self.inputs;
        let input = &inputs[node];
        for claim in &input.claims.reloads {
            let services: Vec<Node> = of_host.find(claim).filter(|&service| service != node).collect();
            if services.is_empty() && !input.absent && !input.left_alone {
                let message =
                    format!("no resource provides the {} {}, which is to be reloaded", claim.space.0, claim.name);
                let help = "declare it in `services` with `running: true`";
                self.diagnostics.push(Diagnostic::error(input.span, message).help(help));
            }
            for service in services.into_iter().filter(|&service| !inputs[service].absent) {
                self.edges.add(node, service, || Reason::Triggers(OwedAction::Reload));
                self.triggers[service].push((node, OwedAction::Reload));
                self.triggered[node].push((service, OwedAction::Reload));
            }
        }
    }

    /// Adds what restarts or reloads a resource.
    fn triggers(&mut self, node: Node, of_host: &OfHost) {
        let input = &self.inputs[node];
        for trigger in &input.triggers {
            let sources = match &trigger.source {
                TriggerSource::Provider(claim) => of_host.find(claim).collect(),
                TriggerSource::Selector(selector) => self.selections.select(input, selector),
            };
            // Also what goes comes first: its going is what restarts the other.
            for source in sources.into_iter().filter(|&source| source != node && !input.absent) {
                self.edges.add(source, node, || Reason::Triggers(trigger.action));
                self.triggers[node].push((source, trigger.action));
                self.triggered[source].push((node, trigger.action));
            }
        }
    }
}

/// Selectors with what they select; one text often stands at many resources.
struct Selections<'a> {
    addresses: AddressIndex<'a>,
    parsed: FxHashMap<&'a str, Option<Selector>>,
}

impl<'a> Selections<'a> {
    /// Returns what a text selects. One that selects nothing, or is no selector, was reported where the spec was resolved.
    fn select(&mut self, input: &Input, text: &'a str) -> Vec<Node> {
        let selector = self.parsed.entry(text).or_insert_with(|| Selector::parse(text).ok());
        selector.as_ref().map(|selector| self.addresses.select(selector, &input.address.host)).unwrap_or_default()
    }
}
