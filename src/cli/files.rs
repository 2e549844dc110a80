//! The files of this machine, for the spec layer.
#![allow(clippy::disallowed_methods, reason = "this is the edge: the environment and this machine's files enter here")]

use std::io;
use std::path::{Path, PathBuf};

use crate::spec::{FileKind, Files};

/// Reads files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        Ok(kind(&std::fs::metadata(path)?))
    }

    fn link_kind(&self, path: &Path) -> io::Result<FileKind> {
        Ok(kind(&std::fs::symlink_metadata(path)?))
    }

    fn link_target(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::read_link(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        std::fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn real(&self, path: &Path) -> io::Result<PathBuf> {
        // The empty path is the folder the program was started in.
        std::fs::canonicalize(if path.as_os_str().is_empty() { Path::new(".") } else { path })
    }
}

fn kind(metadata: &std::fs::Metadata) -> FileKind {
    use std::os::unix::fs::PermissionsExt;
    let file_type = metadata.file_type();
    if file_type.is_symlink() {
        FileKind::Link
    } else if file_type.is_dir() {
        FileKind::Folder
    } else if file_type.is_file() {
        FileKind::File { size: metadata.len(), executable: metadata.permissions().mode() & 0o111 != 0 }
    } else {
        FileKind::Other
    }
}
