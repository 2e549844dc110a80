//! From files to a [`Spec`]: reading, including, merging, modules.

mod modules;
mod moved;
mod root;
pub(super) mod secrets;

pub(super) use modules::CALL;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use indexmap::IndexMap;

use crate::diagnostic::{Diagnostic, FileId, Sources, Span, did_you_mean};
use crate::kinds;
use crate::model::{Entry, Value, YamlNode, YamlValue};

use super::confined::{Bounds, Confined};
use super::draft::{Draft, Item, Role, is_identifier, is_variable};
use super::files::{FileKind, Files, normalize};
use super::input::{InputSpec, long_form};
use super::namespace::{Body, Namespace};
use super::read::{self, Assets, Unreadable, beside};
use super::{Knowledge, LoadOptions, Spec, check, hosts, input, yaml};

/// Reads a spec with everything it takes in. On any mistake all that can be found are returned.
pub fn load(files: &dyn Files, options: &LoadOptions, sources: &mut Sources) -> Result<Spec, Vec<Diagnostic>> {
    let mut loader = Loader {
        files: Confined::new(files, Bounds::default()),
        sources,
        diagnostics: Vec::new(),
        modules: HashMap::new(),
        loading: Vec::new(),
        given: BTreeMap::new(),
    };
    let Some((mut draft, folder, file)) = loader.spec(options) else { return Err(loader.diagnostics) };
    let inventory_hosts = draft.inventory_hosts.take();
    let name = draft.name.take();
    let host_items = draft.remove("hosts");
    let moved = loader.moved(draft.remove("moved"));
    let incomplete = draft.incomplete;
    if name.is_none() && !incomplete {
        let span = Span { file, start: 0, end: 0 };
        let help = "write `name: NAME`; it says in each host's ledger whose resources they are";
        loader.report(Diagnostic::error(span, "the spec has no name").help(help));
    }
    let root = loader.namespace(draft, folder, file);
    let bounds = loader.files.bounds;
    let given = loader.given;
    let mut diagnostics = loader.diagnostics;
    let mut spec = Spec {
        name: name.map(|(name, _)| name).unwrap_or_default(),
        hosts: Vec::new(),
        moved,
        secrets: Vec::new(),
        root: Arc::new(root),
        complete: !incomplete,
        checked: AtomicBool::new(false),
        assets: Mutex::new(Assets::default()),
        bounds,
        evaluating: Arc::clone(&options.evaluating),
        given: given.into_iter().collect(),
    };
    hosts::work_out(&mut spec, &host_items, inventory_hosts.as_deref(), options, sources, &mut diagnostics);
    if diagnostics.is_empty() {
        return Ok(spec);
    }
    spec.complete = false;
    // What is wrong in the resources is wanted in the same go.
    // Where a secret comes from may be what is wrong.
    let nothing = Knowledge::unread(hosts::secret_names(&spec.root).into_iter());
    diagnostics.extend(spec.resolve(files, &nothing, sources).diagnostics);
    Err(diagnostics)
}

struct Loader<'l> {
    files: Confined<'l>,
    sources: &'l mut Sources,
    diagnostics: Vec<Diagnostic>,
    /// Modules read so far, by folder.
    modules: HashMap<PathBuf, Option<Arc<Namespace>>>,
    /// Folders of the modules being read, outermost first.
    loading: Vec<PathBuf>,
    /// Variables that came from outside.
    given: BTreeMap<String, String>,
}

impl Loader<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn spec(&mut self, options: &LoadOptions) -> Option<(Draft, PathBuf, FileId)> {
        let given = normalize(&options.spec);
        let here = if given.as_os_str().is_empty() { Path::new(".") } else { given.as_path() };
        let above = given.parent().map(Path::to_path_buf).unwrap_or_default();
        let (folder, main) = match self.files.given(here) {
            Ok(FileKind::Folder) => (given.clone(), given.join("infra.yaml")),
            Ok(_) => (above, given.clone()),
            Err(_) => {
                // What is beside it may be what is meant.
                let _ = self.files.enter(&above);
                self.report(Unreadable::Missing.diagnostic(&self.files, &given, None));
                return None;
            }
        };
        self.enter(&folder, options)?;
        if self.files.given(&main).is_err() {
            self.report(
                Diagnostic::error(None, format!("there is no `infra.yaml` in `{}`", here.display()))
                    .help("run this in the folder of a spec, or name the folder: `infra plan specs/NAME`"),
            );
            return None;
        }
        let (mut draft, file) = self.draft(&main, Role::Spec)?;
        if let Some(environment) = &options.environment {
            self.overlay(&mut draft, &folder, environment);
        }
        if let Some(inventory) = &options.inventory {
            let said = self.diagnostics.len();
            let inventory = normalize(inventory);
            if self.files.allow(&inventory).is_err() {
                // It is not there, and nothing is loaded; what is beside it may be what is meant.
                let _ = self.files.allow(inventory.parent().unwrap_or(Path::new("")));
            }
            match read::yaml(&self.files, &inventory, None, self.sources, &mut self.diagnostics) {
                Some((node, _)) => {
                    draft.inventory_hosts = Some(Vec::new());
                    draft.take(node, Role::Inventory, &mut self.diagnostics);
                }
                None => {
                    for diagnostic in self.diagnostics.iter_mut().skip(said).filter(|wrong| wrong.span.is_none()) {
                        let help = || "`-i` takes a file with `hosts:`, its path as seen from here".to_string();
                        diagnostic.help.get_or_insert_with(help);
                    }
                    // What would be said of the rest may all come of that.
                    return None;
                }
            }
        }
        self.vars(&mut draft, options);
        Some((draft, folder, file))
    }

    /// Reads a main file and what it includes.
    fn draft(&mut self, main: &Path, role: Role) -> Option<(Draft, FileId)> {
        let (node, file) = read::yaml(&self.files, main, None, self.sources, &mut self.diagnostics)?;
        if role == Role::Spec && node.get("infra").is_none() && matches!(node.value, YamlValue::Map(_)) {
            let span = Span { file, start: 0, end: 0 };
            self.report(Diagnostic::error(span, "the format's version is missing").help("write `infra: 1` first"));
        }
        let mut draft = Draft::default();
        let is_mapping = matches!(node.value, YamlValue::Map(_));
        let mut seen = HashSet::from([main.to_path_buf()]);
        self.take(&mut draft, node, main, role, &mut seen);
        is_mapping.then_some((draft, file))
    }

    /// Takes a file in, and then what it includes.
    fn take(&mut self, draft: &mut Draft, node: YamlNode, path: &Path, role: Role, seen: &mut HashSet<PathBuf>) {
        let mut todo = vec![(node, path.to_path_buf())];
        while let Some((node, path)) = todo.pop() {
            let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
            let includes = draft.take(node, role, &mut self.diagnostics);
            if let Some(root) = draft.root.take() {
                // Before anything else is read.
                self.root(&root, seen.len() == 1);
            }
            let mut found = Vec::new();
            for (include, span) in includes {
                let path = beside(&folder, &include);
                if !seen.insert(path.clone()) {
                    self.report(
                        Diagnostic::error(span, format!("`{}` is taken in twice", path.display()))
                            .help("a file is included once, and never by itself"),
                    );
                    continue;
                }
                let is_yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
                if !is_yaml && self.files.kind(&path).is_ok() {
                    self.report(
                        Diagnostic::error(span, format!("`{}` is no file of a spec by its name", path.display()))
                            .help("what is taken in is called NAME.yaml or NAME.yml; messages show lines of it"),
                    );
                    draft.incomplete = true;
                    continue;
                }
                match read::yaml(&self.files, &path, Some(span), self.sources, &mut self.diagnostics) {
                    Some((node, _)) => found.push((node, path)),
                    None => draft.incomplete = true,
                }
            }
            // The first one named is the next one taken.
            todo.extend(found.into_iter().rev());
        }
    }

    fn overlay(&mut self, draft: &mut Draft, folder: &Path, environment: &str) {
        let overlays = folder.join("env");
        let path = overlays.join(format!("{environment}.yaml"));
        let kind = self.files.kind(&path);
        // One that may not be read is there, and says so below.
        let is_missing = kind.is_err_and(|error| matches!(read::unreadable(&error), Unreadable::Missing));
        if !is_identifier(environment) || is_missing {
            let mut names: Vec<String> = self.files.list(&overlays).unwrap_or_default();
            names.sort();
            let names: Vec<&str> = names.iter().filter_map(|name| name.strip_suffix(".yaml")).collect();
            let diagnostic = Diagnostic::error(
                None,
                format!("there is no environment `{environment}`: no file `{}`", path.display()),
            );
            self.report(diagnostic.help_if(did_you_mean(environment, names.iter().copied())));
            return;
        }
        let Some((node, _)) = read::yaml(&self.files, &path, None, self.sources, &mut self.diagnostics) else { return };
        let mut seen = HashSet::from([path.clone()]);
        self.take(draft, node, &path, Role::Overlay, &mut seen);
    }

    /// Sets the vars given from outside; `--var` comes last.
    fn vars(&mut self, draft: &mut Draft, options: &LoadOptions) {
        let vars = draft.sections.entry("vars".into()).or_default();
        let environment =
            options.environment_vars.iter().map(|(name, value)| ("the environment", "INFRA_VAR_", name, value));
        let arguments = options.vars.iter().map(|(name, value)| ("--var", "", name, value));
        for (source, prefix, name, value) in environment.chain(arguments) {
            let file = self.sources.add(source, format!("{prefix}{name}={value}"));
            let narrow = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
            let start = narrow(prefix.len());
            let key_span = Span { file, start, end: start + narrow(name.len()) };
            let span = Span { file, start: key_span.end + 1, end: key_span.end + 1 + narrow(value.len()) };
            let Some(var) = vars.get_mut(name) else {
                // The environment may hold variables for other specs.
                if prefix.is_empty() {
                    let diagnostic = Diagnostic::error(key_span, format!("the spec declares no var `{name}`"));
                    let help = did_you_mean(name, vars.keys().map(String::as_str));
                    self.diagnostics.push(diagnostic.help_if(help));
                }
                continue;
            };
            var.entry.value = YamlNode::scalar(yaml::scalar(value), span);
            self.given.insert(name.clone(), value.clone());
        }
    }

    /// Makes a namespace of merged sections.
    fn namespace(&mut self, mut draft: Draft, folder: PathBuf, file: FileId) -> Namespace {
        let vars = self.entries(draft.remove("vars"), "a var", is_variable);
        let outputs = self.entries(draft.remove("outputs"), "an output", is_variable);
        let inputs = self.inputs(draft.remove("inputs"));
        let mut bodies = Vec::new();
        let secrets = self.secrets(draft.remove("secrets"), &mut bodies);
        let calls = self.calls(draft.remove("modules"), &folder);
        for kind in kinds::all().iter().filter(|kind| kind.has_own_section()) {
            for (_, Item { mut entry, overridden }) in draft.remove(kind.section()) {
                match entry.value.value {
                    YamlValue::Map(_) => {}
                    YamlValue::Scalar(Value::Null) => {
                        entry.value = YamlNode { value: YamlValue::Map(Vec::new()), span: entry.key_span };
                    }
                    _ => {
                        let what = entry.value.type_name();
                        let message = format!("`{}` is a mapping of attributes; this is {what}", entry.key);
                        let mut known = kind.attributes().iter().chain(kind.common_attributes());
                        let help = match known.any(|attribute| attribute.name == entry.key) {
                            true => format!("indent it, if it is an attribute of the {} above", kind.name()),
                            false => format!("write `{}: {{ ATTRIBUTE: VALUE }}`", entry.key),
                        };
                        self.report(Diagnostic::error(entry.value.span, message).help(help));
                        continue;
                    }
                }
                bodies.push(Body { kind: *kind, entry, overridden });
            }
        }
        let order = |body: &Body| kinds::all().iter().position(|kind| kind.name() == body.kind.name());
        bodies.sort_by_cached_key(order);
        Namespace { folder, file, vars, inputs, secrets, bodies, calls, outputs }
    }

    /// Takes the entries whose names are fit for what they are.
    fn entries(&mut self, items: IndexMap<String, Item>, what: &str, fit: fn(&str) -> bool) -> IndexMap<String, Entry> {
        let mut entries = IndexMap::new();
        for (name, item) in items {
            if fit(&name) {
                entries.insert(name, item.entry);
            } else {
                let help = match fit("a-b") {
                    true => "use letters, digits, `-`, `_` and `.`, starting with a letter or digit",
                    false => "use letters, digits and `_`, starting with a letter: expressions read `-` as minus",
                };
                self.report(Diagnostic::error(item.entry.key_span, format!("`{name}` cannot name {what}")).help(help));
            }
        }
        entries
    }

    fn inputs(&mut self, items: IndexMap<String, Item>) -> IndexMap<String, InputSpec> {
        let mut inputs = IndexMap::new();
        for (name, entry) in self.entries(items, "an input", is_variable) {
            if let Some(input) = self.input(entry, &format!("the input `{name}`")) {
                inputs.insert(name, input);
            }
        }
        inputs
    }

    fn input(&mut self, entry: Entry, what: &str) -> Option<InputSpec> {
        let entry = Entry { value: long_form(&entry.value), ..entry };
        if !matches!(entry.value.value, YamlValue::Map(_)) {
            let message = format!("{what} is a type, or a mapping with `type` and more");
            self.report(Diagnostic::error(entry.value.span, message));
            return None;
        }
        if let Some(diagnostic) = input::other_word(&entry.value) {
            self.report(diagnostic);
            return None;
        }
        let mut around = Plain { sources: self.sources, diagnostics: &mut self.diagnostics };
        let (checked, _) = check::object(&entry.value, input::INPUT, what, false, &mut around);
        let mut inside = input::Inside::default();
        for part in entry.value.entries().iter().filter(|part| !part.value.is_null()) {
            match part.key.as_str() {
                "items" => inside.items = self.inner(part.clone(), &format!("an item of {what}")).map(Box::new),
                "keys" => {
                    let keys = part.value.entries().iter().map(|key| {
                        let spec = self.inner(key.clone(), &format!("the key `{}` of {what}", key.key));
                        spec.map(|spec| (key.key.clone(), spec))
                    });
                    inside.keys = Some(keys.collect::<Vec<_>>().into_iter().flatten().collect());
                }
                _ => {}
            }
        }
        Some(InputSpec::new(&entry, &checked, inside, &mut self.diagnostics))
    }

    /// Reads what is inside an input: it may be left out unless it is `required`, and the whole has the default.
    fn inner(&mut self, entry: Entry, what: &str) -> Option<InputSpec> {
        for whole in ["default", "sensitive"] {
            if let Some(part) = entry.value.entries().iter().find(|part| part.key == whole) {
                let message = format!("{what} has no `{whole}` of its own");
                self.report(Diagnostic::error(part.key_span, message).help("the whole input may have it"));
            }
        }
        let is_required = entry.value.get("required").is_some();
        let mut input = self.input(entry, what)?;
        input.required &= is_required;
        Some(input)
    }
}

/// Checks what holds no expressions and names no files.
struct Plain<'p> {
    sources: &'p Sources,
    diagnostics: &'p mut Vec<Diagnostic>,
}

impl check::Surroundings for Plain<'_> {
    fn written(&self, span: Span) -> &str {
        self.sources.slice(span)
    }

    fn load(&mut self, _asset: check::Asset, _path: &str, _span: Span) -> Option<Value> {
        None
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}
