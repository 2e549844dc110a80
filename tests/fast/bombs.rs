//! Specs that grow without end when they are evaluated: each ends in a message with its place, in little memory and time.
//!
//! The command runs with a limit on its memory, as a small machine has one, and on its time.
#![allow(clippy::disallowed_macros, reason = "a test prints what it tried")]

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How much memory a bomb may take, in KiB.
const MEMORY: u64 = 256 << 10;
const TIME: Duration = Duration::from_secs(10);
const HEAD: &str = "infra: 1\nname: bomb\nhosts: { app1: {} }\n";

/// The files of a bomb.
type Files = Vec<(&'static str, String)>;
/// What it is, and its files.
type Bomb = (&'static str, Files);

/// A spec with one file that is made by an expression.
fn content(expression: &str) -> Files {
    vec![("infra.yaml", format!("{HEAD}files: {{ /x: {{ content: '{expression}' }} }}\n"))]
}

/// A spec with one file that is made by a template.
fn template(text: &str) -> Files {
    let spec = format!("{HEAD}files: {{ /x: {{ template: bomb.j2 }} }}\n");
    vec![("infra.yaml", spec), ("bomb.j2", text.to_string())]
}

/// A template in which something is done 60 times over.
fn repeated(first: &str, step: &str, last: &str) -> Files {
    template(&format!("{first}{}{last}\n", step.repeat(60)))
}

/// A spec with 60 variables, each made of the one before.
fn chain(first: &str, next: impl Fn(&str) -> String) -> Files {
    let mut spec = format!("{HEAD}vars:\n  v0: {first}\n");
    for at in 1..60 {
        let _ = writeln!(spec, "  v{at}: \"{}\"", next(&format!("vars.v{}", at - 1)));
    }
    vec![("infra.yaml", format!("{spec}files: {{ /x: {{ content: \"{{{{ vars.v59 | tojson }}}}\" }} }}\n"))]
}

/// Aliases of aliases.
fn aliases() -> Files {
    let mut spec = format!("{HEAD}vars:\n  a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for at in 1..12 {
        let all = vec![format!("*a{}", at - 1); 10].join(", ");
        let _ = writeln!(spec, "  a{at}: &a{at} [{all}]");
    }
    vec![("infra.yaml", spec)]
}

/// A text of a megabyte.
const LARGE: &str = "{% set b = \"x\" * 1000000 %}";

/// Filters, operators and methods that make texts.
fn texts() -> Vec<Bomb> {
    let (large, text) = (LARGE, "{% set x = \"0123456789abcdef\" %}");
    vec![
        ("format with a width", content("{{ \"%1000000000000d\" | format(1) }}")),
        ("format with a precision", content("{{ \"%.1000000000000f\" | format(1.5) }}")),
        ("format by a method", content("{{ \"{:1000000000000}\".format(1) }}")),
        ("format by a method, many times", template(&format!("{{{{ \"{}\".format(1) }}}}", "{0:99999}".repeat(9_999)))),
        ("format with large arguments", template(&format!("{large}{{{{ \"{}\".format(b) }}}}", "{0}".repeat(9_999)))),
        ("a text times a number", content("{{ \"x\" * 100000000000 }}")),
        (
            "format with large arguments by name",
            template(&format!("{large}{{{{ \"{}\" | format(b=b) }}}}", "%(b)s".repeat(9_999))),
        ),
        ("indent", content("{{ (\"a\\n\" * 100000) | indent(10000000) }}")),
        ("replace", template(&format!("{large}{{{{ b | replace(\"x\", b) }}}}"))),
        ("replace by a method", template(&format!("{large}{{{{ b.replace(\"x\", b) }}}}"))),
        ("replace of nothing", template(&format!("{large}{{{{ b | replace(\"\", b) }}}}"))),
        ("regex_replace", template(&format!("{large}{{{{ b | regex_replace(\"x\", b) }}}}"))),
        (
            "regex_replace with groups",
            template(&format!("{large}{{{{ b | regex_replace(\"(x+)\", \"{}\") }}}}", "\\\\1".repeat(9_999))),
        ),
        (
            "a large regular expression",
            template(&format!(
                "{large}{{% for i in range(9999) %}}{{{{ b is search(\"(x?){{900}}(y|x){{90}}z\") }}}}{{% endfor %}}"
            )),
        ),
        ("~ that doubles", repeated(text, "{% set x = x ~ x %}", "{{ x }}")),
        ("+ that doubles a text", repeated(text, "{% set x = x + x %}", "{{ x }}")),
        (
            "~ in a loop",
            template(
                "{% set n = namespace(x=\"0123456789abcdef\") %}{% for i in range(9999) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
            ),
        ),
        ("~ of variables", chain("0123456789abcdef", |before| format!("{{{{ {before} ~ {before} }}}}"))),
        ("texts of variables", chain("0123456789abcdef", |before| format!("{{{{ {before} }}}}{{{{ {before} }}}}"))),
    ]
}

/// Lists that grow, and what is made of them.
fn lists() -> Vec<Bomb> {
    let large = LARGE;
    let list = "{% set x = [1] %}{% set y = [1] %}";
    let nest = "{% set x = [x, x] %}{% set y = [y, y] %}";
    vec![
        ("lists of variables", chain("[x]", |before| format!("{{{{ [{before}, {before}] }}}}"))),
        ("+ of lists of variables", chain("[x]", |before| format!("{{{{ {before} + {before} }}}}"))),
        ("+ of lists", repeated(list, "{% set x = x + x %}", "{{ x | length }}")),
        ("+ of lists, as text", repeated(list, "{% set x = x + x %}", "{{ x | join }}")),
        ("lists in lists, tojson", repeated(list, nest, "{{ x | tojson }}")),
        ("lists in lists, string", repeated(list, nest, "{{ x | string }}")),
        ("lists in lists, ~", repeated(list, nest, "{{ \"\" ~ x }}")),
        ("lists in lists, join", repeated(list, nest, "{{ [x] | join }}")),
        ("lists in lists, join by a method", repeated(list, nest, "{{ \"\".join([x]) }}")),
        ("lists in lists, compared", repeated(list, nest, "{{ x == y }}")),
        ("lists in lists, in", repeated(list, nest, "{{ x in [y] }}")),
        ("lists in lists, sorted", repeated(list, nest, "{{ [x, y] | sort | length }}")),
        ("lists in lists, unique", repeated(list, nest, "{{ [x, y] | unique | list | length }}")),
        (
            "mappings in mappings",
            repeated("{% set x = {\"a\": 1} %}", "{% set x = {\"a\": x, \"b\": x} %}", "{{ x | tojson }}"),
        ),
        ("tojson of a large text many times", template(&format!("{large}{{{{ ([b] * 100000) | tojson }}}}"))),
        ("tojson with an indent", content("{{ [[[1]]] | tojson(indent=100000000000) }}")),
        ("join of a large text many times", template(&format!("{large}{{{{ ([b] * 100000) | join }}}}"))),
        ("join with a large text", template(&format!("{large}{{{{ range(99999) | join(b) }}}}"))),
        ("a large list", content("{{ [1] * 100000000000 }}")),
        ("a list of a large list", content("{{ ([1] * 90000000) | list | length }}")),
        ("batch with a filler", content("{{ [1] | batch(100000000000, 0) | list | length }}")),
        ("slice into many", content("{{ [1] | slice(100000000000, 0) | list | length }}")),
        ("a large range", content("{{ range(100000000000) | list | length }}")),
    ]
}

/// Loops, templates, and whole specs.
fn loops() -> Vec<Bomb> {
    vec![
        (
            "ranges in ranges",
            template(
                "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}x{% endfor %}{% endfor %}{% endfor %}",
            ),
        ),
        (
            "a loop that makes nothing",
            template("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"),
        ),
        ("filters in loops", template("{% for a in range(99999) %}{{ range(99999) | sum }}{% endfor %}")),
        ("a macro that calls itself", template("{% macro m(x) %}{{ m(x) }}{{ m(x) }}{% endmacro %}{{ m(1) }}")),
        ("macros that call each other", template(&macros())),
        ("a template that takes itself in", template("{% include \"bomb.j2\" %}{% include \"bomb.j2\" %}")),
        ("a template of very many expressions", template(&"{{ 1 }}".repeat(1_000_000))),
        (
            "many resources",
            vec![(
                "infra.yaml",
                format!(
                    "{HEAD}files: {{ '/{{{{ each.value }}}}': {{ for_each: '{{{{ range(100000) | list }}}}', content: x }} }}\n"
                ),
            )],
        ),
        ("large values of many variables", vec![("infra.yaml", large_values())]),
        ("aliases of aliases", aliases()),
        (
            "deep lists",
            vec![("infra.yaml", format!("{HEAD}vars: {{ x: {}{} }}\n", "[".repeat(100_000), "]".repeat(100_000)))],
        ),
        ("deep blocks", vec![("infra.yaml", format!("{HEAD}vars:\n  x:\n    {}1\n", "- ".repeat(100_000)))]),
        ("a deep expression", content(&format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000)))),
        ("deep templates", template(&format!("{}{}", "{% if 1 %}".repeat(50_000), "{% endif %}".repeat(50_000)))),
        (
            "includes in a circle",
            vec![
                ("infra.yaml", format!("{HEAD}include: [a.yaml]\n")),
                ("a.yaml", "include: [b.yaml]\n".into()),
                ("b.yaml", "include: [a.yaml]\n".into()),
            ],
        ),
        (
            "modules in a circle",
            vec![
                ("infra.yaml", format!("{HEAD}modules: {{ m: {{ source: ./m }} }}\n")),
                ("m/module.yaml", "modules: { n: { source: ../n } }\n".into()),
                ("n/module.yaml", "modules: { m: { source: ../m } }\n".into()),
            ],
        ),
        (
            "modules many times",
            vec![
                (
                    "infra.yaml",
                    format!("{HEAD}modules: {{ m: {{ source: ./m, for_each: '{{{{ range(99999) | list }}}}' }} }}\n"),
                ),
                ("m/module.yaml", "files: { /x: { content: x } }\n".into()),
            ],
        ),
    ]
}

fn macros() -> String {
    let mut text = "{% macro m0() %}x{% endmacro %}".to_string();
    for at in 1..40 {
        let _ = write!(text, "{{% macro m{at}() %}}{{{{ m{0}() }}}}{{{{ m{0}() }}}}{{% endmacro %}}", at - 1);
    }
    text + "{{ m39() }}"
}

fn large_values() -> String {
    let mut spec = format!("{HEAD}vars:\n");
    for at in 0..500 {
        let _ = writeln!(spec, "  v{at}: '{{{{ \"{at}\" * 1000000 }}}}'");
    }
    let uses = (0..500).map(|at| format!("  /f{at}: {{ content: '{{{{ vars.v{at} }}}}' }}\n"));
    format!("{spec}files:\n{}", uses.collect::<String>())
}

/// Runs the command on a spec within the limits. Returns what it printed, or why it did not end by itself.
fn run(folder: &Path) -> Result<String, String> {
    let mut command = Command::new("prlimit");
    command.arg(format!("--data={}", MEMORY * 1024)).arg("--core=0");
    command.arg(assert_cmd::cargo::cargo_bin!("infra")).arg("validate").arg(folder).env_clear();
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        stderr.read_to_end(&mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    });
    let deadline = Instant::now() + TIME;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                child.kill().unwrap();
                child.wait().unwrap();
                return Err(format!("still runs after {TIME:?}"));
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let printed = reader.join().unwrap().unwrap();
    match (status.code(), status.signal()) {
        (Some(1), _) => Ok(printed),
        (code, signal) => Err(format!("ended with {code:?}, signal {signal:?}: {printed}")),
    }
}

#[test]
fn texts_that_grow_end_in_a_message_with_its_place() {
    hold(&texts());
}

#[test]
fn lists_that_grow_end_in_a_message_with_its_place() {
    hold(&lists());
}

#[test]
fn loops_and_specs_that_grow_end_in_a_message_with_its_place() {
    hold(&loops());
}

fn hold(bombs: &[Bomb]) {
    let mut wrong = String::new();
    for (name, files) in bombs {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let place = format!(" --> {}", folder.path().display());
        match run(folder.path()) {
            Ok(printed) if printed.starts_with("error: ") && printed.contains(&place) && printed.len() < 100_000 => {
                println!("{name}: {}", printed.lines().next().unwrap_or_default());
            }
            Ok(printed) => {
                let _ =
                    writeln!(wrong, "## {name}\nno message with a place:\n{}", &printed[..printed.len().min(2_000)]);
            }
            Err(why) => {
                let _ = writeln!(wrong, "## {name}\n{}", &why[..why.len().min(2_000)]);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    println!("bombs: {} tried, {} held", bombs.len(), bombs.len());
}
