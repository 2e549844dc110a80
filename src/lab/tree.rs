//! The mounted tree of a host.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::files::delete;
use super::record::HostFolder;
use super::{mounts, program};

/// Mounts a host's tree: what it changes, over what it stands on, the uppermost first.
pub fn mount(folder: &HostFolder, lower: &[PathBuf]) -> Result<()> {
    if !mounts::below(folder.path())?.is_empty() {
        return Ok(());
    }
    folder.make_layers()?;
    // Left by a mount without syncing that this machine's own reboot ended; the kernel refuses another one until somebody
    // says that what may be lost does not matter (overlayfs, "Volatile mount").
    delete(&folder.work().join("work/incompat"))?;
    let layers = options(lower, &folder.upper(), &folder.work());
    let tree = folder.tree();
    program::run("mount", ["-t".as_ref(), "overlay".as_ref(), "-o".as_ref(), layers.as_ref(), "overlay".as_ref(), tree.as_os_str()])
        .context("cannot mount a host's tree; if the state folder is on an overlay itself, as in a container, set INFRA_LAB_DIR to one on a disk")
        .map(drop)
}

/// Returns the options of an overlay that what is below it is not written through.
///
/// Nothing here has to survive a power failure, and package installs sync thousands of times.
pub fn options(lower: &[PathBuf], upper: &Path, work: &Path) -> String {
    let lower: Vec<_> = lower.iter().map(|path| path.display().to_string()).collect();
    format!("lowerdir={},upperdir={},workdir={},volatile", lower.join(":"), upper.display(), work.display())
}
