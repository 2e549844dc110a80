//! Working out hosts and where secrets come from, before any host is looked at.

mod jump;
mod secrets;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Sources, Span, did_you_mean};
use crate::model::{Entry, Secret, SshOptions, Until, Value, YamlNode, YamlValue};
use crate::resource::{Attribute, Shape};

use super::check::{Asset, Surroundings, object};
use super::draft::{Item, is_identifier};
use super::evaluate::{Evaluator, Reported, Scope, World};
use super::expression::Environments;
use super::names::Site;
use super::namespace::Namespace;
use super::read::beside;
use super::{HostRole, HostSpec, Knowledge, LoadOptions, Spec, Transport};

const SSH: &[Attribute] = &[
    Attribute::optional("port", Shape::Integer { min: 1, max: 65535 }, "The port sshd listens on."),
    Attribute::optional("identity_file", Shape::Text, "The private key to log in with."),
    Attribute::optional("jump", Shape::Text, "The hosts to go through: `user@host:port`, several with commas."),
    Attribute::optional("config_file", Shape::Text, "An ssh configuration to use instead of ~/.ssh/config."),
    Attribute::optional("known_hosts", Shape::Text, "A file of host keys to trust instead of ~/.ssh/known_hosts."),
];

/// The attributes of a host.
pub const HOST: &[Attribute] = &[
    Attribute::optional("address", Shape::Text, "Whatever ssh accepts; the host's name where left out."),
    Attribute::optional("user", Shape::Account, "The account to log in with; what ssh decides where left out."),
    Attribute::default("become", Shape::Bool, "false", "Whether steps run as root through sudo."),
    Attribute::optional("become_password", Shape::Any, "The password sudo asks for: an expression with a secret."),
    Attribute::optional("labels", Shape::Map(&Shape::Scalar), "What `on:` can choose hosts by."),
    Attribute::optional("ssh", Shape::Object(SSH), "What differs from the user's own ssh configuration."),
    Attribute::default(
        "transport",
        Shape::OneOf(&["ssh", "local"]),
        "ssh",
        "How it is reached; `local` is this machine.",
    ),
];

/// Fills in the hosts of a spec and the sources of its secrets.
pub(super) fn work_out(
    spec: &mut Spec,
    items: &IndexMap<String, Item>,
    inventory: Option<&[String]>,
    options: &LoadOptions,
    sources: &mut Sources,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let environments = Environments::new();
    let knowledge = Knowledge::unread(secret_names(&spec.root).into_iter());
    let root = std::sync::Arc::clone(&spec.root);
    let evaluating = &options.evaluating;
    let world = World { root: &root, hosts: &[], hosts_known: false, knowledge: &knowledge, evaluating };
    let mut early = Early { evaluator: Evaluator::new(world, &environments, sources), namespace: &root };
    early.evaluator.expand_modules();
    let mut hosts: Vec<HostSpec> = items.values().filter_map(|item| early.host(&item.entry)).collect();
    let lacking = early.roles(&mut hosts, items, inventory, options, spec.complete);
    spec.secrets = early.secrets(&hosts, items.len() + lacking);
    spec.hosts = hosts;
    diagnostics.append(&mut early.evaluator.diagnostics);
}

impl Spec {
    /// Works out the password sudo asks for on a host; `None` where the spec gives none.
    pub fn become_password(
        &self,
        host: &HostSpec,
        knowledge: &Knowledge,
        sources: &mut Sources,
    ) -> Result<Option<Secret>, Vec<Diagnostic>> {
        let Some(node) = &host.become_password else { return Ok(None) };
        let environments = Environments::new();
        let mut evaluator = self.evaluator(&environments, knowledge, sources);
        evaluator.expand_modules();
        let index = self.hosts.iter().position(|other| other.name == host.name);
        let value = evaluator.node(node, &Scope::new(0, index, None)).map(|node| node.to_value());
        let problem = match value {
            Ok(Value::Secret(secret)) => return Ok(Some(secret)),
            Ok(Value::Text(text)) => return Ok(Some(Secret::new(text))),
            Ok(Value::Integer(number)) => return Ok(Some(Secret::new(number.to_string()))),
            Ok(Value::Null) => return Ok(None),
            Ok(Value::Unknown(until @ Until::Applied(_))) => {
                format!("the password for sudo is deferred until {until}, which sudo is needed for")
            }
            Ok(Value::Unknown(until)) => format!("the password for sudo is deferred until {until}"),
            Ok(other) => format!("`become_password` is a text; this is {}", other.type_name()),
            Err(Reported) => return Err(evaluator.diagnostics),
        };
        Err(vec![Diagnostic::error(node.span, problem)])
    }
}

/// Returns the names of all secrets of a namespace and of the modules it uses.
pub(super) fn secret_names(namespace: &Namespace) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let mut seen: Vec<*const Namespace> = Vec::new();
    let mut todo = vec![namespace];
    while let Some(namespace) = todo.pop() {
        if seen.contains(&std::ptr::from_ref(namespace)) {
            continue;
        }
        seen.push(std::ptr::from_ref(namespace));
        names.extend(namespace.secrets.keys().map(String::as_str));
        todo.extend(namespace.calls.values().filter_map(|call| call.namespace.as_deref()));
    }
    names
}

struct Early<'a> {
    evaluator: Evaluator<'a>,
    namespace: &'a Namespace,
}

impl Early<'_> {
    fn host(&mut self, entry: &Entry) -> Option<HostSpec> {
        let name = &entry.key;
        if !is_identifier(name) {
            self.evaluator.report(
                Diagnostic::error(entry.key_span, format!("`{name}` cannot name a host"))
                    .help("use letters, digits, `-`, `_` and `.`; how to reach it goes into `address:`"),
            );
            return None;
        }
        let empty = YamlNode { value: YamlValue::Map(Vec::new()), span: entry.key_span };
        let given = match &entry.value.value {
            YamlValue::Map(_) => &entry.value,
            YamlValue::Scalar(Value::Null) => &empty,
            _ => {
                let message =
                    format!("the host `{name}` is a mapping of attributes; this is {}", entry.value.type_name());
                self.evaluator
                    .report(Diagnostic::error(entry.value.span, message).help("write `{}` where it has none"));
                &empty
            }
        };
        let mut attributes = Vec::new();
        for attribute in given.entries() {
            let site = early_site(self.namespace, false, "how a host is reached");
            if attribute.key == "become_password" {
                // It is worked out when it is asked for; it may be a secret.
                self.evaluator.check_names(&attribute.value, Site { host: true, hosts: true, decides: None, ..site });
                continue;
            }
            self.evaluator.check_names(&attribute.value, site);
            if let Ok(value) = self.evaluator.node(&attribute.value, &Scope::default()) {
                attributes.push(Entry { value, ..attribute.clone() });
            }
        }
        let node = YamlNode { value: YamlValue::Map(attributes), span: entry.key_span };
        let mut around = Around { evaluator: &mut self.evaluator };
        let (checked, _) = object(&node, HOST, &format!("the host `{name}`"), false, &mut around);
        let text = |name: &str| checked.get(name).and_then(YamlNode::as_text).map(String::from);
        for problem in self.not_yet(&checked) {
            self.evaluator.report(problem);
        }
        let address = text("address").unwrap_or_else(|| name.clone());
        // ssh would read it as an option.
        if address.is_empty() || address.starts_with('-') || address.chars().any(|c| c.is_control() || c == ' ') {
            let span = checked.get("address").map_or(entry.key_span, |node| node.span);
            self.evaluator.report(Diagnostic::error(span, format!("`{}` is no address", address.escape_default())));
        }
        Some(HostSpec {
            name: name.clone(),
            span: entry.key_span,
            address,
            user: text("user"),
            r#become: checked.get("become").map(YamlNode::to_value) == Some(Value::Bool(true)),
            become_password: given.get("become_password").filter(|node| !node.is_null()).cloned(),
            labels: checked
                .get("labels")
                .map(YamlNode::entries)
                .unwrap_or_default()
                .iter()
                .filter_map(|entry| Some((entry.key.clone(), entry.value.as_text()?.to_string())))
                .collect(),
            transport: match text("transport").as_deref() {
                Some("local") => Transport::Local,
                _ => Transport::Ssh(self.ssh(checked.get("ssh"))),
            },
            role: HostRole::Selected,
        })
    }

    /// Reports what cannot be known before hosts are contacted.
    fn not_yet(&self, node: &YamlNode) -> Vec<Diagnostic> {
        let waits =
            |entry: &&Entry| entry.value.to_value().unknown().is_some() || entry.value.to_value().is_sensitive();
        let message = |entry: &Entry| {
            let message = format!("`{}` must be known before hosts are contacted, and is no secret", entry.key);
            Diagnostic::error(entry.value.span, message)
        };
        node.entries().iter().filter(waits).map(message).collect()
    }

    fn ssh(&mut self, node: Option<&YamlNode>) -> SshOptions {
        let Some(node) = node else { return SshOptions::default() };
        let jump = match node.get("jump").and_then(|node| Some((node.as_text()?, node.span))) {
            None => Vec::new(),
            Some((text, span)) => jump::jump(text).unwrap_or_else(|reason| {
                let help = "write `user@host:port`, several with commas, the nearest first";
                self.evaluator.report(Diagnostic::error(span, reason).help(help));
                Vec::new()
            }),
        };
        let path = |name: &str| {
            let node = node.get(name)?;
            Some(self.beside_its_file(node.as_text()?, node.span))
        };
        SshOptions {
            port: match node.get("port").map(YamlNode::to_value) {
                Some(Value::Integer(port)) => u16::try_from(port).ok(),
                _ => None,
            },
            identity_file: path("identity_file"),
            jump,
            config_file: path("config_file"),
            known_hosts: path("known_hosts"),
        }
    }

    /// A path on this machine is relative to the file that names it; `~` is left to who opens it.
    fn beside_its_file(&self, path: &str, span: Span) -> PathBuf {
        if path.starts_with('~') {
            return PathBuf::from(path);
        }
        let file = Path::new(self.evaluator.sources.name(span.file));
        beside(file.parent().unwrap_or(Path::new("")), path)
    }

    /// Decides which hosts a run may contact and change.
    fn roles(
        &mut self,
        hosts: &mut [HostSpec],
        items: &IndexMap<String, Item>,
        inventory: Option<&[String]>,
        options: &LoadOptions,
        complete: bool,
    ) -> usize {
        if items.is_empty() && self.evaluator.diagnostics.is_empty() && complete {
            let span = Span { file: self.namespace.file, start: 0, end: 0 };
            self.evaluator.report(
                Diagnostic::error(span, "the spec has no hosts")
                    .help("write `hosts:` with a name and how ssh reaches it: `app1: { address: … }`"),
            );
        }
        let named = options.hosts.iter().map(|host| ("--host", host));
        for (option, wanted) in named.chain(options.excluded.iter().map(|host| ("--exclude", host))) {
            if !items.contains_key(wanted) {
                let diagnostic = Diagnostic::error(None, format!("{option} {wanted}: the spec has no such host"));
                let help = did_you_mean(wanted, items.keys().map(String::as_str));
                self.evaluator.report(diagnostic.help_if(help));
            }
        }
        let wanted: HashSet<&String> = options.hosts.iter().collect();
        let inventory: Option<HashSet<&String>> = inventory.map(|inventory| inventory.iter().collect());
        for both in options.excluded.iter().filter(|host| options.hosts.contains(host)) {
            let message = format!("--exclude {both}: --host names it too");
            self.evaluator.report(Diagnostic::error(None, message).help("take one of the two away"));
        }
        let mut lacking = 0;
        for host in hosts {
            if options.excluded.contains(&host.name) {
                host.role = HostRole::NeverContacted;
                continue;
            }
            let selected = wanted.is_empty() || wanted.contains(&host.name);
            let listed = inventory.as_ref().is_none_or(|inventory| inventory.contains(&host.name));
            host.role = match (selected, listed) {
                (true, true) => HostRole::Selected,
                (false, true) => HostRole::ReadOnly,
                (false, false) => HostRole::NeverContacted,
                (true, false) => {
                    lacking += 1;
                    self.evaluator.report(
                        Diagnostic::error(host.span, format!("the inventory does not list the host `{}`", host.name))
                            .help("add it to the inventory, or leave it out by naming others with --host"),
                    );
                    HostRole::NeverContacted
                }
            };
        }
        lacking
    }
}

/// Where hosts are not known yet.
fn early_site<'u>(namespace: &'u Namespace, is_module: bool, decides: &'static str) -> Site<'u> {
    Site { namespace, is_module, each: false, host: false, hosts: false, decides: Some(decides) }
}

/// The surroundings of a host: it names no files to load.
struct Around<'s, 'a> {
    evaluator: &'s mut Evaluator<'a>,
}

impl Surroundings for Around<'_, '_> {
    fn written(&self, span: Span) -> &str {
        self.evaluator.sources.slice(span)
    }

    fn load(&mut self, _asset: Asset, _path: &str, _span: Span) -> Option<Value> {
        None
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.evaluator.report(diagnostic);
    }
}
