//! Sites in `sites-available`, linked from `sites-enabled` where they are served: Debian's own packages.

use crate::kinds::shared::owned_file;
use crate::kinds::shared::program::program;
use crate::resource::{Confine, Variant};

use super::layout::Layout;

pub const VARIANT: Variant = Variant {
    name: "sites_enabled",
    title: "sites-enabled",
    features: &[],
    confine: &[Confine::Program("nginx"), Confine::Path("/etc/nginx/sites-enabled")],
    default_for: &["debian"],
};

/// What Debian's nginx does.
pub struct SitesEnabled;

impl Layout for SitesEnabled {
    fn folder(&self) -> &'static str {
        "/etc/nginx/sites-available"
    }

    fn look(&self) -> &'static str {
        include_str!("look.sh")
    }

    fn place(&self) -> &'static str {
        include_str!("place.sh")
    }

    fn write(&self) -> &'static str {
        program![owned_file::WRITING, include_str!("place.sh"), include_str!("../apply.sh")]
    }
}
