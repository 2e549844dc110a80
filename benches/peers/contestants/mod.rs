//! Who takes part, and what each is asked to do.

mod ansible;
mod infra;
mod pyinfra;
mod script;
mod ssh_true;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::hosts::Reach;
use crate::wanted::Wanted;
use crate::workloads::Task;

pub use self::ansible::Ansible;
pub use self::infra::Infra;
pub use self::pyinfra::Pyinfra;
pub use self::script::Script;
pub use self::ssh_true::SshTrue;

/// How long a run may take where it takes long: Ansible with 1,000 files needs about ten minutes of a quiet machine.
pub const LONG: Duration = Duration::from_secs(2 * 3600);

/// What a contestant works on.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    pub wanted: &'a Wanted,
    pub hosts: &'a [Reach],
    /// A folder of the contestant's own, whose path is short enough for sockets in it.
    pub folder: &'a Path,
}

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub task: Task,
    /// The revision of the one file that changes.
    pub revision: u32,
    /// Whether a connection may stay for the next run.
    pub warm: bool,
}

/// A tool, or a script.
pub trait Contestant {
    /// What it is called in reports and on the command line.
    fn name(&self) -> &str;

    /// Which workloads it takes part in: those that name this.
    fn class(&self) -> &str {
        self.name()
    }

    /// How long one run may take.
    fn limit(&self) -> Duration {
        Duration::from_secs(120)
    }

    /// Whether it keeps rounds few, because each takes long.
    fn is_slow(&self) -> bool {
        false
    }

    /// Whether it changes hosts at all.
    fn does_work(&self) -> bool {
        true
    }

    /// Writes what says the end state in the contestant's own language. It is not timed.
    fn prepare(&self, scene: &Scene<'_>, run: Run) -> Result<()>;

    /// The command that is timed. It must succeed.
    fn command(&self, scene: &Scene<'_>, run: Run) -> Command;

    /// Whether what it wrote says that nothing had to be done.
    fn did_nothing(&self, said: &str) -> bool;

    /// What makes the command tell what a run costs, in lines that begin with `stats`.
    fn counting_flag(&self) -> Option<&str> {
        None
    }
}

/// Makes a command with the same small environment for everyone.
fn command(program: &Path, scene: &Scene<'_>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir(scene.folder);
    for (name, value) in [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("LC_ALL", "C.UTF-8"),
        ("USER", "root"),
        ("LOGNAME", "root"),
    ] {
        command.env(name, value);
    }
    let folder = |name: &str| scene.folder.join(name);
    command.env("HOME", folder("home")).env("XDG_RUNTIME_DIR", folder("run")).env("TMPDIR", folder("tmp"));
    command
}

/// Makes the folders that the environment names.
pub fn make_folders(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for name in ["home", "run", "tmp", "sockets"] {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)
            .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)))
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    Ok(())
}

/// Writes a file, but only if it says something new.
fn write(path: PathBuf, text: &str) -> Result<()> {
    let there = fs::read(&path).is_ok_and(|there| there == text.as_bytes());
    if there { Ok(()) } else { fs::write(&path, text).with_context(|| format!("cannot write {}", path.display())) }
}
