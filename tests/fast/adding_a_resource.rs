//! `docs/adding-a-resource.md` is followed to the letter: its blocks become files in a copy of the repository, and what they
//! make is compiled, tested and used.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "the test copies files and starts programs")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::page::{blocks_of, root};

const PAGE: &str = "docs/adding-a-resource.md";
const KIND: &str = "alternative";

/// Copies files and folders.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        // Times are kept: by them cargo tells what has changed.
        fs::copy(from, to).unwrap();
        let modified = fs::metadata(from).unwrap().modified().unwrap();
        fs::File::options().append(true).open(to).unwrap().set_modified(modified).unwrap();
    }
}

/// Gives the copy's build the dependencies that have been built for this test, so that only the crate itself is compiled.
fn seed(built: &Path, target: &Path) {
    let is_of_a_dependency = |name: &str| !name.starts_with("infra-") && !name.starts_with("libinfra-");
    for folder in ["deps", ".fingerprint", "build"] {
        fs::create_dir_all(target.join(folder)).unwrap();
        for entry in fs::read_dir(built.join(folder)).unwrap() {
            let (from, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
            let to = target.join(folder).join(&name);
            let extension = from.extension().and_then(|extension| extension.to_str());
            if to.exists() || !is_of_a_dependency(name.to_str().unwrap()) {
                continue;
            }
            match (folder, extension) {
                // These are large, and never written again.
                ("deps", Some("rlib" | "rmeta" | "so")) => fs::hard_link(from, to).unwrap(),
                ("deps", Some("d")) | (".fingerprint" | "build", _) => copy(&from, &to),
                _ => {}
            }
        }
    }
}

/// Returns the files that the page shows, each of its blocks one after another (those marked `end` last), and the lines to
/// be added to files.
fn shown() -> (BTreeMap<PathBuf, String>, Vec<(PathBuf, String)>) {
    let blocks = blocks_of(&root().join(PAGE));
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    let (last, first): (Vec<_>, Vec<_>) = blocks.iter().partition(|block| block.is("end"));
    for block in first.into_iter().chain(last) {
        let Some(file) = block.value("file") else { continue };
        let text = files.entry(file.into()).or_default();
        if !text.is_empty() && file.ends_with(".rs") {
            text.push('\n');
        }
        *text += &block.text;
    }
    let lines = blocks.iter().filter_map(|block| Some((PathBuf::from(block.value("line")?), block.text.clone())));
    (files, lines.collect())
}

/// Puts a line where it belongs by the alphabet, among lines of its sort.
fn insert(text: &str, line: &str) -> String {
    let is_of_its_sort = |other: &&str| other.starts_with("    ") && other.contains("::") && other.ends_with(',');
    let before = text.lines().find(|other| is_of_its_sort(other) && *other > line.trim_end());
    let before = before.expect("the registry has a line after this one");
    text.replacen(&format!("{before}\n"), &format!("{line}{before}\n"), 1)
}

/// Runs a command in the copy, which must succeed, and returns what it printed.
#[track_caller]
fn run(command: &mut Command, checkout: &Path) -> String {
    let output = command.current_dir(checkout).output().unwrap();
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?} in {} ends with {}:\n{printed}", checkout.display(), output.status);
    printed
}

#[test]
#[ignore = "it compiles the crate once more; `make test` runs it"]
fn the_page_makes_a_kind_that_works() {
    // A folder that stays: another run finds what this one has compiled.
    let place = root().join("target/adding-a-resource");
    let checkout = place.join("checkout");
    if checkout.exists() {
        fs::remove_dir_all(&checkout).unwrap();
    }
    fs::create_dir_all(&checkout).unwrap();
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name();
        if name != "target" && name != ".git" {
            copy(&root().join(&name), &checkout.join(&name));
        }
    }

    let (files, lines) = shown();
    let own = [Path::new("src/kinds").join(KIND), Path::new("tests/data/kinds").join(KIND)];
    for (path, text) in &files {
        assert!(own.iter().any(|folder| path.starts_with(folder)), "{} is not in the kind's folder", path.display());
        let path = checkout.join(path);
        assert!(!path.exists(), "{} is there already", path.display());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let [(registry, line)] = lines.as_slice() else { panic!("the page asks for one line in one file: {lines:?}") };
    assert_eq!((registry.as_path(), line.lines().count()), (Path::new("src/kinds/mod.rs"), 1));
    let registered = insert(&fs::read_to_string(checkout.join(registry)).unwrap(), line);
    fs::write(checkout.join(registry), registered).unwrap();

    let target = place.join("target");
    seed(Path::new(env!("CARGO_BIN_EXE_infra")).parent().unwrap(), &target.join("debug"));

    // Its cases run, the architecture allows it, and the command knows it.
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--offline", "--locked", "--test", "fast", "--", "cases::", "architecture::"]);
    // Nothing of the cargo that runs this test is meant for the one that is started here.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_") && name != "CARGO_HOME") {
        cargo.env_remove(name);
    }
    let printed = run(cargo.env("CARGO_TARGET_DIR", &target), &checkout);
    assert!(printed.contains("every_case_holds ... ok"), "{printed}");
    assert!(!printed.contains("warning"), "the page's code compiles with warnings:\n{printed}");
    let infra = target.join("debug/infra");
    assert!(run(Command::new(&infra).args(["explain", KIND]), &checkout).contains("update-alternatives(1)"));
    let spec = own[1].to_str().unwrap();
    run(Command::new(&infra).args(["validate", spec]), &checkout);
    run(Command::new(&infra).args(["validate", spec, "-e", "remove"]), &checkout);
    run(Command::new("rustfmt").args(["--check", "--edition", "2024"]).arg(own[0].join("mod.rs")), &checkout);
    run(&mut Command::new("scripts/check-shell"), &checkout);
}
