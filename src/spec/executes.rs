//! What a spec has run on the machine that `infra` runs on.

use std::path::{Path, PathBuf};

use crate::diagnostic::Span;

use super::confined::Confined;
use super::files::Files;
use super::read;
use super::{HostRole, SecretOrigin, Spec, Transport};

/// Something that a spec has run here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    pub what: Executes,
    /// Where the spec asks for it.
    pub span: Span,
}

/// What is run, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Executes {
    /// The program whose output a secret is.
    Command { secret: String, words: Vec<String> },
    /// The program that decrypts a file of the spec, which names keys and services to ask.
    Decryption { secret: String, program: &'static str, file: PathBuf },
    /// A line of a configuration of ssh that the spec brings, by its keyword.
    SshConfiguration { host: String, file: PathBuf, line: usize, keyword: String },
    /// A configuration of ssh that lies where the spec may not read, so that nothing is known of what it runs.
    UnreadSshConfiguration { host: String, file: PathBuf },
    /// This machine is a host of the spec: whatever it says of it runs here.
    Host(String),
}

impl Spec {
    /// Lists what the spec has run on this machine, secrets first. Reads configurations of ssh that the spec brings.
    pub fn executes(&self, files: &dyn Files) -> Vec<Execution> {
        let files = Confined::new(files, self.bounds.clone());
        let mut found = Vec::new();
        for secret in &self.secrets {
            for source in &secret.sources {
                let name = secret.name.clone();
                let what = match &source.origin {
                    SecretOrigin::Command(words) => Executes::Command { secret: name, words: words.clone() },
                    SecretOrigin::Sops { file, .. } => {
                        Executes::Decryption { secret: name, program: "sops", file: file.clone() }
                    }
                    SecretOrigin::Age { file, .. } => {
                        Executes::Decryption { secret: name, program: "age", file: file.clone() }
                    }
                    SecretOrigin::Env(_) | SecretOrigin::File(_) | SecretOrigin::Kept(_) => continue,
                };
                found.push(Execution { what, span: source.span });
            }
        }
        for host in self.hosts.iter().filter(|host| host.role != HostRole::NeverContacted) {
            let here = |what| Execution { what, span: host.span };
            match &host.transport {
                Transport::Local => found.push(here(Executes::Host(host.name.clone()))),
                Transport::Ssh(ssh) => {
                    if let Some(file) = &ssh.config_file {
                        found.extend(configuration(&files, &host.name, file).into_iter().map(here));
                    }
                }
            }
        }
        found
    }
}

/// Finds what a configuration of ssh runs.
fn configuration(files: &Confined<'_>, host: &str, file: &Path) -> Vec<Executes> {
    // Whose `~` it is, is known to who opens it.
    let text = if file.starts_with("~") { None } else { read::other_text(files, file).ok() };
    let (host, file) = (host.to_string(), file.to_path_buf());
    let Some(text) = text else { return vec![Executes::UnreadSshConfiguration { host, file }] };
    let lines = text.lines().enumerate();
    let running = lines.filter_map(|(at, line)| Some((at + 1, keyword(line).filter(|word| runs(word, line))?)));
    running
        .map(|(line, keyword)| Executes::SshConfiguration { host: host.clone(), file: file.clone(), line, keyword })
        .collect()
}

/// Returns the keyword of a line; `None` where it has none.
fn keyword(line: &str) -> Option<String> {
    let word = line.trim_start().split(|one: char| one.is_whitespace() || one == '=').next()?;
    let word = word.trim_matches('"');
    (!word.is_empty() && !word.starts_with('#')).then(|| word.to_string())
}

/// Returns whether a line makes ssh run a program, load a library or read a file that may (ssh_config(5)).
fn runs(keyword: &str, line: &str) -> bool {
    match keyword.to_ascii_lowercase().as_str() {
        "proxycommand"
        | "localcommand"
        | "knownhostscommand"
        | "include"
        | "pkcs11provider"
        | "securitykeyprovider"
        | "xauthlocation" => true,
        "match" => line.to_ascii_lowercase().contains("exec"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{keyword, runs};

    #[test]
    fn lines_of_a_configuration_that_run_something_are_known() {
        let is_running = |line: &str| keyword(line).is_some_and(|word| runs(&word, line));
        for line in [
            "ProxyCommand nc %h %p",
            "  proxycommand=nc %h %p",
            "\tLocalCommand true",
            "\"ProxyCommand\" nc",
            "Match host a exec \"test -f b\"",
            "match EXEC true",
            "Match !exec true",
            "Include more",
            "KnownHostsCommand /bin/keys",
            "PKCS11Provider lib.so",
            "SecurityKeyProvider lib.so",
        ] {
            assert!(is_running(line), "{line}");
        }
        for line in ["", "# ProxyCommand nc", "Host a", "Match host a", "User me", "ProxyJump near", "HostName x"] {
            assert!(!is_running(line), "{line}");
        }
    }
}
