//! The only door to the file system: a trait, so that everything behind it is pure.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    File {
        size: u64,
        executable: bool,
    },
    Folder,
    /// A symbolic link, not followed.
    Link,
    /// A device, socket or pipe: reading it may never end.
    Other,
}

/// Reads files beside a spec. A relative path is relative to the folder the program was started in.
pub trait Files {
    /// Returns the bytes of a file, following links.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Says what a path is, following links.
    fn kind(&self, path: &Path) -> io::Result<FileKind>;
    /// Says what a path is, not following a link.
    fn link_kind(&self, path: &Path) -> io::Result<FileKind>;
    /// Returns where a link points, as it is written.
    fn link_target(&self, path: &Path) -> io::Result<PathBuf>;
    /// Returns the names in a folder, in any order.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Returns the absolute path of what is there, with all links on the way followed.
    fn real(&self, path: &Path) -> io::Result<PathBuf>;
}

/// The folder that relative paths of [`MemoryFiles`] begin in.
const HERE: &str = "/here";

/// Files held in memory, for tests and for checking text that is on no disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles {
    files: BTreeMap<PathBuf, Memory>,
}

#[derive(Clone, Debug)]
enum Memory {
    File { bytes: Vec<u8>, executable: bool },
    Link(PathBuf),
    Folder,
    Other,
}

impl MemoryFiles {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn file(mut self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(absolute(path.as_ref()), Memory::File { bytes: bytes.into(), executable: false });
        self
    }

    /// Adds an executable file.
    pub fn executable(mut self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.insert(absolute(path.as_ref()), Memory::File { bytes: bytes.into(), executable: true });
        self
    }

    /// Adds a link.
    pub fn link(mut self, path: impl AsRef<Path>, target: impl Into<PathBuf>) -> Self {
        self.files.insert(absolute(path.as_ref()), Memory::Link(target.into()));
        self
    }

    /// Adds a folder; one that holds something is there without.
    pub fn folder(mut self, path: impl AsRef<Path>) -> Self {
        self.files.insert(absolute(path.as_ref()), Memory::Folder);
        self
    }

    /// Adds something that is neither file, folder nor link.
    pub fn other(mut self, path: impl AsRef<Path>) -> Self {
        self.files.insert(absolute(path.as_ref()), Memory::Other);
        self
    }

    fn follow(&self, path: &Path) -> PathBuf {
        let mut path = absolute(path);
        // As many links as Linux follows.
        for _ in 0..40 {
            let links = path.ancestors().filter_map(|part| match self.files.get(part)? {
                Memory::Link(target) => Some((part, target)),
                _ => None,
            });
            let Some((link, target)) = links.last() else { break };
            let rest = path.strip_prefix(link).unwrap_or(Path::new(""));
            path = normalize(&link.parent().unwrap_or(Path::new("/")).join(target).join(rest));
        }
        path
    }

    /// Takes a path whose last component is not followed.
    fn entry(&self, path: &Path) -> PathBuf {
        let path = absolute(path);
        match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => self.follow(folder).join(name),
            _ => path,
        }
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.files.get(&self.follow(path)) {
            Some(Memory::File { bytes, .. }) => Ok(bytes.clone()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        self.link_kind(&self.follow(path))
    }

    fn link_kind(&self, path: &Path) -> io::Result<FileKind> {
        let path = self.entry(path);
        match self.files.get(&path) {
            Some(Memory::File { bytes, executable }) => {
                Ok(FileKind::File { size: bytes.len() as u64, executable: *executable })
            }
            Some(Memory::Link(_)) => Ok(FileKind::Link),
            Some(Memory::Folder) => Ok(FileKind::Folder),
            Some(Memory::Other) => Ok(FileKind::Other),
            None if self.files.keys().any(|file| file.starts_with(&path)) => Ok(FileKind::Folder),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn link_target(&self, path: &Path) -> io::Result<PathBuf> {
        match self.files.get(&self.entry(path)) {
            Some(Memory::Link(target)) => Ok(target.clone()),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let folder = self.follow(path);
        if self.kind(&folder)? != FileKind::Folder {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let mut names: Vec<String> = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&folder).ok()?.components().next())
            .map(|name| name.as_os_str().to_string_lossy().into_owned())
            .collect();
        names.dedup();
        Ok(names)
    }

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        let path = self.follow(path);
        self.link_kind(&path)?;
        Ok(path)
    }
}

fn absolute(path: &Path) -> PathBuf {
    normalize(&Path::new(HERE).join(path))
}

/// Resolves `.` and `..` in a path by its text alone.
pub(super) fn normalize(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match clean.components().next_back() {
                Some(Component::Normal(_)) => {
                    clean.pop();
                }
                Some(Component::RootDir) => {}
                _ => clean.push(".."),
            },
            part => clean.push(part),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_by_their_text() {
        for (path, clean) in
            [("a/./b/../c", "a/c"), ("../../x", "../../x"), ("/../a", "/a"), ("a/..", ""), ("a/../../b", "../b")]
        {
            assert_eq!(normalize(Path::new(path)), PathBuf::from(clean), "{path}");
        }
    }
}
