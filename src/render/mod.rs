//! Plans as text and JSON. Every renderer sees the same [`crate::plan::Plan`]; a secret prints as `(sensitive)` in all.

mod diff;
mod hosts;
mod json;
mod markdown;
mod page;
mod paint;
mod report;
mod text;
mod value;
mod wrap;

pub use hosts::lock_json;
pub use json::{FORMAT_VERSION, PlanJson};
pub use markdown::plan as plan_markdown;
pub use page::{kind as kind_page, kinds as kinds_reference};
pub use paint::{Paint, Role};
pub use report::{json as report_json, text as report_text};
pub use text::{plan as plan_text, write as write_plan_text};
pub use value::{line as describe, shorten, visible, visible_lines};
pub use wrap::wrap;

#[cfg(test)]
pub(crate) mod tests;
