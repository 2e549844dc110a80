//! Selectors: addresses and globs of addresses, as `depends_on`, `restart_on` and `--target` take them.

use globset::{GlobBuilder, GlobMatcher};

use crate::model::Address;

/// `kind:name` (on one's own host), `host/kind:name`, or a glob of either. `*` stays within a path's segment, `**` does
/// not: `file:/etc/app/**`.
#[derive(Clone, Debug)]
pub struct Selector {
    host: Option<Pattern>,
    kind: Pattern,
    name: Pattern,
}

#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Literal,
    /// `PATH/**`, by far the most common glob: what begins with this, its last `/` included.
    Below(usize),
    Glob(Box<GlobMatcher>),
}

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASelector {
    #[error("`{0}` is no address: write kind:name or host/kind:name, or a glob such as file:/etc/app/**")]
    Shape(String),
    #[error("`{0}` is no valid glob: {1}")]
    Glob(String, String),
}

impl Selector {
    /// Reads a selector.
    pub fn parse(text: &str) -> Result<Self, NotASelector> {
        let wrong = || NotASelector::Shape(text.to_string());
        let (before, name) = text.split_once(':').ok_or_else(wrong)?;
        let (host, kind) = match before.split_once('/') {
            Some((host, kind)) => (Some(host), kind),
            None => (None, before),
        };
        if kind.is_empty() || name.is_empty() || kind.contains('/') || host == Some("") {
            return Err(wrong());
        }
        let pattern = |part: &str| Pattern::new(part).map_err(|why| NotASelector::Glob(text.to_string(), why));
        Ok(Self { host: host.map(pattern).transpose()?, kind: pattern(kind)?, name: pattern(name)? })
    }

    /// Returns whether it selects an address; `own_host` is whose selector it is.
    pub fn matches(&self, address: &Address, own_host: &str) -> bool {
        let host = match &self.host {
            Some(host) => host.matches(&address.host),
            None => own_host == &*address.host,
        };
        host && self.kind.matches(&address.kind) && self.name.matches(&address.name)
    }

    /// Returns whether it selects an address on any host where it names none.
    pub fn matches_anywhere(&self, address: &Address) -> bool {
        self.matches(address, &address.host)
    }

    /// Says whether it may select a name of a kind on some host; `None` is a name that is not known.
    pub fn may_select(&self, kind: &str, name: Option<&str>) -> bool {
        self.kind.matches(kind) && name.is_none_or(|name| self.name.matches(name))
    }

    /// Returns the only host it can select on, seen from `own_host`; none where that is a glob.
    pub fn only_host<'s>(&'s self, own_host: &'s str) -> Option<&'s str> {
        self.host.as_ref().map_or(Some(own_host), Pattern::literal)
    }

    /// Returns the only kind it can select; none where that is a glob.
    pub fn only_kind(&self) -> Option<&str> {
        self.kind.literal()
    }

    /// Returns the only name it can select; none where that is a glob.
    pub fn only_name(&self) -> Option<&str> {
        self.name.literal()
    }

    /// Returns what every name it can select begins with.
    pub fn name_prefix(&self) -> &str {
        self.name.prefix()
    }

    /// Returns whether it can select several addresses.
    pub fn is_glob(&self) -> bool {
        self.host.iter().chain([&self.kind, &self.name]).any(|pattern| pattern.literal().is_none())
    }
}

/// What makes a text a glob.
const SPECIAL: [char; 5] = ['*', '?', '[', '{', '\\'];

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let form = match text.strip_suffix("**") {
            Some(below) if below.ends_with('/') && !below.contains(SPECIAL) && !below.contains([']', '}']) => {
                Form::Below(below.len())
            }
            _ if text.contains(SPECIAL) => Form::Glob(Box::new(
                GlobBuilder::new(text)
                    .literal_separator(true)
                    .build()
                    .map_err(|error| error.kind().to_string())?
                    .compile_matcher(),
            )),
            _ => Form::Literal,
        };
        Ok(Self { text: text.to_string(), form })
    }

    fn literal(&self) -> Option<&str> {
        matches!(self.form, Form::Literal).then_some(self.text.as_str())
    }

    fn prefix(&self) -> &str {
        match self.form {
            Form::Literal => &self.text,
            Form::Below(end) => &self.text[..end],
            Form::Glob(_) => self.text.split(SPECIAL).next().unwrap_or_default(),
        }
    }

    fn matches(&self, text: &str) -> bool {
        // A name may hold what looks like a glob: it selects itself then.
        self.text == text
            || match &self.form {
                Form::Literal => false,
                Form::Below(end) => text.starts_with(&self.text[..*end]),
                Form::Glob(glob) => glob.is_match(text),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_select() {
        for (selector, address, own, expected) in [
            ("service:nginx", "app1/service:nginx", "app1", true),
            ("service:nginx", "app1/service:nginx", "app2", false),
            ("app1/service:nginx", "app1/service:nginx", "app2", true),
            ("*/service:nginx", "app1/service:nginx", "app2", true),
            ("file:/etc/app/**", "a/file:/etc/app/x/y", "a", true),
            ("file:/etc/app/**", "a/file:/etc/app", "a", false),
            ("file:/etc/app/**", "a/file:/etc/apple/x", "a", false),
            ("file:/etc/app/**", "a/file:/etc/app/**", "a", true),
            ("file:/**", "a/file:/etc", "a", true),
            ("file:/etc/app/*", "a/file:/etc/app/x/y", "a", false),
            ("file:/etc/app/*", "a/file:/etc/app/x", "a", true),
            ("file:**", "a/file:/etc/app/x", "a", true),
            ("database_user:a@%", "a/database_user:a@%", "a", true),
            ("database_user:{a,b}@x", "a/database_user:b@x", "a", true),
            ("file:/a[1]", "a/file:/a[1]", "a", true),
            ("*:nginx", "a/package:nginx", "a", true),
        ] {
            let address: Address = address.parse().unwrap();
            assert_eq!(Selector::parse(selector).unwrap().matches(&address, own), expected, "{selector} {address}");
        }
    }

    #[test]
    fn what_is_no_selector_says_why() {
        for text in ["nginx", "", ":", "a:", ":b", "/a:b", "a/b/c:d", "file:/a[", "file:/{a", "file:/a}/**"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
