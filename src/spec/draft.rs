//! The sections of a spec while its files are merged.

use indexmap::IndexMap;
use indexmap::map::Entry as Slot;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::{Diagnostic, MOST_SUGGESTIONS, Span, did_you_mean, nearest};
use crate::kinds;
use crate::model::{Entry, Value, YamlNode, YamlValue};

use super::namespace::Overridden;

/// What a file is to the spec: it decides which sections it may have, and what happens to names that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The spec's own files: a name is there once.
    Spec,
    /// An environment's overlay: merged over what is there.
    Overlay,
    /// An inventory: the same, for hosts, vars and requirements.
    Inventory,
    /// A module's own files: a name is there once.
    Module,
}

impl Role {
    pub(super) fn merges(self) -> bool {
        matches!(self, Self::Overlay | Self::Inventory)
    }

    pub(super) fn sections(self) -> Vec<&'static str> {
        let kinds = kinds::all().iter().filter(|kind| kind.has_own_section());
        let kinds = kinds.map(|kind| kind.section()).filter(|section| *section != "secrets");
        match self {
            Self::Spec => {
                let own = ["infra", "name", "root", "include", "vars", "hosts", "secrets", "modules", "moved"];
                own.into_iter().chain(kinds).collect()
            }
            Self::Overlay => {
                ["infra", "name", "include", "vars", "hosts", "secrets", "modules"].into_iter().chain(kinds).collect()
            }
            Self::Module => {
                let own = ["infra", "include", "inputs", "vars", "secrets", "modules", "outputs"];
                own.into_iter().chain(kinds).collect()
            }
            Self::Inventory => vec!["infra", "hosts", "vars", "requirements"],
        }
    }

    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Spec => "a spec",
            Self::Overlay => "an overlay",
            Self::Inventory => "an inventory",
            Self::Module => "a module",
        }
    }
}

/// One named thing of a section.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub entry: Entry,
    pub overridden: Overridden,
}

/// All sections merged so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub name: Option<(String, Span)>,
    /// The folder above the spec's whose files it may read too; taken by who reads the file.
    pub root: Option<YamlNode>,
    pub sections: IndexMap<String, IndexMap<String, Item>>,
    /// Something it should hold could not be read, so that what is missing may be there.
    pub incomplete: bool,
    /// The hosts an inventory lists.
    pub inventory_hosts: Option<Vec<String>>,
}

impl Draft {
    /// Takes a file in. Returns what it includes.
    pub(super) fn take(
        &mut self,
        file: YamlNode,
        role: Role,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<(String, Span)> {
        let mut includes = Vec::new();
        let span = file.span;
        let YamlValue::Map(entries) = file.value else {
            let what = YamlNode { value: file.value, span }.type_name();
            diagnostics.push(
                Diagnostic::error(span, format!("{} is a mapping of sections, this is {what}", role.noun()))
                    .help("write `infra: 1` and sections such as `files:`"),
            );
            return includes;
        };
        let mut empty: Option<String> = None;
        for entry in entries {
            let above = std::mem::replace(&mut empty, entry.value.is_null().then(|| entry.key.clone()));
            match entry.key.as_str() {
                key if !role.sections().contains(&key) => {
                    // It may be what a section lacks, or hide what it should hold.
                    self.incomplete |= above.is_some();
                    empty = above.or(empty);
                    diagnostics.push(unknown_section(&entry, role, empty.as_deref()));
                }
                "infra" => self.version(&entry, diagnostics),
                "name" => self.name(entry, role, diagnostics),
                "root" => self.root = Some(entry.value),
                "include" => includes = include(entry.value, diagnostics),
                _ => self.section(entry, role, diagnostics),
            }
        }
        includes
    }

    fn version(&mut self, entry: &Entry, diagnostics: &mut Vec<Diagnostic>) {
        if entry.value.to_value() != Value::Integer(1) {
            diagnostics
                .push(Diagnostic::error(entry.value.span, "this format version is not known").help("write `infra: 1`"));
        }
    }

    fn name(&mut self, entry: Entry, role: Role, diagnostics: &mut Vec<Diagnostic>) {
        let span = entry.value.span;
        let Some(name) = entry.value.as_text() else {
            let what = entry.value.type_name();
            diagnostics.push(Diagnostic::error(span, format!("`name` is a text, this is {what}")));
            self.incomplete = true;
            return;
        };
        if !is_identifier(name) {
            diagnostics.push(
                Diagnostic::error(span, format!("`{name}` cannot be a spec's name"))
                    .help("use letters, digits, `-`, `_` and `.`, starting with a letter or digit"),
            );
        }
        match &self.name {
            Some((_, first)) if !role.merges() => diagnostics.push(
                Diagnostic::error(entry.key_span, "the spec is given a name twice")
                    .related(*first, "it was named here"),
            ),
            _ => self.name = Some((name.to_string(), span)),
        }
    }

    fn section(&mut self, section: Entry, role: Role, diagnostics: &mut Vec<Diagnostic>) {
        let before = diagnostics.len();
        let items = items(&section, diagnostics);
        self.incomplete |= diagnostics.len() > before;
        if section.key == "hosts" && role == Role::Inventory {
            let listed = items.iter().filter(|entry| !entry.value.is_null()).map(|entry| entry.key.clone()).collect();
            self.inventory_hosts = Some(listed);
        }
        let named = self.sections.entry(section.key.clone()).or_default();
        if role.merges() {
            let mut gone = FxHashSet::default();
            for entry in items {
                merge(named, entry, &section.key, role, &mut gone, diagnostics);
            }
            if !gone.is_empty() {
                named.retain(|name, _| !gone.contains(name));
            }
            return;
        }
        for entry in items {
            match named.entry(entry.key.clone()) {
                Slot::Vacant(slot) => {
                    slot.insert(Item { entry, overridden: Overridden::No });
                }
                Slot::Occupied(first) => diagnostics.push(
                    Diagnostic::error(entry.key_span, format!("`{}` is in `{}` twice", entry.key, section.key))
                        .related(first.get().entry.key_span, "it was here before")
                        .help("join the two, or put one into an overlay (`env/NAME.yaml`)"),
                ),
            }
        }
    }

    /// Takes a section out.
    pub(super) fn remove(&mut self, section: &str) -> IndexMap<String, Item> {
        self.sections.shift_remove(section).unwrap_or_default()
    }
}

fn merge(
    named: &mut IndexMap<String, Item>,
    entry: Entry,
    section: &str,
    role: Role,
    gone: &mut FxHashSet<String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let overrides = role == Role::Inventory && section == "requirements";
    let must_exist = entry.value.is_null() || overrides || (role == Role::Inventory && section == "vars");
    let Some(item) = named.get_mut(&entry.key) else {
        if must_exist {
            let diagnostic =
                Diagnostic::error(entry.key_span, format!("the spec has no `{}` in `{section}`", entry.key));
            let names = named.keys().map(String::as_str);
            let near = if diagnostics.len() < MOST_SUGGESTIONS { did_you_mean(&entry.key, names) } else { None };
            diagnostics.push(diagnostic.help_if(near));
        } else {
            named.insert(entry.key.clone(), Item { entry, overridden: Overridden::No });
        }
        return;
    };
    if entry.value.is_null() {
        if overrides {
            item.overridden = Overridden::TakenAway;
        } else {
            // All at once, at the end: the others keep their order.
            gone.insert(entry.key);
        }
        return;
    }
    if overrides {
        item.overridden = Overridden::Changed;
    }
    overlay(&mut item.entry.value, entry.value);
}

/// Merges a node over another: mappings key by key, `null` takes a key away, anything else replaces.
fn overlay(base: &mut YamlNode, over: YamlNode) {
    match (&mut base.value, over.value) {
        (YamlValue::Map(entries), YamlValue::Map(changes)) => {
            let mut index: FxHashMap<String, usize> =
                entries.iter().enumerate().map(|(at, entry)| (entry.key.clone(), at)).collect();
            let mut gone = FxHashSet::default();
            for change in changes {
                match index.get(&change.key) {
                    Some(_) if change.value.is_null() => {
                        gone.insert(change.key);
                    }
                    Some(&at) => overlay(&mut entries[at].value, change.value),
                    None if change.value.is_null() => {}
                    None => {
                        index.insert(change.key.clone(), entries.len());
                        entries.push(change);
                    }
                }
            }
            if !gone.is_empty() {
                entries.retain(|entry| !gone.contains(&entry.key));
            }
        }
        (_, value) => *base = YamlNode { value, span: over.span },
    }
}

/// Returns the entries of a section; `[a, b]` stands for `{a: {}, b: {}}`.
fn items(section: &Entry, diagnostics: &mut Vec<Diagnostic>) -> Vec<Entry> {
    match &section.value.value {
        YamlValue::Map(entries) => entries.clone(),
        YamlValue::Scalar(Value::Null) => Vec::new(),
        YamlValue::List(items) if is_kind(&section.key) => {
            let mut entries = Vec::new();
            for item in items {
                match &item.value {
                    YamlValue::Scalar(Value::Text(name)) => entries.push(Entry {
                        key: name.clone(),
                        key_span: item.span,
                        value: YamlNode { value: YamlValue::Map(Vec::new()), span: item.span },
                    }),
                    _ => diagnostics.push(
                        Diagnostic::error(item.span, format!("this is {}, not a name", item.type_name()))
                            .help("a section's list holds names only; give attributes in a mapping: `NAME: { … }`"),
                    ),
                }
            }
            entries
        }
        _ => {
            let what = section.value.type_name();
            let shape = match is_kind(&section.key) {
                true => "a mapping from names to attributes, or a list of names",
                false => "a mapping",
            };
            let message = format!("`{}` is {shape}; this is {what}", section.key);
            let name =
                section.value.as_text().filter(|name| is_kind(&section.key) && !name.contains(char::is_whitespace));
            let help = name.map(|name| format!("write a list: `{}: [{name}]`", section.key));
            diagnostics.push(Diagnostic::error(section.value.span, message).help_if(help));
            Vec::new()
        }
    }
}

/// Returns whether a section holds resources of a kind.
fn is_kind(section: &str) -> bool {
    section != "secrets" && kinds::by_section(section).is_some()
}

fn include(node: YamlNode, diagnostics: &mut Vec<Diagnostic>) -> Vec<(String, Span)> {
    let items = match node.value {
        YamlValue::List(items) => items,
        YamlValue::Scalar(Value::Null) => Vec::new(),
        _ => vec![node],
    };
    let mut paths = Vec::new();
    for item in items {
        match item.as_text() {
            Some(path) => paths.push((path.to_string(), item.span)),
            None => diagnostics.push(Diagnostic::error(
                item.span,
                format!("`include` is a list of files, this is {}", item.type_name()),
            )),
        }
    }
    paths
}

/// Reports a section that is none; `empty` is one above it without anything in it.
fn unknown_section(entry: &Entry, role: Role, empty: Option<&str>) -> Diagnostic {
    let known = role.sections();
    let diagnostic =
        Diagnostic::error(entry.key_span, format!("there is no section `{}` in {}", entry.key, role.noun()));
    if let Some(empty) = empty.filter(|empty| known.contains(empty)) {
        return diagnostic.help(format!("indent it, if it belongs to `{empty}`, which has nothing in it"));
    }
    let singular = known.iter().find(|section| kinds::by_section(section).is_some_and(|kind| kind.name() == entry.key));
    match singular {
        Some(section) => diagnostic.help(format!("did you mean `{section}`?")),
        None => match nearest(&entry.key, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None if role == Role::Inventory => diagnostic.help(format!("known: {}", known.join(", "))),
            None => {
                let own = known.iter().copied().filter(|section| !is_kind(section));
                let own = own.collect::<Vec<_>>().join(", ");
                diagnostic.help(format!("known: {own}, and a section for each kind (`infra explain` lists them)"))
            }
        },
    }
}

/// Returns whether a text can name a spec, host or module.
pub(super) fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
        && name.len() <= 253
}

/// Returns whether a text can name a var, input, output or secret: expressions write them after a dot.
pub(super) fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && name.len() <= 253
}
