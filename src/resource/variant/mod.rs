//! Variants: the ways in which one kind does its work.
//!
//! A package is installed by apt on one host and by another manager on the next; a rule of a packet filter is kept by ufw
//! or in chains of iptables; a database is one of MySQL or a file of SQLite. The kind is the same: what a spec may say, what
//! it claims, what is compared. What differs stands in one folder (or file) a variant:
//!
//! ```text
//! src/kinds/package/manager.rs   the kind's own trait: what a variant does
//! src/kinds/package/mod.rs       the kind, and one line a variant: variants! { … apt::Apt, … }
//! src/kinds/package/apt/mod.rs   VARIANT says what it is; Apt does the work, as the trait wants it
//! src/kinds/package/apt/*.sh     its programs
//! ```
//!
//! **What a variant says of itself** ([`Variant`]): *what it can* ([`Feature`]s, with the attributes they are for), *where it
//! fits* ([`Confine`]: what a host must show) and *what it is by default for* (families of systems, as in `ID` and `ID_LIKE`
//! of os-release(5)). Several kinds may share one (apt is a variant of `package` and of `package_repository`): what is the same
//! lies in `kinds::shared`, and each kind adds the features that are its own. `infra explain` and the reference list them.
//!
//! **How one is picked** ([`Choice`]):
//!
//! - *By the spec*, in an attribute (`engine`, `backend`). It is known from the start, so what it cannot do is a mistake in the
//!   spec, reported by [`Variants::refuse_attributes`] when the spec is read. Where the host does not show yet what it needs,
//!   the resource is `Later`: a package of the spec may bring it.
//! - *By the host.* Its probe is one program made of the table ([`Table::host_probe`]): it looks which variants fit, without a
//!   process, runs the part of the one that is picked, and reports its name. **Of several that fit**, the one that is by default
//!   for the host's own family goes first, then those for families it is like, in the host's order, then the order of the table.
//!   **Where none fits**, nothing was observed: the resources have `Failed`, with the name of what the host has instead, if that
//!   is known at all ([`Choice::Host`]). Unless what shows it **may come** with a package of the same run: then the one that
//!   is picked in this way of all of them is assumed. What came in the end may be another, so a step that follows from what is
//!   assumed picks on the host once more, by what is there by then ([`Table::host_step`]).
//!
//! **Where it is kept.** [`Table::reported`] reads the name from what the probe wrote. A resource that is there keeps its
//! variant in the kind's `Observed`, one that is not in [`Observation::AbsentOn`]; [`Observation::variant_or`] reads either, so
//! that `refusal`, `diff` and `steps` know it, and only its own program is sent. What was assumed is no variant that was seen:
//! what is absent then is plainly [`Observation::Absent`].
//!
//! **What a variant picked by the host cannot do, and what its rules forbid** (the grammar of a package's name), is said by
//! [`super::Kind::refusal`], after observation: no host is known while a spec is read. `decode` refuses what no variant could
//! take.
//!
//! A new variant is such a folder and a line of the table. A test of the architecture holds the two together.

mod table;

use std::fmt;

pub(super) use table::is_report;
pub use table::{Reported, Table};

use super::{Claims, Fields, Refusal, Space};

/// One way in which a kind does its work.
#[derive(Clone, Copy)]
pub struct Variant {
    /// What specs and probes call it, and its folder or file.
    pub name: &'static str,
    /// Its name as its makers write it.
    pub title: &'static str,
    /// What it can beyond what all variants of the kind can.
    pub features: &'static [Feature],
    /// What a host must show, all of it.
    pub confine: &'static [Confine],
    /// The families of systems it is by default for, as in `ID` and `ID_LIKE` of os-release(5).
    pub default_for: &'static [&'static str],
}

impl Variant {
    /// Adds what a host must show to what a resource requires.
    pub fn required_by(&self, claims: Claims) -> Claims {
        self.confine.iter().fold(claims, |claims, confine| match *confine {
            Confine::Program(program) => claims.requires(Space::PROGRAM, program),
            Confine::Service(unit) => claims.requires(Space::SERVICE, unit),
            Confine::Path(path) => claims.requires(Space::PATH, path),
        })
    }

    /// Returns whether it has the feature that an attribute is for.
    pub fn knows(&self, attribute: &str) -> bool {
        self.features.iter().any(|feature| feature.attributes.contains(&attribute))
    }
}

/// Variants are told apart by their names.
impl PartialEq for Variant {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Variant {}

impl fmt::Debug for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Something that not every variant of a kind can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// What it is, after "it has": "versions", "a default character set".
    pub name: &'static str,
    /// The attributes that are of use only with it.
    pub attributes: &'static [&'static str],
}

/// Something that a host shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confine {
    /// A program in its path.
    Program(&'static str),
    /// A service that runs.
    Service(&'static str),
    /// Anything at this path.
    Path(&'static str),
}

impl Confine {
    /// Returns what is needed, in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Program(program) => format!("the program `{program}`"),
            Self::Service(unit) => format!("the service `{unit}`"),
            Self::Path(path) => format!("`{path}`"),
        }
    }
}

/// Who says which variant it is.
#[derive(Clone, Copy, Debug)]
pub enum Choice {
    /// The spec, in this attribute.
    Spec { attribute: &'static str },
    /// The host. `strangers` are programs of what is no variant, so that a host can be told by name what it has. With
    /// `may_come`, what tells the variants apart may be brought by the run itself.
    Host { strangers: &'static [&'static str], may_come: bool },
}

/// The variants of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Variants {
    /// What they are: "package manager".
    pub noun: &'static str,
    pub choice: Choice,
    pub all: &'static [&'static Variant],
    /// What they are called; their folders.
    pub names: &'static [&'static str],
}

impl Variants {
    /// Finds one by its name.
    pub fn named(&self, name: &str) -> Option<&'static Variant> {
        self.all.iter().copied().find(|variant| variant.name == name)
    }

    /// Returns the titles of those that know an attribute; none where all do, because no feature is about it.
    fn known_to(&self, attribute: &str) -> Vec<&'static str> {
        self.all.iter().filter(|variant| variant.knows(attribute)).map(|variant| variant.title).collect()
    }

    /// Returns why an attribute is of no use with this variant, and the way out; nothing where it is.
    fn lacks(&self, variant: &Variant, attribute: &str) -> Option<Refusal> {
        let known = self.known_to(attribute);
        // Kinds that share a variant have features of their own for it.
        let own = self.named(variant.name).unwrap_or(variant);
        if known.is_empty() || own.knows(attribute) {
            return None;
        }
        Some(Refusal {
            message: format!("`{attribute}` is not for {}, but for {}", variant.title, known.join(" and ")),
            help: format!("leave `{attribute}` out"),
        })
    }

    /// Reports attributes that the variant which the spec picks has no feature for.
    pub fn refuse_attributes(&self, variant: &Variant, fields: &mut Fields<'_>) {
        let mut seen = Vec::new();
        for attribute in self.all.iter().flat_map(|one| one.features).flat_map(|feature| feature.attributes) {
            if !seen.contains(attribute) && fields.has(attribute) {
                seen.push(attribute);
                if let Some(refusal) = self.lacks(variant, attribute) {
                    fields.error(attribute, refusal.message, refusal.help);
                }
            }
        }
    }

    /// Returns why the variant that the host has cannot do what a resource asks for; `used` are its attributes that count.
    pub fn refusal<'a>(&self, variant: &Variant, used: impl IntoIterator<Item = &'a str>) -> Option<Refusal> {
        used.into_iter().find_map(|attribute| self.lacks(variant, attribute))
    }
}
