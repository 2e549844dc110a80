//! The framework of resource kinds: what a kind says of itself, and how the engine holds kinds of all sorts in one list.
//!
//! A kind says what its section of a spec may hold ([`Attribute`]), what it provides and requires ([`Claims`]), how all
//! resources of the kind on a host are observed by one program ([`crate::model::Probe`]), how desired and observed
//! differ, and which steps make them equal. It is pure: it takes values and returns values. The kinds themselves are in
//! `crate::kinds`; `docs/adding-a-resource.md` walks through one.

mod attribute;
pub(crate) mod batch;
mod behaviour;
mod capability;
mod claim;
mod erased;
mod fields;
mod found;
mod kind;
mod need;
mod object;
mod observation;
mod refusal;
mod state;
mod touches;
mod uses;
mod variant;

pub use attribute::{Attribute, COMMON, Documentation, ON, STATE, Shape};
pub use behaviour::{Lane, Mode, Trigger, TriggerSource};
pub use capability::{Companion, KnowsGoing, KnowsOthersBelow, MakesValue};
pub use claim::{Claim, Claims, Folder, Phase, Settled, Space};
pub use erased::Erased;
pub use fields::{Deferral, Fields};
pub(crate) use fields::{not_a_path, parse_duration, parse_size};
pub use found::Found;
pub use kind::{Kind, Planned};
pub use need::{Lack, Need};
pub use object::{
    AnyObserved, AnyResource, Capabilities, Common, CompanionObject, ErasedPlanned, KindInfo, KindObject,
    KnowsGoingObject, KnowsOthersBelowObject, MakesValueObject,
};
pub use observation::Observation;
pub use refusal::Refusal;
pub use state::{Resource, State};
pub use touches::Touches;
pub use uses::Uses;
pub use variant::{Choice, Confine, Feature, Reported, Table, Variant, Variants};
