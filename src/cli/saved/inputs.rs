//! What a spec reads, with its hash.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use sha1::{Digest, Sha1};

use crate::model::{hex, sha256};
use crate::saved::{Input, Stale};
use crate::spec::{FileKind, Files, SecretOrigin, Spec};

use super::super::DiskFiles;
use super::super::secret_sources::expanded;

/// Reads files of this machine, and remembers which, where that is asked for.
#[derive(Debug, Default)]
pub struct RecordedFiles {
    /// By absolute path without links.
    seen: Option<RefCell<BTreeMap<PathBuf, Seen>>>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    sha256: String,
    /// As git calls it (gitformat-pack(5)): the hash of its type, size and bytes.
    blob: String,
}

impl Seen {
    fn file(bytes: &[u8]) -> Self {
        Self { sha256: sha256(bytes), blob: blob(bytes) }
    }

    /// A link is what it points to, and no file that holds the same.
    fn link(target: &Path) -> Self {
        let target = target.as_os_str().as_encoded_bytes();
        Self { sha256: sha256(&[b"link ", target].concat()), blob: blob(target) }
    }
}

fn blob(bytes: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", bytes.len()));
    hash.update(bytes);
    hex(&hash.finalize())
}

impl RecordedFiles {
    /// Reads files, and remembers them.
    pub fn recording() -> Self {
        Self { seen: Some(RefCell::default()) }
    }

    fn note(&self, path: &Path, seen: impl FnOnce() -> Seen) {
        if let Some(all) = &self.seen {
            all.borrow_mut().entry(path.to_path_buf()).or_insert_with(seen);
        }
    }

    /// Returns what the spec has read, by path from its folder. Files that secrets come from are left out: whoever has the hash of
    /// a short one could find it.
    pub fn inputs(&self, spec: &Spec, folder: &Path) -> Vec<Input> {
        let secret = secret_files(spec);
        let seen = self.seen.iter().flat_map(|seen| seen.borrow().clone());
        let seen = seen.filter(|(path, _)| !secret.contains(path));
        seen.map(|(path, seen)| Input { path: relative(folder, &path), sha256: seen.sha256 }).collect()
    }

    /// Returns whether something that the spec has read is not as the commit has it that is checked out; nothing where git cannot say.
    /// It is only asked to list a tree: that runs nothing that a repository could choose.
    pub fn is_dirty(&self, repository: &Path) -> Option<bool> {
        let listed = Command::new("git")
            .arg("-C")
            .arg(repository)
            .args(["-c", "protocol.allow=never", "ls-tree", "-r", "-z", "--full-tree", "HEAD"])
            // Of a partial clone nothing is fetched for it.
            .env("GIT_NO_LAZY_FETCH", "1")
            .stdin(Stdio::null())
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let entry = |entry: &'_ str| {
            let (what, path) = entry.split_once('\t')?;
            Some((repository.join(path), what.rsplit(' ').next()?.to_string()))
        };
        let committed: BTreeMap<PathBuf, String> = listed.split('\0').filter_map(entry).collect();
        let seen = self.seen.as_ref()?.borrow();
        // What lies elsewhere is of no commit.
        Some(seen.iter().any(|(path, seen)| committed.get(path) != Some(&seen.blob)))
    }
}

impl Files for RecordedFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = DiskFiles.read(path)?;
        self.note(path, || Seen::file(&bytes));
        Ok(bytes)
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        DiskFiles.kind(path)
    }

    fn link_kind(&self, path: &Path) -> io::Result<FileKind> {
        DiskFiles.link_kind(path)
    }

    fn link_target(&self, path: &Path) -> io::Result<PathBuf> {
        let target = DiskFiles.link_target(path)?;
        self.note(path, || Seen::link(&target));
        Ok(target)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        DiskFiles.list(path)
    }

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        DiskFiles.real(path)
    }
}

/// Returns the files that secrets come from.
fn secret_files(spec: &Spec) -> BTreeSet<PathBuf> {
    let origins = spec.secrets.iter().flat_map(|secret| &secret.sources).map(|source| &source.origin);
    let files = origins.flat_map(|origin| match origin {
        SecretOrigin::File(file) | SecretOrigin::Sops { file, .. } => vec![file],
        SecretOrigin::Age { file, identity } => vec![file, identity],
        SecretOrigin::Env(_) | SecretOrigin::Command(_) | SecretOrigin::Kept(_) => Vec::new(),
    });
    files.filter_map(|file| fs::canonicalize(expanded(file)).ok()).collect()
}

/// Says what is otherwise with the files that a saved plan names, whatever is read now.
pub fn changed(inputs: &[Input], folder: &Path) -> Vec<Stale> {
    let mut stale = Vec::new();
    for input in inputs {
        let path = folder.join(&input.path);
        let is_link = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink());
        let seen = match is_link {
            true => fs::read_link(&path).map(|target| Seen::link(&target)),
            false => read_file(&path).map(|bytes| Seen::file(&bytes)),
        };
        let found = match seen {
            Ok(seen) if seen.sha256 == input.sha256 => continue,
            Ok(seen) => short(&seen.sha256),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "no such file".into(),
            Err(error) => format!("nothing that can be read: {error}"),
        };
        stale.push(Stale::new(&input.path, "content", short(&input.sha256), found));
    }
    stale
}

/// Reads what is a file: a plan may come from anywhere, and a device has no end.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    match fs::metadata(path)?.is_file() {
        true => fs::read(path),
        false => Err(io::Error::other("it is no file")),
    }
}

/// Says what the spec has read now and had not then.
pub fn added(inputs: &[Input], now: &[Input]) -> Vec<Stale> {
    let then: BTreeMap<&str, &str> = inputs.iter().map(|input| (input.path.as_str(), input.sha256.as_str())).collect();
    let stale = |input: &Input| match then.get(input.path.as_str()) {
        Some(sha256) if *sha256 == input.sha256 => None,
        Some(sha256) => Some(Stale::new(&input.path, "content", short(sha256), short(&input.sha256))),
        None => Some(Stale::new(&input.path, "content", "no such file", "one that the spec reads")),
    };
    now.iter().filter_map(stale).collect()
}

fn short(sha256: &str) -> String {
    format!("sha256 {}", sha256.get(..12).unwrap_or(sha256))
}

/// Returns the path that leads from a folder to something, both absolute and without links. Where they have nothing in
/// common it stays absolute.
pub fn relative(folder: &Path, to: &Path) -> String {
    let shared = folder.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let is_root = |part: &Component<'_>| matches!(part, Component::RootDir);
    if to.components().take(shared).all(|part| is_root(&part)) {
        return to.display().to_string();
    }
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.components().skip(shared)).collect();
    match path.as_os_str().is_empty() {
        true => ".".into(),
        false => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_a_folder() {
        for (folder, to, path) in [
            ("/a/b", "/a/b/c/d", "c/d"),
            ("/a/b", "/a/c", "../c"),
            ("/a/b/x", "/a/b", ".."),
            ("/a/b", "/a/b", "."),
            ("/a/b", "/c/d", "/c/d"),
        ] {
            assert_eq!(relative(Path::new(folder), Path::new(to)), path);
        }
    }

    #[test]
    fn what_git_calls_a_file() {
        assert_eq!(blob(b"hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    }
}
