//! Where a checkout comes from: addresses of repositories and names of revisions.

use crate::resource::Fields;

/// What is checked out.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Revision {
    /// The branch that the remote calls its HEAD.
    Default,
    Branch(String),
    Tag(String),
    Commit(String),
}

impl Revision {
    /// Returns the attribute and its value, where the spec gives one.
    pub fn named(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Default => None,
            Self::Branch(name) => Some(("branch", name)),
            Self::Tag(name) => Some(("tag", name)),
            Self::Commit(name) => Some(("commit", name)),
        }
    }
}

/// Reads `branch`, `tag` or `commit`.
pub(super) fn revision(fields: &mut Fields<'_>) -> Revision {
    let given = fields.one_of("a checkout", &["branch", "tag", "commit"]);
    let Some(attribute) = given else { return Revision::Default };
    let name = fields.text(attribute).unwrap_or_default();
    match attribute {
        "commit" => {
            let is_hash = [40, 64].contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_hash {
                fields.error(
                    "commit",
                    format!("`{name}` is not the full name of a commit"),
                    "write all 40 hex digits: `git rev-parse HEAD` prints them",
                );
            }
            Revision::Commit(name.to_ascii_lowercase())
        }
        _ if !is_ref_name(&name) => {
            fields.error(
                attribute,
                format!("`{name}` cannot be the name of a {attribute}"),
                format!("write it as `git {attribute} --list` shows it"),
            );
            Revision::Default
        }
        "branch" => Revision::Branch(name),
        _ => Revision::Tag(name),
    }
}

/// Returns whether git-check-ref-format(1) would take it below refs/heads or refs/tags.
fn is_ref_name(name: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    let is_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !name.starts_with('-')
        && !name.ends_with('.')
        && name != "@"
        && name != "HEAD"
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(forbidden)
        && name.split('/').all(is_part)
}

/// Reads `url`.
pub(super) fn url(fields: &mut Fields<'_>) -> String {
    let url = fields.text("url").unwrap_or_default();
    if fields.is_absent() && url.is_empty() {
        return url;
    }
    let is_plain = !url.contains(|c: char| c.is_whitespace() || c.is_control()) && !url.starts_with('-');
    let is_known = match url.split_once("://") {
        Some((scheme, rest)) => ["https", "http", "ssh", "git", "file"].contains(&scheme) && !rest.is_empty(),
        // As ssh's own programs write it: host:path.
        None => {
            url.starts_with('/') || url.split_once(':').is_some_and(|(host, path)| is_host(host) && !path.is_empty())
        }
    };
    if !is_plain || !is_known {
        fields.error(
            "url",
            format!("`{}` is not the address of a repository", without_credentials(&url)),
            "write https://…, ssh://…, git@host:path, or an absolute path on the host",
        );
    } else if without_credentials(&url) != url {
        fields.error(
            "url",
            "`url` may not hold credentials: git would write them into the checkout",
            "take them out of it and use `username` and `token`",
        );
    }
    url
}

fn is_host(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "@._-[]".contains(c))
}

/// Returns the path of a repository that is on the host itself.
pub(super) fn local_path(url: &str) -> Option<&str> {
    let path = url.strip_prefix("file://").unwrap_or(url);
    path.starts_with('/').then_some(path)
}

/// Returns whether git has ssh fetch it: by its scheme, or as ssh's own programs write it.
pub(super) fn is_ssh(url: &str) -> bool {
    match url.split_once("://") {
        Some((scheme, _)) => scheme == "ssh",
        None => !url.starts_with('/') && url.contains(':'),
    }
}

/// Hides what stands before the host in a web address; an ssh address names only a user there.
pub(super) fn without_credentials(url: &str) -> String {
    let hidden = |scheme: &str, rest: &str| {
        let (server, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = server.rsplit_once('@')?;
        let is_shown = scheme == "ssh" && !user.contains(':');
        (!is_shown).then(|| format!("{scheme}://(sensitive)@{host}/{path}"))
    };
    let parts = url.split_once("://").filter(|(scheme, _)| *scheme != "file");
    parts.and_then(|(scheme, rest)| hidden(scheme, rest)).unwrap_or_else(|| url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_hidden() {
        assert_eq!(without_credentials("https://me:pw@host/a.git"), "https://(sensitive)@host/a.git");
        assert_eq!(without_credentials("https://token@host/a"), "https://(sensitive)@host/a");
        for plain in ["https://host/a@b", "ssh://git@host/a", "git@host:a", "/srv/a@b.git", "file:///srv/x@y"] {
            assert_eq!(without_credentials(plain), plain);
        }
    }

    #[test]
    fn names_of_branches() {
        for name in ["main", "feature/x-1", "v1.2", "a@b"] {
            assert!(is_ref_name(name), "{name}");
        }
        for name in ["", "-x", "a..b", "a b", "a/", "/a", "a.lock", "a.", "@", "a~1", "HEAD", "a/.b"] {
            assert!(!is_ref_name(name), "{name}");
        }
    }
}
