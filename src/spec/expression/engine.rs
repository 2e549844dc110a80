//! Rendering a text in a scope.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, Value as Template, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Expression, UndefinedBehavior};

use crate::diagnostic::did_you_mean;
use crate::model::{Secret, Value};
use crate::spec::files::normalize;

use super::Analysis;
use super::analysis::{Part, Step, characters};
use super::output::{Limited, format, write};
use super::scoped::{Recorder, Touched, explain, from_template};

/// How many instructions one render may take.
const FUEL: u64 = 5_000_000;
/// How large a string of a spec may get, in bytes.
const MAX_STRING: usize = 16 << 20;

/// The names in scope of a text. What is `None` is not in scope.
#[derive(Clone, Default)]
pub struct Context {
    pub vars: Option<Template>,
    pub host: Option<Template>,
    pub hosts: Option<Template>,
    pub secrets: Option<Template>,
    pub each: Option<Template>,
    pub inputs: Option<Template>,
    pub modules: Option<Template>,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(what is in scope)")
    }
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &Template) -> Option<Template> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Template> {
        match key {
            "vars" => self.vars.clone(),
            "host" => self.host.clone(),
            "hosts" => self.hosts.clone(),
            "secrets" => self.secrets.clone(),
            "each" => self.each.clone(),
            "inputs" => self.inputs.clone(),
            "modules" => self.modules.clone(),
            _ => None,
        }
    }
}

/// Why a text could not be rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub message: String,
    pub help: Option<String>,
    /// Where in the text; `None` where that is not known.
    pub range: Option<Range<usize>>,
    /// The template file it is about, where it is another than the one rendered.
    pub template: Option<String>,
    /// Something is not there.
    pub undefined: bool,
}

/// The environments texts are compiled in.
pub struct Environments {
    /// For strings of a spec.
    strings: Environment<'static>,
    /// For template files.
    files: Environment<'static>,
    strings_syntax: SyntaxConfig,
    files_syntax: SyntaxConfig,
    /// Texts by the name the environments know them by.
    texts: Arc<Mutex<HashMap<String, String>>>,
    recorder: Recorder,
}

impl Environments {
    pub fn new() -> Self {
        let texts: Arc<Mutex<HashMap<String, String>>> = Arc::default();
        let mut files_syntax = SyntaxConfig::builder();
        // A line that holds only a tag leaves nothing behind, and a file ends as its template does.
        files_syntax.keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true);
        let mut strings_syntax = SyntaxConfig::builder();
        // `${#name}` is shell; a string needs no comments.
        strings_syntax.keep_trailing_newline(true).comment_delimiters("{#\u{1}", "\u{1}#}");
        // Both are constant and valid; the tests build them.
        let files_syntax = files_syntax.build().unwrap_or_default();
        let strings_syntax = strings_syntax.build().unwrap_or_default();
        let make = |syntax: &SyntaxConfig| {
            let mut environment = Environment::new();
            environment.set_syntax(syntax.clone());
            environment.set_undefined_behavior(UndefinedBehavior::Strict);
            environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
            environment.set_formatter(format);
            environment.set_fuel(Some(FUEL));
            // The engine would show values in its debug output; nothing may ask for it.
            environment.set_debug(false);
            environment.remove_global("debug");
            environment.remove_filter("pprint");
            let texts = Arc::clone(&texts);
            environment.set_path_join_callback(|name, parent| included(name, parent).into());
            environment
                .set_loader(move |name| Ok(texts.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()));
            environment
        };
        Self {
            strings: make(&strings_syntax),
            files: make(&files_syntax),
            strings_syntax,
            files_syntax,
            texts,
            recorder: Recorder::default(),
        }
    }

    fn provide(&self, name: &str, text: &str) {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if !texts.contains_key(name) {
            texts.insert(name.to_string(), text.to_string());
        }
    }
}

/// Renders texts, each compiled once.
pub struct Engine<'e> {
    environments: &'e Environments,
    expressions: RefCell<HashMap<Box<str>, Rc<Expression<'e, 'static>>>>,
    analyses: RefCell<HashMap<Box<str>, Rc<Analysis>>>,
    files: RefCell<HashMap<Box<str>, Rc<Analysis>>>,
    /// The last render touched a secret that replaces another text.
    rotating: Cell<bool>,
}

impl<'e> Engine<'e> {
    pub fn new(environments: &'e Environments) -> Self {
        Self {
            environments,
            expressions: RefCell::default(),
            analyses: RefCell::default(),
            files: RefCell::default(),
            rotating: Cell::default(),
        }
    }

    /// Returns what remembers the touches; values in scope must be made with it.
    pub fn recorder(&self) -> &Recorder {
        &self.environments.recorder
    }

    /// Returns what a string of a spec uses.
    pub fn analysis(&self, text: &str) -> Rc<Analysis> {
        if let Some(analysis) = self.analyses.borrow().get(text) {
            return Rc::clone(analysis);
        }
        let analysis = Rc::new(Analysis::of(text, &self.environments.strings_syntax));
        self.analyses.borrow_mut().insert(text.into(), Rc::clone(&analysis));
        analysis
    }

    /// Makes a template file known under its key, for rendering it and for others to include it. Returns what it
    /// uses. One with problems is not made known.
    pub fn provide(&self, key: &str, text: &str) -> Rc<Analysis> {
        if let Some(analysis) = self.files.borrow().get(key) {
            return Rc::clone(analysis);
        }
        let analysis = Rc::new(Analysis::of(text, &self.environments.files_syntax));
        if analysis.problems.is_empty() {
            self.environments.provide(key, text);
        }
        self.files.borrow_mut().insert(key.into(), Rc::clone(&analysis));
        analysis
    }

    /// Renders a string of a spec. One whole expression keeps its native type.
    pub fn render(&self, text: &str, context: &Context) -> Result<Value, Failure> {
        let analysis = self.analysis(text);
        refuse_problems(&analysis)?;
        self.recorder().take();
        self.with_previous(|| self.string(text, &analysis, context))
            .map_err(|failure| name_it(failure, &analysis, context))
    }

    /// Renders; where that touched a secret that is being rotated, the value knows what it replaces.
    fn with_previous(&self, render: impl Fn() -> Result<Value, Failure>) -> Result<Value, Failure> {
        let value = render()?;
        if !self.rotating.get() {
            return Ok(value);
        }
        Ok(match self.recorder().with_previous(render) {
            Ok(previous) => replacing(value, &previous),
            Err(_) => value,
        })
    }

    fn string(&self, text: &str, analysis: &Analysis, context: &Context) -> Result<Value, Failure> {
        match analysis.parts.as_deref() {
            Some([Part::Expression(range)]) => {
                let value = self.value(&text[range.clone()], context).and_then(|value| match value.is_undefined() {
                    true => Err(Error::from(ErrorKind::UndefinedError)),
                    false => from_template(&value).map_err(|why| Error::new(ErrorKind::InvalidOperation, why)),
                });
                self.finish(value, text, range, None)
            }
            // Texts differ more than the expressions in them, so that these are what is compiled and kept.
            Some(parts) => {
                let mut output = String::with_capacity(text.len());
                for part in parts {
                    match part {
                        Part::Raw(range) => output.push_str(&text[range.clone()]),
                        Part::Expression(range) => {
                            let written =
                                self.value(&text[range.clone()], context).and_then(|value| write(&value, &mut output));
                            let written = written.and_then(|()| match output.len() {
                                0..=MAX_STRING => Ok(()),
                                _ => Err(Error::new(ErrorKind::InvalidOperation, "the text gets larger than 16 MiB")),
                            });
                            if let Err(error) = written {
                                return self.finish(Err(error), text, range, None);
                            }
                        }
                    }
                }
                self.finish(Ok(Value::Text(output)), text, &(0..0), None)
            }
            None => {
                // A string and a file must not meet under one name.
                let name = format!("{SEPARATOR}{SEPARATOR}{text}");
                self.environments.provide(&name, text);
                let output = self.output(&self.environments.strings, &name, context);
                self.finish(output.map(Value::Text), text, &(0..0), Some(&name))
            }
        }
    }

    /// Renders a template file that was provided.
    pub fn render_file(&self, key: &str, text: &str, context: &Context) -> Result<Value, Failure> {
        let analysis = self.provide(key, text);
        refuse_problems(&analysis)?;
        self.recorder().take();
        let render = || {
            let output = self.output(&self.environments.files, key, context);
            self.finish(output.map(Value::Text), text, &(0..0), Some(key))
        };
        self.with_previous(render).map_err(|failure| name_it(failure, &analysis, context))
    }

    fn value(&self, text: &str, context: &Context) -> Result<Template, Error> {
        self.expression(text)?.eval(Template::from_object(context.clone()))
    }

    fn expression(&self, text: &str) -> Result<Rc<Expression<'e, 'static>>, Error> {
        if let Some(compiled) = self.expressions.borrow().get(text) {
            return Ok(Rc::clone(compiled));
        }
        let compiled = Rc::new(self.environments.strings.compile_expression_owned(text.to_string())?);
        self.expressions.borrow_mut().insert(text.into(), Rc::clone(&compiled));
        Ok(compiled)
    }

    fn output(&self, environment: &Environment<'static>, name: &str, context: &Context) -> Result<String, Error> {
        let mut output = Limited::default();
        let template = environment.get_template(name)?;
        template.render_captured_to(Template::from_object(context.clone()), &mut output)?;
        // Templates and values are UTF-8, and so is what they make.
        Ok(String::from_utf8(output.bytes).unwrap_or_default())
    }

    fn finish(
        &self,
        result: Result<Value, Error>,
        text: &str,
        within: &Range<usize>,
        own: Option<&str>,
    ) -> Result<Value, Failure> {
        let Touched { secret, rotating, unknown } = self.recorder().take();
        self.rotating.set(rotating);
        if let Some(until) = unknown {
            return Ok(Value::Unknown(until));
        }
        match result {
            Ok(value) if secret => mask(value, 0),
            Ok(value) => Ok(value),
            Err(error) => Err(failure(&error, secret, text, within, own)),
        }
    }
}

/// The engine recurses over what it compiles, so a text that was refused must not reach it.
fn refuse_problems(analysis: &Analysis) -> Result<(), Failure> {
    match analysis.problems.first() {
        None => Ok(()),
        Some(problem) => Err(Failure {
            message: problem.message.clone(),
            help: problem.help.clone(),
            range: Some(problem.range.clone()),
            template: None,
            undefined: false,
        }),
    }
}

/// Lets the secrets of a value know what they replace.
fn replacing(value: Value, previous: &Value) -> Value {
    match (value, previous) {
        (Value::Secret(secret), Value::Secret(previous)) if secret != *previous => {
            Value::Secret(secret.replacing(previous))
        }
        (Value::List(items), Value::List(previous)) if items.len() == previous.len() => {
            Value::List(items.into_iter().zip(previous).map(|(item, previous)| replacing(item, previous)).collect())
        }
        (value, _) => value,
    }
}

/// Makes every part of a value secret.
fn mask(value: Value, depth: usize) -> Result<Value, Failure> {
    let structure = |what: &str| Failure {
        message: format!("a secret was used to make {what}, so its shape could give the secret away"),
        help: Some("write the mapping in YAML, with the secret in its values".into()),
        range: None,
        template: None,
        undefined: false,
    };
    Ok(match value {
        Value::Text(text) => Value::Secret(Secret::new(text)),
        Value::Bool(value) => Value::Secret(Secret::new(value.to_string())),
        Value::Integer(value) => Value::Secret(Secret::new(value.to_string())),
        Value::Float(value) => Value::Secret(Secret::new(value.to_string())),
        Value::List(items) if depth == 0 => {
            Value::List(items.into_iter().map(|item| mask(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Value::List(_) => return Err(structure("lists in a list")),
        Value::Map(_) => return Err(structure("a mapping")),
        other => other,
    })
}

/// Makes the message for an error; `within` is the range of the expression it comes from, empty where it is the text.
fn failure(error: &Error, secret: bool, text: &str, within: &Range<usize>, own: Option<&str>) -> Failure {
    let error = innermost(error);
    let other = error.name().filter(|name| own.is_some_and(|own| own != *name));
    let template = other.map(|key| key.split_once(SEPARATOR).map_or(key, |(_, path)| path).to_string());
    let range = match error.range() {
        // The range is one of the other file.
        Some(range) if template.is_some() => Some(range),
        Some(range) => Some(characters(text, range.start + within.start..range.end + within.start)),
        None => (!within.is_empty()).then(|| trimmed(text, within)),
    };
    let help = match error.kind() {
        ErrorKind::UndefinedError => Some("give it a value, or use `| default(…)`".to_string()),
        _ => None,
    };
    let message = match error.kind() {
        ErrorKind::OutOfFuel => "this takes too many steps to evaluate".to_string(),
        ErrorKind::UndefinedError => match range.as_ref().filter(|_| template.is_none()) {
            Some(range) => format!("`{}` is undefined", text[range.clone()].trim_start_matches('.')),
            None => "it uses something undefined".to_string(),
        },
        // An error's words may quote the values it is about.
        kind if secret => format!("this fails ({kind}); the details are not shown because it uses a secret"),
        _ => format!("this fails: {}", explain(error)),
    };
    Failure { message, help, range, template, undefined: error.kind() == ErrorKind::UndefinedError }
}

/// Returns the error in a template that others take in, whichever takes it in.
fn innermost(error: &Error) -> &Error {
    let mut error = error;
    while matches!(error.kind(), ErrorKind::BadInclude | ErrorKind::EvalBlock) {
        let inner = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Error>());
        let Some(inner) = inner else { break };
        error = inner;
    }
    error
}

/// Says which name is not there, and which was probably meant, where that can be told.
fn name_it(failure: Failure, analysis: &Analysis, context: &Context) -> Failure {
    if !failure.undefined || failure.template.is_some() {
        return failure;
    }
    let context = Arc::new(context.clone());
    for reference in analysis.references.iter().filter(|reference| !reference.optional) {
        let Some(mut value) = context.get_value_by_str(&reference.root) else { continue };
        let mut path = reference.root.clone();
        for step in &reference.path {
            let Step::Name(name, range) = step else { break };
            let Ok(next) = value.get_attr(name) else { break };
            if next.kind() == ValueKind::Undefined {
                let keys: Vec<String> = match (value.kind(), value.try_iter()) {
                    (ValueKind::Map, Ok(keys)) => keys.filter_map(|key| Some(key.as_str()?.to_string())).collect(),
                    _ => Vec::new(),
                };
                let message = match value.kind() {
                    ValueKind::Map => format!("`{path}` has no `{name}`"),
                    kind => format!("`{path}` has no `{name}`: it is a {kind}"),
                };
                let help = did_you_mean(name, keys.iter().map(String::as_str)).or(failure.help);
                return Failure { message, help, range: Some(range.clone()), template: None, undefined: true };
            }
            path = format!("{path}.{name}");
            value = next;
        }
    }
    failure
}

/// What parts the folder and the path in a template's key.
const SEPARATOR: char = '\u{1}';

/// Returns the key the environments know a template by: names in `include` are relative to its namespace's folder.
pub fn template_key(folder: &Path, path: &Path) -> String {
    format!("{}{SEPARATOR}{}", folder.display(), path.display())
}

/// Returns the key of a template that another takes in.
fn included(name: &str, parent: &str) -> String {
    let folder = Path::new(parent.split_once(SEPARATOR).map_or("", |(folder, _)| folder));
    template_key(folder, &normalize(&folder.join(name)))
}

/// Leaves out the blanks around an expression.
fn trimmed(text: &str, range: &Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + (inner.len() - inner.trim_start().len());
    start..(start + inner.trim().len())
}

#[cfg(test)]
mod tests;
