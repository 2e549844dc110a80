//! The folders say what may be imported: the pure part only downwards, I/O never from the pure part.
use std::fs;
use std::path::{Component, Path, PathBuf};

mod circles;
mod sizes;
mod source;

/// The pure modules, each allowed to import those before it.
const PURE: &[&str] = &[
    "diagnostic",
    "model",
    "ledger",
    "resource",
    "kinds",
    "spec",
    "graph",
    "survey",
    "plan",
    "schedule",
    "render",
    "saved",
];
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Returns the crate's files without those of tests, by their path from `src`.
fn code() -> Vec<(String, PathBuf)> {
    let named = sources(&root())
        .into_iter()
        .map(|path| (path.strip_prefix(root()).unwrap().to_str().unwrap().to_string(), path));
    named.filter(|(name, _)| name != "main.rs" && !name.contains("tests/") && !name.ends_with("tests.rs")).collect()
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
        // What tests need does not weigh on the module.
        for file in sources(&root.join(module)).into_iter().filter(|file| !file.ends_with("tests.rs")) {
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

/// Returns the folders of the kinds, by name.
fn kinds() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds");
    let folders = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let names = folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_string());
    let mut names: Vec<String> = names.filter(|name| name != "shared").collect();
    names.sort();
    names
}

#[test]
fn a_folder_of_a_kind_holds_a_registered_kind_and_all_its_parts() {
    let registered: Vec<&str> = infra::kinds::all().iter().map(|kind| kind.name()).collect();
    assert_eq!(registered, kinds(), "src/kinds has a folder for each registered kind, and `shared`");
    for kind in kinds() {
        for part in ["mod.rs", "notes.md", "example.yaml", "cases"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds").join(&kind).join(part);
            assert!(path.exists(), "{} is missing", path.display());
        }
    }
}

/// Returns the files below a folder that say what a variant is, as paths from the folder, without their ending.
fn variants_below(folder: &Path) -> Vec<String> {
    let is_variant = |file: &PathBuf| fs::read_to_string(file).unwrap().contains("const VARIANT: Variant =");
    let name = |file: PathBuf| {
        let name = file.strip_prefix(folder).unwrap().with_extension("");
        name.to_str().unwrap().trim_end_matches("/mod").to_string()
    };
    let mut names: Vec<String> = sources(folder).into_iter().filter(is_variant).map(name).collect();
    names.sort();
    names
}

#[test]
fn a_variant_is_a_file_or_folder_of_its_kind_and_a_line_of_its_table() {
    let mut with_variants = 0;
    for kind in infra::kinds::all() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds").join(kind.name());
        let Some(table) = kind.variants() else {
            assert_eq!(variants_below(&folder), Vec::<String>::new(), "{} has no table of variants", kind.name());
            continue;
        };
        with_variants += 1;
        let names: Vec<&str> = table.all.iter().map(|variant| variant.name).collect();
        assert_eq!(names, table.names, "{}: a variant is called as its module", kind.name());
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, variants_below(&folder), "{}: its table, and its files with a VARIANT", kind.name());
        for variant in table.all {
            // Its name is part of the names of shell functions.
            let is_word = variant.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            assert!(is_word, "{}: the variant {} is not called by a word", kind.name(), variant.name);
            assert!(!variant.confine.is_empty(), "{}: nothing says where {} fits", kind.name(), variant.name);
            for attribute in variant.features.iter().flat_map(|feature| feature.attributes) {
                let is_known = kind.attributes().iter().any(|known| known.name == *attribute);
                assert!(is_known, "{}: {} has a feature for `{attribute}`, which is none", kind.name(), variant.name);
            }
        }
    }
    assert!(with_variants > 0, "no kind has variants");
}

#[test]
fn kinds_know_no_other_kind() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds");
    let kinds = kinds();
    let rooms = kinds.iter().map(String::as_str).chain(["shared"]);
    for room in rooms {
        for file in sources(&root.join(room)) {
            let text = fs::read_to_string(&file).unwrap();
            for other in kinds.iter().filter(|other| *other != room) {
                for path in [format!("super::{other}::"), format!("kinds::{other}::")] {
                    assert!(!text.contains(&path), "{} imports the kind {other}", file.display());
                }
            }
        }
    }
}

/// Returns the files that a source file takes in, as paths from the crate's folder, with the line.
fn included(file: &Path) -> Vec<(usize, PathBuf)> {
    let text = fs::read_to_string(file).unwrap();
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for part in line.split("include_str!(\"").skip(1) {
            let name = part.split('"').next().unwrap();
            let mut path = file.parent().unwrap().to_path_buf();
            for step in Path::new(name).components() {
                match step {
                    Component::ParentDir => _ = path.pop(),
                    step => path.push(step),
                }
            }
            found.push((number + 1, path));
        }
    }
    found
}

/// Programs and texts follow the rule of imports: a module takes in its own; a kind its own and what is shared.
#[test]
fn modules_take_in_only_their_own_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = 0;
    let mut rooms: Vec<(PathBuf, Vec<PathBuf>)> = Vec::new();
    for module in PURE.iter().chain(IO).filter(|module| **module != "kinds") {
        rooms.push((root.join(module), vec![root.join(module)]));
    }
    let shared = root.join("kinds/shared");
    rooms.push((shared.clone(), vec![shared.clone()]));
    for kind in kinds() {
        let own = root.join("kinds").join(kind);
        rooms.push((own.clone(), vec![own, shared.clone()]));
    }
    for (room, allowed) in rooms {
        let is_test = |file: &PathBuf| file.to_str().unwrap().contains("/tests");
        for file in sources(&room).into_iter().filter(|file| !is_test(file)) {
            for (line, path) in included(&file) {
                seen += 1;
                assert!(path.is_file(), "{}:{line}: {} is not there", file.display(), path.display());
                if !allowed.iter().any(|allowed| path.starts_with(allowed)) {
                    wrong.push(format!("{}:{line} takes in {}", file.display(), path.display()));
                }
            }
        }
    }
    assert!(seen > 100, "the search for included files found only {seen}");
    assert!(wrong.is_empty(), "files of others are taken in:\n{}", wrong.join("\n"));
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
