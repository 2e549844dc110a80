//! Every kind is tried on a real host.

use std::collections::BTreeSet;

use crate::support::kinds::Trial;

#[test]
fn what_may_stay_is_what_a_plan_shows() {
    for kind in infra::kinds::all() {
        for name in kind.info().stays {
            let is_attribute = kind.attributes().iter().any(|attribute| attribute.name == *name);
            let is_shown = kind.info().shown_as.iter().any(|(_, shown)| shown == name);
            assert!(is_attribute || is_shown, "{}: {name}", kind.name());
            assert_eq!(kind.shown_as(name), *name, "{}: a plan shows it under another name", kind.name());
            let required = kind.attributes().iter().any(|attribute| attribute.name == *name && attribute.required);
            assert!(!required || is_shown, "{}: {name} cannot be left out", kind.name());
        }
    }
}

#[test]
fn every_kind_is_tried_on_a_host() {
    let trials = Trial::all();
    let tried: BTreeSet<&str> = trials.iter().flat_map(Trial::kinds).collect();
    let registered: BTreeSet<&str> = infra::kinds::all().iter().map(|kind| kind.name()).collect();
    let untried: Vec<_> = registered.difference(&tried).collect();
    assert!(untried.is_empty(), "these have no folder in tests/data/kinds: {untried:?}");
    let unknown: Vec<_> = tried.difference(&registered).collect();
    assert!(unknown.is_empty(), "tests/data/kinds has folders of kinds that are not there: {unknown:?}");
    for trial in &trials {
        for file in ["infra.yaml", "breaks.yaml"] {
            assert!(trial.folder.join(file).is_file(), "tests/data/kinds/{} has no {file}", trial.name);
        }
        let alone = trial.host.shared.is_none() || (!trial.host.containers && trial.host.packages().is_empty());
        assert!(alone, "tests/data/kinds/{} shares a host, which is a bare one", trial.name);
    }
}
