//! Finding undefined names in expressions without evaluating them, so that all are reported at once.

use std::ops::Range;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, FileId, Span, nearest};
use crate::model::{Entry, Value, YamlNode, YamlValue};

use super::confined::Confined;
use super::evaluate::{Evaluator, Keys, file_span};
use super::expression::{Analysis, Places, Reference, Step, has_expression, template_key};
use super::facts::FACTS;
use super::namespace::Namespace;
use super::other_words;
use super::read::{Assets, beside};

/// The names expressions start with.
const ROOTS: [&str; 7] = ["vars", "host", "hosts", "secrets", "each", "inputs", "modules"];
const HOST: [&str; 4] = ["name", "address", "labels", "facts"];

/// Where an expression stands, which decides what it may use.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub namespace: &'a Namespace,
    pub is_module: bool,
    /// `for_each` is around it.
    pub each: bool,
    /// It is evaluated for a host.
    pub host: bool,
    /// The hosts are known where it is evaluated.
    pub hosts: bool,
    /// What a secret would decide here, where that is forbidden.
    pub decides: Option<&'static str>,
}

impl Evaluator<'_> {
    /// Checks all expressions of a node.
    pub(super) fn check_names(&mut self, node: &YamlNode, site: Site<'_>) {
        match &node.value {
            YamlValue::Scalar(Value::Text(text)) => self.check_text(text, node.span, site),
            YamlValue::Scalar(_) => {}
            YamlValue::List(items) => items.iter().for_each(|item| self.check_names(item, site)),
            YamlValue::Map(entries) => {
                for entry in entries {
                    self.check_text(&entry.key, entry.key_span, Site { decides: Some("a name"), ..site });
                    self.check_names(&entry.value, site);
                }
            }
        }
    }

    /// Checks one text.
    pub(super) fn check_text(&mut self, text: &str, span: Span, site: Site<'_>) {
        if !has_expression(text) {
            return;
        }
        let analysis = self.engine.analysis(text);
        let mut found = self.problems(&analysis, site, false);
        found.extend(analysis.templates.iter().map(|(_, range)| Found {
            range: range.clone(),
            message: "a string takes in no templates".into(),
            help: Some("put the text into a file of its own and name it with `template:`".into()),
            related: None,
        }));
        if found.is_empty() {
            return;
        }
        self.wrong.insert(span);
        let places = Places::new(text, span, self.sources);
        let reports: Vec<Diagnostic> =
            found.into_iter().map(|found| found.at(places.span(&found.range.clone()))).collect();
        self.diagnostics.extend(reports);
    }

    /// Reports vars that need themselves, whether or not anything uses them.
    pub(super) fn check_cycles(&mut self, namespace: &Namespace) {
        let needs: Vec<Vec<usize>> =
            namespace.vars.values().map(|entry| self.needed_vars(&entry.value, namespace)).collect();
        // 0 not seen, 1 on the path, 2 done.
        let mut seen = vec![0_u8; needs.len()];
        for start in 0..needs.len() {
            let mut path: Vec<(usize, usize)> = Vec::new();
            if seen[start] == 0 {
                seen[start] = 1;
                path.push((start, 0));
            }
            while let Some((at, next)) = path.last_mut() {
                let Some(&need) = needs[*at].get(*next) else {
                    seen[*at] = 2;
                    path.pop();
                    continue;
                };
                *next += 1;
                match seen[need] {
                    0 => {
                        seen[need] = 1;
                        path.push((need, 0));
                    }
                    1 => {
                        let from = path.iter().position(|&(at, _)| at == need).unwrap_or(0);
                        let around: Vec<usize> = path[from..].iter().map(|&(at, _)| at).collect();
                        self.var_cycle(namespace, &around);
                    }
                    _ => {}
                }
            }
        }
    }

    fn var_cycle(&mut self, namespace: &Namespace, around: &[usize]) {
        let entries: Vec<_> = around.iter().filter_map(|&at| namespace.vars.get_index(at)).collect();
        let Some((first, entry)) = entries.first() else { return };
        let mut path: Vec<String> = entries.iter().map(|(name, _)| format!("vars.{name}")).collect();
        path.push(format!("vars.{first}"));
        let mut diagnostic = Diagnostic::error(entry.key_span, format!("dependency cycle: {}", path.join(" -> ")));
        for (name, entry) in &entries[1..] {
            diagnostic = diagnostic.related(entry.key_span, format!("through vars.{name}"));
        }
        self.diagnostics.push(diagnostic);
        // It is said once; whatever uses one of them stays silent.
        for (_, entry) in &entries {
            let mut todo = vec![&entry.value];
            while let Some(node) = todo.pop() {
                self.wrong.insert(node.span);
                todo.extend(node.items());
                todo.extend(node.entries().iter().map(|entry| &entry.value));
            }
        }
    }

    fn needed_vars(&self, node: &YamlNode, namespace: &Namespace) -> Vec<usize> {
        let mut needed = Vec::new();
        let mut todo = vec![node];
        while let Some(node) = todo.pop() {
            todo.extend(node.items());
            todo.extend(node.entries().iter().map(|entry| &entry.value));
            let keys = node.entries().iter().map(|entry| entry.key.as_str());
            for text in node.as_text().into_iter().chain(keys).filter(|text| has_expression(text)) {
                for reference in &self.engine.analysis(text).references {
                    if let ("vars", Some(Step::Name(name, _))) = (reference.root.as_str(), reference.path.first()) {
                        needed.extend(namespace.vars.get_index_of(name.as_str()));
                    }
                }
            }
        }
        needed
    }

    /// Checks a template file and those it takes in. Returns its source's id and whether all is right.
    pub(super) fn check_file(
        &mut self,
        path: &Path,
        text: &Arc<str>,
        site: Site<'_>,
        files: &Confined<'_>,
        assets: &mut Assets,
    ) -> (FileId, bool) {
        let file = self.sources.add(path.display().to_string(), Arc::clone(text));
        let mut right = true;
        let mut todo = vec![(path.to_path_buf(), Arc::clone(text), file, false)];
        let mut seen = vec![path.to_path_buf()];
        while let Some((path, text, file, included)) = todo.pop() {
            let analysis = self.engine.provide(&template_key(&site.namespace.folder, &path), &text);
            for found in self.problems(&analysis, site, included) {
                right = false;
                self.diagnostics.push(found.at(file_span(file, &found.range.clone())));
            }
            for (name, range) in &analysis.templates {
                let other = beside(&site.namespace.folder, name);
                match assets.text(files, &other) {
                    Ok(text) => {
                        if !seen.contains(&other) {
                            seen.push(other.clone());
                            let file = self.sources.add(other.display().to_string(), Arc::clone(&text));
                            todo.push((other, text, file, true));
                        }
                    }
                    Err(why) => {
                        right = false;
                        self.diagnostics.push(why.diagnostic(files, &other, Some(file_span(file, range))));
                    }
                }
            }
        }
        (file, right)
    }

    fn problems(&self, analysis: &Analysis, site: Site<'_>, included: bool) -> Vec<Found> {
        let mut found: Vec<Found> = analysis
            .problems
            .iter()
            .map(|problem| Found {
                range: problem.range.clone(),
                message: problem.message.clone(),
                help: problem.help.clone(),
                related: None,
            })
            .collect();
        for reference in &analysis.references {
            // What takes a template in may have set other names.
            if included && !ROOTS.contains(&reference.root.as_str()) {
                continue;
            }
            found.extend(self.reference(reference, site));
        }
        found
    }

    fn reference(&self, reference: &Reference, site: Site<'_>) -> Option<Found> {
        let at_root = |message: String, help: Option<String>| {
            Some(Found { range: reference.root_range.clone(), message, help, related: None })
        };
        let namespace = site.namespace;
        let steps = &reference.path;
        // `x is defined` may ask for a last step that is not there.
        let unknown = |at: usize, is_known: &dyn Fn(&str) -> bool| match steps.get(at) {
            Some(Step::Name(name, range)) if !(is_known(name) || reference.optional && at + 1 == steps.len()) => {
                Some((name, range))
            }
            _ => None,
        };
        let missing = |(name, range): (&String, &Range<usize>), what: &str, known: Vec<&str>| Found {
            range: range.clone(),
            message: format!("{what} has no `{name}`"),
            help: self.did_you_mean(name, known),
            related: None,
        };
        let one_of = |at: usize, what: &str, known: &[&'static str]| {
            let found = unknown(at, &|name| known.contains(&name))?;
            Some(missing(found, what, known.to_vec()))
        };
        match reference.root.as_str() {
            "vars" => {
                let keys = || namespace.vars.keys().map(String::as_str).collect();
                match unknown(0, &|name| namespace.vars.contains_key(name)) {
                    Some(found) => Some(missing(found, "`vars`", keys())),
                    None => self.deeper(reference, namespace),
                }
            }
            "inputs" if !site.is_module => {
                at_root("`inputs` are known only in a module".into(), Some("a spec has `vars`".into()))
            }
            "inputs" => {
                let found = unknown(0, &|name| namespace.inputs.contains_key(name))?;
                Some(missing(found, "`inputs`", namespace.inputs.keys().map(String::as_str).collect()))
            }
            "secrets" => match site.decides {
                Some(what) => at_root(format!("a secret may not decide {what}"), None),
                None => {
                    let found = unknown(0, &|name| namespace.secrets.contains_key(name))?;
                    Some(missing(found, "`secrets`", namespace.secrets.keys().map(String::as_str).collect()))
                }
            },
            "modules" => {
                if let Some(found) = unknown(0, &|name| namespace.calls.contains_key(name)) {
                    return Some(missing(found, "`modules`", namespace.calls.keys().map(String::as_str).collect()));
                }
                let Some(Step::Name(name, _)) = steps.first() else { return None };
                let call = namespace.calls.get(name)?;
                let called = call.namespace.as_deref()?;
                // With `for_each` the item's key comes first.
                let at = if call.get("for_each").is_some() { 2 } else { 1 };
                let found = unknown(at, &|name| called.outputs.contains_key(name))?;
                let known = called.outputs.keys().map(String::as_str).collect();
                let related = Some((call.source_span, "it is this module".into()));
                Some(Found { related, ..missing(found, &format!("the module `{name}`"), known) })
            }
            "each" if !site.each => at_root("`each` is known only with `for_each`".into(), None),
            "each" => one_of(0, "`each`", &["key", "value"]),
            "host" if !site.host => {
                at_root("`host` is not known here".into(), Some("it is worked out before a host is decided on".into()))
            }
            "host" => one_of(0, "`host`", &HOST).or_else(|| self.fact(reference, 0)),
            "hosts" if !site.hosts => at_root("`hosts` are not known here".into(), None),
            "hosts" => match unknown(0, &|name| self.has_host(name)) {
                Some((name, range)) => Some(Found {
                    range: range.clone(),
                    message: format!("the spec has no host `{name}`"),
                    help: self.did_you_mean(name, self.world.hosts.iter().map(|host| host.name.as_str())),
                    related: None,
                }),
                None => one_of(1, "a host", &HOST).or_else(|| self.fact(reference, 1)),
            },
            _ if reference.optional && steps.is_empty() => None,
            name => at_root(format!("there is no `{name}` in scope"), Some(root_meant(name, namespace))),
        }
    }

    /// Follows a path into facts, whose step `facts` is at a place.
    fn fact(&self, reference: &Reference, at: usize) -> Option<Found> {
        let mut steps = reference.path.iter().enumerate().skip(at);
        let is_named = |step: &Step, wanted: &str| matches!(step, Step::Name(name, _) if name == wanted);
        steps.next().filter(|(_, step)| is_named(step, "facts"))?;
        let mut path = "facts".to_string();
        let mut known = FACTS;
        for (at, step) in steps {
            let Step::Name(name, range) = step else { return None };
            match known.iter().find(|fact| fact.name == name) {
                Some(fact) if fact.inside.is_empty() => return None,
                Some(fact) => known = fact.inside,
                None if reference.optional && at + 1 == reference.path.len() => return None,
                None => {
                    return Some(Found {
                        range: range.clone(),
                        message: format!("`{path}` has no `{name}`"),
                        help: self.did_you_mean(name, known.iter().map(|fact| fact.name)),
                        related: None,
                    });
                }
            }
            path = format!("{path}.{name}");
        }
        None
    }

    /// Returns the keys of a mapping with their places; nothing where one of them is an expression.
    fn keys(&self, entries: &[Entry]) -> Option<Rc<Keys>> {
        let mut known = self.keys.borrow_mut();
        let keys = known.entry(entries.as_ptr_range().start).or_insert_with(|| {
            let is_written_out = !entries.iter().any(|entry| has_expression(&entry.key));
            is_written_out.then(|| {
                Rc::new(entries.iter().enumerate().map(|(at, entry)| (entry.key.as_str().into(), at)).collect())
            })
        });
        keys.clone()
    }

    /// Follows a path into a var that is written out.
    fn deeper(&self, reference: &Reference, namespace: &Namespace) -> Option<Found> {
        let mut steps = reference.path.iter().enumerate();
        let (_, Step::Name(var, _)) = steps.next()? else { return None };
        let entry = namespace.vars.get(var)?;
        let mut node = &entry.value;
        let mut path = format!("vars.{var}");
        for (at, step) in steps {
            let Step::Name(name, range) = step else { return None };
            let YamlValue::Map(entries) = &node.value else { return None };
            let keys = self.keys(entries)?;
            match keys.get(name.as_str()) {
                Some(&at) => node = &entries[at].value,
                None if reference.optional && at + 1 == reference.path.len() => return None,
                None => {
                    let known: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
                    return Some(Found {
                        range: range.clone(),
                        message: format!("`{path}` has no `{name}`"),
                        help: self.did_you_mean(name, known),
                        related: Some((entry.key_span, "it is declared here".into())),
                    });
                }
            }
            path = format!("{path}.{name}");
        }
        None
    }
}

/// A mistake in a text.
struct Found {
    range: Range<usize>,
    message: String,
    help: Option<String>,
    related: Option<(Span, String)>,
}

impl Found {
    fn at(&self, span: Span) -> Diagnostic {
        let diagnostic = Diagnostic::error(span, self.message.clone()).help_if(self.help.clone());
        match &self.related {
            Some((span, words)) => diagnostic.related(*span, words.clone()),
            None => diagnostic,
        }
    }
}

/// Says what was probably meant by a name that is in no scope.
fn root_meant(name: &str, namespace: &Namespace) -> String {
    // A var without its `vars.` is the likeliest slip.
    let slip = [("vars", namespace.vars.contains_key(name)), ("inputs", namespace.inputs.contains_key(name))];
    match (slip.iter().find(|(_, there)| *there), other_words::name(name), nearest(name, ROOTS)) {
        (Some((root, _)), ..) => format!("did you mean `{root}.{name}`?"),
        (None, Some(ours), _) => ours,
        (None, None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None, None) => format!("known: {}", ROOTS.join(", ")),
    }
}
