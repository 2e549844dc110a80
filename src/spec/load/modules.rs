//! Uses of modules, and where modules are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, Span, did_you_mean};
use crate::model::YamlValue;
use crate::resource::{self, Attribute, Shape};

use super::super::draft::{Item, Role, is_identifier};
use super::super::namespace::{Call, Namespace};
use super::super::read::{beside, unreadable};
use super::Loader;

/// The keys of a use of a module.
pub(in crate::spec) const CALL: &[Attribute] = &[
    Attribute::required(
        "source",
        Shape::Text,
        "The path of a module's folder, or the name of one in a folder `modules` beside the spec or above it.",
    ),
    Attribute::optional("with", Shape::Map(&Shape::Any), "What its inputs are."),
    Attribute::optional("on", resource::ON, "Host names, or labels that a host must have; all hosts where left out."),
    Attribute::optional("when", Shape::Any, "An expression; where it is false all of the module is left alone."),
    Attribute::optional("for_each", Shape::Any, "A list or mapping; uses the module once for each item."),
];

/// How deep modules may use modules.
const MAX_MODULE_DEPTH: usize = 20;

impl Loader<'_> {
    pub(super) fn calls(&mut self, items: IndexMap<String, Item>, folder: &Path) -> IndexMap<String, Call> {
        let mut calls = IndexMap::new();
        for (name, entry) in self.entries(items, "a module", is_identifier) {
            if !matches!(entry.value.value, YamlValue::Map(_)) {
                let message = format!("the module `{name}` needs a `source`");
                self.report(
                    Diagnostic::error(entry.key_span, message)
                        .help("write `source: PATH`, and what it is given under `with:`"),
                );
                calls.insert(name, Call { source_span: entry.key_span, entry, namespace: None });
                continue;
            }
            for attribute in entry.value.entries() {
                if !CALL.iter().any(|known| known.name == attribute.key) {
                    let message = format!("a use of a module has no `{}`", attribute.key);
                    let help = match entry.value.get("with") {
                        None => Some("what a module is given stands under `with:`".to_string()),
                        Some(_) => did_you_mean(&attribute.key, CALL.iter().map(|known| known.name)),
                    };
                    self.report(Diagnostic::error(attribute.key_span, message).help_if(help));
                }
            }
            if let Some(with) = entry.value.get("with").filter(|with| !with.is_null())
                && !matches!(with.value, YamlValue::Map(_))
            {
                let message = format!("`with` is a mapping from inputs to values; this is {}", with.type_name());
                self.report(Diagnostic::error(with.span, message));
            }
            let source = entry.value.get("source").filter(|source| !source.is_null());
            let source_span = source.map_or(entry.key_span, |source| source.span);
            let namespace = match source.map(|source| (source.as_text(), source.type_name())) {
                Some((Some(text), _)) if !text.contains("{{") => self.module(text, source_span, folder),
                Some((Some(_), _)) => {
                    let message = "where a module is may not depend on an expression";
                    self.report(Diagnostic::error(source_span, message).help("write the path out"));
                    None
                }
                Some((None, what)) => {
                    let message = format!("`source` is the path of a module's folder; this is {what}");
                    self.report(Diagnostic::error(source_span, message));
                    None
                }
                None => {
                    let message = format!("the module `{name}` needs a `source`");
                    self.report(Diagnostic::error(entry.key_span, message));
                    None
                }
            };
            calls.insert(name, Call { entry, namespace, source_span });
        }
        calls
    }

    /// Loads a module once, however often it is used.
    fn module(&mut self, source: &str, span: Span, unit_folder: &Path) -> Option<Arc<Namespace>> {
        let folder = self.find_module(source, span, unit_folder)?;
        if self.loading.contains(&folder) {
            self.report(Diagnostic::error(span, format!("the module `{}` uses itself", folder.display())));
            return None;
        }
        if self.loading.len() >= MAX_MODULE_DEPTH {
            let message = format!("modules use modules more than {MAX_MODULE_DEPTH} deep");
            self.report(Diagnostic::error(span, message));
            return None;
        }
        if let Some(namespace) = self.modules.get(&folder) {
            return namespace.clone();
        }
        self.loading.push(folder.clone());
        let namespace = self.draft(&folder.join("module.yaml"), Role::Module).map(|(draft, file)| {
            let namespace = self.namespace(draft, folder.clone(), file);
            Arc::new(namespace)
        });
        self.loading.pop();
        self.modules.insert(folder, namespace.clone());
        namespace
    }

    /// Finds a module's folder: beside the file that names it, or by its bare name in a `modules` folder above.
    fn find_module(&mut self, source: &str, span: Span, unit_folder: &Path) -> Option<PathBuf> {
        let file_folder = Path::new(self.sources.name(span.file)).parent().map(Path::to_path_buf).unwrap_or_default();
        let first = beside(&file_folder, source);
        let mut candidates = vec![first.clone(), beside(unit_folder, source)];
        if is_identifier(source) {
            let above = ["modules", "../modules", "../../modules", "../../../modules"];
            candidates.extend(above.map(|modules| beside(unit_folder, modules).join(source)));
        }
        let found = candidates.into_iter().find(|folder| self.files.kind(&folder.join("module.yaml")).is_ok());
        if found.is_none() {
            let diagnostic = match self.files.kind(&first) {
                Ok(_) => Diagnostic::error(span, format!("there is no `module.yaml` in `{}`", first.display())),
                Err(error) => unreadable(&error).diagnostic(&self.files, &first, Some(span)),
            };
            // A name alone may be one of a folder that only `root:` lets the spec look into.
            let is_name = diagnostic.help.is_none() && is_identifier(source);
            let help =
                is_name.then(|| "a name is a folder of `modules` beside the spec or, within its `root:`, above".into());
            self.report(diagnostic.help_if(help));
        }
        found
    }
}
