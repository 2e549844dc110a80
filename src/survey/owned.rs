//! What hosts keep of what specs own there, read.

use std::collections::BTreeMap;

use crate::diagnostic::Span;
use crate::kinds;
use crate::ledger::{Entry, Identity, Journal, Ledger, LedgerError, Origin, Prune, file_name};
use crate::model::{Address, HostMark, Keyed, LedgerLines, Secret, YamlNode, sha256};
use crate::resource::{AnyResource, Claim, Claims, Common, Deferral, KindObject, Mode, Space, State};
use crate::spec::Resolution;

/// What a host keeps of what the spec owns there.
#[derive(Debug)]
pub struct HostLedger {
    /// `Ok(None)` where there is none yet.
    pub ledger: Result<Option<Ledger>, LedgerError>,
    pub journal: Journal,
    pub(super) mark: HostMark,
    pub(super) keyed: Keyed,
    /// It is to be written, whatever a run finds: names have changed, or there is a journal.
    pub is_to_write: bool,
    /// What finds resources again that have left the spec, by `kind:name`, as far as it was asked for.
    pub(super) left: BTreeMap<String, Option<Identity>>,
    /// What other specs own on the host: whose ledger, `kind:name`, and what finds it.
    pub(super) others: Vec<(String, String, Option<Identity>)>,
    /// Ledgers of other specs that cannot be read.
    pub unreadable: Vec<String>,
}

/// A resource that has left the spec and stays on its host: it is the spec's no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    pub address: Address,
    pub why: String,
    /// The resource of the spec that is the same thing under another name, or of another kind: what a run had created is that
    /// one's now.
    pub heir: Option<Address>,
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
        let mut host = Self {
            ledger,
            is_to_write: !journal.is_empty(),
            journal,
            mark,
            keyed,
            left: BTreeMap::new(),
            others: Vec::new(),
            unreadable: Vec::new(),
        };
        host.fold();
        host
    }

    /// Takes what runs that did not come to their end were creating for created: if it is not there, it is made, or gone.
    fn fold(&mut self) {
        let Ok(ledger) = &mut self.ledger else { return };
        for (run, local, intent) in self.journal.created() {
            let ledger = ledger.get_or_insert_with(|| Ledger::new(self.mark.key.clone()));
            ledger.entries.entry(local.clone()).or_insert_with(|| Entry {
                origin: Origin::Created,
                prevent_destroy: false,
                prune: Prune::Delete,
                desired: String::new(),
                observed: String::new(),
                serial: ledger.serial,
                when: run.when.clone(),
                identity: intent.identity.clone(),
            });
        }
    }

    /// Takes what is called otherwise now for created as well. What has the old name is looked at as what has left the spec.
    pub(super) fn rename(&mut self, moved: &[(String, String)]) {
        let Ok(Some(ledger)) = &mut self.ledger else { return };
        for (from, to) in moved {
            if !ledger.entries.contains_key(to)
                && let Some(entry) = ledger.entries.get(from)
            {
                let entry = Entry { desired: String::new(), observed: String::new(), ..entry.clone() };
                ledger.entries.insert(to.clone(), entry);
                self.is_to_write = true;
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

/// The account that its commands run as is kept beside its own attributes, under the name that specs have for it.
pub(super) const AS: &str = "as";

/// Returns what a kind makes of a resource that is to be absent, from what is kept of it.
pub(super) fn decode_absent(kind: &dyn KindObject, address: Address, node: &YamlNode) -> Result<Decoded, String> {
    let run_as = node.get(AS).and_then(YamlNode::as_text).map(str::to_string);
    let common = Common { address, state: State::Absent, run_as, timeout: None };
    let (mut diagnostics, mut deferrals) = (Vec::new(), Vec::new());
    let resource = kind.decode(common, node, &mut diagnostics, &mut deferrals);
    match diagnostics.first() {
        Some(wrong) => Err(wrong.message.clone()),
        None => Ok((resource, deferrals)),
    }
}

/// A resource, and what of it is known only later.
type Decoded = (AnyResource, Vec<Deferral>);

/// Who has something on a host.
#[derive(Clone, Debug)]
enum Owner {
    /// A resource of the spec.
    Here(Address),
    /// One of another spec: `kind:name` and whose ledger has it.
    Elsewhere(String),
}

/// What others have on a host: resources that are in the spec, and those of other specs.
pub(super) struct Taken(BTreeMap<Claim, Owner>);

impl Taken {
    /// Collects it for a machine, which the spec may know by several names.
    pub(super) fn on(hosts: &[&str], resolution: &Resolution, of_host: &HostLedger, span: Span) -> Self {
        let mut taken = Self(BTreeMap::new());
        for (file, local, identity) in &of_host.others {
            let Some((kind, name)) = local.split_once(':') else { continue };
            let Some(kind) = kinds::all().iter().copied().find(|known| known.name() == kind) else { continue };
            let node = identity.clone().unwrap_or_default().node(span);
            let address = Address::new("", kind.name(), name);
            if let Ok((resource, _)) = decode_absent(kind, address, &node) {
                let owner = Owner::Elsewhere(format!("{local} of another spec, whose ledger is {file},"));
                taken.add(&kind.claims(&resource), &owner);
            }
        }
        for resolved in resolution.resources.iter().filter(|resolved| hosts.contains(&&*resolved.address.host)) {
            let kind = resolved.resource.kind;
            if !kind.is_absent(&resolved.resource) {
                taken.add(&kind.claims(&resolved.resource), &Owner::Here(resolved.address.clone()));
            }
        }
        taken
    }

    fn add(&mut self, claims: &Claims, owner: &Owner) {
        let settled = claims.settles.iter().map(|settled| &settled.claim);
        for claim in claims.provides.iter().chain(&claims.shares).chain(settled) {
            self.0.insert(claim.clone(), owner.clone());
        }
    }

    /// Says who has something of what one claims, or something below its path, and which resource of the spec is the same thing.
    pub(super) fn has(&self, claims: &Claims) -> Option<(String, Option<Address>)> {
        let settled = claims.settles.iter().map(|settled| &settled.claim);
        claims.provides.iter().chain(settled).find_map(|claim| {
            let below = || {
                let first = Claim { name: format!("{}/", claim.name.trim_end_matches('/')), ..claim.clone() };
                let (found, owner) = self.0.range(first.clone()..).next()?;
                (claim.space == Space::PATH && found.space == Space::PATH && found.name.starts_with(&first.name))
                    .then_some(owner)
            };
            match (self.0.get(claim), below) {
                (Some(Owner::Here(address)), _) => Some((format!("{address} has it now"), Some(address.clone()))),
                (Some(Owner::Elsewhere(other)), _) => Some((format!("{other} has it, too"), None)),
                (None, below) => Some(match below()? {
                    Owner::Here(address) => (format!("{address} is in it"), None),
                    Owner::Elsewhere(other) => (format!("{other} is in it"), None),
                }),
            }
        })
    }
}

/// Names the file of a ledger for messages.
pub fn ledger_file(spec: &str, host: &str, is_root: bool) -> String {
    let folder = if is_root { "/var/lib/infra" } else { "~/.local/state/infra" };
    format!("{folder}/ledger/{}", file_name(spec, host))
}
