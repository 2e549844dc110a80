//! `infra lab` as a person uses it.

use std::path::Path;

use crate::support::lab::{text, unique_name};
use assert_cmd::Command;

/// Takes the lab down even where the test fails half-way.
struct Guard(String);

impl Drop for Guard {
    fn drop(&mut self) {
        infra(&["down", "--name", &self.0]);
    }
}

/// Runs `infra lab` and returns its exit code, what it printed, and what it said meanwhile.
fn infra(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("infra").unwrap().arg("lab").args(arguments).output().unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_lab_comes_up_is_looked_at_and_goes_again() {
    let guard = Guard(unique_name("cli"));
    let name = guard.0.as_str();

    let (code, inventory, said) = infra(&["up", "--name", name, "web", "db"]);
    assert_eq!(code, 0, "{said}");
    assert!(Path::new(inventory.trim_end()).is_absolute() && Path::new(inventory.trim_end()).exists(), "{inventory}");
    assert!(
        said.contains("web runs bookworm at 10.") && said.contains(&format!("infra lab down --name {name}")),
        "{said}"
    );

    let (code, listed, _) = infra(&["list"]);
    let rows: Vec<Vec<_>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((code, &rows[0]), (0, &vec!["LAB", "HOST", "RELEASE", "ADDRESS", "STATE", "INVENTORY"]));
    let own: Vec<_> = rows.iter().filter(|row| row[0] == name).map(|row| (row[1], row[2], row[4])).collect();
    assert_eq!(own, [("web", "bookworm", "running"), ("db", "bookworm", "running")]);

    assert_eq!(infra(&["ssh", "--name", name, "web", "--", "id", "-un"]), (0, "deploy\n".to_owned(), String::new()));
    assert_eq!(infra(&["ssh", "--name", name, "--root", "db", "--", "id -un; exit 7"]).0, 7);
    let (code, _, said) = infra(&["ssh", "--name", name]);
    assert_eq!(code, 1);
    assert!(said.contains("has several hosts: name one of web, db"), "{said}");

    let (code, _, said) = infra(&["down", "--name", name, "web"]);
    assert_eq!((code, said.lines().last()), (0, Some("Threw away 1 host.")), "{said}");
    let (code, printed, said) = infra(&["reboot", "--name", name]);
    assert_eq!((code, printed.as_str()), (0, ""), "{said}");
    assert!(said.contains("db is up again at 10."), "{said}");

    assert_eq!(infra(&["down", "--name", name]).0, 0);
    let (code, _, said) = infra(&["ssh", "--name", name]);
    assert_eq!(code, 1);
    assert!(said.contains(&format!("no lab called `{name}` is up; `infra lab list` shows those that are")), "{said}");
    let (code, _, said) = infra(&["down", "--name", name]);
    assert_eq!((code, said.trim_end()), (0, "There was no host to throw away."));
}
