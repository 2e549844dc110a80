//! Where secrets come from, as written.

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::kinds::SECRET;
use crate::model::{Entry, YamlNode, YamlValue};
use crate::resource::{Attribute, Shape};

use super::super::draft::{Item, is_variable};
use super::super::namespace::{Body, Overridden, Secret, SecretForm};
use super::Loader;

/// Where a secret may come from, besides being made (`generate`) and kept.
pub(in crate::spec) const SOURCES: &[Attribute] = &[
    Attribute::optional("env", Shape::Text, "A variable of the environment `infra` runs in."),
    Attribute::optional("file", Shape::Text, "A file on this machine, relative to the file that names it."),
    Attribute::optional(
        "command",
        Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
        "What a program on this machine prints; a text instead of a list is run by `sh`.",
    ),
    Attribute::optional(
        "sops",
        Shape::Object(&[
            Attribute::required("file", Shape::Text, "The file, relative to the file that names it."),
            Attribute::optional("key", Shape::Text, "The value's key; all of the file where left out."),
        ]),
        "A file that `sops` decrypts, or a value in it.",
    ),
    Attribute::optional(
        "age",
        Shape::Object(&[
            Attribute::required("file", Shape::Text, "The file, relative to the file that names it."),
            Attribute::required("identity", Shape::Text, "The file with the identity."),
        ]),
        "A file that `age` decrypts.",
    ),
];
const HELP: &str = "give it one of `env`, `file`, `command`, `sops`, `age`, or `generate` with `keep`";

fn is_source(key: &str) -> bool {
    key == "generate" || SOURCES.iter().any(|source| source.name == key)
}

impl Loader<'_> {
    pub(super) fn secrets(
        &mut self,
        items: IndexMap<String, Item>,
        bodies: &mut Vec<Body>,
    ) -> IndexMap<String, Secret> {
        let mut secrets = IndexMap::new();
        for (name, entry) in self.entries(items, "a secret", is_variable) {
            let forms = match &entry.value.value {
                YamlValue::Map(_) => self.source(&entry, &entry.value, bodies).into_iter().collect(),
                YamlValue::List(items) if !items.is_empty() => self.sources(&entry, items, bodies),
                _ => {
                    let message = format!("the secret `{name}` needs a source");
                    self.report(Diagnostic::error(entry.key_span, message).help(HELP));
                    Vec::new()
                }
            };
            secrets.insert(name, Secret { entry, forms });
        }
        secrets
    }

    /// Reads an ordered list of sources.
    fn sources(&mut self, entry: &Entry, items: &[YamlNode], bodies: &mut Vec<Body>) -> Vec<(SecretForm, Span)> {
        let mut forms = Vec::new();
        let mut last: Option<Span> = None;
        for item in items {
            if !matches!(item.value, YamlValue::Map(_)) {
                let message = format!("a source of a secret is a mapping; this is {}", item.type_name());
                self.report(Diagnostic::error(item.span, message).help(HELP));
                continue;
            }
            if let Some(made) = last {
                self.report(
                    Diagnostic::error(item.span, "this source is never asked")
                        .related(made, "what is made here is always there")
                        .help("put `generate` last"),
                );
                break;
            }
            if let Some(state) = item.entry("state") {
                let message = "`state` belongs to a secret with one source";
                self.report(Diagnostic::error(state.key_span, message));
                continue;
            }
            let Some((form, span)) = self.source(entry, item, bodies) else { continue };
            if matches!(form, SecretForm::Kept { .. }) {
                last = Some(item.span);
            }
            forms.push((form, span));
        }
        forms
    }

    /// Reads one source.
    fn source(&mut self, entry: &Entry, node: &YamlNode, bodies: &mut Vec<Body>) -> Option<(SecretForm, Span)> {
        let name = &entry.key;
        let mut right = true;
        for attribute in node.entries() {
            let key = attribute.key.as_str();
            let known = [SOURCES, SECRET.attributes(), SECRET.common_attributes()].into_iter().flatten();
            let known = known.map(|one| one.name);
            if !known.clone().any(|name| name == key) {
                let diagnostic = Diagnostic::error(attribute.key_span, format!("a secret has no source `{key}`"));
                self.report(diagnostic.help_if(did_you_mean(key, known)));
                right = false;
            }
        }
        let given: Vec<&Entry> = node.entries().iter().filter(|given| is_source(&given.key)).collect();
        let keep = node.entry("keep");
        let absent = node.get("state").and_then(YamlNode::as_text) == Some("absent");
        let source = match given.as_slice() {
            [source] => source,
            [] if absent && keep.is_some() => return Some(self.kept(entry, node, true, bodies)),
            [] => {
                if right {
                    let message = format!("the secret `{name}` needs a source");
                    let span = if node.span == entry.value.span { entry.key_span } else { node.span };
                    self.report(Diagnostic::error(span, message).help(HELP));
                }
                return None;
            }
            [first, second, ..] => {
                self.report(
                    Diagnostic::error(second.key_span, format!("the secret `{name}` has two sources"))
                        .related(first.key_span, "this is the first")
                        .help("give them in a list: it comes from the first that has it"),
                );
                return None;
            }
        };
        if source.key == "generate" {
            if keep.is_none() {
                self.report(
                    Diagnostic::error(source.key_span, format!("the secret `{name}` is made but not kept"))
                        .help("say where: `keep: { path: /etc/NAME/credentials, key: NAME }`"),
                );
                return None;
            }
            return Some(self.kept(entry, node, absent, bodies));
        }
        for alien in keep.into_iter().chain(node.entry("state")) {
            let message = format!("`{}` belongs to `generate`; this secret comes from `{}`", alien.key, source.key);
            self.report(Diagnostic::error(alien.key_span, message));
        }
        let value = || source.value.clone();
        let form = match source.key.as_str() {
            "env" => SecretForm::Env(value()),
            "file" => SecretForm::File(value()),
            "command" => SecretForm::Command(value()),
            "sops" => {
                let [file, key] = self.parts(source, ["file", "key"])?;
                SecretForm::Sops { file: self.part(source, "file", file)?, key }
            }
            _ => {
                let [file, identity] = self.parts(source, ["file", "identity"])?;
                let file = self.part(source, "file", file);
                let identity = self.part(source, "identity", identity);
                SecretForm::Age { file: file?, identity: identity? }
            }
        };
        Some((form, source.key_span))
    }

    /// Returns the parts of a source that is a mapping; another key is a mistake.
    fn parts(&mut self, source: &Entry, known: [&str; 2]) -> Option<[Option<YamlNode>; 2]> {
        if !matches!(source.value.value, YamlValue::Map(_)) {
            let what = source.value.type_name();
            let message =
                format!("`{}` is a mapping with `{}` and `{}`; this is {what}", source.key, known[0], known[1]);
            self.report(Diagnostic::error(source.value.span, message));
            return None;
        }
        for entry in source.value.entries().iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            let diagnostic = Diagnostic::error(entry.key_span, format!("`{}` has no `{}`", source.key, entry.key));
            self.report(diagnostic.help_if(did_you_mean(&entry.key, known)));
        }
        Some(known.map(|name| source.value.get(name).filter(|node| !node.is_null()).cloned()))
    }

    fn part(&mut self, source: &Entry, name: &str, part: Option<YamlNode>) -> Option<YamlNode> {
        if part.is_none() {
            self.report(Diagnostic::error(source.key_span, format!("`{}` needs `{name}`", source.key)));
        }
        part
    }

    /// Makes the resource that keeps a secret.
    fn kept(&mut self, entry: &Entry, node: &YamlNode, absent: bool, bodies: &mut Vec<Body>) -> (SecretForm, Span) {
        let host = node.get("keep").and_then(|keep| keep.get("host")).filter(|host| !host.is_null()).cloned();
        let form = (SecretForm::Kept { host, absent }, node.entry("generate").map_or(node.span, |made| made.key_span));
        let mut body = Entry { value: node.clone(), ..entry.clone() };
        if let YamlValue::Map(attributes) = &mut body.value.value {
            for attribute in attributes {
                // Which host it is, is its address.
                if let ("keep", YamlValue::Map(keep)) = (attribute.key.as_str(), &mut attribute.value.value) {
                    keep.retain(|entry| entry.key != "host");
                }
            }
        }
        bodies.push(Body { kind: SECRET, entry: body, overridden: Overridden::No });
        form
    }
}
