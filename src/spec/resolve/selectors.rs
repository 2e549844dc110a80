//! Selectors that select nothing.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, MOST_SUGGESTIONS, Span, nearest};
use crate::kinds::{self, by_name, companions};
use crate::model::{Address, YamlNode};
use crate::resource::Shape;

use super::super::expression::has_expression;
use super::super::{AddressIndex, Resolved, Selector};
use super::Resolver;

impl<'a> Resolver<'a, '_> {
    /// Says why a text is no selector; a glob is compiled once, however many resources have it.
    pub(super) fn not_a_selector(&mut self, text: &str) -> Option<String> {
        if let Some(why) = self.selectors.get(text) {
            return why.clone();
        }
        let why = Selector::parse(text).err().map(|error| error.to_string());
        self.selectors.insert(text.to_string(), why.clone());
        why
    }

    /// Reports selectors that select nothing, unless what they mean may still come.
    pub(super) fn check_selectors(&mut self, resources: &[Resolved]) {
        // What is selected may still come.
        if !self.pending.is_empty() || !self.complete {
            return;
        }
        let is_wrong = !self.evaluator.diagnostics.is_empty();
        let all: Vec<&Address> = resources.iter().map(|resolved| &resolved.address).collect();
        let index = OnceCell::new();
        let mut answered: HashMap<(&str, &str), bool> = HashMap::new();
        let mut reports = Vec::new();
        for resolved in resources {
            let host = &*resolved.address.host;
            for (text, span) in selectors(resolved) {
                let matches = *answered.entry((host, text)).or_insert_with(|| {
                    let index = index.get_or_init(|| AddressIndex::new(all.clone()));
                    selects(text, host, index) || is_wrong && self.is_written(text)
                });
                if !matches {
                    let diagnostic = Diagnostic::error(span, format!("`{text}` matches no resource"));
                    let near = if reports.len() < MOST_SUGGESTIONS { near_address(text, host, &all) } else { None };
                    reports.push(diagnostic.help_if(near));
                }
            }
        }
        self.evaluator.diagnostics.extend(reports);
    }

    /// Returns whether an entry may be what a selector means, on whatever host; it is no resource where something is wrong.
    fn is_written(&self, text: &str) -> bool {
        let Ok(selector) = Selector::parse(text) else { return true };
        let bodies = self.evaluator.instances.iter().flat_map(|instance| &instance.namespace.bodies);
        bodies.into_iter().any(|body| {
            let name = (!has_expression(&body.entry.key)).then_some(body.entry.key.as_str());
            let kinds = std::iter::once(body.kind).chain(companions(body.kind).map(|(kind, _)| kind));
            kinds.into_iter().any(|kind| selector.may_select(kind.name(), name))
        })
    }
}

/// Returns whether a selector names a host, or a glob of hosts.
fn names_host(text: &str) -> bool {
    text.split_once(':').is_some_and(|(before, _)| before.contains('/'))
}

/// Returns whether a selector selects any address.
fn selects(text: &str, host: &str, index: &AddressIndex<'_>) -> bool {
    let Ok(selector) = Selector::parse(text) else { return true };
    index.selects_any(&selector, host)
}

fn near_address(text: &str, host: &str, all: &[&Address]) -> Option<String> {
    let kind = text.split(['/', ':']).find(|part| by_name(part).is_some());
    if kind.is_none() {
        let written = text.split_once(':').map_or(text, |(before, _)| before);
        let written = written.rsplit('/').next().unwrap_or(written);
        let kinds = kinds::all().iter().map(|kind| kind.name());
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
        if let Some(node) = resolved.node.get(attribute.name) {
            collect(&attribute.shape, node, &mut all);
        }
    }
    all
}

fn collect<'n>(shape: &Shape, node: &'n YamlNode, all: &mut Vec<(&'n str, Span)>) {
    match shape {
        Shape::Selectors => all.extend(node.items().iter().filter_map(|item| Some((item.as_text()?, item.span)))),
        Shape::Map(value) => node.entries().iter().for_each(|entry| collect(value, &entry.value, all)),
        _ => {}
    }
}
