use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::wait::Deadline;

/// An exclusive lock on a file, held until dropped or until the process ends in whatever way.
///
/// Descriptors are close-on-exec, so that no program started meanwhile keeps it.
#[derive(Debug)]
pub struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock if nobody holds it; `None` where somebody does, or where its folder is gone.
    pub fn try_take(path: &Path) -> Result<Option<Self>> {
        let file = match OpenOptions::new().create(true).truncate(false).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot open the lock {}", path.display())),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        // Whoever held it before may have removed or moved the file; a lock on that one protects nothing.
        let ours = file.metadata().with_context(|| format!("cannot read {}", path.display()))?;
        match std::fs::metadata(path) {
            Ok(current) if current.ino() == ours.ino() && current.dev() == ours.dev() => {
                Ok(Some(FileLock { _file: file }))
            }
            _ => Ok(None),
        }
    }

    /// Takes the lock, waiting for whoever holds it until the deadline.
    pub fn take(path: &Path, deadline: Deadline) -> Result<Self> {
        match deadline.poll(|| Self::try_take(path))? {
            Some(lock) => Ok(lock),
            None => bail!("{} is still locked by another process; see `lslocks` for which", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_taker_waits_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = FileLock::try_take(&path).unwrap().unwrap();
        assert!(FileLock::try_take(&path).unwrap().is_none());
        assert!(FileLock::take(&path, Deadline::after(Duration::from_millis(20))).is_err());
        drop(first);
        assert!(FileLock::try_take(&path).unwrap().is_some());
    }

    #[test]
    fn a_lock_in_a_folder_that_is_gone_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        assert!(FileLock::try_take(&folder.path().join("gone/lock")).unwrap().is_none());
    }
}
