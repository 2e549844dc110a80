//! Public keys as OpenSSH writes them.

use crate::model::decode_base64;

/// Key types that sshd takes (`sshd(8)`, AUTHORIZED_KEYS FILE FORMAT).
const TYPES: &[&str] = &[
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// A public key: its type, its base64 part and perhaps a comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicKey {
    kind: String,
    blob: String,
    comment: String,
}

/// Why a text is no public key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotAKey {
    #[error("this is a private key")]
    Private,
    #[error("a public key stands in one line")]
    SeveralLines,
    #[error("this begins with `{0}`, not with the type of a key")]
    UnknownType(String),
    #[error("a DSA key is no longer taken by sshd")]
    Dsa,
    #[error("the base64 part of the key is missing")]
    NoBlob,
    #[error("the base64 part of the key is damaged")]
    Damaged,
    #[error("the key says that it is {written}, but is {coded}")]
    OtherType { written: String, coded: String },
}

impl NotAKey {
    /// Returns the way out.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Private => {
                "never put it into a spec; take the `.pub` file beside it, and replace the key if the spec was shared"
            }
            Self::UnknownType(_) => {
                "write it as the `.pub` file has it: `ssh-ed25519 AAAA… comment`; options go into `options`"
            }
            Self::Dsa => "make a new key with `ssh-keygen -t ed25519`",
            Self::SeveralLines => "give each key a resource of its own",
            Self::NoBlob | Self::Damaged | Self::OtherType { .. } => "copy the whole line of the `.pub` file again",
        }
    }
}

impl PublicKey {
    /// Reads `TYPE BASE64 [COMMENT]`.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let text = text.trim();
        if text.contains("PRIVATE KEY") {
            return Err(NotAKey::Private);
        }
        if text.contains(['\n', '\r']) {
            return Err(NotAKey::SeveralLines);
        }
        let mut words = text.splitn(2, [' ', '\t']);
        let kind = words.next().unwrap_or_default();
        if kind == "ssh-dss" {
            return Err(NotAKey::Dsa);
        }
        if !TYPES.contains(&kind) {
            return Err(NotAKey::UnknownType(kind.chars().take(40).collect()));
        }
        let mut rest = words.next().unwrap_or_default().trim_start().splitn(2, [' ', '\t']);
        let blob = rest.next().filter(|blob| !blob.is_empty()).ok_or(NotAKey::NoBlob)?;
        let comment = rest.next().unwrap_or_default().trim();
        let coded = coded_type(blob).ok_or(NotAKey::Damaged)?;
        if coded != kind {
            return Err(NotAKey::OtherType { written: kind.into(), coded });
        }
        if comment.contains(char::is_control) {
            return Err(NotAKey::SeveralLines);
        }
        Ok(Self { kind: kind.into(), blob: blob.into(), comment: comment.into() })
    }

    /// Returns its type: `ssh-ed25519`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns its base64 part.
    pub fn blob(&self) -> &str {
        &self.blob
    }

    /// Returns its line.
    pub fn text(&self) -> String {
        [&self.kind, &self.blob, &self.comment].map(String::as_str).join(" ").trim_end().to_string()
    }
}

/// Returns the type that the base64 part begins with (RFC 4253, section 6.6: a string with its length before it).
/// `None` where it is damaged: no base64, or parts that do not add up to the whole.
fn coded_type(blob: &str) -> Option<String> {
    let bytes = decode_base64(blob)?;
    let mut rest: &[u8] = &bytes;
    let mut first = None;
    let mut parts = 0;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let part = after.get(..length)?;
        rest = &after[length..];
        first = first.or(Some(part));
        parts += 1;
    }
    if parts < 2 {
        return None;
    }
    String::from_utf8(first?.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII4gekUCHe66i/G9XTN2c9+wIYcdotaFMb6LteHl00JV";

    #[test]
    fn reads_what_ssh_keygen_writes() {
        let key = PublicKey::parse(&format!(" {ED25519}  ada@laptop, home\n")).unwrap();
        assert_eq!(key.kind(), "ssh-ed25519");
        assert_eq!(key.text(), format!("{ED25519} ada@laptop, home"));
        assert_eq!(PublicKey::parse(ED25519).unwrap().text(), ED25519);
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |text: &str| PublicKey::parse(text).unwrap_err();
        assert_eq!(wrong("-----BEGIN OPENSSH PRIVATE KEY-----\nabc"), NotAKey::Private);
        assert_eq!(wrong(&format!("{ED25519}\n{ED25519}")), NotAKey::SeveralLines);
        assert_eq!(wrong(&format!("restrict {ED25519}")), NotAKey::UnknownType("restrict".into()));
        assert_eq!(wrong(""), NotAKey::UnknownType(String::new()));
        assert_eq!(wrong("ssh-dss AAAA"), NotAKey::Dsa);
        assert_eq!(wrong("ssh-rsa"), NotAKey::NoBlob);
        assert_eq!(wrong("ssh-ed25519 nonsense!"), NotAKey::Damaged);
        assert_eq!(wrong(&ED25519[..ED25519.len() - 4]), NotAKey::Damaged);
        let other = NotAKey::OtherType { written: "ssh-rsa".into(), coded: "ssh-ed25519".into() };
        assert_eq!(wrong(&ED25519.replace("ssh-ed25519", "ssh-rsa")), other);
    }
}
