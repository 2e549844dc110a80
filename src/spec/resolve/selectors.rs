//! Selectors that select nothing.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::diagnostic::{Diagnostic, MOST_SUGGESTIONS, Span, nearest};
use crate::kinds::{self, by_name};
use crate::model::Address;
use crate::resource::Shape;

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
        // What is selected may still come, or is not there because something else is wrong.
        if !self.pending.is_empty() || !self.evaluator.diagnostics.is_empty() || !self.complete {
            return;
        }
        let all: Vec<&Address> = resources.iter().map(|resolved| &resolved.address).collect();
        let index = OnceCell::new();
        let mut answered: HashMap<(&str, &str), bool> = HashMap::new();
        let mut reports = Vec::new();
        for resolved in resources {
            let host = &*resolved.address.host;
            for (text, span) in selectors(resolved) {
                let matches = *answered
                    .entry((host, text))
                    .or_insert_with(|| selects(text, host, index.get_or_init(|| AddressIndex::new(all.clone()))));
                if !matches {
                    let diagnostic = Diagnostic::error(span, format!("`{text}` matches no resource"));
                    let near = if reports.len() < MOST_SUGGESTIONS { near_address(text, host, &all) } else { None };
                    reports.push(diagnostic.help_if(near));
                }
            }
        }
        self.evaluator.diagnostics.extend(reports);
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
        if matches!(attribute.shape, Shape::Selectors)
            && let Some(node) = resolved.node.get(attribute.name)
        {
            all.extend(node.items().iter().filter_map(|item| Some((item.as_text()?, item.span))));
        }
    }
    all
}
