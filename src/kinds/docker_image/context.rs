//! What an image is built from: the archive that docker gets, and the hash that says whether it is another one.

use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use crate::model::{Blob, Content, Value};

/// One thing of a context.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    path: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Folder,
    File { content: Content, is_executable: bool },
    Link(String),
}

/// Reads a folder beside the spec; sorted, so that the hash says nothing about the order of a listing.
pub(super) fn entries(folder: &Value) -> Vec<Entry> {
    let Value::Map(folder) = folder else { return Vec::new() };
    let mut entries: Vec<Entry> = folder
        .iter()
        .filter_map(|(path, entry)| {
            let Value::Map(entry) = entry else { return None };
            let what = match (entry.get("content"), entry.get("link")) {
                (Some(Value::Content(content)), _) => What::File {
                    content: content.clone(),
                    is_executable: entry.get("executable") == Some(&Value::Bool(true)),
                },
                (_, Some(Value::Text(target))) => What::Link(target.clone()),
                _ => What::Folder,
            };
            Some(Entry { path: path.clone(), what })
        })
        .collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries
}

/// Returns the text of a file of the context.
pub(super) fn text<'a>(entries: &'a [Entry], path: &str) -> Option<&'a str> {
    let found = entries.iter().find(|entry| entry.path == path.trim_start_matches("./"))?;
    match &found.what {
        What::File { content, .. } => content.text(),
        _ => None,
    }
}

/// Returns the images a Dockerfile starts from with these arguments, but not those that are stages of it.
pub(super) fn bases(dockerfile: &str, args: &[(String, String)]) -> Vec<String> {
    let mut args: Vec<(String, String)> = args.to_vec();
    let mut stages: Vec<String> = Vec::new();
    let mut bases = Vec::new();
    for line in dockerfile.lines() {
        let mut words = line.split_whitespace();
        let instruction = words.next().unwrap_or_default();
        if instruction.eq_ignore_ascii_case("arg") {
            // A default, which what is given wins over.
            let default = words.next().and_then(|word| word.split_once('='));
            args.extend(default.map(|(name, value)| (name.to_string(), value.trim_matches('"').to_string())));
        }
        if !instruction.eq_ignore_ascii_case("from") {
            continue;
        }
        let mut words = words.skip_while(|word| word.starts_with("--"));
        let Some(base) = words.next() else { continue };
        let base = args.iter().fold(base.to_string(), |base, (name, value)| {
            let base = base.replace(&format!("${{{name}}}"), value);
            // As a whole word only: `$BASE` is no part of `$BASE_TAG`.
            if base == format!("${name}") { value.clone() } else { base }
        });
        if base != "scratch" && !base.contains('$') && !stages.iter().any(|stage| stage.eq_ignore_ascii_case(&base)) {
            bases.push(base);
        }
        let mut words = words.skip_while(|word| !word.eq_ignore_ascii_case("as")).skip(1);
        stages.extend(words.next().map(str::to_string));
    }
    bases
}

/// Hashes a context and what else decides what is built.
pub(super) fn hash(entries: &[Entry], more: &[&str]) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    for entry in entries {
        add(&entry.path);
        match &entry.what {
            What::Folder => add("folder"),
            What::File { content, is_executable } => {
                add(if *is_executable { "program" } else { "file" });
                add(content.hash());
            }
            What::Link(target) => {
                add("link");
                add(target);
            }
        }
    }
    add("");
    more.iter().for_each(|text| add(text));
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Packs a context as docker takes it on its standard input. Times are constant, so that its cache is used.
pub(super) fn archive(entries: &[Entry]) -> Vec<Blob> {
    let mut archive = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_gnu();
        header.set_mtime(1);
        header.set_uid(0);
        header.set_gid(0);
        // Writing into memory fails for nothing but a path that a tar archive cannot hold, which docker then misses by name.
        let _ = match &entry.what {
            What::Folder => {
                header.set_entry_type(EntryType::Directory);
                header.set_mode(0o755);
                header.set_size(0);
                archive.append_data(&mut header, format!("{}/", entry.path), std::io::empty())
            }
            What::File { content, is_executable } => {
                let bytes: &[u8] = content.bytes().map(|bytes| &bytes[..]).unwrap_or_default();
                header.set_entry_type(EntryType::Regular);
                header.set_mode(if *is_executable { 0o755 } else { 0o644 });
                header.set_size(bytes.len() as u64);
                archive.append_data(&mut header, &entry.path, bytes)
            }
            What::Link(target) => {
                header.set_entry_type(EntryType::Symlink);
                header.set_mode(0o777);
                header.set_size(0);
                archive.append_link(&mut header, &entry.path, target)
            }
        };
    }
    archive.into_inner().map(|bytes| vec![Blob(bytes.into())]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_images_and_not_stages() {
        let text = "# syntax\nARG V=1\nARG BASE\nFROM --platform=linux/amd64 debian:bookworm AS build\nRUN x\n\
                    from build as test\nFROM app:${V}\nFROM $BASE\nFROM $UNKNOWN\nFROM scratch\n\
                    COPY --from=build /a /a\nFROM nginx\n";
        let args = [("BASE".to_string(), "own:2".to_string())];
        assert_eq!(bases(text, &args), ["debian:bookworm", "app:1", "own:2", "nginx"]);
    }
}
