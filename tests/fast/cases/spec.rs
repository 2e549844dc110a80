//! The spec a case stands for, read by the loader that reads all specs.

use std::collections::BTreeMap;

use infra::diagnostic::{Diagnostic, Sources};
use infra::model::Secret;
use infra::resource::{AnyResource, Attribute, KindObject, Shape};
use infra::spec::{Knowledge, LoadOptions, MemoryFiles, SecretState, Spec};
use serde_json::{Map, Value as Json, json};

use super::case::Case;

/// The spec of a case, with what is known of its secrets.
pub struct Loaded {
    pub spec: Spec,
    pub files: MemoryFiles,
    pub sources: Sources,
    pub known: BTreeMap<String, SecretState>,
}

/// Returns the resources in the order of the case, or what is wrong with them, in the order it is written.
pub fn resources(kind: &dyn KindObject, case: &Case) -> Result<Vec<AnyResource>, Vec<Diagnostic>> {
    let Loaded { spec, files, mut sources, known } = load(kind, case)?;
    let knowledge = Knowledge { secrets: known, ..Knowledge::default() };
    let resolution = spec.resolve(&files, &knowledge, &mut sources);
    if !resolution.diagnostics.is_empty() {
        return Err(sorted(resolution.diagnostics));
    }
    let of_kind = resolution.resources.into_iter().filter(|resolved| *resolved.address.kind == *kind.name());
    Ok(of_kind.map(|resolved| resolved.resource).collect())
}

/// Loads the spec of a case.
pub fn load(kind: &dyn KindObject, case: &Case) -> Result<Loaded, Vec<Diagnostic>> {
    let mut draft = Draft::default();
    let section: Map<String, Json> =
        case.resources.iter().map(|(name, body)| (name.clone(), draft.body(kind, body))).collect();
    let mut spec = Map::from_iter([
        ("infra".to_string(), json!(1)),
        ("name".into(), json!("case")),
        ("hosts".into(), json!({ "app1": {} })),
        ("secrets".into(), Json::Object(draft.secrets)),
    ]);
    spec.extend(case.around.clone());
    match spec.get_mut(kind.section()).and_then(Json::as_object_mut) {
        Some(there) => there.extend(section),
        None => drop(spec.insert(kind.section().into(), Json::Object(section))),
    }
    // JSON is YAML.
    let files = draft.files.file("case/infra.yaml", serde_json::to_string_pretty(&spec).unwrap());
    let options = LoadOptions { spec: "case".into(), ..LoadOptions::default() };
    let mut sources = Sources::default();
    let spec = infra::spec::load(&files, &options, &mut sources).map_err(sorted)?;
    Ok(Loaded { spec, files, sources, known: draft.known })
}

fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    diagnostics
}

/// What the bodies of a case need around them.
#[derive(Default)]
struct Draft {
    files: MemoryFiles,
    /// Files and folders made so far.
    made: usize,
    secrets: Map<String, Json>,
    known: BTreeMap<String, SecretState>,
}

impl Draft {
    /// Turns a body of a case into one of a spec: what is given in place of files becomes files, secrets become secrets.
    fn body(&mut self, kind: &dyn KindObject, body: &Json) -> Json {
        match body {
            Json::Object(entries) => self.object(kind.attributes(), entries),
            other => other.clone(),
        }
    }

    fn object(&mut self, attributes: &[Attribute], entries: &Map<String, Json>) -> Json {
        let entry = |(name, value): (&String, &Json)| {
            let shape = attributes.iter().find(|attribute| attribute.name == name).map(|a| a.shape);
            let value = match (shape, value) {
                (Some(Shape::Object(inner)), Json::Object(entries)) => self.object(inner, entries),
                (Some(Shape::Source | Shape::Template), Json::String(_) | Json::Object(_)) => json!(self.file(value)),
                (Some(Shape::Folder), Json::Object(entries)) => json!(self.folder(entries)),
                _ => self.value(value),
            };
            (name.clone(), value)
        };
        Json::Object(entries.iter().map(entry).collect())
    }

    fn value(&mut self, value: &Json) -> Json {
        if let Some(expression) = self.marked(value) {
            return json!(expression);
        }
        match value {
            Json::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Json::Object(entries) => {
                Json::Object(entries.iter().map(|(key, value)| (key.clone(), self.value(value))).collect())
            }
            other => other.clone(),
        }
    }

    /// Returns the expression for `{ $secret: text }`, `{ $secret: text, $previous: text }`, `{ $unknown: address }`, or
    /// `{ $kept: name }`, a secret that is made and kept on the host.
    fn marked(&mut self, value: &Json) -> Option<String> {
        let object = value.as_object().filter(|object| object.keys().all(|key| key.starts_with('$')))?;
        let text = |key: &str| object.get(key).and_then(Json::as_str);
        if let Some(name) = text("$kept") {
            let keep = json!({ "path": "/etc/of-the-case", "key": name });
            self.secrets.insert(name.into(), json!({ "generate": {}, "keep": keep }));
            return Some(format!("{{{{ secrets.{name} }}}}"));
        }
        let state = match (text("$secret"), text("$unknown")) {
            (Some(secret), _) => SecretState::Known(match text("$previous") {
                Some(previous) => Secret::new(secret).replacing(&Secret::new(previous)),
                None => Secret::new(secret),
            }),
            (_, Some(address)) => SecretState::Later(infra::model::Until::applied(address.parse().unwrap())),
            _ => return None,
        };
        let name = format!("of_the_case_{}", self.known.len());
        self.secrets.insert(name.clone(), json!({ "env": "OF_THE_CASE" }));
        self.known.insert(name.clone(), state);
        Some(format!("{{{{ secrets.{name} }}}}"))
    }

    fn next(&mut self) -> String {
        self.made += 1;
        format!("file{}", self.made)
    }

    /// Makes a file of what is given in its place.
    fn file(&mut self, content: &Json) -> String {
        let path = self.next();
        let text = self.marked(content).unwrap_or_else(|| content.as_str().unwrap_or_default().to_string());
        self.files = std::mem::take(&mut self.files).file(format!("case/{path}"), text);
        path
    }

    /// Makes a folder: a text is a file's content; `{ content, executable }`, `{ link }` and `{ directory: true }`.
    fn folder(&mut self, entries: &Map<String, Json>) -> String {
        let root = self.next();
        let mut files = std::mem::take(&mut self.files);
        for (path, entry) in entries {
            let path = format!("case/{root}/{path}");
            let text = |key: &str| entry.get(key).and_then(Json::as_str);
            files = match (entry.as_str().or_else(|| text("content")), text("link")) {
                (Some(content), _) if entry.get("executable") == Some(&json!(true)) => files.executable(path, content),
                (Some(content), _) => files.file(path, content),
                (None, Some(target)) => files.link(path, target),
                (None, None) => files.folder(path),
            };
        }
        self.files = files.folder(format!("case/{root}"));
        root
    }
}
