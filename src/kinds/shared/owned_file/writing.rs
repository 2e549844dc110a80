//! The step that writes files whole: its rows, and the archive that holds their contents.

use tar::{EntryType, Header};

use crate::model::{Blob, Content, Row, Step};
use crate::{row, rows};

/// Contents are collected up to this size before they are sent as one, in bytes.
const MOST_COLLECTED: usize = 64 * 1024;
/// What a tar archive is made of, in bytes.
const BLOCK: usize = 512;

rows! {
    include_str!("write.sh") =>
    /// How a file is written; what a program of the kind's own needs beside follows.
    pub(crate) struct Written { path, owner, group, mode, staged, size }
}

/// A file that is about to be written. Owner, group and mode that are empty stay as they are, or as they come.
#[derive(Default)]
pub(crate) struct NewFile<'a> {
    /// The resource it is of, as an index into the batch.
    pub at: usize,
    pub path: String,
    pub owner: String,
    pub group: String,
    pub mode: String,
    /// Absent where it stays.
    pub content: Option<&'a Content>,
    /// What a program of the kind's own needs beside.
    pub more: Row,
}

impl<'a> NewFile<'a> {
    /// A file that goes.
    pub fn going(at: usize, path: String) -> Self {
        Self { at, path, ..Self::default() }
    }

    /// Returns whether it goes: all others have a mode.
    pub fn goes(&self) -> bool {
        self.mode.is_empty()
    }

    /// A file of the system, which is root's.
    pub fn of_root(at: usize, path: String, mode: &str, content: Option<&'a Content>) -> Self {
        let root = || "root".to_string();
        Self { at, path, owner: root(), group: root(), mode: mode.into(), content, more: Vec::new() }
    }
}

/// Makes the step that writes these files with a program of the kind's own, made of [`super::WRITING`] and
/// what it does between unpacking and renaming. They are unpacked in one folder for `base` where there is one, else in one for each
/// folder that they belong in; the program says where these are.
pub(crate) fn step_of(script: &'static str, base: Option<&str>, mut files: Vec<NewFile<'_>>, purpose: String) -> Step {
    // The program renames a folder at a time.
    files.sort_by(|a, b| folder(&a.path).cmp(folder(&b.path)));
    let mut archive = Archive::default();
    let mut rows = Vec::with_capacity(files.len());
    let mut bases: Vec<String> = Vec::new();
    for file in &mut files {
        let content = file.content.and_then(|content| content.bytes());
        let staged = content.map(|content| {
            let base = base.unwrap_or(folder(&file.path));
            if bases.last().is_none_or(|last| last != base) {
                bases.push(base.to_string());
            }
            let below = file.path.strip_prefix(base).unwrap_or(&file.path);
            let staged = format!("{}{below}", bases.len() - 1);
            archive.add(&staged, content);
            staged
        });
        let size = content.map(|content| content.len() as u64);
        let mut row = row![Written {
            path: &file.path,
            owner: &*file.owner,
            group: &*file.group,
            mode: &*file.mode,
            staged,
            size,
        }];
        row.append(&mut file.more);
        rows.push(row);
    }
    let covers = files.iter().map(|file| file.at).collect();
    Step::new(script, covers, purpose).rows(rows).input(archive.finish())
}

/// Returns the path of the folder; empty for what is in the root folder.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A tar archive, in parts: large contents are not copied.
#[derive(Default)]
struct Archive {
    parts: Vec<Blob>,
    collected: Vec<u8>,
}

impl Archive {
    /// Adds a file. Whoever unpacks it owns it, and nobody else may read it.
    fn add(&mut self, path: &str, content: &std::sync::Arc<[u8]>) {
        if path.len() > 100 {
            let mut name = path.as_bytes().to_vec();
            name.push(0);
            self.header("././@LongLink", EntryType::GNULongName, name.len());
            self.collected.extend_from_slice(&name);
            self.pad(name.len());
        }
        self.header(path, EntryType::Regular, content.len());
        if content.len() > MOST_COLLECTED {
            self.flush();
            self.parts.push(Blob::from(content));
        } else {
            self.collected.extend_from_slice(content);
        }
        self.pad(content.len());
        if self.collected.len() > MOST_COLLECTED {
            self.flush();
        }
    }

    fn header(&mut self, name: &str, kind: EntryType, size: usize) {
        let mut header = Header::new_gnu();
        let field = &mut header.as_old_mut().name;
        let shown = name.len().min(field.len());
        field[..shown].copy_from_slice(&name.as_bytes()[..shown]);
        header.set_entry_type(kind);
        header.set_mode(0o600);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(1);
        header.set_size(size as u64);
        header.set_cksum();
        self.collected.extend_from_slice(header.as_bytes());
    }

    fn pad(&mut self, size: usize) {
        let padded = self.collected.len() + size.next_multiple_of(BLOCK) - size;
        self.collected.resize(padded, 0);
    }

    fn flush(&mut self) {
        if !self.collected.is_empty() {
            let part = std::mem::take(&mut self.collected);
            self.parts.push(Blob(part.into()));
        }
    }

    /// Ends the archive; nothing where nothing was added.
    fn finish(mut self) -> Vec<Blob> {
        if self.parts.is_empty() && self.collected.is_empty() {
            return Vec::new();
        }
        self.collected.resize(self.collected.len() + 2 * BLOCK, 0);
        self.flush();
        self.parts
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn file(at: usize, path: String, content: &Content) -> NewFile<'_> {
        let [owner, group, mode] = [(); 3].map(|()| String::new());
        NewFile { at, path, owner, group, mode, content: Some(content), more: Vec::new() }
    }

    #[test]
    fn an_archive_holds_every_content_whatever_its_size_and_name() {
        let long = format!("/opt/{}/{}", "a".repeat(200), "b".repeat(255));
        let contents: Vec<Vec<u8>> = [0, 1, 511, 512, 513, MOST_COLLECTED, MOST_COLLECTED + 1, 300_000]
            .into_iter()
            .map(|size| (0..size).map(|at| (at % 251) as u8).collect())
            .collect();
        let contents: Vec<Content> = contents.into_iter().map(Content::new).collect();
        let files = contents.iter().enumerate();
        let files = files.map(|(at, content)| file(at, format!("{long}{}", &at.to_string()), content)).collect();
        let step = step_of("", None, files, "write".into());
        let bytes: Vec<u8> = step.input.iter().flat_map(|blob| blob.0.iter().copied()).collect();
        let mut archive = tar::Archive::new(&bytes[..]);
        let mut seen = 0;
        for (at, entry) in archive.entries().unwrap().enumerate() {
            let mut entry = entry.unwrap();
            assert_eq!(step.rows[at][4].expose(), entry.path().unwrap().to_str().unwrap());
            assert_eq!(entry.header().mode().unwrap(), 0o600);
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            assert_eq!(content, contents[at].bytes().unwrap()[..]);
            assert_eq!(step.rows[at][5].expose(), content.len().to_string());
            seen += 1;
        }
        assert_eq!(seen, contents.len());
        assert_eq!(bytes.len() % BLOCK, 0);
    }

    #[test]
    fn files_of_one_folder_follow_each_other() {
        let content = Content::new(&b"x"[..]);
        let paths = ["/b/1", "/a/1", "/top", "/b/0", "/a/0"];
        let files = paths.iter().enumerate().map(|(at, path)| file(at, (*path).to_string(), &content)).collect();
        let step = step_of("", None, files, "write".into());
        assert_eq!(step.covers, [2, 1, 4, 0, 3]);
        let staged: Vec<&str> = step.rows.iter().map(|row| row[4].expose()).collect();
        assert_eq!(staged, ["0/top", "1/1", "1/0", "2/1", "2/0"]);
        let files = paths[..2].iter().enumerate().map(|(at, path)| file(at, (*path).to_string(), &content)).collect();
        let step = step_of("", Some(""), files, "write".into());
        assert_eq!(step.rows.iter().map(|row| row[4].expose()).collect::<Vec<_>>(), ["0/a/1", "0/b/1"]);
    }
}
