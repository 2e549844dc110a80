//! From a spec and what is known to typed resources.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use crate::diagnostic::{Diagnostic, Sources, Span, did_you_mean, nearest, sort};
use crate::model::{Address, Entry, Node, NodeValue, Until, Value};
use crate::resource::{Attribute, COMMON, Common, Shape, State, parse_duration};

use super::check::{Asset, Surroundings, object, unknown_keys};
use super::draft::with_help;
use super::evaluate::{Evaluator, KeyText, NoItems, Reported, Scope, World, asset_path, items};
use super::expression::{Environments, has_expression};
use super::files::Files;
use super::names::Site;
use super::read::Assets;
use super::unit::{Body, Overridden, SecretForm, Unit};
use super::{HostSpec, Knowledge, Pending, Resolution, Resolved, Selector, Spec};

impl Spec {
    /// Works out all resources, as far as what is known allows. Pure: the same spec, files and knowledge give the same
    /// resolution. Template files are added to `sources`, so that messages can show them.
    pub fn resolve(&self, files: &dyn Files, knowledge: &Knowledge, sources: &mut Sources) -> Resolution {
        let environments = Environments::new();
        let world = World { root: &self.root, hosts: &self.hosts, hosts_known: true, knowledge };
        let mut evaluator = Evaluator::new(world, &environments, sources);
        for secret in &self.secrets {
            if let super::SecretSource::Kept(address) = &secret.source {
                evaluator.kept.insert((0, secret.name.clone()), address.clone());
            }
        }
        let mut assets = self.assets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut resolver = Resolver {
            evaluator,
            complete: self.complete,
            checked: self.checked.load(Ordering::Relaxed),
            files,
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
    /// All of the spec could be loaded.
    complete: bool,
    /// An earlier resolution found nothing wrong in what is written.
    checked: bool,
    files: &'r dyn Files,
    assets: &'r mut Assets,
    /// Whether a template is right for a unit, with or without `each`.
    checked_templates: HashMap<(PathBuf, *const Unit, bool), Result<crate::diagnostic::FileId, Reported>>,
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
    constant: Option<(Node, bool)>,
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
        for (index, host) in hosts.iter().enumerate() {
            let mut presence: HashMap<usize, Presence> = HashMap::new();
            for task in &tasks {
                if task.hosts.as_ref().is_some_and(|hosts| hosts.contains(&index)) {
                    let module = self.instance_presence(task.instance, index, host, &mut presence);
                    self.body(task, index, host, &module);
                }
            }
        }
    }

    /// Looks for mistakes in everything that is written, whether or not it comes to be evaluated.
    fn check_statically(&mut self) {
        let root = self.evaluator.world.root;
        let mut seen: HashSet<*const Unit> = HashSet::from([std::ptr::from_ref(root)]);
        let mut todo = vec![root];
        while let Some(unit) = todo.pop() {
            self.check_unit(unit, !std::ptr::eq(unit, root));
            for call in unit.calls.values() {
                let Some(called) = call.unit.as_deref() else { continue };
                self.check_inputs(called, call);
                if seen.insert(std::ptr::from_ref(called)) {
                    todo.push(called);
                }
            }
        }
    }

    fn check_unit(&mut self, unit: &'a Unit, is_module: bool) {
        let site = Site { unit, is_module, each: false, host: true, hosts: true, decides: None };
        for entry in unit.vars.values().chain(unit.outputs.values()) {
            self.evaluator.check_names(&entry.value, site);
        }
        self.evaluator.check_cycles(unit);
        for input in unit.inputs.values() {
            if let Some(default) = &input.default {
                self.no_expression(default, "a default");
            }
        }
        for call in unit.calls.values() {
            let each = call.get("for_each").is_some();
            let site = Site { each, ..site };
            if let Some(with) = call.get("with") {
                self.evaluator.check_names(with, site);
            }
            let early = Site { host: false, ..site };
            for (name, decided) in [("on", "`on`"), ("when", "`when`"), ("for_each", "`for_each`")] {
                if let Some(node) = call.get(name) {
                    let site = match name {
                        "when" => site,
                        "for_each" => Site { each: false, ..early },
                        _ => early,
                    };
                    self.evaluator.check_names(node, Site { decides: Some(decided), ..site });
                }
            }
        }
        for secret in unit.secrets.values() {
            match &secret.form {
                SecretForm::Env(node)
                | SecretForm::File(node)
                | SecretForm::Command(node)
                | SecretForm::Kept(Some(node)) => {
                    let decides = Some("where a secret comes from");
                    self.evaluator.check_names(node, Site { host: false, hosts: false, decides, ..site });
                }
                SecretForm::Kept(None) | SecretForm::Unknown => {}
            }
        }
        for body in &unit.bodies {
            self.check_body(body, site);
        }
    }

    fn check_body(&mut self, body: &'a Body, site: Site<'a>) {
        let each = body.entry.value.get("for_each").is_some_and(|node| !node.is_null());
        let site = Site { each, ..site };
        self.evaluator.check_text(&body.entry.key, body.entry.key_span, Site { decides: Some("a name"), ..site });
        for attribute in body.entry.value.entries() {
            let site = match attribute.key.as_str() {
                "on" => Site { host: false, each: false, decides: Some("`on`"), ..site },
                "for_each" => Site { each: false, decides: Some("`for_each`"), ..site },
                "when" => Site { decides: Some("`when`"), ..site },
                "depends_on" => Site { decides: Some("`depends_on`"), ..site },
                _ => site,
            };
            self.evaluator.check_names(&attribute.value, site);
        }
        let what = described(body);
        let tables: [&[Attribute]; 2] = [body.kind.attributes(), common(body)];
        let mut around = Static { resolver: self, site };
        unknown_keys(&body.entry.value, &tables, &what, &mut around);
        let masked = mask(&body.entry.value);
        let (own, shared) = split(&masked, body);
        let absent = is_absent(&shared);
        object(&own, body.kind.attributes(), &what, absent, &mut around);
        object(&shared, common(body), &what, absent, &mut around);
    }

    fn no_expression(&mut self, node: &Node, what: &str) {
        match &node.value {
            NodeValue::Scalar(Value::Text(text)) if has_expression(text) => {
                let message = format!("{what} may not hold an expression");
                self.evaluator.report(Diagnostic::error(node.span, message));
            }
            NodeValue::Scalar(_) => {}
            NodeValue::List(items) => items.iter().for_each(|item| self.no_expression(item, what)),
            NodeValue::Map(entries) => entries.iter().for_each(|entry| self.no_expression(&entry.value, what)),
        }
    }

    /// Checks that a call hands over what the module takes.
    fn check_inputs(&mut self, unit: &Unit, call: &super::unit::Call) {
        let with = call.get("with");
        if with.is_some_and(|with| !matches!(with.value, NodeValue::Map(_))) {
            return;
        }
        let given = with.map(Node::entries).unwrap_or_default();
        let name = &call.entry.key;
        for entry in given {
            if !unit.inputs.contains_key(&entry.key) {
                let diagnostic =
                    Diagnostic::error(entry.key_span, format!("the module `{name}` has no input `{}`", entry.key))
                        .related(call.source_span, "it is this module");
                let help = did_you_mean(&entry.key, unit.inputs.keys().map(String::as_str));
                self.evaluator.report(with_help(diagnostic, help));
            }
        }
        for (input, spec) in &unit.inputs {
            let is_given = given.iter().any(|entry| entry.key == *input && !entry.value.is_null());
            if spec.required && !is_given {
                self.evaluator.report(
                    Diagnostic::error(call.entry.key_span, format!("the module `{name}` needs the input `{input}`"))
                        .related(spec.span, "the module declares it here")
                        .help(format!("add `{input}:` under `with:`")),
                );
            }
        }
        // Literals are checked here, so that a call on no host is checked too; the rest when it is evaluated.
        for entry in given {
            let Some(input) = unit.inputs.get(&entry.key).filter(|_| !entry.value.is_null()) else { continue };
            let masked = mask(&entry.value);
            if let Err(misfit) = input.check(&masked.to_value()) {
                let message = format!("`{}` does not fit the module: {}", entry.key, misfit.message);
                let diagnostic =
                    Diagnostic::error(entry.value.span, message).related(input.span, "the module declares it here");
                self.evaluator.report(with_help(diagnostic, misfit.help));
            }
        }
    }

    /// Works out on which hosts each instance is.
    fn instance_hosts(&mut self) -> Vec<Option<Rc<HashSet<usize>>>> {
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
    fn on(
        &mut self,
        node: Option<&Node>,
        scope: &Scope,
        outer: Option<Rc<HashSet<usize>>>,
    ) -> Option<Rc<HashSet<usize>>> {
        let Some(node) = node else { return outer };
        let node = self.evaluator.node(node, scope).ok()?;
        let chosen = self.chosen(&node)?;
        let outer = outer?;
        Some(Rc::new(chosen.intersection(&outer).copied().collect()))
    }

    fn chosen(&mut self, node: &Node) -> Option<HashSet<usize>> {
        let hosts = self.evaluator.world.hosts;
        match &node.value {
            NodeValue::Map(labels) => {
                let mut chosen: HashSet<usize> = (0..hosts.len()).collect();
                let mut right = true;
                for label in labels {
                    let known: HashSet<&str> =
                        hosts.iter().flat_map(|host| host.labels.keys().map(String::as_str)).collect();
                    let mut known: Vec<&str> = known.into_iter().collect();
                    known.sort_unstable();
                    if !known.contains(&label.key.as_str()) {
                        let diagnostic =
                            Diagnostic::error(label.key_span, format!("no host has a label `{}`", label.key));
                        self.evaluator.report(with_help(diagnostic, did_you_mean(&label.key, known)));
                        right = false;
                        continue;
                    }
                    let Some(value) = label_text(&label.value.to_value()) else {
                        let message = format!("a label is a text; this is {}", label.value.type_name());
                        self.evaluator.report(Diagnostic::error(label.value.span, message));
                        right = false;
                        continue;
                    };
                    chosen.retain(|&host| hosts[host].labels.get(&label.key) == Some(&value));
                }
                right.then_some(chosen)
            }
            NodeValue::List(items) => {
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
            NodeValue::Scalar(_) => Some(HashSet::from([self.host_named(node)?])),
        }
    }

    fn host_named(&mut self, node: &Node) -> Option<usize> {
        let hosts = self.evaluator.world.hosts;
        match &node.value {
            NodeValue::Scalar(Value::Text(name)) => {
                let found = hosts.iter().position(|host| host.name == *name);
                if found.is_none() {
                    let diagnostic = Diagnostic::error(node.span, format!("the spec has no host `{name}`"));
                    let help = did_you_mean(name, hosts.iter().map(|host| host.name.as_str()));
                    self.evaluator.report(with_help(diagnostic, help));
                }
                found
            }
            NodeValue::Scalar(Value::Secret(_) | Value::Unknown(_)) => {
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
    fn keep_secrets(&mut self, hosts: &[Option<Rc<HashSet<usize>>>]) {
        for (at, hosts) in hosts.iter().enumerate().skip(1) {
            let unit = self.evaluator.instances[at].unit;
            for (name, secret) in &unit.secrets {
                let SecretForm::Kept(host) = &secret.form else { continue };
                if let Some(host) = self.keeper(host.as_ref(), secret.entry.key_span, at, hosts.as_deref()) {
                    let host = self.evaluator.world.hosts[host].name.as_str();
                    self.evaluator.kept.insert((at, name.clone()), Address::new(host, "secret", name.as_str()));
                }
            }
        }
    }

    fn keeper(
        &mut self,
        named: Option<&Node>,
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

    /// Prepares all bodies, in the order of kinds and then as written.
    fn tasks(&mut self, instance_hosts: &[Option<Rc<HashSet<usize>>>]) -> Vec<Task<'a>> {
        let mut tasks = Vec::new();
        for (instance, outer) in instance_hosts.iter().enumerate() {
            let unit = self.evaluator.instances[instance].unit;
            for body in &unit.bodies {
                let scope = Scope::new(instance, None, None);
                let hosts = match unit.secrets.get(&body.entry.key).filter(|_| body.kind.name() == "secret") {
                    Some(_) => self.kept_on(instance, &body.entry.key),
                    None => {
                        let on = body.entry.value.get("on").filter(|node| !node.is_null());
                        self.on(on, &scope, outer.clone())
                    }
                };
                tasks.push(Task { instance, body, hosts, constant: None });
            }
        }
        let kinds = crate::resource::kinds();
        let order: HashMap<&str, usize> = kinds.iter().enumerate().map(|(at, kind)| (kind.name(), at)).collect();
        tasks.sort_by_key(|task| order.get(task.body.kind.name()).copied());
        for task in &mut tasks {
            self.prepare(task);
        }
        tasks
    }

    fn kept_on(&self, instance: usize, name: &str) -> Option<Rc<HashSet<usize>>> {
        let address = self.evaluator.kept.get(&(instance, name.to_string()))?;
        let host = self.evaluator.world.hosts.iter().position(|host| *host.name == *address.host)?;
        Some(Rc::new(HashSet::from([host])))
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

    fn when(&mut self, node: Option<&Node>, scope: &Scope) -> Presence {
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
        let is_list = matches!(value.value, NodeValue::List(_));
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

    /// Evaluates the attributes of a resource.
    fn named(
        &mut self,
        task: &Task<'a>,
        scope: &Scope,
        spec: &HostSpec,
        name: &str,
        left_alone: bool,
    ) -> Option<Until> {
        let body = task.body;
        let (own, shared) = split(&body.entry.value, body);
        let what = described(body);
        let (shared, shared_right) = if is_constant(&shared) {
            let mut around = Around { resolver: self, scope, unit: None };
            object(&shared, common(body), &what, true, &mut around)
        } else {
            match self.attributes(&shared, scope) {
                (node, false) => (node, false),
                (node, true) => {
                    let mut around = Around { resolver: self, scope, unit: None };
                    object(&node, common(body), &what, true, &mut around)
                }
            }
        };
        for attribute in ["state", "as", "timeout", "retries", "lifecycle"] {
            if let Some(until) = shared.get(attribute).map(Node::to_value).as_ref().and_then(Value::unknown) {
                match until {
                    Until::Facts(_) => return Some(until.clone()),
                    Until::Applied(_) => {
                        let message = format!("a secret may not decide `{attribute}`");
                        self.evaluator.report(Diagnostic::error(shared.span, message));
                        return None;
                    }
                }
            }
        }
        let absent = is_absent(&shared);
        let (node, own_right) = match &task.constant {
            Some((node, right)) => (node.clone(), *right),
            None => match self.attributes(&own, scope) {
                (node, false) => (node, false),
                (node, true) => self.checked(body, &node, absent, scope),
            },
        };
        let right = shared_right && own_right;
        if !right && !left_alone {
            return None;
        }
        let address = Address::new(spec.name.as_str(), body.kind.name(), name);
        let shared_value = (self.evaluator.instances.len() > 1).then(|| {
            let mut shared = shared.clone();
            if let NodeValue::Map(entries) = &mut shared.value {
                entries.retain(|entry| entry.key != "depends_on");
            }
            shared.to_value()
        });
        if let Some(resolved) = self.decode(body, &shared, node, address, left_alone, right) {
            self.found.push(Found { resolved, instance: task.instance, shared: shared_value });
        }
        None
    }

    fn decode(
        &mut self,
        body: &Body,
        shared: &Node,
        mut node: Node,
        address: Address,
        left_alone: bool,
        right: bool,
    ) -> Option<Resolved> {
        node.span = body.entry.key_span;
        if !right {
            node.value = NodeValue::Map(Vec::new());
        }
        let text = |name: &str| shared.get(name).and_then(Node::as_text);
        let lifecycle = shared.get("lifecycle");
        let state = if is_absent(shared) || !right { State::Absent } else { State::Present };
        let common = Common {
            address: address.clone(),
            state,
            run_as: text("as").map(String::from),
            timeout: text("timeout").and_then(parse_duration),
        };
        let mut deferrals = Vec::new();
        let mut diagnostics = Vec::new();
        let resource = body.kind.decode(common, &node, &mut diagnostics, &mut deferrals);
        if !diagnostics.is_empty() && !left_alone {
            self.evaluator.diagnostics.extend(diagnostics);
            return None;
        }
        let depends_on = shared.get("depends_on").map(Node::items).unwrap_or_default();
        Some(Resolved {
            resource,
            address,
            span: body.entry.key_span,
            depends_on: depends_on.iter().filter_map(|item| Some((item.as_text()?.to_string(), item.span))).collect(),
            deferrals,
            left_alone,
            retries: match shared.get("retries").map(Node::to_value) {
                Some(Value::Integer(number)) => u32::try_from(number).unwrap_or_default(),
                _ => 0,
            },
            prevent_destroy: lifecycle
                .and_then(|lifecycle| lifecycle.get("prevent_destroy"))
                .is_some_and(|node| node.to_value() == Value::Bool(true)),
            ignore_changes: lifecycle
                .and_then(|lifecycle| lifecycle.get("ignore_changes"))
                .map(|list| list.items().iter().filter_map(Node::as_text).map(String::from).collect())
                .unwrap_or_default(),
            overridden: body.overridden != Overridden::No,
            node,
        })
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

    /// Evaluates the attributes of a mapping one by one, so that one that fails does not hide another.
    fn attributes(&mut self, node: &Node, scope: &Scope) -> (Node, bool) {
        let mut evaluated = Vec::with_capacity(node.entries().len());
        let mut right = true;
        for entry in node.entries() {
            match self.evaluator.node(&entry.value, scope) {
                Ok(value) => evaluated.push(Entry { key: entry.key.clone(), key_span: entry.key_span, value }),
                Err(Reported) => right = false,
            }
        }
        (Node { value: NodeValue::Map(evaluated), span: node.span }, right)
    }

    fn checked(&mut self, body: &'a Body, node: &Node, absent: bool, scope: &Scope) -> (Node, bool) {
        let unit = self.evaluator.instances[scope.instance].unit;
        let mut around = Around { resolver: self, scope, unit: Some(unit) };
        object(node, body.kind.attributes(), &described(body), absent, &mut around)
    }

    /// Loads what an attribute names. Without a scope a template is only checked.
    fn load(
        &mut self,
        asset: Asset,
        path: &str,
        span: Span,
        unit: &'a Unit,
        render: Option<&Scope>,
        each: bool,
    ) -> Option<Value> {
        let full = asset_path(unit, path);
        let loaded = match asset {
            Asset::Source => self.assets.content(self.files, &full).map(Value::Content),
            Asset::Folder => self.assets.folder(self.files, &full),
            Asset::Template => match self.assets.text(self.files, &full) {
                Ok(text) => {
                    let key = (full.clone(), std::ptr::from_ref(unit), each);
                    let file = match self.checked_templates.get(&key) {
                        Some(file) => *file,
                        None => {
                            let is_module = !std::ptr::eq(unit, self.evaluator.world.root);
                            let site = Site { unit, is_module, each, host: true, hosts: true, decides: None };
                            let (file, right) = self.evaluator.check_file(&full, &text, site, self.files, self.assets);
                            let checked = if right { Ok(file) } else { Err(Reported) };
                            self.checked_templates.insert(key, checked);
                            checked
                        }
                    };
                    let file = file.ok()?;
                    let Some(scope) = render else { return Some(Value::Null) };
                    let shown = full.display().to_string();
                    return match self.evaluator.file(&shown, &text, file, scope).ok()? {
                        Value::Text(text) => Some(Value::Content(crate::model::Content::new(text.into_bytes()))),
                        Value::Secret(secret) => {
                            let content = crate::model::Content::new(secret.expose().as_bytes());
                            Some(Value::Content(content.mark_sensitive(true)))
                        }
                        other => Some(other),
                    };
                }
                Err(why) => Err(why),
            },
        };
        match loaded {
            Ok(value) => Some(value),
            Err(why) => {
                self.evaluator.report(why.diagnostic(self.files, &full, Some(span)));
                None
            }
        }
    }

    /// Says why a text is no selector; a glob is compiled once, however many resources have it.
    fn not_a_selector(&mut self, text: &str) -> Option<String> {
        if let Some(why) = self.selectors.get(text) {
            return why.clone();
        }
        let why = Selector::parse(text).err().map(|error| error.to_string());
        self.selectors.insert(text.to_string(), why.clone());
        why
    }

    fn finish(mut self) -> Resolution {
        let found = std::mem::take(&mut self.found);
        let resources = self.unite(found);
        self.check_selectors(&resources);
        let diagnostics = sort(&self.evaluator.diagnostics).into_iter().cloned().collect();
        Resolution { resources, pending: self.pending, diagnostics }
    }

    /// Makes one of resources that several modules declare alike; anything else of one address is a mistake.
    fn unite(&mut self, found: Vec<Found>) -> Vec<Resolved> {
        let mut at: HashMap<Address, usize> = HashMap::with_capacity(found.len());
        let mut kept: Vec<Found> = Vec::with_capacity(found.len());
        for new in found {
            let Some(&index) = at.get(&new.resolved.address) else {
                at.insert(new.resolved.address.clone(), kept.len());
                kept.push(new);
                continue;
            };
            let old = &mut kept[index];
            if new.resolved.left_alone {
                continue;
            }
            if old.resolved.left_alone {
                *old = new;
                continue;
            }
            let address = &new.resolved.address;
            let problem = if old.instance == new.instance {
                Some(Diagnostic::error(new.resolved.span, format!("`{address}` is declared twice")))
            } else {
                difference(old, &new).map(|difference| {
                    Diagnostic::error(new.resolved.span, format!("`{address}` is declared twice, and {difference}"))
                        .help("modules may declare the same resource only with the same attributes")
                })
            };
            match problem {
                Some(problem) => self.evaluator.report(problem.related(old.resolved.span, "it is declared here too")),
                None => {
                    for selector in new.resolved.depends_on {
                        if !old.resolved.depends_on.iter().any(|(text, _)| *text == selector.0) {
                            old.resolved.depends_on.push(selector);
                        }
                    }
                }
            }
        }
        kept.into_iter().map(|found| found.resolved).collect()
    }

    /// Reports selectors that select nothing, unless what they mean may still come.
    fn check_selectors(&mut self, resources: &[Resolved]) {
        // What is selected may still come, or is not there because something else is wrong.
        if !self.pending.is_empty() || !self.evaluator.diagnostics.is_empty() || !self.complete {
            return;
        }
        let all: Vec<&Address> = resources.iter().map(|resolved| &resolved.address).collect();
        let exact: HashSet<&Address> = all.iter().copied().collect();
        let mut by_host: HashMap<&str, Vec<&Address>> = HashMap::new();
        for address in &all {
            by_host.entry(&address.host).or_default().push(address);
        }
        let mut answered: HashMap<(&str, &str), bool> = HashMap::new();
        let mut reports = Vec::new();
        for resolved in resources {
            let host = &*resolved.address.host;
            for (text, span) in selectors(resolved) {
                let matches = *answered.entry((host, text)).or_insert_with(|| {
                    let candidates = if names_host(text) { &all } else { by_host.get(host).unwrap_or(&all) };
                    selects(text, host, candidates, &exact)
                });
                if !matches {
                    let diagnostic = Diagnostic::error(span, format!("`{text}` matches no resource"));
                    reports.push(with_help(diagnostic, near_address(text, host, &all)));
                }
            }
        }
        self.evaluator.diagnostics.extend(reports);
    }
}

/// Says whether a selector names a host, or a glob of hosts.
fn names_host(text: &str) -> bool {
    text.split_once(':').is_some_and(|(before, _)| before.contains('/'))
}

/// Says whether a selector selects any of some addresses.
fn selects(text: &str, host: &str, candidates: &[&Address], exact: &HashSet<&Address>) -> bool {
    let Ok(selector) = Selector::parse(text) else { return true };
    if let Ok(address) = text.parse::<Address>()
        && exact.contains(&address)
    {
        return true;
    }
    if let Some((kind, name)) = text.split_once(':')
        && !kind.contains('/')
        && exact.contains(&Address::new(host, kind, name))
    {
        return true;
    }
    selector.is_glob() && candidates.iter().any(|address| selector.matches(address, host))
}

fn near_address(text: &str, host: &str, all: &[&Address]) -> Option<String> {
    let kind = text.split(['/', ':']).find(|part| crate::resource::by_name(part).is_some());
    if kind.is_none() {
        let written = text.split_once(':').map_or(text, |(before, _)| before);
        let written = written.rsplit('/').next().unwrap_or(written);
        let kinds = crate::resource::kinds().iter().map(|kind| kind.name());
        let help = match nearest(written, kinds) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`infra explain` lists the kinds".into(),
        };
        return Some(format!("there is no kind `{written}`: {help}"));
    }
    let known: Vec<String> = match names_host(text) {
        true => all.iter().map(|address| address.to_string()).collect(),
        false => all.iter().filter(|address| *address.host == *host).map(|address| address.local()).collect(),
    };
    let near = nearest(text, known.iter().map(String::as_str))?;
    Some(format!("did you mean `{near}`?"))
}

/// Returns all selectors a resource holds, each with its place.
fn selectors(resolved: &Resolved) -> Vec<(&str, Span)> {
    let mut all: Vec<(&str, Span)> = resolved.depends_on.iter().map(|(text, span)| (text.as_str(), *span)).collect();
    for attribute in resolved.resource.kind.attributes() {
        if matches!(attribute.shape, Shape::Selectors)
            && let Some(node) = resolved.node.get(attribute.name)
        {
            all.extend(node.items().iter().filter_map(|item| Some((item.as_text()?, item.span))));
        }
    }
    all
}

/// Says in which attribute two declarations differ.
fn difference(old: &Found, new: &Found) -> Option<String> {
    let (before, after) = (old.resolved.node.to_value(), new.resolved.node.to_value());
    if let (Value::Map(before), Value::Map(after)) = (&before, &after) {
        let names = before.keys().chain(after.keys());
        if let Some(name) = names.into_iter().find(|name| before.get(*name) != after.get(*name)) {
            return Some(format!("`{name}` differs"));
        }
    }
    (old.shared != new.shared).then(|| "what all resources have in common differs".to_string())
}

/// Returns the attributes that resources of a body's kind have in common with all others.
fn common(body: &Body) -> &'static [Attribute] {
    // A secret is no resource of its own making: it stands in its own section.
    if body.kind.name() == "secret" { &[] } else { COMMON }
}

fn described(body: &Body) -> String {
    format!("{} `{}`", body.kind.name(), body.entry.key)
}

/// Parts a body into the kind's own attributes and the common ones; what is neither is reported elsewhere.
fn split(node: &Node, body: &Body) -> (Node, Node) {
    let own = body.kind.attributes();
    let common = common(body);
    let pick = |table: &'static [Attribute]| {
        // What decides whether and where it is, is read by itself.
        let decides = |key: &str| ["on", "when", "for_each"].contains(&key);
        let known =
            |entry: &&Entry| table.iter().any(|attribute| attribute.name == entry.key) && !decides(entry.key.as_str());
        let entries = node.entries().iter().filter(known).cloned().collect();
        Node { value: NodeValue::Map(entries), span: body.entry.key_span }
    };
    (pick(own), pick(common))
}

fn is_absent(node: &Node) -> bool {
    node.get("state").and_then(Node::as_text) == Some("absent")
}

fn is_constant(node: &Node) -> bool {
    match &node.value {
        NodeValue::Scalar(Value::Text(text)) => !has_expression(text),
        NodeValue::Scalar(_) => true,
        NodeValue::List(items) => items.iter().all(is_constant),
        NodeValue::Map(entries) => entries.iter().all(|entry| !has_expression(&entry.key) && is_constant(&entry.value)),
    }
}

/// Says whether a body names a template, which renders differently on each host.
fn has_template(body: &Body) -> bool {
    fn holds(shape: &Shape) -> bool {
        match shape {
            Shape::Template => true,
            Shape::List(shape) | Shape::Map(shape) => holds(shape),
            Shape::Object(attributes) => attributes.iter().any(|attribute| holds(&attribute.shape)),
            Shape::Either(shapes) => shapes.iter().any(holds),
            _ => false,
        }
    }
    let given = |attribute: &&Attribute| body.entry.value.get(attribute.name).is_some();
    body.kind.attributes().iter().filter(given).any(|attribute| holds(&attribute.shape))
}

/// Puts something unknown in the place of every expression, so that the rest can be checked.
fn mask(node: &Node) -> Node {
    let unknown = || Node::scalar(Value::Unknown(Until::Facts(String::new())), node.span);
    let value = match &node.value {
        NodeValue::Scalar(Value::Text(text)) if has_expression(text) => return unknown(),
        NodeValue::Scalar(value) => NodeValue::Scalar(value.clone()),
        NodeValue::List(items) => NodeValue::List(items.iter().map(mask).collect()),
        NodeValue::Map(entries) => {
            NodeValue::Map(entries.iter().map(|entry| Entry { value: mask(&entry.value), ..entry.clone() }).collect())
        }
    };
    Node { value, span: node.span }
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

/// The surroundings of a body being evaluated.
struct Around<'s, 'a, 'r> {
    resolver: &'s mut Resolver<'a, 'r>,
    scope: &'s Scope,
    unit: Option<&'a Unit>,
}

impl Surroundings for Around<'_, '_, '_> {
    fn written(&self, span: Span) -> &str {
        self.resolver.evaluator.sources.slice(span)
    }

    fn load(&mut self, asset: Asset, path: &str, span: Span) -> Option<Value> {
        let unit = self.unit?;
        let each = self.scope.each.is_some();
        self.resolver.load(asset, path, span, unit, Some(self.scope), each)
    }

    fn not_a_selector(&mut self, text: &str) -> Option<String> {
        self.resolver.not_a_selector(text)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.resolver.evaluator.report(diagnostic);
    }
}

/// The surroundings of a body being checked without evaluating it.
struct Static<'s, 'a, 'r> {
    resolver: &'s mut Resolver<'a, 'r>,
    site: Site<'a>,
}

impl Surroundings for Static<'_, '_, '_> {
    fn written(&self, span: Span) -> &str {
        self.resolver.evaluator.sources.slice(span)
    }

    fn load(&mut self, asset: Asset, path: &str, span: Span) -> Option<Value> {
        self.resolver.load(asset, path, span, self.site.unit, None, self.site.each)
    }

    fn not_a_selector(&mut self, text: &str) -> Option<String> {
        self.resolver.not_a_selector(text)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.resolver.evaluator.report(diagnostic);
    }
}
