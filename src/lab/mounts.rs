//! What is mounted in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::program;
use super::wait::Deadline;

/// How long a mount may be busy after the last process in it was killed.
const BUSY_TIME: Duration = Duration::from_secs(30);

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
pub fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").context("cannot read /proc/self/mountinfo")?;
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from);
    Ok(points.filter(|point| point.starts_with(folder)).collect())
}
