//! The variants of a kind with what each does, and the programs that are made of their parts.

use crate::model::{ProbeOutput, Record};

use super::{Choice, Confine, Variant, Variants};

/// The variant that a probe reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    pub variant: &'static Variant,
    /// The host shows none yet; it is the one that most likely comes.
    pub is_assumed: bool,
}

impl Reported {
    /// Returns it where the host shows it.
    pub fn seen(&self) -> Option<&'static Variant> {
        (!self.is_assumed).then_some(self.variant)
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
    pub fn reported(&self, output: &ProbeOutput) -> Result<Reported, String> {
        let report = output.records.iter().rev().find(|record| is_report(record));
        let report = report.ok_or_else(|| output.explain())?;
        let name = report.field(1);
        let reported = |variant| Reported { variant, is_assumed: report.field(0) == ASSUMPTION };
        self.variants.named(name).map(reported).ok_or_else(|| {
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
        format!(
            "{before}{}if [ -z \"$variant\" ]; then\n    emit 0 {STRANGER} \"$stranger\"\n    return 0\nfi\n\
             \"${{variant}}_variant\" || exit\n{after}\nreport={REPORT}\n[ -z \"$assumed\" ] || report={ASSUMPTION}\n\
             emit 0 \"$report\" \"$variant\"\n",
            self.choosing(each),
        )
    }

    /// Makes the program of a step that follows from a variant that was assumed: it is picked again, by what the host shows by
    /// then, or assumed again.
    pub fn host_step(&self, before: &str, each: fn(&T) -> &'static str, after: &str) -> String {
        format!("{before}{}\"${{variant}}_variant\" || exit\n{after}", self.choosing(each))
    }

    /// Makes what sets `$variant`, after a function of each variant's part.
    fn choosing(&self, each: fn(&T) -> &'static str) -> String {
        let (strangers, may_come) = match self.variants.choice {
            Choice::Host { strangers, may_come } => (strangers, may_come),
            Choice::Spec { .. } => (&[][..], false),
        };
        let table: Vec<String> = self.variants.all.iter().map(|variant| line(variant)).collect();
        format!(
            "{}{}variants='{}'\nstrangers='{}'\nmay_come={}\nchoose_variant\n",
            include_str!("choose.sh"),
            self.functions(each),
            table.join("\n"),
            strangers.join("\n"),
            if may_come { "1" } else { "" },
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
/// The same where it is not seen, but assumed.
const ASSUMPTION: &str = "assumed";
/// The same where it is none of the table.
const STRANGER: &str = "unsupported";

/// Returns whether a record is about no row, but names the variant of the host.
pub(crate) fn is_report(record: &Record) -> bool {
    matches!(record.field(0), REPORT | ASSUMPTION | STRANGER)
}

/// Writes what `choose.sh` reads of a variant.
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

    use super::super::Feature;
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
            choice: Choice::Host { strangers: &["odd-tool"], may_come: false },
            all: &[&OLD, &NEW],
            names: &["old", "new"],
        },
        ways: &[&Part("emit 0 by-old"), &Part("emit 0 by-new")],
    };

    /// The same where what tells them apart may come with the run.
    const COMING: Table<Part> = Table {
        variants: Variants { choice: Choice::Host { strangers: &["odd-tool"], may_come: true }, ..TABLE.variants },
        ..TABLE
    };

    /// Runs the probe of a table on a host; returns what it says.
    fn probed(table: &Table<Part>, tools: &[&str], release: &str) -> String {
        said(&table.host_probe("", |part| part.0, ""), tools, release)
    }

    /// Runs a program under every shell on a host that has these programs and this os-release; returns what it says.
    fn said(program: &str, tools: &[&str], release: &str) -> String {
        let host = tempfile::tempdir().unwrap();
        let path = host.path();
        for tool in tools {
            let tool = path.join(tool);
            std::fs::write(&tool, "").unwrap();
            std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        std::fs::write(path.join("os-release"), release).unwrap();
        let program = program.replace("/etc/os-release", path.join("os-release").to_str().unwrap());
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
        let said = |tools: &[&str], release: &str| probed(&TABLE, tools, release);
        assert_eq!(said(&["old-tool"], "ID=modern\n"), "by-old variant old ");
        assert_eq!(said(&both, "ID=modern\n"), "by-new variant new ");
        assert_eq!(said(&both, "NAME=x\nID_LIKE=\"odd recent ancient\"\nID=other"), "by-new variant new ");
        assert_eq!(said(&both, "ID='ancient'\nID_LIKE=modern\n"), "by-old variant old ");
        assert_eq!(said(&both, "ID=other\n"), "by-old variant old ");
        assert_eq!(said(&["odd-tool"], "ID=modern\n"), "unsupported odd-tool ");
        assert_eq!(said(&[], ""), "unsupported none ");
    }

    #[test]
    fn one_is_assumed_where_what_shows_it_may_come() {
        let said = |tools: &[&str], release: &str| probed(&COMING, tools, release);
        assert_eq!(said(&[], "ID=modern\n"), "by-new assumed new ");
        assert_eq!(said(&[], "ID=other\nID_LIKE='odd ancient'\n"), "by-old assumed old ");
        assert_eq!(said(&[], "ID=other\n"), "by-old assumed old ");
        // What is there counts more than what is by default for the family.
        assert_eq!(said(&["old-tool"], "ID=modern\n"), "by-old variant old ");
        assert_eq!(said(&["odd-tool"], "ID=modern\n"), "unsupported odd-tool ");
    }

    #[test]
    fn a_step_picks_by_what_has_come() {
        let step = COMING.host_step("echo before\n", |part| part.0, "echo after\n");
        assert_eq!(said(&step, &[], "ID=modern\n"), "before by-new after ");
        assert_eq!(said(&step, &["old-tool"], "ID=modern\n"), "before by-old after ");
    }

    #[test]
    fn what_was_reported_is_found_in_the_table() {
        let output = |fields: &[&str]| ProbeOutput {
            status: ProbeStatus::Done,
            records: vec![Record { index: 0, fields: fields.iter().map(|field| field.to_string()).collect() }],
            messages: vec![],
        };
        let reported = |word| TABLE.reported(&output(&[word, "new"])).unwrap();
        assert_eq!(reported("variant"), Reported { variant: &NEW, is_assumed: false });
        assert_eq!((reported("variant").seen(), reported("assumed").seen()), (Some(&NEW), None));
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
