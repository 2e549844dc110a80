//! The ledger of a spec and the history of a host: what writes and reads them there.

use crate::model::{Blob, Probe, Step};
use crate::row;

use super::steps::FrameStep;

const PROGRAM: &str = include_str!("program/ledger.sh");

crate::rows! {
    PROGRAM => struct Writing { name, serial, size, line_size }
}

/// Makes the step that writes a ledger whole, where its serial is still this one, and adds a line to the host's history.
pub fn ledger_step(name: &str, serial: u64, ledger: String, history: String) -> FrameStep {
    let row = row![Writing {
        name: name,
        serial: serial.to_string(),
        size: ledger.len().to_string(),
        line_size: history.len().to_string(),
    }];
    let input = [ledger, history].map(|text| Blob(text.into_bytes().into()));
    let step = Step::new(PROGRAM, vec![0], "write the ledger").rows(vec![row]).input(input.into());
    FrameStep { kind: "ledger", ..FrameStep::new("write the ledger", step) }
}

/// Makes the probe that tells the runs that changed a host, a record for each line of its history.
pub fn history_probe() -> Probe {
    Probe::new(include_str!("program/history.sh"), vec![row![""]])
}
