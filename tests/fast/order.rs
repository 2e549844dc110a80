//! What lies in one place has an order: of any two resources of a host of which one makes or fills a path that the other
//! looks at or writes, one comes before the other. Looked at in every spec, example, and spec of a kind's trial.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use infra::cli::DiskFiles;
use infra::diagnostic::Sources;
use infra::graph::Graph;
use infra::resource::{Claims, Mode, Space, Touches};
use infra::spec::{Knowledge, LoadOptions, load};
use infra::survey::{Scope, Survey};

/// Folders with specs.
const SPECS: &[&str] = &["specs", "examples", "tests/data/kinds", "tests/data/systems", "tests/data"];

/// Pairs for which any order is right, by what is in both addresses, with the reason.
const EITHER_WAY: &[(&str, &str, &str)] =
    &[("user:apiuser", "python_env:", "the home is there before either, so that the account brings nothing")];

fn specs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = SPECS.iter().flat_map(|of| std::fs::read_dir(root.join(of)).unwrap());
    let folders = folders.map(|entry| entry.unwrap().path()).filter(|path| path.join("infra.yaml").exists());
    folders.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Returns all that has to come before a resource.
fn before(graph: &Graph, node: usize) -> BTreeSet<usize> {
    let mut before = BTreeSet::new();
    let mut work = vec![node];
    while let Some(node) = work.pop() {
        work.extend(graph.dependencies(node).map(|(other, _)| other).filter(|&other| before.insert(other)));
    }
    before
}

/// Returns the paths that a change makes or fills.
fn made(claims: &Claims) -> Vec<&str> {
    let provides = claims.provides.iter().filter(|claim| claim.space == Space::PATH).map(|claim| claim.name.as_str());
    let below = match &claims.touches {
        Touches::Below(paths) => paths.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    provides.chain(below).collect()
}

/// Returns whether anything that it looks at or needs lies at or below a path.
fn lies_in(top: &str, claims: &Claims) -> bool {
    Touches::Below(vec![top.to_string()]).reaches(used(claims).into_iter())
}

/// Returns the paths that it looks at or needs.
fn used(claims: &Claims) -> Vec<&str> {
    let needs = claims.requires.iter().filter(|claim| claim.space == Space::PATH).map(|claim| claim.name.as_str());
    claims.looked_at().chain(needs).collect()
}

#[test]
fn what_lies_in_one_place_has_an_order() {
    let mut wrong = Vec::new();
    let specs = specs();
    assert!(specs.len() > 40, "{specs:?}");
    for spec in specs {
        let mut sources = Sources::default();
        let options = LoadOptions { spec: spec.clone(), ..LoadOptions::default() };
        let loaded =
            load(&DiskFiles, &options, &mut sources).unwrap_or_else(|_| panic!("{} has mistakes", spec.display()));
        let secrets = Knowledge::nothing(&loaded).secrets;
        let survey = Survey::new(&loaded, &DiskFiles, sources, secrets, &Scope::default())
            .unwrap_or_else(|error| panic!("{}: {error}", spec.display()));
        let graph = survey.graph();
        let all: Vec<Claims> = (0..survey.len())
            .map(|node| {
                let resource = &survey.resolved(node).resource;
                // What goes, and what only looks, makes nothing.
                let makes = !resource.kind.is_absent(resource)
                    && !matches!(resource.kind.mode(), Mode::Check | Mode::Requirement);
                if makes { resource.kind.claims(resource) } else { Claims::default() }
            })
            .collect();
        for (one, claims) in all.iter().enumerate() {
            for (other, others) in all.iter().enumerate().filter(|(other, _)| *other != one) {
                if graph.host(one) != graph.host(other) || graph.phase(one) != graph.phase(other) {
                    continue;
                }
                let meets = made(claims).into_iter().find(|top| lies_in(top, others));
                let Some(path) = meets else { continue };
                // Each edits a part of the file as it is then, and looks at it again after the other.
                let edits = |claims: &Claims| {
                    let mut parts =
                        claims.shares.iter().filter(|claim| [Space::CONTENT, Space::KEPT].contains(&claim.space));
                    parts.any(|claim| claim.name == path)
                };
                if edits(claims) && edits(others) {
                    continue;
                }
                if before(graph, other).contains(&one) || before(graph, one).contains(&other) {
                    continue;
                }
                let (one, other) = (&survey.resolved(one).address, &survey.resolved(other).address);
                let is_known = |(first, second, _): &&(&str, &str, &str)| {
                    one.to_string().contains(first) && other.to_string().contains(second)
                };
                if !EITHER_WAY.iter().any(|pair| is_known(&pair)) {
                    wrong.push(format!("{}: {one} and {other} at {path}", spec.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "no order between:\n{}", wrong.join("\n"));
}
