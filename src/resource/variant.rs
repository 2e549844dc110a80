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
//!   is known at all ([`Choice::Host`]).
//!
//! **Where it is kept.** [`Table::reported`] reads the name from what the probe wrote. A resource that is there keeps its
//! variant in the kind's `Observed`, one that is not in [`Observation::AbsentOn`]; [`Observation::variant_or`] reads either, so
//! that `refusal`, `diff` and `steps` know it, and only its own program is sent.
//!
//! **What a variant picked by the host cannot do, and what its rules forbid** (the grammar of a package's name), is said by
//! [`super::Kind::refusal`], after observation: no host is known while a spec is read. `decode` refuses what no variant could
//! take.
//!
//! A new variant is such a folder and a line of the table. A test of the architecture holds the two together.

use std::fmt;

use crate::model::ProbeOutput;

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
    /// The host. `strangers` are programs of what is no variant, so that a host can be told by name what it has.
    Host { strangers: &'static [&'static str] },
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

/// The variants of a kind with what each does, which is a trait of the kind; made by [`variants!`](crate::variants).
pub struct Table<T: ?Sized + 'static> {
    pub variants: Variants,
    /// In the order of the variants.
    pub ways: &'static [&'static T],
}

impl<T: ?Sized> Table<T> {
    /// Returns what a variant does; the first of the table where it is none of them.
    pub fn of(&self, variant: &Variant) -> &'static T {
        let at = self.variants.all.iter().position(|one| **one == *variant);
        self.ways[at.unwrap_or_default()]
    }

    /// Returns all variants with what they do.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Variant, &'static T)> {
        self.variants.all.iter().copied().zip(self.ways.iter().copied())
    }

    /// Returns the variant that a probe made by [`Table::host_probe`] reported, or why there is none.
    pub fn reported(&self, output: &ProbeOutput) -> Result<&'static Variant, String> {
        let report = output.records.iter().rev().find(|record| matches!(record.field(0), REPORT | STRANGER));
        let name = report.ok_or_else(|| output.explain())?.field(1);
        self.variants.named(name).ok_or_else(|| {
            let noun = self.variants.noun;
            let supported = match self.variants.names {
                [one] => format!("{one} is supported"),
                several => format!("{} are supported", several.join(", ")),
            };
            match name {
                "none" => format!("the host has no {noun} that is known; {supported}"),
                other => format!("the host's {noun} is {other}; {supported}"),
            }
        })
    }

    /// Makes the program that observes by the variant that the host has: functions for all of them, what `each` returns for
    /// the one that is picked, and what is left to do then. It is made of constants alone. The report is the last record, so
    /// that a row's first is its own.
    pub fn host_probe(&self, before: &str, each: fn(&T) -> &'static str, after: &str) -> String {
        let Choice::Host { strangers } = self.variants.choice else {
            return self.probe(before, each);
        };
        let table: Vec<String> = self.variants.all.iter().map(|variant| line(variant)).collect();
        let functions = self.functions(each);
        format!(
            "{before}{}{functions}variants='{}'\nstrangers='{}'\nchoose_variant\nif [ -z \"$variant\" ]; then\n    \
             emit 0 {STRANGER} \"$stranger\"\n    return 0\nfi\n\"${{variant}}_variant\" || exit\n{after}\nemit 0 {REPORT} \"$variant\"\n",
            include_str!("variant.sh"),
            table.join("\n"),
            strangers.join("\n"),
        )
    }

    /// Makes the program that observes by all variants, one after another: each takes the rows that the spec has given it.
    pub fn probe(&self, before: &str, each: fn(&T) -> &'static str) -> String {
        let calls: Vec<String> = self.variants.names.iter().map(|name| format!("{name}_variant")).collect();
        format!("{before}{}{}\n", self.functions(each), calls.join(" && "))
    }

    /// Makes a function of each variant's part.
    fn functions(&self, each: fn(&T) -> &'static str) -> String {
        self.iter().map(|(variant, way)| format!("{}_variant() {{\n{}\n}}\n", variant.name, each(way))).collect()
    }
}

/// The first field of the record that names the variant of the host.
const REPORT: &str = "variant";
/// The same where it is none of the table.
const STRANGER: &str = "unsupported";

/// Writes what `variant.sh` reads of a variant.
fn line(variant: &Variant) -> String {
    let needs = variant.confine.iter().filter_map(|confine| match confine {
        Confine::Program(word) | Confine::Path(word) => Some(*word),
        // What runs is no sign of what the host is made of.
        Confine::Service(_) => None,
    });
    format!("{}:{}:{}", variant.name, needs.collect::<Vec<_>>().join(" "), variant.default_for.join(" "))
}

/// Declares the variants of a kind: their modules and the [`Table`], a line each. The module is called as the variant, and
/// has its `VARIANT`.
///
/// ```ignore
/// variants! {
///     /// The programs that keep rules.
///     const BACKENDS: dyn Backend = ("firewall", Choice::Spec { attribute: "backend" }) {
///         ufw::Ufw,
///         iptables::Iptables,
///     }
/// }
/// ```
#[macro_export]
macro_rules! variants {
    (
        $(#[$doc:meta])*
        $vis:vis const $table:ident: $way:ty = ($noun:expr, $choice:expr) { $($module:ident :: $variant:ident),* $(,)? }
    ) => {
        $(mod $module;)*

        $(#[$doc])*
        $vis const $table: $crate::resource::Table<$way> = $crate::resource::Table {
            variants: $crate::resource::Variants {
                noun: $noun,
                choice: $choice,
                all: &[$(&$module::VARIANT),*],
                names: &[$(stringify!($module)),*],
            },
            ways: &[$(&$module::$variant),*],
        };
    };
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the program is run by this machine's shells")]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::model::{ProbeStatus, Record};

    const OLD: Variant = Variant {
        name: "old",
        title: "Old",
        features: &[Feature { name: "age", attributes: &["age"] }],
        confine: &[Confine::Program("old-tool")],
        default_for: &["ancient"],
    };
    const NEW: Variant = Variant {
        name: "new",
        title: "New",
        features: &[],
        confine: &[Confine::Program("new-tool"), Confine::Path("/dev/null")],
        default_for: &["modern", "recent"],
    };
    /// The part of a variant in a probe.
    struct Part(&'static str);

    const TABLE: Table<Part> = Table {
        variants: Variants {
            noun: "tool",
            choice: Choice::Host { strangers: &["odd-tool"] },
            all: &[&OLD, &NEW],
            names: &["old", "new"],
        },
        ways: &[&Part("emit 0 by-old"), &Part("emit 0 by-new")],
    };

    /// Runs the probe under every shell on a host that has these programs and this os-release; returns what it says.
    fn said(tools: &[&str], release: &str) -> String {
        let host = tempfile::tempdir().unwrap();
        let path = host.path();
        for tool in tools {
            let tool = path.join(tool);
            std::fs::write(&tool, "").unwrap();
            std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        std::fs::write(path.join("os-release"), release).unwrap();
        let program = TABLE
            .host_probe("", |part| part.0, "")
            .replace("/etc/os-release", path.join("os-release").to_str().unwrap());
        let prelude = "NL='\n'; IFS=$NL; set -f; emit() { shift; echo \"$*\"; }; IFS=$NL\n";
        let text = format!("{prelude}PATH={}\nprobe() {{\n{program}\n}}\nprobe\n", path.display());
        let outputs: Vec<String> = [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]]
            .iter()
            .map(|shell| {
                let output = Command::new(shell[0]).args(&shell[1..]).args(["-c", &text]).output().unwrap();
                assert!(output.status.success(), "{shell:?}: {}", String::from_utf8_lossy(&output.stderr));
                String::from_utf8(output.stdout).unwrap()
            })
            .collect();
        assert!(outputs.windows(2).all(|pair| pair[0] == pair[1]), "{outputs:?}");
        outputs[0].replace('\n', " ")
    }

    #[test]
    fn the_host_picks_what_fits_it() {
        let both = ["old-tool", "new-tool"];
        assert_eq!(said(&["old-tool"], "ID=modern\n"), "by-old variant old ");
        assert_eq!(said(&both, "ID=modern\n"), "by-new variant new ");
        assert_eq!(said(&both, "NAME=x\nID_LIKE=\"odd recent ancient\"\nID=other"), "by-new variant new ");
        assert_eq!(said(&both, "ID='ancient'\nID_LIKE=modern\n"), "by-old variant old ");
        assert_eq!(said(&both, "ID=other\n"), "by-old variant old ");
        assert_eq!(said(&["odd-tool"], "ID=modern\n"), "unsupported odd-tool ");
        assert_eq!(said(&[], ""), "unsupported none ");
    }

    #[test]
    fn what_was_reported_is_found_in_the_table() {
        let output = |fields: &[&str]| ProbeOutput {
            status: ProbeStatus::Done,
            records: vec![Record { index: 0, fields: fields.iter().map(|field| field.to_string()).collect() }],
            messages: vec![],
        };
        assert_eq!(TABLE.reported(&output(&["variant", "new"])), Ok(&NEW));
        let unknown = |name| TABLE.reported(&output(&["unsupported", name])).unwrap_err();
        assert_eq!(unknown("odd-tool"), "the host's tool is odd-tool; old, new are supported");
        assert_eq!(unknown("none"), "the host has no tool that is known; old, new are supported");
        assert_eq!(TABLE.reported(&output(&["present"])).unwrap_err(), "the probe said nothing about it");
    }

    #[test]
    fn a_variant_refuses_what_it_has_no_feature_for() {
        let refused = |variant: &Variant, used: &[&'static str]| TABLE.variants.refusal(variant, used.iter().copied());
        assert_eq!(refused(&OLD, &["age", "name"]), None);
        let message = refused(&NEW, &["name", "age"]).map(|refusal| refusal.message);
        assert_eq!(message.as_deref(), Some("`age` is not for New, but for Old"));
        // What several kinds share of a variant says nothing about what it can in one of them.
        assert_eq!(refused(&Variant { features: &[], ..OLD }, &["age"]), None);
    }
}
