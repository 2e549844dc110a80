//! What a spec may do to the machine that `infra` runs on: which files it reads, what it runs.
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// What no message may show.
const LINE: &str = "a-line-that-is-nobody's-business: {{ no.yaml";
const HEAD: &str = "infra: 1\nname: guard\nhosts: { app1: {} }\n";

/// A git repository with a spec in `specs/one`, and files beside the repository.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        fs::create_dir_all(place.path("repository/.git")).unwrap();
        place.write("repository/.git/config", LINE);
        place.write("repository/shared/text", "shared\n");
        place.write("repository/shared/module/module.yaml", "files: { /m: { source: ../text } }\n");
        place.write("outside/text", LINE);
        place.write("outside/part.yaml", LINE);
        place.write("outside/folder/file", LINE);
        place.write("outside/module/module.yaml", LINE);
        place.write("repository/specs/one/infra.yaml", HEAD);
        place
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn spec(&self, sections: &str) -> &Self {
        self.write("repository/specs/one/infra.yaml", &format!("{HEAD}{sections}"));
        self
    }

    /// Runs the command on the spec. Returns whether it succeeded, and all that it printed.
    fn run(&self, words: &[&str]) -> (bool, String) {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("infra"));
        let (verb, options) = words.split_first().unwrap();
        command.arg(verb).arg("repository/specs/one").args(options).current_dir(self.0.path());
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.0.path());
        let output = command.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(!printed.contains("a-line-that-is"), "{words:?} shows the file:\n{printed}");
        (output.status.success(), printed)
    }

    fn refuses(&self, sections: &str, why: &str) {
        let (succeeds, printed) = self.spec(sections).run(&["validate"]);
        assert!(!succeeds && printed.contains(why), "{sections}\n{printed}");
    }

    fn takes(&self, sections: &str, options: &[&str]) {
        let (succeeds, printed) = self.spec(sections).run(&[&["validate"], options].concat());
        assert!(succeeds, "{sections} {options:?}\n{printed}");
    }
}

/// All ways in which a spec names a file, `PATH` in the place of it.
const WAYS: &[(&str, &str)] = &[
    ("include: [PATH]\n", "part.yaml"),
    ("include: [PATH]\n", "text"),
    ("files: { /x: { source: PATH } }\n", "text"),
    ("files: { /x: { template: PATH } }\n", "text"),
    ("trees: { /x: { source: PATH } }\n", "folder"),
    ("modules: { m: { source: PATH } }\n", "module"),
    ("packages: [mariadb-server]\nmigrations: { m: { engine: mariadb, database: x, dir: PATH } }\n", "folder"),
];

#[test]
fn a_spec_reads_nothing_outside_of_its_folder() {
    let place = Place::new();
    for (way, name) in WAYS {
        let absolute = place.path("outside").join(name);
        let link = format!("link-{name}");
        let _ = fs::remove_file(place.path("repository/specs/one").join(&link));
        symlink(&absolute, place.path("repository/specs/one").join(&link)).unwrap();
        for path in [absolute.to_str().unwrap(), &format!("../../../outside/{name}"), &link] {
            let (succeeds, printed) = place.spec(&way.replace("PATH", path)).run(&["validate"]);
            assert!(!succeeds, "{way}{path}:\n{printed}");
            assert!(printed.contains("lies outside of the spec's folder"), "{way}{path}:\n{printed}");
            let real = absolute.canonicalize().unwrap();
            assert!(printed.contains(&format!("--allow-path {}", real.display())), "{way}{path}:\n{printed}");
            assert!(printed.contains("infra.yaml:"), "{way}{path}: no place:\n{printed}");
        }
    }
    // What is not there is refused in the same words.
    place.refuses("files: { /x: { source: ../../../outside/nothing } }\n", "lies outside of the spec's folder");
    place.refuses("files: { /x: { source: /nothing-of-this-name/x } }\n", "lies outside of the spec's folder");
}

#[test]
fn links_in_the_folder_of_a_spec_lead_nowhere_else() {
    let place = Place::new();
    let spec = place.path("repository/specs/one");
    // A folder on the way, a template that another takes in, an overlay, the spec itself.
    symlink(place.path("outside"), spec.join("way")).unwrap();
    place.refuses("files: { /x: { source: way/text } }\n", "lies outside of the spec's folder");
    place.write("repository/specs/one/first.j2", "{% include 'way/text' %}\n");
    place.refuses("files: { /x: { template: first.j2 } }\n", "lies outside of the spec's folder");
    fs::create_dir(spec.join("env")).unwrap();
    symlink(place.path("outside/part.yaml"), spec.join("env/prod.yaml")).unwrap();
    let (succeeds, printed) = place.spec("").run(&["validate", "-e", "prod"]);
    assert!(!succeeds && printed.contains("lies outside of the spec's folder"), "{printed}");
    fs::remove_file(spec.join("infra.yaml")).unwrap();
    symlink(place.path("outside/part.yaml"), spec.join("infra.yaml")).unwrap();
    let (succeeds, printed) = place.run(&["validate"]);
    assert!(!succeeds && printed.contains("lies outside of the spec's folder"), "{printed}");
    // Links of a tree are copied as they are, and one that stays inside is followed.
    fs::remove_file(spec.join("infra.yaml")).unwrap();
    fs::create_dir(spec.join("tree")).unwrap();
    symlink(place.path("outside/text"), spec.join("tree/link")).unwrap();
    place.write("repository/specs/one/own", "own\n");
    symlink("own", spec.join("alias")).unwrap();
    place.takes("trees: { /x: { source: tree } }\nfiles: { /y: { source: alias } }\n", &[]);
}

#[test]
fn a_root_widens_the_bounds_to_the_repository_and_no_further() {
    let place = Place::new();
    let sections = "files: { /x: { source: ../../shared/text } }\nmodules: { m: { source: ../../shared/module } }\n";
    place.refuses(sections, "lies outside of the spec's folder");
    place.takes(&format!("root: ../..\n{sections}"), &[]);
    place.refuses("root: ../../..\n", "leads out of the git repository");
    place.refuses("root: /\n", "leads out of the git repository");
    place.refuses("root: ../../shared\n", "`root` is a folder above the spec's");
    place.refuses("root: ../../nothing\n", "there is no folder");
    place.refuses("root: [..]\n", "`root` is the path of a folder");
    place.write("repository/specs/one/part.yaml", "root: ../..\n");
    place.refuses("include: [part.yaml]\n", "`root` stands in the spec's main file");
    let git = "root: ../..\nfiles: { /x: { source: ../../.git/config } }\n";
    place.refuses(git, "is git's own");
    place.refuses("root: ../..\ntrees: { /x: { source: ../.. } }\n", "is git's own");
    fs::remove_dir_all(place.path("repository/.git")).unwrap();
    place.refuses("root: ..\n", "it lies in none");
}

#[test]
fn the_command_line_allows_what_lies_outside() {
    let place = Place::new();
    let outside = place.path("outside/text");
    let file = "files: { /x: { source: ../../../outside/text } }\n";
    place.takes(file, &["--allow-path", outside.to_str().unwrap()]);
    place.takes(file, &["--allow-path", "outside"]);
    place.takes(
        &format!("{file}trees: {{ /t: {{ source: {} }} }}\n", place.path("outside/folder").display()),
        &["--allow-path", "outside/text", "--allow-path", "outside/folder"],
    );
    let (succeeds, printed) = place.spec(file).run(&["validate", "--allow-path", "outside/folder"]);
    assert!(!succeeds && printed.contains("lies outside"), "{printed}");
    let (succeeds, printed) = place.spec(file).run(&["validate", "--allow-path", "outside/nothing"]);
    assert!(!succeeds && printed.contains("--allow-path outside/nothing"), "{printed}");
    // Lines of what is no spec by its name are not shown even then.
    let part = "include: [../../../outside/text]\n";
    let (succeeds, printed) = place.spec(part).run(&["validate", "--allow-path", "outside"]);
    assert!(!succeeds && printed.contains("is no file of a spec by its name"), "{printed}");
}

const RUNNING: &str = "\
secrets:
  token: { command: [pass, show, token] }
  key: { sops: { file: keys.enc.yaml, key: key } }
  either: [{ env: EITHER }, { age: { file: x.age, identity: ~/.age } }]
  plain: { env: PLAIN }
";

/// A spec that has things run here in every way that there is.
fn running(place: &Place) {
    place.write("repository/specs/one/ssh_config", "Host *\n  proxycommand nc %h %p\nMatch exec true\n  User x\n");
    let hosts = "hosts:\n  app1: { ssh: { config_file: ssh_config } }\n  app2: { ssh: { config_file: ~/own } }\n  \
                 here: { transport: local }\n  plain: {}\n";
    let text = format!(
        "infra: 1\nname: guard\n{hosts}{RUNNING}commands: {{ hi: {{ run: echo hi, unless: 'false', on: [here] }} }}\n"
    );
    place.write("repository/specs/one/infra.yaml", &text);
}

#[test]
fn what_a_spec_runs_here_is_listed_with_its_places() {
    let place = Place::new();
    running(&place);
    let (succeeds, printed) = place.run(&["validate", "--executes"]);
    assert!(succeeds, "{printed}");
    insta::assert_snapshot!(printed, @r"
    repository/specs/one/infra.yaml:9:12  the secret `token` is what `pass show token` prints here
    repository/specs/one/infra.yaml:10:10  the secret `key` is what `sops` decrypts of `repository/specs/one/keys.enc.yaml` here
    repository/specs/one/infra.yaml:11:31  the secret `either` is what `age` decrypts of `repository/specs/one/x.age` here
    repository/specs/one/infra.yaml:4:3  the host `app1` is reached with `proxycommand` in line 2 of `repository/specs/one/ssh_config`, which ssh runs here
    repository/specs/one/infra.yaml:4:3  the host `app1` is reached with `Match` in line 3 of `repository/specs/one/ssh_config`, which ssh runs here
    repository/specs/one/infra.yaml:5:3  the host `app2` is reached with `~/own`, which the spec may not read; what ssh runs for it here is not known
    repository/specs/one/infra.yaml:6:3  the host `here` is this machine: all that is said of it runs here
    repository/specs/one/infra.yaml:13:13    here/command:hi
    ");
    let (succeeds, printed) = place.run(&["validate", "--executes", "--format", "json"]);
    assert!(succeeds, "{printed}");
    let listed: Value = serde_json::from_str(&printed).unwrap();
    let kinds: Vec<_> =
        listed["executes"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    let expected = [
        "command",
        "decryption",
        "decryption",
        "ssh_configuration",
        "ssh_configuration",
        "unread_ssh_configuration",
        "host",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(listed["executes"][6]["resources"][0]["address"], "here/command:hi");
    assert_eq!(listed["executes"][6]["resources"][0]["place"]["line"], 13);
    place.spec("secrets: { plain: { env: PLAIN } }\n");
    let (succeeds, printed) = place.run(&["validate", "--executes"]);
    assert!(succeeds && printed == "guard runs nothing on this machine.\n", "{printed}");
}

#[test]
fn no_exec_refuses_a_spec_that_runs_something_here() {
    let place = Place::new();
    running(&place);
    for words in
        [&["validate", "--no-exec"][..], &["plan", "--no-exec"], &["apply", "--no-exec", "-y"], &["graph", "--no-exec"]]
    {
        let (succeeds, printed) = place.run(words);
        assert!(!succeeds && printed.contains("7 errors"), "{words:?}\n{printed}");
        assert!(printed.contains("--no-exec: the secret `token` is what `pass show token` prints here"), "{printed}");
    }
    let why = Command::new(assert_cmd::cargo::cargo_bin!("infra"))
        .args(["why", "here/command:hi", "repository/specs/one", "--no-exec"])
        .current_dir(place.0.path())
        .output()
        .unwrap();
    assert!(!why.status.success() && String::from_utf8_lossy(&why.stderr).contains("7 errors"));
    place.takes("secrets: { plain: { env: PLAIN } }\n", &["--no-exec"]);
}

/// The spec layer reads files through what confines it, and nothing else does.
#[test]
fn the_language_reads_files_in_one_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/spec");
    let mut todo = vec![folder];
    let mut naming = Vec::new();
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !path.to_str().unwrap().contains("/tests")
            && fs::read_to_string(&path).unwrap().lines().any(|line| line.contains("dyn Files") && !line.contains("//"))
        {
            naming.push(path.file_name().unwrap().to_str().unwrap().to_string());
        }
    }
    naming.sort();
    // Those that are handed the files wrap them.
    assert_eq!(naming, ["confined.rs", "executes.rs", "load.rs", "mod.rs"]);
}
