//! What the spec owns on each host, as its ledger there tells: what has left the spec, and what was changed by whom.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Span;
use crate::kinds;
use crate::ledger::{Identity, Interrupted, Origin, Prune, UsedPlan, file_name};
use crate::model::{
    Address, Entry, HostMark, Keyed, LedgerLines, Observed, Probe, ProbeOutput, ProbeStatus, Records, Secret, Value,
    YamlNode, YamlValue,
};
use crate::resource::AnyObserved;
use crate::spec::{HostRole, Resolution, Resolved};
use crate::{records, row, rows};

use super::owned::{AS, Cause, HostLedger, Released, Taken, decode_absent, is_ownable};
use super::{Scope, Survey, SurveyError};

/// What the section is called that asks for what has left the spec.
const SECTION: &str = "left";

rows! {
    include_str!("left.sh") => struct Asked { ledger, local }
}

records! {
    include_str!("left.sh") => enum Kept {
        "own" => Own { identity },
        "other" => Other { ledger, local, identity },
        "unreadable" => Unreadable { ledger },
    }
}

impl Survey<'_> {
    /// Takes the ledger that a host told with its first answer, and what was asked of those that have left the spec.
    pub(super) fn take_ledger(&mut self, host: &str, told: &mut Observed) {
        if told.ledger != LedgerLines::default() || !self.ledgers.contains_key(host) {
            let lines = std::mem::take(&mut told.ledger);
            let mut of_host = HostLedger::read(&lines);
            of_host.rename(&self.spec.moved);
            self.ledgers.entry(host.to_string()).or_insert(of_host);
        }
        let Some(output) = told.sections.remove(SECTION) else { return };
        let asked = self.left_to_ask(host);
        let Some(ledger) = self.ledgers.get_mut(host) else { return };
        for local in asked.iter().cloned() {
            // The ledger has no line yet of what a run that was killed was creating.
            let known = ledger.known().and_then(|known| known.entries.get(&local)?.identity.clone());
            ledger.left.insert(local, known);
        }
        (ledger.others, ledger.unreadable) = (Vec::new(), Vec::new());
        for record in &output.records {
            match Kept::find(record) {
                Some(Kept::Own { identity }) => {
                    if let Some(local) = asked.get(record.index) {
                        ledger.left.insert(local.clone(), Identity::read(identity));
                    }
                }
                Some(Kept::Other { ledger: file, local, identity }) => {
                    ledger.others.push((file.to_string(), local.to_string(), Identity::read(identity)));
                }
                Some(Kept::Unreadable { ledger: file }) => ledger.unreadable.push(file.to_string()),
                _ => {}
            }
        }
    }

    /// Returns what a host keeps of what the spec owns there.
    pub fn ledger(&self, host: &str) -> Option<&HostLedger> {
        self.ledgers.get(host)
    }

    /// Returns what tells a host, and the state of its ledger, from another.
    pub fn host_mark(&self, host: &str) -> Option<&HostMark> {
        self.ledgers.get(host).map(|ledger| &ledger.mark)
    }

    /// Returns the resources that have left the spec and are let go.
    pub fn released(&self) -> &[Released] {
        &self.released
    }

    /// Returns whether a resource has left the spec, and is to go from its host.
    pub fn has_left(&self, node: usize) -> bool {
        self.left.contains(&node)
    }

    /// Returns whether a run keeps the ledger of a host: it may change it.
    pub fn is_kept(&self, host: &str) -> bool {
        self.spec.hosts.iter().any(|named| named.name == host && named.role == HostRole::Selected)
    }

    /// Returns whether a resource is one that a spec owns on its host, and the run may say so: it is compared with what is there, can
    /// go, and is neither left alone nor out of scope.
    pub fn is_owned(&self, node: usize) -> bool {
        let resolved = &self.resolution.resources[node];
        let kind = resolved.resource.kind;
        is_ownable(kind) && !resolved.left_alone && self.in_scope[node]
    }

    /// Says which saved plan is applied, and who approved it: no run applies it again.
    pub fn use_plan(&mut self, digest: String, approved_by: Vec<String>) {
        self.plan_in_use = Some((digest, approved_by));
    }

    /// Returns the digest of the saved plan that is applied on a host, and who approved it; nothing where the plan does not touch
    /// the host.
    pub fn plan_in_use(&self, host: &str) -> Option<(&str, &[String])> {
        let (digest, approved_by) = self.plan_in_use.as_ref()?;
        let is_touched = self.by_host.get(host)?.iter().any(|&node| self.in_scope[node]);
        is_touched.then_some((digest.as_str(), approved_by.as_slice()))
    }

    /// Returns when and by whom a saved plan was applied on a host, if it was.
    pub fn was_used(&self, host: &str, digest: &str) -> Option<UsedPlan> {
        let of_host = self.ledgers.get(host)?;
        let kept = of_host.known().into_iter().flat_map(|ledger| ledger.used.iter().cloned());
        let cut_off = of_host.journal.runs.iter().filter_map(Interrupted::used);
        kept.chain(cut_off).find(|used| used.digest == digest)
    }

    /// Returns the section that asks a host for what it keeps of resources that have left the spec; none where none has.
    pub(super) fn left_section(&self, host: &str) -> Option<(String, Probe)> {
        let file = file_name(&self.spec.name, host);
        let rows: Vec<_> =
            self.left_to_ask(host).iter().map(|local| row![Asked { ledger: &file, local: local }]).collect();
        (!rows.is_empty()).then(|| (SECTION.to_string(), Probe::new(include_str!("left.sh"), rows)))
    }

    /// Returns whether anything of a host's ledger has left the spec and is not known yet.
    pub(super) fn waits_for_ledgers(&self) -> bool {
        self.ledgers.keys().any(|host| !self.left_to_ask(host).is_empty() || self.is_left_to_add(host))
    }

    /// Returns by `kind:name` what has left the spec and was not asked for yet.
    fn left_to_ask(&self, host: &str) -> Vec<String> {
        let Some(of_host) = self.ledgers.get(host) else { return Vec::new() };
        let gone = self.gone(host, &self.index, &self.resolution);
        gone.into_iter().filter(|local| !of_host.left.contains_key(local)).collect()
    }

    fn is_left_to_add(&self, host: &str) -> bool {
        let known: BTreeSet<String> =
            self.released.iter().filter(|one| &*one.address.host == host).map(|one| one.address.local()).collect();
        self.gone(host, &self.index, &self.resolution).iter().any(|local| !known.contains(local))
    }

    /// Returns by `kind:name` what a host's ledger has and the spec has not. A run that leaves something out deletes
    /// nothing, and one that does not know yet what the spec comes to cannot tell.
    fn gone<V>(&self, host: &str, index: &rustc_hash::FxHashMap<Address, V>, resolution: &Resolution) -> Vec<String> {
        let ledger = self.ledgers.get(host).and_then(HostLedger::known);
        let Some(ledger) = ledger.filter(|_| self.is_kept(host) && !self.is_partial && resolution.pending.is_empty())
        else {
            return Vec::new();
        };
        // What only a newer infra knows stays in the ledger.
        let is_known = |address: &Address| kinds::all().iter().any(|kind| kind.name() == &*address.kind);
        let is_gone = |local: &&String| {
            address(host, local).is_some_and(|address| !index.contains_key(&address) && is_known(&address))
        };
        ledger.entries.keys().filter(is_gone).cloned().collect()
    }

    /// Adds what has left the spec to what it came to: as resources that are to be absent, or as released.
    pub(super) fn add_left(&mut self, resolution: &mut Resolution) {
        self.left.clear();
        self.released.clear();
        let index: rustc_hash::FxHashMap<Address, ()> =
            resolution.resources.iter().map(|resolved| (resolved.address.clone(), ())).collect();
        let mut added: Vec<Resolved> = Vec::new();
        for host in self.ledgers.keys().cloned().collect::<Vec<_>>() {
            let gone = self.gone(&host, &index, resolution);
            if gone.is_empty() || gone.iter().any(|local| !self.ledgers[&host].left.contains_key(local)) {
                // Some are still to be asked for.
                continue;
            }
            let machine = &self.ledgers[&host].mark.machine;
            let is_same = |of_host: &HostLedger| !machine.is_empty() && of_host.mark.machine == *machine;
            let others = self.ledgers.iter().filter(|(other, of_host)| **other != host && is_same(of_host));
            let names: Vec<&str> =
                std::iter::once(host.as_str()).chain(others.map(|(other, _)| other.as_str())).collect();
            let text: String = gone.iter().map(|local| format!("{local}\n")).collect();
            let file = self.sources.add(format!("the ledger of {} on {host}", self.spec.name), text);
            let mut start = 0;
            let whole = Span { file, start, end: start };
            let taken = Taken::on(&names, resolution, &self.ledgers[&host], whole);
            for local in &gone {
                let end = start + u32::try_from(local.len()).unwrap_or_default();
                let span = Span { file, start, end };
                start = end + 1;
                match self.absent(&host, local, span, &taken) {
                    Ok(resolved) => added.push(resolved),
                    Err(released) => self.released.push(released),
                }
            }
        }
        if added.is_empty() {
            return;
        }
        let gone: BTreeSet<Address> = added.iter().map(|resolved| resolved.address.clone()).collect();
        resolution.resources.extend(added);
        let host_order: BTreeMap<&str, usize> =
            self.spec.hosts.iter().enumerate().map(|(at, host)| (host.name.as_str(), at)).collect();
        let kind_order: BTreeMap<&str, usize> =
            kinds::all().iter().enumerate().map(|(at, kind)| (kind.name(), at)).collect();
        // Resources of a host lie together, and on it those of a kind.
        resolution.resources.sort_by_key(|resolved| {
            (host_order.get(&*resolved.address.host).copied(), kind_order.get(&*resolved.address.kind).copied())
        });
        let left = resolution.resources.iter().enumerate().filter(|(_, resolved)| gone.contains(&resolved.address));
        self.left = left.map(|(node, _)| node).collect();
    }

    /// Makes of a resource that has left the spec one that is to be absent, or says why it is let go.
    fn absent(&self, host: &str, local: &str, span: Span, taken: &Taken) -> Result<Resolved, Released> {
        let of_host = &self.ledgers[host];
        let address = address(host, local).unwrap_or_else(|| Address::new(host, "", local));
        let release = |why: String| Err(Released { address: address.clone(), why, heir: None });
        let (Some(entry), Some(left)) =
            (of_host.known().and_then(|ledger| ledger.entries.get(local)), of_host.left.get(local))
        else {
            return release("its ledger says nothing of it any more".into());
        };
        if entry.origin == Origin::Found {
            return release("it was there before this spec had it".into());
        }
        if entry.prune == Prune::Keep {
            return release("its `lifecycle` said so".into());
        }
        let kind = kinds::all().iter().copied().find(|kind| kind.name() == &*address.kind);
        let Some(kind) = kind.filter(|kind| is_ownable(*kind)) else {
            return release("nothing of this kind is ever deleted".into());
        };
        let node = self.body(&address).unwrap_or_else(|| left.clone().unwrap_or_default().node(span));
        let (resource, deferrals) = match decode_absent(kind, address.clone(), &node) {
            Ok(decoded) => decoded,
            Err(wrong) => return release(format!("what its ledger knows is not enough to delete it: {wrong}")),
        };
        if let Some((why, heir)) = taken.has(&kind.claims(&resource)) {
            return Err(Released { address, why, heir });
        }
        Ok(Resolved {
            resource,
            address,
            span,
            node,
            depends_on: Vec::new(),
            deferrals,
            left_alone: false,
            retries: 0,
            prevent_destroy: entry.prevent_destroy,
            prune: entry.prune,
            ignore_changes: Vec::new(),
            overridden: false,
        })
    }

    /// Plans as if nothing were left of the spec: what it owns goes.
    pub fn destroy(&mut self, scope: &Scope) -> Result<(), SurveyError> {
        self.destroys = true;
        self.resolve(scope)
    }

    /// Returns what the spec says of a resource that goes all the same, secrets too; without what is not known.
    fn body(&self, address: &Address) -> Option<YamlNode> {
        let mut node = whole(self.bodies.get(address)?);
        if let YamlValue::Map(entries) = &mut node.value {
            entries.retain(|entry| entry.value.to_value().unknown().is_none());
        }
        Some(node)
    }

    /// Returns whether what was seen of a resource is what its absence would be: a service that is stopped and disabled.
    pub fn is_as_if_absent(&self, node: usize) -> bool {
        let resolved = &self.resolution.resources[node];
        let kind = resolved.resource.kind;
        let Ok((absent, _)) = decode_absent(kind, resolved.address.clone(), &whole(resolved)) else { return false };
        let records = self.records(&[node]);
        let output = ProbeOutput { status: ProbeStatus::Done, records, messages: Vec::new() };
        is_ownable(kind) && matches!(kind.parse(&[&absent], &output).as_slice(), [AnyObserved::Absent(_)])
    }

    /// Returns what is kept of a resource, to find it again once it has left the spec. What is long is left out, where it is found
    /// without.
    pub fn identity(&self, node: usize) -> Identity {
        const LONG: usize = 200;
        let resolved = &self.resolution.resources[node];
        let kind = resolved.resource.kind;
        let found = |identity: &Identity| {
            let absent = decode_absent(kind, resolved.address.clone(), &identity.node(resolved.span));
            absent.ok().map(|(absent, _)| (kind.claims(&absent), format!("{:?}", kind.probe(&[&absent]).rows)))
        };
        let mut identity = Identity::of(&whole(resolved));
        let all = found(&identity);
        for name in identity.long(LONG) {
            let mut fewer = identity.clone();
            fewer.retain(|kept| kept != name);
            if all.is_some() && found(&fewer) == all {
                identity = fewer;
            }
        }
        identity
    }

    /// Returns why a resource is not as the spec has it, as far as its host's ledger tells.
    pub fn cause(&self, node: usize, observed: &AnyObserved) -> Option<Cause> {
        if self.has_left(node) {
            return Some(Cause::Left);
        }
        let address = &self.resolution.resources[node].address;
        let of_host = self.ledgers.get(&*address.host)?;
        let ledger = of_host.known()?;
        let Some(entry) = ledger.entries.get(&address.local()) else { return Some(Cause::Spec) };
        // What a run that was killed has left of it was nobody else.
        if of_host.journal.mentions(&address.local()) {
            return None;
        }
        let desired = self.desired_hash(node, None)?;
        if entry.desired == desired {
            return Some(Cause::Drift);
        }
        let is_as_left = entry.observed.is_empty() || self.observed_hash(node, observed, None)? == entry.observed;
        Some(if is_as_left { Cause::Spec } else { Cause::Both })
    }

    /// Hashes what the spec wants of a resource, with the key of its host's ledger or another one; nothing while a part of it is
    /// not known.
    pub fn desired_hash(&self, node: usize, key: Option<&Secret>) -> Option<String> {
        let resolved = &self.resolution.resources[node];
        let keyed = self.keyed(&resolved.address.host, key)?;
        if !resolved.deferrals.is_empty() {
            return None;
        }
        let is_absent = Value::Bool(resolved.resource.kind.is_absent(&resolved.resource));
        Some(keyed.hash([("absent", &is_absent), ("attributes", &resolved.node.to_value())]))
    }

    fn keyed(&self, host: &str, key: Option<&Secret>) -> Option<Cow<'_, Keyed>> {
        match key {
            Some(key) => Some(Cow::Owned(Keyed::new(key))),
            None => self.ledgers.get(host).map(|ledger| Cow::Borrowed(&ledger.keyed)),
        }
    }

    /// Hashes what was observed of a resource, with the key of its host's ledger or another one.
    pub fn observed_hash(&self, node: usize, observed: &AnyObserved, key: Option<&Secret>) -> Option<String> {
        let resolved = &self.resolution.resources[node];
        let keyed = self.keyed(&resolved.address.host, key)?;
        let attributes = resolved.resource.kind.observed_attributes(observed);
        let is_there = Value::Bool(matches!(observed, AnyObserved::Present(_)));
        let all = std::iter::once(("there", &is_there));
        Some(keyed.hash(all.chain(attributes.iter().map(|(name, value)| (*name, value)))))
    }
}

/// Returns the attributes of a resource, and the account that its commands run as.
fn whole(resolved: &Resolved) -> YamlNode {
    let mut node = resolved.node.clone();
    let run_as = resolved.resource.kind.common(&resolved.resource).run_as;
    if let (Some(account), YamlValue::Map(entries)) = (run_as, &mut node.value) {
        let value = YamlNode::scalar(account, resolved.span);
        entries.push(Entry { key: AS.into(), key_span: resolved.span, value });
    }
    node
}

fn address(host: &str, local: &str) -> Option<Address> {
    let (kind, name) = local.split_once(':')?;
    Some(Address::new(host, kind, name))
}
