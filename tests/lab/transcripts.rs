//! The transcripts in the documentation that need a host (`console host`): what the page shows is what is printed.
//!
//! The blocks of a page are one story. Its lab is called something else here, so that no one else's is taken for it. What
//! happens between two blocks by other hands stands in a comment, `<!-- on HOST: COMMAND -->`.

use std::path::Path;
use std::process::Command;

use crate::support::lab::unique_name;
use crate::support::page::{Block, blocks, root};
use crate::support::transcript::{exchanges, is_as_shown, run};

/// Takes the lab down even where the test fails half-way.
struct Guard(String);

impl Drop for Guard {
    fn drop(&mut self) {
        run(Command::new(env!("CARGO_BIN_EXE_infra")).args(["lab", "down", "--name", &self.0]));
    }
}

/// What pages call their labs.
const LAB: &str = "docs";

/// Runs the commands of a page's blocks one after another.
fn tell(page: &str, blocks: &[&Block]) {
    let guard = Guard(unique_name(LAB));
    let shell = |line: &str| {
        let infra = Path::new(env!("CARGO_BIN_EXE_infra")).parent().unwrap();
        let path = std::env::join_paths(
            [infra.to_path_buf()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(root()).env("PATH", path.unwrap()).env("NO_COLOR", "1");
        command
    };
    let folder = std::env::var("INFRA_LAB_DIR").unwrap_or_else(|_| "/var/lib/infra-lab".into());
    // Printed by `infra lab up`; a page leaves out what is before the file's name.
    let mut inventory = String::new();
    for block in blocks {
        for (first, _) in block.above("on") {
            let (host, line) = first.split_once(": ").expect("the comment says what is done, `on HOST: COMMAND`");
            let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
            let output = command.args(["lab", "ssh", "--name", &guard.0, "--root", host, "--", line]).output().unwrap();
            assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        }
        for exchange in exchanges(&block.text) {
            let line = exchange.command.replace(&format!("--name {LAB}"), &format!("--name {}", guard.0));
            let printed = run(&mut shell(&line.replace("…/inventory.yaml", &inventory)));
            if let Some(path) = printed.lines().find(|line| line.ends_with("/inventory.yaml") && line.starts_with('/'))
            {
                inventory = path.to_string();
            }
            let printed = printed.replace(&guard.0, LAB).replace(&folder, "/var/lib/infra-lab");
            assert!(
                is_as_shown(&exchange.printed, &printed),
                "{page}:{}: `{}` prints\n{printed}",
                block.line,
                exchange.command
            );
        }
    }
}

#[test]
fn transcripts_that_need_a_host_are_what_the_commands_print() {
    let all: Vec<Block> = blocks().into_iter().filter(|block| block.is("host")).collect();
    let mut pages: Vec<&str> = all.iter().map(|block| block.page.as_str()).collect();
    pages.dedup();
    assert!(pages.contains(&"README.md"), "{pages:?}");
    for page in pages {
        tell(page, &all.iter().filter(|block| block.page == page).collect::<Vec<_>>());
    }
}
