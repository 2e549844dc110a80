use std::fmt;

use super::{HostId, Release};

/// What a long operation is doing right now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Another process builds the base this one needs.
    WaitingForBase(Release),
    /// The base of a release is being made, which takes a minute or two.
    BuildingBase(Release),
    /// A line that the base build printed.
    BaseOutput(String),
    /// The base could not be made anew, so that the old one is used.
    KeepingOldBase {
        release: Release,
        reason: String,
    },
    /// Another process makes the layer this one needs.
    WaitingForLayer(String),
    /// Packages are being installed for all hosts that have them from the start.
    BuildingLayer(String),
    Booting(HostId),
    Ready(HostId),
    Stopping(HostId),
    /// What hosts wrote is being deleted, which a slow disk takes its time for.
    Deleting,
    /// What an interrupted run left of a host is being removed.
    CleaningUp(HostId),
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Progress::WaitingForBase(release) => write!(f, "waiting for another process to build the {release} base"),
            Progress::BuildingBase(release) => write!(f, "building the {release} base (once, a minute or two)"),
            Progress::BaseOutput(line) => write!(f, "  {line}"),
            Progress::KeepingOldBase { release, reason } => {
                write!(f, "the {release} base is old and could not be made anew, so the old one is used: {reason}")
            }
            Progress::WaitingForLayer(packages) => write!(f, "waiting for another process to install {packages}"),
            Progress::BuildingLayer(packages) => write!(f, "installing {packages} for all hosts that have it (once)"),
            Progress::Booting(host) => write!(f, "booting {host}"),
            Progress::Ready(host) => write!(f, "{host} is ready"),
            Progress::Stopping(host) => write!(f, "stopping {host}"),
            Progress::Deleting => write!(f, "deleting what was written there"),
            Progress::CleaningUp(host) => write!(f, "removing what an interrupted run left of {host}"),
        }
    }
}
