//! All expressions in a node.

use crate::diagnostic::Diagnostic;
use crate::model::{Entry, Until, Value, YamlNode, YamlValue};

use super::super::expression::has_expression;
use super::{Evaluator, KeyText, Reported, Scope};

impl Evaluator<'_> {
    /// Evaluates all expressions in a node.
    pub(in crate::spec) fn node(&mut self, node: &YamlNode, scope: &Scope) -> Result<YamlNode, Reported> {
        match &node.value {
            YamlValue::Scalar(Value::Text(text)) if has_expression(text) => {
                let value = self.text(text, node.span, scope)?;
                Ok(YamlNode::from_value(value, node.span))
            }
            YamlValue::Scalar(_) => Ok(node.clone()),
            YamlValue::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.node(item, scope)).collect();
                let items = items.into_iter().collect::<Result<_, _>>()?;
                Ok(YamlNode { value: YamlValue::List(items), span: node.span })
            }
            YamlValue::Map(entries) => {
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
                    (false, Some(until)) => Ok(YamlNode::scalar(Value::Unknown(until), node.span)),
                    (false, None) => Ok(YamlNode { value: YamlValue::Map(evaluated), span: node.span }),
                }
            }
        }
    }

    /// Evaluates a key or name, which must be a text and no secret.
    pub(in crate::spec) fn key(&mut self, entry: &Entry, scope: &Scope) -> Result<KeyText, Reported> {
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
}
