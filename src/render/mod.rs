//! Plans as text and JSON. Every renderer sees the same [`crate::plan::Plan`]; a secret prints as `(sensitive)` in all.

mod diff;
mod json;
mod paint;
mod text;
mod value;

pub use json::{FORMAT_VERSION, plan as plan_json};
pub use paint::{Paint, Role};
pub use text::plan as plan_text;
pub use value::visible;
