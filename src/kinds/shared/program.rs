//! Programs made of parts: what a kind adds, and what it shares with others.

/// Joins constant texts into one, as `concat!` does with literals.
macro_rules! program {
    ($($part:expr),+ $(,)?) => {{
        const PARTS: &[&str] = &[$($part),+];
        const BYTES: [u8; $crate::kinds::shared::program::length(PARTS)] = $crate::kinds::shared::program::join(PARTS);
        const TEXT: &str = $crate::kinds::shared::program::text(&BYTES);
        TEXT
    }};
}

pub(crate) use program;

/// Returns the length of all parts, in bytes.
pub(crate) const fn length(parts: &[&str]) -> usize {
    let mut length = 0;
    let mut part = 0;
    while part < parts.len() {
        length += parts[part].len();
        part += 1;
    }
    length
}

/// Returns the bytes of all parts.
pub(crate) const fn join<const LENGTH: usize>(parts: &[&str]) -> [u8; LENGTH] {
    let mut joined = [0; LENGTH];
    let (mut part, mut end) = (0, 0);
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            joined[end] = bytes[at];
            at += 1;
            end += 1;
        }
        part += 1;
    }
    joined
}

/// Returns joined texts as the text they are; one that is none does not compile.
pub(crate) const fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("texts joined are a text"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn parts_follow_each_other() {
        assert_eq!(program!["a\n", "", "ü"], "a\nü");
    }
}
