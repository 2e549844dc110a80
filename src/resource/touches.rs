//! What a change of a resource may change besides what it provides.

/// Folders that packages bring files to.
const SYSTEM: &[&str] = &["/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/opt", "/sbin", "/srv", "/usr", "/var"];

/// What else of a host a change of a resource may change, besides what it provides. What was seen there before is looked
/// at again before anything rests on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Touches {
    /// Nothing else.
    #[default]
    Nothing,
    /// Whatever lies at or below these paths.
    Below(Vec<String>),
    /// What packages bring: files in the folders of the system, units, accounts.
    System,
    /// Anything.
    Everything,
}

impl Touches {
    /// Returns whether it may change what a resource sees that looks at these paths.
    pub fn reaches<'p>(&self, mut looked_at: impl Iterator<Item = &'p str> + Clone) -> bool {
        match self {
            Self::Nothing => false,
            Self::Below(paths) => looked_at.any(|looked| paths.iter().any(|path| is_below(looked, path))),
            // What looks at no path looks at units, accounts or the like.
            Self::System => {
                looked_at.clone().next().is_none()
                    || looked_at.any(|looked| SYSTEM.iter().any(|path| is_below(looked, path)))
            }
            Self::Everything => true,
        }
    }
}

/// Returns whether a path is this one or below it.
pub(super) fn is_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::super::{Claims, Space};
    use super::*;

    #[test]
    fn what_is_touched_is_told_by_what_is_looked_at() {
        let path = |path: &str| Claims::new().provides(Space::PATH, path);
        let home = Claims::new().touches_below("/home/app").touches_below("/srv/app/").touches;
        for (touches, claims, expected) in [
            (&Touches::Nothing, path("/etc/x"), false),
            (&Touches::Everything, path("/mnt/x"), true),
            (&Touches::System, path("/etc/x"), true),
            (&Touches::System, path("/home/app/x"), false),
            (&Touches::System, path("/etcetera/x"), false),
            (&Touches::System, Claims::new().provides(Space::SERVICE, "x.service"), true),
            (&home, path("/home/app"), true),
            (&home, path("/home/app/.ssh/authorized_keys"), true),
            (&home, path("/home/apple"), false),
            (&home, path("/srv/app/x"), true),
            (&home, Claims::new().reads(Space::PATH, "/srv/app/lock"), true),
            (&home, Claims::new().requires(Space::PATH, "/srv/app"), false),
            (&home, Claims::new().provides(Space::SERVICE, "x.service"), false),
        ] {
            assert_eq!(touches.reaches(claims.looked_at()), expected, "{touches:?} {claims:?}");
        }
    }
}
