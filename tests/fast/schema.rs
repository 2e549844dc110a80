//! What the JSON Schema refuses is a mistake: it takes every spec there is. An independent validator says so.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use infra::kinds;
use infra::spec::{Role, schema};
use serde_json::{Value, json};

/// Says of each `[schema, file]` what is wrong with it, as the reference implementation for Python sees it.
const VALIDATOR: &str = "
import json, sys
from jsonschema import Draft7Validator
given = json.load(sys.stdin)
for schema in given['schemas']: Draft7Validator.check_schema(schema)
validators = [Draft7Validator(schema) for schema in given['schemas']]
json.dump([[error.message[:300] for error in validators[at].iter_errors(file)] for at, file in given['files']], sys.stdout)
";

const ROLES: [Role; 4] = [Role::Spec, Role::Overlay, Role::Inventory, Role::Module];

/// Returns what the validator holds against each text.
fn refusals(files: &[(Role, String)]) -> Vec<Vec<String>> {
    let parsed = |(role, text): &(Role, String)| {
        let at = ROLES.iter().position(|one| one == role).unwrap();
        json!([at, serde_saphyr::from_str::<Value>(text).unwrap()])
    };
    let given = json!({
        "schemas": ROLES.map(schema),
        "files": files.iter().map(parsed).collect::<Vec<_>>(),
    });
    // Debian's own, which has the package that scripts/install-tools installs.
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", VALIDATOR]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    python.stdin.take().unwrap().write_all(given.to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "the validator failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Asserts that the validator holds nothing against any text.
fn assert_fit(files: &[(Role, String)], name: impl Fn(usize) -> String) {
    for (at, refusals) in refusals(files).iter().enumerate() {
        assert!(refusals.is_empty(), "{}: {refusals:#?}", name(at));
    }
}

/// Collects the files of specs below a folder.
fn collect(folder: &Path, files: &mut Vec<(Role, PathBuf)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.ends_with("infra.yaml") {
            files.push((Role::Spec, path));
        } else if path.ends_with("module.yaml") {
            files.push((Role::Module, path));
        } else if folder.ends_with("env")
            && path.extension().is_some_and(|extension| extension == "yaml")
            // An overlay of a test that is about mistakes.
            && !path.ends_with("mistakes.yaml")
        {
            files.push((Role::Overlay, path));
        }
    }
}

#[test]
fn every_spec_fits_its_schema() {
    let mut paths = Vec::new();
    for folder in ["specs", "examples", "modules", "tests"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut paths);
    }
    let files: Vec<_> = paths.iter().map(|(role, path)| (*role, fs::read_to_string(path).unwrap())).collect();
    assert!(files.len() > 100, "the search for files found only {}", files.len());
    assert_fit(&files, |at| paths[at].1.display().to_string());
}

#[test]
fn every_example_of_a_kind_fits_the_schema() {
    let examples = kinds::all().iter().map(|kind| (Role::Spec, kind.documentation().example.to_string()));
    let examples: Vec<_> = examples.collect();
    assert_fit(&examples, |at| examples[at].1.clone());
}

#[test]
fn what_overlays_and_inventories_may_say_fits_their_schemas() {
    let files = [
        (Role::Overlay, "files: { /etc/x: null, /etc/y: { mode: '0600' } }\nhosts: { app2: null }"),
        (Role::Overlay, "units: { app.service: { content: null } }"),
        (Role::Inventory, "hosts: { app1: { address: a.example.com } }\nrequirements: { memory: null }"),
        (Role::Spec, "users: { app: { state: absent }, web: { groups: '{{ vars.groups }}' } }"),
        (Role::Spec, "packages: [nginx, curl]\nservices: { nginx: { running: '{{ vars.on }}' } }"),
        (Role::Spec, "secrets: { a: { env: A }, b: [{ env: B }, { generate: {}, keep: { path: /b, key: B } }] }"),
    ];
    let files = files.map(|(role, text)| (role, text.to_string()));
    assert_fit(&files, |at| files[at].1.clone());
}

#[test]
fn mistakes_are_refused() {
    let files = [
        (Role::Spec, "package: [nginx]"),
        (Role::Spec, "infra: 2"),
        (Role::Spec, "files: { /etc/x: { contents: a } }"),
        (Role::Spec, "files: { /etc/x: { content: [5] } }"),
        (Role::Spec, "services: { nginx: { running: maybe } }"),
        (Role::Spec, "symlinks: { /etc/x: {} }"),
        (Role::Spec, "hosts: { app1: { ssh: { port: 70000 } } }"),
        (Role::Spec, "secrets: { a: { vault: b } }"),
        (Role::Spec, "modules: { a: { sources: b } }"),
        (Role::Inventory, "files: { /etc/x: {} }"),
        (Role::Module, "name: a"),
        (Role::Module, "inputs: { a: { type: string } }"),
    ];
    let files = files.map(|(role, text)| (role, text.to_string()));
    for ((_, text), refusals) in files.iter().zip(refusals(&files)) {
        assert!(!refusals.is_empty(), "nothing is said against {text}");
    }
}
