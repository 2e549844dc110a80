//! Packages by apt and dpkg.

use crate::kinds::shared::package_manager;
use crate::model::columns;
use crate::resource::{Feature, Variant};

use super::manager::{Manager, Wanted};

pub const VARIANT: Variant = Variant {
    features: &[
        Feature { name: "chosen versions", attributes: &["version"] },
        Feature { name: "recommended packages", attributes: &["recommends"] },
        Feature { name: "removals that an installation may make", attributes: &["replaces"] },
        Feature { name: "configuration that outlives its package", attributes: &["purge"] },
    ],
    ..package_manager::APT
};

/// What apt and dpkg do.
pub struct Apt;

const INSTALL: &str = concat!(
    include_str!("../states.sh"),
    include_str!("list.sh"),
    include_str!("../../shared/package_manager/apt.sh"),
    include_str!("../../shared/package_manager/apt_lists.sh"),
    include_str!("transaction.sh"),
    include_str!("install.sh"),
    "apt_install\n",
);

const REMOVE: &str = concat!(
    include_str!("../states.sh"),
    include_str!("list.sh"),
    include_str!("../../shared/package_manager/apt.sh"),
    include_str!("transaction.sh"),
    include_str!("remove.sh"),
    "apt_remove\n",
);

const _: () = {
    columns::check_row(include_str!("install.sh"), &[], Wanted::NAMES);
    columns::check_row(include_str!("mark.sh"), &[], Wanted::NAMES);
    columns::check_row(include_str!("remove.sh"), &[], Wanted::NAMES);
};

impl Manager for Apt {
    fn look(&self) -> &'static str {
        concat!(
            include_str!("list.sh"),
            include_str!("../../shared/package_manager/apt_lists.sh"),
            include_str!("unknown.sh")
        )
    }

    fn install(&self) -> &'static str {
        INSTALL
    }

    fn mark(&self) -> &'static str {
        include_str!("mark.sh")
    }

    fn remove(&self) -> &'static str {
        REMOVE
    }

    /// Debian Policy 5.6.1; perhaps with an architecture. A trailing `-` would ask apt for a removal.
    fn is_name(&self, name: &str) -> bool {
        let (plain, architecture) = name.split_once(':').map_or((name, None), |(plain, rest)| (plain, Some(rest)));
        let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        plain.len() > 1
            && plain.starts_with(is_letter)
            && !plain.ends_with('-')
            && plain.chars().all(|c| is_letter(c) || "+.-".contains(c))
            && architecture
                .is_none_or(|word| !word.is_empty() && word != "any" && word.chars().all(|c| is_letter(c) || c == '-'))
    }

    fn name_help(&self) -> &'static str {
        "use lower-case letters, digits, `.`, `+` and `-`; a version goes into `version`"
    }

    /// Debian Policy 5.6.12.
    fn is_version(&self, plain: &str) -> bool {
        plain.starts_with(|c: char| c.is_ascii_alphanumeric())
            && plain.chars().all(|c| c.is_ascii_alphanumeric() || ".+:~-".contains(c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_package_names() {
        for name in ["nginx", "g++", "libstdc++6", "python3.11", "libc6:i386", "0ad"] {
            assert!(Apt.is_name(name), "{name}");
        }
        for name in ["", "x", "Nginx", "nginx=1.2", "nginx-", "-y", "a b", "libc6:", "libc6:any", "nginx/stable", "a;b"]
        {
            assert!(!Apt.is_name(name), "{name}");
        }
    }

    #[test]
    fn knows_versions() {
        for version in ["1.22.1-9+deb12u1", "1:10.11.", "2", "1.0~rc1"] {
            assert!(Apt.is_version(version), "{version}");
        }
        for version in ["", "1.*.2", ">= 2", "-1", "1 2", "1;x"] {
            assert!(!Apt.is_version(version), "{version}");
        }
    }
}
