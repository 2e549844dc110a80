//! What the programs of kinds use on a host, seen by `strace` while trials run, and kept in `uses.yaml` of each kind.
//!
//! Nothing is recorded unless `INFRA_RECORD_USES` says how ([`Recording`]). What is seen is what steps and their verifications
//! do, and all that they start. What systemd does for them is not.

pub mod table;
pub mod trace;

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use infra::cli::DiskFiles;
use infra::diagnostic::Sources;
use infra::kinds;
use infra::resource::{Claims, Space, Uses};
use infra::spec::{Knowledge, LoadOptions, load};
use infra::survey::{Scope, Survey};
use serde_json::Value;

use self::table::{Called, Installed};
use super::kinds::Trial;
use super::lab::LabHost;

/// System calls that start programs and processes, and those that open or change what a path names.
const CALLS: &str = "execve,execveat,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,\
                     symlink,symlinkat,unlink,unlinkat,rmdir,clone,clone3,fork,vfork";

/// What becomes of what is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// `check`: what is not in the files is an error.
    Check,
    /// `write`: it is added to the files.
    Write,
    /// `again`: the same with what was seen last time, without a host.
    Again,
}

impl Recording {
    /// Returns what `INFRA_RECORD_USES` says.
    pub fn wanted() -> Option<Self> {
        match std::env::var("INFRA_RECORD_USES").ok()?.as_str() {
            "check" => Some(Self::Check),
            "write" => Some(Self::Write),
            "again" => Some(Self::Again),
            other => panic!("INFRA_RECORD_USES is `{other}`; it may be check, write or again"),
        }
    }
}

/// Records what is used on a host.
pub struct Recorder {
    /// Where what was seen stays, for who wants to look.
    folder: PathBuf,
}

impl Recorder {
    pub fn new(name: &str) -> Self {
        Self { folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("target/uses").join(name) }
    }

    /// Has all that comes in over SSH traced from now on.
    #[track_caller]
    pub fn start(&self, host: &LabHost) {
        // With `--seccomp-bpf` strace is faster, and keeps all that runs below it from becoming another account by sudo.
        host.check(&format!(
            "apt-get install --yes --no-install-recommends strace >/dev/null
             mkdir -p /var/lib/uses /etc/systemd/system/ssh.service.d
             printf '[Service]\\nExecStart=\\nExecStart=%s\\n' \
             '/usr/bin/strace -D -f -qq -y -s 64 -e trace={CALLS} -o /var/lib/uses/log /usr/sbin/sshd -D' \
             >/etc/systemd/system/ssh.service.d/uses.conf
             systemctl daemon-reload && systemctl restart ssh"
        ));
    }

    /// Keeps what was seen so far; packages that go later are still there.
    #[track_caller]
    pub fn look(&mut self, host: &LabHost, part: &str) {
        std::fs::create_dir_all(&self.folder).unwrap();
        for (what, command) in [
            ("log", "cat /var/lib/uses/log"),
            ("files", "cd /var/lib/dpkg/info && grep '' *.list | sed 's/[.]list:/ /'"),
            ("packages", "dpkg-query -W -f '${Package} ${Essential} ${Priority}\\n'"),
        ] {
            std::fs::write(self.folder.join(format!("{part}.{what}")), host.check(command)).unwrap();
        }
    }

    /// Writes what the kinds of trials used, or compares it with what is written.
    #[track_caller]
    pub fn tell(&self, trials: &[Trial], recording: Recording) {
        let mut installed = Installed::default();
        let mut used = HashSet::new();
        for part in ["applied", "removed"] {
            let text = |what: &str| std::fs::read_to_string(self.folder.join(format!("{part}.{what}"))).unwrap();
            installed.read(&text("files"), &text("packages"));
            used.extend(trace::read(&text("log")));
        }
        let kinds: BTreeSet<&str> = trials.iter().flat_map(Trial::kinds).collect();
        for kind in kinds {
            let called: Vec<Called> = trials.iter().flat_map(|trial| called(trial, kind)).collect();
            // Another trial of the same kind may just have written it.
            let known = Uses::parse(&std::fs::read_to_string(file(kind)).unwrap()).unwrap();
            let mut all = known.clone();
            table::add(&mut all, &used, kind, &installed, &called);
            match recording {
                Recording::Check => {
                    assert_eq!(known, all, "{kind} uses what its uses.yaml does not have; `make uses` writes it");
                }
                Recording::Write | Recording::Again => std::fs::write(file(kind), table::yaml(&all)).unwrap(),
            }
        }
    }
}

fn file(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds").join(kind).join("uses.yaml")
}

/// Returns names and claims of the resources of a kind in a trial's spec.
pub fn claims(trial: &Trial, kind: &str) -> Vec<(String, Claims)> {
    let mut sources = Sources::default();
    let options = LoadOptions { spec: trial.folder.clone(), ..LoadOptions::default() };
    let loaded = load(&DiskFiles, &options, &mut sources).unwrap_or_else(|_| panic!("{} has mistakes", trial.name));
    let secrets = Knowledge::nothing(&loaded).secrets;
    let survey = Survey::new(&loaded, &DiskFiles, sources, secrets, &Scope::default()).unwrap();
    let all = (0..survey.len()).map(|node| survey.resolved(node)).filter(|one| one.resource.kind.name() == kind);
    all.map(|one| (one.address.name.to_string(), one.resource.kind.claims(&one.resource))).collect()
}

/// Returns the paths that a trial's spec gives resources of a kind: names, attributes, and files named after resources.
pub fn called(trial: &Trial, kind: &str) -> Vec<Called> {
    let path = trial.folder.join("infra.yaml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let spec: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut found = Vec::new();
    let section = kinds::by_name(kind).unwrap().section();
    for (name, body) in spec[section].as_object().into_iter().flatten() {
        note(&mut found, "name", &Value::String(name.clone()));
        note(&mut found, "", body);
    }
    for (name, claims) in claims(trial, kind) {
        let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 1).collect();
        for claim in claims.provides.iter().filter(|claim| claim.space == Space::PATH && claim.name != name) {
            if let Some((folder, file)) = claim.name.rsplit_once('/')
                && words.iter().any(|word| file.contains(word))
            {
                found.push((claim.name.clone(), format!("{folder}/*")));
            }
        }
    }
    found
}

/// Adds the paths in an attribute, called after the innermost one they are in.
fn note(found: &mut Vec<Called>, attribute: &str, value: &Value) {
    match value {
        Value::String(text) => {
            let path = text.strip_prefix("file://").unwrap_or(text);
            if path.starts_with('/') && path.len() > 1 && !path.contains([' ', '\n', '{']) {
                found.push((path.trim_end_matches('/').to_string(), format!("{{{attribute}}}")));
            }
        }
        Value::Array(values) => values.iter().for_each(|value| note(found, attribute, value)),
        Value::Object(values) => values.iter().for_each(|(name, value)| note(found, name, value)),
        _ => {}
    }
}
