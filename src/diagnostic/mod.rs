//! Messages with source spans: what is wrong, where, and the way out.

mod message;
mod nearest;
mod render;
mod source;
mod unseen;

pub use message::{Diagnostic, Severity};
pub use nearest::{MOST_SUGGESTIONS, did_you_mean, nearest};
pub use render::{render, render_all, sort};
pub use source::{FileId, Sources, Span};
pub use unseen::is_unseen;
