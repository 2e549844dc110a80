//! What is being evaluated right now: for who has a clock and sees the memory, which nothing here does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::diagnostic::{Sources, Span};

/// Tells another thread what is being evaluated. The engine counts steps and what they make; what it does not count, such as
/// how deep two lists are compared, somebody who looks from outside can still give a place.
#[derive(Debug, Default)]
pub struct Evaluating(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How many evaluations have begun.
    begun: u64,
    under_way: bool,
    last: Option<Evaluated>,
}

/// A text that is evaluated.
#[derive(Clone, Debug)]
pub struct Evaluated {
    pub span: Span,
    /// The name and text of its file.
    pub name: String,
    pub text: Arc<str>,
}

impl Evaluating {
    /// Returns what is being evaluated, with its number among all evaluations.
    pub fn now(&self) -> Option<(u64, Evaluated)> {
        let state = self.lock();
        let evaluated = state.last.as_ref().filter(|_| state.under_way)?;
        Some((state.begun, evaluated.clone()))
    }

    /// Evaluates something that stands at a place.
    pub(super) fn at<T>(&self, span: Span, sources: &Sources, evaluate: impl FnOnce() -> T) -> T {
        self.begin(span, sources);
        let evaluated = evaluate();
        self.lock().under_way = false;
        evaluated
    }

    fn begin(&self, span: Span, sources: &Sources) {
        let mut state = self.lock();
        state.begun += 1;
        state.under_way = true;
        match &mut state.last {
            Some(last) if last.span.file == span.file => last.span = span,
            last => {
                let (name, text) = (sources.name(span.file).to_string(), Arc::clone(sources.text(span.file)));
                *last = Some(Evaluated { span, name, text });
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What is guarded is valid whenever a panic could have struck.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
