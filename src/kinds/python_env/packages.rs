//! What is asked of pip, and how installed packages differ from those recorded.

use crate::model::Value;
use crate::resource::Fields;

/// A package that is not as it was recorded.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    pub name: String,
    /// Its version when it was recorded; `None` where it was not there then.
    pub recorded: Option<String>,
    /// Its version now; `None` where it is missing.
    pub installed: Option<String>,
}

/// Compares two lists of packages, a line each: name-version, as the folder with its metadata is called.
pub(super) fn differences(recorded: &str, installed: &str) -> Vec<Difference> {
    let gone = || recorded.lines().filter(|line| !installed.lines().any(|other| other == *line)).map(split);
    let new = || installed.lines().filter(|line| !recorded.lines().any(|other| other == *line)).map(split);
    let mut differences: Vec<Difference> = gone()
        .map(|(name, version)| {
            let now = new().find(|(other, _)| canonical(other) == canonical(name));
            Difference {
                name: name.to_string(),
                recorded: Some(version.to_string()),
                installed: now.map(|(_, version)| version.to_string()),
            }
        })
        .collect();
    for (name, version) in new().filter(|(name, _)| !gone().any(|(other, _)| canonical(other) == canonical(name))) {
        differences.push(Difference { name: name.to_string(), recorded: None, installed: Some(version.to_string()) });
    }
    differences.sort_by(|a, b| a.name.cmp(&b.name));
    differences
}

/// A version has no hyphen, a name of old may have some.
fn split(line: &str) -> (&str, &str) {
    line.rsplit_once('-').unwrap_or((line, ""))
}

/// Returns the name that all ways to write it share (PEP 503).
fn canonical(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// Returns the path that a requirement names: itself, or behind `-e`, `name @ file://` and the like; without extras.
pub(super) fn local_path(line: &str) -> Option<&str> {
    let line = line.split(" #").next().unwrap_or(line).trim();
    let line =
        ["-e ", "--editable ", "--editable="].iter().find_map(|option| line.strip_prefix(option)).unwrap_or(line);
    let place = line.split_once(" @ ").map_or(line, |(_, place)| place).trim();
    let path = place.strip_prefix("file://").unwrap_or(place);
    let path = path.split(['[', ';', '#', ' ']).next().unwrap_or(path).trim_end_matches('/');
    path.starts_with('/').then_some(path)
}

/// Reads what pip is asked for: the lines of `requirements`, then those of `packages`.
pub(super) fn asked(fields: &mut Fields<'_>) -> String {
    let mut lines = Vec::new();
    if let Some(content) = fields.content("requirements") {
        match content.text() {
            Some(text) => lines.extend(text.trim_end().lines().map(|line| line.trim_end().to_string())),
            None if content.bytes().is_some() => {
                fields.error("requirements", "the requirements are not UTF-8 text", "save the file as UTF-8");
            }
            None => {}
        }
        let other = ["-r", "--requirement", "-c", "--constraint"];
        if let Some(line) = lines.iter().find(|line| other.iter().any(|option| line.trim_start().starts_with(option))) {
            let message = format!("`{line}` names another file, which would not be on the host");
            fields.error("requirements", message, "write all requirements into one file, or use `requirements_file`");
        }
    }
    if fields.value("packages").as_ref().is_some_and(Value::is_sensitive) {
        fields.error("packages", "`packages` may not hold a secret", "what is asked for is kept on the host");
        return String::new();
    }
    for package in fields.texts("packages") {
        if package.trim().is_empty() || package.starts_with('-') || package.contains(['\n', '\r']) {
            let message = format!("`{}` is not a requirement", package.trim_end());
            fields.error("packages", message, "write one a line of a requirements file could be, such as `flask>=3`");
        }
        lines.push(package.trim().to_string());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_paths_of_requirements() {
        for (line, expected) in [
            ("/srv/lp", Some("/srv/lp")),
            ("-e /srv/lp/[all]", Some("/srv/lp")),
            ("lp @ file:///srv/lp-1.whl ; python_version > '3'", Some("/srv/lp-1.whl")),
            ("file:///srv/lp # ours", Some("/srv/lp")),
            ("flask>=3", None),
            ("lp @ https://example.org/lp.whl", None),
        ] {
            assert_eq!(local_path(line), expected, "{line}");
        }
    }

    #[test]
    fn packages_are_paired_by_name() {
        let found = differences("Flask-2.0\nclick-8.1\npip-23\nzope.event-5.0", "extra_one-1\nflask-3.0\npip-23");
        let shown: Vec<(&str, Option<&str>, Option<&str>)> =
            found.iter().map(|d| (d.name.as_str(), d.recorded.as_deref(), d.installed.as_deref())).collect();
        assert_eq!(
            shown,
            [
                ("Flask", Some("2.0"), Some("3.0")),
                ("click", Some("8.1"), None),
                ("extra_one", None, Some("1")),
                ("zope.event", Some("5.0"), None),
            ]
        );
    }
}
