//! Values in scope of expressions: plain, secret, or known only later.
//!
//! Filters and concatenation turn values into plain texts, so a mark on a value would get lost. What is recorded is
//! therefore the touch: handing a secret to the template engine is remembered until the render ends, and the render's
//! whole result is secret then. A secret that is not known yet is handed out as a text that stands in for it, so that the
//! render goes on to whatever else it waits for; what a host has yet to tell ends it at once. While a secret is being
//! rotated, what touched it is rendered once more with what the secret replaces.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indexmap::{IndexMap, IndexSet};
use minijinja::value::{Enumerator, Object, ObjectRepr, Value as Template, ValueKind};
use minijinja::{Error, ErrorKind};

use crate::model::{Secret, Until, Value};

/// What a render touched.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    pub secret: bool,
    /// One of the secrets replaces another text.
    pub rotating: bool,
    /// All that it waits for.
    pub unknown: Option<Until>,
}

/// Stands in for a secret that is not known yet.
const STAND_IN: &str = "not-known-yet";

/// Remembers what the render under way touched.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    touched: Arc<Mutex<Touched>>,
    /// Secrets are handed out as what they replace.
    previous: Arc<AtomicBool>,
    /// What expressions made of secrets, in all renders.
    derived: Arc<Mutex<IndexSet<Secret>>>,
}

/// The shortest text that is hidden because it was made of a secret, in characters: of a shorter one too much else is made.
const SHORTEST_DERIVED: usize = 6;
/// How many items of a list that was made of a secret are looked at.
const MOST_DERIVED: usize = 1_000;

impl Recorder {
    /// Returns what was touched since the last call, and starts anew.
    pub fn take(&self) -> Touched {
        std::mem::take(&mut self.lock())
    }

    /// Does something while secrets are handed out as what they replace.
    pub fn with_previous<T>(&self, render: impl FnOnce() -> T) -> T {
        self.previous.store(true, Ordering::Relaxed);
        let result = render();
        self.previous.store(false, Ordering::Relaxed);
        result
    }

    /// Hands out a secret.
    fn secret(&self, secret: &Secret) -> Template {
        let previous = secret.previous();
        let mut touched = self.lock();
        touched.secret = true;
        touched.rotating |= previous.is_some();
        let previous = previous.filter(|_| self.previous.load(Ordering::Relaxed));
        Template::from(previous.as_ref().unwrap_or(secret).expose())
    }

    /// Does something, and returns whether that touched a secret.
    pub fn watch<T>(&self, touch: impl FnOnce() -> T) -> (T, bool) {
        let before = std::mem::take(&mut self.lock().secret);
        let result = touch();
        let mut touched = self.lock();
        let is_of_secret = touched.secret;
        touched.secret |= before;
        (result, is_of_secret)
    }

    /// Evaluates one expression of a text. What it makes of a secret is to be hidden as well: a program prints that part alone.
    pub fn expression<E>(&self, text: &str, evaluate: impl FnOnce() -> Result<Template, E>) -> Result<Template, E> {
        let before = std::mem::take(&mut self.lock().secret);
        let value = evaluate();
        let mut touched = self.lock();
        let is_of_secret = touched.secret && touched.unknown.is_none();
        touched.secret |= before;
        drop(touched);
        if let Ok(value) = &value
            && is_of_secret
        {
            self.derive(text, value);
        }
        value
    }

    /// Notes the texts of a value, but for those that the expression itself says (`'on' if secrets.key else 'off'`).
    fn derive(&self, expression: &str, value: &Template) {
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        let mut note = |text: &str| {
            if text.chars().count() >= SHORTEST_DERIVED && !expression.contains(text) {
                derived.insert(Secret::new(text));
            }
        };
        match (value.as_str(), value.kind()) {
            (Some(text), _) => note(text),
            (None, ValueKind::Seq | ValueKind::Iterable) => {
                let items = value.try_iter().into_iter().flatten().take(MOST_DERIVED);
                items.filter_map(|item| item.as_str().map(String::from)).for_each(|text| note(&text));
            }
            _ => {}
        }
    }

    /// Returns what expressions made of secrets so far.
    pub fn derived(&self) -> Vec<Secret> {
        self.derived.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn unknown(&self, until: &Until) {
        let mut touched = self.lock();
        touched.unknown = Some(match touched.unknown.take() {
            Some(others) => others.and(until.clone()),
            None => until.clone(),
        });
    }

    /// Returns whether anything touched so far is not known yet.
    pub fn is_unknown(&self) -> bool {
        self.lock().unknown.is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Touched> {
        // What is guarded is valid whenever a panic could have struck.
        self.touched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value as expressions see it.
#[derive(Clone)]
pub enum Scoped {
    Plain(Template),
    Secret(Secret),
    Unknown(Until),
    /// A list or mapping of which some part is not plain.
    List(Arc<Vec<Scoped>>),
    Map(Arc<IndexMap<String, Scoped>>),
    /// Using it is an error that says why.
    Unusable(Arc<str>),
}

impl Scoped {
    /// Takes a value of the model.
    pub fn new(value: &Value) -> Self {
        match value {
            Value::Secret(secret) => Self::Secret(secret.clone()),
            Value::Unknown(until) => Self::Unknown(until.clone()),
            Value::List(items) if is_shaded(value) => Self::List(Arc::new(items.iter().map(Self::new).collect())),
            Value::Map(entries) if is_shaded(value) => {
                Self::Map(Arc::new(entries.iter().map(|(key, value)| (key.clone(), Self::new(value))).collect()))
            }
            plain => Self::Plain(plain_template(plain)),
        }
    }

    /// Hands the value to the template engine; touching a secret or something unknown is recorded.
    pub fn touch(&self, recorder: &Recorder) -> Template {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Secret(secret) => recorder.secret(secret),
            Self::Unknown(until) => {
                recorder.unknown(until);
                match until {
                    Until::Applied(_) => Template::from(STAND_IN),
                    Until::Facts(_) => Template::from(Error::new(ErrorKind::InvalidOperation, "not known yet")),
                }
            }
            Self::Unusable(why) => Template::from(Error::new(ErrorKind::InvalidOperation, why.to_string())),
            Self::List(items) => {
                Template::from_object(ShadedList { items: Arc::clone(items), recorder: recorder.clone() })
            }
            Self::Map(entries) => {
                Template::from_object(ShadedMap { entries: Arc::clone(entries), recorder: recorder.clone() })
            }
        }
    }

    fn to_value(&self) -> Result<Value, String> {
        Ok(match self {
            Self::Plain(value) => from_template(value)?,
            Self::Secret(secret) => Value::Secret(secret.clone()),
            Self::Unknown(until) => Value::Unknown(until.clone()),
            Self::Unusable(why) => return Err(why.to_string()),
            Self::List(items) => Value::List(items.iter().map(Self::to_value).collect::<Result<_, _>>()?),
            Self::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), value.to_value()?)))
                    .collect::<Result<_, String>>()?,
            ),
        })
    }
}

fn is_shaded(value: &Value) -> bool {
    match value {
        Value::Secret(_) | Value::Unknown(_) | Value::Content(_) => true,
        Value::List(items) => items.iter().any(is_shaded),
        Value::Map(entries) => entries.values().any(is_shaded),
        _ => false,
    }
}

fn plain_template(value: &Value) -> Template {
    match value {
        Value::Null => Template::from(()),
        Value::Bool(value) => Template::from(*value),
        Value::Integer(value) => Template::from(*value),
        Value::Float(value) => Template::from(*value),
        Value::Text(text) => Template::from(text.as_str()),
        Value::List(items) => items.iter().map(plain_template).collect::<Vec<_>>().into(),
        Value::Map(entries) => {
            Template::from_pairs(entries.iter().map(|(key, value)| (key.as_str(), plain_template(value))))
        }
        // Files' contents come from attributes, and those are in no scope.
        Value::Content(_) | Value::Secret(_) | Value::Unknown(_) => Template::UNDEFINED,
    }
}

/// How deep a value made by an expression may be.
const MAX_DEPTH: usize = 100;
/// How many parts a value made by an expression may have.
const MAX_PARTS: usize = 300_000;
/// How much text counts as one more part, in bytes.
const TEXT_OF_A_PART: usize = 64;

/// Turns the result of an expression into a value; the error says why it is none.
pub(super) fn from_template(value: &Template) -> Result<Value, String> {
    read(value, 0, &mut 0)
}

fn read(value: &Template, depth: usize, parts: &mut usize) -> Result<Value, String> {
    *parts += 1;
    if *parts > MAX_PARTS {
        return Err("its value is too large".into());
    }
    if let Some(list) = value.downcast_object_ref::<ShadedList>() {
        return Scoped::List(Arc::clone(&list.items)).to_value();
    }
    if let Some(map) = value.downcast_object_ref::<ShadedMap>() {
        return Scoped::Map(Arc::clone(&map.entries)).to_value();
    }
    if let Some(all) = value.downcast_object_ref::<Progressive>() {
        return all.to_value();
    }
    if depth > MAX_DEPTH {
        return Err("its lists and mappings lie in each other too deep".into());
    }
    let iterate = || value.try_iter().map_err(|error| explain(&error));
    Ok(match value.kind() {
        ValueKind::None => Value::Null,
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number => match value.as_i64() {
            Some(number) if value.is_integer() => Value::Integer(number),
            _ => {
                let number = f64::try_from(value.clone()).map_err(|error| explain(&error))?;
                if value.is_integer() || !number.is_finite() {
                    return Err("it is a number beyond 64 bits".into());
                }
                Value::Float(number)
            }
        },
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            *parts += text.len() / TEXT_OF_A_PART;
            Value::text(text)
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let mut items = Vec::new();
            for item in iterate()?.checked() {
                items.push(read(&item.map_err(|error| explain(&error))?, depth + 1, parts)?);
            }
            Value::List(items)
        }
        ValueKind::Map => {
            let mut entries = IndexMap::new();
            for key in iterate()?.checked() {
                let key = key.map_err(|error| explain(&error))?;
                let name = key.as_str().map_or_else(|| key.to_string(), str::to_string);
                let item = value.get_item(&key).map_err(|error| explain(&error))?;
                entries.insert(name, read(&item, depth + 1, parts)?);
            }
            Value::Map(entries)
        }
        ValueKind::Undefined => return Err("it is undefined".into()),
        // Only iterating an invalid value hands its error out.
        ValueKind::Invalid => return Err(iterate().err().unwrap_or_default()),
        _ => return Err(format!("{} is no value of a spec", value.kind())),
    })
}

/// Returns the words of an engine's error, without its place.
pub(super) fn explain(error: &Error) -> String {
    match error.detail() {
        Some(detail) if error.kind() == ErrorKind::InvalidOperation => detail.to_string(),
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// A list of which some part is not plain.
pub(super) struct ShadedList {
    items: Arc<Vec<Scoped>>,
    recorder: Recorder,
}

impl fmt::Debug for ShadedList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a list with parts that are not shown)")
    }
}

impl Object for ShadedList {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Template) -> Option<Template> {
        Some(self.items.get(key.as_usize()?)?.touch(&self.recorder))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.items.len())
    }
}

/// A mapping of which some part is not plain.
pub(super) struct ShadedMap {
    entries: Arc<IndexMap<String, Scoped>>,
    recorder: Recorder,
}

impl fmt::Debug for ShadedMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a mapping with parts that are not shown)")
    }
}

impl Object for ShadedMap {
    fn get_value(self: &Arc<Self>, key: &Template) -> Option<Template> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Template> {
        Some(self.entries.get(key)?.touch(&self.recorder))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.entries.keys().map(|key| Template::from(key.as_str())).collect())
    }
}

/// A mapping that is filled while a spec is evaluated: `vars`, `inputs`, a module's outputs.
pub struct Progressive {
    entries: Mutex<HashMap<String, Scoped>>,
    /// All names in the order of the spec.
    names: Arc<[String]>,
    recorder: Recorder,
}

impl Progressive {
    pub fn new(names: Arc<[String]>, recorder: Recorder) -> Self {
        Self { entries: Mutex::default(), names, recorder }
    }

    /// Sets a value.
    pub fn set(&self, name: &str, value: Scoped) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_string(), value);
    }

    /// Returns whether a value is set.
    pub fn has(&self, name: &str) -> bool {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }

    fn get(&self, name: &str) -> Option<Scoped> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn to_value(&self) -> Result<Value, String> {
        let entries = self.names.iter().filter_map(|name| Some((name.clone(), self.get(name)?)));
        Ok(Value::Map(entries.map(|(name, value)| Ok((name, value.to_value()?))).collect::<Result<_, String>>()?))
    }
}

impl fmt::Debug for Progressive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(a mapping with parts that are not shown)")
    }
}

impl Object for Progressive {
    fn get_value(self: &Arc<Self>, key: &Template) -> Option<Template> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Template> {
        Some(self.get(key)?.touch(&self.recorder))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.names.iter().map(|name| Template::from(name.as_str())).collect())
    }
}
