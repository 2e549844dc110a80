//! A backup as it was found.

use crate::model::{Content, decode_base64};
use crate::records;

use super::desired::Desired;
use super::settings::Settings;

records! {
    include_str!("probe.sh") =>
    /// What the probe says of a backup, and then of each of its files that is not as it should be.
    pub(super) enum Seen {
        "absent" => Absent,
        "denied" => Denied,
        "present" => Present { program, service, timer, enabled, active, stale },
        _ => Differing { which, r#type, owner, group, mode, content },
    }
}

/// What plans call the files.
pub(super) const WHICH: [&str; 3] = ["program", "service", "timer_unit"];

/// A backup as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Empty where they cannot be told.
    pub(super) settings: Settings,
    pub(super) files: [FileState; 3],
    is_enabled: bool,
    is_active: bool,
    /// systemd has read the units as they are.
    is_loaded: bool,
}

/// One of its files.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FileState {
    Same,
    Absent,
    Differs {
        /// Type, owner, group and mode.
        access: String,
        content: Option<Content>,
    },
}

impl FileState {
    /// Returns whether the file has this content already.
    pub fn holds(&self, wanted: &Content) -> bool {
        match self {
            Self::Same => true,
            Self::Absent => false,
            Self::Differs { content, .. } => content.as_ref().is_some_and(|content| content.hash() == wanted.hash()),
        }
    }
}

impl Observed {
    /// Reads the records of a backup that is there.
    pub(super) fn read(all: &[Seen<'_>], desired: &Desired) -> Self {
        let [program, service, timer, enabled, active, stale] = match all.first() {
            Some(Seen::Present { program, service, timer, enabled, active, stale }) => {
                [*program, *service, *timer, *enabled, *active, *stale]
            }
            _ => [""; 6],
        };
        let file = |at: usize, state: &str| match state {
            "same" => FileState::Same,
            "absent" => FileState::Absent,
            _ => {
                let number = at.to_string();
                let found = all.iter().find_map(|seen| match seen {
                    Seen::Differing { which, r#type, owner, group, mode, content } if *which == number => {
                        let fetched = (*r#type == "file").then(|| decode_base64(content)).flatten();
                        Some((format!("{type} {owner}:{group} {mode}"), fetched.map(Content::new)))
                    }
                    _ => None,
                });
                let (access, content) = found.unwrap_or_default();
                FileState::Differs { access, content }
            }
        };
        let files = [file(0, program), file(1, service), file(2, timer)];
        let settings = match &files[0] {
            FileState::Same => desired.settings.clone(),
            FileState::Differs { content: Some(content), .. } => content.text().map(Settings::read).unwrap_or_default(),
            _ => Settings::default(),
        };
        Self {
            settings,
            files,
            is_enabled: enabled == "enabled",
            is_active: active == "active",
            is_loaded: stale != "stale",
        }
    }

    /// Says how the timer is.
    pub(super) fn timer(&self) -> &'static str {
        match (self.is_enabled, self.is_active, self.is_loaded) {
            (true, true, true) => "active",
            (_, _, false) => "not read again by systemd",
            (false, _, _) => "not enabled",
            (true, false, _) => "not running",
        }
    }
}
