//! Reads the secrets that come from this machine: its environment, files and programs.
#![allow(clippy::disallowed_methods, reason = "this is the edge: the environment and this machine's files enter here")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use zeroize::Zeroizing;

use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::model::{Secret, json_scalar};
use crate::spec::{Knowledge, SecretOrigin, SecretSource, SecretSpec, SecretState, Spec};

use super::environment::variable;
use super::exit::Usage;

/// The largest secret, and the largest file with secrets, in bytes.
const MOST: u64 = 1024 * 1024;

/// Stands for all secrets that this machine would be asked for: what can be checked without them is checked.
pub fn unread(spec: &Spec) -> BTreeMap<String, SecretState> {
    Knowledge::nothing(spec).secrets
}

/// Reads all secrets of a spec that this machine has; those it has not but a host may keep are left out. Each that
/// cannot be read is reported at its place.
pub fn read(spec: &Spec) -> Result<BTreeMap<String, SecretState>, Vec<Diagnostic>> {
    let mut reader = Reader::default();
    let mut secrets = BTreeMap::new();
    let mut wrong = Vec::new();
    for secret in &spec.secrets {
        match reader.secret(secret) {
            Ok(Some(value)) => {
                secrets.insert(secret.name.clone(), SecretState::Known(value));
            }
            Ok(None) => {}
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
    if wrong.is_empty() { Ok(secrets) } else { Err(wrong) }
}

/// How many characters a secret has at least that is found wherever it is printed.
const HIDEABLE: usize = 6;

/// Warns of secrets that are too short to be hidden surely: half of what programs print would be hidden with them.
pub fn short(spec: &Spec, secrets: &BTreeMap<String, SecretState>) -> Vec<Diagnostic> {
    let is_short = |secret: &&SecretSpec| match secrets.get(&secret.name) {
        Some(SecretState::Known(value)) => value.expose().chars().count() < HIDEABLE,
        _ => false,
    };
    let warning = |secret: &SecretSpec| {
        let name = &secret.name;
        Diagnostic::warning(secret.span, format!("the secret `{name}` is not surely hidden in what programs print"))
            .help(format!("it has fewer than {HIDEABLE} characters; make it longer"))
    };
    spec.secrets.iter().filter(is_short).map(warning).collect()
}

/// Refuses to rotate what is no secret, or one that is not made by `infra`.
pub fn can_rotate(spec: &Spec, names: &[String]) -> Result<(), Usage> {
    for name in names {
        let Some(secret) = spec.secrets.iter().find(|secret| secret.name == *name) else {
            let known = spec.secrets.iter().map(|secret| secret.name.as_str());
            let help = did_you_mean(name, known).map(|help| format!("; {help}")).unwrap_or_default();
            return Err(Usage(format!("--rotate {name}: the spec has no such secret{help}")));
        };
        if !secret.is_kept() {
            return Err(elsewhere(secret, secret.sources.first()));
        }
    }
    Ok(())
}

/// Refuses to rotate what has come from elsewhere in this run.
pub fn are_kept(spec: &Spec, names: &[String], given: &BTreeMap<String, SecretState>) -> Result<(), Usage> {
    match spec.secrets.iter().find(|secret| names.contains(&secret.name) && given.contains_key(&secret.name)) {
        Some(secret) => Err(elsewhere(secret, None)),
        None => Ok(()),
    }
}

fn elsewhere(secret: &SecretSpec, source: Option<&SecretSource>) -> Usage {
    let place = source.map_or_else(|| "this machine".to_string(), |source| describe(&source.origin));
    Usage(format!("--rotate {}: it comes from {place}, not from `generate`; change it there, then apply", secret.name))
}

/// Says where a secret comes from.
pub fn describe(origin: &SecretOrigin) -> String {
    match origin {
        SecretOrigin::Env(name) => format!("env {name}"),
        SecretOrigin::File(path) => format!("file {}", path.display()),
        SecretOrigin::Command(words) => format!("command {}", words.join(" ")),
        SecretOrigin::Sops { file, key: Some(key) } => format!("sops {} ({key})", file.display()),
        SecretOrigin::Sops { file, key: None } => format!("sops {}", file.display()),
        SecretOrigin::Age { file, .. } => format!("age {}", file.display()),
        SecretOrigin::Kept(_) => "generate".to_string(),
    }
}

/// What asking one source came to.
enum Answer {
    Has(Secret),
    /// It does not have it, and why; the next source is asked.
    Nothing(String),
    /// Whether it has it cannot be told.
    Fails(String),
}

use Answer::{Fails, Has, Nothing};

/// Asks sources, each encrypted file once.
#[derive(Default)]
struct Reader {
    /// What programs printed, by their words.
    printed: BTreeMap<Vec<OsString>, Result<Zeroizing<Vec<u8>>, String>>,
}

impl Reader {
    /// Returns the value from the first source that has it; nothing where the host that keeps it is to be asked.
    fn secret(&mut self, secret: &SecretSpec) -> Result<Option<Secret>, Diagnostic> {
        let mut passed_over = Vec::new();
        for source in &secret.sources {
            if matches!(source.origin, SecretOrigin::Kept(_)) {
                return Ok(None);
            }
            match self.ask(&source.origin) {
                Has(value) => return Ok(Some(value)),
                Nothing(reason) => passed_over.push((source, reason)),
                Fails(reason) => {
                    let message = format!("the secret `{}` cannot be read: {reason}", secret.name);
                    let diagnostic = Diagnostic::error(source.span, message).help(help(&source.origin));
                    return Err(passed_over.into_iter().fold(diagnostic, |diagnostic, (source, reason)| {
                        diagnostic.related(source.span, format!("not from here: {reason}"))
                    }));
                }
            }
        }
        Err(match passed_over.as_slice() {
            [(source, reason)] => {
                let message = format!("the secret `{}` cannot be read: {reason}", secret.name);
                Diagnostic::error(secret.span, message).help(help(&source.origin))
            }
            all => {
                let message = format!("none of its {} sources has the secret `{}`", all.len(), secret.name);
                let diagnostic = Diagnostic::error(secret.span, message).help("give it to one of them");
                passed_over
                    .iter()
                    .fold(diagnostic, |diagnostic, (source, reason)| diagnostic.related(source.span, reason.clone()))
            }
        })
    }

    fn ask(&mut self, origin: &SecretOrigin) -> Answer {
        match origin {
            SecretOrigin::Env(name) => environment(name),
            SecretOrigin::File(path) => file(&expanded(path)),
            SecretOrigin::Command(words) => self.command(words),
            SecretOrigin::Sops { file, key } => self.sops(&expanded(file), key.as_deref()),
            SecretOrigin::Age { file, identity } => self.age(&expanded(file), &expanded(identity)),
            SecretOrigin::Kept(_) => Nothing("it is kept on a host".into()),
        }
    }

    fn command(&mut self, words: &[String]) -> Answer {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let program = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
        match self.output(words) {
            Ok(text) => secret(text, &format!("what `{program}` prints")),
            Err(reason) => Fails(reason),
        }
    }

    fn sops(&mut self, file: &Path, key: Option<&str>) -> Answer {
        if let Err(answer) = exists(file) {
            return answer;
        }
        let mut words: Vec<OsString> = vec!["sops".into(), "--decrypt".into()];
        if key.is_some() {
            words.extend(["--output-type".into(), "json".into()]);
        }
        words.push(word(file));
        let shown = file.display();
        let text = match self.output(words) {
            Ok(text) => text,
            Err(reason) => return Fails(format!("{shown} cannot be decrypted: {reason}")),
        };
        let Some(key) = key else { return secret(text, &shown.to_string()) };
        match std::str::from_utf8(text).map(|text| json_scalar(text, key)) {
            Ok(Ok(Some(value))) => Has(Secret::new(value)),
            Ok(Ok(None)) => Nothing(format!("{shown} has no `{key}`")),
            Ok(Err(error)) => Fails(format!("{shown}, decrypted: {}", error.0)),
            Err(_) => Fails(format!("{shown}, decrypted, is not UTF-8")),
        }
    }

    fn age(&mut self, file: &Path, identity: &Path) -> Answer {
        if let Err(answer) = exists(file) {
            return answer;
        }
        if let Err(Nothing(reason) | Fails(reason)) = exists(identity) {
            return Fails(reason);
        }
        let words = vec!["age".into(), "--decrypt".into(), "--identity".into(), word(identity), word(file)];
        let shown = file.display();
        match self.output(words) {
            Ok(text) => secret(text, &shown.to_string()),
            Err(reason) => Fails(format!("{shown} cannot be decrypted: {reason}")),
        }
    }

    /// Returns what a program prints; it is run once for all that ask.
    fn output(&mut self, words: Vec<OsString>) -> Result<&[u8], String> {
        let printed = self.printed.entry(words).or_insert_with_key(|words| run(words));
        printed.as_ref().map(|text| text.as_slice()).map_err(Clone::clone)
    }
}

/// Says what to do where a source does not have a secret, or fails.
fn help(origin: &SecretOrigin) -> String {
    match origin {
        SecretOrigin::Env(name) => format!("set {name} in the environment infra runs in"),
        SecretOrigin::File(_) => "check the path and its permissions".into(),
        SecretOrigin::Command(_) => "run it by hand to see what is wrong".into(),
        SecretOrigin::Sops { file, .. } => format!("`sops --decrypt {}` by hand shows what is wrong", file.display()),
        SecretOrigin::Age { file, identity } => {
            format!("`age --decrypt --identity {} {}` by hand shows what is wrong", identity.display(), file.display())
        }
        SecretOrigin::Kept(_) => "look at the host that keeps it".into(),
    }
}

fn environment(name: &str) -> Answer {
    match variable(name) {
        Some(value) if value.is_empty() => Nothing(format!("the environment variable {name} is empty")),
        Some(value) => Has(Secret::new(value)),
        None => Nothing(format!("the environment variable {name} is not set")),
    }
}

fn file(path: &Path) -> Answer {
    let mut text = Zeroizing::new(Vec::new());
    match std::fs::File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut text)) {
        Ok(_) => secret(&text, &path.display().to_string()),
        Err(error) => unreadable(path, &error),
    }
}

/// Passes a file over that is not there.
fn exists(path: &Path) -> Result<(), Answer> {
    std::fs::metadata(path).map(drop).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Answer {
    let reason = format!("{}: {error}", path.display());
    if error.kind() == ErrorKind::NotFound { Nothing(reason) } else { Fails(reason) }
}

fn run(words: &[OsString]) -> Result<Zeroizing<Vec<u8>>, String> {
    let Some((program, arguments)) = words.split_first() else { return Err("the command is empty".into()) };
    let shown = program.to_string_lossy();
    let started = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = match started {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(format!("`{shown}` is not installed here")),
        Err(error) => return Err(format!("`{shown}` cannot be started: {error}")),
    };
    let text = Zeroizing::new(output.stdout);
    if output.status.success() { Ok(text) } else { Err(format!("`{shown}` ended with {}", output.status)) }
}

/// Takes a secret from bytes, without the line end at its end; `what` they are.
fn secret(bytes: &[u8], what: &str) -> Answer {
    if bytes.len() as u64 > MOST {
        return Fails(format!("{what} is larger than 1 MiB"));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return Fails(format!("{what} is not UTF-8")) };
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() { Nothing(format!("{what} is empty")) } else { Has(Secret::new(text)) }
}

/// Makes a path an argument that is no option, whatever it begins with.
fn word(path: &Path) -> OsString {
    if path.is_relative() { Path::new(".").join(path).into() } else { path.into() }
}

/// Puts the home folder in the place of `~`.
pub fn expanded(path: &Path) -> PathBuf {
    let home = || variable("HOME").map(PathBuf::from);
    match path.strip_prefix("~") {
        Ok(rest) => home().map_or_else(|| path.to_path_buf(), |home| home.join(rest)),
        Err(_) => path.to_path_buf(),
    }
}
