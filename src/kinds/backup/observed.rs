//! A backup as it was found.

use crate::model::{Content, Record, decode_base64};

use super::desired::Desired;
use super::settings::Settings;

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
    pub(super) fn read(first: &Record, more: &[&Record], desired: &Desired) -> Self {
        let file = |at: usize| match first.field(1 + at) {
            "same" => FileState::Same,
            "absent" => FileState::Absent,
            _ => {
                let number = at.to_string();
                let found = more.iter().find(|record| record.field(0) == number);
                FileState::Differs {
                    access: found.map_or_else(String::new, |found| {
                        let [kind, owner, group, mode] = [1, 2, 3, 4].map(|field| found.field(field));
                        format!("{kind} {owner}:{group} {mode}")
                    }),
                    content: found
                        .filter(|found| found.field(1) == "file")
                        .and_then(|found| decode_base64(found.field(5)))
                        .map(Content::new),
                }
            }
        };
        let files = [file(0), file(1), file(2)];
        let settings = match &files[0] {
            FileState::Same => desired.settings.clone(),
            FileState::Differs { content: Some(content), .. } => content.text().map(Settings::read).unwrap_or_default(),
            _ => Settings::default(),
        };
        Self {
            settings,
            files,
            is_enabled: first.field(4) == "enabled",
            is_active: first.field(5) == "active",
            is_loaded: first.field(6) != "stale",
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
