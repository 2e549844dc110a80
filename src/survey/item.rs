//! What a plan and an apply decide about: a resource, with all that is known about it.

use crate::model::{Address, Change, Changes, Expect, OwedAction, Value};
use crate::resource::{AnyObserved, AnyResource, Deferral, Lack};
use crate::spec::Resolved;

use super::{Rotation, Survey};

/// What is known of a resource that could not be asked about yet.
static NOT_YET: AnyObserved = AnyObserved::NotYet;

/// A resource of the run with all that is known about it.
#[derive(Debug)]
pub struct Item<'a> {
    pub address: &'a Address,
    pub resource: &'a AnyResource,
    /// `None` where it was not looked at: out of scope, or left alone.
    pub observed: Option<&'a AnyObserved>,
    /// What its host lacks of what it needs and no resource provides, as far as the host was asked.
    pub lacks: Vec<Lack>,
    /// Attributes whose values are known only later.
    pub deferrals: &'a [Deferral],
    /// What a value of it comes from, where that is on a host that the inventory lacks.
    pub beyond: Option<&'a Address>,
    /// A restart or reload the host says is still owed to it.
    pub owed: Option<OwedAction>,
    /// `when: false`.
    pub left_alone: bool,
    /// `--target` and `--host` allow changing it.
    pub in_scope: bool,
    pub prevent_destroy: bool,
    /// It has left the spec, and is to go for that.
    pub has_left: bool,
    pub ignore_changes: &'a [String],
    /// A requirement that the inventory overrides.
    pub overridden: bool,
    /// Of a secret that is being rotated.
    pub rotation: Option<Rotation>,
}

impl Item<'_> {
    /// Compares it with what was observed; `ignore_changes` and unknown attributes are taken into account.
    pub fn compare(&self, observed: &AnyObserved) -> Vec<Change> {
        let kind = self.resource.kind;
        let is_absent = kind.is_absent(self.resource);
        let mut changes = kind.diff(self.resource, observed);
        // What goes has no values any more.
        for deferral in self.deferrals.iter().filter(|_| !is_absent) {
            let attribute = kind.shown_as(&deferral.attribute);
            let unknown = Value::Unknown(deferral.until.clone());
            changes = replace(changes, attribute, unknown, &kind.observed_attributes(observed));
        }
        let is_update = matches!(observed, AnyObserved::Present(_)) && !is_absent;
        changes
            .into_vec()
            .into_iter()
            .filter(|change| !(is_update && self.ignore_changes.contains(&change.attribute)))
            .collect()
    }

    /// Returns the resources that values of it come from and are not known yet, each once.
    pub fn sources(&self) -> Vec<Address> {
        let sources = self.deferrals.iter().flat_map(|deferral| deferral.until.addresses());
        let mut sources: Vec<Address> = sources.cloned().collect();
        sources.sort();
        sources.dedup();
        sources
    }
}

/// Sets what an attribute will be, whether or not it was among the changes.
fn replace(changes: Changes, attribute: &str, after: Value, observed: &[(&'static str, Value)]) -> Changes {
    let before = observed.iter().find(|(name, _)| *name == attribute).map_or(Value::Null, |(_, value)| value.clone());
    let mut replaced = Changes::new();
    for change in changes.into_vec().into_iter().filter(|change| change.attribute != attribute) {
        replaced.push_change(change);
    }
    replaced.push(attribute, before, after);
    replaced
}

impl Survey<'_> {
    /// Returns a resource with all that is known about it.
    pub fn item(&self, at: usize) -> Item<'_> {
        let resolved = &self.resolution.resources[at];
        let observed = self.observed[at].as_ref().or_else(|| (!self.is_observable(at)).then_some(&NOT_YET));
        Item {
            address: &resolved.address,
            resource: self.resource(at),
            observed,
            lacks: self.lacks(at),
            deferrals: &resolved.deferrals,
            beyond: resolved
                .deferrals
                .iter()
                .flat_map(|deferral| deferral.until.addresses())
                .find(|address| !self.is_listed(&address.host)),
            owed: self.owed(at),
            left_alone: resolved.left_alone,
            in_scope: self.in_scope[at],
            prevent_destroy: resolved.prevent_destroy,
            has_left: self.has_left(at),
            ignore_changes: &resolved.ignore_changes,
            overridden: resolved.overridden,
            rotation: self.rotation(at),
        }
    }

    /// Compares one resource with what was seen of it last.
    pub fn compare(&self, node: usize) -> Vec<Change> {
        let item = self.item(node);
        item.observed.map(|observed| item.compare(observed)).unwrap_or_default()
    }

    /// Returns a resource as the spec has it: as it is asked about, read and compared, before its steps and after.
    pub fn resource(&self, node: usize) -> &AnyResource {
        &self.resolution.resources[node].resource
    }

    /// Returns a resource as steps are made for it: without the attributes whose drift is left alone, where it exists
    /// already.
    pub fn resource_for_steps(&self, node: usize) -> &AnyResource {
        let is_present = matches!(self.observed[node], Some(AnyObserved::Present(_)));
        self.relaxed.get(&node).filter(|_| is_present).unwrap_or_else(|| self.resource(node))
    }

    /// Returns by what a host can tell by itself that a resource is in place; nothing where drift may be left alone.
    pub fn expected(&self, node: usize) -> Option<Vec<Expect>> {
        let Resolved { resource, ignore_changes, .. } = &self.resolution.resources[node];
        resource.kind.expected(resource).filter(|_| ignore_changes.is_empty())
    }

    /// Takes note that what an earlier run left owed to a resource is done.
    pub fn paid(&mut self, node: usize) {
        self.debts.pay(&self.resolution.resources[node].address);
    }

    /// Returns the restart or reload that an earlier run left owed to a resource.
    pub fn owed(&self, node: usize) -> Option<OwedAction> {
        self.debts.of(&self.resolution.resources[node].address)
    }
}
