//! What `make build` and `make demo` ask of a machine, which is less than what the tests need.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::page::root;

/// Runs the script on a machine that has these programs and no root; returns what it says is missing.
fn missing(what: &str, programs: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for program in programs {
        symlink("/bin/true", folder.path().join(program)).expect("a link can be made");
    }
    std::fs::write(folder.path().join("id"), "#!/bin/sh\necho 1000\n").expect("it can be written");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path().join("id"), executable).expect("it can be made executable");
    for program in ["uname", "dirname", "sh"] {
        symlink(Path::new("/bin").join(program), folder.path().join(program)).expect("a link can be made");
    }
    let output = Command::new("/bin/bash")
        .arg(root().join("scripts/install-tools"))
        .arg(what)
        .env("PATH", folder.path())
        .output()
        .expect("bash starts");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn only_the_tests_need_what_only_tests_need() {
    assert_eq!(missing("build", &["cc", "make", "cargo"]), "");
    assert_eq!(missing("demo", &["cc", "make", "cargo", "ssh"]), "");
    assert!(missing("build", &["make", "cargo"]).contains("install them first: gcc"));
    let said = missing("test", &["cc", "make", "cargo", "ssh"]);
    assert!(said.contains("shellcheck") && said.contains("busybox"), "{said}");
}

#[test]
fn what_is_built_is_where_cargo_puts_it() {
    for (variable, place) in [(None, "target/release/infra"), (Some("/tmp/elsewhere"), "/tmp/elsewhere/release/infra")]
    {
        let mut make = Command::new("make");
        make.args(["-n", "demo"]).current_dir(root()).env_remove("CARGO_TARGET_DIR");
        make.envs(variable.map(|folder| ("CARGO_TARGET_DIR", folder)));
        let output = make.output().expect("make starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains(&format!("scripts/demo {place}")), "{said}");
        assert!(said.lines().any(|line| line == "scripts/install-tools demo"), "{said}");
    }
}
