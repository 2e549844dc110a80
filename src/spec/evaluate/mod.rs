//! Evaluating expressions: which values are in scope where, each worked out once and only when it is used (`values`).

mod modules;
mod nodes;
mod values;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::Value as Template;
use rustc_hash::FxHashMap;

use crate::diagnostic::{Diagnostic, FileId, MOST_SUGGESTIONS, Sources, Span, did_you_mean};
use crate::model::{Address, Entry, Until, Value};

use super::evaluating::Evaluating;
use super::expression::{Context, Engine, Environments, Failure, Places, Progressive, Scoped};
use super::namespace::{Call, Namespace};
use super::{HostSpec, Knowledge, Spec};

/// How much all that is evaluated of a spec may come to, in bytes of text and a flat cost for each part: so much, and more
/// for each host.
const MAX_VALUES: usize = 64 << 20;
const MAX_VALUES_OF_HOST: usize = 2 << 20;
const PART_COST: usize = 64;
/// How many items a `for_each` may have.
const MAX_ITEMS: usize = 10_000;
/// Something is wrong and has been reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reported;

/// A use of a namespace: the spec itself, or a module called from somewhere.
pub(super) struct Instance<'a> {
    pub namespace: &'a Namespace,
    /// Who uses it: the instance and the call.
    pub caller: Option<(usize, &'a Call)>,
    /// The item of the call's `for_each`, in scope of what the call hands over.
    pub each: Option<Template>,
    /// By the call's name, then by the item's key.
    children: IndexMap<&'a str, Vec<(Option<String>, usize)>>,
}

/// Where something is evaluated.
#[derive(Clone, Default)]
pub(super) struct Scope {
    pub instance: usize,
    /// The index of the host; `None` where it is not decided yet.
    pub host: Option<usize>,
    pub each: Option<Template>,
}

impl Scope {
    pub(super) fn new(instance: usize, host: Option<usize>, each: Option<Template>) -> Self {
        Self { instance, host, each }
    }
}

/// A value with a name that is worked out when it is first used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Named {
    Var(usize),
    Input(usize),
    Output(usize),
}

/// One value: of which instance, on which host, and which.
type Key = (usize, Option<usize>, Named);

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Working,
    Done,
    Failed,
}

/// The keys of a mapping with their places.
pub(super) type Keys = FxHashMap<Box<str>, usize>;

/// What is in scope of an instance on a host.
struct Names {
    vars: Arc<Progressive>,
    inputs: Arc<Progressive>,
    outputs: Arc<Progressive>,
    /// What the modules it uses hand back; filled as expressions ask for it.
    modules: Arc<Progressive>,
    context: Context,
}

/// What is the same for all of a spec's evaluation.
pub(super) struct World<'a> {
    pub root: &'a Namespace,
    pub hosts: &'a [HostSpec],
    /// Whether the hosts are known: they are worked out with expressions too.
    pub hosts_known: bool,
    pub knowledge: &'a Knowledge,
    pub evaluating: &'a Evaluating,
}

/// Evaluates the expressions of a spec.
pub(super) struct Evaluator<'a> {
    pub world: World<'a>,
    pub engine: Engine<'a>,
    pub sources: &'a mut Sources,
    pub diagnostics: Vec<Diagnostic>,
    pub instances: Vec<Instance<'a>>,
    /// Texts that are wrong wherever they are evaluated.
    pub wrong: HashSet<Span>,
    /// Mistakes are not reported.
    pub muted: bool,
    /// How much text the expressions came to so far.
    written: usize,
    names: FxHashMap<(usize, Option<usize>), Rc<Names>>,
    /// The names of each namespace's vars, inputs and outputs, and of the modules each instance uses.
    namespace_names: FxHashMap<*const Namespace, [Arc<[String]>; 3]>,
    module_names: FxHashMap<usize, Arc<[String]>>,
    /// The secrets each instance sees; the same on all hosts.
    secrets: FxHashMap<usize, Template>,
    /// Vars that hold no expression, by namespace and place, and so are the same on all hosts; `None` for the others.
    constants: FxHashMap<(*const Namespace, usize), Option<Scoped>>,
    /// The keys of mappings that paths lead into, by where their entries are.
    pub keys: RefCell<FxHashMap<*const Entry, Option<Rc<Keys>>>>,
    states: FxHashMap<Key, State>,
    working: Vec<Key>,
    host_values: Vec<Template>,
    host_names: HashSet<&'a str>,
    hosts_value: Option<Template>,
    /// Addresses of kept secrets, by instance and name.
    pub kept: HashMap<(usize, String), Address>,
}

impl Spec {
    /// Makes what evaluates the expressions of a spec that is loaded.
    pub(super) fn evaluator<'a>(
        &'a self,
        environments: &'a Environments,
        knowledge: &'a Knowledge,
        sources: &'a mut Sources,
    ) -> Evaluator<'a> {
        let world =
            World { root: &self.root, hosts: &self.hosts, hosts_known: true, knowledge, evaluating: &self.evaluating };
        let mut evaluator = Evaluator::new(world, environments, sources);
        for secret in &self.secrets {
            if let Some(address) = secret.keeper() {
                evaluator.kept.insert((0, secret.name.clone()), address.clone());
            }
        }
        evaluator
    }
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(world: World<'a>, environments: &'a Environments, sources: &'a mut Sources) -> Self {
        let engine = Engine::new(environments);
        let host_shades: Vec<(String, Scoped)> =
            world.hosts.iter().map(|host| (host.name.clone(), host_shade(host, world.knowledge))).collect();
        let host_values = host_shades.iter().map(|(_, shade)| shade.touch(engine.recorder())).collect();
        let hosts_value = world
            .hosts_known
            .then(|| Scoped::Map(Arc::new(host_shades.into_iter().collect())).touch(engine.recorder()));
        let world_hosts = world.hosts;
        let root = Instance { namespace: world.root, caller: None, each: None, children: IndexMap::new() };
        Self {
            world,
            engine,
            sources,
            diagnostics: Vec::new(),
            instances: vec![root],
            wrong: HashSet::new(),
            muted: false,
            written: 0,
            names: FxHashMap::default(),
            namespace_names: FxHashMap::default(),
            module_names: FxHashMap::default(),
            secrets: FxHashMap::default(),
            constants: FxHashMap::default(),
            keys: RefCell::default(),
            states: FxHashMap::default(),
            working: Vec::new(),
            host_values,
            host_names: world_hosts.iter().map(|host| host.name.as_str()).collect(),
            hosts_value,
            kept: HashMap::new(),
        }
    }

    /// Returns whether the spec has a host.
    pub(super) fn has_host(&self, name: &str) -> bool {
        self.host_names.contains(name)
    }

    /// Takes a mistake, unless it is about something that is left alone.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if !self.muted {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Says which of the candidates was probably meant. Beyond so many mistakes it does not look: they have one cause, and
    /// each would look at all candidates.
    pub(super) fn did_you_mean<'n>(
        &self,
        name: &str,
        candidates: impl IntoIterator<Item = &'n str> + Clone,
    ) -> Option<String> {
        if self.diagnostics.len() < MOST_SUGGESTIONS { did_you_mean(name, candidates) } else { None }
    }

    /// Makes the value of `each`.
    pub(super) fn each(&self, key: &Value, value: &Value) -> Template {
        let entries = [("key".to_string(), Scoped::new(key)), ("value".to_string(), Scoped::new(value))];
        Scoped::Map(Arc::new(entries.into_iter().collect())).touch(self.engine.recorder())
    }

    /// Renders one text.
    pub(super) fn text(&mut self, text: &str, span: Span, scope: &Scope) -> Result<Value, Reported> {
        if self.wrong.contains(&span) {
            return Err(Reported);
        }
        let analysis = self.engine.analysis(text);
        self.prepare(&analysis, scope, &|evaluator, range| Places::new(text, span, evaluator.sources).span(range))?;
        let context = self.context(scope);
        match self.world.evaluating.at(span, self.sources, || self.engine.render(text, &context)) {
            Ok(value) => self.counted(value, span),
            Err(failure) => {
                let place = match &failure.range {
                    Some(range) => Places::new(text, span, self.sources).span(range),
                    None => span,
                };
                self.failed(&failure, place);
                Err(Reported)
            }
        }
    }

    /// Renders a template file that has been checked.
    pub(super) fn file(&mut self, key: &str, text: &str, file: FileId, scope: &Scope) -> Result<Value, Reported> {
        let analysis = self.engine.provide(key, text);
        let place = |range: &std::ops::Range<usize>| file_span(file, range);
        self.prepare(&analysis, scope, &|_, range| place(range))?;
        let context = self.context(scope);
        let whole = file_span(file, &(0..0));
        match self.world.evaluating.at(whole, self.sources, || self.engine.render_file(key, text, &context)) {
            Ok(value) => self.counted(value, whole),
            Err(failure) => {
                let other = failure.template.as_ref().and_then(|path| self.sources.find(path));
                let file = other.unwrap_or(file);
                let text = self.sources.text(file);
                let range = failure.range.clone().filter(|range| text.get(range.clone()).is_some());
                let span = file_span(file, &range.clone().unwrap_or_default());
                let message = match range.and_then(|range| text.get(range)) {
                    Some(name) if failure.undefined && failure.template.is_some() => {
                        format!("`{}` is undefined", name.trim_start_matches('.'))
                    }
                    _ => failure.message.clone(),
                };
                self.failed(&Failure { message, ..failure }, span);
                Err(Reported)
            }
        }
    }

    /// Counts a value into what all of the spec may come to.
    fn counted(&mut self, value: Value, span: Span) -> Result<Value, Reported> {
        let most = MAX_VALUES.saturating_add(MAX_VALUES_OF_HOST.saturating_mul(self.world.hosts.len()));
        let is_more = self.written > most;
        self.written = self.written.saturating_add(size(&value));
        if self.written <= most {
            return Ok(value);
        }
        // Said once: all that follows is more.
        if !is_more {
            let message = format!("with this, the values of the spec come to more than {} MiB", most >> 20);
            self.report(Diagnostic::error(span, message).help("what is large and the same for all is a `source`"));
        }
        Err(Reported)
    }

    fn failed(&mut self, failure: &Failure, span: Span) {
        self.report(Diagnostic::error(span, failure.message.clone()).help_if(failure.help.clone()));
    }

    /// Returns what is in scope.
    pub(super) fn context(&mut self, scope: &Scope) -> Context {
        let names = self.names(scope.instance, scope.host);
        Context { each: scope.each.clone(), ..names.context.clone() }
    }

    fn names(&mut self, instance: usize, host: Option<usize>) -> Rc<Names> {
        if let Some(names) = self.names.get(&(instance, host)) {
            return Rc::clone(names);
        }
        let recorder = self.engine.recorder().clone();
        let progressive = |names: Arc<[String]>| Arc::new(Progressive::new(names, recorder.clone()));
        let [vars, inputs, outputs] = self.names_of_unit(instance).map(progressive);
        let modules = progressive(self.names_of_modules(instance));
        let secrets = self.secrets_of(instance);
        let context = Context {
            vars: Some(Template::from_dyn_object(Arc::clone(&vars))),
            inputs: Some(Template::from_dyn_object(Arc::clone(&inputs))),
            host: host.map(|host| self.host_values[host].clone()),
            hosts: self.hosts_value.clone(),
            secrets: Some(secrets),
            modules: Some(Template::from_dyn_object(Arc::clone(&modules))),
            each: None,
        };
        let names = Rc::new(Names { vars, inputs, outputs, modules, context });
        self.names.insert((instance, host), Rc::clone(&names));
        names
    }

    /// Returns the names of the vars, inputs and outputs of an instance's namespace.
    fn names_of_unit(&mut self, instance: usize) -> [Arc<[String]>; 3] {
        let namespace = self.instances[instance].namespace;
        let names = self.namespace_names.entry(std::ptr::from_ref(namespace)).or_insert_with(|| {
            [
                namespace.vars.keys().cloned().collect(),
                namespace.inputs.keys().cloned().collect(),
                namespace.outputs.keys().cloned().collect(),
            ]
        });
        names.clone()
    }

    /// Returns the names of the modules an instance uses, as far as modules are expanded.
    fn names_of_modules(&mut self, instance: usize) -> Arc<[String]> {
        let children = &self.instances[instance].children;
        let names = || children.keys().map(|name| (*name).to_string()).collect();
        let known = self.module_names.entry(instance).or_insert_with(names);
        if known.len() != children.len() {
            *known = names();
        }
        Arc::clone(known)
    }

    /// Returns the secrets an instance sees.
    fn secrets_of(&mut self, instance: usize) -> Template {
        if let Some(secrets) = self.secrets.get(&instance) {
            return secrets.clone();
        }
        let namespace = self.instances[instance].namespace;
        let secrets: IndexMap<String, Scoped> =
            namespace.secrets.keys().filter_map(|name| Some((name.clone(), self.secret(instance, name)?))).collect();
        let secrets = Scoped::Map(Arc::new(secrets)).touch(self.engine.recorder());
        self.secrets.insert(instance, secrets.clone());
        secrets
    }

    /// Notes where a secret of a module is kept.
    pub(super) fn keep(&mut self, instance: usize, name: &str, address: Address) {
        self.kept.insert((instance, name.to_string()), address);
        self.secrets.remove(&instance);
    }

    /// Puts what a module hands back in scope of the instance that uses it.
    fn provide_outputs(&mut self, instance: usize, host: Option<usize>, call: &'a str) {
        let names = self.names(instance, host);
        let Some(children) = self.instances[instance].children.get(call).filter(|_| !names.modules.has(call)) else {
            return;
        };
        let mut by_key = Vec::new();
        let mut alone = None;
        for (key, child) in children.clone() {
            let outputs = Template::from_dyn_object(Arc::clone(&self.names(child, host).outputs));
            match key {
                Some(key) => by_key.push((key, outputs)),
                None => alone = Some(outputs),
            }
        }
        names.modules.set(call, Scoped::Plain(alone.unwrap_or_else(|| Template::from_pairs(by_key))));
    }
}

/// A key after evaluation.
pub(super) enum KeyText {
    Known(String),
    Later(Until),
}

/// Why there are no items to go through.
pub(super) enum NoItems {
    Unknown(Until),
    Wrong(String),
}

/// Returns the items of a `for_each` with their keys: a list's positions, a mapping's keys.
pub(super) fn items(value: &Value) -> Result<Vec<(String, Value)>, NoItems> {
    let count = match value {
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        _ => 0,
    };
    if count > MAX_ITEMS {
        return Err(NoItems::Wrong(format!("`for_each` has {count} items, {MAX_ITEMS} are allowed")));
    }
    match value {
        Value::List(items) => Ok(items.iter().enumerate().map(|(at, item)| (at.to_string(), item.clone())).collect()),
        Value::Map(entries) => Ok(entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect()),
        Value::Unknown(until @ Until::Facts(_)) => Err(NoItems::Unknown(until.clone())),
        Value::Unknown(Until::Applied(_)) | Value::Secret(_) => {
            Err(NoItems::Wrong("a secret may not decide `for_each`".into()))
        }
        other => Err(NoItems::Wrong(format!("`for_each` is a list or a mapping; this is {}", other.type_name()))),
    }
}

/// Returns the place of a range in a template file.
pub(super) fn file_span(file: FileId, range: &std::ops::Range<usize>) -> Span {
    let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { file, start: narrow(range.start), end: narrow(range.end) }
}

/// Returns how much a value holds, in bytes of text and a flat cost for each part.
fn size(value: &Value) -> usize {
    PART_COST
        + match value {
            Value::Text(text) => text.len(),
            Value::Secret(secret) => secret.expose().len(),
            Value::List(items) => items.iter().map(size).sum(),
            Value::Map(entries) => entries.iter().map(|(key, value)| key.len() + size(value)).sum(),
            _ => 0,
        }
}

fn host_shade(host: &HostSpec, knowledge: &Knowledge) -> Scoped {
    let labels = host.labels.iter().map(|(key, value)| (key.clone(), Value::text(value))).collect();
    let facts = match knowledge.facts.get(&host.name) {
        Some(facts) => facts.clone(),
        None => Value::Unknown(Until::Facts(host.name.clone())),
    };
    let entries = [
        ("name", Value::text(&host.name)),
        ("address", Value::text(&host.address)),
        ("labels", Value::Map(labels)),
        ("facts", facts),
    ];
    Scoped::Map(Arc::new(entries.into_iter().map(|(key, value)| (key.to_string(), Scoped::new(&value))).collect()))
}

/// Returns the path a relative one of a namespace stands for.
pub(super) fn asset_path(namespace: &Namespace, path: &str) -> PathBuf {
    super::read::beside(&namespace.folder, path)
}
