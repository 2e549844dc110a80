//! Why what was seen may have to stay.

/// Why what was seen must not be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub message: String,
    /// The way out.
    pub help: String,
}
