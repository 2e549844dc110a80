//! OpenPGP keys, as far as it takes to know that a file is one (RFC 4880).

use crate::model::decode_base64;

/// How a key is written down; apt tells it by the ending of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Text between lines of dashes (RFC 4880, section 6.2).
    Armored,
    Binary,
}

/// Why a file holds no key that apt could use.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotAKey {
    #[error("this is a private key")]
    Private,
    #[error("this is a keybox, which apt does not read")]
    Keybox,
    #[error("this is a web page, not a key")]
    WebPage,
    #[error("this is not an OpenPGP public key")]
    Other,
    #[error("this key is damaged")]
    Damaged,
}

impl NotAKey {
    /// Returns the way out.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Private => "never put it into a spec; take what `gpg --armor --export` writes",
            Self::Keybox => "take what `gpg --armor --export` writes",
            Self::WebPage => "download the key itself",
            Self::Other | Self::Damaged => {
                "take the key that the repository's publisher offers, armored or binary, unchanged"
            }
        }
    }
}

impl Form {
    /// Returns the form of a public key.
    pub fn of(bytes: &[u8]) -> Result<Self, NotAKey> {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.contains("-----BEGIN PGP") => armored(text),
            Ok(text) if text.trim_start().starts_with('<') => Err(NotAKey::WebPage),
            _ if bytes.get(8..12) == Some(b"KBXf") => Err(NotAKey::Keybox),
            _ => public_key(bytes).map(|()| Self::Binary),
        }
    }

    /// Returns the ending of a file that holds it.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Armored => "asc",
            Self::Binary => "gpg",
        }
    }
}

/// Every block must be a whole public key.
fn armored(text: &str) -> Result<Form, NotAKey> {
    if text.contains("-----BEGIN PGP PRIVATE KEY") {
        return Err(NotAKey::Private);
    }
    let mut blocks = text.split("-----BEGIN PGP PUBLIC KEY BLOCK-----").skip(1).peekable();
    if blocks.peek().is_none() {
        return Err(NotAKey::Other);
    }
    for block in blocks {
        let (block, _) = block.split_once("-----END PGP PUBLIC KEY BLOCK-----").ok_or(NotAKey::Damaged)?;
        // Headers end with an empty line; the checksum begins with `=`.
        let body: String = block
            .lines()
            .map(str::trim)
            .skip_while(|line| line.is_empty())
            .skip_while(|line| line.contains(": "))
            .filter(|line| !line.starts_with('='))
            .collect();
        let bytes = decode_base64(&body).ok_or(NotAKey::Damaged)?;
        public_key(&bytes)?;
    }
    Ok(Form::Armored)
}

/// The first packet must be a public key (tag 6; section 4.2: the tag is in the first octet).
fn public_key(bytes: &[u8]) -> Result<(), NotAKey> {
    let tag = match bytes.first() {
        Some(octet) if octet & 0xC0 == 0xC0 => octet & 0x3F,
        Some(octet) if octet & 0x80 == 0x80 => (octet & 0x3F) >> 2,
        _ => return Err(NotAKey::Other),
    };
    match tag {
        6 if bytes.len() > 32 => Ok(()),
        6 => Err(NotAKey::Damaged),
        5 => Err(NotAKey::Private),
        _ => Err(NotAKey::Other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARMORED: &str = include_str!("tests/archive.asc");

    #[test]
    fn knows_armored_keys() {
        assert_eq!(Form::of(ARMORED.as_bytes()), Ok(Form::Armored));
        assert_eq!(Form::of(format!("A comment\n{ARMORED}{ARMORED}").as_bytes()), Ok(Form::Armored));
        let with_header = ARMORED.replace("BLOCK-----\n\n", "BLOCK-----\nComment: of a test\n\n");
        assert_eq!(Form::of(with_header.as_bytes()), Ok(Form::Armored));
        assert_eq!(Form::of(&ARMORED.as_bytes()[..200]), Err(NotAKey::Damaged));
        assert_eq!(Form::of(ARMORED.replacen("m", "!", 1).as_bytes()), Err(NotAKey::Damaged));
    }

    #[test]
    fn knows_binary_keys() {
        let body: String = ARMORED.lines().filter(|line| !line.starts_with(['-', '='])).collect();
        let bytes = decode_base64(&body).unwrap();
        assert_eq!(Form::of(&bytes), Ok(Form::Binary));
        assert_eq!(Form::of(&bytes[..8]), Err(NotAKey::Damaged));
    }

    #[test]
    fn says_what_else_it_is() {
        assert_eq!(Form::of(b"<!DOCTYPE html>"), Err(NotAKey::WebPage));
        assert_eq!(Form::of(b""), Err(NotAKey::Other));
        assert_eq!(Form::of(b"-----BEGIN PGP SIGNATURE-----\n"), Err(NotAKey::Other));
        assert_eq!(Form::of(b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n"), Err(NotAKey::Private));
        assert_eq!(Form::of(&[0x95, 1, 2]), Err(NotAKey::Private));
        assert_eq!(Form::of(b"\0\0\0 \x01\x01\0\x02KBXf"), Err(NotAKey::Keybox));
    }
}
