//! Words nobody can guess.

use std::fs::File;
use std::io::Read;

use super::Problem;

/// Returns 16 hexadecimal digits nobody can guess.
pub(super) fn random() -> Result<String, Problem> {
    const SOURCE: &str = "/dev/urandom";
    let mut bytes = [0; 8];
    File::open(SOURCE)
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|error| Problem::NotStarted { program: SOURCE.into(), error })?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}
