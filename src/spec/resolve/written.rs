//! Looking for mistakes in what is written, without evaluating it.

use std::collections::HashSet;

use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::model::{Value, YamlNode, YamlValue};
use crate::resource::Attribute;

use super::super::check::{Asset, Surroundings, object, unknown_keys};
use super::super::names::Site;
use super::super::namespace::{Body, Call, Namespace};
use super::Resolver;
use super::body::{described, is_absent, mask, split};

impl<'a> Resolver<'a, '_> {
    /// Looks for mistakes in everything that is written, whether or not it comes to be evaluated.
    pub(super) fn check_statically(&mut self) {
        let root = self.evaluator.world.root;
        let mut seen: HashSet<*const Namespace> = HashSet::from([std::ptr::from_ref(root)]);
        let mut todo = vec![root];
        while let Some(namespace) = todo.pop() {
            self.check_namespace(namespace, !std::ptr::eq(namespace, root));
            for call in namespace.calls.values() {
                let Some(called) = call.namespace.as_deref() else { continue };
                self.check_inputs(called, call);
                if seen.insert(std::ptr::from_ref(called)) {
                    todo.push(called);
                }
            }
        }
    }

    fn check_namespace(&mut self, namespace: &'a Namespace, is_module: bool) {
        let site = Site { namespace, is_module, each: false, host: true, hosts: true, decides: None };
        for entry in namespace.vars.values().chain(namespace.outputs.values()) {
            self.evaluator.check_names(&entry.value, site);
        }
        self.evaluator.check_cycles(namespace);
        for call in namespace.calls.values() {
            let each = call.get("for_each").is_some();
            let site = Site { each, ..site };
            if let Some(with) = call.get("with") {
                self.evaluator.check_names(with, site);
            }
            let early = Site { host: false, ..site };
            for (name, decided) in [("on", "`on`"), ("when", "`when`"), ("for_each", "`for_each`")] {
                if let Some(node) = call.get(name) {
                    let site = match name {
                        "when" => site,
                        "for_each" => Site { each: false, ..early },
                        _ => early,
                    };
                    self.evaluator.check_names(node, Site { decides: Some(decided), ..site });
                }
            }
        }
        for secret in namespace.secrets.values() {
            let decides = Some("where a secret comes from");
            let site = Site { host: false, hosts: false, decides, ..site };
            for node in secret.forms.iter().flat_map(|(form, _)| form.nodes()) {
                self.evaluator.check_names(node, site);
            }
        }
        for body in &namespace.bodies {
            self.check_body(body, site);
        }
    }

    fn check_body(&mut self, body: &'a Body, site: Site<'a>) {
        let each = body.entry.value.get("for_each").is_some_and(|node| !node.is_null());
        let site = Site { each, ..site };
        self.evaluator.check_text(&body.entry.key, body.entry.key_span, Site { decides: Some("a name"), ..site });
        for attribute in body.entry.value.entries() {
            let site = match attribute.key.as_str() {
                "on" => Site { host: false, each: false, decides: Some("`on`"), ..site },
                "for_each" => Site { each: false, decides: Some("`for_each`"), ..site },
                "when" => Site { decides: Some("`when`"), ..site },
                "depends_on" => Site { decides: Some("`depends_on`"), ..site },
                _ => site,
            };
            self.evaluator.check_names(&attribute.value, site);
        }
        let what = described(body);
        let tables: [&[Attribute]; 2] = [body.kind.attributes(), body.kind.common_attributes()];
        let mut around = Static { resolver: self, site };
        unknown_keys(&body.entry.value, &tables, &what, &mut around);
        let masked = mask(&body.entry.value);
        let (own, shared) = split(&masked, body);
        let absent = is_absent(&shared);
        object(&own, body.kind.attributes(), &what, absent, &mut around);
        object(&shared, body.kind.common_attributes(), &what, absent, &mut around);
    }

    /// Checks that a call hands over what the module takes.
    fn check_inputs(&mut self, namespace: &Namespace, call: &Call) {
        let with = call.get("with");
        if with.is_some_and(|with| !matches!(with.value, YamlValue::Map(_))) {
            return;
        }
        let given = with.map(YamlNode::entries).unwrap_or_default();
        let name = &call.entry.key;
        for entry in given {
            if !namespace.inputs.contains_key(&entry.key) {
                let diagnostic =
                    Diagnostic::error(entry.key_span, format!("the module `{name}` has no input `{}`", entry.key))
                        .related(call.source_span, "it is this module");
                let help = did_you_mean(&entry.key, namespace.inputs.keys().map(String::as_str));
                self.evaluator.report(diagnostic.help_if(help));
            }
        }
        for (input, spec) in &namespace.inputs {
            let is_given = given.iter().any(|entry| entry.key == *input && !entry.value.is_null());
            if spec.required && !is_given {
                self.evaluator.report(
                    Diagnostic::error(call.entry.key_span, format!("the module `{name}` needs the input `{input}`"))
                        .related(spec.span, "the module declares it here")
                        .help(format!("add `{input}:` under `with:`")),
                );
            }
        }
        // Literals are checked here, so that a call on no host is checked too; the rest when it is evaluated.
        for entry in given {
            let Some(input) = namespace.inputs.get(&entry.key).filter(|_| !entry.value.is_null()) else { continue };
            let masked = mask(&entry.value);
            if let Err(misfit) = input.check(&masked.to_value()) {
                let message = format!("`{}` does not fit the module: {}", misfit.name(&entry.key), misfit.message);
                let diagnostic = Diagnostic::error(misfit.span(&entry.value), message)
                    .related(input.span, "the module declares it here");
                self.evaluator.report(diagnostic.help_if(misfit.help));
            }
        }
    }
}

/// The surroundings of a body being checked without evaluating it.
struct Static<'s, 'a, 'r> {
    resolver: &'s mut Resolver<'a, 'r>,
    site: Site<'a>,
}

impl Surroundings for Static<'_, '_, '_> {
    fn written(&self, span: Span) -> &str {
        self.resolver.evaluator.sources.slice(span)
    }

    fn load(&mut self, asset: Asset, path: &str, span: Span) -> Option<Value> {
        self.resolver.load(asset, path, span, self.site.namespace, None, self.site.each)
    }

    fn not_a_selector(&mut self, text: &str) -> Option<String> {
        self.resolver.not_a_selector(text)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.resolver.evaluator.report(diagnostic);
    }
}
