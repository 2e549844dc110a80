//! Copies of what Redis has saved.

use crate::resource::{Confine, Feature, Variant};

use super::source::Source;

pub const VARIANT: Variant = Variant {
    name: "redis",
    title: "Redis",
    features: &[Feature { name: "logins by a file", attributes: &["credentials"] }],
    confine: &[Confine::Program("redis-cli")],
    default_for: &[],
};

/// What Redis needs.
#[derive(Debug)]
pub struct Redis;

impl Source for Redis {
    fn functions(&self) -> String {
        include_str!("source.sh").into()
    }
}
