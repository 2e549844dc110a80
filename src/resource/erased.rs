//! Turns a typed [`Kind`] into an object.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::model::{Change, Changes, Expect, Probe, ProbeOutput, Step, Value, YamlNode};

use super::kind::deleted;
use super::{
    AnyObserved, AnyResource, Claims, Common, Deferral, ErasedPlanned, Fields, Kind, KindInfo, KindObject, Mode,
    Observation, Planned, Refusal, Resource, State, Trigger,
};

/// Wraps a [`Kind`]; the list of kinds holds one for each.
pub struct Erased<K: Kind>(PhantomData<fn() -> K>);

impl<K: Kind> Erased<K> {
    /// The kind as an object.
    pub const OBJECT: &'static dyn KindObject = &Self::NEW;
    pub(super) const NEW: Self = Self(PhantomData);

    const INFO: KindInfo = KindInfo {
        name: K::KIND,
        section: K::SECTION,
        mode: K::KIND_MODE,
        attributes: K::ATTRIBUTES,
        common: K::COMMON,
        documentation: K::DOCUMENTATION,
        variants: K::VARIANTS,
        observed_without: K::OBSERVED_WITHOUT,
        in_order: K::IN_ORDER,
        lane: K::LANE,
        shown_as: K::SHOWN_AS,
        stays: K::STAYS,
        holds_data: K::HOLDS_DATA,
        capabilities: K::CAPABILITIES,
    };

    /// The registry pairs each resource with its own kind; anything else is a bug in the engine.
    pub(super) fn own(resource: &AnyResource) -> &Resource<K::Desired> {
        resource.inner.downcast_ref().expect("a resource is handed to the kind that decoded it")
    }

    /// Returns the resource with another wanted part.
    pub(super) fn with(resource: &AnyResource, change: impl FnOnce(&mut K::Desired)) -> AnyResource {
        let mut own = Self::own(resource).clone();
        change(&mut own.desired);
        AnyResource { kind: resource.kind, inner: Arc::new(own) }
    }

    pub(super) fn with_typed(batch: &[ErasedPlanned<'_>], make: fn(&[Planned<'_, K>]) -> Vec<Step>) -> Vec<Step> {
        let observed: Vec<Cow<'_, Observation<K::Observed>>> =
            batch.iter().map(|planned| Self::observation(planned.observed)).collect();
        let typed: Vec<Planned<'_, K>> = batch
            .iter()
            .zip(&observed)
            .map(|(planned, observed)| Planned {
                resource: Self::own(planned.resource),
                observed,
                changes: planned.changes,
                action: planned.action,
                owed: planned.owed,
            })
            .collect();
        make(&typed)
    }

    pub(super) fn observation(observed: &AnyObserved) -> Cow<'_, Observation<K::Observed>> {
        Cow::Owned(match observed {
            AnyObserved::Present(present) => {
                return Cow::Borrowed(
                    present.downcast_ref().expect("an observation is handed to the kind that parsed it"),
                );
            }
            AnyObserved::Absent(Some(variant)) => Observation::AbsentOn(variant),
            AnyObserved::Absent(None) | AnyObserved::NotYet => Observation::Absent,
            AnyObserved::Later { needs, reason } => Observation::Later { needs: needs.clone(), reason: reason.clone() },
            AnyObserved::Failed(reason) => Observation::Failed(reason.clone()),
        })
    }
}

impl<K: Kind> KindObject for Erased<K> {
    fn info(&self) -> &'static KindInfo {
        const { &Self::INFO }
    }

    fn decode(
        &self,
        common: Common,
        node: &YamlNode,
        diagnostics: &mut Vec<Diagnostic>,
        deferrals: &mut Vec<Deferral>,
    ) -> AnyResource {
        let Common { address, state, run_as, timeout } = common;
        let mut fields = Fields::new(&address.name, state, node, diagnostics, deferrals);
        if K::IS_NAMED_BY_PATH {
            fields.check_path_name();
        }
        let desired = K::decode(&mut fields);
        AnyResource { kind: Self::OBJECT, inner: Arc::new(Resource { address, state, run_as, timeout, desired }) }
    }

    fn common(&self, resource: &AnyResource) -> Common {
        let own = Self::own(resource);
        Common { address: own.address.clone(), state: own.state, run_as: own.run_as.clone(), timeout: own.timeout }
    }

    fn claims(&self, resource: &AnyResource) -> Claims {
        K::claims(Self::own(resource))
    }

    fn triggers(&self, resource: &AnyResource) -> Vec<Trigger> {
        K::triggers(Self::own(resource))
    }

    fn owed_applies(&self, resource: &AnyResource, observed: &AnyObserved) -> bool {
        K::owed_applies(Self::own(resource), &Self::observation(observed))
    }

    fn brought(&self, resource: &AnyResource) -> Option<AnyObserved> {
        let brought = K::brought(Self::own(resource))?;
        Some(AnyObserved::Present(Arc::new(Observation::Present(brought))))
    }

    fn probe(&self, all: &[&AnyResource]) -> Probe {
        K::probe(&all.iter().map(|resource| Self::own(resource)).collect::<Vec<_>>())
    }

    fn parse(&self, all: &[&AnyResource], output: &ProbeOutput) -> Vec<AnyObserved> {
        K::parse(&all.iter().map(|resource| Self::own(resource)).collect::<Vec<_>>(), output)
            .into_iter()
            .map(|observation| match observation {
                Observation::Absent => AnyObserved::Absent(None),
                Observation::AbsentOn(variant) => AnyObserved::Absent(Some(variant)),
                present @ Observation::Present(_) => AnyObserved::Present(Arc::new(present)),
                Observation::Later { needs, reason } => AnyObserved::Later { needs, reason },
                Observation::Failed(reason) => AnyObserved::Failed(reason),
            })
            .collect()
    }

    fn is_same(&self, one: &AnyObserved, other: &AnyObserved) -> bool {
        *Self::observation(one) == *Self::observation(other)
    }

    fn observed_attributes(&self, observed: &AnyObserved) -> Vec<(&'static str, Value)> {
        match &*Self::observation(observed) {
            Observation::Present(value) => K::attributes(value),
            _ => Vec::new(),
        }
    }

    fn diff(&self, resource: &AnyResource, observed: &AnyObserved) -> Changes {
        let own = Self::own(resource);
        let observation = Self::observation(observed);
        match (&*observation, own.state) {
            (Observation::Absent | Observation::AbsentOn(_), State::Absent) => Changes::new(),
            (Observation::Present(value), State::Absent) if K::KIND_MODE == Mode::Converge => deleted::<K>(value),
            _ => K::diff(own, &observation),
        }
    }

    fn remarks(&self, resource: &AnyResource, observed: &AnyObserved, changes: &[Change]) -> Vec<String> {
        K::remarks(Self::own(resource), &Self::observation(observed), changes)
    }

    fn refusal(&self, resource: &AnyResource, observed: &AnyObserved) -> Option<Refusal> {
        K::refusal(Self::own(resource), &Self::observation(observed))
    }

    fn expected(&self, resource: &AnyResource) -> Option<Vec<Expect>> {
        K::expected(Self::own(resource))
    }

    fn steps(&self, batch: &[ErasedPlanned<'_>]) -> Vec<Step> {
        Self::with_typed(batch, K::steps)
    }

    fn is_absent(&self, resource: &AnyResource) -> bool {
        Self::own(resource).is_absent()
    }
}
