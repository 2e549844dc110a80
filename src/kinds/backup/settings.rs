//! The settings of a backup: attributes in a spec, lines at the head of its program on the host.

use crate::model::Value;
use crate::resource::{Fields, Variant};

use super::source::Source;

/// What a backup is of, where it goes, when it is made, and how long it stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    pub name: String,
    pub engine: Option<String>,
    pub database: Option<String>,
    pub paths: Vec<String>,
    pub exclude: Vec<String>,
    pub dir: String,
    pub schedule: String,
    pub keep: i64,
    pub keep_days: Option<i64>,
    pub compress: String,
    pub credentials: Option<String>,
}

/// The attributes, in the order a reader wants.
pub(super) const NAMES: [&str; 10] =
    ["engine", "database", "paths", "exclude", "dir", "schedule", "keep", "keep_days", "compress", "credentials"];

impl Settings {
    /// Reads the attributes of a spec, which is for this engine where there is one.
    pub fn decode(fields: &mut Fields<'_>, variant: Option<&Variant>, source: &dyn Source) -> Self {
        let name = fields.name().to_string();
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(is_allowed) || name.len() > 100 {
            let help =
                "begin with a letter or digit, go on with letters, digits, `_`, `-` and `.`, 100 characters at most";
            fields.error("name", format!("`{name}` cannot be the name of a backup: it is in names of files"), help);
        }
        let engine = fields.text("engine");
        let paths = fields.texts("paths");
        if !fields.is_absent() {
            match (&engine, fields.has("paths")) {
                (None, false) => {
                    fields.error("engine", "a backup has one of `engine` and `paths`", "add the one it is of");
                }
                (Some(_), true) => {
                    fields.error("paths", "a backup has one of `engine` and `paths`", "make it two backups");
                }
                _ => {}
            }
        }
        if fields.has("paths") && paths.is_empty() {
            fields.error("paths", "`paths` names none", "name at least one file or folder");
        }
        for (only, holds) in [("database", engine.is_some()), ("exclude", engine.is_none())] {
            if fields.has(only) && !holds {
                let other = if only == "database" { "an `engine`" } else { "`paths`" };
                fields.error(only, format!("`{only}` goes with {other}"), "take it away");
            }
        }
        if fields.has("credentials") && !variant.is_some_and(|variant| variant.knows("credentials")) {
            fields.error("credentials", "nothing asks for credentials here", "take it away");
        }
        let database = variant.and_then(|variant| database(fields, variant, source));
        let settings = Self {
            name,
            engine,
            database,
            paths,
            exclude: fields.texts("exclude"),
            dir: fields.text("dir").unwrap_or_default(),
            schedule: fields.text("schedule").unwrap_or_default(),
            keep: fields.integer("keep").unwrap_or(7),
            keep_days: fields.integer("keep_days"),
            compress: fields.text("compress").unwrap_or_default(),
            credentials: fields.text("credentials"),
        };
        if settings.schedule.trim().is_empty() && !fields.is_absent() {
            fields.error("schedule", "the schedule is empty", "write it like `daily` or `*-*-* 02:30:00`");
        }
        let dir = format!("{}/", settings.dir);
        if settings.paths.iter().any(|path| dir.starts_with(&format!("{}/", path.trim_end_matches('/')))) {
            fields.error("dir", "the backups would be part of what is backed up", "use a folder outside of `paths`");
        }
        for (attribute, text) in
            [("schedule", &settings.schedule)].into_iter().chain(settings.exclude.iter().map(|text| ("exclude", text)))
        {
            if text.chars().any(char::is_control) {
                fields.error(attribute, format!("{text:?} holds a control character"), "write it in one line");
            }
        }
        settings
    }

    /// Returns the lines at the head of the program.
    pub fn lines(&self) -> String {
        let mut lines = format!("#: name {}\n", self.name);
        for (name, value) in self.attributes() {
            let name = match name {
                "paths" => "path",
                name => name,
            };
            match value {
                Value::List(items) => items.iter().for_each(|item| lines.push_str(&line(name, item))),
                value => lines.push_str(&line(name, &value)),
            }
        }
        lines
    }

    /// Reads the lines at the head of a program; what is not one of them is passed over.
    pub fn read(program: &str) -> Self {
        let mut settings = Self::default();
        for line in program.lines().take_while(|line| line.starts_with('#')) {
            let Some((name, value)) = line.strip_prefix("#: ").and_then(|line| line.split_once(' ')) else { continue };
            let value = value.to_string();
            match name {
                "name" => settings.name = value,
                "engine" => settings.engine = Some(value),
                "database" => settings.database = Some(value),
                "path" => settings.paths.push(value),
                "exclude" => settings.exclude.push(value),
                "dir" => settings.dir = value,
                "schedule" => settings.schedule = value,
                "keep" => settings.keep = value.parse().unwrap_or_default(),
                "keep_days" => settings.keep_days = value.parse().ok(),
                "compress" => settings.compress = value,
                "credentials" => settings.credentials = Some(value),
                _ => {}
            }
        }
        settings
    }

    pub fn is_empty(&self) -> bool {
        self.dir.is_empty()
    }

    /// Returns the attributes that are set, in the order of [`NAMES`].
    pub fn attributes(&self) -> Vec<(&'static str, Value)> {
        let list = |items: &Vec<String>| if items.is_empty() { Value::Null } else { items.clone().into() };
        let values: [Value; 10] = [
            self.engine.clone().into(),
            self.database.clone().into(),
            list(&self.paths),
            list(&self.exclude),
            self.dir.as_str().into(),
            self.schedule.as_str().into(),
            self.keep.into(),
            self.keep_days.into(),
            self.compress.as_str().into(),
            self.credentials.clone().into(),
        ];
        NAMES.into_iter().zip(values).filter(|(_, value)| *value != Value::Null).collect()
    }
}

fn line(name: &str, value: &Value) -> String {
    match value {
        Value::Text(text) => format!("#: {name} {text}\n"),
        Value::Integer(number) => format!("#: {name} {number}\n"),
        _ => String::new(),
    }
}

/// Reads the database; none where a backup holds all there are.
fn database(fields: &mut Fields<'_>, variant: &Variant, source: &dyn Source) -> Option<String> {
    let is_given = fields.has("database");
    if !variant.knows("database") {
        if is_given {
            let message = format!("a backup of {} holds all its databases", variant.title);
            fields.error("database", message, "take it away");
        }
        return None;
    }
    let database = fields.text("database").unwrap_or_else(|| fields.name().to_string());
    if !fields.is_absent()
        && !fields.is_unknown("database")
        && let Some([wrong, help]) = source.refuse_database(&database)
    {
        fields.error(if is_given { "database" } else { "name" }, wrong, help);
    }
    Some(database)
}
