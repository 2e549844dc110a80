//! What hosts keep of what specs own there, read.

use std::collections::BTreeMap;

use crate::ledger::{Entry, Identity, Journal, Ledger, LedgerError, file_name};
use crate::model::{Address, HostMark, Keyed, LedgerLines, Secret, sha256};
use crate::resource::{Claim, Claims, KindObject, Mode, Space};
use crate::spec::Resolution;

/// What a host keeps of what the spec owns there.
#[derive(Debug)]
pub struct HostLedger {
    /// `Ok(None)` where there is none yet.
    pub ledger: Result<Option<Ledger>, LedgerError>,
    pub journal: Journal,
    pub(super) mark: HostMark,
    pub(super) keyed: Keyed,
    /// An entry has got another name since it was written.
    pub is_renamed: bool,
    /// What was told of resources that have left the spec, by `kind:name`.
    pub(super) left: BTreeMap<String, Left>,
}

/// What the ledgers of a host tell of a resource that has left the spec.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) identity: Option<Identity>,
    /// A ledger of another spec that has it, too.
    pub(super) other: Option<String>,
}

/// A resource that has left the spec and stays on its host: it is the spec's no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    pub address: Address,
    pub why: String,
}

/// Why a resource is not as the spec has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It was changed on its host since the last apply.
    Drift,
    /// The spec wants something else than at the last apply.
    Spec,
    Both,
    /// It has left the spec.
    Left,
}

impl Cause {
    /// Returns the word for it in JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Spec => "spec",
            Self::Both => "both",
            Self::Left => "left-spec",
        }
    }

    /// Returns whether somebody else has changed it.
    pub fn is_drift(self) -> bool {
        matches!(self, Self::Drift | Self::Both)
    }
}

impl HostLedger {
    /// Reads what a host has told.
    pub fn read(lines: &LedgerLines) -> Self {
        let ledger = match lines.ledger.as_slice() {
            [] => Ok(None),
            lines => Ledger::from_lines(lines).map(Some),
        };
        let machine = match lines.machine.as_str() {
            "" => String::new(),
            // What identifies a machine is not to be shown as it is (machine-id(5)).
            id => sha256(format!("infra machine {id}").as_bytes())[..32].to_string(),
        };
        let (key, serial) = match &ledger {
            Ok(Some(ledger)) => (ledger.key.clone(), ledger.serial),
            _ => (Secret::new(format!("infra key {}", lines.machine)), 0),
        };
        let keyed = Keyed::new(&key);
        let mark = HostMark { key, serial, machine };
        let journal = Journal::from_lines(&lines.journal);
        Self { ledger, journal, mark, keyed, is_renamed: false, left: BTreeMap::new() }
    }

    /// Gives entries the names that their resources have by now. Their identities are written anew.
    pub(super) fn rename(&mut self, moved: &[(String, String)]) {
        let Ok(Some(ledger)) = &mut self.ledger else { return };
        for (from, to) in moved {
            if ledger.entries.contains_key(to) {
                continue;
            }
            if let Some(entry) = ledger.entries.remove(from) {
                ledger.entries.insert(to.clone(), Entry { desired: String::new(), ..entry });
                self.is_renamed = true;
            }
        }
    }

    /// Returns the ledger, where there is one that can be read.
    pub fn known(&self) -> Option<&Ledger> {
        self.ledger.as_ref().ok()?.as_ref()
    }
}

/// Returns whether a spec can own resources of a kind: they are compared with what is there, and can go. Companions go with what they
/// are beside.
pub(super) fn is_ownable(kind: &dyn KindObject) -> bool {
    let info = kind.info();
    let takes_state = info.common.iter().any(|attribute| attribute.name == "state");
    info.mode == Mode::Converge && takes_state && info.capabilities.companion.is_none()
}

/// What the resources of a host that are in the spec have.
pub(super) struct Taken(BTreeMap<Claim, Address>);

impl Taken {
    pub(super) fn on(host: &str, resolution: &Resolution) -> Self {
        let mut taken = BTreeMap::new();
        for resolved in resolution.resources.iter().filter(|resolved| &*resolved.address.host == host) {
            let kind = resolved.resource.kind;
            if kind.is_absent(&resolved.resource) {
                continue;
            }
            let claims = kind.claims(&resolved.resource);
            for claim in claims.provides.into_iter().chain(claims.shares) {
                taken.insert(claim, resolved.address.clone());
            }
        }
        Self(taken)
    }

    /// Returns who has something of what one claims, or something below its path.
    pub(super) fn has(&self, claims: &Claims) -> Option<&Address> {
        claims.provides.iter().find_map(|claim| {
            let below = || {
                let first = Claim { name: format!("{}/", claim.name.trim_end_matches('/')), ..claim.clone() };
                let (found, by) = self.0.range(first.clone()..).next()?;
                (claim.space == Space::PATH && found.space == Space::PATH && found.name.starts_with(&first.name))
                    .then_some(by)
            };
            self.0.get(claim).or_else(below)
        })
    }
}

/// Names the file of a ledger for messages.
pub fn ledger_file(spec: &str, host: &str, is_root: bool) -> String {
    let folder = if is_root { "/var/lib/infra" } else { "~/.local/state/infra" };
    format!("{folder}/ledger/{}", file_name(spec, host))
}
