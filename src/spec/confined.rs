//! What a spec may read of this machine: what lies in its folder, and what the command line allows.

use std::io;
use std::path::{Path, PathBuf};

use super::files::{FileKind, Files, normalize};

/// Where git keeps a repository's own data, credentials among them.
const GIT: &str = ".git";

/// Where a spec's files may lie, as absolute paths without links.
#[derive(Clone, Debug, Default)]
pub(super) struct Bounds {
    /// The folder of the spec, or the one above it that its `root:` names.
    root: Option<PathBuf>,
    /// What the command line names besides.
    allowed: Vec<PathBuf>,
}

/// The files that a spec may read: the only way from the language to the file system, links followed before they are
/// judged.
pub(super) struct Confined<'f> {
    files: &'f dyn Files,
    pub bounds: Bounds,
}

/// Why a file may not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Outside {
    #[error("lies outside of the spec's folder: it is `{}`", .0.display())]
    Folder(PathBuf),
    #[error("is git's own and no file of the repository: it is `{}`", .0.display())]
    Git(PathBuf),
}

impl Outside {
    /// Says what to do.
    pub(super) fn help(&self) -> String {
        match self {
            Self::Folder(real) => format!(
                "move it there, let `root:` name a folder of the git repository that holds both, or allow it: `--allow-path {}`",
                real.display()
            ),
            Self::Git(real) => format!("allow it, if that is meant: `--allow-path {}`", real.display()),
        }
    }
}

/// Why a folder cannot be a spec's `root:`.
pub(super) enum NoRoot {
    Missing,
    NotAbove,
    NoRepository,
    AboveRepository(PathBuf),
}

impl<'f> Confined<'f> {
    pub(super) fn new(files: &'f dyn Files, bounds: Bounds) -> Self {
        Self { files, bounds }
    }

    /// Says what a path is that the command line names.
    pub(super) fn given(&self, path: &Path) -> io::Result<FileKind> {
        self.files.kind(path)
    }

    /// Confines a spec to its folder.
    pub(super) fn enter(&mut self, folder: &Path) -> io::Result<()> {
        self.bounds.root = Some(self.files.real(folder)?);
        Ok(())
    }

    /// Lets a path in that the command line names.
    pub(super) fn allow(&mut self, path: &Path) -> io::Result<()> {
        self.bounds.allowed.push(self.files.real(path)?);
        Ok(())
    }

    /// Widens the bounds to a folder above the spec's, at most to the top of its git repository. The path is relative to where
    /// the spec really is.
    pub(super) fn widen(&mut self, path: &str) -> Result<(), NoRoot> {
        let own = self.bounds.root.as_deref().ok_or(NoRoot::NotAbove)?;
        let real = self.files.real(&normalize(&own.join(path))).map_err(|_| NoRoot::Missing)?;
        if !own.starts_with(&real) {
            return Err(NoRoot::NotAbove);
        }
        let has_git = |folder: &&Path| self.files.link_kind(&folder.join(GIT)).is_ok();
        let top = own.ancestors().find(has_git).ok_or(NoRoot::NoRepository)?;
        if !real.starts_with(top) {
            return Err(NoRoot::AboveRepository(top.to_path_buf()));
        }
        self.bounds.root = Some(real);
        Ok(())
    }

    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.read(&self.within(path)?)
    }

    /// Says what a path is, following links.
    pub(super) fn kind(&self, path: &Path) -> io::Result<FileKind> {
        self.files.kind(&self.within(path)?)
    }

    /// Says what a path is, not following a link.
    pub(super) fn link_kind(&self, path: &Path) -> io::Result<FileKind> {
        self.files.link_kind(&self.entry(path)?)
    }

    pub(super) fn link_target(&self, path: &Path) -> io::Result<PathBuf> {
        self.files.link_target(&self.entry(path)?)
    }

    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let folder = self.within(path)?;
        self.bounds.check(folder.join("*"))?;
        self.files.list(&folder)
    }

    /// Returns the real path of what is within the bounds.
    fn within(&self, path: &Path) -> io::Result<PathBuf> {
        match self.files.real(path) {
            Ok(real) => self.bounds.check(real),
            Err(error) => {
                // Whether something is there is not told of what lies outside either.
                self.bounds.check(self.absent(path)?)?;
                Err(error)
            }
        }
    }

    /// Returns where a path is whose last component is not followed.
    fn entry(&self, path: &Path) -> io::Result<PathBuf> {
        match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => self.bounds.check(self.files.real(folder)?.join(name)),
            _ => self.within(path),
        }
    }

    /// Returns where something would be that is not there.
    fn absent(&self, path: &Path) -> io::Result<PathBuf> {
        for folder in path.ancestors().skip(1) {
            if let Ok(real) = self.files.real(folder) {
                return Ok(real.join(path.strip_prefix(folder).unwrap_or(path)));
            }
        }
        // Not even the folder it begins in is there.
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Bounds {
    fn check(&self, real: PathBuf) -> io::Result<PathBuf> {
        if self.allowed.iter().any(|allowed| real.starts_with(allowed)) {
            return Ok(real);
        }
        let outside = match self.root.as_ref().map(|root| real.strip_prefix(root)) {
            Some(Ok(inside)) if !is_in_git(inside) => return Ok(real),
            Some(Ok(_)) => Outside::Git(real),
            _ => Outside::Folder(real),
        };
        Err(io::Error::new(io::ErrorKind::PermissionDenied, outside))
    }
}

/// Returns whether a path leads into a folder of git; a file of that name only says where the folder is.
fn is_in_git(path: &Path) -> bool {
    path.parent().is_some_and(|folder| folder.iter().any(|part| part == GIT))
}
