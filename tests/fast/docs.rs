//! The documentation holds: generated pages are up to date, links lead somewhere, and examples are valid specs.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use infra::diagnostic::{Sources, render_all};
use infra::kinds;
use infra::render::{Paint, kind_page, kinds_reference};
use infra::resource::COMMON;
use infra::spec::{FACTS, Knowledge, LoadOptions, MemoryFiles, load};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Says which file a page is generated from, for those who open it to edit it.
fn generated(from: &str, text: &str) -> String {
    format!("<!-- Generated from {from} by `make docs`. -->\n\n{}\n", text.trim_end())
}

/// Compares a generated page with the one that is checked in, or writes it where `INFRA_UPDATE_DOCS` is set.
fn assert_current(path: &str, text: &str) {
    let file = root().join(path);
    if std::env::var_os("INFRA_UPDATE_DOCS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        return;
    }
    let checked_in = fs::read_to_string(&file).unwrap_or_default();
    let differs = text.lines().zip(checked_in.lines()).position(|(new, old)| new != old);
    assert!(
        checked_in == text,
        "{path} is out of date from line {} on; `make docs` writes it anew",
        differs.unwrap_or_else(|| text.lines().count().min(checked_in.lines().count())) + 1
    );
}

#[test]
fn the_reference_of_kinds_is_up_to_date() {
    assert_current("docs/reference/kinds.md", &generated("the tables in src/kinds", &kinds_reference(kinds::all())));
}

#[test]
fn the_reference_of_commands_is_up_to_date() {
    let mut command = infra::cli::command().term_width(80);
    command.build();
    let mut text = String::from("# Commands\n");
    page(&mut command, "infra", &mut text);
    assert_current("docs/reference/commands.md", &generated("src/cli", &text));
}

/// Adds the help of a command and of those below it, as `--help` prints it.
fn page(command: &mut clap::Command, name: &str, text: &mut String) {
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n"));
    for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
        let name = format!("{name} {}", below.get_name());
        page(below, &name, text);
    }
}

/// Returns the Markdown files that link to others: the README and everything below docs, examples and specs.
fn pages() -> Vec<PathBuf> {
    fn collect(folder: &Path, pages: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, pages);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    let mut pages =
        ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(|page| root().join(page)).to_vec();
    for folder in ["docs", "examples", "specs"] {
        collect(&root().join(folder), &mut pages);
    }
    pages.sort();
    pages
}

/// Returns what the links of a page point to, and the names that its headings have as targets.
fn links_and_anchors(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut links, mut anchors) = (Vec::new(), Vec::new());
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        if is_code {
            continue;
        }
        if line.starts_with('#') {
            let heading = line.trim_start_matches('#').trim().to_lowercase();
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            anchors.push(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
        // Code between backticks holds no links.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for part in prose.split("](").skip(1) {
            links.push(part.split(')').next().unwrap_or_default().to_string());
        }
    }
    (links, anchors)
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    let mut seen = 0;
    for page in pages() {
        let (links, _) = links_and_anchors(&fs::read_to_string(&page).unwrap());
        for link in links {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let found = target.exists()
                && (anchor.is_empty()
                    || fs::read_to_string(&target)
                        .is_ok_and(|text| links_and_anchors(&text).1.iter().any(|name| name == anchor)));
            if !found {
                broken.push(format!("{}: {link}", page.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(seen > 10, "the search for links found only {seen}");
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

/// Returns the names of all functions of the crate and its tests, with the file that each is in.
fn functions() -> Vec<(String, PathBuf)> {
    let mut functions = Vec::new();
    let mut todo = vec![root().join("src"), root().join("tests")];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            for line in fs::read_to_string(&path).unwrap().lines() {
                let line = line.trim_start();
                let line = line.strip_prefix("async ").unwrap_or(line);
                let name = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next());
                functions.extend(name.map(|name| (name.to_string(), path.clone())));
            }
        }
    }
    functions
}

#[test]
fn tests_that_show_a_promise_are_there() {
    let functions = functions();
    let page = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let mut seen = 0;
    for test in code_words(&page).into_iter().filter(|word| word.contains("::")) {
        let (file, name) = test.rsplit_once("::").unwrap();
        let is_there = |(known, path): &(String, PathBuf)| {
            let path = path.with_extension("").display().to_string();
            known == name && path.ends_with(&file.replace("::", "/"))
        };
        assert!(functions.iter().any(is_there), "SECURITY.md names the test {test}, which is nowhere");
        seen += 1;
    }
    assert!(seen >= 15, "the search for tests found only {seen}");
}

/// Loads a spec as `infra validate` does, and returns what is wrong with it.
fn mistakes(files: &MemoryFiles) -> Option<String> {
    let mut sources = Sources::default();
    let options = LoadOptions { spec: "spec".into(), ..LoadOptions::default() };
    let wrong = match load(files, &options, &mut sources) {
        Err(diagnostics) => diagnostics,
        Ok(spec) => {
            let knowledge = Knowledge::nothing(&spec);
            spec.resolve(files, &knowledge, &mut sources).diagnostics
        }
    };
    (!wrong.is_empty()).then(|| render_all(&wrong, &sources, false))
}

/// Puts files beside a spec for every attribute that names one: `template: x`, `source: x`, `requirements: x`.
fn beside(files: MemoryFiles, example: &str) -> MemoryFiles {
    example.split(['\n', '{', ',', '}']).fold(files, |files, part| match part.trim().split_once(": ") {
        Some(("template" | "source" | "requirements" | "key_file", name)) if !name.starts_with('/') => {
            let name = name.trim().trim_matches('"');
            let is_folder = Path::new(name).extension().is_none();
            files.file(Path::new("spec").join(name).join(if is_folder { "file" } else { "" }), "text\n")
        }
        // A folder of migrations.
        Some(("dir", name)) if !name.starts_with('/') => {
            files.file(Path::new("spec").join(name.trim()).join("001_first.sql"), "SELECT 1;\n")
        }
        _ => files,
    })
}

#[test]
fn examples_of_kinds_are_valid() {
    let mut wrong = Vec::new();
    for kind in kinds::all() {
        let example = kind.documentation().example;
        assert!(example.contains(&format!("{}:", kind.section())), "the example of {} has its section", kind.name());
        let spec = format!("infra: 1\nname: example\nhosts:\n  app1: {{}}\n{example}");
        let files = beside(MemoryFiles::new().file("spec/infra.yaml", spec), example);
        if let Some(mistakes) = mistakes(&files) {
            wrong.push(format!("the example of {} is not valid:\n{mistakes}", kind.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_kind_has_in_common_with_others_is_what_its_page_says() {
    for kind in kinds::all().iter().filter(|kind| kind.has_own_section()) {
        let page = kind_page(*kind, Paint { color: false });
        let line = page.lines().find(|line| line.contains("n every resource")).unwrap();
        for attribute in COMMON {
            let section = kind.section();
            let spec = format!(
                "infra: 1\nname: x\nhosts: {{ a: {{}} }}\n{section}: {{ y: {{ {}: null }} }}\n",
                attribute.name
            );
            let said = mistakes(&MemoryFiles::new().file("spec/infra.yaml", spec)).unwrap_or_default();
            let is_refused = said.contains("has no `") || said.contains("has no source `");
            let name = format!("`{}`", attribute.name);
            assert_eq!(is_refused, !line.contains(&name), "{} of {}: {line}\n{said}", attribute.name, kind.name());
        }
    }
}

#[test]
fn the_language_reference_names_all_facts() {
    let page = fs::read_to_string(root().join("docs/reference/spec-language.md")).unwrap();
    for fact in FACTS {
        let names = fact.inside.iter().map(|inner| format!("`{}.{}`", fact.name, inner.name));
        let plain = fact.inside.is_empty().then(|| format!("`{}`", fact.name));
        for name in names.chain(plain) {
            assert!(page.contains(&name), "{name} is not in docs/reference/spec-language.md");
        }
    }
}

#[test]
fn what_a_host_must_have_is_what_it_is_asked_for() {
    let words = |text: &str| -> BTreeSet<String> { text.split_whitespace().map(String::from).collect() };
    let program = fs::read_to_string(root().join("src/host/program/start.sh")).unwrap();
    let asked = words(program.split("required='").nth(1).and_then(|rest| rest.split('\'').next()).unwrap());
    assert!(asked.contains("tar") && asked.contains("flock"), "{asked:?}");
    for (page, before) in [
        ("README.md", "programs: `sh "),
        ("docs/host-protocol.md", "busybox ash; the tests run under all three), and\n\n`"),
    ] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let told =
            text.split(before).nth(1).and_then(|rest| rest.split('`').next()).unwrap_or_else(|| panic!("{page}"));
        assert_eq!(words(told), asked, "{page}");
    }
}

#[test]
fn every_decision_has_a_date_and_its_parts() {
    let mut seen = 0;
    for entry in fs::read_dir(root().join("docs/decisions")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_string();
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let number = name.split('-').next().unwrap();
        assert!(lines[0].starts_with(&format!("# {number}: ")), "{name} begins with its number and title");
        let is_date = |line: &str| {
            let parts: Vec<&str> = line.split('-').collect();
            parts.iter().map(|part| part.len()).eq([4, 2, 2]) && line.chars().all(|c| c.is_ascii_digit() || c == '-')
        };
        assert!(is_date(lines[2]), "{name} has no date below its title");
        let heads: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("## ")).collect();
        let wanted = ["Context", "Decision", "Consequences"];
        let kept: Vec<&str> = heads.iter().copied().filter(|head| wanted.contains(head)).collect();
        assert_eq!(kept, wanted, "{name} has these parts in this order");
        seen += 1;
    }
    assert!(seen >= 12, "the search for decisions found only {seen}");
}

/// Returns the words of code in the prose of a page.
fn code_words(text: &str) -> Vec<&str> {
    let mut is_code = false;
    let prose = text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    prose.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn files_that_are_named_are_there() {
    let mut missing = Vec::new();
    let mut seen = 0;
    for page in pages().into_iter().filter(|page| !page.ends_with("CHANGELOG.md")) {
        for word in code_words(&fs::read_to_string(&page).unwrap()) {
            let begins =
                ["src/", "tests/", "docs/", "benches/", "scripts/"].iter().any(|folder| word.starts_with(folder));
            // NAME and alternative stand for a kind that somebody adds.
            let stands_for_others =
                word.contains(['*', '{', ' ']) || word.contains("NAME") || word.contains("alternative");
            if begins && !stands_for_others {
                seen += 1;
                if !root().join(word).exists() {
                    missing.push(format!("{}: {word}", page.strip_prefix(root()).unwrap().display()));
                }
            }
        }
    }
    assert!(seen > 20, "the search for files found only {seen}");
    assert!(missing.is_empty(), "files that are not there:\n{}", missing.join("\n"));
}

#[test]
fn types_of_the_code_map_are_there() {
    fn collect(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                *text += &fs::read_to_string(path).unwrap();
            }
        }
    }
    let mut source = String::new();
    collect(&root().join("src"), &mut source);
    let declared: std::collections::HashSet<&str> = source
        .lines()
        .filter_map(|line| {
            let words = line
                .trim_start()
                .split_once(' ')
                .filter(|(first, _)| first.starts_with("pub"))
                .map_or(line, |(_, rest)| rest);
            let (sort, rest) = words.trim_start().split_once(' ')?;
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
            ["struct", "enum", "trait", "fn", "type", "mod"].contains(&sort).then_some(name)
        })
        .collect();
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let is_name = |word: &&str| {
        let begins_large = word.rsplit("::").next().unwrap().starts_with(char::is_uppercase);
        word.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':') && (begins_large || word.contains("::"))
    };
    let named: Vec<&str> = code_words(&text).into_iter().filter(is_name).collect();
    assert!(named.len() > 40, "the search for names found only {}", named.len());
    for name in named {
        let missing: Vec<&str> = name.split("::").filter(|part| !declared.contains(part)).collect();
        // An alias by which another module knows it counts as declared.
        let is_alias = missing.iter().all(|part| source.contains(&format!(" as {part}")));
        assert!(is_alias, "docs/architecture.md names `{name}`, and there is no {missing:?}");
    }
}
