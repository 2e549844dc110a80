//! Finding known secrets in texts that are about to be shown, in whatever form programs print them.

mod flat;
mod forms;
mod redactor;
mod stream;
#[cfg(test)]
mod tests;

pub use redactor::Redactor;
pub use stream::{LONGEST_LINE, Stream};
