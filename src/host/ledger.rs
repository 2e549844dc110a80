//! Writing the ledger of a spec on a host, and what goes into it that is not of the spec: a key, and the time.

use std::fs::File;
use std::io::Read;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::{Blob, Secret, Step};
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

/// Makes a key that nobody can guess: 256 random bits, as hexadecimal digits.
pub fn random_key() -> std::io::Result<Secret> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// Returns what time it is on this machine, in seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
