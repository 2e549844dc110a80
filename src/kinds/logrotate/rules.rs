//! A file of /etc/logrotate.d, as logrotate(8) wants it.

use std::collections::BTreeSet;

use crate::kinds::shared::system_file::{NameRule, check_name};
use crate::model::{Arg, Value};
use crate::resource::{Attribute, Fields, Shape};

pub(super) const ATTRIBUTES: &[Attribute] = &[
    Attribute::required("paths", Shape::List(&Shape::Text), "The logs: absolute paths, with `*` and `?` if wanted."),
    Attribute::optional(
        "frequency",
        Shape::OneOf(&["hourly", "daily", "weekly", "monthly", "yearly"]),
        "How often they are rotated; logrotate.conf decides where it and `size` are left out.",
    ),
    Attribute::optional("size", Shape::Size, "Rotates a log that has grown beyond it, however young."),
    Attribute::optional("minsize", Shape::Size, "Rotates a log by `frequency` only if it has this size."),
    Attribute::optional("maxsize", Shape::Size, "Rotates a log of this size before `frequency` says so."),
    Attribute::optional(
        "rotate",
        Shape::Integer { min: 0, max: 100_000 },
        "How many rotated logs stay; logrotate.conf decides where it is left out.",
    ),
    Attribute::optional(
        "maxage",
        Shape::Integer { min: 1, max: 100_000 },
        "Removes rotated logs that are older, in days.",
    ),
    Attribute::default("compress", Shape::Bool, "false", "Whether rotated logs are compressed."),
    Attribute::default("delaycompress", Shape::Bool, "false", "Whether the newest rotated log is not compressed yet."),
    Attribute::default("dateext", Shape::Bool, "false", "Whether rotated logs are named by date instead of by number."),
    Attribute::default("missingok", Shape::Bool, "true", "Whether a log that is missing is fine."),
    Attribute::default("notifempty", Shape::Bool, "true", "Whether an empty log is left alone."),
    Attribute::default(
        "copytruncate",
        Shape::Bool,
        "false",
        "Whether a log is copied and emptied, for programs that keep it open.",
    ),
    Attribute::optional(
        "create",
        Shape::Object(&[
            Attribute::required("mode", Shape::Mode, "Its permissions."),
            Attribute::required("owner", Shape::Account, "The user that owns it."),
            Attribute::required("group", Shape::Account, "The group that owns it."),
        ]),
        "The new, empty log that is made in the place of a rotated one.",
    ),
    Attribute::optional(
        "su",
        Shape::Object(&[
            Attribute::required("user", Shape::Account, "The user."),
            Attribute::required("group", Shape::Account, "The group."),
        ]),
        "As whom logs are rotated; logrotate insists on it where others than root may write to the logs' folder.",
    ),
    Attribute::optional("olddir", Shape::Path, "The folder that rotated logs are moved to."),
    Attribute::default(
        "sharedscripts",
        Shape::Bool,
        "false",
        "Whether the scripts run once for all logs, not once for each.",
    ),
    Attribute::optional("prerotate", Shape::Text, "Shell that runs before a log is rotated."),
    Attribute::optional("postrotate", Shape::Text, "Shell that runs after a log was rotated: `systemctl reload app`."),
];

/// Names that logrotate passes over, by their ends (its default `tabooext`).
const TABOO: &[&str] = &[
    ".bak",
    ".cfsaved",
    ".disabled",
    ".dpkg-bak",
    ".dpkg-del",
    ".dpkg-dist",
    ".dpkg-new",
    ".dpkg-old",
    ".dpkg-tmp",
    ".old",
    ".rpmnew",
    ".rpmorig",
    ".rpmsave",
    ".swp",
    ".ucf-dist",
    ".ucf-new",
    ".ucf-old",
];

const NAMES: NameRule = NameRule {
    what: "a file of logrotate",
    passed_over: |name| {
        let end = TABOO.iter().find(|end| name.ends_with(**end))?;
        Some(format!("logrotate passes over files that end in `{end}`"))
    },
};

/// What the claims need to know.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    pub users: Vec<String>,
    pub groups: Vec<String>,
    pub olddir: Option<String>,
    /// Where the logs lie, where it is root that rotates them; a folder with `*` in it is left out.
    pub closed: BTreeSet<String>,
}

/// Reads all attributes into the text of the file.
pub(super) fn decode(fields: &mut Fields<'_>) -> (String, Needs) {
    check_name(fields, &NAMES);
    let mut needs = Needs { olddir: fields.text("olddir"), ..Needs::default() };
    let mut text = format!("# Written by infra: {}\n", fields.name());
    for path in fields.texts("paths") {
        match quoted(&path) {
            Ok(quoted) => {
                text.push_str(&format!("{quoted}\n"));
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                if !fields.has("su") && folder.starts_with('/') && !folder.contains(['*', '?', '[', '\n']) {
                    needs.closed.insert(folder.to_string());
                }
            }
            Err(wrong) => fields.error("paths", wrong, "write it like /var/log/app/*.log"),
        }
    }
    if fields.has("paths") && fields.texts("paths").is_empty() && !fields.is_unknown("paths") {
        fields.error("paths", "it is about no log", "name at least one");
    }
    refuse_together(fields, "size", &["frequency", "minsize", "maxsize"], "`size` rotates by size alone");
    refuse_together(fields, "copytruncate", &["create"], "a log that is copied stays, so none is created");
    // A new line after the paths would begin a file name.
    if text.ends_with('\n') {
        text.pop();
    }
    text.push_str(" {\n");
    let mut line = |words: &str| text.push_str(&format!("    {words}\n"));
    if let Some(frequency) = fields.text("frequency") {
        line(&frequency);
    }
    for name in ["size", "minsize", "maxsize"] {
        if let Some(bytes) = fields.size(name) {
            line(&format!("{name} {}", size(bytes)));
        }
    }
    for name in ["rotate", "maxage"] {
        if let Some(number) = fields.integer(name) {
            line(&format!("{name} {number}"));
        }
    }
    // Both ways, for logrotate.conf may say the reverse.
    for (name, no) in
        [("missingok", "nomissingok"), ("notifempty", "ifempty"), ("compress", "nocompress"), ("dateext", "nodateext")]
    {
        line(if fields.bool(name).unwrap_or_default() { name } else { no });
    }
    for name in ["delaycompress", "copytruncate", "sharedscripts"] {
        if fields.bool(name).unwrap_or_default() {
            line(name);
        }
    }
    if fields.has("create") {
        let [mode, owner, group] = texts(fields, "create", ["mode", "owner", "group"]);
        line(&format!("create {mode:0>4} {owner} {group}"));
        needs.users.push(owner);
        needs.groups.push(group);
    }
    if fields.has("su") {
        let [user, group] = texts(fields, "su", ["user", "group"]);
        line(&format!("su {user} {group}"));
        needs.users.push(user);
        needs.groups.push(group);
    }
    if let Some(folder) = &needs.olddir {
        line(&format!("olddir {folder}"));
    }
    for name in ["prerotate", "postrotate"] {
        let Some(script) = fields.text(name) else { continue };
        if script.lines().any(|line| line.trim() == "endscript") {
            fields.error(name, "a line of it is `endscript`, which ends the script", "take it away");
        }
        line(name);
        for part in script.trim_end().lines() {
            line(format!("    {part}").trim_end());
        }
        line("endscript");
    }
    text.push_str("}\n");
    (text, needs)
}

/// Returns the texts of a mapping.
fn texts<const N: usize>(fields: &mut Fields<'_>, attribute: &str, keys: [&str; N]) -> [String; N] {
    let found = fields.args(attribute);
    if found.iter().any(|(_, value)| matches!(value, Arg::Secret(_))) {
        let help = "secrets are allowed only where the reference says so";
        fields.error(attribute, format!("`{attribute}` may not hold a secret"), help);
    }
    keys.map(|key| {
        found.iter().find(|(name, _)| name == key).map_or_else(String::new, |(_, value)| value.expose().into())
    })
}

fn refuse_together(fields: &mut Fields<'_>, one: &str, others: &[&str], why: &str) {
    let is_set =
        |fields: &Fields<'_>, name: &str| fields.node(name).is_some_and(|node| node.to_value() != Value::Bool(false));
    for other in others {
        if is_set(fields, one) && fields.has(other) {
            let message = format!("`{other}` does not go with `{one}`: {why}");
            fields.error(other, message, format!("keep one of `{one}` and `{other}`"));
        }
    }
}

/// Returns a path as the file holds it.
fn quoted(path: &str) -> Result<String, String> {
    if !path.starts_with('/') {
        return Err(format!("`{path}` is not an absolute path"));
    }
    if path.chars().any(|c| c.is_control() || "\"'\\{}#".contains(c)) {
        return Err(format!("`{path}` holds a character that logrotate cannot take"));
    }
    Ok(if path.contains(' ') { format!("\"{path}\"") } else { path.to_string() })
}

/// Returns a size in the largest unit of logrotate that holds it whole.
fn size(bytes: u64) -> String {
    match bytes {
        0 => "0".into(),
        bytes if bytes % (1 << 30) == 0 => format!("{}G", bytes >> 30),
        bytes if bytes % (1 << 20) == 0 => format!("{}M", bytes >> 20),
        bytes if bytes % (1 << 10) == 0 => format!("{}k", bytes >> 10),
        bytes => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_units_of_logrotate() {
        for (bytes, text) in [(5 << 20, "5M"), (1 << 10, "1k"), (3 << 30, "3G"), (1000, "1000"), (0, "0")] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn paths_are_quoted_where_they_must_be() {
        assert_eq!(quoted("/var/log/a*.log").as_deref(), Ok("/var/log/a*.log"));
        assert_eq!(quoted("/var/log/a b.log").as_deref(), Ok("\"/var/log/a b.log\""));
        for wrong in ["var/log/a.log", "/a\"b", "/a{b,c}", "/a\nb", ""] {
            assert!(quoted(wrong).is_err(), "{wrong}");
        }
    }
}
