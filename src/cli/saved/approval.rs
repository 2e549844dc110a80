//! Who approved a saved plan: signatures of its digest in the format of ssh-keygen(1), which makes and checks them. So any key that
//! ssh knows will do, one of an agent or in hardware too.
//!
//! They lie beside the plan in `FILE.approvals`, one after the other. What is signed is the digest and a new line, so that
//! `ssh-keygen -Y sign -n infra-plan` makes the same: `sed -n '1s/.* //p' FILE` prints it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, anyhow};

use crate::render::visible;

use super::super::environment::variable;

/// What the signatures are for: one made for something else is none.
const NAMESPACE: &str = "infra-plan";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
/// The keys that are looked for where none is named.
const KEYS: [&str; 5] = ["id_ed25519_sk", "id_ed25519", "id_ecdsa_sk", "id_ecdsa", "id_rsa"];

/// A signature that is of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The kind of the key and its fingerprint, as ssh-keygen tells them.
    pub key: String,
    /// The names that the allowed signers give it; empty where it is none of them, or nobody has asked.
    pub principals: BTreeSet<String>,
}

impl Signature {
    /// Names who has signed.
    pub fn name(&self) -> String {
        let names: Vec<String> = self.principals.iter().map(|name| visible(name)).collect();
        match names.is_empty() {
            true => visible(&self.key),
            false => format!("{} ({})", names.join(", "), visible(&self.key)),
        }
    }
}

/// Signs a digest and puts the signature beside the plan; returns the key.
pub fn approve(plan: &Path, digest: &str, key: Option<&Path>) -> anyhow::Result<String> {
    let key = match key {
        Some(key) => key.to_path_buf(),
        None => default_key()?,
    };
    let mut command = keygen();
    // What it asks for, a touch or a passphrase, is for who sits there.
    command.args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"]).arg(&key).stderr(Stdio::inherit());
    let output = run(&mut command, digest)?;
    if !output.status.success() {
        return Err(anyhow!("ssh-keygen did not sign with {}", key.display()));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let signature =
        blocks(&text).pop().ok_or_else(|| anyhow!("ssh-keygen made no signature with {}", key.display()))?;
    let signer =
        signer(&signature, digest)?.ok_or_else(|| anyhow!("the signature that ssh-keygen made does not hold"))?;
    let path = path_of(plan);
    let problem = || format!("the approval cannot be written to {}", path.display());
    let mut all = read(plan)?;
    if !all.contains(&signature) {
        all.push(signature);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".infra-approvals-").tempfile_in(folder).with_context(problem)?;
    file.write_all(all.concat().as_bytes()).with_context(problem)?;
    file.as_file().sync_all().with_context(problem)?;
    file.persist(&path).map_err(|error| error.error).with_context(problem)?;
    Ok(signer)
}

fn default_key() -> anyhow::Result<PathBuf> {
    let folder = variable("HOME").map(PathBuf::from).unwrap_or_default().join(".ssh");
    let mut keys = KEYS.iter().map(|name| folder.join(name));
    keys.find(|key| key.exists()).ok_or_else(|| {
        anyhow!(
            "there is no key in {} to sign with; name one: `--key KEY`, or the public key of one that an agent holds",
            folder.display()
        )
    })
}

/// Returns the file with the approvals of a plan.
fn path_of(plan: &Path) -> PathBuf {
    let mut path = plan.as_os_str().to_owned();
    path.push(".approvals");
    path.into()
}

/// Reads the approvals of a plan as they are.
fn read(plan: &Path) -> anyhow::Result<Vec<String>> {
    let path = path_of(plan);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(blocks(&text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Takes signatures apart: ssh-keygen reads only the first of a file.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines().map(str::trim_end) {
        if line == BEGIN {
            block = Some(String::new());
        }
        if let Some(open) = &mut block {
            open.push_str(line);
            open.push('\n');
        }
        if line == END {
            blocks.extend(block.take());
        }
    }
    blocks
}

/// Returns the signatures beside a plan that are of it, and how many are not.
pub fn signatures(plan: &Path, digest: &str, allowed: Option<&Path>) -> anyhow::Result<(Vec<Signature>, usize)> {
    if let Some(allowed) = allowed {
        // ssh-keygen says of one that is not there only that nobody is in it.
        fs::File::open(allowed).with_context(|| format!("{} cannot be read", allowed.display()))?;
    }
    let (mut found, mut others): (Vec<Signature>, usize) = (Vec::new(), 0);
    for signature in read(plan)? {
        let Some(key) = signer(&signature, digest)? else {
            others += 1;
            continue;
        };
        let principals = match allowed {
            Some(allowed) => principals(&signature, digest, allowed)?,
            None => BTreeSet::new(),
        };
        if found.iter().all(|other| other.key != key) {
            found.push(Signature { key, principals });
        }
    }
    Ok((found, others))
}

/// Returns the key of a signature, if it is one of this digest.
fn signer(signature: &str, digest: &str) -> anyhow::Result<Option<String>> {
    let file = in_file(signature)?;
    let mut command = keygen();
    command.args(["-Y", "check-novalidate", "-n", NAMESPACE, "-s"]).arg(file.path());
    let output = run(&mut command, digest)?;
    // `Good "infra-plan" signature with ED25519 key SHA256:…`
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let key =
        text.lines().find_map(|line| line.split_once("signature with ")).map(|(_, key)| key.replacen(" key ", " ", 1));
    Ok(key.filter(|_| output.status.success()))
}

/// Returns the names that a file of allowed signers has for a signature, and that it holds for.
fn principals(signature: &str, digest: &str, allowed: &Path) -> anyhow::Result<BTreeSet<String>> {
    let file = in_file(signature)?;
    let mut command = keygen();
    command.args(["-Y", "find-principals", "-f"]).arg(allowed).arg("-s").arg(file.path());
    let output = run(&mut command, "")?;
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut principals = BTreeSet::new();
    for name in found.lines().filter(|name| !name.is_empty()) {
        let mut command = keygen();
        command.args(["-Y", "verify", "-n", NAMESPACE, "-I", name, "-f"]).arg(allowed).arg("-s").arg(file.path());
        if run(&mut command, digest)?.status.success() {
            principals.insert(name.to_string());
        }
    }
    Ok(principals)
}

fn in_file(signature: &str) -> anyhow::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new().context("a signature cannot be put into a file")?;
    file.write_all(signature.as_bytes()).context("a signature cannot be put into a file")?;
    Ok(file)
}

fn keygen() -> Command {
    let mut command = Command::new("ssh-keygen");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs ssh-keygen with a digest to read.
fn run(command: &mut Command, digest: &str) -> anyhow::Result<Output> {
    let mut child = command.spawn().context("ssh-keygen, which signs and checks approvals, cannot be started")?;
    if let Some(mut input) = child.stdin.take() {
        // One that needs no input may be gone already.
        let _ = input.write_all(format!("{digest}\n").as_bytes());
    }
    child.wait_with_output().context("ssh-keygen cannot be waited for")
}

/// Returns the signatures of those who may approve a plan; refuses where these are too few people.
pub fn required(plan: &Path, digest: &str, allowed: &Path, needed: usize) -> anyhow::Result<Vec<Signature>> {
    let (found, others) = signatures(plan, digest, Some(allowed))?;
    let (known, strange): (Vec<Signature>, Vec<Signature>) =
        found.into_iter().partition(|signature| !signature.principals.is_empty());
    let people = people(&known);
    if people >= needed {
        return Ok(known);
    }
    let names: Vec<String> = known.iter().map(Signature::name).collect();
    let by = if names.is_empty() { "nobody".to_string() } else { names.join(", ") };
    let mut why = format!("it needs the approval of {needed}, and has that of {people}: {by}");
    for signature in strange {
        why.push_str(&format!("; {} is no key of {}", signature.name(), allowed.display()));
    }
    if others > 0 {
        why.push_str(&format!("; {others} more in {} are not of this plan", path_of(plan).display()));
    }
    let shown = plan.display();
    Err(anyhow!("{shown}: {why}; nothing was changed. Who may approve it does so with `infra approve {shown}`"))
}

/// Counts the people behind signatures. Whoever has a name in common is one person, whatever keys they have; a name with a
/// wildcard may be anybody's.
fn people(signatures: &[Signature]) -> usize {
    let mut people: Vec<BTreeSet<&str>> = Vec::new();
    for signature in signatures {
        let mut person: BTreeSet<&str> = signature.principals.iter().map(String::as_str).collect();
        people.retain(|other| {
            let is_same = are_one(other, &person);
            if is_same {
                person.extend(other);
            }
            !is_same
        });
        people.push(person);
    }
    people.len()
}

fn are_one(one: &BTreeSet<&str>, other: &BTreeSet<&str>) -> bool {
    let may_be_anybody = |names: &BTreeSet<&str>| names.iter().any(|name| name.contains(['*', '?', '!']));
    may_be_anybody(one) || may_be_anybody(other) || !one.is_disjoint(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_counts_once_whatever_the_keys() {
        let signature = |names: &[&str]| Signature {
            key: String::new(),
            principals: names.iter().map(ToString::to_string).collect(),
        };
        for (signatures, count) in [
            (vec![], 0),
            (vec![signature(&["anna"])], 1),
            (vec![signature(&["anna"]), signature(&["anna"])], 1),
            (vec![signature(&["anna"]), signature(&["ben"])], 2),
            (vec![signature(&["anna", "a@x"]), signature(&["ben"]), signature(&["a@x"])], 2),
            (vec![signature(&["anna"]), signature(&["ben"]), signature(&["anna", "ben"])], 1),
            (vec![signature(&["anna"]), signature(&["*@x"])], 1),
        ] {
            assert_eq!(people(&signatures), count, "{signatures:?}");
        }
    }

    #[test]
    fn signatures_are_told_apart() {
        let one = format!("{BEGIN}\nabc\n{END}\n");
        assert_eq!(blocks(&format!("{one}\nrubbish\r\n{BEGIN}\r\nabc\r\n{END}\r\n{BEGIN}\ncut")), [one.clone(), one]);
    }
}
