//! `ssh HOST true`, to all hosts at once: what connecting alone costs.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::script::{in_parallel, multiplexing};
use super::{Contestant, Run, Scene, command, write};

/// The floor under everything.
#[derive(Debug)]
pub struct SshTrue;

impl Contestant for SshTrue {
    fn name(&self) -> &str {
        "ssh-true"
    }

    fn does_work(&self) -> bool {
        false
    }

    fn prepare(&self, scene: &Scene<'_>, run: Run) -> Result<()> {
        let options = multiplexing(scene, run.warm);
        write(
            scene.folder.join("true.sh"),
            &in_parallel(scene, |host| format!("{}{options} true", host.ssh().join(" "))),
        )
    }

    fn command(&self, scene: &Scene<'_>, _run: Run) -> Command {
        let mut command = command(Path::new("/bin/sh"), scene);
        command.arg("true.sh");
        command
    }

    fn did_nothing(&self, _said: &str) -> bool {
        true
    }
}
