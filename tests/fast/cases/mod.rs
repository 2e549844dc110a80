//! The data cases of all kinds: `src/kinds/*/cases/*.yaml`, run by one harness.
//!
//! A case says what a spec holds, what the probe writes, and what must come of it: what is observed, which attributes
//! change, which steps are made, and what the probe writes afterwards, when nothing may be left to do.
//! `docs/adding-a-resource.md` explains the format; `case.rs` is its definition.

mod case;
mod run;
mod spec;

use std::path::{Path, PathBuf};

use case::Case;

#[test]
fn every_case_holds() {
    let mut failures = Vec::new();
    let mut passed = 0;
    for folder in kind_folders() {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let kind = infra::kinds::by_name(&name).unwrap_or_else(|| panic!("{name} is no registered kind"));
        for file in case_files(&folder) {
            let place = format!("{name}/cases/{}", file.file_name().unwrap().to_string_lossy());
            let text = std::fs::read_to_string(&file).unwrap();
            let cases: Vec<Case> = match serde_saphyr::from_str_with_options(&text, case::yaml_options()) {
                Ok(cases) => cases,
                Err(error) => {
                    failures.push(format!("{place}: not readable as a list of cases: {error}"));
                    continue;
                }
            };
            for case in cases {
                let mistakes = run::run(kind, &case);
                if mistakes.is_empty() {
                    passed += 1;
                } else {
                    failures.push(format!("{place}: {}\n    {}", case.name, mistakes.join("\n    ")));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{passed} cases hold, {} do not:\n\n{}\n", failures.len(), failures.join("\n\n"));
    assert!(passed > 0, "no cases were found");
}

#[test]
fn every_kind_has_cases() {
    let bare: Vec<String> = kind_folders()
        .iter()
        .filter(|folder| case_files(folder).is_empty())
        .map(|folder| format!("src/kinds/{}/cases/", folder.file_name().unwrap().to_string_lossy()))
        .collect();
    assert!(
        bare.is_empty(),
        "these hold no cases; write at least create, change, no-op, remove and bad input: {bare:?}"
    );
}

/// Returns the folders of the kinds, sorted. One that is not a kind's has no `mod.rs`.
fn kind_folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("mod.rs").is_file())
        .filter(|path| infra::kinds::by_name(&path.file_name().unwrap().to_string_lossy()).is_some())
        .collect();
    folders.sort();
    folders
}

fn case_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder.join("cases")) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}
