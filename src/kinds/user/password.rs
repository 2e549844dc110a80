//! The password of a user, as it was found.

use crate::resource::Refusal;

/// How a password compares with the one wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Password {
    Same,
    Differs,
}

/// Whether a password may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordLock {
    Open,
    Locked,
    /// There is none that could be unlocked.
    None,
}

impl PasswordLock {
    /// Says why it cannot be what the spec wants, where it gets no password.
    pub fn refusal(self, locked: Option<bool>, gets_password: bool) -> Option<Refusal> {
        (locked == Some(false) && !gets_password && self == Self::None).then(|| Refusal {
            message: "it has no password, and without one it cannot be unlocked".into(),
            help: "give it a `password`, or leave `locked` out: keys work all the same".into(),
        })
    }
}

/// Returns whether it is a hash as `crypt(5)` has it, or the star that no password fits.
pub(super) fn is_hash(text: &str) -> bool {
    text == "*"
        || text.len() > 12
            && text.starts_with(['$', '_'])
            && text.chars().all(|c| c.is_ascii_graphic() && !":;*!\\".contains(c))
}
