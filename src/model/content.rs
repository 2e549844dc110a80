//! The bytes of a file.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{OpenLines, Secret};

/// The bytes of a file, or as much as is known of them.
#[derive(Clone)]
pub struct Content {
    /// SHA-256, lower-case hex. For a secret content it identifies but is never shown.
    hash: Arc<str>,
    /// In bytes.
    size: u64,
    /// Absent where the file was too large to fetch.
    bytes: Option<Arc<[u8]>>,
    sensitive: bool,
    /// Of a secret content.
    open: OpenLines,
}

/// Two are equal whatever may be shown of them.
impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        let of = |content: &Self| (content.hash.clone(), content.size, content.bytes.clone(), content.sensitive);
        of(self) == of(other)
    }
}

impl Eq for Content {}

impl Content {
    /// Takes bytes that may be shown.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self {
            hash: sha256(&bytes).into(),
            size: bytes.len() as u64,
            bytes: Some(bytes),
            sensitive: false,
            open: OpenLines::default(),
        }
    }

    /// Takes what is known of a file that was not fetched; `hash` is its SHA-256 in lower-case hex, `size` in bytes.
    pub fn summary(hash: impl Into<Arc<str>>, size: u64) -> Self {
        Self { hash: hash.into(), size, bytes: None, sensitive: false, open: OpenLines::default() }
    }

    /// Stands for a content that is known only later; its hash is empty and equals no other.
    pub fn unknown() -> Self {
        Self { hash: "".into(), size: 0, bytes: None, sensitive: true, open: OpenLines::default() }
    }

    /// Takes a secret text.
    pub fn secret(text: &Secret) -> Self {
        Self { open: text.open().clone(), ..Self::new(text.expose().as_bytes()).mark_sensitive(true) }
    }

    /// Keeps hidden the lines of a secret content that do not pass, too.
    pub fn keep_open(self, passes: impl Fn(&str) -> bool) -> Self {
        let open = self.text().map(|text| self.open.retain(text, passes));
        Self { open: open.unwrap_or_default(), ..self }
    }

    /// Returns the lines of a secret content that no secret had part in.
    pub fn open_lines(&self) -> impl Iterator<Item = &str> {
        self.text().into_iter().flat_map(|text| self.open.of(text))
    }

    /// Marks it secret if `sensitive`; a secret stays one.
    pub fn mark_sensitive(mut self, sensitive: bool) -> Self {
        self.sensitive |= sensitive;
        self
    }

    pub fn is_sensitive(&self) -> bool {
        self.sensitive
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
    hex(&Sha256::digest(bytes))
}

/// Writes bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
