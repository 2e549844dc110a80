//! The hosts of a spec, to be found by what they are called.

use rustc_hash::FxHashMap;

use super::super::HostSpec;

/// The hosts of a spec by name and by label, as places in its list.
pub(super) struct HostIndex<'a> {
    pub names: FxHashMap<&'a str, usize>,
    pub labels: FxHashMap<&'a str, FxHashMap<&'a str, Vec<usize>>>,
}

impl<'a> HostIndex<'a> {
    pub(super) fn new(hosts: &'a [HostSpec]) -> Self {
        let mut labels: FxHashMap<&str, FxHashMap<&str, Vec<usize>>> = FxHashMap::default();
        for (at, host) in hosts.iter().enumerate() {
            for (label, value) in &host.labels {
                labels.entry(label).or_default().entry(value).or_default().push(at);
            }
        }
        Self { names: hosts.iter().enumerate().map(|(at, host)| (host.name.as_str(), at)).collect(), labels }
    }
}
