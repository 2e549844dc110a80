//! Which hosts things are on.

use std::collections::HashSet;
use std::rc::Rc;

use crate::diagnostic::{Diagnostic, Span};
use crate::kinds::SECRET;
use crate::model::{Address, Value, YamlNode, YamlValue};

use super::super::evaluate::Scope;
use super::super::namespace::SecretForm;
use super::Resolver;

impl<'a> Resolver<'a, '_> {
    /// Works out on which hosts each instance is.
    pub(super) fn instance_hosts(&mut self) -> Vec<Option<Rc<HashSet<usize>>>> {
        let everywhere: HashSet<usize> = (0..self.evaluator.world.hosts.len()).collect();
        let mut hosts: Vec<Option<Rc<HashSet<usize>>>> = vec![Some(Rc::new(everywhere))];
        for at in 1..self.evaluator.instances.len() {
            let Some((caller, call)) = self.evaluator.instances[at].caller else { continue };
            let scope = Scope::new(caller, None, self.evaluator.instances[at].each.clone());
            let outer = hosts[caller].clone();
            hosts.push(self.on(call.get("on"), &scope, outer));
        }
        hosts
    }

    /// Reads `on:`; nothing means all hosts there are.
    pub(super) fn on(
        &mut self,
        node: Option<&YamlNode>,
        scope: &Scope,
        outer: Option<Rc<HashSet<usize>>>,
    ) -> Option<Rc<HashSet<usize>>> {
        let Some(node) = node else { return outer };
        let node = self.evaluator.node(node, scope).ok()?;
        let chosen = self.chosen(&node)?;
        let outer = outer?;
        Some(Rc::new(chosen.intersection(&outer).copied().collect()))
    }

    fn chosen(&mut self, node: &YamlNode) -> Option<HashSet<usize>> {
        match &node.value {
            YamlValue::Map(labels) => {
                let mut chosen: Option<HashSet<usize>> = None;
                let mut right = true;
                for label in labels {
                    let Some(values) = self.hosts.labels.get(label.key.as_str()) else {
                        let mut known: Vec<&str> = self.hosts.labels.keys().copied().collect();
                        known.sort_unstable();
                        let diagnostic =
                            Diagnostic::error(label.key_span, format!("no host has a label `{}`", label.key));
                        self.evaluator.report(diagnostic.help_if(self.evaluator.did_you_mean(&label.key, known)));
                        right = false;
                        continue;
                    };
                    let Some(value) = label_text(&label.value.to_value()) else {
                        let message = format!("a label is a text; this is {}", label.value.type_name());
                        self.evaluator.report(Diagnostic::error(label.value.span, message));
                        right = false;
                        continue;
                    };
                    let labelled = values.get(value.as_str()).map(Vec::as_slice).unwrap_or_default();
                    if labelled.is_empty() {
                        let mut known: Vec<&str> = values.keys().copied().collect();
                        known.sort_unstable();
                        let message = format!("no host has `{value}` as its label `{}`", label.key);
                        let help = self.evaluator.did_you_mean(&value, known);
                        // An inventory may have none of a sort of hosts.
                        self.evaluator.report(Diagnostic::warning(label.value.span, message).help_if(help));
                    }
                    let labelled = labelled.iter().copied();
                    chosen = Some(match chosen {
                        Some(chosen) => labelled.filter(|host| chosen.contains(host)).collect(),
                        None => labelled.collect(),
                    });
                }
                let all = || (0..self.evaluator.world.hosts.len()).collect();
                right.then(|| chosen.unwrap_or_else(all))
            }
            YamlValue::List(items) => {
                let mut chosen = HashSet::new();
                let mut right = true;
                for item in items {
                    match self.host_named(item) {
                        Some(host) => {
                            chosen.insert(host);
                        }
                        None => right = false,
                    }
                }
                right.then_some(chosen)
            }
            YamlValue::Scalar(_) => Some(HashSet::from([self.host_named(node)?])),
        }
    }

    fn host_named(&mut self, node: &YamlNode) -> Option<usize> {
        let hosts = self.evaluator.world.hosts;
        match &node.value {
            YamlValue::Scalar(Value::Text(name)) => {
                let found = self.hosts.names.get(name.as_str()).copied();
                if found.is_none() {
                    let diagnostic = Diagnostic::error(node.span, format!("the spec has no host `{name}`"));
                    let help = self.evaluator.did_you_mean(name, hosts.iter().map(|host| host.name.as_str()));
                    self.evaluator.report(diagnostic.help_if(help));
                }
                found
            }
            YamlValue::Scalar(Value::Secret(_) | Value::Unknown(_)) => {
                let message = "which hosts it is on must be known before they are contacted, and is no secret";
                self.evaluator.report(Diagnostic::error(node.span, message));
                None
            }
            _ => {
                let message = format!("`on` names hosts or labels; this is {}", node.type_name());
                let help = "write a host's name, a list of names, or labels: `{ env: prod }`";
                self.evaluator.report(Diagnostic::error(node.span, message).help(help));
                None
            }
        }
    }

    /// Works out where the secrets of modules are kept; those of the spec itself are known since it was loaded.
    pub(super) fn keep_secrets(&mut self, hosts: &[Option<Rc<HashSet<usize>>>]) {
        for (at, hosts) in hosts.iter().enumerate().skip(1) {
            let namespace = self.evaluator.instances[at].namespace;
            for (name, secret) in &namespace.secrets {
                let Some(SecretForm::Kept { host, .. }) = secret.kept() else { continue };
                if let Some(host) = self.keeper(host.as_ref(), secret.entry.key_span, at, hosts.as_deref()) {
                    let host = self.evaluator.world.hosts[host].name.as_str();
                    self.evaluator.keep(at, name, Address::new(host, SECRET.name(), name.as_str()));
                }
            }
        }
    }

    fn keeper(
        &mut self,
        named: Option<&YamlNode>,
        span: Span,
        instance: usize,
        hosts: Option<&HashSet<usize>>,
    ) -> Option<usize> {
        let hosts = hosts?;
        match named {
            Some(node) => {
                let node = self.evaluator.node(node, &Scope::new(instance, None, None)).ok()?;
                self.host_named(&node)
            }
            None if hosts.len() == 1 => hosts.iter().next().copied(),
            None => {
                self.evaluator.report(
                    Diagnostic::error(span, "on which host this secret is kept is not said")
                        .help("add `host: NAME` to its `keep`"),
                );
                None
            }
        }
    }

    pub(super) fn kept_on(&self, instance: usize, name: &str) -> Option<Rc<HashSet<usize>>> {
        let address = self.evaluator.kept.get(&(instance, name.to_string()))?;
        let host = *self.hosts.names.get(&*address.host)?;
        Some(Rc::new(HashSet::from([host])))
    }
}

fn label_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Integer(value) => Some(value.to_string()),
        Value::Float(value) => Some(value.to_string()),
        _ => None,
    }
}
