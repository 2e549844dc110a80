//! The bytes of a file.

use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashSet;
use sha2::{Digest, Sha256};

use super::Secret;

/// The bytes of a file, or as much as is known of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// SHA-256, lower-case hex. For a secret content it identifies but is never shown.
    hash: Arc<str>,
    /// In bytes.
    size: u64,
    /// Absent where the file was too large to fetch.
    bytes: Option<Arc<[u8]>>,
    sensitive: bool,
    /// Lines of a secret content that may be shown all the same.
    plain_lines: Option<Arc<FxHashSet<Box<str>>>>,
}

impl Content {
    /// Takes bytes that may be shown.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self {
            hash: sha256(&bytes).into(),
            size: bytes.len() as u64,
            bytes: Some(bytes),
            sensitive: false,
            plain_lines: None,
        }
    }

    /// Takes a text with secrets in it. Lines that it would have with other secrets too may be shown.
    pub fn of_secret(secret: &Secret) -> Self {
        let content = Self::new(secret.expose().as_bytes()).mark_sensitive(true);
        let Some(other) = secret.otherwise() else { return content };
        let others: FxHashSet<&str> = other.expose().lines().collect();
        content.show_lines(secret.expose().lines().filter(|line| others.contains(line)))
    }

    /// Takes what is known of a file that was not fetched; `hash` is its SHA-256 in lower-case hex, `size` in bytes.
    pub fn summary(hash: impl Into<Arc<str>>, size: u64) -> Self {
        Self { hash: hash.into(), size, bytes: None, sensitive: false, plain_lines: None }
    }

    /// Stands for a content that is known only later; its hash is empty and equals no other.
    pub fn unknown() -> Self {
        Self { hash: "".into(), size: 0, bytes: None, sensitive: true, plain_lines: None }
    }

    /// Marks it secret if `sensitive`; a secret stays one.
    pub fn mark_sensitive(mut self, sensitive: bool) -> Self {
        self.sensitive |= sensitive;
        self
    }

    /// Lets these lines of a secret content be shown, and no others.
    pub fn show_lines<'a>(mut self, lines: impl IntoIterator<Item = &'a str>) -> Self {
        self.plain_lines = Some(Arc::new(lines.into_iter().map(Box::from).collect()));
        self
    }

    /// Hides what is hidden of another content that it was made from.
    pub fn hide_as(mut self, other: &Self) -> Self {
        self.sensitive |= other.sensitive;
        self.plain_lines.clone_from(&other.plain_lines);
        self
    }

    /// Returns whether it is a secret, if only in some of its lines.
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    /// Returns whether a line of it, without its line end, may be shown.
    pub fn shows(&self, line: &str) -> bool {
        !self.sensitive || self.plain_lines.as_ref().is_some_and(|lines| lines.contains(line))
    }

    /// Returns whether nothing of it may be shown.
    pub fn is_hidden(&self) -> bool {
        self.sensitive && self.plain_lines.as_ref().is_none_or(|lines| lines.iter().all(|line| line.trim().is_empty()))
    }

    /// Returns the SHA-256 in lower-case hex.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Returns the size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the bytes where they are here.
    pub fn bytes(&self) -> Option<&Arc<[u8]>> {
        self.bytes.as_ref()
    }

    /// Returns the text where it is here, valid UTF-8 and free of NUL.
    pub fn text(&self) -> Option<&str> {
        let bytes = self.bytes.as_ref()?;
        if bytes.contains(&0) {
            return None;
        }
        std::str::from_utf8(bytes).ok()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sensitive {
            f.write_str("(sensitive)")
        } else {
            write!(f, "Content({} bytes, sha256 {})", self.size, &self.hash)
        }
    }
}

/// Returns the SHA-256 of bytes in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
