use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A Debian release a throwaway host can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Release {
    /// Debian 12.
    Bookworm,
    /// Debian 13.
    Trixie,
}

impl Release {
    /// Lists every release, oldest first.
    pub const ALL: [Release; 2] = [Release::Bookworm, Release::Trixie];

    /// Returns the code name, as apt and debootstrap know it.
    pub fn codename(self) -> &'static str {
        match self {
            Release::Bookworm => "bookworm",
            Release::Trixie => "trixie",
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.codename())
    }
}

impl FromStr for Release {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Release::ALL.into_iter().find(|release| release.codename() == text).ok_or_else(|| {
            let known: Vec<_> = Release::ALL.iter().map(|release| release.codename()).collect();
            format!("unknown release `{text}`; known are {}", known.join(" and "))
        })
    }
}
