//! Whatever a file holds, reading it ends, and ends in a message.
#![allow(clippy::disallowed_methods, reason = "tests read their data")]

use std::io;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use crate::diagnostic::{Diagnostic, Sources, render_all};

use crate::spec::*;

const HEAD: &str = "infra: 1\nname: web\nhosts: { app1: {} }\n";

/// Loads and resolves; returns the messages.
fn run(files: &dyn Files) -> String {
    let mut sources = Sources::default();
    let options = LoadOptions { spec: "spec".into(), ..LoadOptions::default() };
    let diagnostics: Vec<Diagnostic> = match load(files, &options, &mut sources) {
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            diagnostics
        }
        Ok(spec) => {
            let first = spec.resolve(files, &Knowledge::nothing(&spec), &mut sources);
            let again = spec.resolve(files, &Knowledge::nothing(&spec), &mut sources);
            assert_eq!(first.diagnostics, again.diagnostics);
            first.diagnostics
        }
    };
    if diagnostics.is_empty() { String::new() } else { render_all(&diagnostics, &sources, false) }
}

fn spec(text: impl Into<Vec<u8>>) -> String {
    run(&MemoryFiles::new().file("spec/infra.yaml", text))
}

/// One file of a size that nobody wants to read.
struct Huge(u64);

impl Files for Huge {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        panic!("{} is read", path.display())
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        match path.extension() {
            Some(_) => Ok(FileKind::File { size: self.0, executable: false }),
            None => Ok(FileKind::Folder),
        }
    }

    fn link_kind(&self, path: &Path) -> io::Result<FileKind> {
        self.kind(path)
    }

    fn link_target(&self, _path: &Path) -> io::Result<PathBuf> {
        Err(io::ErrorKind::InvalidInput.into())
    }

    fn list(&self, _path: &Path) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(Path::new("/here").join(path))
    }
}

#[test]
fn files_that_are_no_spec_say_why() {
    let binary: Vec<u8> = b"\x7fELF\x02\x01\x01\0\0\0\xff\xfe".to_vec();
    let all = [
        ("a file of 100 MB", run(&Huge(100_000_000))),
        ("no file", run(&MemoryFiles::new().file("spec/readme", "x"))),
        ("no folder", run(&MemoryFiles::new().file("specs/infra.yaml", "x"))),
        ("a folder", run(&MemoryFiles::new().file("spec/infra.yaml/x", "x"))),
        ("a pipe", run(&MemoryFiles::new().other("spec/infra.yaml"))),
        ("a link to itself", run(&MemoryFiles::new().link("spec/infra.yaml", "infra.yaml"))),
        ("binary", spec(binary)),
        ("not UTF-8", spec(b"infra: 1\nname: caf\xe9\n".to_vec())),
        ("NUL", spec("infra: 1\n\0")),
        ("empty", spec("")),
        ("a comment", spec("# nothing\n")),
        ("a list", spec("- a\n")),
        ("a text", spec("hello")),
        ("two documents", spec(format!("{HEAD}---\na: 1\n"))),
        ("no version, name, hosts", spec("vars: {}\n")),
        ("null sections", spec("infra: 1\nname: x\nhosts:\nvars:\nfiles:\nmodules:\nsecrets:\ninclude:\n")),
        (
            "sections of other types",
            spec("infra: x\nname: [1]\nhosts: 3\nvars: []\nfiles: x\nmodules: [a]\nsecrets: [a]\n"),
        ),
        ("a UTF-16 file", spec(b"\xff\xfei\0n\0f\0r\0a\0".to_vec())),
    ]
    .map(|(what, messages)| format!("## {what}\n{messages}"));
    insta::assert_snapshot!(all.join("\n"), @r"
## a file of 100 MB
error: `spec/infra.yaml` is too large: it has 95 MiB, 16 MiB are allowed

1 error

## no file
error: there is no `infra.yaml` in `spec`
help: run this in the folder of a spec, or name the folder: `infra plan specs/NAME`

1 error

## no folder
error: there is no file `spec`
help: did you mean `specs`?

1 error

## a folder
error: `spec/infra.yaml` is a folder, not a file

1 error

## a pipe
error: `spec/infra.yaml` is not a regular file

1 error

## a link to itself
error: `spec/infra.yaml` is not a regular file

1 error

## binary
error: `spec/infra.yaml` is not a text file: it holds NUL bytes

1 error

## not UTF-8
error: `spec/infra.yaml` is not UTF-8: line 2 holds other bytes

1 error

## NUL
error: this is not a text file: it holds a NUL byte
 --> spec/infra.yaml:2:1
  |
2 | �
  | ^
  |
help: a spec is YAML text in UTF-8

1 error

## empty
error: the file is empty
 --> spec/infra.yaml:1:1
  |
1 |
  | ^
  |
help: a spec starts with `infra: 1`

1 error

## a comment
error: the file is empty
 --> spec/infra.yaml:1:1
  |
1 | # nothing
  | ^
  |
help: a spec starts with `infra: 1`

1 error

## a list
error: a spec is a mapping of sections, this is a list
 --> spec/infra.yaml:1:1
  |
1 | - a
  | ^^^
  |
help: write `infra: 1` and sections such as `files:`

1 error

## a text
error: a spec is a mapping of sections, this is a text
 --> spec/infra.yaml:1:1
  |
1 | hello
  | ^^^^^
  |
help: write `infra: 1` and sections such as `files:`

1 error

## two documents
error: a second YAML document starts here
 --> spec/infra.yaml:4:1
  |
4 | ---
  | ^^^
  |
help: a file of a spec is one document; put the rest into a file of its own and `include:` it

1 error

## no version, name, hosts
error: the format's version is missing
 --> spec/infra.yaml:1:1
  |
1 | vars: {}
  | ^
  |
help: write `infra: 1` first

error: the spec has no name
 --> spec/infra.yaml:1:1
  |
1 | vars: {}
  | ^
  |
help: write `name: NAME`; it says in each host's ledger whose resources they are

error: the spec has no hosts
 --> spec/infra.yaml:1:1
  |
1 | vars: {}
  | ^
  |
help: write `hosts:` with a name and how ssh reaches it: `app1: { address: … }`

3 errors

## null sections
error: the spec has no hosts
 --> spec/infra.yaml:1:1
  |
1 | infra: 1
  | ^
  |
help: write `hosts:` with a name and how ssh reaches it: `app1: { address: … }`

1 error

## sections of other types
error: this format version is not known
 --> spec/infra.yaml:1:8
  |
1 | infra: x
  |        ^
  |
help: write `infra: 1`

error: `name` is a text, this is a list
 --> spec/infra.yaml:2:7
  |
2 | name: [1]
  |       ^^^

error: `hosts` is a mapping; this is an integer
 --> spec/infra.yaml:3:8
  |
3 | hosts: 3
  |        ^

error: `vars` is a mapping; this is a list
 --> spec/infra.yaml:4:7
  |
4 | vars: []
  |       ^^

error: `files` is a mapping from names to attributes, or a list of names; this is a text
 --> spec/infra.yaml:5:8
  |
5 | files: x
  |        ^
  |
help: write a list: `files: [x]`

error: `modules` is a mapping; this is a list
 --> spec/infra.yaml:6:10
  |
6 | modules: [a]
  |          ^^^

error: `secrets` is a mapping; this is a list
 --> spec/infra.yaml:7:10
  |
7 | secrets: [a]
  |          ^^^

7 errors

## a UTF-16 file
error: `spec/infra.yaml` is not a text file: it holds NUL bytes

1 error
");
}

#[test]
fn what_grows_without_end_is_refused() {
    let chain = |count: usize| {
        let mut text = format!("{HEAD}vars:\n  v0: x\n");
        for at in 1..count {
            text.push_str(&format!("  v{at}: \"{{{{ vars.v{} }}}}\"\n", at - 1));
        }
        text + &format!("files: {{ /x: {{ content: \"{{{{ vars.v{} }}}}\" }} }}\n", count - 1)
    };
    assert_eq!(spec(chain(50)), "");
    assert!(spec(chain(1_000)).contains("values wait for each other"));

    let mut doubling = format!("{HEAD}vars:\n  v0: xxxxxxxxxxxxxxxx\n");
    for at in 1..60 {
        doubling.push_str(&format!("  v{at}: \"{{{{ vars.v{0} }}}}{{{{ vars.v{0} }}}}\"\n", at - 1));
    }
    let doubling = doubling + "files: { /x: { content: \"{{ vars.v59 }}\" } }\n";
    assert!(spec(doubling).contains("larger than 16 MiB"));

    let mut lists = format!("{HEAD}vars:\n  v0: [x]\n");
    for at in 1..60 {
        lists.push_str(&format!("  v{at}: \"{{{{ [vars.v{0}, vars.v{0}] }}}}\"\n", at - 1));
    }
    let lists = lists + "files: { /x: { content: \"{{ vars.v59 }}\" } }\n";
    assert!(spec(lists).contains("too large"));

    let deep = format!("{HEAD}vars: {}{}\n", "{a: ".repeat(3_000), "}".repeat(3_000));
    assert!(spec(deep).contains("more than 100 deep"));
}

#[test]
fn modules_that_multiply_are_refused() {
    let mut files = MemoryFiles::new()
        .file("spec/infra.yaml", format!("{HEAD}modules: {{ a: {{ source: m0 }}, b: {{ source: m0 }} }}\n"));
    for at in 0..15 {
        let next = at + 1;
        files = files.file(
            format!("spec/modules/m{at}/module.yaml"),
            format!("modules: {{ a: {{ source: ../m{next} }}, b: {{ source: ../m{next} }} }}\n"),
        );
    }
    let files = files.file("spec/modules/m15/module.yaml", "files: { /x: { content: x } }\n");
    assert!(run(&files).contains("more than 10000 times"));

    let mut files = MemoryFiles::new().file("spec/infra.yaml", format!("{HEAD}modules: {{ a: {{ source: m0 }} }}\n"));
    for at in 0..30 {
        let text = format!("modules: {{ a: {{ source: ../m{} }} }}\n", at + 1);
        files = files.file(format!("spec/modules/m{at}/module.yaml"), text);
    }
    assert!(run(&files).contains("more than 20 deep"));
}

#[test]
fn many_mistakes_are_counted_and_not_all_shown() {
    let mut text = HEAD.to_string() + "files:\n";
    for at in 0..5_000 {
        text.push_str(&format!("  /f{at}: {{ contnt: \"{{{{ vars.prot }}}}\" }}\n"));
    }
    let messages = spec(text);
    assert!(messages.ends_with("10000 errors\n"), "{}", &messages[messages.len() - 100..]);
    assert!(messages.contains("… and 9900 more"));
}

/// The texts of all cases, as seeds for mutations.
fn seeds() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/spec/cases");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "case"));
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Takes the first file of a case.
fn first_file(case: &str) -> String {
    let case = format!("\n{case}");
    let file = case.split("\n=== ").nth(1).unwrap();
    file.split_once('\n').unwrap().1.to_string()
}

#[derive(Clone, Debug)]
enum Edit {
    Remove(usize, usize),
    Insert(usize, &'static str),
    Repeat(usize, usize),
    Swap(usize, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let words = prop::sample::select(vec![
        "{{",
        "}}",
        "{%",
        "%}",
        "{{ vars.x }}",
        "{{ secrets.t }}",
        "{{ each.value }}",
        ":",
        "\n",
        "  ",
        "\t",
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a ",
        "<<: *a\n",
        "- ",
        "|\n",
        "null",
        "true",
        "0x",
        "é",
        "\u{202e}",
        "\0",
        "!t ",
        "%",
        "#",
        "for_each: ",
        "when: ",
        "on: ",
        "{{ range(9999) }}",
        "{% for x in vars %}",
        "{{ host.facts.x }}",
        "~",
    ]);
    let at = 0..5_000_usize;
    prop_oneof![
        (at.clone(), 1..30_usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (at.clone(), words).prop_map(|(at, word)| Edit::Insert(at, word)),
        (at.clone(), 1..60_usize).prop_map(|(at, length)| Edit::Repeat(at, length)),
        (at.clone(), at).prop_map(|(one, other)| Edit::Swap(one, other)),
    ]
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for edit in edits {
        let length = letters.len().max(1);
        match edit {
            Edit::Remove(at, count) => {
                let at = at % length;
                letters.drain(at.min(letters.len())..(at + count).min(letters.len()));
            }
            Edit::Insert(at, word) => {
                let at = (at % length).min(letters.len());
                letters.splice(at..at, word.chars());
            }
            Edit::Repeat(at, count) => {
                let at = (at % length).min(letters.len());
                let part: Vec<char> = letters[at..(at + count).min(letters.len())].to_vec();
                letters.splice(at..at, part);
            }
            Edit::Swap(one, other) if !letters.is_empty() => letters.swap(one % length, other % length),
            Edit::Swap(..) => {}
        }
    }
    letters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_end_in_a_message(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        spec(bytes);
    }

    #[test]
    fn any_text_ends(text in "\\PC{0,80}(\n[ ]{0,4}\\PC{0,40}){0,6}") {
        spec(text);
    }

    #[test]
    fn any_expression_ends(text in "(\\{\\{|\\{%|[a-z.|()\\[\\]'\"~ 0-9é]|vars|secrets\\.t|\\}\\}|%\\}| if | for | in |==|-){0,30}") {
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let head = format!("{HEAD}vars: {{ x: 1, y: [a] }}\nsecrets: {{ t: {{ env: T }} }}\n");
        spec(format!("{head}files: {{ /x: {{ content: \"{{{{ {quoted} }}}}\" }}, /y: {{ content: \"{quoted}\" }} }}\n"));
        run(&MemoryFiles::new()
            .file("spec/infra.yaml", format!("{head}files: {{ /x: {{ template: t.j2 }} }}\n"))
            .file("spec/t.j2", text));
    }

    #[test]
    fn a_changed_spec_ends(seed in 0..1000_usize, edits in prop::collection::vec(edit(), 1..8)) {
        let seeds = seeds();
        let text = first_file(&seeds[seed % seeds.len()]);
        spec(apply(&text, &edits));
    }
}
