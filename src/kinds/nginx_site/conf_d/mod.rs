//! Sites in `conf.d`, where nginx reads what ends in `.conf`: the packages of nginx.org, and those of the family of RHEL.

use crate::kinds::shared::owned_file;
use crate::kinds::shared::program::program;
use crate::resource::{Confine, Variant};

use super::layout::Layout;

pub const VARIANT: Variant = Variant {
    name: "conf_d",
    title: "conf.d",
    features: &[],
    confine: &[Confine::Program("nginx"), Confine::Path("/etc/nginx/conf.d")],
    default_for: &["fedora", "rhel"],
};

/// What nginx.org's nginx does.
pub struct ConfD;

impl Layout for ConfD {
    fn folder(&self) -> &'static str {
        "/etc/nginx/conf.d"
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
