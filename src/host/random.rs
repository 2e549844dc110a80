//! Words nobody can guess.

use std::fs::File;
use std::io::Read;

use crate::model::{Secret, hex};

use super::Problem;

/// Returns 16 hexadecimal digits nobody can guess.
pub(super) fn random() -> Result<String, Problem> {
    bytes::<8>().map(|bytes| hex(&bytes))
}

/// Makes a key of 256 bits, as hexadecimal digits.
pub fn random_key() -> Result<Secret, Problem> {
    bytes::<32>().map(|bytes| Secret::new(hex(&bytes)))
}

fn bytes<const N: usize>() -> Result<[u8; N], Problem> {
    const SOURCE: &str = "/dev/urandom";
    let mut bytes = [0; N];
    File::open(SOURCE)
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|error| Problem::NotStarted { program: SOURCE.into(), error })?;
    Ok(bytes)
}
