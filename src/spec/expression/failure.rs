//! Why a text could not be rendered, in words.

use std::ops::Range;
use std::sync::Arc;

use minijinja::value::{Object, ValueKind};
use minijinja::{Error, ErrorKind};

use crate::diagnostic::did_you_mean;

use super::Analysis;
use super::analysis::{Step, characters};
use super::context::Context;
use super::scoped::explain;
use super::template_key::SEPARATOR;

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

/// The engine recurses over what it compiles, so a text that was refused must not reach it.
pub(super) fn refuse_problems(analysis: &Analysis) -> Result<(), Failure> {
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

/// Makes the message for an error; `within` is the range of the expression it comes from, empty where it is the text.
pub(super) fn failure(error: &Error, secret: bool, text: &str, within: &Range<usize>, own: Option<&str>) -> Failure {
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
        ErrorKind::OutOfFuel => "this takes too many steps, or makes too much, to evaluate".to_string(),
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
pub(super) fn name_it(failure: Failure, analysis: &Analysis, context: &Context) -> Failure {
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

/// Leaves out the blanks around an expression.
fn trimmed(text: &str, range: &Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + (inner.len() - inner.trim_start().len());
    start..(start + inner.trim().len())
}
