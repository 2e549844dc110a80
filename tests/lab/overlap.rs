//! Several applies at once, of different specs that write into the same folders. What is there afterwards is whole: each file as one of
//! them wants it. Each apply does its work, or says that it did not.
//!
//! `INFRA_TEST_ROUNDS` says how often.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support;
use crate::support::infra::Infra;
use crate::support::lab::{LabHost, text};

const FILES: usize = 12;

/// Long enough to be written in several pieces.
fn content(spec: usize, file: usize) -> String {
    format!("{spec}-{file};").repeat(20_000)
}

fn write_spec(folder: &Path, spec: usize) {
    let mut text = format!("infra: 1\nname: overlap-{spec}\nhosts: {{ app1: {{}} }}\nfiles:\n");
    for file in 0..FILES {
        let _ = writeln!(text, "  /etc/overlap/{file}: {{ source: '{file}', mode: '06{spec}0' }}");
        std::fs::write(folder.join(file.to_string()), content(spec, file)).unwrap();
    }
    // In /etc itself, where others write, too.
    let _ = writeln!(text, "  /etc/overlap.conf: {{ source: '0' }}\n  /etc/overlap-{spec}.conf: {{ source: '0' }}");
    std::fs::write(folder.join("infra.yaml"), text).unwrap();
}

#[test]
fn what_several_runs_write_at_once_is_whole() {
    let rounds = std::env::var("INFRA_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(6_usize);
    let host = LabHost::boot("overlap", support::release());
    host.check("mkdir /etc/overlap");
    let folder = tempfile::tempdir().unwrap();
    let specs: Vec<PathBuf> = (0..4).map(|spec| folder.path().join(spec.to_string())).collect();
    for (number, spec) in specs.iter().enumerate() {
        std::fs::create_dir(spec).unwrap();
        write_spec(spec, number);
    }
    let known: Vec<String> = (0..4).flat_map(|spec| (0..FILES).map(move |file| sum(&content(spec, file)))).collect();
    let (mut done, mut told, mut refused) = (0, 0, 0);
    for round in 0..rounds.min(100) {
        let at_once = if round % 2 == 0 { 2 } else { 4 };
        let started = specs[..at_once].iter().map(|spec| {
            let mut command = Infra::new(spec, &host.inventory()).command("apply");
            command.arg("--auto-approve").stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().expect("infra starts")
        });
        let started: Vec<_> = started.collect();
        for child in started {
            let output = child.wait_with_output().unwrap();
            let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
            match output.status.code() {
                Some(0) => done += 1,
                Some(1) => told += 1,
                Some(75) => {
                    assert!(said.contains("another run is changing it"), "round {round}\n{said}");
                    refused += 1;
                }
                other => panic!("round {round}: {other:?}\n{said}"),
            }
            for wrong in ["did not arrive whole", "cannot write beside it", "No such file", "cannot stat"] {
                assert!(!said.contains(wrong), "round {round}\n{said}");
            }
        }
        let sums = host.check("cd /etc && for f in overlap/* overlap*.conf; do sha256sum $f; done");
        for line in sums.lines() {
            let (sum, name) = line.split_once("  ").unwrap();
            let file: usize = name.strip_prefix("overlap/").map_or(0, |name| name.parse().unwrap());
            let is_whole = (0..4).any(|spec| known[spec * FILES + file] == sum);
            assert!(is_whole, "round {round}: {name} is torn");
        }
        assert_eq!(host.check("find / -xdev -name '.infra-*'"), "", "round {round}: something is left");
    }
    println!("{rounds} rounds: {done} applies done, {refused} refused by name, {told} said that they did not do all");
    assert!(done > 0);
}

fn sum(content: &str) -> String {
    infra::model::sha256(content.as_bytes())
}
