//! Reading, writing and deleting in the state folder.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::wait::Deadline;
use super::{mounts, program};

/// Lists what is in a folder, sorted; a folder that is not there has nothing in it.
pub fn names_in(folder: &Path) -> Result<Vec<String>> {
    let what = || format!("cannot list {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(what),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.with_context(what)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Deletes a folder if it is there, which several processes may do at once.
pub fn delete(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    // A killed process's `mount` may have come to its end after everything else was cleaned up.
    mounts::unmount_below(path)?;
    let deadline = Deadline::after(Duration::from_secs(30));
    let deleted = deadline.poll(|| {
        // Never goes into another file system, should something be mounted inside all the same.
        let fixed = ["-rf", "--one-file-system", "--"].map(OsStr::new);
        match program::run("rm", fixed.into_iter().chain([path.as_os_str()])) {
            Err(error) if deadline.has_passed() => Err(error),
            // `rm` may stumble over what another process deletes under its feet.
            Err(_) if path.exists() => Ok(None),
            _ => Ok(Some(())),
        }
    })?;
    ensure!(deleted.is_some(), "cannot delete {}", path.display());
    Ok(())
}

/// Writes a file whole or not at all.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_vec_pretty(value).with_context(|| format!("cannot encode {}", path.display()))?;
    write_whole(path, &text)
}

/// Writes a file whole or not at all. Needs whatever lock keeps others from writing the same.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    // Always the same name, so that what an interrupted write leaves is overwritten by the next.
    let new = path.with_added_extension("new");
    fs::write(&new, bytes)
        .and_then(|()| fs::rename(&new, path))
        .with_context(|| format!("cannot write {}", path.display()))
}
