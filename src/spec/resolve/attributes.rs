//! The attributes of a resource: evaluated, checked and decoded.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::kinds::companions;
use crate::ledger::Prune;
use crate::model::{Address, Entry, Until, Value, YamlNode, YamlValue};
use crate::resource::{Common, KindObject, State, parse_duration};

use super::super::check::{Asset, Surroundings, object};
use super::super::evaluate::{Reported, Scope};
use super::super::expression::is_constant;
use super::super::namespace::{Body, Namespace, Overridden};
use super::super::{HostSpec, Resolved};
use super::body::{described, is_absent, split};
use super::{Found, Resolver, Task};

impl<'a> Resolver<'a, '_> {
    /// Evaluates the attributes of a resource.
    pub(super) fn named(
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
            let mut around = Around { resolver: self, scope, namespace: None };
            object(&shared, body.kind.common_attributes(), &what, true, &mut around)
        } else {
            match self.attributes(&shared, scope) {
                (node, false) => (node, false),
                (node, true) => {
                    let mut around = Around { resolver: self, scope, namespace: None };
                    object(&node, body.kind.common_attributes(), &what, true, &mut around)
                }
            }
        };
        for attribute in ["state", "as", "timeout", "retries", "lifecycle"] {
            if let Some(until) = shared.get(attribute).map(YamlNode::to_value).and_then(|value| value.unknown()) {
                match until {
                    Until::Facts(_) => return Some(until),
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
            if let YamlValue::Map(entries) = &mut shared.value {
                entries.retain(|entry| entry.key != "depends_on");
            }
            shared.to_value()
        });
        let copies: Vec<_> = companions(body.kind).map(|companion| (companion, node.clone())).collect();
        let resolved = self.decode(body, body.kind, &shared, node, address, left_alone, right)?;
        self.found.push(Found { resolved, instance: task.instance, shared: shared_value.clone() });
        for ((kind, companion), node) in copies {
            let address = Address::new(spec.name.as_str(), kind.name(), name);
            let resolved = self.decode(body, kind, &shared, node, address, left_alone, right);
            if let Some(resolved) = resolved.filter(|resolved| companion.is_wanted(&resolved.resource)) {
                self.found.push(Found { resolved, instance: task.instance, shared: shared_value.clone() });
            }
        }
        None
    }

    #[allow(clippy::too_many_arguments, reason = "a body and its companions differ in kind and address only")]
    fn decode(
        &mut self,
        body: &Body,
        kind: &'static dyn KindObject,
        shared: &YamlNode,
        mut node: YamlNode,
        address: Address,
        left_alone: bool,
        right: bool,
    ) -> Option<Resolved> {
        node.span = body.entry.key_span;
        if !right {
            node.value = YamlValue::Map(Vec::new());
        }
        let text = |name: &str| shared.get(name).and_then(YamlNode::as_text);
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
        let resource = kind.decode(common, &node, &mut diagnostics, &mut deferrals);
        if !diagnostics.is_empty() && !left_alone {
            self.evaluator.diagnostics.extend(diagnostics);
            return None;
        }
        if kind.has_own_section() {
            self.check_ignored(kind, lifecycle);
        }
        let depends_on = shared.get("depends_on").map(YamlNode::items).unwrap_or_default();
        Some(Resolved {
            resource,
            address,
            span: body.entry.key_span,
            depends_on: depends_on.iter().filter_map(|item| Some((item.as_text()?.to_string(), item.span))).collect(),
            deferrals,
            left_alone,
            retries: match shared.get("retries").map(YamlNode::to_value) {
                Some(Value::Integer(number)) => u32::try_from(number).unwrap_or_default(),
                _ => 0,
            },
            prevent_destroy: lifecycle
                .and_then(|lifecycle| lifecycle.get("prevent_destroy"))
                .is_some_and(|node| node.to_value() == Value::Bool(true)),
            prune: lifecycle
                .and_then(|lifecycle| lifecycle.get("prune")?.as_text())
                .and_then(Prune::of)
                .unwrap_or_default(),
            ignore_changes: lifecycle
                .and_then(|lifecycle| lifecycle.get("ignore_changes"))
                .map(|list| list.items().iter().filter_map(YamlNode::as_text).map(String::from).collect())
                .unwrap_or_default(),
            overridden: body.overridden != Overridden::No,
            node,
        })
    }

    /// Reports what `ignore_changes` names that cannot stay as the host has it.
    fn check_ignored(&mut self, kind: &dyn KindObject, lifecycle: Option<&YamlNode>) {
        let named = lifecycle.and_then(|lifecycle| lifecycle.get("ignore_changes")).map(YamlNode::items);
        let stays = kind.info().stays;
        for item in named.unwrap_or_default() {
            let Some(name) = item.as_text().filter(|name| !stays.contains(name)) else { continue };
            let attributes = kind.attributes().iter().map(|attribute| attribute.name);
            let (what, shown) = (kind.name(), kind.shown_as(name));
            let may = match stays {
                [] => format!("nothing of a {what} can; take `ignore_changes` away"),
                _ => format!("of a {what} it may name {}", stays.join(", ")),
            };
            let diagnostic = if shown != name && stays.contains(&shown) {
                Diagnostic::error(item.span, format!("`{name}` is a part of the {shown}, and cannot stay alone"))
                    .help(format!("name `{shown}`"))
            } else if attributes.clone().any(|attribute| attribute == name) {
                Diagnostic::error(item.span, format!("`{name}` of a {what} cannot stay as the host has it")).help(may)
            } else {
                Diagnostic::error(item.span, format!("a {what} has no `{name}`"))
                    .help_if(did_you_mean(name, attributes.chain(stays.iter().copied()).collect::<BTreeSet<_>>()))
            };
            self.evaluator.report(diagnostic);
        }
    }

    /// Evaluates the attributes of a mapping one by one, so that one that fails does not hide another.
    fn attributes(&mut self, node: &YamlNode, scope: &Scope) -> (YamlNode, bool) {
        let mut evaluated = Vec::with_capacity(node.entries().len());
        let mut right = true;
        for entry in node.entries() {
            match self.evaluator.node(&entry.value, scope) {
                Ok(value) => evaluated.push(Entry { key: entry.key.clone(), key_span: entry.key_span, value }),
                Err(Reported) => right = false,
            }
        }
        (YamlNode { value: YamlValue::Map(evaluated), span: node.span }, right)
    }

    pub(super) fn checked(&mut self, body: &'a Body, node: &YamlNode, absent: bool, scope: &Scope) -> (YamlNode, bool) {
        let namespace = self.evaluator.instances[scope.instance].namespace;
        let mut around = Around { resolver: self, scope, namespace: Some(namespace) };
        object(node, body.kind.attributes(), &described(body), absent, &mut around)
    }
}

/// The surroundings of a body being evaluated.
struct Around<'s, 'a, 'r> {
    resolver: &'s mut Resolver<'a, 'r>,
    scope: &'s Scope,
    namespace: Option<&'a Namespace>,
}

impl Surroundings for Around<'_, '_, '_> {
    fn written(&self, span: Span) -> &str {
        self.resolver.evaluator.sources.slice(span)
    }

    fn load(&mut self, asset: Asset, path: &str, span: Span) -> Option<Value> {
        let namespace = self.namespace?;
        let each = self.scope.each.is_some();
        self.resolver.load(asset, path, span, namespace, Some(self.scope), each)
    }

    fn not_a_selector(&mut self, text: &str) -> Option<String> {
        self.resolver.not_a_selector(text)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.resolver.evaluator.report(diagnostic);
    }
}
