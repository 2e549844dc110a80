//! What reads a new file before it is live: the command that a spec gives with `validate`, or what its path tells.
//!
//! A kind's program is made of what unpacks the new files, a [`Judge`], and what puts them in place; [`Programs`] has one for
//! each judge. A judge knows the rows of [`Written`](super::owned_file::Written) and calls `refuse INDEX MESSAGE`.

mod text;

use crate::kinds::shared::nginx_text;
use crate::kinds::shared::owned_file::{self, NewFile, Written};
use crate::kinds::shared::unit_name::FileName;
use crate::kinds::shared::unit_text;
use crate::model::{Content, Row, Step, Value};
use crate::resource::{Attribute, Claims, Fields, Phase, Shape, Space};
use crate::{row, rows};

use text::name_in;

/// The attribute that every kind has which writes files of any path.
pub(crate) const VALIDATE: Attribute = Attribute::optional(
    "validate",
    Shape::Either(&[Shape::Text, Shape::List(&Shape::Text), Shape::Bool]),
    "A command that reads the new content before it is live, with `%s` for the path of that: `visudo -cf %s`. Words are split as a \
     shell does, but no shell runs it. `false` turns off what the path would tell by itself.",
);

/// The attribute of what copies many files.
pub(crate) const VALIDATE_EACH: Attribute = Attribute::optional(
    "validate",
    Shape::Either(&[Shape::Text, Shape::List(&Shape::Text)]),
    "A command that reads each new file before any of them is live, with `%s` for the path of that: `php -l %s`. Words are split \
     as a shell does, but no shell runs it.",
);

/// What judges the new files of one program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judge {
    /// Nothing.
    None,
    /// A command for each file.
    Command,
    Sudoers,
    Sshd,
    Nginx,
    Unit,
    Logrotate,
}

/// How a file is validated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Validation {
    /// By what its path tells.
    #[default]
    ByPath,
    /// Not at all.
    Off,
    /// By this command: its words, one of them with `%s`.
    Command(Vec<String>),
}

/// What knows the files below a path.
struct BuiltIn {
    fits: fn(&str) -> bool,
    judge: Judge,
    /// The command, where that is the judge.
    command: &'static [&'static str],
}

/// Which path is judged by what; the first that fits counts.
const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { fits: |path| path == "/etc/sudoers", judge: Judge::Command, command: &["visudo", "-cf", "%s"] },
    BuiltIn { fits: is_of_sudo, judge: Judge::Sudoers, command: &[] },
    BuiltIn { fits: is_of_sshd, judge: Judge::Sshd, command: &[] },
    BuiltIn { fits: is_of_nginx, judge: Judge::Nginx, command: &[] },
    BuiltIn { fits: is_of_systemd, judge: Judge::Unit, command: &[] },
    BuiltIn { fits: is_of_logrotate, judge: Judge::Logrotate, command: &[] },
    BuiltIn {
        fits: |path| path == "/etc/logrotate.conf",
        judge: Judge::Command,
        command: &["sh", "-c", LOGROTATE_CONF, "logrotate", "%s"],
    },
    BuiltIn {
        fits: is_of_apt,
        judge: Judge::Command,
        command: &["apt-get", "indextargets", "-o", "Dir::Etc::SourceList=%s", "-o", "Dir::Etc::SourceParts=/dev/null"],
    },
];

/// Reads the main file of logrotate; what others have wrong that it includes does not count.
const LOGROTATE_CONF: &str = include_str!("logrotate_conf.sh");

/// Judges of folders of the system, which kinds that write there by themselves share; `functions.sh` of
/// [`system_file`](super::system_file) goes before.
pub(crate) const SUDOERS: &str = concat!(include_str!("said.sh"), include_str!("sudoers.sh"));
pub(crate) const UNIT: &str = include_str!("unit.sh");
pub(crate) const LOGROTATE: &str = include_str!("logrotate.sh");
/// Judges that only files of any path need.
pub(crate) const SSHD: &str = concat!(include_str!("said.sh"), include_str!("sshd.sh"));
pub(crate) const NGINX: &str = concat!(include_str!("said.sh"), include_str!("nginx.sh"));
/// What stands around a judge in a program that makes files one by one; it calls `accepts INDEX NEW PATH COMMAND BASE`.
pub(crate) const ONE: [&str; 2] = ["judge_new() {\n", concat!("}\n", include_str!("one.sh"))];
/// Stands for them where nothing is judged.
pub(crate) const ACCEPTS_ALL: &str = "accepts() { :; }\n";
/// Defines `validate COMMAND NEW PATH`, which judges one file.
pub(crate) const COMMAND: &str = concat!(include_str!("said.sh"), include_str!("command.sh"));
/// Judges each file by its command.
pub(crate) const COMMANDS: &str =
    concat!(include_str!("said.sh"), include_str!("command.sh"), "each_staged validate_one\n");

rows! {
    include_str!("command.sh") =>
    /// The command of a file.
    struct Judged after Written { validate }
}

/// The programs of a kind, one for each judge.
pub(crate) struct Programs {
    pub none: &'static str,
    pub command: &'static str,
    pub sudoers: &'static str,
    pub sshd: &'static str,
    pub nginx: &'static str,
    pub unit: &'static str,
    pub logrotate: &'static str,
}

/// Makes a kind's [`Programs`] of what it does before and after a judge.
macro_rules! programs {
    ($before:expr, $after:expr $(,)?) => {
        $crate::kinds::shared::validation::Programs {
            none: $crate::kinds::shared::program::program![$before, $after],
            command: $crate::kinds::shared::validation::programs!(@of $before, COMMANDS, $after),
            sudoers: $crate::kinds::shared::validation::programs!(@of $before, SUDOERS, $after),
            sshd: $crate::kinds::shared::validation::programs!(@of $before, SSHD, $after),
            nginx: $crate::kinds::shared::validation::programs!(@of $before, NGINX, $after),
            unit: $crate::kinds::shared::validation::programs!(@of $before, UNIT, $after),
            logrotate: $crate::kinds::shared::validation::programs!(@of $before, LOGROTATE, $after),
        }
    };
    (@of $before:expr, $judge:ident, $after:expr) => {
        $crate::kinds::shared::program::program![
            $crate::kinds::shared::system_file::FUNCTIONS,
            $before,
            $crate::kinds::shared::validation::$judge,
            $after
        ]
    };
}

pub(crate) use programs;

impl Programs {
    pub fn of(&self, judge: Judge) -> &'static str {
        match judge {
            Judge::None => self.none,
            Judge::Command => self.command,
            Judge::Sudoers => self.sudoers,
            Judge::Sshd => self.sshd,
            Judge::Nginx => self.nginx,
            Judge::Unit => self.unit,
            Judge::Logrotate => self.logrotate,
        }
    }
}

impl Judge {
    /// Returns whether it reads new files together with the others of their folder, so that these may be what it refuses.
    pub fn sees_others(self) -> bool {
        !matches!(self, Self::None | Self::Command)
    }

    /// Returns where new files are unpacked, where it is not beside their places.
    pub fn base(self) -> Option<&'static str> {
        match self {
            Self::Unit => Some("/etc/systemd/system"),
            Self::Logrotate => Some("/etc"),
            _ => None,
        }
    }
}

impl Validation {
    /// Reads the attribute, and judges a content of the path as far as its text alone tells.
    pub fn decode(fields: &mut Fields<'_>, path: &str, given: Option<(&str, &Content)>) -> Self {
        let validation = read(fields);
        if let (Self::ByPath, Some((attribute, text))) =
            (&validation, given.and_then(|(at, all)| Some((at, all.text()?))))
            && let Some(wrong) = text::wrong(path, text)
        {
            fields.error(attribute, wrong, "mend it, or say `validate: false` where it is as it should be");
        }
        validation
    }

    /// Says what the text of a file alone tells to be wrong; nothing where it was before.
    pub fn wrong(&self, path: &str, before: &str, text: &str) -> Option<String> {
        let is_asked = *self == Self::ByPath && text::wrong(path, before).is_none();
        is_asked.then(|| text::wrong(path, text)).flatten()
    }

    /// Returns what judges a file of this path.
    pub fn judge(&self, path: &str) -> Judge {
        match self {
            Self::Off => Judge::None,
            Self::Command(_) => Judge::Command,
            Self::ByPath => built_in(path).map_or(Judge::None, |built_in| built_in.judge),
        }
    }

    /// Adds what a file of this path is a part of, what all of its content says it needs, and what must be there before that can
    /// be judged.
    pub fn claims_of_all(&self, claims: Claims, path: &str, content: Option<&Content>) -> Claims {
        let claims = self.claims(claims, path, content);
        let unit = unit_at(path).zip(content);
        unit.into_iter().fold(claims, |claims, (name, content)| unit_text::claims(claims, &name, content))
    }

    /// Adds what a file of this path is a part of, and what must be there before a text in it can be judged.
    pub fn claims(&self, claims: Claims, path: &str, content: Option<&Content>) -> Claims {
        // Packages come from what apt reads, whatever writes it.
        let claims = if text::decides_about_packages(path) {
            claims.phase(Phase::PackageSource).provides(Space::PACKAGE_SOURCE, path)
        } else {
            claims
        };
        // systemd reads it whatever writes it; a service makes systemd read it again.
        let unit = unit_at(path);
        let claims = unit.into_iter().fold(claims, |claims, unit| claims.shares(Space::UNIT, unit.unit()));
        // What a secret was rendered into may not decide the order of things.
        let text = content.filter(|content| !content.is_sensitive()).and_then(Content::text);
        match (self.judge(path), text) {
            (Judge::Nginx, Some(text)) => nginx_text::file_claims(claims, text, path),
            (Judge::Logrotate, Some(text)) => {
                let (users, groups) = text::accounts_of_logrotate(text);
                let claims = users.iter().fold(claims, |claims, user| claims.run_as(Some(user)));
                groups.iter().fold(claims, |claims, group| claims.in_group(Some(group)))
            }
            (_, Some(text)) if is_of_apt(path) => {
                let named = text::paths_of_apt(text);
                named.into_iter().fold(claims, |claims, path| claims.requires(Space::PATH, path))
            }
            _ => claims,
        }
    }

    /// Returns the field of a row that says which command judges it; empty where none does.
    pub fn command(&self, path: &str) -> String {
        let ended = |need: &str, words: &mut dyn Iterator<Item = &str>| {
            let words: String = words.map(|word| format!("{word}\u{1f}")).collect();
            format!("{need}\u{1f}{words}")
        };
        match self {
            Self::Command(words) => ended("must", &mut words.iter().map(String::as_str)),
            Self::ByPath => match built_in(path) {
                Some(known) if known.judge == Judge::Command => ended("may", &mut known.command.iter().copied()),
                _ => String::new(),
            },
            Self::Off => String::new(),
        }
    }

    /// Returns the field as all of what follows in a row.
    pub fn row(&self, path: &str) -> Row {
        row![Judged { validate: self.command(path) }]
    }
}

/// Returns which unit a file of this path is, or is about.
fn unit_at(path: &str) -> Option<FileName<'_>> {
    path.strip_prefix("/etc/systemd/system/").and_then(|name| FileName::parse(name).ok())
}

/// Makes the steps that write files, one for each judge that they need, in the order of their first files.
pub(crate) fn steps(
    programs: &Programs,
    files: Vec<(Judge, NewFile<'_>)>,
    purpose: impl Fn(&[NewFile<'_>]) -> String,
) -> Vec<Step> {
    let mut groups: Vec<(Judge, Vec<NewFile<'_>>)> = Vec::new();
    for (judge, file) in files {
        // What is not written anew is not judged.
        let judge = if file.content.is_some() || file.goes() { judge } else { Judge::None };
        match groups.iter_mut().find(|(other, _)| *other == judge) {
            Some((_, group)) => group.push(file),
            None => groups.push((judge, vec![file])),
        }
    }
    let step = |(judge, group): (Judge, Vec<NewFile<'_>>)| {
        let purpose = purpose(&group);
        owned_file::step_of(programs.of(judge), judge.base(), group, purpose)
    };
    groups.into_iter().map(step).collect()
}

fn built_in(path: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|built_in| (built_in.fits)(path))
}

/// Reads the attribute.
fn read(fields: &mut Fields<'_>) -> Validation {
    let words = match fields.value("validate") {
        None | Some(Value::Bool(true) | Value::Unknown(_)) => return Validation::ByPath,
        Some(Value::Bool(false)) => return Validation::Off,
        Some(Value::List(_)) => Ok(fields.texts("validate")),
        Some(_) => split(&fields.text("validate").unwrap_or_default()),
    };
    let words = match words {
        Ok(words) => words,
        Err(wrong) => {
            fields.error("validate", wrong, "close the quote, or write the words as a list");
            return Validation::Off;
        }
    };
    const SHELL: &[&str] = &["|", "||", "&", "&&", ";", ">", ">>", "<", "2>&1", ">/dev/null", "2>/dev/null"];
    if words.iter().any(|word| word.chars().any(char::is_control) && !word.contains('\n')) {
        fields.error("validate", "the command holds a control character", "take it out");
    } else if !words.iter().any(|word| word.contains("%s")) {
        let help =
            "write `%s` where the path of the new file goes, as in `visudo -cf %s`; `false` turns validation off";
        fields.error("validate", "the command does not say which file it reads", help);
    } else if let Some(word) = words.iter().find(|word| SHELL.contains(&word.as_str())) {
        let help = "for what only a shell does, write `[sh, -c, 'COMMANDS with \"$1\"', sh, \"%s\"]`";
        fields.error("validate", format!("no shell runs the command, so `{word}` would be one of its arguments"), help);
    }
    Validation::Command(words)
}

/// Splits a text into words as a shell does: at blanks, outside of quotes, and a backslash takes the meaning of what follows.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next() {
                        None => return Err(format!("the quote {c} is not closed")),
                        Some(end) if end == c => break,
                        Some('\\') if c == '"' => match characters.next() {
                            Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                            Some(other) => word.extend(['\\', other]),
                            None => return Err(format!("the quote {c} is not closed")),
                        },
                        Some(inner) => word.push(inner),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(characters.next()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

fn is_of_sudo(path: &str) -> bool {
    name_in(path, "/etc/sudoers.d").is_some_and(|name| !name.contains('.') && !name.ends_with('~'))
}

fn is_of_sshd(path: &str) -> bool {
    path == "/etc/ssh/sshd_config"
        || name_in(path, "/etc/ssh/sshd_config.d").is_some_and(|name| name.ends_with(".conf"))
}

/// Only what is nothing but configuration: a certificate and its key may come one after the other.
fn is_of_nginx(path: &str) -> bool {
    let is_site = ["sites-available", "sites-enabled"]
        .iter()
        .any(|folder| name_in(path, &format!("/etc/nginx/{folder}")).is_some());
    is_site || (path.starts_with("/etc/nginx/") && path.ends_with(".conf") && !path.contains("/."))
}

fn is_of_systemd(path: &str) -> bool {
    path.strip_prefix("/etc/systemd/system/").is_some_and(|name| FileName::parse(name).is_ok())
}

/// logrotate passes over some endings.
fn is_of_logrotate(path: &str) -> bool {
    const PASSED_OVER: &[&str] = &["~", ".bak", ".disabled", ".old", ".orig", ".swp", ",v"];
    name_in(path, "/etc/logrotate.d").is_some_and(|name| {
        !PASSED_OVER.iter().any(|ending| name.ends_with(ending)) && !name.contains(".dpkg-") && !name.contains(".rpm")
    })
}

fn is_of_apt(path: &str) -> bool {
    path == "/etc/apt/sources.list"
        || name_in(path, "/etc/apt/sources.list.d")
            .is_some_and(|name| name.ends_with(".list") || name.ends_with(".sources"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(path: &str) -> Judge {
        Validation::ByPath.judge(path)
    }

    #[test]
    fn a_path_tells_what_reads_it() {
        for (path, wanted) in [
            ("/etc/sudoers", Judge::Command),
            ("/etc/sudoers.d/app", Judge::Sudoers),
            ("/etc/sudoers.d/app.bak", Judge::None),
            ("/etc/ssh/sshd_config", Judge::Sshd),
            ("/etc/ssh/sshd_config.d/10-app.conf", Judge::Sshd),
            ("/etc/ssh/sshd_config.d/10-app", Judge::None),
            ("/etc/ssh/ssh_config", Judge::None),
            ("/etc/nginx/nginx.conf", Judge::Nginx),
            ("/etc/nginx/snippets/deep/tls.conf", Judge::Nginx),
            ("/etc/nginx/sites-available/app", Judge::Nginx),
            ("/etc/nginx/tls/app.key", Judge::None),
            ("/etc/systemd/system/app.service", Judge::Unit),
            ("/etc/systemd/system/app.service.d/limits.conf", Judge::Unit),
            ("/etc/systemd/system/app.env", Judge::None),
            ("/etc/logrotate.d/app", Judge::Logrotate),
            ("/etc/logrotate.d/app.dpkg-old", Judge::None),
            ("/etc/apt/sources.list", Judge::Command),
            ("/etc/apt/sources.list.d/a.sources", Judge::Command),
            ("/etc/apt/sources.list.d/a.list.save", Judge::None),
            ("/srv/etc/sudoers.d/app", Judge::None),
        ] {
            assert_eq!(judge(path), wanted, "{path}");
            assert_eq!(Validation::Off.judge(path), Judge::None);
        }
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        let words = |text: &str| split(text).map(|words| words.join("|"));
        for (text, wanted) in [
            ("visudo -cf %s", "visudo|-cf|%s"),
            ("  a\t'b c' \"d \\\"e\\\" \\n\" f\\ g ", "a|b c|d \"e\" \\n|f g"),
            ("a ''", "a|"),
            ("a'b'\"c\"", "abc"),
        ] {
            assert_eq!(words(text).as_deref(), Ok(wanted));
        }
        assert!(split("a 'b").is_err() && split("a \"b\\").is_err());
    }

    #[test]
    fn a_command_of_the_spec_must_be_there_and_one_that_the_path_tells_may() {
        let given = Validation::Command(vec!["check".into(), "%s".into()]);
        assert_eq!(given.command("/etc/sudoers"), "must\u{1f}check\u{1f}%s\u{1f}");
        assert_eq!(Validation::ByPath.command("/etc/sudoers"), "may\u{1f}visudo\u{1f}-cf\u{1f}%s\u{1f}");
        assert_eq!(Validation::ByPath.command("/etc/sudoers.d/app"), "");
        assert_eq!(Validation::Off.command("/etc/sudoers"), "");
    }
}
