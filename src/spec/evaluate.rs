//! Evaluating expressions: which values are in scope where, each worked out once and only when it is used.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::Value as Template;

use crate::diagnostic::{Diagnostic, FileId, Sources, Span};
use crate::model::{Address, Entry, Node, NodeValue, Secret, Until, Value};

use super::draft::with_help;
use super::expression::{
    Analysis, Context, Engine, Environments, Failure, Places, Progressive, Reference, Shade, Step, has_expression,
};
use super::unit::{Call, SecretForm, Unit};
use super::{HostSpec, Knowledge, SecretState};

/// How many values may wait for each other in a row.
const MAX_CHAIN: usize = 100;
/// How much text all expressions of a spec may come to, in bytes.
const MAX_TEXT: usize = 1 << 30;
/// How many uses of modules a spec may come to.
const MAX_INSTANCES: usize = 10_000;

/// Something is wrong and has been reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reported;

/// A use of a unit: the spec itself, or a module called from somewhere.
pub(super) struct Instance<'a> {
    pub unit: &'a Unit,
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

/// What is in scope of an instance on a host.
struct Names {
    vars: Arc<Progressive>,
    inputs: Arc<Progressive>,
    outputs: Arc<Progressive>,
    context: Context,
}

/// What is the same for all of a spec's evaluation.
pub(super) struct World<'a> {
    pub root: &'a Unit,
    pub hosts: &'a [HostSpec],
    /// Whether the hosts are known: they are worked out with expressions too.
    pub hosts_known: bool,
    pub knowledge: &'a Knowledge,
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
    names: HashMap<(usize, Option<usize>), Rc<Names>>,
    states: HashMap<Key, State>,
    working: Vec<Key>,
    host_values: Vec<Template>,
    hosts_value: Option<Template>,
    /// Addresses of kept secrets, by instance and name.
    pub kept: HashMap<(usize, String), Address>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(world: World<'a>, environments: &'a Environments, sources: &'a mut Sources) -> Self {
        let engine = Engine::new(environments);
        let host_shades: Vec<(String, Shade)> =
            world.hosts.iter().map(|host| (host.name.clone(), host_shade(host, world.knowledge))).collect();
        let host_values = host_shades.iter().map(|(_, shade)| shade.touch(engine.recorder())).collect();
        let hosts_value =
            world.hosts_known.then(|| Shade::Map(Arc::new(host_shades.into_iter().collect())).touch(engine.recorder()));
        let root = Instance { unit: world.root, caller: None, each: None, children: IndexMap::new() };
        Self {
            world,
            engine,
            sources,
            diagnostics: Vec::new(),
            instances: vec![root],
            wrong: HashSet::new(),
            muted: false,
            written: 0,
            names: HashMap::new(),
            states: HashMap::new(),
            working: Vec::new(),
            host_values,
            hosts_value,
            kept: HashMap::new(),
        }
    }

    /// Takes a mistake, unless it is about something that is left alone.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        if !self.muted {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Makes the instances of all modules, the callers before the called.
    pub(super) fn expand_modules(&mut self) {
        let mut at = 0;
        while at < self.instances.len() {
            let unit = self.instances[at].unit;
            for (name, call) in &unit.calls {
                let Some(called) = call.unit.as_deref() else { continue };
                let items = match call.get("for_each") {
                    None => vec![(None, None)],
                    Some(node) => self.module_items(node, at),
                };
                for (key, each) in items {
                    if self.instances.len() >= MAX_INSTANCES {
                        let message = format!("modules are used more than {MAX_INSTANCES} times");
                        self.report(Diagnostic::error(call.entry.key_span, message));
                        return;
                    }
                    let child = self.instances.len();
                    self.instances.push(Instance {
                        unit: called,
                        caller: Some((at, call)),
                        each,
                        children: IndexMap::new(),
                    });
                    self.instances[at].children.entry(name).or_default().push((key, child));
                }
            }
            at += 1;
        }
    }

    fn module_items(&mut self, node: &Node, instance: usize) -> Vec<(Option<String>, Option<Template>)> {
        let Ok(value) = self.node(node, &Scope::new(instance, None, None)) else { return Vec::new() };
        match items(&value.to_value()) {
            Ok(items) => items
                .into_iter()
                .map(|(key, value)| (Some(key.clone()), Some(self.each(&Value::Text(key), &value))))
                .collect(),
            Err(why) => {
                let why = match why {
                    NoItems::Unknown(_) => "`for_each` of a module must be known before hosts are contacted".into(),
                    NoItems::Wrong(why) => why,
                };
                self.report(Diagnostic::error(node.span, why));
                Vec::new()
            }
        }
    }

    /// Makes the value of `each`.
    pub(super) fn each(&self, key: &Value, value: &Value) -> Template {
        let entries = [("key".to_string(), Shade::new(key)), ("value".to_string(), Shade::new(value))];
        Shade::Map(Arc::new(entries.into_iter().collect())).touch(self.engine.recorder())
    }

    /// Evaluates all expressions in a node.
    pub(super) fn node(&mut self, node: &Node, scope: &Scope) -> Result<Node, Reported> {
        match &node.value {
            NodeValue::Scalar(Value::Text(text)) if has_expression(text) => {
                let value = self.text(text, node.span, scope)?;
                Ok(Node::from_value(value, node.span))
            }
            NodeValue::Scalar(_) => Ok(node.clone()),
            NodeValue::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.node(item, scope)).collect();
                let items = items.into_iter().collect::<Result<_, _>>()?;
                Ok(Node { value: NodeValue::List(items), span: node.span })
            }
            NodeValue::Map(entries) => {
                let mut evaluated: Vec<Entry> = Vec::with_capacity(entries.len());
                let mut failed = false;
                let mut unknown = None;
                for entry in entries {
                    let value = self.node(&entry.value, scope);
                    let key = match has_expression(&entry.key) {
                        false => Ok(entry.key.clone()),
                        true => match self.key(entry, scope) {
                            Ok(KeyText::Known(key)) => Ok(key),
                            Ok(KeyText::Later(until)) => {
                                unknown.get_or_insert(until);
                                continue;
                            }
                            Err(Reported) => Err(Reported),
                        },
                    };
                    let (Ok(key), Ok(value)) = (key, value) else {
                        failed = true;
                        continue;
                    };
                    if has_expression(&entry.key)
                        && let Some(first) = evaluated.iter().find(|other| other.key == key)
                    {
                        let first = first.key_span;
                        self.report(
                            Diagnostic::error(entry.key_span, format!("`{key}` is here twice"))
                                .related(first, "it was here before"),
                        );
                        failed = true;
                        continue;
                    }
                    evaluated.push(Entry { key, key_span: entry.key_span, value });
                }
                match (failed, unknown) {
                    (true, _) => Err(Reported),
                    // Which keys there are is not known, so nothing is.
                    (false, Some(until)) => Ok(Node::scalar(Value::Unknown(until), node.span)),
                    (false, None) => Ok(Node { value: NodeValue::Map(evaluated), span: node.span }),
                }
            }
        }
    }

    /// Evaluates a key or name, which must be a text and no secret.
    pub(super) fn key(&mut self, entry: &Entry, scope: &Scope) -> Result<KeyText, Reported> {
        let value = self.text(&entry.key, entry.key_span, scope)?;
        let problem = match value {
            Value::Text(text) => return Ok(KeyText::Known(text)),
            Value::Integer(number) => return Ok(KeyText::Known(number.to_string())),
            Value::Unknown(until @ Until::Facts(_)) => return Ok(KeyText::Later(until)),
            Value::Unknown(Until::Applied(_)) | Value::Secret(_) => "a secret may not be in a name".to_string(),
            other => format!("a name is a text; this is {}", other.type_name()),
        };
        self.report(Diagnostic::error(entry.key_span, problem));
        Err(Reported)
    }

    /// Renders one text.
    pub(super) fn text(&mut self, text: &str, span: Span, scope: &Scope) -> Result<Value, Reported> {
        if self.wrong.contains(&span) {
            return Err(Reported);
        }
        let analysis = self.engine.analysis(text);
        self.prepare(&analysis, scope, &|evaluator, range| Places::new(text, span, evaluator.sources).span(range))?;
        let context = self.context(scope);
        match self.engine.render(text, &context) {
            Ok(value) => {
                self.written = self.written.saturating_add(size(&value));
                if self.written > MAX_TEXT {
                    self.report(Diagnostic::error(span, "the values of this spec come to more than 1 GiB"));
                    return Err(Reported);
                }
                Ok(value)
            }
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
    pub(super) fn file(&mut self, path: &str, text: &str, file: FileId, scope: &Scope) -> Result<Value, Reported> {
        let analysis = self.engine.provide(path, text);
        let place = |range: &std::ops::Range<usize>| file_span(file, range);
        self.prepare(&analysis, scope, &|_, range| place(range))?;
        let context = self.context(scope);
        match self.engine.render_file(path, text, &context) {
            Ok(value) => Ok(value),
            Err(failure) => {
                let span = match (&failure.range, &failure.template) {
                    (Some(range), None) => place(range),
                    _ => file_span(file, &(0..0)),
                };
                self.failed(&failure, span);
                Err(Reported)
            }
        }
    }

    fn failed(&mut self, failure: &Failure, span: Span) {
        self.report(with_help(Diagnostic::error(span, failure.message.clone()), failure.help.clone()));
    }

    /// Works out all values that a text uses.
    pub(super) fn prepare(
        &mut self,
        analysis: &Analysis,
        scope: &Scope,
        place: &dyn Fn(&Self, &std::ops::Range<usize>) -> Span,
    ) -> Result<(), Reported> {
        if let Some(problem) = analysis.problems.first() {
            let span = place(self, &problem.range);
            self.report(with_help(Diagnostic::error(span, problem.message.clone()), problem.help.clone()));
            return Err(Reported);
        }
        let mut result = Ok(());
        for reference in &analysis.references {
            result = result.and(self.prepare_reference(reference, scope, place));
        }
        result
    }

    fn prepare_reference(
        &mut self,
        reference: &Reference,
        scope: &Scope,
        place: &dyn Fn(&Self, &std::ops::Range<usize>) -> Span,
    ) -> Result<(), Reported> {
        let unit = self.instances[scope.instance].unit;
        let first = match reference.path.first() {
            Some(Step::Name(name, _)) => Some(name.as_str()),
            _ => None,
        };
        let here = (scope.instance, scope.host);
        match reference.root.as_str() {
            "vars" => self.all_or_one(here, unit.vars.len(), first, |name| unit.vars.get_index_of(name), Named::Var),
            "inputs" => {
                self.all_or_one(here, unit.inputs.len(), first, |name| unit.inputs.get_index_of(name), Named::Input)
            }
            "modules" => self.outputs(reference, first, scope),
            "secrets" => {
                let Some(name) = first else { return Ok(()) };
                match self.secret(scope.instance, name) {
                    Some(Shade::Unusable(why)) => {
                        let span = place(self, &reference.root_range);
                        self.report(
                            Diagnostic::error(span, why.to_string())
                                .help("it was not read from its source before the spec was evaluated"),
                        );
                        Err(Reported)
                    }
                    _ => Ok(()),
                }
            }
            "host" if scope.host.is_none() => {
                let span = place(self, &reference.root_range);
                self.report(
                    Diagnostic::error(span, "`host` is not known where this is used")
                        .help("hosts, `on:` and `for_each` of modules are worked out before any host is looked at"),
                );
                Err(Reported)
            }
            "hosts" if !self.world.hosts_known => {
                let span = place(self, &reference.root_range);
                self.report(Diagnostic::error(span, "`hosts` is not known where this is used: it describes a host"));
                Err(Reported)
            }
            _ => Ok(()),
        }
    }

    fn all_or_one(
        &mut self,
        (instance, host): (usize, Option<usize>),
        count: usize,
        name: Option<&str>,
        find: impl Fn(&str) -> Option<usize>,
        named: fn(usize) -> Named,
    ) -> Result<(), Reported> {
        match name {
            Some(name) => match find(name) {
                Some(index) => self.ensure((instance, host, named(index))),
                // `is defined` may ask for what is not there.
                None => Ok(()),
            },
            None => {
                let mut result = Ok(());
                for index in 0..count {
                    result = result.and(self.ensure((instance, host, named(index))));
                }
                result
            }
        }
    }

    fn outputs(&mut self, reference: &Reference, first: Option<&str>, scope: &Scope) -> Result<(), Reported> {
        let children: Vec<usize> = self.instances[scope.instance]
            .children
            .iter()
            .filter(|(name, _)| first.is_none_or(|first| first == **name))
            .flat_map(|(_, all)| all.iter().map(|(_, child)| *child))
            .collect();
        let mut result = Ok(());
        for child in children {
            let unit = self.instances[child].unit;
            let named: Vec<usize> = reference
                .path
                .iter()
                .skip(1)
                .filter_map(|step| match step {
                    Step::Name(name, _) => unit.outputs.get_index_of(name.as_str()),
                    Step::Computed => None,
                })
                .collect();
            let wanted = if named.is_empty() { (0..unit.outputs.len()).collect() } else { named };
            for index in wanted {
                result = result.and(self.ensure((child, scope.host, Named::Output(index))));
            }
        }
        result
    }

    /// Works a value out unless it is.
    fn ensure(&mut self, key: Key) -> Result<(), Reported> {
        match self.states.get(&key) {
            Some(State::Done) => return Ok(()),
            Some(State::Failed) => return Err(Reported),
            Some(State::Working) => {
                self.cycle(key);
                return Err(Reported);
            }
            None => {}
        }
        if self.working.len() >= MAX_CHAIN {
            let span = self.entry_of(key).1;
            let message = format!("more than {MAX_CHAIN} values wait for each other in a row");
            self.report(Diagnostic::error(span, message));
            return Err(Reported);
        }
        self.states.insert(key, State::Working);
        self.working.push(key);
        let value = self.work_out(key);
        self.working.pop();
        let (instance, host, named) = key;
        match value {
            Ok(value) => {
                let names = self.names(instance, host);
                let (name, _) = self.entry_of(key);
                let all = match named {
                    Named::Var(_) => &names.vars,
                    Named::Input(_) => &names.inputs,
                    Named::Output(_) => &names.outputs,
                };
                all.set(&name, Shade::new(&value));
                self.states.insert(key, State::Done);
                Ok(())
            }
            Err(Reported) => {
                if self.muted {
                    // Whoever needs it next has to hear why it fails.
                    self.states.remove(&key);
                } else {
                    self.states.insert(key, State::Failed);
                }
                Err(Reported)
            }
        }
    }

    /// Returns a value's name in its unit and where it is declared.
    fn entry_of(&self, (instance, _, named): Key) -> (String, Span) {
        let unit = self.instances[instance].unit;
        let of = |found: Option<(&String, &Entry)>| found.map(|(name, entry)| (name.clone(), entry.key_span));
        let found = match named {
            Named::Var(index) => of(unit.vars.get_index(index)),
            Named::Output(index) => of(unit.outputs.get_index(index)),
            Named::Input(index) => unit.inputs.get_index(index).map(|(name, input)| (name.clone(), input.span)),
        };
        found.unwrap_or_else(|| (String::new(), Span { file: unit.file, start: 0, end: 0 }))
    }

    fn cycle(&mut self, key: Key) {
        let from = self.working.iter().position(|&other| other == key).unwrap_or(0);
        let around: Vec<Key> = self.working[from..].to_vec();
        let label = |evaluator: &Self, key: Key| {
            let (name, _) = evaluator.entry_of(key);
            match key.2 {
                Named::Var(_) => format!("vars.{name}"),
                Named::Input(_) => format!("inputs.{name}"),
                Named::Output(_) => format!("output {name}"),
            }
        };
        let mut path: Vec<String> = around.iter().map(|&key| label(self, key)).collect();
        path.push(label(self, key));
        let (_, span) = self.entry_of(key);
        let mut diagnostic = Diagnostic::error(span, format!("this needs itself: {}", path.join(" -> ")));
        for &other in around.iter().skip(1) {
            diagnostic = diagnostic.related(self.entry_of(other).1, format!("through {}", label(self, other)));
        }
        self.report(diagnostic);
    }

    fn work_out(&mut self, (instance, host, named): Key) -> Result<Value, Reported> {
        let unit = self.instances[instance].unit;
        let node = match named {
            Named::Var(index) => &unit.vars[index].value,
            Named::Output(index) => &unit.outputs[index].value,
            Named::Input(index) => return self.input(instance, host, index),
        };
        Ok(self.node(node, &Scope::new(instance, host, None))?.to_value())
    }

    fn input(&mut self, instance: usize, host: Option<usize>, index: usize) -> Result<Value, Reported> {
        let unit = self.instances[instance].unit;
        let Some((caller, call)) = self.instances[instance].caller else { return Ok(Value::Null) };
        let (name, input) = &unit.inputs.get_index(index).ok_or(Reported)?;
        let given = call.get("with").and_then(|with| with.get(name)).filter(|node| !node.is_null());
        let value = match given {
            Some(node) => {
                let scope = Scope::new(caller, host, self.instances[instance].each.clone());
                let value = self.node(node, &scope)?.to_value();
                if !value.eq(&Value::Null)
                    && let Err(misfit) = input.check(&value)
                {
                    let diagnostic =
                        Diagnostic::error(node.span, format!("`{name}` does not fit the module: {}", misfit.message))
                            .related(input.span, "the module declares it here");
                    self.report(with_help(diagnostic, misfit.help));
                    return Err(Reported);
                }
                value
            }
            None => Value::Null,
        };
        let value = match (value, &input.default) {
            (Value::Null, Some(default)) => default.to_value(),
            (value, _) => value,
        };
        Ok(if input.sensitive { hide(value) } else { value })
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
        let unit = self.instances[instance].unit;
        let recorder = self.engine.recorder().clone();
        let progressive = |names: Vec<String>| Arc::new(Progressive::new(names.into(), recorder.clone()));
        let vars = progressive(unit.vars.keys().cloned().collect());
        let inputs = progressive(unit.inputs.keys().cloned().collect());
        let outputs = progressive(unit.outputs.keys().cloned().collect());
        let children = self.instances[instance].children.clone();
        let mut modules = Vec::new();
        for (name, all) in children {
            let mut by_key = Vec::new();
            let mut alone = None;
            for (key, child) in all {
                let outputs = Template::from_dyn_object(Arc::clone(&self.names(child, host).outputs));
                match key {
                    Some(key) => by_key.push((key, outputs)),
                    None => alone = Some(outputs),
                }
            }
            modules.push((name.to_string(), alone.unwrap_or_else(|| Template::from_pairs(by_key))));
        }
        let secrets: IndexMap<String, Shade> =
            unit.secrets.keys().filter_map(|name| Some((name.clone(), self.secret(instance, name)?))).collect();
        let context = Context {
            vars: Some(Template::from_dyn_object(Arc::clone(&vars))),
            inputs: Some(Template::from_dyn_object(Arc::clone(&inputs))),
            host: host.map(|host| self.host_values[host].clone()),
            hosts: self.hosts_value.clone(),
            secrets: Some(Shade::Map(Arc::new(secrets)).touch(&recorder)),
            modules: Some(Template::from_pairs(modules)),
            each: None,
        };
        let names = Rc::new(Names { vars, inputs, outputs, context });
        self.names.insert((instance, host), Rc::clone(&names));
        names
    }

    /// Returns a secret as expressions see it; `None` where there is none of this name.
    fn secret(&self, instance: usize, name: &str) -> Option<Shade> {
        let secret = self.instances[instance].unit.secrets.get(name)?;
        Some(match self.world.knowledge.secrets.get(name) {
            Some(SecretState::Known(secret)) => Shade::Secret(secret.clone()),
            Some(SecretState::Later(until)) => Shade::Unknown(until.clone()),
            None => match (&secret.form, self.kept.get(&(instance, name.to_string()))) {
                (SecretForm::Kept(_), Some(address)) => Shade::Unknown(Until::Applied(address.clone())),
                _ => Shade::Unusable(format!("the secret `{name}` is not available").into()),
            },
        })
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

/// Returns how much text a value holds, in bytes.
fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Secret(secret) => secret.expose().len(),
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|(key, value)| key.len() + size(value)).sum(),
        _ => 0,
    }
}

/// Makes every part of a value secret.
fn hide(value: Value) -> Value {
    match value {
        Value::Text(text) => Value::Secret(Secret::new(text)),
        Value::Integer(number) => Value::Secret(Secret::new(number.to_string())),
        Value::Float(number) => Value::Secret(Secret::new(number.to_string())),
        Value::Bool(value) => Value::Secret(Secret::new(value.to_string())),
        Value::List(items) => Value::List(items.into_iter().map(hide).collect()),
        Value::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (key, hide(value))).collect()),
        other => other,
    }
}

fn host_shade(host: &HostSpec, knowledge: &Knowledge) -> Shade {
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
    Shade::Map(Arc::new(entries.into_iter().map(|(key, value)| (key.to_string(), Shade::new(&value))).collect()))
}

/// Returns the path a relative one of a unit stands for.
pub(super) fn asset_path(unit: &Unit, path: &str) -> PathBuf {
    super::read::beside(&unit.folder, path)
}
