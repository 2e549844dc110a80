//! Saved plans on this machine: made, written, read, compared with what is here, and applied.
#![allow(clippy::disallowed_methods, reason = "this is the edge: this machine's files and its clock enter here")]

pub mod apply;
pub mod approval;
mod bind;
mod inputs;

use std::fs;
use std::io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, anyhow};
use sha2::{Digest, Sha256};

use crate::model::hex;
use crate::plan::Plan;
use crate::saved::{self, About, SavedPlan};

pub use bind::{Target, about};
pub use inputs::RecordedFiles;

/// The first bytes of a file: enough to tell what it is.
const START: u64 = 11;

/// Returns whether a path is that of a saved plan, or of what is left of one.
pub fn is_saved_plan(path: &Path) -> bool {
    let start = || -> io::Result<Vec<u8>> {
        let mut start = Vec::new();
        fs::File::open(path)?.take(START).read_to_end(&mut start)?;
        Ok(start)
    };
    path.is_file() && start().is_ok_and(|start| saved::is_saved_plan(&start))
}

/// Reads a saved plan.
pub fn read(path: &Path) -> anyhow::Result<SavedPlan> {
    let shown = path.display();
    if path.is_dir() {
        return Err(anyhow!("{shown}: it is a folder, not a saved plan"));
    }
    let bytes = fs::read(path).with_context(|| format!("{shown} cannot be read"))?;
    saved::read(&bytes).map_err(|why| anyhow!("{shown}: {why}"))
}

/// Refuses to write a plan over what is something else.
pub fn can_be_written(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    if path.is_dir() {
        return Err(anyhow!("--out {shown}: that is a folder; name a file in it"));
    }
    match fs::symlink_metadata(path) {
        Ok(_) if !is_saved_plan(path) => Err(anyhow!(
            "--out {shown}: there is something else than a saved plan, and it is left alone; name another file"
        )),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(anyhow!("--out {shown}: {error}")),
        _ => Ok(()),
    }
}

/// Writes a plan, which is there whole or not at all, for its owner alone; returns its digest.
pub fn write(path: &Path, about: &About, plan: &Plan) -> anyhow::Result<String> {
    let problem = || format!("the plan cannot be saved to {}", path.display());
    can_be_written(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".infra-plan-").tempfile_in(folder).with_context(problem)?;
    let digest = write_all(file.as_file_mut(), about, plan).with_context(problem)?;
    file.as_file().sync_all().with_context(problem)?;
    file.persist(path).map_err(|error| error.error).with_context(problem)?;
    Ok(digest)
}

fn write_all(file: &mut fs::File, about: &About, plan: &Plan) -> io::Result<String> {
    file.write_all(&[b' '; saved::HEADER])?;
    let mut out = BufWriter::with_capacity(64 * 1024, &mut *file);
    let mut hashing = Hashing { out: &mut out, hash: Sha256::new() };
    saved::write_payload(about, plan, &mut hashing)?;
    let hash = hashing.hash.finalize();
    out.flush()?;
    drop(out);
    let digest = format!("sha256:{}", hex(&hash));
    file.seek(SeekFrom::Start(0))?;
    file.write_all(saved::header(&digest).as_bytes())?;
    Ok(digest)
}

/// Hashes what is written.
struct Hashing<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
