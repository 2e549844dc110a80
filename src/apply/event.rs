//! What happens during a run, as it happens. One listener turns these into terminal output.

use crate::model::Address;
use crate::plan::Outcome;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    Connecting {
        host: String,
    },
    Connected {
        host: String,
    },
    Observing {
        host: String,
        resources: usize,
    },
    Observed {
        host: String,
    },
    /// Another run changes a host, which is waited for; comes again and again.
    Waiting {
        host: String,
        /// Who it is and how far, where it says so.
        holder: Option<String>,
    },
    /// That is over.
    Waited {
        host: String,
    },
    StepStarted {
        host: String,
        purpose: String,
    },
    /// A line a running step printed, fit to be shown.
    Output {
        host: String,
        purpose: String,
        line: String,
    },
    StepEnded {
        host: String,
        purpose: String,
    },
    /// A resource came to an end.
    Settled {
        address: Address,
        outcome: Outcome,
    },
    /// The run was asked to stop.
    Stopping,
}

/// Where events go. Nobody has to listen.
#[derive(Clone, Debug)]
pub struct Events(Option<tokio::sync::mpsc::UnboundedSender<Event>>);

impl Events {
    /// Sends events to a listener.
    pub fn to(listener: tokio::sync::mpsc::UnboundedSender<Event>) -> Self {
        Self(Some(listener))
    }

    /// Sends them nowhere.
    pub fn none() -> Self {
        Self(None)
    }

    pub(super) fn send(&self, event: Event) {
        if let Some(listener) = &self.0 {
            // A listener that is gone is no reason to stop changing a host.
            let _ = listener.send(event);
        }
    }
}
