//! What a simulated world knows of a spec, read from what its resources claim and not from the graph: what must be there
//! before what, and what reads what.

use std::collections::{BTreeSet, HashMap};

use crate::model::{Address, OwedAction};
use crate::resource::{AnyResource, Claim, Claims, Mode, Need, Phase, Space, TriggerSource};
use crate::spec::{AddressIndex, Selector};
use crate::survey::Survey;

use super::disguise::fingerprint;

/// Spaces of what a resource is looked at with: without it, nothing can be told of it.
const NOT_LOOKED_WITH: &[Space] = &[
    Space::PATH,
    Space::USER,
    Space::GROUP,
    Space::UNIT,
    Space::PACKAGE,
    Space::PACKAGE_SOURCE,
    Space::CONTENT,
    Space::KEPT,
    Space::WEB_ROOT,
    Space::FIREWALL,
];

/// All resources of a spec.
pub struct Model {
    pub nodes: Vec<Thing>,
    pub by_address: HashMap<(String, String), usize>,
}

/// One resource.
pub struct Thing {
    pub address: Address,
    pub mode: Mode,
    pub claims: Claims,
    /// What it is in the end; nothing of what is to be away.
    pub wanted: Option<String>,
    pub left_alone: bool,
    pub is_absent: bool,
    /// What must be as it should be before its steps.
    pub before: Vec<(usize, Why)>,
    /// What it is looked at with.
    pub looked_with: Vec<(Claim, Vec<usize>)>,
    /// What needed it in an earlier spec, and goes too: that goes first.
    pub gone_before: Vec<usize>,
    /// Whose change restarts or reloads it.
    pub sources: Vec<usize>,
    /// It may be brought by any package, as something else than wanted; of a service, as wanted.
    pub may_be_brought: bool,
    pub is_service: bool,
    pub is_secret: bool,
}

/// Why a resource comes before another one.
#[derive(Clone, Debug)]
pub enum Why {
    Needs(String),
    /// Packages come first, in case one brings what is needed; where one fails, the rest is tried.
    Habit(&'static str),
}

impl Why {
    pub fn words(&self) -> String {
        match self {
            Self::Needs(what) => format!("which needs {what}"),
            Self::Habit(what) => format!("which may need {what}"),
        }
    }
}

impl Thing {
    fn is_wanted(&self) -> bool {
        self.wanted.is_some() && !self.left_alone
    }

    fn has(&self, claim: &Claim) -> bool {
        self.claims.provides.contains(claim) || self.claims.shares.contains(claim)
    }

    pub fn is_package(&self) -> bool {
        self.claims.phase == Phase::Package
    }
}

impl Model {
    /// Reads a spec whose values are all known.
    pub fn new(survey: &Survey<'_>) -> Self {
        let nodes: Vec<Thing> = (0..survey.len()).map(|node| thing(survey, node)).collect();
        let key = |thing: &Thing| (thing.address.host.to_string(), thing.address.local());
        let by_address = nodes.iter().enumerate().map(|(at, thing)| (key(thing), at)).collect();
        let mut model = Self { nodes, by_address };
        let direct: Vec<_> = (0..model.nodes.len()).map(|node| model.direct(survey, node)).collect();
        for (node, (before, looked_with, sources)) in direct.into_iter().enumerate() {
            let thing = &mut model.nodes[node];
            (thing.before, thing.looked_with, thing.sources) = (before, looked_with, sources);
        }
        model.add_packages();
        model.add_going();
        model
    }

    /// Learns from an earlier spec whose accounts were used by what goes now.
    pub fn learn(&mut self, earlier: &Self) {
        let find = |thing: &Thing| {
            let key = (thing.address.host.to_string(), thing.address.local());
            let at = self.by_address.get(&key).copied()?;
            (self.nodes[at].mode == Mode::Converge && self.nodes[at].wanted.is_none()).then_some(at)
        };
        let mut learnt = Vec::new();
        for thing in &earlier.nodes {
            let Some(node) = find(thing) else { continue };
            let of_account = |other: &Thing, claim: &Claim| {
                [Space::USER, Space::GROUP].contains(&claim.space) && other.claims.provides.contains(claim)
            };
            for (other, needed) in earlier.nodes.iter().filter_map(|other| Some((other, find(other)?))) {
                let is_here = other.address.host == thing.address.host;
                if is_here && thing.claims.requires.iter().any(|claim| of_account(other, claim)) {
                    learnt.push((needed, node));
                }
            }
        }
        for (needed, by) in learnt.into_iter().filter(|(needed, by)| needed != by) {
            self.nodes[needed].gone_before.push(by);
        }
    }

    /// Returns the others of a resource's host that are wanted.
    fn others(&self, node: usize) -> impl Iterator<Item = (usize, &Thing)> {
        let host = self.nodes[node].address.host.clone();
        let all = self.nodes.iter().enumerate();
        all.filter(move |(other, thing)| *other != node && thing.address.host == host && thing.is_wanted())
    }

    /// Returns what provides a claim for a resource: for a path that nobody provides, the folder it is in.
    fn providers(&self, node: usize, claim: &Claim) -> Vec<usize> {
        let shares = self.nodes[node].claims.shares.contains(claim);
        let is_provider = |thing: &Thing| if shares { thing.claims.provides.contains(claim) } else { thing.has(claim) };
        let found: Vec<usize> =
            self.others(node).filter(|(_, thing)| is_provider(thing)).map(|(other, _)| other).collect();
        if found.is_empty() && claim.space == Space::PATH { self.container(node, &claim.name) } else { found }
    }

    /// Returns what provides the nearest folder above a path.
    fn container(&self, node: usize, path: &str) -> Vec<usize> {
        let mut above = path;
        while let Some(slash) = above.rfind('/').filter(|slash| *slash > 0) {
            above = &above[..slash];
            let claim = Claim::path(above);
            // Its own folder is no folder that another one makes.
            if self.nodes[node].claims.provides.contains(&claim) {
                return Vec::new();
            }
            let whole = self.others(node).find(|(_, thing)| thing.claims.provides.contains(&claim));
            if let Some((other, _)) = whole.or_else(|| self.others(node).find(|(_, thing)| thing.has(&claim))) {
                return vec![other];
            }
        }
        Vec::new()
    }

    /// Returns what a resource of the spec makes of what another one needs.
    fn makers(&self, node: usize, need: &Need) -> Vec<usize> {
        let makers = self.providers(node, &Claim::from(need));
        let files = || self.others(node).filter(|(_, thing)| thing.claims.makes_file_of(need)).map(|(other, _)| other);
        if makers.is_empty() { files().collect() } else { makers }
    }

    #[allow(clippy::type_complexity)]
    fn direct(&self, survey: &Survey<'_>, node: usize) -> (Vec<(usize, Why)>, Vec<(Claim, Vec<usize>)>, Vec<usize>) {
        let thing = &self.nodes[node];
        let mut before = Vec::new();
        let mut looked_with = Vec::new();
        if !thing.is_wanted() {
            return (before, looked_with, Vec::new());
        }
        for claim in &thing.claims.requires {
            let providers = self.providers(node, claim);
            before.extend(
                providers.iter().map(|&other| (other, Why::Needs(format!("the {} {}", claim.space.0, claim.name)))),
            );
            if !NOT_LOOKED_WITH.contains(&claim.space) && !providers.is_empty() {
                looked_with.push((claim.clone(), providers));
            }
        }
        for claim in thing.claims.provides.iter().filter(|claim| claim.space == Space::PATH) {
            let folder = self.container(node, &claim.name);
            before.extend(folder.into_iter().map(|other| (other, Why::Needs(format!("the folder of {}", claim.name)))));
        }
        for need in &thing.claims.needs {
            let makers = self.makers(node, need).into_iter();
            before.extend(makers.map(|other| (other, Why::Needs(format!("the {} {}", need.form(), need.name())))));
        }
        let addresses = AddressIndex::new(self.nodes.iter().map(|thing| &thing.address).collect());
        let select = |text: &str| {
            let selector = Selector::parse(text);
            selector.map(|selector| addresses.select(&selector, &thing.address.host)).unwrap_or_default()
        };
        for (text, _) in &survey.resolved(node).depends_on {
            before.extend(select(text).into_iter().map(|other| (other, Why::Needs("depends_on".into()))));
        }
        let resource = &survey.resolved(node).resource;
        let sources = resource.kind.triggers(resource).into_iter().flat_map(|trigger| match trigger.source {
            TriggerSource::Provider(claim) => {
                self.others(node).filter(|(_, other)| other.has(&claim)).map(|(other, _)| other).collect()
            }
            TriggerSource::Selector(text) => select(&text),
        });
        let reloads = self
            .others(node)
            .filter(|(_, other)| other.claims.reloads.iter().any(|claim| thing.claims.provides.contains(claim)));
        let sources: BTreeSet<usize> = sources.chain(reloads.map(|(other, _)| other)).collect();
        (before, looked_with, sources.into_iter().filter(|&source| source != node).collect())
    }

    /// Has what may come with any package wait for all of them, and packages for their sources.
    fn add_packages(&mut self) {
        for node in 0..self.nodes.len() {
            let of_host = |is_one: fn(&Thing) -> bool| -> Vec<usize> {
                self.others(node).filter(|(_, thing)| is_one(thing)).map(|(other, _)| other).collect()
            };
            let packages = of_host(Thing::is_package);
            let sources = of_host(|thing| thing.claims.phase == Phase::PackageSource);
            let thing = &self.nodes[node];
            if !thing.is_wanted() {
                continue;
            }
            let (added, why) = match thing.claims.phase {
                Phase::PackageSource | Phase::Requirement => continue,
                Phase::Package => (sources, "a source of packages"),
                _ if packages.iter().chain(&sources).any(|&early| self.needs(early, node)) => continue,
                _ if self.is_of_packages(node) => (packages, "what any package may bring"),
                _ => continue,
            };
            let added: Vec<usize> = added.into_iter().filter(|&other| !self.needs(other, node)).collect();
            self.nodes[node].before.extend(added.into_iter().map(|other| (other, Why::Habit(why))));
        }
        for node in 0..self.nodes.len() {
            let packages: Vec<usize> =
                self.others(node).filter(|(_, thing)| thing.is_package()).map(|(other, _)| other).collect();
            let needs_it = packages.iter().any(|&package| self.needs(package, node));
            self.nodes[node].may_be_brought &= !needs_it;
        }
    }

    /// Has what goes wait for what goes too and says that it needs it, or lies in it.
    fn add_going(&mut self) {
        let going: Vec<usize> = (0..self.nodes.len())
            .filter(|&node| self.nodes[node].mode == Mode::Converge && self.nodes[node].is_absent)
            .collect();
        for &node in &going {
            for &other in going.iter().filter(|&&other| other != node) {
                let (thing, user) = (&self.nodes[node], &self.nodes[other]);
                let lies_in_it =
                    |claim: &Claim| {
                        claim.space == Space::PATH
                            && thing.claims.provides.iter().any(|own| {
                                own.space == Space::PATH && claim.name.starts_with(&format!("{}/", own.name))
                            })
                    };
                let needs_it = user.claims.requires.iter().any(|claim| thing.claims.provides.contains(claim));
                let is_in_it = user.claims.provides.iter().any(lies_in_it);
                if thing.address.host == user.address.host && (needs_it || is_in_it) {
                    self.nodes[node].gone_before.push(other);
                }
            }
        }
    }

    /// Returns whether a resource needs something that nothing of the spec is known to provide.
    fn is_of_packages(&self, node: usize) -> bool {
        let thing = &self.nodes[node];
        let is_open = |claim: &&Claim| claim.space != Space::PATH && self.providers(node, claim).is_empty();
        thing.claims.requires.iter().any(|claim| is_open(&claim))
    }

    /// Returns whether a resource needs another one, near or far.
    fn needs(&self, node: usize, other: usize) -> bool {
        let mut seen = BTreeSet::from([node]);
        let mut work = vec![node];
        while let Some(node) = work.pop() {
            work.extend(
                self.nodes[node].before.iter().map(|(before, _)| *before).filter(|&before| seen.insert(before)),
            );
        }
        seen.contains(&other)
    }

    /// Returns whether packages bring what is needed, where nothing of the spec makes it.
    pub fn is_brought(&self, host: &str, form: &str, name: &str) -> Option<bool> {
        let packages =
            self.nodes.iter().any(|thing| &*thing.address.host == host && thing.is_package() && thing.is_wanted());
        let is_system = ["/etc/", "/usr/", "/var/", "/srv/", "/opt/"].iter().any(|top| name.starts_with(top));
        // These are there on a bare host.
        let is_system = is_system && !["/usr/local/", "/etc/apt/"].iter().any(|top| name.starts_with(top));
        match form {
            "folder" | "file" => Some(packages && is_system),
            "user" | "group" => Some(packages),
            _ => None,
        }
    }

    /// Returns what provides a path, a user or a group of a host, or the folder that it is in.
    pub fn holders(&self, host: &str, form: &str, name: &str) -> Vec<usize> {
        let space = match form {
            "folder" | "file" => Space::PATH,
            "user" => Space::USER,
            _ => Space::GROUP,
        };
        let all =
            || self.nodes.iter().enumerate().filter(|(_, thing)| &*thing.address.host == host && thing.is_wanted());
        let claim = Claim::new(space, name);
        // What edits a file that must be there does not make it.
        let edits = |thing: &Thing| thing.claims.needs.iter().any(|need| need.form() == form && need.name() == name);
        let makes = |thing: &Thing| thing.has(&claim) && !edits(thing);
        let exact: Vec<usize> = all().filter(|(_, thing)| makes(thing)).map(|(at, _)| at).collect();
        let mut above = name;
        let mut found = exact;
        while found.is_empty()
            && space == Space::PATH
            && let Some(slash) = above.rfind('/').filter(|slash| *slash > 0)
        {
            above = &above[..slash];
            let claim = Claim::path(above);
            found = all().filter(|(_, thing)| thing.has(&claim)).map(|(at, _)| at).collect();
        }
        found
    }

    /// Returns the packages of a host that are wanted.
    pub fn packages(&self, host: &str) -> Vec<usize> {
        let all = self.nodes.iter().enumerate();
        let of_host = all.filter(|(_, thing)| &*thing.address.host == host && thing.is_package() && thing.is_wanted());
        of_host.map(|(at, _)| at).collect()
    }
}

fn thing(survey: &Survey<'_>, node: usize) -> Thing {
    let resolved = survey.resolved(node);
    let resource: &AnyResource = &resolved.resource;
    let claims = resource.kind.claims(resource);
    let is_service = resource.kind.name() == "service";
    let provides = |space: Space| claims.provides.iter().any(|claim| claim.space == space);
    let is_plain = provides(Space::PATH) || provides(Space::USER) || provides(Space::GROUP);
    let mode = resource.kind.mode();
    Thing {
        address: resolved.address.clone(),
        mode,
        wanted: fingerprint(resource),
        left_alone: resolved.left_alone,
        is_absent: resource.kind.is_absent(resource) && !resolved.left_alone,
        before: Vec::new(),
        looked_with: Vec::new(),
        gone_before: Vec::new(),
        sources: Vec::new(),
        may_be_brought: mode == Mode::Converge
            && claims.phase == Phase::Normal
            && (is_plain || is_service)
            && resource.kind.makes_value().is_none()
            && !resolved.left_alone,
        is_service,
        is_secret: resource.kind.makes_value().is_some(),
        claims,
    }
}

/// Returns whether a restart settles a debt.
pub fn settles(settled: OwedAction, owed: OwedAction) -> bool {
    settled >= owed
}
