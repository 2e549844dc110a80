//! Values with names: vars, inputs, outputs and secrets, worked out when something uses them.

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Span};
use crate::model::{Entry, Secret, Until, Value};

use super::super::SecretState;
use super::super::expression::{Analysis, Reference, Scoped, Step, is_constant};
use super::super::namespace::SecretForm;
use super::{Evaluator, Key, Named, Reported, Scope, State};

/// How many values may wait for each other in a row.
const MAX_CHAIN: usize = 100;

impl Evaluator<'_> {
    /// Works out all values that a text uses.
    pub(super) fn prepare(
        &mut self,
        analysis: &Analysis,
        scope: &Scope,
        place: &dyn Fn(&Self, &Range<usize>) -> Span,
    ) -> Result<(), Reported> {
        if let Some(problem) = analysis.problems.first() {
            let span = place(self, &problem.range);
            self.report(Diagnostic::error(span, problem.message.clone()).help_if(problem.help.clone()));
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
        place: &dyn Fn(&Self, &Range<usize>) -> Span,
    ) -> Result<(), Reported> {
        let namespace = self.instances[scope.instance].namespace;
        let first = match reference.path.first() {
            Some(Step::Name(name, _)) => Some(name.as_str()),
            _ => None,
        };
        let here = (scope.instance, scope.host);
        match reference.root.as_str() {
            "vars" => {
                self.all_or_one(here, namespace.vars.len(), first, |name| namespace.vars.get_index_of(name), Named::Var)
            }
            "inputs" => self.all_or_one(
                here,
                namespace.inputs.len(),
                first,
                |name| namespace.inputs.get_index_of(name),
                Named::Input,
            ),
            "modules" => self.outputs(reference, first, scope),
            "secrets" => {
                let Some(name) = first else { return Ok(()) };
                match self.secret(scope.instance, name) {
                    Some(Scoped::Unusable(why)) => {
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
        let all = &self.instances[scope.instance].children;
        let found: Vec<_> = match first {
            Some(first) => all.get_key_value(first).into_iter().collect(),
            None => all.iter().collect(),
        };
        let calls: Vec<_> = found.iter().map(|(name, _)| **name).collect();
        let children: Vec<usize> = found.into_iter().flat_map(|(_, all)| all.iter().map(|(_, child)| *child)).collect();
        let mut result = Ok(());
        for call in calls {
            self.provide_outputs(scope.instance, scope.host, call);
        }
        for child in children {
            let namespace = self.instances[child].namespace;
            let named: Vec<usize> = reference
                .path
                .iter()
                .skip(1)
                .filter_map(|step| match step {
                    Step::Name(name, _) => namespace.outputs.get_index_of(name.as_str()),
                    Step::Computed => None,
                })
                .collect();
            let wanted = if named.is_empty() { (0..namespace.outputs.len()).collect() } else { named };
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
        let shade = match self.constant(key) {
            Some(shade) => Ok(shade),
            None => self.work_out(key).map(|value| Scoped::new(&value)),
        };
        self.working.pop();
        let (instance, host, named) = key;
        match shade {
            Ok(shade) => {
                let names = self.names(instance, host);
                let (name, _) = self.entry_of(key);
                let all = match named {
                    Named::Var(_) => &names.vars,
                    Named::Input(_) => &names.inputs,
                    Named::Output(_) => &names.outputs,
                };
                all.set(&name, shade);
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

    /// Returns the value of a var that holds no expression.
    fn constant(&mut self, (instance, _, named): Key) -> Option<Scoped> {
        let Named::Var(index) = named else { return None };
        let namespace = self.instances[instance].namespace;
        let constant = self.constants.entry((std::ptr::from_ref(namespace), index)).or_insert_with(|| {
            let node = &namespace.vars[index].value;
            is_constant(node).then(|| Scoped::new(&node.to_value()))
        });
        constant.clone()
    }

    /// Returns a value's name in its namespace and where it is declared.
    fn entry_of(&self, (instance, _, named): Key) -> (String, Span) {
        let namespace = self.instances[instance].namespace;
        let of = |found: Option<(&String, &Entry)>| found.map(|(name, entry)| (name.clone(), entry.key_span));
        let found = match named {
            Named::Var(index) => of(namespace.vars.get_index(index)),
            Named::Output(index) => of(namespace.outputs.get_index(index)),
            Named::Input(index) => namespace.inputs.get_index(index).map(|(name, input)| (name.clone(), input.span)),
        };
        found.unwrap_or_else(|| (String::new(), Span { file: namespace.file, start: 0, end: 0 }))
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
        let mut diagnostic = Diagnostic::error(span, format!("dependency cycle: {}", path.join(" -> ")));
        for &other in around.iter().skip(1) {
            diagnostic = diagnostic.related(self.entry_of(other).1, format!("through {}", label(self, other)));
        }
        self.report(diagnostic);
    }

    fn work_out(&mut self, (instance, host, named): Key) -> Result<Value, Reported> {
        let namespace = self.instances[instance].namespace;
        let node = match named {
            Named::Var(index) => &namespace.vars[index].value,
            Named::Output(index) => &namespace.outputs[index].value,
            Named::Input(index) => return self.input(instance, host, index),
        };
        Ok(self.node(node, &Scope::new(instance, host, None))?.to_value())
    }

    fn input(&mut self, instance: usize, host: Option<usize>, index: usize) -> Result<Value, Reported> {
        let namespace = self.instances[instance].namespace;
        let Some((caller, call)) = self.instances[instance].caller else { return Ok(Value::Null) };
        let (name, input) = &namespace.inputs.get_index(index).ok_or(Reported)?;
        let given = call.get("with").and_then(|with| with.get(name)).filter(|node| !node.is_null());
        let value = match given {
            Some(node) => {
                let scope = Scope::new(caller, host, self.instances[instance].each.clone());
                let value = self.node(node, &scope)?.to_value();
                if !value.eq(&Value::Null)
                    && let Err(misfit) = input.check(&value)
                {
                    let message = format!("`{}` does not fit the module: {}", misfit.name(name), misfit.message);
                    let diagnostic = Diagnostic::error(misfit.span(node), message)
                        .related(input.span, "the module declares it here");
                    self.report(diagnostic.help_if(misfit.help));
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

    /// Returns a secret as expressions see it; `None` where there is none of this name.
    pub(super) fn secret(&self, instance: usize, name: &str) -> Option<Scoped> {
        let secret = self.instances[instance].namespace.secrets.get(name)?;
        Some(match self.world.knowledge.secret(name) {
            Some(SecretState::Known(secret)) => Scoped::Secret(secret.clone()),
            Some(SecretState::Later(until)) => Scoped::Unknown(until.clone()),
            None => match (secret.kept(), self.kept.get(&(instance, name.to_string()))) {
                (Some(SecretForm::Kept { absent: true, .. }), _) => {
                    Scoped::Unusable(format!("the secret `{name}` is absent").into())
                }
                (Some(SecretForm::Kept { .. }), Some(address)) => Scoped::Unknown(Until::applied(address.clone())),
                _ => Scoped::Unusable(format!("the secret `{name}` is not available").into()),
            },
        })
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
