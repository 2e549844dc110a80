//! From a spec and what is known to typed resources.
//!
//! What is written is checked first (`written`); then each body is evaluated on the hosts it is on (`placement`), its
//! attributes are checked and what they name is loaded (`asset`), its kind decodes it, and what came out is looked at as
//! a whole (`unite`, `selectors`).

mod asset;
mod attributes;
mod body;
mod host_index;
mod placement;
mod selectors;
mod unite;
mod written;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use crate::diagnostic::{Diagnostic, FileId, Sources, sort};
use crate::kinds;
use crate::model::{Entry, Until, Value, YamlNode, YamlValue};

use super::confined::Confined;
use super::evaluate::{Evaluator, KeyText, NoItems, Reported, Scope, items};
use super::expression::{Environments, has_expression, is_constant};
use super::files::Files;
use super::namespace::{Body, Namespace, Overridden};
use super::read::Assets;
use super::{HostSpec, Knowledge, Pending, Resolution, Resolved, SecretState, Spec};

use body::{has_template, is_absent, split};
use host_index::HostIndex;

impl Spec {
    /// Works out all resources, as far as what is known allows. Pure: the same spec, files and knowledge give the same
    /// resolution. Template files are added to `sources`, so that messages can show them.
    pub fn resolve(&self, files: &dyn Files, knowledge: &Knowledge, sources: &mut Sources) -> Resolution {
        let files = Confined::new(files, self.bounds.clone());
        let environments = Environments::new();
        let evaluator = self.evaluator(&environments, knowledge, sources);
        let hosts = HostIndex::new(&self.hosts);
        let mut assets = self.assets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut resolver = Resolver {
            evaluator,
            hosts,
            complete: self.complete,
            checked: self.checked.load(Ordering::Relaxed),
            files: &files,
            assets: &mut assets,
            checked_templates: HashMap::new(),
            selectors: HashMap::new(),
            found: Vec::new(),
            pending: Vec::new(),
        };
        resolver.run();
        let resolution = resolver.finish();
        self.checked.store(resolution.diagnostics.is_empty(), Ordering::Relaxed);
        resolution
    }
}

struct Resolver<'a, 'r> {
    evaluator: Evaluator<'a>,
    hosts: HostIndex<'a>,
    /// All of the spec could be loaded.
    complete: bool,
    /// An earlier resolution found nothing wrong in what is written.
    checked: bool,
    files: &'r Confined<'r>,
    assets: &'r mut Assets,
    /// Whether a template is right for a namespace, with or without `each`.
    checked_templates: HashMap<(PathBuf, *const Namespace, bool), Result<FileId, Reported>>,
    /// Why texts are no selectors.
    selectors: HashMap<String, Option<String>>,
    found: Vec<Found>,
    pending: Vec<Pending>,
}

/// A resource with the instance it comes from.
struct Found {
    resolved: Resolved,
    instance: usize,
    /// The attributes all kinds have, but `depends_on`; only where there are modules to compare.
    shared: Option<Value>,
}

/// Whether a part of the spec is there on a host.
#[derive(Clone)]
enum Presence {
    There,
    LeftAlone,
    Later(Until),
    Failed,
}

/// A body of an instance, prepared for all hosts.
struct Task<'a> {
    instance: usize,
    body: &'a Body,
    /// `None` where it cannot be told; reported.
    hosts: Option<Rc<HashSet<usize>>>,
    /// Nothing in it is an expression or a template, so it is the same everywhere.
    constant: Option<(YamlNode, bool)>,
}

impl<'a> Resolver<'a, '_> {
    fn run(&mut self) {
        if !self.checked {
            self.check_statically();
        }
        self.evaluator.expand_modules();
        let instance_hosts = self.instance_hosts();
        self.keep_secrets(&instance_hosts);
        let tasks = self.tasks(&instance_hosts);
        let hosts = self.evaluator.world.hosts;
        let mut of_hosts: Vec<Vec<&Task<'a>>> = vec![Vec::new(); hosts.len()];
        for task in &tasks {
            for &host in task.hosts.iter().flat_map(|hosts| hosts.iter()) {
                of_hosts[host].push(task);
            }
        }
        for (index, (host, tasks)) in hosts.iter().zip(of_hosts).enumerate() {
            let mut presence: HashMap<usize, Presence> = HashMap::new();
            for task in tasks {
                let module = self.instance_presence(task.instance, index, host, &mut presence);
                self.body(task, index, host, &module);
            }
        }
    }

    /// Prepares all bodies, in the order of kinds and then as written.
    fn tasks(&mut self, instance_hosts: &[Option<Rc<HashSet<usize>>>]) -> Vec<Task<'a>> {
        let mut tasks = Vec::new();
        for (instance, outer) in instance_hosts.iter().enumerate() {
            let namespace = self.evaluator.instances[instance].namespace;
            for body in &namespace.bodies {
                let scope = Scope::new(instance, None, None);
                let hosts = match namespace.secrets.get(&body.entry.key).filter(|_| body.kind.makes_value().is_some()) {
                    Some(_) => self.kept_on(instance, &body.entry.key),
                    None => {
                        let on = body.entry.value.get("on").filter(|node| !node.is_null());
                        self.on(on, &scope, outer.clone())
                    }
                };
                tasks.push(Task { instance, body, hosts, constant: None });
            }
        }
        let order: HashMap<&str, usize> = kinds::all().iter().enumerate().map(|(at, kind)| (kind.name(), at)).collect();
        tasks.sort_by_key(|task| order.get(task.body.kind.name()).copied());
        for task in &mut tasks {
            self.prepare(task);
        }
        tasks
    }

    /// Checks a body that is the same everywhere once.
    fn prepare(&mut self, task: &mut Task<'a>) {
        let body = task.body;
        if !is_constant(&body.entry.value) || has_expression(&body.entry.key) || has_template(body) {
            return;
        }
        let (own, _) = split(&body.entry.value, body);
        let scope = Scope::new(task.instance, None, None);
        task.constant = Some(self.checked(body, &own, is_absent(&body.entry.value), &scope));
    }

    fn instance_presence(
        &mut self,
        instance: usize,
        host: usize,
        spec: &HostSpec,
        known: &mut HashMap<usize, Presence>,
    ) -> Presence {
        if let Some(presence) = known.get(&instance) {
            return presence.clone();
        }
        let presence = match self.evaluator.instances[instance].caller {
            None => Presence::There,
            Some((caller, call)) => match self.instance_presence(caller, host, spec, known) {
                Presence::There => {
                    let scope = Scope::new(caller, Some(host), self.evaluator.instances[instance].each.clone());
                    let presence = self.when(call.get("when"), &scope);
                    if let Presence::Later(until) = &presence {
                        self.pending.push(Pending {
                            host: spec.name.clone(),
                            kind: "module".into(),
                            name: call.entry.key.clone(),
                            span: call.entry.key_span,
                            until: until.clone(),
                        });
                    }
                    presence
                }
                other => other,
            },
        };
        known.insert(instance, presence.clone());
        presence
    }

    fn when(&mut self, node: Option<&YamlNode>, scope: &Scope) -> Presence {
        let Some(node) = node.filter(|node| !node.is_null()) else { return Presence::There };
        let Ok(value) = self.evaluator.node(node, scope) else { return Presence::Failed };
        let problem = match value.to_value() {
            Value::Bool(true) => return Presence::There,
            Value::Bool(false) => return Presence::LeftAlone,
            Value::Unknown(until @ Until::Facts(_)) => return Presence::Later(until),
            Value::Unknown(Until::Applied(_)) | Value::Secret(_) => {
                Diagnostic::error(node.span, "a secret may not decide `when`")
            }
            Value::Text(text) if node.as_text() == Some(&text) => {
                Diagnostic::error(node.span, "`when` is true or false; this is a text")
                    .help(format!("an expression stands in braces: \"{{{{ {text} }}}}\""))
            }
            other => {
                let message = format!("`when` is true or false; this is {}", other.type_name());
                Diagnostic::error(node.span, message).help("compare it: \"{{ vars.name == … }}\"")
            }
        };
        self.evaluator.report(problem);
        Presence::Failed
    }

    /// Evaluates a body on a host.
    fn body(&mut self, task: &Task<'a>, host: usize, spec: &HostSpec, module: &Presence) {
        if matches!(module, Presence::Later(_) | Presence::Failed) {
            return;
        }
        let body = task.body;
        let scope = Scope::new(task.instance, Some(host), None);
        let pending = |until: Until| Pending {
            host: spec.name.clone(),
            kind: body.kind.name().to_string(),
            name: body.entry.key.clone(),
            span: body.entry.key_span,
            until,
        };
        let Some(each) = body.entry.value.get("for_each").filter(|node| !node.is_null()) else {
            if let Some(until) = self.item(task, &scope, spec, module) {
                self.pending.push(pending(until));
            }
            return;
        };
        let Ok(value) = self.evaluator.node(each, &scope) else { return };
        let items = match items(&value.to_value()) {
            Ok(items) => items,
            Err(NoItems::Unknown(until)) => return self.pending.push(pending(until)),
            Err(NoItems::Wrong(why)) => return self.evaluator.report(Diagnostic::error(each.span, why)),
        };
        let is_list = matches!(value.value, YamlValue::List(_));
        if items.len() > 1 && !has_expression(&body.entry.key) {
            self.evaluator.report(
                Diagnostic::error(body.entry.key_span, "all items of `for_each` have this one name")
                    .help("put what differs into the name: \"{{ each.key }}\" or \"{{ each.value }}\""),
            );
            return;
        }
        for (key, value) in items {
            let key = match key.parse() {
                Ok(position) if is_list => Value::Integer(position),
                _ => Value::Text(key),
            };
            let scope = Scope { each: Some(self.evaluator.each(&key, &value)), ..scope.clone() };
            if let Some(until) = self.item(task, &scope, spec, module) {
                self.pending.push(pending(until));
            }
        }
    }

    /// Evaluates one resource. Returns what it waits for where it cannot be told whether or what it is.
    fn item(&mut self, task: &Task<'a>, scope: &Scope, spec: &HostSpec, module: &Presence) -> Option<Until> {
        let body = task.body;
        let mut left_alone = matches!(module, Presence::LeftAlone) || body.overridden == Overridden::TakenAway;
        // What comes from elsewhere is not made.
        left_alone |= body.kind.makes_value().is_some()
            && matches!(self.evaluator.world.knowledge.secrets.get(&body.entry.key), Some(SecretState::Known(_)));
        match self.when(body.entry.value.get("when"), scope) {
            Presence::There => {}
            Presence::LeftAlone => left_alone = true,
            Presence::Later(until) => return Some(until),
            Presence::Failed => return None,
        }
        let name = match self.name(&body.entry, scope) {
            Ok(KeyText::Known(name)) => name,
            Ok(KeyText::Later(until)) => return Some(until),
            Err(Reported) => return None,
        };
        // What is left alone need not even make sense on this host.
        self.evaluator.muted = left_alone;
        let until = self.named(task, scope, spec, &name, left_alone);
        self.evaluator.muted = false;
        until
    }

    fn name(&mut self, entry: &Entry, scope: &Scope) -> Result<KeyText, Reported> {
        let name = match has_expression(&entry.key) {
            true => self.evaluator.key(entry, scope)?,
            false => KeyText::Known(entry.key.clone()),
        };
        if let KeyText::Known(name) = &name {
            let problem = if name.is_empty() {
                "a name may not be empty"
            } else if name.chars().any(char::is_control) {
                "a name may not hold control characters"
            } else {
                return Ok(KeyText::Known(name.clone()));
            };
            self.evaluator.report(Diagnostic::error(entry.key_span, problem));
            return Err(Reported);
        }
        Ok(name)
    }

    fn finish(mut self) -> Resolution {
        let found = std::mem::take(&mut self.found);
        let resources = self.unite(found);
        self.check_selectors(&resources);
        let diagnostics = sort(&self.evaluator.diagnostics).into_iter().cloned().collect();
        let derived = self.evaluator.engine.recorder().derived();
        Resolution { resources, pending: self.pending, diagnostics, derived }
    }
}
