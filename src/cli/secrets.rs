//! Reads the secrets that come from this machine: its environment, files and programs.
#![allow(clippy::disallowed_methods, reason = "this is the edge: the environment and this machine's files enter here")]

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Command, Stdio};

use crate::diagnostic::Diagnostic;
use crate::model::Secret;
use crate::spec::{Knowledge, SecretSource, SecretState, Spec};

/// The largest secret, in bytes.
const MOST: u64 = 1024 * 1024;

/// Stands for all secrets that this machine would be asked for: what can be checked without them is checked.
pub fn unread(spec: &Spec) -> BTreeMap<String, SecretState> {
    Knowledge::nothing(spec).secrets
}

/// Reads all secrets of a spec that do not live on a host. Each that cannot be read is reported at its place.
pub fn read(spec: &Spec) -> Result<BTreeMap<String, SecretState>, Vec<Diagnostic>> {
    let mut secrets = BTreeMap::new();
    let mut wrong = Vec::new();
    for secret in &spec.secrets {
        let (value, help) = match &secret.source {
            SecretSource::Kept(_) => continue,
            SecretSource::Env(name) => (environment(name), format!("set {name} in the environment infra runs in")),
            SecretSource::File(path) => (file(path), "check the path and its permissions".to_string()),
            SecretSource::Command(words) => (command(words), "run it by hand to see what is wrong".to_string()),
        };
        match value {
            Ok(value) => {
                secrets.insert(secret.name.clone(), SecretState::Known(value));
            }
            Err(reason) => wrong.push(
                Diagnostic::error(secret.span, format!("the secret `{}` cannot be read: {reason}", secret.name))
                    .help(help),
            ),
        }
    }
    if wrong.is_empty() { Ok(secrets) } else { Err(wrong) }
}

fn environment(name: &str) -> Result<Secret, String> {
    match super::context::variable(name) {
        Some(value) if value.is_empty() => Err(format!("the environment variable {name} is empty")),
        Some(value) => Ok(Secret::new(value)),
        None => Err(format!("the environment variable {name} is not set")),
    }
}

fn file(path: &std::path::Path) -> Result<Secret, String> {
    let describe = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut text = zeroize::Zeroizing::new(Vec::new());
    std::fs::File::open(path).map_err(describe)?.take(MOST + 1).read_to_end(&mut text).map_err(describe)?;
    secret(&text).map_err(|reason| format!("{} {reason}", path.display()))
}

fn command(words: &[String]) -> Result<Secret, String> {
    let Some((program, arguments)) = words.split_first() else { return Err("the command is empty".into()) };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    let text = zeroize::Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(format!("`{program}` ended with {}", output.status));
    }
    secret(&text).map_err(|reason| format!("what `{program}` prints {reason}"))
}

/// Takes a secret from bytes, without the line end at its end.
fn secret(bytes: &[u8]) -> Result<Secret, String> {
    if bytes.len() as u64 > MOST {
        return Err("is larger than 1 MiB".into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_string())?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() { Err("is empty".into()) } else { Ok(Secret::new(text)) }
}
