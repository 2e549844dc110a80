//! Working out where secrets come from.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Span};
use crate::kinds::SECRET;
use crate::model::{Address, Value, YamlNode, YamlValue};

use super::super::evaluate::Scope;
use super::super::namespace::{Secret, SecretForm};
use super::super::{HostSpec, SecretOrigin, SecretSource, SecretSpec};
use super::{Early, early_site};

/// How many hosts a message names.
const MOST_HOSTS: usize = 30;

impl Early<'_> {
    pub(super) fn secrets(&mut self, hosts: &[HostSpec], count: usize) -> Vec<SecretSpec> {
        let mut secrets: Vec<SecretSpec> = Vec::new();
        let mut todo = vec![(self.namespace, 0)];
        let mut seen = HashSet::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let names: HashSet<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
        for at in 1..self.evaluator.instances.len() {
            todo.push((self.evaluator.instances[at].namespace, at));
        }
        for (namespace, instance) in todo {
            for (name, secret) in &namespace.secrets {
                // Hosts that are wrong themselves were reported; which one is meant cannot be told then.
                if instance == 0 && secret.kept().is_some() && hosts.len() < count {
                    continue;
                }
                let Some(sources) = self.sources(secret, name, instance, hosts, &names) else { continue };
                let origins: Vec<&SecretOrigin> = sources.iter().map(|source| &source.origin).collect();
                if !seen.insert((name.clone(), format!("{origins:?}"))) {
                    continue;
                }
                if let Some(other) = places.get(name.as_str()).map(|&at| &secrets[at]) {
                    // Where both are kept, their resources are compared.
                    if other.is_kept() && secret.kept().is_some() {
                        continue;
                    }
                    self.evaluator.report(
                        Diagnostic::error(secret.entry.key_span, format!("there is another secret `{name}`"))
                            .related(other.span, "it is declared here too")
                            .help("all secrets of a spec and its modules share their names; rename one"),
                    );
                    continue;
                }
                places.insert(name, secrets.len());
                secrets.push(SecretSpec { name: name.clone(), span: secret.entry.key_span, sources });
            }
        }
        secrets
    }

    /// Works out all sources of a secret; nothing where one is wrong.
    fn sources(
        &mut self,
        secret: &Secret,
        name: &str,
        instance: usize,
        hosts: &[HostSpec],
        names: &HashSet<&str>,
    ) -> Option<Vec<SecretSource>> {
        let mut sources = Vec::new();
        for (form, span) in &secret.forms {
            let origin = match form {
                SecretForm::Env(node) => self.secret_text(node, instance).map(SecretOrigin::Env),
                SecretForm::File(node) => self.secret_file(node, instance).map(SecretOrigin::File),
                SecretForm::Command(node) => self.secret_command(node, instance).map(SecretOrigin::Command),
                SecretForm::Sops { file, key } => {
                    let file = self.secret_file(file, instance);
                    let key = key.as_ref().map(|key| self.secret_text(key, instance));
                    match (file, key) {
                        (Some(file), None) => Some(SecretOrigin::Sops { file, key: None }),
                        (Some(file), Some(Some(key))) => Some(SecretOrigin::Sops { file, key: Some(key) }),
                        _ => None,
                    }
                }
                SecretForm::Age { file, identity } => {
                    let parts = (self.secret_file(file, instance), self.secret_file(identity, instance));
                    parts.0.zip(parts.1).map(|(file, identity)| SecretOrigin::Age { file, identity })
                }
                SecretForm::Kept { host, .. } if instance == 0 => self
                    .keeper(host.as_ref(), secret.entry.key_span, hosts, names)
                    .map(|host| SecretOrigin::Kept(Some(Address::new(host, SECRET.name(), name)))),
                SecretForm::Kept { .. } => Some(SecretOrigin::Kept(None)),
            };
            sources.push(origin.map(|origin| SecretSource { origin, span: *span }));
        }
        let sources: Option<Vec<SecretSource>> = sources.into_iter().collect();
        sources.filter(|sources| !sources.is_empty())
    }

    fn keeper(
        &mut self,
        named: Option<&YamlNode>,
        span: Span,
        hosts: &[HostSpec],
        names: &HashSet<&str>,
    ) -> Option<String> {
        let Some(node) = named else {
            if let [host] = hosts {
                return Some(host.name.clone());
            }
            if !hosts.is_empty() {
                let first: Vec<&str> = hosts.iter().take(MOST_HOSTS).map(|host| host.name.as_str()).collect();
                let more = match hosts.len() - first.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                self.evaluator.report(
                    Diagnostic::error(span, "the spec has several hosts, and on which this secret is kept is not said")
                        .help(format!("add `host:` to its `keep`, one of {}{more}", first.join(", "))),
                );
            }
            return None;
        };
        let name = self.secret_text(node, 0)?;
        if !names.contains(name.as_str()) {
            let diagnostic = Diagnostic::error(node.span, format!("the spec has no host `{name}`"));
            let help = self.evaluator.did_you_mean(&name, hosts.iter().map(|host| host.name.as_str()));
            self.evaluator.report(diagnostic.help_if(help));
            return None;
        }
        Some(name)
    }

    fn secret_file(&mut self, node: &YamlNode, instance: usize) -> Option<PathBuf> {
        let path = self.secret_text(node, instance)?;
        Some(self.beside_its_file(&path, node.span))
    }

    fn secret_text(&mut self, node: &YamlNode, instance: usize) -> Option<String> {
        let (namespace, is_module) = (self.evaluator.instances[instance].namespace, instance != 0);
        let site = early_site(namespace, is_module, "where a secret comes from");
        self.evaluator.check_names(node, site);
        let value = self.evaluator.node(node, &Scope::new(instance, None, None)).ok()?.to_value();
        let problem = match value {
            Value::Text(text) if text.is_empty() => "this is empty".to_string(),
            Value::Text(text) if text.contains('\0') => "this holds a NUL".to_string(),
            Value::Text(text) => return Some(text),
            Value::Integer(number) => return Some(number.to_string()),
            Value::Unknown(_) | Value::Secret(_) => {
                "where a secret comes from must be known before hosts are contacted, and is no secret".into()
            }
            other => format!("where a secret comes from is a text; this is {}", other.type_name()),
        };
        self.evaluator.report(Diagnostic::error(node.span, problem));
        None
    }

    fn secret_command(&mut self, node: &YamlNode, instance: usize) -> Option<Vec<String>> {
        match &node.value {
            YamlValue::List(items) if !items.is_empty() => {
                let words: Vec<Option<String>> = items.iter().map(|item| self.secret_text(item, instance)).collect();
                words.into_iter().collect()
            }
            YamlValue::List(_) => {
                self.evaluator.report(Diagnostic::error(node.span, "the command is empty"));
                None
            }
            _ => Some(vec!["sh".into(), "-c".into(), self.secret_text(node, instance)?]),
        }
    }
}
