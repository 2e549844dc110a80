//! The spec language: YAML text to typed resources.
//!
//! [`load`] reads a spec with all it takes in (`read`, `yaml`), merges its files (`draft`), loads its modules and works
//! out its hosts (`load`, `hosts`). [`Spec::resolve`] then evaluates it as far as what is known allows: names are checked
//! first (`names`), expressions are evaluated when they are used (`evaluate`, `expression`), values are checked against
//! the kinds' tables (`check`), and kinds decode them (`resolve`). It is called again whenever more is known.
//!
//! Nothing here touches the world: files are read through [`Files`], as far as the spec may read them (`confined`), and facts and secrets come in as [`Knowledge`].

mod check;
mod confined;
mod draft;
mod evaluate;
mod evaluating;
mod executes;
mod expression;
mod facts;
mod files;
mod host;
mod hosts;
mod input;
mod load;
mod names;
mod namespace;
mod options;
mod other_words;
mod read;
mod resolution;
mod resolve;
mod schema;
mod secret;
mod selection;
mod selector;
mod yaml;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

pub use draft::Role;
pub use evaluating::{Evaluated, Evaluating};
pub use executes::{Executes, Execution};
pub use facts::{FACTS, Fact};
pub use files::{FileKind, Files, MemoryFiles};
pub use host::{HostRole, HostSpec, Transport};
pub use hosts::HOST;
pub use load::load;
pub use options::LoadOptions;
pub use resolution::{Knowledge, Pending, Resolution, Resolved, SecretState};
pub use schema::schema;
pub use secret::{SecretOrigin, SecretSource, SecretSpec};
pub use selection::AddressIndex;
pub use selector::{NotASelector, Selector};

/// A spec with everything it takes in, merged and checked as far as it can be without knowing its hosts.
#[derive(Debug)]
pub struct Spec {
    /// The owner recorded in each host's ledger.
    pub name: String,
    /// In the order of the spec.
    pub hosts: Vec<HostSpec>,
    /// What resources were called before, and what they are called now: `kind:name` each.
    pub moved: Vec<(String, String)>,
    /// Those of modules too.
    pub secrets: Vec<SecretSpec>,
    root: Arc<namespace::Namespace>,
    /// All of it could be loaded.
    complete: bool,
    /// A resolution found nothing wrong in what is written, so that the next need not look again.
    checked: AtomicBool,
    /// Files that resources name; kept, so that all of a run sees the same.
    assets: Mutex<read::Assets>,
    /// Where its files may lie.
    bounds: confined::Bounds,
    /// Is told what is being evaluated.
    evaluating: Arc<Evaluating>,
    /// The variables that came from outside, each with its value as written.
    given: Vec<(String, String)>,
}

impl Spec {
    /// Returns the variables of the spec that were given from outside, by name, each with its value as written.
    pub fn given(&self) -> &[(String, String)] {
        &self.given
    }
}

#[cfg(test)]
mod tests;
