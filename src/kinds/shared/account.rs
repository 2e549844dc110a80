//! What kinds that deal with accounts have in common.

use crate::resource::{Fields, Kind};

/// Returns whether it can be the name of a user or group: what `useradd(8)` takes. All digits would be taken for a number.
pub(crate) fn is_account_name(name: &str) -> bool {
    let plain = name.strip_suffix('$').unwrap_or(name);
    name.len() <= 32
        && plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && plain.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// Reports a resource whose name cannot be an account's.
pub(crate) fn check_name<K: Kind>(fields: &mut Fields<'_>) {
    let name = fields.name().to_string();
    if !is_account_name(&name) {
        fields.error(
            "name",
            format!("`{name}` cannot be the name of a {}", K::KIND),
            "begin with a letter or `_`, go on with letters, digits, `_`, `.` and `-`, 32 characters at most",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::is_account_name;

    #[test]
    fn knows_account_names() {
        for name in ["app", "www-data", "_apt", "systemd-network", "host$", "J.Doe"] {
            assert!(is_account_name(name), "{name}");
        }
        for name in ["", "1000", "-r", "a b", "a:b", "$", "ü", "a\n", &"a".repeat(33)] {
            assert!(!is_account_name(name), "{name}");
        }
    }
}
