//! `host/kind:name`, the identity of a resource.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The identity of a resource: `app1/service:nginx`, `app1/file:/etc/hosts`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    pub host: Arc<str>,
    pub kind: Arc<str>,
    pub name: Arc<str>,
}

impl Address {
    /// Makes an address from its three parts.
    pub fn new(host: impl Into<Arc<str>>, kind: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { host: host.into(), kind: kind.into(), name: name.into() }
    }

    /// Returns `kind:name`, what it is called on its own host.
    pub fn local(&self) -> String {
        format!("{}:{}", self.kind, self.name)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.host, self.kind, self.name)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not an address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is not an address: write host/kind:name, such as app1/service:nginx")]
pub struct NotAnAddress(pub String);

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotAnAddress(text.to_string());
        let (host, rest) = text.split_once('/').ok_or_else(wrong)?;
        let (kind, name) = rest.split_once(':').ok_or_else(wrong)?;
        if host.is_empty() || kind.is_empty() || name.is_empty() {
            return Err(wrong());
        }
        Ok(Self::new(host, kind, name))
    }
}
