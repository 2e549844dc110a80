//! The form of a saved plan on disk: one line with version and digest, then JSON, to whose bytes the digest belongs.
//!
//! The digest stands before what it is of and has a fixed length, so that a plan is written once, bit by bit, and its
//! first line at the end.

use std::io;

use serde::{Deserialize, Serialize};

use crate::model::sha256;
use crate::plan::Plan;

use super::about::About;
use super::record::{self, PlanRecord};

/// What the first line of every saved plan begins with, of whichever version.
const MAGIC: &str = "infra plan ";
/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// How many bytes the first line has.
pub const HEADER: usize = MAGIC.len() + "1 sha256:".len() + 64 + 1;

/// A saved plan as it was read.
#[derive(Debug)]
pub struct SavedPlan {
    /// `sha256:HEX`: what is signed, and what hosts keep of a plan that was applied.
    pub digest: String,
    pub about: About,
    /// For readers: without what only an apply needs.
    pub plan: Plan,
}

/// Why a file is no saved plan that could be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPlan {
    #[error("it is no saved plan; `infra plan --out FILE` makes one")]
    Other,
    #[error("it is empty: no plan was ever saved there, or not all of it; save it again with `infra plan --out FILE`")]
    Empty,
    #[error(
        "it is a saved plan of version {0}, and this infra reads version {VERSION}; use the infra that made it, or plan again"
    )]
    Version(String),
    #[error("it is cut off or was changed: its content does not have the digest that its first line names; plan again")]
    Damaged,
    #[error(
        "it has the digest that it names, but no plan that this infra can read: {0}; use the infra that made it, or plan again"
    )]
    Unreadable(String),
}

/// Returns the first line.
pub fn header(digest: &str) -> String {
    format!("{MAGIC}{VERSION} {digest}\n")
}

/// Returns whether a file was to be a saved plan, by its first bytes: what was cut off right at its beginning, too. No
/// spec begins like that.
pub fn is_saved_plan(start: &[u8]) -> bool {
    let magic = MAGIC.as_bytes();
    start.starts_with(magic) || magic.starts_with(start)
}

/// Returns the digest of a saved plan, and the bytes that it is of.
pub fn payload(bytes: &[u8]) -> Result<(String, &[u8]), NotAPlan> {
    if bytes.is_empty() {
        return Err(NotAPlan::Empty);
    }
    if !is_saved_plan(bytes) {
        return Err(NotAPlan::Other);
    }
    let rest = bytes.strip_prefix(MAGIC.as_bytes()).ok_or(NotAPlan::Damaged)?;
    let version: Vec<u8> = rest.iter().copied().take_while(u8::is_ascii_digit).take(10).collect();
    let version = String::from_utf8(version).unwrap_or_default();
    if !version.is_empty() && version != VERSION.to_string() && rest.get(version.len()) == Some(&b' ') {
        return Err(NotAPlan::Version(version));
    }
    let (line, content) = bytes.split_at_checked(HEADER).ok_or(NotAPlan::Damaged)?;
    let digest = format!("sha256:{}", sha256(content));
    match line == header(&digest).as_bytes() {
        true => Ok((digest, content)),
        false => Err(NotAPlan::Damaged),
    }
}

/// Reads a saved plan.
pub fn read(bytes: &[u8]) -> Result<SavedPlan, NotAPlan> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Payload {
        about: About,
        plan: record::Parts,
    }
    let (digest, content) = payload(bytes)?;
    let unreadable = |error: &dyn std::fmt::Display| NotAPlan::Unreadable(error.to_string());
    let Payload { about, plan } = serde_json::from_slice(content).map_err(|error| unreadable(&error))?;
    let plan = plan.plan().map_err(|error| unreadable(&error))?;
    Ok(SavedPlan { digest, about, plan })
}

/// Writes what comes after the first line, resource by resource.
pub fn write_payload(about: &About, plan: &Plan, out: &mut dyn io::Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Payload<'a> {
        about: &'a About,
        plan: PlanRecord<'a>,
    }
    serde_json::to_writer(&mut *out, &Payload { about, plan: PlanRecord(plan) })?;
    out.write_all(b"\n")
}
