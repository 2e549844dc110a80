//! The names in scope of a text.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, Value as Template};

use super::analysis::{Reference, Step};

/// The names in scope of a text. What is `None` is not in scope.
#[derive(Clone, Default)]
pub struct Context {
    pub vars: Option<Template>,
    pub host: Option<Template>,
    pub hosts: Option<Template>,
    pub secrets: Option<Template>,
    pub each: Option<Template>,
    pub inputs: Option<Template>,
    pub modules: Option<Template>,
}

impl Context {
    /// Touches what references name, as far as their names go.
    pub(super) fn touch(&self, references: &[Reference]) {
        let context = Arc::new(self.clone());
        for reference in references {
            let mut value = context.get_value_by_str(&reference.root);
            for step in &reference.path {
                let Step::Name(name, _) = step else { break };
                value = value.and_then(|value| value.get_attr(name).ok());
            }
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(what is in scope)")
    }
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &Template) -> Option<Template> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Template> {
        match key {
            "vars" => self.vars.clone(),
            "host" => self.host.clone(),
            "hosts" => self.hosts.clone(),
            "secrets" => self.secrets.clone(),
            "each" => self.each.clone(),
            "inputs" => self.inputs.clone(),
            "modules" => self.modules.clone(),
            _ => None,
        }
    }
}
