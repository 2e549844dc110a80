//! The mounted tree of a host.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::files::delete;
use super::program;
use super::record::HostFolder;
use super::wait::Deadline;

/// How long a mount may be busy after the last process in it was killed.
const BUSY_TIME: Duration = Duration::from_secs(30);

/// Mounts a host's tree: what it changes, over what it stands on, the uppermost first.
pub fn mount(folder: &HostFolder, lower: &[PathBuf]) -> Result<()> {
    if !below(folder.path())?.is_empty() {
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

/// Unmounts everything in a folder.
pub fn unmount_below(folder: &Path) -> Result<()> {
    let unmounted = Deadline::after(BUSY_TIME).poll(|| {
        let mounts = below(folder)?;
        if mounts.is_empty() {
            return Ok::<_, anyhow::Error>(Some(()));
        }
        for mount in mounts.iter().rev() {
            // Looked at again above; another process may be unmounting the same.
            program::succeeds("umount", [mount.as_os_str()])?;
        }
        Ok(None)
    })?;
    ensure!(unmounted.is_some(), "{} stays busy; `fuser -vm` shows which processes are in it", folder.display());
    Ok(())
}

/// Lists the mount points in a folder, in the order they were mounted.
fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context("cannot read /proc/self/mountinfo")?;
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
    Ok(points.filter(|point| point.starts_with(folder)).collect())
}
