//! Every block of code in the documentation is held to what it says.
//!
//! A `yaml` block is loaded as what the words after it say it is:
//!
//! | fence | is |
//! |---|---|
//! | `yaml` | a spec; where it has no `infra: 1`, sections of one |
//! | `yaml overlay`, `yaml inventory` | an overlay of, an inventory for the spec of the page's folder, or the one given |
//! | `yaml module` | a module, which is used once |
//! | `yaml wrong` | sections with mistakes; the `text` block after it is what `infra validate` says |
//!
//! A module with `name=NAME` can be used by the blocks below it. `same=FILE` says that the block is what that file holds.
//! What else a block needs stands in a comment above it, that readers of the page do not see: `<!-- given` and below it
//! further sections of the spec, for a module the inputs it is used with; `<!-- given PATH` and below it a file beside.
//!
//! A `console` block is a transcript (`support::transcript`). It is run here, in a folder that has the repository's
//! examples, modules, specs and what the page gives, or, as `console host`, on a throwaway host by `lab::transcripts`.
//! The commands of an `sh` block are parsed, those of `infra` by its own parser. `text` is what no test knows anything of.
//! The blocks of `docs/adding-a-resource.md` that have `file=PATH` are written, compiled and run by `adding_a_resource`.
//!
//! A block that can be held to nothing says why: `<!-- unchecked: REASON -->`.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests read files and start programs")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::page::{Block, blocks, root};
use crate::support::transcript::{exchanges, is_as_shown, run};
use infra::cli::DiskFiles;
use infra::diagnostic::{Sources, render_all};
use infra::spec::{FileKind, Files, Knowledge, LoadOptions, MemoryFiles, load};

/// Files in memory, and behind them those of the repository.
struct Layered(MemoryFiles);

impl Layered {
    fn ask<T>(&self, path: &Path, ask: impl Fn(&dyn Files, &Path) -> std::io::Result<T>) -> std::io::Result<T> {
        ask(&self.0, path).or_else(|_| ask(&DiskFiles, &root().join(path.strip_prefix(HERE).unwrap_or(path))))
    }
}

impl Files for Layered {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        self.ask(path, |files, path| files.read(path))
    }

    fn kind(&self, path: &Path) -> std::io::Result<FileKind> {
        self.ask(path, |files, path| files.kind(path))
    }

    fn link_kind(&self, path: &Path) -> std::io::Result<FileKind> {
        self.ask(path, |files, path| files.link_kind(path))
    }

    fn link_target(&self, path: &Path) -> std::io::Result<PathBuf> {
        self.ask(path, |files, path| files.link_target(path))
    }

    fn list(&self, path: &Path) -> std::io::Result<Vec<String>> {
        self.ask(path, |files, path| files.list(path))
    }

    fn real(&self, path: &Path) -> std::io::Result<PathBuf> {
        self.0.real(path).or_else(|_| self.kind(path).map(|_| Path::new(HERE).join(path)))
    }
}

/// Loads a spec as `infra validate` does, and returns what is wrong with it.
fn mistakes(files: &Layered, options: &LoadOptions) -> Option<String> {
    let mut sources = Sources::default();
    let wrong = match load(files, options, &mut sources) {
        Err(diagnostics) => diagnostics,
        Ok(spec) => spec.resolve(files, &Knowledge::nothing(&spec), &mut sources).diagnostics,
    };
    (!wrong.is_empty()).then(|| render_all(&wrong, &sources, false))
}

/// Where relative paths begin, for files in memory.
const HERE: &str = "/here";

/// Where the spec of a block is, two folders deep, as `modules` are beside `specs`.
const SPEC: &str = "specs/page";

/// Returns what a spec needs at least and is not in these sections.
fn head(sections: &str) -> String {
    let has = |key: &str| sections.lines().any(|line| line.starts_with(&format!("{key}:")));
    let parts = [
        ("infra", "infra: 1\n"),
        ("name", "name: page\n"),
        ("root", "root: ../..\n"),
        ("hosts", "hosts: { app1: {} }\n"),
    ];
    parts.iter().filter(|(key, _)| !has(key)).map(|(_, line)| *line).collect()
}

/// Puts files beside a spec for every attribute that names one, and that the page does not give.
fn beside(mut files: MemoryFiles, folder: &str, example: &str) -> MemoryFiles {
    for part in example.split(['\n', '{', ',', '}']) {
        let Some((key, name)) = part.trim().split_once(": ") else { continue };
        let name = name.split(" #").next().unwrap().trim().trim_matches('"');
        if name.starts_with('/') || name.is_empty() {
            continue;
        }
        let path = Path::new(folder).join(name);
        let is_folder = path.extension().is_none();
        files = match key {
            "template" | "source" | "requirements" | "key_file" if !is_folder => files.file(path, "text\n"),
            "template" | "source" if !name.contains("modules") => files.file(path.join("file"), "text\n"),
            "dir" => files.file(path.join("001_first.sql"), "SELECT 1;\n"),
            _ => files,
        };
    }
    files
}

/// Returns the folder of the spec that a page is about, if it is about one.
fn spec_of_page(block: &Block) -> Option<String> {
    let folder = Path::new(&block.page).parent()?;
    root().join(folder).join("infra.yaml").exists().then(|| folder.to_str().unwrap().to_string())
}

/// Loads a block as what it is, beside the modules that its page has shown, and returns what is wrong with it.
fn check_yaml(block: &Block, modules: &[&Block]) -> Option<String> {
    let mut files = MemoryFiles::new().folder(".git");
    for module in modules {
        files = files.file(format!("modules/{}/module.yaml", module.value("name").unwrap()), module.text.as_str());
    }
    let mut sections = String::new();
    for (path, text) in block.above("given") {
        if path.is_empty() {
            sections += text;
        } else {
            files = files.file(path, text);
        }
    }
    let main = format!("{SPEC}/infra.yaml");
    let mut options = LoadOptions { spec: SPEC.into(), ..LoadOptions::default() };
    let files = if block.is("overlay") || block.is("inventory") {
        let folder = spec_of_page(block).unwrap_or_else(|| SPEC.to_string());
        options.spec = folder.clone().into();
        if folder == SPEC {
            files = files.file(&main, head(&sections) + &sections);
        }
        if block.is("overlay") {
            options.environment = Some("page".into());
            files.file(format!("{folder}/env/page.yaml"), block.text.as_str())
        } else {
            options.inventory = Some("inventory.yaml".into());
            files.file("inventory.yaml", block.text.as_str())
        }
    } else if block.is("module") {
        let name = block.value("name").unwrap_or("page");
        let with: String = sections.lines().map(|line| format!("      {line}\n")).collect();
        let uses = format!("modules:\n  it:\n    source: {name}\n    with:\n{with}");
        beside(files, &format!("modules/{name}"), &block.text)
            .file(format!("modules/{name}/module.yaml"), block.text.as_str())
            .file(&main, head("") + &uses)
    } else if block.text.lines().any(|line| line.starts_with("infra: 1")) {
        beside(files, SPEC, &block.text).file(&main, block.text.as_str())
    } else {
        // What the page shows is a file of its own, so that its lines are those of the messages.
        let spec = format!("{}include: [shown.yaml]\n{sections}", head(&(sections.clone() + &block.text)));
        beside(files, SPEC, &block.text).file(&main, spec).file(format!("{SPEC}/shown.yaml"), block.text.as_str())
    };
    mistakes(&Layered(files), &options)
}

/// How many blocks were held to what, for the last line.
#[derive(Debug, Default)]
struct Counts(BTreeMap<&'static str, usize>);

impl Counts {
    fn add(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    #[track_caller]
    fn assert_some(&self, what: &[&str]) {
        println!("blocks: {:?}", self.0);
        for what in what {
            assert!(self.0.get(what).is_some_and(|&count| count > 0), "the search for blocks found no {what}");
        }
    }
}

#[test]
fn yaml_in_the_documentation_is_valid() {
    let mut counts = Counts::default();
    let mut wrong = String::new();
    let all = blocks();
    for (at, block) in all.iter().enumerate().filter(|(_, block)| block.language() == "yaml") {
        if block.value("file").is_some() || block.above("unchecked").next().is_some() {
            continue;
        }
        let role = ["overlay", "inventory", "module", "wrong"].into_iter().find(|role| block.is(role));
        counts.add(role.unwrap_or("spec"));
        let modules = all[..at].iter().filter(|before| before.page == block.page && before.is("module"));
        let found = check_yaml(block, &modules.filter(|module| module.value("name").is_some()).collect::<Vec<_>>());
        let place = block.place();
        if let Some(file) = block.value("same") {
            let held = fs::read_to_string(root().join(file)).unwrap();
            if !held.ends_with(&block.text) {
                let _ = writeln!(wrong, "{place} is not what {file} holds");
            }
            counts.add("same");
        }
        match (block.is("wrong"), found) {
            (false, None) => {}
            (false, Some(found)) => {
                let _ = writeln!(wrong, "{place} is not valid:\n{found}");
            }
            (true, found) => {
                let shown = all.get(at + 1).filter(|next| next.page == block.page && next.language() == "text");
                let shown: Vec<String> = shown.map_or("", |next| &next.text).lines().map(ToString::to_string).collect();
                let found = found.unwrap_or_default().replace(&format!("{SPEC}/shown.yaml"), "infra.yaml");
                if !is_as_shown(&shown, found.trim_end()) {
                    let _ = writeln!(wrong, "{place} is said to be wrong in another way:\n{found}");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    counts.assert_some(&["spec", "overlay", "inventory", "module", "wrong", "same"]);
}

/// Makes a folder in which the commands of a page find what it speaks of.
fn place(block: &Block) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for folder in ["examples", "modules", "specs"] {
        std::os::unix::fs::symlink(root().join(folder), place.path().join(folder)).unwrap();
    }
    fs::create_dir(place.path().join("home")).unwrap();
    for (path, text) in block.above("given") {
        let path = place.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    place
}

/// Makes a command line of a shell, in a cleaned environment, that finds `infra`.
fn shell(line: &str, folder: &Path) -> Command {
    let infra = Path::new(env!("CARGO_BIN_EXE_infra")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths([infra.to_path_buf()].into_iter().chain(std::env::split_paths(&path))).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(folder).env_clear();
    command.env("PATH", path).env("HOME", folder.join("home")).env("LC_ALL", "C.UTF-8");
    command
}

#[test]
fn transcripts_are_what_the_commands_print() {
    let mut counts = Counts::default();
    let mut wrong = String::new();
    for block in blocks().iter().filter(|block| block.language() == "console") {
        let exchanges = exchanges(&block.text);
        assert!(!exchanges.is_empty(), "{} shows no command", block.place());
        if block.is("host") {
            counts.add("on a host");
            continue;
        }
        counts.add("here");
        let place = place(block);
        for exchange in exchanges {
            let printed = run(&mut shell(&exchange.command, place.path()));
            if !is_as_shown(&exchange.printed, &printed) {
                let _ = writeln!(wrong, "{}: `{}` prints\n{printed}", block.place(), exchange.command);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    counts.assert_some(&["here", "on a host"]);
}

/// Splits a line of shell into words, as far as documentation has them: quotes, comments, no expansion.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        let last = words.last_mut().unwrap();
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => last.push(c),
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') if last.is_empty() => break,
            (None, c) if c.is_whitespace() => words.push(String::new()),
            (None, c) => last.push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn commands_in_the_documentation_are_commands() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let mut counts = Counts::default();
    let mut wrong = String::new();
    for block in blocks().iter().filter(|block| block.language() == "sh") {
        let mut child = Command::new("sh").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(block.text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        counts.add("shell");
        if !output.status.success() {
            let _ = writeln!(wrong, "{}: {}", block.place(), String::from_utf8_lossy(&output.stderr));
        }
        for line in block.text.lines() {
            let words = words(line);
            let redirected = words.iter().position(|word| [">", "|", "&&"].contains(&word.as_str()));
            let words = &words[..redirected.unwrap_or(words.len())];
            match words.first().map(String::as_str) {
                Some("infra") => {
                    counts.add("infra");
                    if let Err(error) = infra::cli::command().try_get_matches_from(words) {
                        let _ = writeln!(wrong, "{}: `{line}`: {error}", block.place());
                    }
                }
                Some("make") => {
                    counts.add("make");
                    let target = words.get(1).map_or("", String::as_str);
                    if !makefile.contains(&format!("\n{target}:")) {
                        let _ = writeln!(wrong, "{}: `{line}`: no such target", block.place());
                    }
                }
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    counts.assert_some(&["shell", "infra", "make"]);
}

#[test]
fn every_block_is_of_a_sort_that_is_held_to_something() {
    let mut wrong = Vec::new();
    for block in blocks() {
        let is_held = match block.language() {
            "yaml" | "console" | "text" => true,
            "sh" | "rust" if block.value("file").is_some() || block.value("line").is_some() => {
                block.page == "docs/adding-a-resource.md"
            }
            "sh" => true,
            _ => false,
        };
        let has_reason = block.above("unchecked").any(|(reason, _)| !reason.is_empty());
        if !is_held && !has_reason {
            wrong.push(format!("{}: a block of `{}`", block.place(), block.words.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "blocks that no test knows anything of:\n{}", wrong.join("\n"));
}

#[test]
fn what_is_left_out_may_be_anything_and_nothing_else() {
    let shown = |text: &str| text.lines().map(ToString::to_string).collect::<Vec<_>>();
    assert!(is_as_shown(&shown("a\n…\nd"), "a\nb\nc\nd\n"));
    assert!(is_as_shown(&shown("…/inventory.yaml at 10.1.2.3, 5 bytes"), "/x/inventory.yaml at 10.9.9.9, 66 bytes"));
    assert!(is_as_shown(&shown("…"), ""));
    assert!(!is_as_shown(&shown("a\nd"), "a\nb\nd\n"));
    assert!(!is_as_shown(&shown("a …"), "b a\n"));
    assert!(!is_as_shown(&shown("1 frames, 5 bytes"), "2 frames, 5 bytes"));
    assert!(!is_as_shown(&shown(""), "a"));
}
