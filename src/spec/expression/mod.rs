//! Expressions: `{{ … }}` in the strings of a spec, and template files.
//!
//! minijinja parses and runs them; what is around it is ours: which names a text uses (`analysis`), where in the source
//! they stand (`place`), values that know whether they are secret or not known yet (`shade`), and the engine that
//! renders a text and says whether a secret or something unknown was touched on the way (`engine`).

mod analysis;
mod engine;
mod output;
mod place;
mod scoped;
mod vocabulary;

pub(super) use analysis::{Analysis, Reference, Step};
pub(super) use engine::{Context, Engine, Environments, Failure, template_key};
pub(super) use place::Places;
pub(super) use scoped::{Progressive, Scoped};

/// Returns whether a string of a spec holds an expression at all.
pub(super) fn has_expression(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}
