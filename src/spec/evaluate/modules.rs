//! Uses of modules.

use indexmap::IndexMap;
use minijinja::value::Value as Template;

use crate::diagnostic::Diagnostic;
use crate::model::{Value, YamlNode};

use super::{Evaluator, Instance, NoItems, Scope, items};

/// How many uses of modules a spec may come to.
const MAX_INSTANCES: usize = 10_000;

impl Evaluator<'_> {
    /// Makes the instances of all modules, the callers before the called.
    pub(in crate::spec) fn expand_modules(&mut self) {
        let mut at = 0;
        while at < self.instances.len() {
            let namespace = self.instances[at].namespace;
            for (name, call) in &namespace.calls {
                let Some(called) = call.namespace.as_deref() else { continue };
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
                        namespace: called,
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

    fn module_items(&mut self, node: &YamlNode, instance: usize) -> Vec<(Option<String>, Option<Template>)> {
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
}
