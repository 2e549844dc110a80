//! Rendering a text in a scope.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value as Template;
use minijinja::{Environment, Error, ErrorKind, Expression, UndefinedBehavior};

use crate::model::{OpenLines, OpenLinesFinder, Secret, Value};

use super::Analysis;
use super::analysis::Part;
use super::bounded::{self, MOST, too_large};
use super::context::Context;
use super::failure::{Failure, failure, name_it, refuse_problems};
use super::filters;
use super::output::{Limited, format, write};
use super::scoped::{Recorder, Touched, from_template};
use super::template_key::{SEPARATOR, included};

/// How many steps one render may take. An instruction is one, and so are 64 bytes of what is made or gone through.
const FUEL: u64 = 1_000_000;

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
            filters::add(&mut environment);
            bounded::add(&mut environment);
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
                let value = self.part(&text[range.clone()], context).and_then(|value| {
                    from_template(&value).map_err(|why| Error::new(ErrorKind::InvalidOperation, why))
                });
                self.finish(value, Rendered { text, within: range.clone(), own: None, analysis, context })
            }
            // Texts differ more than the expressions in them, so that these are what is compiled and kept.
            Some(parts) => {
                let (output, open) = match self.joined(text, parts, context) {
                    Ok(joined) => joined,
                    Err((error, within)) => {
                        return self.finish(Err(error), Rendered { text, within, own: None, analysis, context });
                    }
                };
                let rendered = Rendered { text, within: 0..0, own: None, analysis, context };
                self.finish(Ok(Value::Text(output)), rendered).map(|value| with_open(value, open))
            }
            None => {
                // A string and a file must not meet under one name.
                let name = format!("{SEPARATOR}{SEPARATOR}{text}");
                self.environments.provide(&name, text);
                let output = self.output(&self.environments.strings, &name, context);
                let own = Some(&*name);
                self.finish(output.map(Value::Text), Rendered { text, within: 0..0, own, analysis, context })
            }
        }
    }

    /// Renders the parts of a text one after another, and finds the lines that no secret has part in: an expression that
    /// touches none makes the same whatever they are, and so does what stands in the text.
    fn joined(
        &self,
        text: &str,
        parts: &[Part],
        context: &Context,
    ) -> Result<(String, OpenLines), (Error, Range<usize>)> {
        let mut output = String::with_capacity(text.len());
        let mut open = OpenLinesFinder::default();
        for part in parts {
            let start = output.len();
            match part {
                Part::Raw(range) => {
                    output.push_str(&text[range.clone()]);
                    open.push(&output[start..], false);
                }
                Part::Expression(range) => {
                    let (written, is_of_secret) = self.recorder().watch(|| {
                        self.part(&text[range.clone()], context).and_then(|value| write(&value, &mut output))
                    });
                    let written = written.and_then(|()| match output.len() {
                        0..=MOST => Ok(()),
                        _ => Err(too_large()),
                    });
                    open.push(output.get(start..).unwrap_or_default(), is_of_secret);
                    // What comes after something unknown may wait for more.
                    if let Err(error) = written
                        && !self.recorder().is_unknown()
                    {
                        return Err((error, range.clone()));
                    }
                }
            }
        }
        Ok((output, open.finish()))
    }

    /// Renders a template file that was provided.
    pub fn render_file(&self, key: &str, text: &str, context: &Context) -> Result<Value, Failure> {
        let analysis = self.provide(key, text);
        refuse_problems(&analysis)?;
        self.recorder().take();
        let render = || {
            let output = self.output(&self.environments.files, key, context);
            let rendered = Rendered { text, within: 0..0, own: Some(key), analysis: &analysis, context };
            let value = self.finish(output.map(Value::Text), rendered)?;
            Ok(self.open_lines(value, text, &analysis, context))
        };
        self.with_previous(render).map_err(|failure| name_it(failure, &analysis, context))
    }

    /// Tells of a secret text that a template file made which of its lines are none of a secret, where that can be told: the
    /// template holds no blocks, and its parts come to that very text.
    fn open_lines(&self, value: Value, text: &str, analysis: &Analysis, context: &Context) -> Value {
        let (Value::Secret(secret), Some(parts)) = (&value, &analysis.parts) else { return value };
        let rotating = self.rotating.get();
        let joined = self.joined(text, parts, context);
        self.recorder().take();
        self.rotating.set(rotating);
        match joined {
            Ok((output, open)) if output == secret.expose() => with_open(value, open),
            _ => value,
        }
    }

    /// Evaluates an expression of a text.
    fn part(&self, text: &str, context: &Context) -> Result<Template, Error> {
        self.recorder().expression(text, || self.value(text, context))
    }

    /// Evaluates an expression. An `if` without `else` is the empty text where it does not hold, as in Jinja.
    fn value(&self, text: &str, context: &Context) -> Result<Template, Error> {
        let value = self.expression(text)?.eval(Template::from_object(context.clone()))?;
        if !value.is_undefined() {
            return Ok(value);
        }
        // minijinja tells this from what is not there, but not to others: only the latter may not be put into a text.
        let scope = Template::from_pairs([("value", value)]);
        let text = self.environments.strings.render_str("{{ value }}", scope);
        text.map(Template::from).map_err(|_| Error::from(ErrorKind::UndefinedError))
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

    fn finish(&self, result: Result<Value, Error>, rendered: Rendered<'_>) -> Result<Value, Failure> {
        if result.is_err() && self.recorder().is_unknown() {
            // What stood in for a secret did not fit, so that the render ended before it touched all.
            rendered.context.touch(&rendered.analysis.references);
        }
        let Touched { secret, rotating, unknown } = self.recorder().take();
        self.rotating.set(rotating);
        if let Some(until) = unknown {
            return Ok(Value::Unknown(until));
        }
        match result {
            Ok(value) if secret => mask(value, 0),
            Ok(value) => Ok(value),
            Err(error) => Err(failure(&error, secret, rendered.text, &rendered.within, rendered.own)),
        }
    }
}

/// What was rendered.
struct Rendered<'a> {
    text: &'a str,
    /// The range of the one expression that it is about; empty where it is the text.
    within: Range<usize>,
    /// The name under which the text was compiled.
    own: Option<&'a str>,
    analysis: &'a Analysis,
    context: &'a Context,
}

/// Lets a secret text know which of its lines are none of a secret.
fn with_open(value: Value, open: OpenLines) -> Value {
    match value {
        Value::Secret(secret) => Value::Secret(secret.with_open(open)),
        value => value,
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

#[cfg(test)]
mod tests;
