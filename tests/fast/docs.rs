//! The documentation holds: generated pages are up to date, links lead somewhere, and examples are valid specs.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use infra::diagnostic::{Sources, render_all};
use infra::kinds;
use infra::render::kinds_reference;
use infra::spec::{Knowledge, LoadOptions, MemoryFiles, load};

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
    let mut pages = vec![root().join("README.md"), root().join("CHANGELOG.md")];
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
fn whole_specs_in_the_documentation_are_valid() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    // The walk through adding a kind has specs with a kind that is not there.
    for page in pages().into_iter().filter(|page| !page.ends_with("adding-a-resource.md")) {
        let text = fs::read_to_string(&page).unwrap();
        for block in text.split("\n```yaml\n").skip(1) {
            let example = block.split("\n```").next().unwrap_or_default();
            if !example.lines().any(|line| line.starts_with("infra: 1")) {
                continue;
            }
            seen += 1;
            let files = beside(MemoryFiles::new().file("spec/infra.yaml", example), example);
            if let Some(mistakes) = mistakes(&files) {
                wrong.push(format!("a spec in {} is not valid:\n{mistakes}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 0, "the search for specs found none");
}
