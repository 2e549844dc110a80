//! The folders say what may be imported: the pure part only downwards, I/O never from the pure part.
#![allow(clippy::disallowed_methods, reason = "tests read their data")]

use std::fs;
use std::path::{Path, PathBuf};

/// The pure modules, each allowed to import those before it.
const PURE: &[&str] = &["diagnostic", "model", "resource", "spec", "graph", "plan", "render"];
/// The modules that do I/O; they may import the pure ones and these.
const IO: &[&str] = &["trace", "host", "apply", "lab", "ui", "cli"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Returns the crate's modules that a file names, with the line.
fn imports(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).unwrap();
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        for part in code.split("crate::").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                found.push((number + 1, name));
            }
        }
    }
    found
}

#[test]
fn imports_follow_the_folders() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (place, module) in PURE.iter().enumerate() {
        for file in sources(&root.join(module)) {
            for (line, name) in imports(&file) {
                seen += 1;
                let is_module = PURE.contains(&name.as_str()) || IO.contains(&name.as_str());
                if is_module && !PURE[..=place].contains(&name.as_str()) {
                    wrong.push(format!("{}:{line}: {module} imports {name}", file.display()));
                }
            }
        }
    }
    assert!(seen > 50, "the search for imports found only {seen}");
    assert!(wrong.is_empty(), "imports against the order of the folders:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(PURE.contains(&name) || IO.contains(&name), "src/{name} is in neither list of this test");
        }
    }
}

#[test]
fn kinds_know_no_other_kind() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resource");
    let kinds: Vec<String> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // A folder without cases is what several kinds share.
        .filter(|path| path.join("cases").is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_string())
        .collect();
    assert!(kinds.len() > 3);
    for kind in &kinds {
        for file in sources(&root.join(kind)) {
            let text = fs::read_to_string(&file).unwrap();
            for other in kinds.iter().filter(|other| *other != kind) {
                for path in [format!("super::{other}::"), format!("resource::{other}::")] {
                    assert!(!text.contains(&path), "{} imports the kind {other}", file.display());
                }
            }
        }
    }
}

#[test]
fn the_pure_part_does_no_input_or_output() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for module in PURE {
        for file in sources(&root.join(module)) {
            let text = fs::read_to_string(&file).unwrap();
            // Tests inside the pure part may read their data.
            let code = text.split("#[cfg(test)]").next().unwrap();
            let is_test = file.to_str().unwrap().contains("/tests") || file.ends_with("cases.rs");
            for word in [
                "std::fs",
                "std::net::Tcp",
                "std::net::Udp",
                "ToSocketAddrs",
                "std::env",
                "std::process",
                "tokio::",
                "SystemTime",
                "Instant::now",
            ] {
                let used = code.lines().any(|line| line.split("//").next().unwrap_or("").contains(word));
                assert!(is_test || !used, "{} uses {word}", file.display());
            }
        }
    }
}
