//! What a tree is made of.

use globset::{GlobBuilder, GlobMatcher};

use crate::model::{Content, Value};
use crate::resource::Fields;

/// One thing of a tree.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Below the folder; empty for the folder itself.
    pub path: String,
    pub what: What,
    /// Four octal digits; empty for a link.
    pub mode: String,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Folder,
    File(Content),
    Link(String),
}

impl Item {
    /// Returns the word that the host has for its type.
    pub fn word(&self) -> &'static str {
        match self.what {
            What::Folder => "directory",
            What::File(_) => "file",
            What::Link(_) => "symlink",
        }
    }

    /// Returns the hash of its content or the target of the link.
    pub fn want(&self) -> &str {
        match &self.what {
            What::Folder => "",
            What::File(content) => content.hash(),
            What::Link(target) => target,
        }
    }

    /// Returns what messages call it.
    pub fn label(&self) -> String {
        match (&self.what, self.path.as_str()) {
            (_, "") => "the folder".into(),
            (What::Folder, path) => format!("{path}/"),
            (_, path) => path.to_string(),
        }
    }

    /// Returns it in a few words, for a plan.
    pub fn shown(&self) -> Value {
        match &self.what {
            What::Folder => Value::text("folder"),
            What::File(content) => Content::summary(content.hash(), content.size()).into(),
            What::Link(target) => Value::text(format!("link to {target}")),
        }
    }
}

/// Things that are neither copied nor removed.
#[derive(Clone, Debug, Default)]
pub(super) struct Excludes(Vec<Exclude>);

#[derive(Clone, Debug)]
struct Exclude {
    glob: GlobMatcher,
    /// It has a slash: it is about the whole path, not about a name anywhere.
    is_path: bool,
}

impl Excludes {
    /// Reads the globs of an attribute.
    pub fn read(fields: &mut Fields<'_>, attribute: &str) -> Self {
        let mut excludes = Vec::new();
        for text in fields.texts(attribute) {
            let pattern = text.trim_matches('/');
            match GlobBuilder::new(pattern).literal_separator(true).build() {
                Ok(glob) if !pattern.is_empty() => {
                    excludes.push(Exclude { glob: glob.compile_matcher(), is_path: pattern.contains('/') });
                }
                Ok(_) => fields.error(attribute, format!("`{text}` excludes nothing"), "write a glob such as `*.pyc`"),
                Err(error) => {
                    let message = format!("`{text}` is not a glob: {}", error.kind());
                    fields.error(attribute, message, "write a glob such as `*.pyc` or `static/**/*.map`");
                }
            }
        }
        Self(excludes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether a path, or a folder it is in, is excluded.
    pub fn hold(&self, path: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let mut start = 0;
        ends.into_iter().any(|end| {
            let (whole, name) = (&path[..end], &path[start..end]);
            start = end + 1;
            self.0.iter().any(|exclude| exclude.glob.is_match(if exclude.is_path { whole } else { name }))
        })
    }
}

/// Reads the folder beside the spec: the folder itself first, then what is below, outer before inner.
pub(super) fn items(fields: &mut Fields<'_>, excludes: &Excludes, file_mode: &str, folder_mode: &str) -> Vec<Item> {
    let folder = |path: &str| Item { path: path.into(), what: What::Folder, mode: folder_mode.into() };
    let mut items = vec![folder("")];
    let Some(Value::Map(entries)) = fields.value("source") else { return items };
    for (path, entry) in &entries {
        if excludes.hold(path) {
            continue;
        }
        if path.contains(char::is_control) {
            let message = format!("the folder holds {path:?}, a name with a control character");
            fields.error("source", message, "rename it, or exclude it");
            continue;
        }
        let Value::Map(entry) = entry else { continue };
        let is_executable = entry.get("executable") == Some(&Value::Bool(true));
        match (entry.get("content"), entry.get("link")) {
            (Some(Value::Content(content)), _) => {
                let mode = if is_executable { executable(file_mode) } else { file_mode.to_string() };
                items.push(Item { path: path.clone(), what: What::File(content.clone()), mode });
            }
            (_, Some(Value::Text(target))) if target.is_empty() || target.contains(char::is_control) => {
                let message = format!("the link {path} points to {target:?}");
                fields.error("source", message, "mend the link, or exclude it");
            }
            (_, Some(Value::Text(target))) => {
                items.push(Item { path: path.clone(), what: What::Link(target.clone()), mode: String::new() });
            }
            _ => items.push(folder(path)),
        }
    }
    items
}

/// Adds permission to run for everybody who may read.
fn executable(mode: &str) -> String {
    let bits = u32::from_str_radix(mode, 8).unwrap_or(0o644);
    format!("{:04o}", bits | (bits & 0o444) >> 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excludes(patterns: &[&str]) -> Excludes {
        let exclude = |pattern: &&str| Exclude {
            glob: GlobBuilder::new(pattern).literal_separator(true).build().unwrap().compile_matcher(),
            is_path: pattern.contains('/'),
        };
        Excludes(patterns.iter().map(exclude).collect())
    }

    #[test]
    fn names_are_excluded_anywhere_and_paths_from_the_top() {
        let names = excludes(&["*.pyc", "node_modules"]);
        for path in ["a.pyc", "x/y/a.pyc", "node_modules", "web/node_modules/left/pad.js"] {
            assert!(names.hold(path), "{path}");
        }
        assert!(!names.hold("a.py") && !names.hold("my_node_modules/x"));
        let paths = excludes(&["static/*.map", "docs/**"]);
        assert!(paths.hold("static/a.map") && paths.hold("docs/x/y"));
        assert!(!paths.hold("static/deep/a.map") && !paths.hold("web/docs/x") && !paths.hold("docs"));
    }

    #[test]
    fn who_may_read_may_run() {
        assert_eq!(executable("0644"), "0755");
        assert_eq!(executable("0640"), "0750");
        assert_eq!(executable("0600"), "0700");
    }
}
