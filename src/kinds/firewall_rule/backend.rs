//! Rules as the spec wants them, and what a program does that keeps them.

use crate::model::{Changes, Expect, ProbeOutput, Record, Row, Step, Value};
use crate::resource::{Fields, Found, Observation, Planned, Resource, Variant};

use super::rule::{Match, Network, Verdict};

/// What a program does that keeps rules.
pub trait Backend: Sync {
    /// Returns the program that observes; it takes the rows whose first field is its name.
    fn probe(&self) -> &'static str;
    /// Reports what it has no words for in a rule that should be there.
    fn check(&self, fields: &mut Fields<'_>, desired: &Desired);
    /// Returns what its probe has to know: its name, and more.
    fn row(&self, resource: &Resource<Desired>) -> Row;
    /// Reads the first record of each of its resources.
    fn observe(&self, rows: &[(&Record, &Resource<Desired>)], output: &ProbeOutput) -> Vec<Observation<Found>>;
    fn attributes(&self, found: &Found) -> Vec<(&'static str, Value)>;
    /// Compares what it has with what the spec wants.
    fn diff(&self, resource: &Resource<Desired>, found: Option<&Found>) -> Changes;
    /// Says what the first record must be.
    fn expected(&self, resource: &Resource<Desired>) -> Option<Vec<Expect>>;
    /// Makes the step that sets those of the batch that `covers` names.
    fn step(&self, batch: &[Planned<'_, FirewallRule>], covers: Vec<usize>) -> Step;
}

/// A rule of the host's packet filter.
pub struct FirewallRule;

/// A rule as the spec wants it.
#[derive(Clone, Debug)]
pub struct Desired {
    pub(super) verdict: Verdict,
    pub(super) matches: Match,
    pub(super) comment: Option<String>,
    /// The firewall is turned on.
    pub(super) enable: bool,
    /// The spec says which packets it is about; one that should be absent need not.
    pub(super) is_described: bool,
    pub(super) backend: &'static Variant,
}

/// What there is of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    pub(super) backend: &'static Variant,
    pub(super) found: Found,
}

/// Returns what the backend of a rule has of it; what another one has is nothing to it.
pub(super) fn found<'a>(resource: &Resource<Desired>, observed: &'a Observation<Observed>) -> Option<&'a Found> {
    observed.found().filter(|observed| observed.backend == resource.desired.backend).map(|observed| &observed.found)
}

pub(super) fn purpose(batch: &[Planned<'_, FirewallRule>], covers: &[usize]) -> String {
    match covers {
        [one] => format!("set the firewall rule {}", batch[*one].resource.name()),
        _ => format!("set {} firewall rules", covers.len()),
    }
}

/// Returns the attributes of a rule in the order a reader wants, each with a value or null.
pub(super) fn described(verdict: Verdict, matches: &Match) -> Vec<(&'static str, Value)> {
    let text = |network: &Option<Network>| network.map_or(Value::Null, |network| network.to_string().into());
    let port = if matches.ports.is_empty() { Value::Null } else { matches.ports.to_string().into() };
    vec![
        ("action", verdict.word().into()),
        ("direction", if matches.is_outgoing { "out" } else { "in" }.into()),
        ("port", port),
        ("protocol", matches.protocol.as_deref().unwrap_or("any").into()),
        ("from", text(&matches.from)),
        ("to", text(&matches.to)),
        ("interface", matches.interface.clone().into()),
    ]
}
