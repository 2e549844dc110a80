//! `--trace`: a file with the timeline of a run.
#![allow(clippy::disallowed_methods, reason = "this is the edge: the environment and this machine's files enter here")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;

use crate::trace::Trace;

/// Does something with a timeline of it, which is written however it ends.
pub fn traced<T>(path: Option<&Path>, run: impl FnOnce(&Trace) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let Some(path) = path else { return run(&Trace::default()) };
    let problem = || format!("the timeline cannot be written to {}", path.display());
    // Before anything is done, so that a path that cannot be written does not come up in the end.
    let file = File::create(path).with_context(problem)?;
    let trace = Trace::start();
    let result = run(&trace);
    let mut file = BufWriter::new(file);
    let written = trace.write(&mut file).and_then(|()| file.flush()).with_context(problem);
    match (result, written) {
        (Ok(value), Ok(())) => Ok(value),
        // What went wrong in the run says more.
        (Err(error), _) | (Ok(_), Err(error)) => Err(error),
    }
}
