//! Reading the files of a spec: YAML files, templates, sources, folders.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, FileId, Sources, Span, nearest};
use crate::model::{Content, Value, YamlNode};

use super::confined::{Confined, Outside};
use super::files::{FileKind, normalize};
use super::yaml;

/// How large a file of YAML may be.
const MAX_YAML: u64 = 16 << 20;
/// How large a template may be: its expressions take far more memory than its text.
const MAX_TEMPLATE: u64 = 1 << 20;
/// How large a file may be that is copied to a host.
const MAX_SOURCE: u64 = 256 << 20;
/// How many files a folder may hold.
const MAX_ENTRIES: usize = 20_000;

/// Reads a YAML file. `None` where it cannot be read; the reason is among the diagnostics.
pub(super) fn yaml(
    files: &Confined<'_>,
    path: &Path,
    asked_for: Option<Span>,
    sources: &mut Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(YamlNode, FileId)> {
    let text = match text(files, path, MAX_YAML) {
        Ok(text) => text,
        Err(why) => {
            diagnostics.push(why.diagnostic(files, path, asked_for));
            return None;
        }
    };
    let file = sources.add(path.display().to_string(), text);
    let text = Arc::clone(sources.text(file));
    let node = yaml::parse(&text, file, diagnostics)?;
    Some((node, file))
}

/// Why a file cannot be used.
#[derive(Clone, Debug)]
pub(super) enum Unreadable {
    Missing,
    /// It lies where the spec may not read.
    Outside(Outside),
    Refused(String),
}

impl Unreadable {
    /// Makes the message about it; `asked_for` is where the spec names the file.
    pub(super) fn diagnostic(&self, files: &Confined<'_>, path: &Path, asked_for: Option<Span>) -> Diagnostic {
        let shown = path.display();
        match self {
            Self::Missing => {
                let diagnostic = Diagnostic::error(asked_for, format!("there is no file `{shown}`"));
                diagnostic.help_if(near(files, path))
            }
            Self::Outside(outside) => Diagnostic::error(asked_for, format!("`{shown}` {outside}")).help(outside.help()),
            Self::Refused(why) => Diagnostic::error(asked_for, format!("`{shown}` {why}")),
        }
    }
}

/// Names the file that was probably meant.
fn near(files: &Confined<'_>, path: &Path) -> Option<String> {
    let folder = path.parent()?;
    let name = path.file_name()?.to_str()?;
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match files.list(here) {
        Ok(mut names) => {
            names.sort();
            let near = nearest(name, names.iter().map(String::as_str))?;
            Some(format!("did you mean `{}`?", folder.join(near).display()))
        }
        Err(_) => Some(format!("the folder `{}` is not there either", folder.display())),
    }
}

/// Reads a file that must be UTF-8 text.
fn text(files: &Confined<'_>, path: &Path, limit: u64) -> Result<String, Unreadable> {
    let bytes = bytes(files, path, limit)?;
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        if bytes.contains(&0) {
            return Unreadable::Refused("is not a text file: it holds NUL bytes".into());
        }
        let line = bytes[..good].iter().filter(|&&byte| byte == b'\n').count() + 1;
        Unreadable::Refused(format!("is not UTF-8: line {line} holds other bytes"))
    })
}

/// Reads a text that is neither a spec nor a template.
pub(super) fn other_text(files: &Confined<'_>, path: &Path) -> Result<String, Unreadable> {
    text(files, path, MAX_TEMPLATE)
}

fn bytes(files: &Confined<'_>, path: &Path, limit: u64) -> Result<Vec<u8>, Unreadable> {
    let size = match files.kind(path).map_err(|error| unreadable(&error))? {
        FileKind::File { size, .. } => size,
        FileKind::Folder => return Err(Unreadable::Refused("is a folder, not a file".into())),
        FileKind::Link | FileKind::Other => return Err(Unreadable::Refused("is not a regular file".into())),
    };
    let too_large = |size: u64| {
        Unreadable::Refused(format!("is too large: it has {} MiB, {} MiB are allowed", size >> 20, limit >> 20))
    };
    if size > limit {
        return Err(too_large(size));
    }
    let bytes = files.read(path).map_err(|error| unreadable(&error))?;
    match bytes.len() as u64 {
        // It may have grown since.
        size if size > limit => Err(too_large(size)),
        _ => Ok(bytes),
    }
}

/// Says why a file cannot be used.
pub(super) fn unreadable(error: &io::Error) -> Unreadable {
    if let Some(outside) = error.get_ref().and_then(|inner| inner.downcast_ref::<Outside>()) {
        return Unreadable::Outside(outside.clone());
    }
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Unreadable::Missing,
        io::ErrorKind::PermissionDenied => Unreadable::Refused("may not be read by this user".into()),
        _ => Unreadable::Refused(format!("cannot be read: {error}")),
    }
}

/// Files that resources name, each read once.
#[derive(Debug, Default)]
pub(super) struct Assets {
    texts: HashMap<PathBuf, Result<Arc<str>, Unreadable>>,
    contents: HashMap<PathBuf, Result<Content, Unreadable>>,
    folders: HashMap<PathBuf, Result<Value, Unreadable>>,
}

impl Assets {
    /// Reads a template file.
    pub(super) fn text(&mut self, files: &Confined<'_>, path: &Path) -> Result<Arc<str>, Unreadable> {
        let read = || text(files, path, MAX_TEMPLATE).map(Arc::from);
        self.texts.entry(path.to_path_buf()).or_insert_with(read).clone()
    }

    /// Reads a file as it is.
    pub(super) fn content(&mut self, files: &Confined<'_>, path: &Path) -> Result<Content, Unreadable> {
        let read = || bytes(files, path, MAX_SOURCE).map(Content::new);
        self.contents.entry(path.to_path_buf()).or_insert_with(read).clone()
    }

    /// Reads a folder: a mapping from relative path to what is there.
    pub(super) fn folder(&mut self, files: &Confined<'_>, path: &Path) -> Result<Value, Unreadable> {
        if let Some(folder) = self.folders.get(path) {
            return folder.clone();
        }
        let folder = self.read_folder(files, path);
        self.folders.insert(path.to_path_buf(), folder.clone());
        folder
    }

    fn read_folder(&mut self, files: &Confined<'_>, root: &Path) -> Result<Value, Unreadable> {
        match files.kind(root).map_err(|error| unreadable(&error))? {
            FileKind::Folder => {}
            _ => return Err(Unreadable::Refused("is a file, not a folder".into())),
        }
        let mut found = IndexMap::new();
        let mut todo = vec![PathBuf::new()];
        while let Some(folder) = todo.pop() {
            let mut names = files.list(&root.join(&folder)).map_err(|error| unreadable(&error))?;
            names.sort();
            for name in names {
                let relative = folder.join(&name);
                let path = root.join(&relative);
                let entry = match files.link_kind(&path).map_err(|error| unreadable(&error))? {
                    FileKind::File { executable, .. } => {
                        let content = self.content(files, &path)?;
                        [("content", Value::Content(content)), ("executable", Value::Bool(executable))].into()
                    }
                    FileKind::Folder => {
                        todo.push(relative.clone());
                        vec![("directory", Value::Bool(true))]
                    }
                    FileKind::Link => {
                        let target = files.link_target(&path).map_err(|error| unreadable(&error))?;
                        vec![("link", Value::text(target.display().to_string()))]
                    }
                    FileKind::Other => {
                        let why = format!("holds `{}`, which is no file, folder or link", relative.display());
                        return Err(Unreadable::Refused(why));
                    }
                };
                let entry = entry.into_iter().map(|(key, value)| (key.to_string(), value)).collect();
                found.insert(relative.display().to_string(), Value::Map(entry));
                if found.len() > MAX_ENTRIES {
                    return Err(Unreadable::Refused(format!("holds more than {MAX_ENTRIES} files")));
                }
            }
        }
        found.sort_keys();
        Ok(Value::Map(found))
    }
}

/// Joins a path of a spec to the folder it is relative to.
pub(super) fn beside(folder: &Path, path: &str) -> PathBuf {
    normalize(&folder.join(path))
}
