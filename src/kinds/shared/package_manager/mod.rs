//! What the kinds about packages share: the package managers, as variants, and shell functions for each (`apt.sh`). It is no
//! kind.

use crate::resource::{Choice, Confine, Variant};

/// What the variants are, and who picks one.
pub(crate) const NOUN: &str = "package manager";
pub(crate) const CHOICE: Choice =
    Choice::Host { strangers: &["dnf", "zypper", "pacman", "apk", "yum"], may_come: false };

/// apt with dpkg. Each kind adds what it can there.
pub(crate) const APT: Variant = Variant {
    name: "apt",
    title: "apt",
    features: &[],
    confine: &[Confine::Program("apt-get")],
    default_for: &["debian"],
};
