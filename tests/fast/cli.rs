//! Whole commands: what they print, and how they end. Everything stays in a temporary folder; nothing needs root.
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use regex::Regex;
use tempfile::TempDir;

use crate::support;

/// When something was, in UTC.
static MOMENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ").unwrap());

/// A folder with a spec, and a home of its own.
struct Place {
    folder: TempDir,
}

impl Place {
    /// Writes a spec for this machine; `{dir}` in it stands for a folder that resources may be in.
    fn new(sections: &str) -> Self {
        Self::with(&format!("hosts: {{ here: {{ transport: local }} }}\n{sections}"))
    }

    fn with(text: &str) -> Self {
        let place = Self { folder: TempDir::new().unwrap() };
        fs::create_dir(place.path().join("home")).unwrap();
        fs::create_dir(place.path().join("data")).unwrap();
        place.write("infra.yaml", &format!("infra: 1\nname: test\n{text}"));
        place
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> String {
        self.path().join("data").to_str().unwrap().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text.replace("{dir}", &self.data())).unwrap();
    }

    /// Puts a program onto the path of what runs here.
    fn program(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        fs::create_dir_all(self.path().join("bin")).unwrap();
        let path = self.path().join("bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Makes an identity and a file that it decrypts.
    fn encrypt_with_age(&self, text: &str, identity: &str, file: &str) {
        let run = |program: &str, arguments: &[&str], input: &str| {
            use std::io::Write;
            let mut command = Command::new(program);
            command.args(arguments).current_dir(self.path()).stdin(std::process::Stdio::piped());
            let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("age is installed");
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success());
            String::from_utf8(output.stdout).unwrap()
        };
        run("age-keygen", &["-o", identity], "");
        let recipient = run("age-keygen", &["-y", identity], "");
        run("age", &["--encrypt", "--recipient", recipient.trim(), "--output", file], text);
    }

    /// Runs the command in a cleaned environment; returns what it printed and its exit status.
    fn run(&self, arguments: &[&str]) -> String {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let mut command = support::infra_here(self.path());
        command.args(arguments).current_dir(self.path()).env_clear();
        command.env("XDG_STATE_HOME", self.path().join("state"));
        let path = std::env::join_paths(
            std::iter::once(self.path().join("bin")).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        command.env("PATH", path.unwrap()).env("HOME", self.path().join("home"));
        command.envs(variables.iter().copied()).stdin(std::process::Stdio::null());
        let output = command.output().unwrap();
        let mut text = format!("$ infra {}\n", arguments.join(" "));
        for (name, bytes) in [("", &output.stdout), ("stderr", &output.stderr)] {
            let shown = String::from_utf8_lossy(bytes);
            let shown = shown.replace(&self.data(), "{dir}").replace(self.path().to_str().unwrap(), "{spec}");
            let shown = MOMENT.replace_all(&shown, "{moment}");
            for line in shown.lines() {
                let _ = writeln!(text, "{name}{}{line}", if name.is_empty() { "" } else { "| " });
            }
        }
        let _ = writeln!(text, "exit {}", output.status.code().unwrap());
        text
    }
}

const APP: &str = concat!(
    "directories: { '{dir}/app': { mode: '0750' } }\n",
    "files:\n",
    "  '{dir}/app/config': { content: \"port: 8001\\nname: app\\n\", mode: '0640' }\n",
    "commands: { build: { run: \"echo built >{dir}/app/built\", creates: '{dir}/app/built' } }\n",
);

fn mode(path: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn validate_reports_all_mistakes_at_once() {
    let place = Place::new(concat!(
        "filse: {}\n",
        "files: { /etc/x: { contnet: a, mode: [1] }, /etc/y: { content: '{{ vars.nope }}' } }\n",
        "services: { s: { running: maybe, depends_on: ['file:/etc/z'] } }\n",
    ));
    insta::assert_snapshot!(place.run(&["validate"]));
}

#[test]
fn validate_reports_references_and_cycles() {
    let place = Place::new(concat!(
        "files:\n",
        "  /etc/a: { content: a, depends_on: ['file:/etc/b'] }\n",
        "  /etc/b: { content: b, depends_on: ['file:/etc/a', 'file:/etc/c'] }\n",
    ));
    insta::assert_snapshot!(place.run(&["validate"]));
    assert!(Place::new(APP).run(&["validate"]).ends_with("exit 0\n"));
}

#[test]
fn apply_creates_changes_and_then_has_nothing_to_do() {
    let place = Place::new(APP);
    let mut story = place.run(&["plan", "--detailed-exitcode"]);
    story += &place.run(&["apply", "-y"]);
    story += &place.run(&["plan", "--detailed-exitcode"]);
    let config = format!("{}/app/config", place.data());
    assert_eq!(mode(&config), 0o640);
    fs::write(&config, "port: 9000\nname: app\n").unwrap();
    story += &place.run(&["apply", "-y"]);
    assert_eq!(fs::read_to_string(&config).unwrap(), "port: 8001\nname: app\n");
    story += &place.run(&["apply", "-y"]);
    insta::assert_snapshot!(story);
}

#[test]
fn a_failure_skips_what_depends_on_it_and_nothing_else() {
    let place = Place::new(concat!(
        "commands:\n",
        "  breaks: { run: \"echo one; echo two >&2; exit 3\", creates: '{dir}/never' }\n",
        "  after: { run: 'true', creates: '{dir}/after', depends_on: [command:breaks] }\n",
        "files:\n",
        "  '{dir}/other': { content: x }\n",
        "  '{dir}/later': { content: x, depends_on: [command:after] }\n",
    ));
    insta::assert_snapshot!(place.run(&["apply", "-y"]));
    assert!(Path::new(&format!("{}/other", place.data())).exists());
    assert!(!Path::new(&format!("{}/later", place.data())).exists());
}

#[test]
fn a_command_that_does_not_do_what_it_says_fails() {
    let place = Place::new("commands: { lies: { run: 'true', creates: '{dir}/never' } }\n");
    insta::assert_snapshot!(place.run(&["apply", "-y"]));
}

#[test]
fn a_failing_check_is_a_finding_of_a_plan_and_fails_an_apply() {
    let place = Place::new("checks: { there: { command: \"test -e {dir}/there\", within: 1s } }\n");
    let mut story = place.run(&["plan"]);
    story += &place.run(&["apply", "-y"]);
    fs::write(format!("{}/there", place.data()), "").unwrap();
    story += &place.run(&["plan"]);
    story += &place.run(&["apply", "-y"]);
    insta::assert_snapshot!(story);
    fs::remove_file(format!("{}/there", place.data())).unwrap();
    let status = |text: String| text.lines().last().map(str::to_string).unwrap();
    assert_eq!(status(place.run(&["plan", "--detailed-exitcode"])), "exit 3");
    let spec = fs::read_to_string(place.path().join("infra.yaml")).unwrap();
    place.write("infra.yaml", &format!("{spec}files: {{ '{}/new': {{}} }}\n", place.data()));
    assert_eq!(status(place.run(&["plan", "--detailed-exitcode"])), "exit 2");
}

#[test]
fn targets_leave_the_rest_and_delete_nothing() {
    let place = Place::new(concat!(
        "directories: { '{dir}/a': {}, '{dir}/b': {} }\n",
        "files: { '{dir}/a/f': { content: x }, '{dir}/old': { state: absent } }\n",
    ));
    fs::write(format!("{}/old", place.data()), "").unwrap();
    let in_a = format!("file:{}/a/f", place.data());
    let old = format!("file:{}/old", place.data());
    let story = place.run(&["apply", "-y", "--target", &in_a, "--target", &old]);
    insta::assert_snapshot!(story.replace(&place.data(), "{dir}"));
    assert!(Path::new(&format!("{}/old", place.data())).exists());
    assert!(!Path::new(&format!("{}/b", place.data())).exists());
}

/// What would be replaced stays as it is, what needs it is not done, and what only reacts to it is.
#[test]
fn a_partial_run_replaces_nothing_and_does_nothing_that_needs_it() {
    let place = Place::new(concat!(
        "symlinks: { '{dir}/app': { target: /x, force: true } }\n",
        "files:\n",
        "  '{dir}/needs': { content: x, depends_on: ['symlink:{dir}/app'] }\n",
        "  '{dir}/needs-that': { content: x, depends_on: ['file:{dir}/needs'] }\n",
        "  '{dir}/free': { content: x }\n",
    ));
    fs::write(format!("{}/app", place.data()), "").unwrap();
    let story = place.run(&["apply", "-y", "--host", "here"]);
    insta::assert_snapshot!(story.replace(&place.data(), "{dir}"));
    assert!(Path::new(&format!("{}/app", place.data())).is_file());
    assert!(!Path::new(&format!("{}/needs", place.data())).exists());
    let whole = place.run(&["apply", "-y"]);
    assert!(whole.contains("exit 0"), "{whole}");
    assert!(Path::new(&format!("{}/app", place.data())).is_symlink());
}

#[test]
fn json_is_data_alone() {
    let place = Place::new(APP);
    let text = place.run(&["plan", "--format", "json"]);
    let json = text.split_once('\n').unwrap().1.rsplit_once("exit 0").unwrap().0;
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    insta::assert_json_snapshot!(json);
}

#[test]
fn colour_follows_the_option_and_the_environment() {
    let place = Place::new("files: { '{dir}/f': { content: \"x\\n\" } }\n");
    let plain = place.run(&["plan"]);
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let asked = place.run_with(&["plan", "--color", "always"], &[("NO_COLOR", "1")]);
    insta::assert_snapshot!(asked.replace('\u{1b}', "ESC"));
    assert!(!place.run(&["plan", "--color", "never"]).contains('\u{1b}'));
}

#[test]
fn usage_errors_end_with_64() {
    let place = Place::new(APP);
    let mut story = String::new();
    for arguments in [
        &["apply"][..],
        &["plan", "--target", "nothing"],
        &["plan", "--target", "file:/nowhere"],
        &["plan", "--parallel", "0"],
        &["plan", "--var", "x"],
        &["plan", "--format", "yaml"],
        &["plna"],
    ] {
        story += &place.run(arguments);
    }
    insta::assert_snapshot!(story);
}

#[test]
fn a_spec_that_is_not_there_is_said_so() {
    let place = Place::new("");
    insta::assert_snapshot!(place.run(&["plan", "nowhere"]));
}

#[test]
fn an_unreachable_host_refuses_the_plan() {
    // A port that was free a moment ago, so that nothing listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Place::with(&format!(
        "hosts: {{ app1: {{ address: 127.0.0.1, user: nobody, ssh: {{ port: {port} }} }} }}\nfiles: {{ /x: {{ content: x }} }}\n"
    ));
    insta::assert_snapshot!(place.run(&["plan"]).replace(&port.to_string(), "{port}"));
}

#[test]
fn why_and_graph_say_where_edges_come_from() {
    let place = Place::new(APP);
    let mut story = place.run(&["why", &format!("file:{}/app/config", place.data())]).replace(&place.data(), "{dir}");
    story += &place.run(&["why", "file:/nowhere"]);
    story += &place.run(&["graph"]);
    story += &place.run(&["graph", "--format", "mermaid"]);
    insta::assert_snapshot!(story);
}

/// The words `sops` is called with, and what it prints; each call leaves a line behind.
const SOPS: &str = "#!/bin/sh
printf '%s\\n' \"$*\" >>\"$HOME/sops-calls\"
case $* in
    '--decrypt --output-type json '*/secrets.enc.yaml) printf '{\"db\": {\"password\": \"of-sops\", \"port\": 3306}}' ;;
    '--decrypt '*/whole.enc) echo all-of-it ;;
    *) echo 'Error getting data key' >&2; exit 128 ;;
esac
";

#[test]
fn a_secret_comes_from_the_first_source_that_has_it() {
    let place = Place::new(concat!(
        "secrets:\n",
        "  first: [{ env: FIRST }, { file: first }]\n",
        "  second: [{ env: UNSET }, { file: nowhere }, { file: second }, { env: FIRST }]\n",
        "  third: [{ env: EMPTY }, { command: [printf, of-command] }]\n",
        "  fourth: [{ sops: { file: nowhere.yaml, key: a } }, { sops: { file: secrets.enc.yaml, key: db.user } },\n",
        "           { sops: { file: secrets.enc.yaml, key: db.password } }]\n",
        "  fifth: { sops: { file: secrets.enc.yaml, key: /db/port } }\n",
        "  sixth: { sops: { file: whole.enc } }\n",
        "  seventh: [{ age: { file: no.age, identity: key } }, { age: { file: seventh.age, identity: key } }]\n",
        "  eighth: [{ env: FIRST }, { generate: {}, keep: { path: '{dir}/kept', key: EIGHTH } }]\n",
        "  ninth: [{ env: UNSET }, { generate: { length: 40 }, keep: { path: '{dir}/kept', key: NINTH } }]\n",
        "files:\n",
        "  '{dir}/f': { content: \"{% for name in ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', \
         'ninth'] %}{{ name }}={{ secrets[name] }}\\n{% endfor %}\" }\n",
    ));
    place.write("second", "of-file\n");
    place.write("secrets.enc.yaml", "");
    place.write("whole.enc", "");
    place.program("sops", SOPS);
    place.encrypt_with_age("of-age\n", "key", "seventh.age");
    let variables = [("FIRST", "of-env"), ("EMPTY", "")];
    let story = place.run_with(&["apply", "-y"], &variables);
    assert!(story.ends_with("exit 0\n"), "{story}");
    let made = fs::read_to_string(format!("{}/kept", place.data())).unwrap();
    let ninth = made.strip_prefix("NINTH=").unwrap_or_else(|| panic!("only one is made and kept: {made}"));
    assert_eq!(ninth.trim_end().len(), 40);
    assert_eq!(mode(&format!("{}/kept", place.data())), 0o600);
    assert_eq!(
        fs::read_to_string(format!("{}/f", place.data())).unwrap(),
        format!(
            "first=of-env\nsecond=of-file\nthird=of-command\nfourth=of-sops\nfifth=3306\nsixth=all-of-it\n\
             seventh=of-age\neighth=of-env\nninth={ninth}"
        )
    );
    let calls = fs::read_to_string(place.path().join("home/sops-calls")).unwrap();
    assert_eq!(calls.lines().count(), 2, "each file is decrypted once:\n{calls}");
    assert!(place.run_with(&["plan", "--detailed-exitcode"], &variables).ends_with("exit 0\n"));
}

#[test]
fn a_secret_that_no_source_has_says_where_it_was_looked_for() {
    let place = Place::new(concat!(
        "secrets:\n",
        "  nowhere:\n",
        "    - env: UNSET\n",
        "    - file: nowhere\n",
        "    - sops: { file: secrets.enc.yaml, key: db.user }\n",
        "    - age: { file: no.age, identity: key }\n",
        "    - command: 'true'\n",
        "  alone: { file: alone }\n",
        "  broken: [{ env: UNSET }, { sops: { file: other.enc.yaml, key: a } }, { env: HOME }]\n",
        "  fails: { command: [sh, -c, exit 3] }\n",
        "  missing: { command: [no-such-program-here] }\n",
        "  identity: { age: { file: whole.enc, identity: no-key } }\n",
    ));
    for name in ["secrets.enc.yaml", "other.enc.yaml", "whole.enc"] {
        place.write(name, "");
    }
    place.program("sops", SOPS);
    insta::assert_snapshot!(place.run(&["plan"]));
}

#[test]
fn secrets_are_listed_with_sources_and_users() {
    let place = Place::with(concat!(
        "hosts: { app1: {}, db1: {} }\n",
        "vars: { url: 'mysql://app:{{ secrets.db }}@db1' }\n",
        "secrets:\n",
        "  db: { generate: {}, keep: { host: db1, path: /etc/app/credentials, key: DB } }\n",
        "  jwt: [{ env: JWT }, { sops: { file: s.yaml, key: a.b } }, { generate: {}, keep: { host: app1, path: /etc/app/s.json, key: jwt } }]\n",
        "  unused: { command: [pass, show, unused] }\n",
        "files:\n",
        "  /etc/app/env: { on: app1, content: 'DB={{ secrets.db }} JWT={{ secrets.jwt }}' }\n",
        "  /etc/app/conf: { template: conf.j2 }\n",
        "  /etc/app/off: { content: '{{ secrets.jwt }}', when: false }\n",
        "modules: { m: { source: m, on: db1, with: { token: '{{ secrets.jwt }}' } } }\n",
    ));
    place.write("conf.j2", "{% if host.name == 'app1' %}{{ vars.url }}{% endif %}\n");
    fs::create_dir(place.path().join("m")).unwrap();
    place.write(
        "m/module.yaml",
        "infra: 1\ninputs: { token: { type: text, sensitive: true } }\n\
         secrets: { own: { generate: {}, keep: { path: /etc/m, key: OWN } } }\n\
         files: { /etc/m.conf: { content: '{{ inputs.token }} {{ secrets.own }}' } }\n",
    );
    let mut story = place.run(&["secrets", "list"]);
    story += &place.run(&["secrets", "list", "--format", "json"]);
    insta::assert_snapshot!(story);
}

#[test]
fn what_cannot_be_rotated_is_said_before_a_host_is_contacted() {
    let place = Place::with(concat!(
        "hosts: { nowhere: { address: nowhere.invalid } }\n",
        "secrets:\n",
        "  token: { env: TOKEN }\n",
        "  jwt: [{ env: JWT }, { generate: {}, keep: { path: /etc/app/c, key: JWT } }]\n",
        "files: { /f: { content: '{{ secrets.token }} {{ secrets.jwt }}' } }\n",
    ));
    let variables = [("TOKEN", "hunter2-a"), ("JWT", "hunter2-b")];
    let mut story = String::new();
    for arguments in [
        &["apply", "-y", "--rotate", "tokn"][..],
        &["plan", "--rotate", "token"],
        &["plan", "--rotate", "jwt"],
        &["plan", "--rotate", "jwt", "--target", "file:/f"],
        &["plan", "--rotate", "jwt", "--host", "nowhere"],
    ] {
        story += &place.run_with(arguments, &variables);
    }
    insta::assert_snapshot!(story);
}

#[test]
fn a_secret_that_is_too_short_to_be_hidden_is_named() {
    let place = Place::new(
        "secrets: { pin: { env: PIN }, password: { env: PASSWORD } }\n\
         files: { '{dir}/x': { content: '{{ secrets.pin }} {{ secrets.password }}' } }\n",
    );
    let text = place.run_with(&["plan"], &[("PIN", "40813"), ("PASSWORD", "correct-horse")]);
    assert!(text.contains("warning: the secret `pin` is not surely hidden in what programs print"), "{text}");
    assert!(text.contains("--> ./infra.yaml:4:12") || text.contains("--> infra.yaml:4:12"), "{text}");
    assert!(!text.contains("secret `password`") && !text.contains("40813") && text.ends_with("exit 0\n"), "{text}");
}

#[test]
fn secrets_are_seen_nowhere() {
    let place = Place::new(concat!(
        "secrets: { token: { env: TEST_TOKEN } }\n",
        "files: { '{dir}/f': { content: \"token={{ secrets.token }}\\n\" } }\n",
    ));
    let variables = [("TEST_TOKEN", "hunter2-poison")];
    let mut story = String::new();
    for arguments in [
        &["plan", "--trace", "trace.json"][..],
        &["plan", "--format", "json"],
        &["apply", "-y", "--trace", "trace.json"],
        &["plan"],
    ] {
        story += &place.run_with(arguments, &variables);
        story += &fs::read_to_string(place.path().join("trace.json")).unwrap();
    }
    assert!(!story.contains("hunter2-poison"), "{story}");
    assert_eq!(fs::read_to_string(format!("{}/f", place.data())).unwrap(), "token=hunter2-poison\n");
    let missing = place.run(&["plan"]);
    insta::assert_snapshot!(missing);
}

/// A span of a timeline: the name of its track, its own, and when it began and ended.
type Span = (String, String, f64, f64);

/// Reads a timeline, and checks that it is one.
fn timeline(place: &Place) -> Vec<Span> {
    let text = fs::read_to_string(place.path().join("trace.json")).unwrap();
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    let events = whole["traceEvents"].as_array().unwrap();
    let mut tracks = std::collections::HashMap::new();
    let mut spans = Vec::new();
    for event in events {
        let process = event["pid"].as_u64().unwrap();
        assert!(event["tid"].is_u64(), "{event}");
        let name = event["name"].as_str().unwrap().to_string();
        match event["ph"].as_str().unwrap() {
            "M" if name == "process_name" => {
                tracks.insert(process, event["args"]["name"].as_str().unwrap().to_string());
            }
            "M" => {}
            "X" => {
                let start = event["ts"].as_f64().unwrap();
                spans.push((tracks[&process].clone(), name, start, start + event["dur"].as_f64().unwrap()));
            }
            other => panic!("no event of the kind {other} is written"),
        }
    }
    spans
}

#[test]
fn a_timeline_says_what_took_how_long() {
    let place = Place::new(APP);
    let said = place.run(&["apply", "-y", "--trace", "trace.json"]);
    assert!(said.ends_with("exit 0\n"), "{said}");
    let spans = timeline(&place);
    let find = |track: &str, name: &str| {
        let found = spans.iter().find(|span| span.0 == track && span.1 == name);
        found.unwrap_or_else(|| panic!("no {name} on {track}: {spans:?}"))
    };
    for name in ["load", "read secrets", "resolve", "observe", "plan", "render", "apply"] {
        find("infra", name);
    }
    find("here", "connect");
    let observing = find("here", "observe 3 resources");
    for name in ["tools and owed restarts", "paths", "command"] {
        let section = find("here", name);
        assert!(observing.2 <= section.2 && section.3 <= observing.3, "{section:?} lies outside of {observing:?}");
    }
    let step = find("here", "write 1 file");
    let check = find("here", "verify: write 1 file");
    let applying = find("infra", "apply");
    assert!(applying.2 <= step.2 && step.3 <= check.2 && check.3 <= applying.3, "{spans:?}");

    // It is written however a run ends, and says so before anything is done where it cannot be.
    fs::create_dir(place.path().join("env")).unwrap();
    place.write("env/broken.yaml", "hosts: { here: { transport: ssh, address: '127.0.0.1', ssh: { port: 1 } } }");
    let said = place.run(&["plan", "-e", "broken", "--trace", "trace.json"]);
    assert!(said.ends_with("exit 1\n"), "{said}");
    assert!(timeline(&place).iter().any(|span| span.1 == "connect"));
    let said = place.run(&["apply", "-y", "--trace", "no/such/folder"]);
    assert!(said.contains("the timeline cannot be written to no/such/folder"), "{said}");
}

#[test]
fn a_reader_that_goes_away_ends_the_output_quietly() {
    let place = Place::new("directories: { '{dir}/{{ each.value }}': { for_each: \"{{ range(3000) | list }}\" } }\n");
    for arguments in [&["plan"][..], &["plan", "--format", "json"], &["graph"]] {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("infra"));
        command.args(arguments).current_dir(place.path()).stdin(std::process::Stdio::null());
        let mut child =
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}
